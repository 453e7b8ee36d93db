//! `gate verify-baseline`: what `gate promote` wrote passes, and what was done to it since does not.

use serde_json::{Value, json};

use crate::promote::without_memory;
use crate::scratch::{self, BASELINE, Engine, POLICY, Ran, Scratch, run};

/// A repository whose first commit has a promoted baseline.
pub(crate) fn promoted() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("gate.toml", POLICY);
    git(&scratch, &["init", "--quiet", "--initial-branch=main"]);
    git(&scratch, &["add", "gate.toml"]);
    git(&scratch, &["commit", "--quiet", "--message", "a policy"]);
    promote(&scratch, 50_000.0, &[]);
    commit(&scratch);
    scratch
}

/// When runs are measured: an hour after git commits, and long before anybody runs this.
const MEASURED: &str = "2020-01-01T09:00:00Z";

pub(crate) fn promote(scratch: &Scratch, latency_ns: f64, more: &[&str]) {
    promote_run(scratch, run(at(latency_ns)), more);
}

fn at(latency_ns: f64) -> Engine {
    Engine {
        latency_ns,
        ..BASELINE
    }
}

fn promote_run(scratch: &Scratch, mut document: Value, more: &[&str]) {
    document["source"]["commit"] = json!(head(scratch));
    document["created"] = json!(MEASURED);
    for session in document["sessions"].as_array_mut().expect("sessions") {
        session["start"] = json!(MEASURED);
    }
    scratch.json("out.json", &document);
    let arguments = [
        "promote",
        "out.json",
        "--baseline",
        "main.json",
        "--by",
        "tester",
    ];
    let ran = scratch.gate(&[&arguments, more].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

/// What git prints there.
pub(crate) fn git(scratch: &Scratch, arguments: &[&str]) -> String {
    scratch::git(&scratch.path(""), arguments)
}

fn head(scratch: &Scratch) -> String {
    git(scratch, &["rev-parse", "HEAD"])
}

fn commit(scratch: &Scratch) {
    git(scratch, &["add", "main.json", "gate.toml"]);
    git(scratch, &["commit", "--quiet", "--message", "accept"]);
}

pub(crate) fn verify(scratch: &Scratch, more: &[&str]) -> Ran {
    scratch.gate(&[&["verify-baseline", "main.json"], more].concat())
}

/// Rewrites the baseline after `edit`, as somebody with an editor would.
fn edit(scratch: &Scratch, edit: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_str(&scratch.read("main.json")).expect("JSON");
    edit(&mut value);
    scratch.json("edited.json", &value);
    scratch.json("main.json", &value);
}

fn without_reason(baseline: &mut Value) {
    let provenance = baseline["provenance"].as_object_mut();
    provenance.expect("a promoted one").remove("reason");
}

#[test]
fn what_was_promoted_passes() {
    let scratch = promoted();
    let ran = verify(
        &scratch,
        &["--base", "HEAD", "--run", "out.json", "--max-age", "1day"],
    );
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout, "main.json: as promoted, also since HEAD\n");
    // Better, and the same with a reason, need no more words.
    promote(
        &scratch,
        45_000.0,
        &["--replace", "--reason", "a faster index"],
    );
    assert_eq!(verify(&scratch, &["--base", "HEAD"]).code, 0);
    commit(&scratch);
    promote(&scratch, 45_100.0, &[]);
    assert_eq!(verify(&scratch, &["--base", "HEAD"]).code, 0);
}

/// As in a clone that left it out (`--filter=blob:none`) and may not fetch it.
#[test]
fn a_metric_more_or_less_keeps_what_was_accepted_of_the_others() {
    let scratch = promoted();
    let reason = ["--reason", "nobody looks at it", "--accept", "missing"];
    for (document, more) in [
        (without_memory(at(50_001.0)), &reason[..]),
        (run(at(50_002.0)), &[]),
    ] {
        promote_run(&scratch, document, more);
        let ran = verify(&scratch, &["--base", "HEAD"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        commit(&scratch);
    }
}

#[test]
fn what_was_accepted_and_cannot_be_read_is_not_taken_for_nothing() {
    let scratch = promoted();
    promote(&scratch, 50_100.0, &[]);
    assert_eq!(verify(&scratch, &["--base", "HEAD"]).code, 0);
    let blob = git(&scratch, &["rev-parse", "HEAD:main.json"]);
    let (folder, name) = blob.split_at(2);
    let object = scratch.path(&format!(".git/objects/{folder}/{name}"));
    std::fs::remove_file(object).expect("a loose object");
    let ran = verify(&scratch, &["--base", "HEAD"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    let said = "cannot read what was accepted";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn what_was_done_to_it_is_named() {
    let case = |prepare: &dyn Fn(&Scratch), options: &[&str], expected: &str| {
        let scratch = promoted();
        prepare(&scratch);
        let ran = verify(&scratch, options);
        assert_eq!(ran.code, 2, "{expected}: {}", ran.stdout);
        assert!(
            ran.stderr.contains("error[G403]") && ran.stderr.contains(expected),
            "{expected}: {}",
            ran.stderr
        );
    };
    let base = ["--base", "HEAD"];
    case(
        &|s| edit(s, |_| ()),
        &[],
        "not in the form that `gate promote` writes",
    );
    case(
        &|s| edit(s, |v| v["id"] = json!("mine")),
        &base,
        "who promoted it did not",
    );
    case(
        &|s| {
            edit(s, |v| {
                v["provenance"].take();
                v.as_object_mut().expect("a run").remove("provenance");
            });
        },
        &[],
        "nobody promoted it",
    );
    case(
        &|s| {
            edit(s, |v| {
                v["provenance"]["promoted_at"] = json!("2999-01-01T00:00:00Z")
            })
        },
        &[],
        "promoted in the future",
    );
    case(
        &|s| {
            edit(s, |v| {
                v["provenance"]["promoted_at"] = json!("2020-01-01T00:00:00Z")
            })
        },
        &["--max-age", "90days"],
        "days ago, longer than --max-age allows",
    );
    case(
        &|s| {
            edit(s, |v| {
                v["provenance"]["promoted_by"] = json!("somebody");
                v["sessions"][0]["start"] = json!("2026-11-19T08:00:00Z");
            });
        },
        &base,
        "is not the one that was accepted",
    );
    let replaced = |s: &Scratch| {
        let why = ["--reason", "a new machine", "--accept", "worse"];
        promote(s, 60_000.0, &[&["--replace"], &why[..]].concat());
        edit(s, without_reason);
    };
    case(
        &replaced,
        &base,
        "6 of 6 accepted sessions are gone, and nobody says why",
    );
    case(
        &replaced,
        &base,
        "a worse level is accepted, and nobody says why: demo/search latency",
    );
    case(
        &|s| {
            promote(s, 50_100.0, &[]);
            edit(s, |v| {
                v["sessions"].as_array_mut().expect("sessions").remove(0);
            });
        },
        &base,
        "1 of 6 accepted sessions are gone, and nobody says why",
    );
    case(
        &|s| {
            promote(s, 50_100.0, &["--reason", "a better clock"]);
            edit(s, |v| {
                v["environment"]["fingerprint"]["cpu_model"] = json!("Xeon")
            });
        },
        &base,
        "accepted sessions stand beside those of another machine: cpu_model differs",
    );
    case(
        &|s| {
            promote(s, 50_100.0, &[]);
            // What is accepted has a session without the scenario, as if it had never been declared.
            edit(s, |v| {
                v["manifest"]["scenarios"][0]["scenario"] = json!("demo/other");
                v["pooled"] = json!([]);
                let sessions = v["sessions"].as_array_mut().expect("sessions");
                sessions.drain(..6);
                for session in sessions {
                    session["scenarios"][0]["scenario"] = json!("demo/other");
                }
            });
        },
        &base,
        "demo/search is gone, and nothing guards it any more, and nobody says why",
    );
    case(
        &|s| {
            s.json(
                "out.json",
                &run(Engine {
                    latency_ns: 51_000.0,
                    ..BASELINE
                }),
            );
        },
        &["--run", "out.json"],
        "its digest differs",
    );
}

#[test]
fn a_looser_policy_says_why() {
    let scratch = promoted();
    let loose = POLICY.replace("<= 1ms", "<= 2ms");
    scratch.write("gate.toml", &loose);
    let ran = verify(&scratch, &["--base", "HEAD"]);
    assert_eq!(ran.code, 2);
    let expected = "it tolerates more than before: budget of demo/search latency.p99";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    scratch.write("gate.toml", format!("# loosened:\n{loose}"));
    assert_eq!(
        verify(&scratch, &["--base", "HEAD"]).code,
        2,
        "no reason is none"
    );
    scratch.write(
        "gate.toml",
        format!("# loosened: the new engine trades it for recall\n{loose}"),
    );
    assert_eq!(verify(&scratch, &["--base", "HEAD"]).code, 0);
    commit(&scratch);
    // The reason of last time is none for this time.
    let looser = loose.replace("<= 2ms", "<= 3ms");
    scratch.write(
        "gate.toml",
        format!("# loosened: the new engine trades it for recall\n{looser}"),
    );
    assert_eq!(verify(&scratch, &["--base", "HEAD"]).code, 2);
    scratch.write("gate.toml", POLICY);
    assert_eq!(
        verify(&scratch, &["--base", "HEAD"]).code,
        0,
        "stricter needs no word"
    );
}

#[test]
fn what_no_row_of_the_baseline_shows_is_looser_too() {
    let rule = |scenario: &str, limit: &str| {
        format!(
            "\n[[rule]]\nscenario = \"{scenario}\"\nmetric = \"p99\"\nbudget = \"<= {limit}\"\n"
        )
    };
    let measure =
        |ignored: &str| format!("\n[measure]\ncommand = \"true\"\nignore-paths = {ignored}\n");
    let policy = |environment: &str, ignored: &str, limit: &str| {
        let first = format!("ignore-environment = {environment}\n");
        [
            first,
            POLICY.to_owned(),
            rule("later/*", limit),
            measure(ignored),
        ]
        .concat()
    };
    for (name, environment, ignored, limit, said) in [
        (
            "the environment",
            "[\"cpu_model\"]",
            "[\"docs/**\"]",
            "5ms",
            "ignore-environment",
        ),
        (
            "paths",
            "[]",
            "[\"docs/**\", \"**\"]",
            "5ms",
            "ignore-paths",
        ),
        (
            "a scenario to come",
            "[]",
            "[\"docs/**\"]",
            "9ms",
            "budget of later/* p99",
        ),
        ("less", "[]", "[]", "4ms", ""),
    ] {
        let scratch = promoted();
        scratch.write("gate.toml", policy("[]", "[\"docs/**\"]", "5ms"));
        commit(&scratch);
        scratch.write("gate.toml", policy(environment, ignored, limit));
        let ran = verify(&scratch, &["--base", "HEAD"]);
        let said = match said {
            "" => String::new(),
            said => format!("it tolerates more than before: {said}\n"),
        };
        assert!(ran.stderr.contains(&said), "{name}: {}", ran.stderr);
        assert_eq!(ran.code == 0, said.is_empty(), "{name}: {}", ran.stderr);
    }
}

#[test]
fn every_policy_beside_a_baseline_says_why_it_is_looser() {
    let scratch = promoted();
    let policies = ["nightly.toml", "waivers.toml", "Cargo.toml"];
    for (name, text) in policies.into_iter().zip([POLICY, "", "[package]"]) {
        scratch.write(name, text);
    }
    git(&scratch, &[&["add"], &policies[..]].concat());
    git(&scratch, &["commit", "--quiet", "--message", "policies"]);
    let refused = |expected: &str| {
        let ran = verify(&scratch, &["--base", "HEAD"]);
        assert_eq!(ran.code, 2, "{expected}: {}", ran.stdout);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    };
    let passes = |why: &str| {
        let ran = verify(&scratch, &["--base", "HEAD"]);
        assert_eq!(ran.code, 0, "{why}: {}", ran.stderr);
    };
    passes("nothing changed");
    let loose = POLICY.replace("<= 1ms", "<= 2ms");
    scratch.write("nightly.toml", &loose);
    refused("it tolerates more than before: budget of demo/search latency.p99");
    refused("add a line `# loosened: ...` to nightly.toml");
    let said = "# loosened: nights are slow\n";
    scratch.write("gate.toml", format!("{said}{POLICY}"));
    refused("nightly.toml");
    std::fs::remove_file(scratch.path("nightly.toml")).expect("is there");
    passes("the policy of all rows says why another one is gone");
    scratch.write("gate.toml", POLICY);
    refused("it was a policy and is gone");
    scratch.write("nightly.toml", format!("{said}{loose}"));
    scratch.write("weekly.toml", &loose);
    scratch.write("waivers.toml", "[[waiver]]");
    scratch.write("Cargo.toml", "[workspace]");
    passes("said where it stands, new, or no policy");
}

#[test]
fn a_calibration_does_not_get_noisier_without_a_word() {
    let noise = |variance: f64, sessions: usize, machine: &str| {
        let spread = json!({"variance": variance, "freedom": 4.0});
        let session = |at: usize| {
            json!({
                "id": format!("c/{at}"), "pairs": 5, "level": 5e4, "difference": 0.0,
                "trimmed": spread, "plain": spread,
            })
        };
        json!({
            "format": "gate.noise/1",
            "created": "2026-11-20T08:00:00Z",
            "fingerprint": {"cpu_model": machine},
            "rows": [{
                "scenario": "demo/search", "metric": "latency.p50", "unit": "ns", "scale": "relative",
                "sessions": (0..sessions).map(session).collect::<Vec<_>>(),
            }],
        })
    };
    let scratch = promoted();
    scratch.json("noise/a.json", &noise(1e-4, 4, "Zen 5"));
    scratch.json("noise/other.json", &json!({}));
    git(&scratch, &["add", "noise"]);
    git(&scratch, &["commit", "--quiet", "--message", "calibrated"]);
    let said = "it knows rows as noisier than before: demo/search latency.p50";
    for (name, now, expected) in [
        ("the same", Some(noise(1e-4, 4, "Zen 5")), None),
        ("quieter", Some(noise(9e-5, 4, "Zen 5")), None),
        ("more of it", Some(noise(1e-4, 5, "Zen 5")), None),
        ("noisier", Some(noise(1.1e-4, 4, "Zen 5")), Some(said)),
        ("less of it", Some(noise(1e-4, 3, "Zen 5")), Some(said)),
        ("too little", Some(noise(1e-4, 2, "Zen 5")), Some(said)),
        ("another machine", Some(noise(1e-4, 4, "Xeon")), Some(said)),
        ("gone", None, Some("it was a calibration and is gone")),
    ] {
        match now {
            Some(now) => {
                scratch.json("noise/a.json", &now);
            }
            None => std::fs::remove_file(scratch.path("noise/a.json")).expect("is there"),
        }
        // Noisy, and of a machine that nobody knew.
        scratch.json("noise/b.json", &noise(1.0, 4, "Xeon"));
        let ran = verify(&scratch, &["--base", "HEAD"]);
        assert_eq!(ran.code == 0, expected.is_none(), "{name}: {}", ran.stderr);
        if let Some(expected) = expected {
            assert!(ran.stderr.contains(expected), "{name}: {}", ran.stderr);
            scratch.write("gate.toml", format!("# loosened: a new kernel\n{POLICY}"));
            let ran = verify(&scratch, &["--base", "HEAD"]);
            assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
            scratch.write("gate.toml", POLICY);
        }
    }
}

#[test]
fn a_baseline_does_not_vanish_without_a_word() {
    let scratch = promoted();
    scratch.write("nightly.json", scratch.read("main.json"));
    scratch.write("other.json", "{}");
    git(&scratch, &["add", "nightly.json", "other.json"]);
    git(
        &scratch,
        &["commit", "--quiet", "--message", "another tier"],
    );
    std::fs::remove_file(scratch.path("other.json")).expect("is there");
    assert_eq!(verify(&scratch, &["--base", "HEAD"]).code, 0, "no baseline");
    std::fs::remove_file(scratch.path("nightly.json")).expect("is there");
    let ran = verify(&scratch, &["--base", "HEAD"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(
        ran.stderr
            .contains("error[G403]: it was accepted and is gone")
            && ran.stderr.contains("nightly.json"),
        "{}",
        ran.stderr
    );
    scratch.write(
        "gate.toml",
        format!("# loosened: no nights any more\n{POLICY}"),
    );
    let ran = verify(&scratch, &["--base", "HEAD"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn the_first_baseline_replaces_nothing() {
    let scratch = promoted();
    git(&scratch, &["rm", "--quiet", "--cached", "main.json"]);
    git(&scratch, &["commit", "--quiet", "--message", "none"]);
    assert_eq!(verify(&scratch, &["--base", "HEAD"]).code, 0);
    assert_eq!(verify(&scratch, &["--base", "nowhere"]).code, 2);
}
