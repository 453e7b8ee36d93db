//! Files that criterion 0.8.2 wrote, and files it would never write.

mod common;

use gate_import::criterion::{BenchmarkFiles, to_run};
use gate_schema::run::{Check, Param};
use proptest::prelude::*;

use common::{origin, values};

/// The files of one benchmark as the command line collects them.
macro_rules! fixture {
    ($execution:literal, $benchmark:literal) => {
        BenchmarkFiles {
            folder: concat!($execution, "/", $benchmark, "/new").into(),
            benchmark: include_bytes!(concat!(
                "fixtures/criterion/",
                $execution,
                "/",
                $benchmark,
                "/new/benchmark.json"
            ))
            .into(),
            sample: include_bytes!(concat!(
                "fixtures/criterion/",
                $execution,
                "/",
                $benchmark,
                "/new/sample.json"
            ))
            .into(),
        }
    };
}

/// Two real executions of `cargo bench`; the second with a filter, so it lacks a benchmark.
fn executions() -> [Vec<BenchmarkFiles>; 2] {
    [
        vec![
            fixture!("1", "checksum/10"),
            fixture!("1", "checksum/xor/64"),
            fixture!("1", "checksum/xor/1024"),
            fixture!("1", "sum one"),
        ],
        vec![
            fixture!("2", "checksum/10"),
            fixture!("2", "checksum/xor/64"),
            fixture!("2", "checksum/xor/1024"),
        ],
    ]
}

fn files(benchmark: &str, sample: &str) -> BenchmarkFiles {
    BenchmarkFiles {
        folder: "crit/a/new/".into(),
        benchmark: benchmark.into(),
        sample: sample.into(),
    }
}

const BENCHMARK: &str = r#"{"full_id":"a","throughput":null}"#;
const SAMPLE: &str = r#"{"sampling_mode":"Flat","iters":[1.0,3.0],"times":[10.0,30.0]}"#;

#[test]
fn two_real_executions_become_one_session() {
    let run = to_run(&executions(), &origin()).expect("criterion's own files");
    assert_eq!(run.validate(), Ok(()));
    let scenarios: Vec<&str> = run
        .manifest
        .scenarios
        .iter()
        .map(|s| s.scenario.as_str())
        .collect();
    assert_eq!(
        scenarios,
        [
            "checksum/10",
            "checksum/xor/1024",
            "checksum/xor/64",
            "sum_one"
        ]
    );
    assert!(
        run.sessions[0]
            .scenarios
            .iter()
            .all(|measured| measured.check == Check::None)
    );

    let times = values(&run, "checksum/xor/64", "time");
    // Sums of the sample file of the first execution.
    let expected = 91_032_460.0 / 9_081_985.0;
    assert_eq!(times.len(), 2);
    assert!(
        times[0].is_some_and(|time| (time - expected).abs() < 1e-9),
        "{times:?}, expected {expected}"
    );

    let params = |at: usize| {
        run.manifest.scenarios[at]
            .params
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(params(0), ["elements=10"]);
    assert_eq!(params(1), ["bytes=1024"]);
    assert_eq!(params(3), Vec::<String>::new());
    assert!(matches!(
        run.manifest.scenarios[0].params.values().next(),
        Some(Param::Integer(10))
    ));
}

#[test]
fn a_benchmark_that_one_execution_lacks_is_absent_there_and_visible() {
    let run = to_run(&executions(), &origin()).expect("criterion's own files");
    let times = values(&run, "sum_one", "time");
    assert!(matches!(times[..], [Some(_), None]), "{times:?}");
}

#[test]
fn full_ids_become_names() {
    for (full_id, expected) in [
        ("map[u32].get(hot)", "map[u32].get(hot)"),
        ("a b|c", "a_b_c"),
        ("caf\\u00e9", "caf_"),
        ("--flag", "_-flag"),
        ("https://example.org", "https:__example.org"),
    ] {
        let benchmark = format!(r#"{{"full_id":"{full_id}"}}"#);
        let run = to_run(&[vec![files(&benchmark, SAMPLE)]], &origin()).expect(full_id);
        assert_eq!(run.manifest.scenarios[0].scenario.as_str(), expected);
    }
}

#[test]
fn what_criterion_would_not_write_is_refused_with_its_place() {
    let sample = |iters: &str, times: &str| {
        files(
            BENCHMARK,
            &format!(r#"{{"iters":{iters},"times":{times}}}"#),
        )
    };
    let named = |full_id: &str| files(&format!(r#"{{"full_id":"{full_id}"}}"#), SAMPLE);
    let works = |throughput: &str| {
        files(
            &format!(r#"{{"full_id":"a","throughput":{throughput}}}"#),
            SAMPLE,
        )
    };
    let in_sample = |pointer: &str| Some(format!("crit/a/new/sample.json{pointer}"));
    let in_benchmark = |pointer: &str| Some(format!("crit/a/new/benchmark.json{pointer}"));
    type Case<'a> = (Vec<Vec<BenchmarkFiles>>, Option<String>, &'a str);
    let cases: Vec<Case> = vec![
        (vec![], None, "no benchmarks"),
        (vec![vec![]], None, "no benchmarks"),
        (
            vec![vec![named("a")], vec![]],
            None,
            "no benchmarks in one of the repetitions",
        ),
        (
            vec![vec![files("", SAMPLE)]],
            in_benchmark(""),
            "the file is cut off",
        ),
        (
            vec![vec![files("{}", SAMPLE)]],
            in_benchmark(""),
            "not the expected shape: missing field `full_id`",
        ),
        (
            vec![vec![files(BENCHMARK, "")]],
            in_sample(""),
            "the file is cut off",
        ),
        (
            vec![vec![files(BENCHMARK, &SAMPLE[..40])]],
            in_sample(""),
            "the file is cut off",
        ),
        (
            vec![vec![files(BENCHMARK, "NaN")]],
            in_sample(""),
            "not JSON",
        ),
        (
            vec![vec![sample("[1]", "[NaN]")]],
            in_sample(""),
            "not JSON",
        ),
        (
            vec![vec![sample("[1]", "[1e999]")]],
            in_sample(""),
            "not JSON: number out of range",
        ),
        (
            vec![vec![sample("[1]", "[null]")]],
            in_sample(""),
            "not the expected shape",
        ),
        (
            vec![vec![sample("[]", "[]")]],
            in_sample("#/iters"),
            "no samples",
        ),
        (
            vec![vec![sample("[1,2]", "[1]")]],
            in_sample("#/times"),
            "2 iteration counts but 1 times",
        ),
        (
            vec![vec![sample("[1,0]", "[1,1]")]],
            in_sample("#/iters/1"),
            "a sample without a positive number",
        ),
        (
            vec![vec![sample("[-1]", "[1]")]],
            in_sample("#/iters/0"),
            "a sample without a positive number",
        ),
        (
            vec![vec![sample("[1,1]", "[1,-1]")]],
            in_sample("#/times/1"),
            "a negative measurement",
        ),
        (
            vec![vec![sample("[1,1]", "[1,0]")]],
            in_sample("#/times/1"),
            "zero where nothing real is zero",
        ),
        (
            vec![vec![sample("[1]", "[1e19]")]],
            in_sample("#/times/0"),
            "larger than anything measurable",
        ),
        (
            vec![vec![named("")]],
            in_benchmark("#/full_id"),
            "not a usable name",
        ),
        (
            vec![vec![named(&"x".repeat(121))]],
            in_benchmark("#/full_id"),
            "not a usable name",
        ),
        (
            vec![vec![named("a"), named("a")]],
            in_benchmark("#/full_id"),
            "`a` appears twice in one repetition",
        ),
        (
            vec![vec![named("a b"), named("a_b")]],
            in_benchmark("#/full_id"),
            "`a b` and `a_b` become the same scenario",
        ),
        (
            vec![vec![named("a b")], vec![named("a|b")]],
            in_benchmark("#/full_id"),
            "`a b` and `a|b` become",
        ),
        (
            vec![vec![works(r#"{"Bytes":1}"#)], vec![works(r#"{"Bytes":2}"#)]],
            in_benchmark("#/throughput"),
            "another throughput",
        ),
        (
            vec![vec![works(r#"{"Parsecs":1}"#)]],
            in_benchmark(""),
            "not the expected shape: unknown variant",
        ),
    ];
    for (repetitions, place, message) in cases {
        let error = to_run(&repetitions, &origin()).expect_err(message);
        assert_eq!(error.location(), place, "{message}");
        assert!(
            error.to_string().starts_with(message),
            "{error} is not: {message}"
        );
        assert!(!error.to_string().ends_with('.') && !error.hint().is_empty());
    }
}

#[test]
fn a_wrong_origin_is_refused_without_blaming_a_file() {
    let mut wrong = origin();
    wrong.created = "yesterday".into();
    let error = to_run(&[vec![files(BENCHMARK, SAMPLE)]], &wrong).expect_err("not a time");
    assert_eq!(
        (error.location(), error.pointer.as_str()),
        (None, "/created")
    );
}

proptest! {
    #[test]
    fn no_bytes_panic(benchmark: Vec<u8>, sample: Vec<u8>) {
        let garbage = BenchmarkFiles { folder: String::new(), benchmark, sample: sample.clone() };
        prop_assert!(to_run(&[vec![garbage]], &origin()).is_err());
        let _ = to_run(&[vec![BenchmarkFiles { folder: String::new(), benchmark: BENCHMARK.into(), sample }]], &origin());
    }

    #[test]
    fn whatever_is_accepted_is_a_valid_run(
        full_id in any::<String>(),
        samples in prop::collection::vec((any::<f64>(), any::<f64>()), 0..4),
    ) {
        let (iters, times): (Vec<f64>, Vec<f64>) = samples.into_iter().unzip();
        let benchmark = serde_json::json!({ "full_id": full_id }).to_string();
        let sample = serde_json::json!({ "iters": iters, "times": times }).to_string();
        if let Ok(run) = to_run(&[vec![files(&benchmark, &sample)]], &origin()) {
            prop_assert_eq!(run.validate(), Ok(()));
        }
    }
}
