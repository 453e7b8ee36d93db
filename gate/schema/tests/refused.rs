//! A sound document with one thing wrong at a time: refused, with the place.

use gate_schema::defect::Defect;
use gate_schema::id::{MAX_DISTRIBUTION_NAME_BYTES, MAX_NAME_BYTES};
use gate_schema::run::{Run, limits};
use serde_json::{Value, json};

/// The smallest document with every kind of value.
fn sound() -> Value {
    json!({
        "format": "gate.run/1",
        "id": "sample",
        "created": "2026-11-20T08:00:00Z",
        "source": {},
        "environment": {"fingerprint": {"cpu_model": "Zen 5"}, "tool": "bench 0.1.0"},
        "manifest": {"scenarios": [{
            "scenario": "a/b",
            "params": {"kind": "bf16"},
            "metrics": [
                {"name": "rss", "kind": "value", "unit": "B", "direction": "lower"},
                {"name": "recall@10", "kind": "proportion", "unit": "ratio", "direction": "higher"},
                {"name": "latency", "kind": "histogram", "unit": "ns", "direction": "lower"},
                {"name": "memory", "kind": "series", "unit": "B", "direction": "lower"},
            ],
        }]},
        "sessions": [{
            "id": "s1",
            "start": "2026-11-20T08:00:00.123Z",
            "mode": "single",
            "scenarios": [{"scenario": "a/b", "check": "passed", "repetitions": [{"metrics": {
                "rss": 1000,
                "recall@10": {"hits": 19, "trials": 20, "per_query": [10, 9]},
                "latency": {"count": 2, "sum": 300.0, "summary": {"p50": 100.0}},
                "memory": {"series": [[0.0, 900.0], [0.5, 1000.0], [0.5, 1100.0]]},
            }}]}],
        }],
    })
}

const RSS: &str = "/sessions/0/scenarios/0/repetitions/0/metrics/rss";
const RECALL: &str = "/sessions/0/scenarios/0/repetitions/0/metrics/recall@10";
const MEMORY: &str = "/sessions/0/scenarios/0/repetitions/0/metrics/memory";
const LATENCY: &str = "/sessions/0/scenarios/0/repetitions/0/metrics/latency";

fn parse(value: &Value) -> Result<Run, String> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| format!("{}: {}", error.path(), error.inner()))
}

#[test]
fn the_sample_itself_is_sound() {
    assert_eq!(parse(&sound()).expect("parses").validate(), Ok(()));
}

#[test]
fn impossible_values_are_refused_with_their_pointer() {
    let text = "x".repeat(limits::TEXT_BYTES + 1);
    for (at, value, expected_at, expected) in [
        (
            "/format",
            json!("gate.run/2"),
            "/format",
            "unsupported document format `gate.run/2`",
        ),
        (
            "/format",
            json!("criterion"),
            "/format",
            "unsupported document format `criterion`",
        ),
        ("/created", json!("yesterday"), "/created", "not a UTC time"),
        (
            "/created",
            json!("2026-13-20T08:00:00Z"),
            "/created",
            "not a UTC time",
        ),
        ("/id", json!("a\u{1b}[31mb"), "/id", "not showable text"),
        (
            "/environment/fingerprint/cpu_model",
            json!(text),
            "/environment/fingerprint/cpu_model",
            "not showable text",
        ),
        (
            "/manifest/scenarios",
            json!([]),
            "/manifest/scenarios",
            "no scenarios",
        ),
        (
            "/manifest/scenarios/0/metrics/1/unit",
            json!("count"),
            "/manifest/scenarios/0/metrics/1/unit",
            "a proportion that is no ratio",
        ),
        ("/sessions", json!([]), "/sessions", "no sessions"),
        (
            "/sessions/0/scenarios/0/repetitions",
            json!([]),
            "/sessions/0/scenarios/0/repetitions",
            "no repetitions",
        ),
        (
            "/sessions/0/scenarios/0/scenario",
            json!("a/c"),
            "/sessions/0/scenarios/0/scenario",
            "`a/c` is not in the manifest",
        ),
        (
            "/sessions/0/scenarios/0/recording_overhead_ns",
            json!(0),
            "/sessions/0/scenarios/0/recording_overhead_ns",
            "zero where nothing real is zero",
        ),
        (
            "/sessions/0/mode",
            json!("paired"),
            "/sessions/0/scenarios/0/repetitions/0",
            "pair indices do not fit the session's mode",
        ),
        (
            "/sessions/0/scenarios/0/repetitions/0/anomalies",
            json!([{"kind": "stolen", "said": "a\u{1b}[31mb"}]),
            "/sessions/0/scenarios/0/repetitions/0/anomalies/0/said",
            "not showable text",
        ),
        (
            "/sessions/0/scenarios/0/repetitions/0/anomalies",
            json!(vec![json!({"kind": "other", "said": "odd"}); 21]),
            "/sessions/0/scenarios/0/repetitions/0/anomalies",
            "too many entries",
        ),
        (RSS, json!(0), RSS, "zero where nothing real is zero"),
        (RSS, json!(-1), RSS, "a negative measurement"),
        (
            RSS,
            json!(1e19),
            RSS,
            "larger than anything measurable (10^18)",
        ),
        (
            RSS,
            json!({"hits": 1, "trials": 1}),
            RSS,
            "value of another kind than declared",
        ),
        (MEMORY, json!({"series": []}), MEMORY, "no points"),
        (
            MEMORY,
            json!({"series": [[1.0, 5.0], [0.5, 5.0]]}),
            MEMORY,
            "points that go back in time",
        ),
        (
            MEMORY,
            json!({"series": [[0.0, 0.0]]}),
            MEMORY,
            "zero where nothing real is zero",
        ),
        (
            MEMORY,
            json!({"series": vec![[1.0, 5.0]; 1_001]}),
            MEMORY,
            "too many entries",
        ),
        (
            RECALL,
            json!({"hits": 21, "trials": 20}),
            RECALL,
            "not a proportion",
        ),
        (
            RECALL,
            json!({"hits": 0, "trials": 0}),
            RECALL,
            "not a proportion",
        ),
        (
            RECALL,
            json!({"hits": 0, "trials": 1_u64 << 63, "per_query": [0, 0]}),
            RECALL,
            "not a proportion",
        ),
        (
            RECALL,
            json!({"hits": 19, "trials": 20, "per_query": [10, 8]}),
            RECALL,
            "hits per query do not add up",
        ),
        (
            RECALL,
            json!({"hits": 19, "trials": 20, "per_query": [11, 8]}),
            RECALL,
            "hits per query do not add up",
        ),
        (
            LATENCY,
            json!({"count": 0, "sum": 0.0, "summary": {"p50": 1.0}}),
            LATENCY,
            "no samples",
        ),
        (
            LATENCY,
            json!({"count": 2, "sum": -5.0, "summary": {"p50": 1.0}}),
            LATENCY,
            "a negative measurement",
        ),
        (
            LATENCY,
            json!({"count": 2, "sum": 5.0, "summary": {"p50": 0.0}}),
            LATENCY,
            "zero where nothing real is zero",
        ),
    ] {
        let mut document = sound();
        match document.pointer_mut(at) {
            Some(slot) => *slot = value,
            None => {
                let (parent, key) = at.rsplit_once('/').expect("a pointer");
                document.pointer_mut(parent).expect("parent exists")[key] = value;
            }
        }
        let problems = parse(&document).expect("parses").validate().expect_err(at);
        assert_eq!(
            (
                problems[0].pointer.as_str(),
                problems[0].defect.to_string().as_str()
            ),
            (expected_at, expected)
        );
        assert!(!problems[0].defect.hint().is_empty());
    }
}

#[test]
fn a_distribution_leaves_room_for_the_names_of_its_statistics() {
    let problems = |metric: usize, bytes: usize| {
        let mut document = sound();
        let name = json!("x".repeat(bytes));
        document["manifest"]["scenarios"][0]["metrics"][metric]["name"] = name;
        document["sessions"][0]["scenarios"][0]["repetitions"] = json!([{"metrics": {}}]);
        let validated = parse(&document).expect("parses").validate();
        validated.err().unwrap_or_default()
    };
    // A name alone may be longer.
    assert!(problems(0, MAX_NAME_BYTES).is_empty());
    assert!(problems(2, MAX_DISTRIBUTION_NAME_BYTES).is_empty());
    let found = problems(2, MAX_DISTRIBUTION_NAME_BYTES + 1);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].pointer.as_str(), &found[0].defect),
        (
            "/manifest/scenarios/0/metrics/2/name",
            &Defect::DistributionName
        )
    );
}

#[test]
fn values_of_the_wrong_type_are_refused_with_their_path() {
    for (at, value, expected) in [
        ("/extra", json!(1), "extra: unknown field `extra`"),
        (
            "/manifest/scenarios/0/metrics/0/unit",
            json!("ms"),
            "manifest.scenarios[0].metrics[0].unit: unknown variant `ms`",
        ),
        (
            "/manifest/scenarios/0/scenario",
            json!("a b"),
            "manifest.scenarios[0].scenario: not a usable name",
        ),
        (
            RSS,
            json!("fast"),
            "sessions[0].scenarios[0].repetitions[0].metrics.rss: invalid type: string \"fast\"",
        ),
        (
            LATENCY,
            json!({"count": 2}),
            "sessions[0].scenarios[0].repetitions[0].metrics.latency: expected either count, sum",
        ),
        (
            LATENCY,
            json!({"count": 2, "sum": 1.0, "hits": 1}),
            "sessions[0].scenarios[0].repetitions[0].metrics.latency: expected either count, sum",
        ),
        (
            MEMORY,
            json!({"series": [[1.0, 5.0]], "points": []}),
            "sessions[0].scenarios[0].repetitions[0].metrics.memory: expected either count, sum",
        ),
        (
            "/sessions/0/scenarios/0/repetitions/0/metrics",
            json!([]),
            "sessions[0].scenarios[0].repetitions[0].metrics: invalid type: sequence",
        ),
    ] {
        let mut document = sound();
        let (parent, key) = at.rsplit_once('/').expect("a pointer");
        document.pointer_mut(parent).expect("parent exists")[key] = value;
        let error = parse(&document).expect_err(at);
        assert!(error.starts_with(expected), "{at}: {error}");
    }
}

#[test]
fn noise_that_nothing_measures_is_refused() {
    use gate_schema::noise::Noise;
    let sound: Value =
        serde_json::from_str(include_str!("frozen/noise.v1.json")).expect("the sample");
    for (field, value, expected) in [
        ("/plain/variance", json!(-1.0), "a negative measurement"),
        (
            "/plain/variance",
            json!(1e300),
            "larger than anything measurable (10^18)",
        ),
        (
            "/trimmed/freedom",
            json!(1e9),
            "larger than anything measurable (10^18)",
        ),
        (
            "/difference",
            json!(-1e19),
            "larger than anything measurable (10^18)",
        ),
    ] {
        let mut document = sound.clone();
        let at = format!("/rows/0/sessions/0{field}");
        *document.pointer_mut(&at).expect("the field") = value;
        let noise: Noise = serde_json::from_value(document).expect("parses");
        let problem = noise.validate().expect_err(field);
        assert_eq!(
            (problem.pointer.as_str(), problem.defect.to_string()),
            ("/rows/0/sessions/0", expected.to_owned())
        );
    }
}

#[test]
fn duplicates_are_refused_wherever_ids_must_be_unique() {
    for (list, expected) in [
        ("/manifest/scenarios", "`a/b` appears twice"),
        ("/manifest/scenarios/0/metrics", "`rss` appears twice"),
        ("/sessions", "`s1` appears twice"),
        ("/sessions/0/scenarios", "`a/b` appears twice"),
    ] {
        let mut document = sound();
        let list = document
            .pointer_mut(list)
            .and_then(Value::as_array_mut)
            .expect("a list");
        list.push(list[0].clone());
        let problems = parse(&document)
            .expect("parses")
            .validate()
            .expect_err(expected);
        assert!(
            problems.iter().any(|p| p.defect.to_string() == expected),
            "{expected}: {problems:?}"
        );
    }
    let twice = sound()
        .to_string()
        .replace("\"rss\":1000", "\"rss\":1000,\"rss\":1001");
    let error = serde_json::from_str::<Run>(&twice).expect_err("a duplicate key");
    assert!(
        error.to_string().starts_with("`rss` appears twice"),
        "{error}"
    );
}

#[test]
fn a_document_full_of_mistakes_reports_a_bounded_number() {
    let mut document = sound();
    let repetitions = document
        .pointer_mut("/sessions/0/scenarios/0/repetitions")
        .and_then(Value::as_array_mut)
        .expect("a list");
    repetitions[0]["metrics"]["rss"] = json!(-1);
    *repetitions = vec![repetitions[0].clone(); 100];
    let problems = parse(&document)
        .expect("parses")
        .validate()
        .expect_err("negative");
    assert_eq!(problems.len(), limits::PROBLEMS);
}

#[test]
fn a_histogram_must_agree_with_its_count_and_sum() {
    use gate_schema::hdr::Histogram;
    use gate_schema::run::Distribution;
    let mut histogram = Histogram::new_with_bounds(1, 1_000_000, 3).expect("valid bounds");
    for value in [100, 200] {
        histogram.record(value).expect("in bounds");
    }
    let sound = Distribution::from_histogram(&histogram, 300.0).expect("sound");
    assert!(sound.recorded().expect("decodes").is_some());
    let miscounted = Distribution {
        count: 3,
        ..sound.clone()
    };
    assert_eq!(
        miscounted.recorded().err(),
        Some(Defect::HistogramCount {
            declared: 3,
            decoded: 2
        })
    );
    let missummed = Distribution {
        sum: 500.0,
        ..sound.clone()
    };
    assert_eq!(missummed.recorded().err(), Some(Defect::HistogramSum));
    assert_eq!(
        Distribution::from_histogram(&histogram, f64::NAN).err(),
        Some(Defect::HistogramSum)
    );
    let empty = Histogram::new_with_bounds(1, 1_000_000, 3).expect("valid bounds");
    assert_eq!(
        Distribution::from_histogram(&empty, 0.0).err(),
        Some(Defect::Empty("samples"))
    );
}
