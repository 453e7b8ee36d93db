//! Flat files as a shell script would write them, and as it should not.

mod common;

use gate_import::flat::to_run;
use gate_schema::unit::{Direction, Unit};
use proptest::prelude::*;

use common::{origin, values};

const EXAMPLE: &str = r#"{"search/k10": {"p99_ns": 1.2e6, "ops_per_s": 5000, "rss_bytes": 1e6, "recall_ratio": 0.97}}"#;

#[test]
fn the_ending_of_a_key_gives_unit_and_direction() {
    let run = to_run("flat.json", EXAMPLE.as_bytes(), &origin()).expect("the documented example");
    assert_eq!(run.validate(), Ok(()));
    let declared: Vec<(&str, Unit, Direction)> = run.manifest.scenarios[0]
        .metrics
        .iter()
        .map(|m| (m.name.as_str(), m.unit, m.direction))
        .collect();
    assert_eq!(
        declared,
        [
            ("ops", Unit::PerSecond, Direction::Higher),
            ("p99", Unit::Nanoseconds, Direction::Lower),
            ("recall", Unit::Ratio, Direction::Higher),
            ("rss", Unit::Bytes, Direction::Lower),
        ]
    );
}

#[test]
fn every_ending_becomes_its_base_unit() {
    for (key, value, metric, expected) in [
        ("t_ns", 2.0, "t", 2.0),
        ("t_us", 2.0, "t", 2e3),
        ("t_ms", 2.0, "t", 2e6),
        ("t_s", 2.0, "t", 2e9),
        ("ops_per_s", 2.0, "ops", 2.0),
        ("rss_bytes", 2.0, "rss", 2.0),
        ("rss_b", 2.0, "rss", 2.0),
        ("recall@10_ratio", 0.0, "recall@10", 0.0),
        ("segments_count", 0.0, "segments", 0.0),
    ] {
        let run = to_run(
            "f",
            format!(r#"{{"a":{{"{key}":{value}}}}}"#).as_bytes(),
            &origin(),
        )
        .expect(key);
        assert_eq!(values(&run, "a", metric), [Some(expected)], "{key}");
    }
}

#[test]
fn an_array_is_one_repetition_per_entry() {
    let text =
        r#" [{"a":{"t_ns":1},"b":{"t_ns":1}}, {"a":{"t_us":2}}, {"a":{"t_ns":3,"rss_b":9}}]"#;
    let run = to_run("f", text.as_bytes(), &origin()).expect("an array of objects");
    assert_eq!(values(&run, "a", "t"), [Some(1.0), Some(2000.0), Some(3.0)]);
    assert_eq!(values(&run, "a", "rss"), [None, None, Some(9.0)]);
    assert_eq!(values(&run, "b", "t"), [Some(1.0), None, None]);
}

#[test]
fn times_that_the_clock_misread_are_left_out_and_said_to_be() {
    let text = r#"[{"a":{"t_ns":5,"rss_b":7}}, {"a":{"t_us":-2,"rss_b":9}}, {"a":{"rate_per_s":-1}},
                   {"a":{"t_ms":0,"rss_b":8}}]"#;
    let run = to_run("f", text.as_bytes(), &origin()).expect("the rest is sound");
    assert_eq!(values(&run, "a", "t"), [Some(5.0), None, None, None]);
    assert_eq!(values(&run, "a", "rate"), [None, None, None, None]);
    assert_eq!(
        values(&run, "a", "rss"),
        [Some(7.0), Some(9.0), None, Some(8.0)]
    );
    let repetitions = &run.sessions[0].scenarios[0].repetitions;
    let said = |at: usize| -> Vec<&str> {
        let anomalies = repetitions[at].anomalies.iter();
        anomalies.map(|anomaly| anomaly.said.as_str()).collect()
    };
    assert_eq!(said(0), [""; 0]);
    assert_eq!(said(1), ["t is below zero"]);
    assert_eq!(said(2), ["rate is below zero"]);
    assert_eq!(said(3), ["t is zero"]);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    for (text, place, message) in [
        ("", "f", "the file is cut off"),
        ("{", "f", "the file is cut off"),
        ("{}", "f", "no scenarios"),
        ("[]", "f", "no benchmarks"),
        ("[{}]", "f#/0", "no scenarios"),
        (r#"{"a":{}}"#, "f#/a", "no metrics"),
        (
            r#"{"a":3}"#,
            "f",
            "not the expected shape: invalid type: integer `3`, expected an object at line 1 column 6",
        ),
        (r#"{"a":{"t_ns":null}}"#, "f", "not the expected shape"),
        (r#"{"a":{"t_ns":NaN}}"#, "f", "not JSON"),
        (
            r#"{"a":{"t_ns":1e999}}"#,
            "f",
            "not JSON: number out of range",
        ),
        (
            r#"{"a":{"t_ns":1}} x"#,
            "f",
            "not JSON: trailing characters",
        ),
        (
            r#"{"a":{"t_ns":1,"t_ns":2}}"#,
            "f",
            r#"not the expected shape: the key "t_ns" appears twice"#,
        ),
        (
            r#"{"a":{"t_ns":1},"a":{"t_ns":1}}"#,
            "f",
            r#"not the expected shape: the key "a" appears twice"#,
        ),
        (
            r#"{"a":{"t_ns":1,"t_us":1}}"#,
            "f#/a/t_us",
            "`t` appears twice in one repetition",
        ),
        (
            r#"{"a/b":{"rss_b":0}}"#,
            "f#/a~1b/rss_b",
            "zero where nothing real is zero",
        ),
        (r#"{"a":{"t_b":-1}}"#, "f#/a/t_b", "a negative measurement"),
        (
            r#"{"a":{"x_ratio":1.5}}"#,
            "f#/a/x_ratio",
            "a ratio above 1",
        ),
        (
            r#"{"a":{"t_s":1e10}}"#,
            "f#/a/t_s",
            "larger than anything measurable",
        ),
        (
            r#"{"a":{"time":1}}"#,
            "f#/a/time",
            "the key does not end in a unit",
        ),
        (
            r#"{"a":{"_ns":1}}"#,
            "f#/a/_ns",
            "the key does not end in a unit",
        ),
        (r#"{"a":{"t t_ns":1}}"#, "f#/a/t t_ns", "not a usable name"),
        (r#"{"a b":{"t_ns":1}}"#, "f#/a b", "not a usable name"),
        (
            r#"[{"a":{"t_ns":1}},{"a":{"t_b":1}}]"#,
            "f#/1/a",
            "`t` has another unit than in an earlier repetition",
        ),
    ] {
        let error = to_run("f", text.as_bytes(), &origin()).expect_err(text);
        assert_eq!(error.location().as_deref(), Some(place), "{text}");
        assert!(
            error.to_string().starts_with(message),
            "{error} is not: {message}"
        );
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn a_key_without_a_unit_is_answered_with_the_list() {
    let error = to_run("f", br#"{"a":{"latency":1}}"#, &origin()).expect_err("no unit");
    assert_eq!(
        error.hint(),
        "end the key in one of _per_s _ns _us _ms _s _bytes _b _ratio _count"
    );
}

#[test]
fn many_repetitions_of_different_scenarios_do_not_fill_the_memory() {
    let entries: Vec<String> = (0..9_000)
        .map(|at| format!(r#"{{"s{at}":{{"t_ns":1}}}}"#))
        .collect();
    let error = to_run(
        "f",
        format!("[{}]", entries.join(",")).as_bytes(),
        &origin(),
    )
    .expect_err("81 million repetitions");
    assert_eq!(error.to_string(), "too many entries");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = to_run("f", &bytes, &origin());
    }

    #[test]
    fn whatever_is_accepted_is_a_valid_run(scenario in "[a-z /:-]{0,12}", stem in ".{0,6}", value in any::<f64>()) {
        for suffix in ["_ns", "_s", "_b", "_per_s", "_ratio", "_count"] {
            let key = format!("{stem}{suffix}");
            let text = serde_json::json!({ scenario.clone(): { key: value } }).to_string();
            if let Ok(run) = to_run("f", text.as_bytes(), &origin()) {
                prop_assert_eq!(run.validate(), Ok(()));
            }
        }
    }
}
