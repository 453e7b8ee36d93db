//! The artifact of a measuring run: exactly one, of this run, under a cap, with the digest GitHub gives.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::Settings;
use crate::base::Base;
use crate::bundle::{Rejected, Rule, limits};
use crate::client::Client;
use crate::fault::Fault;
use crate::find::Measured;
use crate::transport::{Answer, Lost, Transport};
use crate::wire::{Artifact, Artifacts};

/// Pages of artifacts looked at; GitHub allows 500 artifacts in a job.
const PAGES: usize = 10;

/// Tries of the download.
const TRIES: u32 = 3;

/// What became of the artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Its bytes, a zip file.
    Bytes {
        /// The artifact.
        id: u64,
        /// The attempt that made it.
        attempt: u64,
        /// The zip file.
        bytes: Vec<u8>,
    },
    /// The run made none.
    Absent,
    /// It was deleted, or its time is over.
    Expired,
    /// It is not what it should be.
    Rejected(Rejected),
}

/// Downloads the artifact of `measured`.
///
/// # Errors
/// When GitHub does not give it.
pub async fn fetch(
    client: &Client<'_>,
    settings: &Settings,
    measured: &Measured,
) -> Result<Fetched, Fault> {
    let repository = format!("/repos/{}", settings.repository);
    let path = format!("{repository}/actions/runs/{}/artifacts", measured.run);
    let listed = client
        .list(&path, PAGES, |page: Artifacts| page.artifacts)
        .await?;
    let (attempt, artifact) = match choose(&listed.items, &settings.artifact, measured) {
        Ok(chosen) => chosen,
        Err(instead) => return Ok(instead),
    };
    let path = format!("{repository}/actions/artifacts/{}/zip", artifact.id);
    let answer = match client.read_redirect(&path).await {
        Ok(answer) => answer,
        Err(Fault::Missing { .. }) => return Ok(Fetched::Expired),
        Err(Fault::TooLarge(_)) => return Ok(rejected(Rule::ZipSize)),
        Err(fault) => return Err(fault),
    };
    let answer = match answer.location {
        Some(location) if (300..400).contains(&answer.status) => {
            match download(client, &location).await {
                Err(Fault::TooLarge(_)) => return Ok(rejected(Rule::ZipSize)),
                answer => answer?,
            }
        }
        _ => answer,
    };
    Ok(match accept(answer, artifact) {
        Ok(bytes) => Fetched::Bytes {
            id: artifact.id,
            attempt,
            bytes,
        },
        Err(instead) => instead,
    })
}

fn rejected(rule: Rule) -> Fetched {
    Fetched::Rejected(Rejected { rule, offset: 0 })
}

/// The one artifact of the newest attempt that made one, or what to say instead. When a person starts one
/// job again, the jobs that are not repeated keep what they made in an earlier attempt.
fn choose<'a>(
    artifacts: &'a [Artifact],
    name: &str,
    measured: &Measured,
) -> Result<(u64, &'a Artifact), Fetched> {
    let attempt = |artifact: &Artifact| {
        let attempt = artifact.name.strip_prefix(name)?.strip_prefix('-')?;
        // What a name spells otherwise (`01`, `+1`) is no name of ours.
        let number: u64 = attempt.parse().ok()?;
        (number.to_string() == attempt && (1..=measured.attempt).contains(&number))
            .then_some(number)
    };
    let newest = artifacts.iter().filter_map(attempt).max();
    let newest = newest.ok_or(Fetched::Absent)?;
    let named: Vec<&Artifact> = artifacts
        .iter()
        .filter(|artifact| attempt(artifact) == Some(newest))
        .collect();
    let [artifact] = named[..] else {
        return Err(rejected(Rule::Artifact));
    };
    let run = artifact.workflow_run.as_ref();
    let is_of_run = run.is_none_or(|run| {
        run.id == measured.run
            && run
                .head_sha
                .as_ref()
                .is_none_or(|sha| *sha == measured.head)
    });
    if !is_of_run {
        Err(rejected(Rule::Artifact))
    } else if artifact.expired {
        Err(Fetched::Expired)
    } else if artifact.size_in_bytes > limits::ZIP_BYTES as u64 {
        Err(rejected(Rule::ZipSize))
    } else {
        Ok((newest, artifact))
    }
}

/// Fetches from where GitHub points to, with a connection that has no token to lose.
async fn download(client: &Client<'_>, location: &str) -> Result<Answer, Fault> {
    let (base, path) = Base::split(location).map_err(Fault::Address)?;
    let request = "GET artifact".to_owned();
    let unreachable = |why| Fault::NoAnswer {
        request: request.clone(),
        why,
    };
    let transport = Transport::new(&base, None, &client.deadlines).map_err(unreachable)?;
    let mut why = String::new();
    for tries in 0..TRIES {
        if tries > 0 {
            let most = Duration::from_secs(1 << tries);
            client.back_off(most, &request).await?;
        }
        let deadline = client.deadlines.artifact.min(client.left());
        client.count();
        match transport.download(&path, deadline, limits::ZIP_BYTES).await {
            Ok(answer) if answer.status >= 500 || answer.status == 429 => {
                why = format!("status {}", answer.status);
            }
            Ok(answer) => return Ok(answer),
            Err(Lost::TooLarge) => return Err(Fault::TooLarge(request)),
            Err(Lost::NotSent(said) | Lost::Unknown(said)) => why = said,
        }
    }
    Err(unreachable(why))
}

/// The bytes, if the store really gave the artifact: an error page comes with a status, too.
fn accept(answer: Answer, artifact: &Artifact) -> Result<Vec<u8>, Fetched> {
    match answer.status {
        200 => {}
        _ => return Err(Fetched::Expired),
    }
    if answer.body.len() > limits::ZIP_BYTES {
        return Err(rejected(Rule::ZipSize));
    }
    let digest: String = Sha256::digest(&answer.body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let is_whole = match artifact
        .digest
        .as_deref()
        .and_then(|text| text.strip_prefix("sha256:"))
    {
        Some(expected) => expected.eq_ignore_ascii_case(&digest),
        None => true,
    };
    if is_whole {
        Ok(answer.body)
    } else {
        Err(rejected(Rule::Digest))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::find::{Conclusion, Target};

    fn measured() -> Measured {
        Measured {
            run: 7,
            attempt: 2,
            head: "4f2c9e1".into(),
            conclusion: Conclusion::Success,
            target: Target::Commit(""),
            base: None,
        }
    }

    fn artifact(change: impl FnOnce(&mut Value)) -> Artifact {
        let mut artifact = json!({
            "id": 11, "name": "gate-runs-2", "size_in_bytes": 1000, "expired": false,
            "workflow_run": {"id": 7, "head_sha": "4f2c9e1"},
        });
        change(&mut artifact);
        serde_json::from_value(artifact).expect("sound")
    }

    #[test]
    fn exactly_one_artifact_of_this_run_is_taken() {
        let rejected = |rule| Err(super::rejected(rule));
        for (name, artifacts, expected) in [
            ("one", vec![artifact(|_| ())], Ok(11)),
            ("none", vec![], Err(Fetched::Absent)),
            (
                "only another job was started again",
                vec![artifact(|a| a["name"] = json!("gate-runs-1"))],
                Ok(11),
            ),
            (
                "the newest attempt that measured",
                vec![
                    artifact(|a| (a["name"], a["id"]) = (json!("gate-runs-1"), json!(10))),
                    artifact(|_| ()),
                ],
                Ok(11),
            ),
            (
                "of an attempt to come",
                vec![artifact(|a| a["name"] = json!("gate-runs-3"))],
                Err(Fetched::Absent),
            ),
            (
                "names that only look like ours",
                [
                    "gate-runs-02",
                    "gate-runs-+2",
                    "gate-runs-0",
                    "gate-runs",
                    "gate-runs-2-2",
                ]
                .map(|name| artifact(|a| a["name"] = json!(name)))
                .into(),
                Err(Fetched::Absent),
            ),
            (
                "two of one name",
                vec![artifact(|_| ()), artifact(|_| ())],
                rejected(Rule::Artifact),
            ),
            (
                "of another run",
                vec![artifact(|a| a["workflow_run"]["id"] = json!(8))],
                rejected(Rule::Artifact),
            ),
            (
                "of another commit",
                vec![artifact(|a| a["workflow_run"]["head_sha"] = json!("ffff"))],
                rejected(Rule::Artifact),
            ),
            (
                "run not told",
                vec![artifact(|a| a["workflow_run"] = json!(null))],
                Ok(11),
            ),
            (
                "expired",
                vec![artifact(|a| a["expired"] = json!(true))],
                Err(Fetched::Expired),
            ),
            (
                "too large",
                vec![artifact(|a| a["size_in_bytes"] = json!(3 << 20))],
                rejected(Rule::ZipSize),
            ),
        ] {
            let chosen = choose(&artifacts, "gate-runs", &measured()).map(|(_, chosen)| chosen.id);
            assert_eq!(chosen, expected, "{name}");
        }
    }

    #[test]
    fn bytes_count_only_with_their_status_and_digest() {
        let answer = |status, body: &[u8]| Answer {
            status,
            body: body.to_vec(),
            ..Answer::default()
        };
        let abc = "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
        let digest = |text: &str| artifact(|a| a["digest"] = json!(text));
        for (name, answer, artifact, expected) in [
            (
                "whole",
                answer(200, b"abc"),
                digest(abc),
                Ok(b"abc".to_vec()),
            ),
            (
                "no digest",
                answer(200, b"abc"),
                artifact(|_| ()),
                Ok(b"abc".to_vec()),
            ),
            (
                "wrong digest",
                answer(200, b"abd"),
                digest(abc),
                Err(rejected(Rule::Digest)),
            ),
            (
                "410 that looks like bytes",
                answer(410, b"abc"),
                digest(abc),
                Err(Fetched::Expired),
            ),
            ("404", answer(404, b""), digest(abc), Err(Fetched::Expired)),
        ] {
            assert_eq!(accept(answer, &artifact), expected, "{name}");
        }
    }
}
