//! What is measured afresh before an issue is opened.

use serde_json::{Value, json};

use super::{GitHub, STEP, commit, has_range, issue, record_nights, slower_in};
use crate::scratch::Scratch;

/// What a fresh measurement of the two commits of a question says: outcome and reason, or nothing at all.
type Fresh = Option<(&'static str, Option<&'static str>)>;

const CONFIRMED: Fresh = Some(("range", Some("time")));
const ACQUITTED: Fresh = Some(("not_confirmed", Some("not_worse")));
const OPEN: Fresh = Some(("not_confirmed", Some("cannot_tell")));

/// Answers the question as `gate bisect --output` does.
fn answer_to(question: &str, (found, why): (&str, Option<&str>)) -> Value {
    let words: Vec<&str> = question.split(' ').collect();
    let [good, bad, margin, scenario, metric] = words[..] else {
        panic!("{question}");
    };
    let percent: f64 = margin
        .strip_suffix('%')
        .and_then(|number| number.parse().ok())
        .expect("a percentage");
    assert!((4.0..6.0).contains(&percent), "half of a tenth: {margin}");
    let [good, bad] = [good, bad].map(|commit| json!({"commit": commit, "subject": "x"}));
    json!({
        "format": "gate.bisect/1", "exit_code": "undecided", "scenario": scenario, "metric": metric,
        "good": good, "bad": bad, "commits": 1, "found": found, "why": why, "from": good, "to": bad,
        "suspects": 1, "steps": [],
    })
}

/// Nights with a step as the workflow has them: nothing is opened before it was measured, by `answers` in order, the
/// last of them from then on. Tells how many nights asked, and the issues.
fn measured_afresh(answers: &[Fresh]) -> (usize, Vec<Value>) {
    let (github, scratch) = (GitHub::start(), Scratch::new());
    let mut asked = 0;
    record_nights(&scratch, 9, slower_in(STEP..usize::MAX), |at| {
        let said = issue(&scratch, &github, &["--hold", "held.txt"]);
        assert!(!said.contains("opened"), "night {at}: {said}");
        let held = scratch.read("held.txt");
        assert_eq!(held.is_empty(), !said.contains("held back"), "{said}");
        let Some(question) = held.lines().next() else {
            return;
        };
        let range = format!("{} {} ", commit(STEP - 1), commit(STEP));
        assert!(question.starts_with(&range), "{question}");
        assert_eq!(held.lines().count(), 1, "{held}");
        std::fs::create_dir_all(scratch.path("bisected")).expect("writable");
        let answer = answers[asked.min(answers.len() - 1)];
        let _ = std::fs::remove_file(scratch.path("bisected/0.json"));
        if let Some(answer) = answer {
            scratch.json("bisected/0.json", &answer_to(question, answer));
        }
        issue(&scratch, &github, &["--bisected", "bisected"]);
        asked += 1;
    });
    (asked, github.issues())
}

#[test]
fn a_step_is_filed_when_a_fresh_measurement_confirms_it() {
    let words = "Not confirmed by a fresh measurement: ";
    for (name, answers, nights, expected) in [
        (
            "confirmed",
            &[CONFIRMED][..],
            Some(1),
            Some("Narrowed by measuring to 1 commits"),
        ),
        ("acquitted", &[ACQUITTED], None, None),
        (
            "confirmed on a later night",
            &[ACQUITTED, ACQUITTED, CONFIRMED],
            Some(3),
            Some("Narrowed by measuring"),
        ),
        (
            "acquitted, and untold since",
            &[ACQUITTED, OPEN],
            None,
            None,
        ),
        (
            "acquitted, and unmeasured since",
            &[ACQUITTED, None],
            None,
            None,
        ),
        (
            "it could not be told",
            &[OPEN],
            Some(1),
            Some("cannot tell whether"),
        ),
        (
            "nothing was measured",
            &[None],
            Some(1),
            Some("none was taken that night"),
        ),
    ] {
        let (asked, issues) = measured_afresh(answers);
        match nights {
            Some(nights) => assert_eq!(asked, nights, "{name}: an issue is asked about no more"),
            None => assert!(asked >= 4, "{name}: asked again each night, {asked}"),
        }
        let Some(expected) = expected else {
            assert_eq!(issues, Vec::<Value>::new(), "{name}");
            continue;
        };
        let [issue] = &issues[..] else {
            panic!("{name}: {issues:?}");
        };
        let body = issue["body"].as_str().expect("text");
        assert!(
            has_range(issue) && body.contains(expected),
            "{name}: {body}"
        );
        let is_confirmed = expected.starts_with("Narrowed");
        assert_eq!(body.contains(words), !is_confirmed, "{name}: {body}");
    }
}
