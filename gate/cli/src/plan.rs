//! Whether a change is measured, between which commits and on which machine. Decides only: files and git
//! belong to [`crate::commands::plan`].

use fast_glob::glob_match;
use serde::Deserialize;
use serde_json::json;

/// Two commits, and whose code the second one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) base: String,
    pub(crate) candidate: String,
    /// Whether the candidate comes from another repository.
    pub(crate) is_fork: bool,
}

#[derive(Deserialize)]
struct Event {
    pull_request: Option<PullRequest>,
    merge_group: Option<MergeGroup>,
}

#[derive(Deserialize)]
struct PullRequest {
    base: Branch,
    head: Branch,
}

#[derive(Deserialize)]
struct Branch {
    sha: String,
    /// Absent when the fork is deleted.
    repo: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    id: u64,
}

#[derive(Deserialize)]
struct MergeGroup {
    base_sha: String,
    head_sha: String,
}

/// The change that an event file of GitHub is about; `None` when it is about something else.
///
/// # Errors
/// Not JSON, or not the JSON of an event.
pub(crate) fn of_event(bytes: &[u8]) -> Result<Option<Change>, serde_json::Error> {
    let event: Event = serde_json::from_slice(bytes)?;
    let pull_request = event.pull_request.map(|pull| {
        let id = |branch: &Branch| branch.repo.as_ref().map(|repo| repo.id);
        Change {
            // A repository that is gone is not this one.
            is_fork: id(&pull.head).is_none() || id(&pull.head) != id(&pull.base),
            base: pull.base.sha,
            candidate: pull.head.sha,
        }
    });
    let merge_group = event.merge_group.map(|group| Change {
        base: group.base_sha,
        candidate: group.head_sha,
        // Whatever is in a queue was approved by somebody who may write here.
        is_fork: false,
    });
    Ok(pull_request.or(merge_group))
}

/// The first changed path that is worth measuring: one that no glob of `ignore` matches, or the policy,
/// which must not decide about a change of itself.
pub(crate) fn relevant<'p>(
    changed: &'p [String],
    ignore: &[String],
    policy: Option<&str>,
) -> Option<&'p String> {
    let is_ignored = |path: &str| ignore.iter().any(|glob| glob_match(glob, path));
    let is_policy = |path: &str| policy == Some(path);
    changed
        .iter()
        .find(|path| is_policy(path) || !is_ignored(path))
}

/// Lines for `$GITHUB_OUTPUT`. `runner` holds labels separated by commas. A job matrix without rows is an
/// error to GitHub, so `relevant` is to be asked first.
pub(crate) fn output(change: &Change, is_relevant: bool, runner: &str) -> String {
    let labels: Vec<&str> = runner
        .split(',')
        .map(str::trim)
        .filter(|label| !label.is_empty())
        .collect();
    let job = json!({"runner": labels, "base": change.base, "candidate": change.candidate});
    let jobs = if is_relevant { vec![job] } else { Vec::new() };
    let (base, candidate) = (&change.base, &change.candidate);
    let matrix = json!({"include": jobs});
    format!("relevant={is_relevant}\nbase={base}\ncandidate={candidate}\nmatrix={matrix}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(is_fork: bool) -> Option<Change> {
        Some(Change {
            base: "b0".into(),
            candidate: "c0".into(),
            is_fork,
        })
    }

    #[test]
    fn an_event_names_its_commits_and_whose_code_it_is() {
        let pull = |repo: &str| {
            format!(
                r#"{{"action": "synchronize", "number": 7, "pull_request": {{
                    "base": {{"sha": "b0", "repo": {{"id": 9, "name": "x"}}}},
                    "head": {{"sha": "c0", "repo": {repo}}}}}}}"#
            )
        };
        let group = r#"{"merge_group": {"base_sha": "b0", "head_sha": "c0"}}"#;
        for (case, event, expected) in [
            ("of this repository", pull(r#"{"id": 9}"#), change(false)),
            ("of a fork", pull(r#"{"id": 8}"#), change(true)),
            ("of a deleted fork", pull("null"), change(true)),
            ("a merge queue", group.to_owned(), change(false)),
            (
                "something else",
                r#"{"schedule": "17 3 * * *"}"#.into(),
                None,
            ),
        ] {
            let found = of_event(event.as_bytes()).expect(case);
            assert_eq!(found, expected, "{case}");
        }
        for text in ["", "[]", r#"{"pull_request": {"base": {}}}"#] {
            assert!(of_event(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_no_glob_ignores_is_measured() {
        let ignore = ["docs/**", "**/*.md"].map(String::from);
        for (case, changed, expected) in [
            ("nothing", &[][..], None),
            ("documentation", &["docs/a/b.html", "README.md"][..], None),
            ("code", &["docs/a.md", "src/main.rs"], Some("src/main.rs")),
            ("a name that only starts so", &["docsy/x"], Some("docsy/x")),
            ("the policy", &["docs/gate.toml"], Some("docs/gate.toml")),
        ] {
            let changed: Vec<String> = changed.iter().map(|&path| path.into()).collect();
            let found = relevant(&changed, &ignore, Some("docs/gate.toml"));
            assert_eq!(found.map(String::as_str), expected, "{case}");
        }
        assert_eq!(
            relevant(&["README.md".into()], &[], None),
            Some(&"README.md".into())
        );
    }

    #[test]
    fn the_output_is_one_line_each() {
        let change = change(false).expect("one");
        insta::assert_snapshot!(output(&change, true, "self-hosted, perf\"\n::x::"), @r#"
        relevant=true
        base=b0
        candidate=c0
        matrix={"include":[{"base":"b0","candidate":"c0","runner":["self-hosted","perf\"\n::x::"]}]}
        "#);
        insta::assert_snapshot!(output(&change, false, "ubuntu-24.04"), @r#"
        relevant=false
        base=b0
        candidate=c0
        matrix={"include":[]}
        "#);
    }
}
