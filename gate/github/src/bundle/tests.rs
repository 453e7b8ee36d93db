//! Artifacts that break one rule each, and one that breaks none.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

mod documents;
mod writer;
mod zips;

pub(super) use writer::{Entry, entry, zip};

pub(super) const HEAD: &str = "4f2c9e14f2c9e14f2c9e14f2c9e14f2c9e14f2c9";

fn document() -> Value {
    json!({
        "format": "gate.run/1", "id": "demo", "created": "2026-11-20T08:00:00Z",
        "source": {"commit": HEAD, "dirty": false},
        "environment": {"fingerprint": {"cores": "2"}, "tool": "demo 1"},
        "manifest": {"scenarios": [{"scenario": "demo/search", "metrics": [
            {"name": "recall@10", "kind": "value", "unit": "ratio", "direction": "higher"},
        ]}]},
        "sessions": [{"id": "s", "start": "2026-11-20T08:00:00Z", "mode": "single", "scenarios": [
            {"scenario": "demo/search", "check": "passed",
             "repetitions": [{"metrics": {"recall@10": 0.5}}]},
        ]}],
    })
}

pub(super) fn with(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut document = document();
    change(&mut document);
    document.to_string().into_bytes()
}

const BASE: &str = "0123456789abcdef0123456789abcdef01234567";

/// A run of this commit.
fn based(commit: Value) -> Vec<u8> {
    with(|d| d["source"]["commit"] = commit)
}

/// A zip of a sound baseline and this candidate.
fn artifact(candidate: &[u8]) -> Vec<u8> {
    zip(&[
        entry("baseline.json", &based(json!(BASE))),
        entry("candidate.json", candidate),
    ])
}

fn rule(bytes: &[u8]) -> Option<Rule> {
    read(bytes, HEAD).err().map(|rejected| rejected.rule)
}

#[test]
fn a_sound_artifact_is_read() {
    let streamed = Entry {
        descriptor: true,
        attributes: 0x81a4_0000,
        ..entry("candidate.json", &with(|_| ()))
    };
    let bundle = read(
        &zip(&[
            entry("baseline.json", &based(json!(BASE))),
            streamed,
            entry("verdict.json", b"never read"),
        ]),
        HEAD,
    )
    .expect("sound");
    assert_eq!(bundle.candidate.source.commit.as_deref(), Some(HEAD));
    assert_eq!(bundle.canary, None);
    assert!(bundle.has_verdict, "nothing of it is read");
    let stopped = read(&artifact(&with(|_| ())), HEAD).expect("sound");
    assert!(!stopped.has_verdict);
}

#[test]
fn a_baseline_is_of_another_commit_than_the_head() {
    for (name, commit, expected) in [
        ("another", json!(BASE), None),
        ("the head", json!(HEAD), Some(Rule::Base)),
        (
            "the head in capitals",
            json!(HEAD.to_uppercase()),
            Some(Rule::Base),
        ),
        ("not told", json!(null), Some(Rule::Base)),
        ("short", json!("0123456"), Some(Rule::Base)),
        ("no commit", json!("../".repeat(13) + "x"), Some(Rule::Base)),
    ] {
        let bytes = zip(&[
            entry("baseline.json", &based(commit)),
            entry("candidate.json", &with(|_| ())),
        ]);
        assert_eq!(rule(&bytes), expected, "{name}");
    }
}

#[test]
fn the_offset_points_at_the_byte() {
    let candidate = b"{\n  \"format\": NaN\n}";
    let rejected = read(&artifact(candidate), HEAD).expect_err("no JSON");
    assert_eq!(
        rejected,
        Rejected {
            rule: Rule::JsonSyntax,
            offset: 14
        }
    );
}

#[test]
fn the_page_lists_every_rule_and_its_sizes() {
    const PAGE: &str = include_str!("../../../../docs/publishing.md");
    let line = |rule: Rule| {
        let start = format!("| `{}` | ", rule.id());
        let found = PAGE.lines().find_map(|line| line.strip_prefix(&start));
        found.unwrap_or_else(|| panic!("{start} is not on the page"))
    };
    for rule in Rule::ALL {
        assert!(!line(rule).is_empty());
    }
    let kibibytes = |bytes: usize| format!("{} KiB", bytes >> 10);
    let mebibytes = |bytes: usize| format!("{} MiB", bytes >> 20);
    for (rule, size) in [
        (Rule::ZipSize, mebibytes(limits::ZIP_BYTES)),
        (Rule::ZipEntries, format!("at most {} ", limits::ENTRIES)),
        (Rule::ZipInflate, format!("at most {} times", limits::RATIO)),
        (Rule::ZipInflate, mebibytes(limits::INFLATED_BYTES)),
        (Rule::JsonSize, mebibytes(limits::JSON_BYTES)),
        (Rule::JsonDepth, format!("at most {} ", limits::JSON_DEPTH)),
        (
            Rule::DocumentSize,
            format!("{} scenarios", limits::SCENARIOS),
        ),
        (
            Rule::DocumentSize,
            format!("{} repetitions", limits::REPETITIONS),
        ),
        (
            Rule::DocumentSize,
            format!("{} bytes", limits::ENVIRONMENT_BYTES),
        ),
        (Rule::ProfileSize, kibibytes(limits::PROFILE_BYTES)),
        (Rule::ProfileSize, mebibytes(limits::PROFILE_TEXT_BYTES)),
        (
            Rule::ProfileSize,
            format!("{} stacks", limits::PROFILE_STACKS),
        ),
        (
            Rule::ProfileForm,
            format!("{} characters", limits::FRAME_CHARS),
        ),
    ] {
        assert!(line(rule).contains(&size), "{}: {size}", rule.id());
    }
}

#[test]
fn ids_of_rules_are_plain_and_unique() {
    let mut ids: Vec<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    assert!(
        ids.iter()
            .all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
    );
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), Rule::ALL.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_are_too_strange_to_refuse(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read(&bytes, HEAD).is_err());
    }

    /// Whatever single byte is turned, the artifact is refused or says the same.
    #[test]
    fn a_turned_byte_never_says_something_else(at in 0_usize..2_000, bit in 0_u8..8) {
        let mut bytes = artifact(&with(|_| ()));
        let sound = read(&bytes, HEAD).expect("sound");
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(read) = read(&bytes, HEAD) {
            prop_assert_eq!(read, sound);
        }
    }
}
