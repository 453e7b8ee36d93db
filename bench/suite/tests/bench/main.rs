//! The `bench` program from outside, on the tiny tier.

mod cache;
mod counts;
mod estimates;
mod interrupted;
mod layers;
mod own;
mod plants;
mod policy;
mod profiles;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use bench_harness::schema::{Check, Environment, Measured, MetricValue, Run};
use bench_harness::{Scenario, Tier};
use tempfile::TempDir;

/// `bench` in an empty directory, with a cache that all tests share and nothing else of the
/// environment of who tests.
fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command
        .current_dir(directory)
        .env("BENCH_CACHE", cache())
        .env_remove("BENCH_PLANT")
        .args(arguments);
    command
}

fn bench(directory: &Path, arguments: &[&str]) -> Output {
    let output = command(directory, arguments).output();
    output.expect("the program starts")
}

/// Tests run at the same time, so sharing one cache also tries its locks.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-cache")
}

/// The ids that `tier` measures.
fn ids(tier: Tier) -> Vec<&'static str> {
    let scenarios = bench_suite::scenarios().into_iter();
    scenarios
        .filter(|scenario| scenario.is_on(tier))
        .map(Scenario::id)
        .collect()
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

/// Measures the tiny tier and reads the document.
fn run(arguments: &[&str]) -> Run {
    run_with_plants("", arguments)
}

/// The same with `BENCH_PLANT` set.
fn run_with_plants(plants: &str, arguments: &[&str]) -> Run {
    let directory = directory();
    let all = [&["run", "--tier", "tiny", "--out", "out.json"], arguments].concat();
    let mut command = command(directory.path(), &all);
    let output = command.env("BENCH_PLANT", plants).output();
    let (code, stderr) = code_and_stderr(&output.expect("the program starts"));
    assert_eq!(code, Some(0), "{stderr}");
    document(directory.path())
}

fn code_and_stderr(output: &Output) -> (Option<i32>, String) {
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn list_shows_every_scenario_with_its_parameters() {
    let output = bench(directory().path(), &["list", "--tier", "nightly"]);
    let text = String::from_utf8(output.stdout).expect("is text");
    for scenario in ids(Tier::Nightly) {
        assert!(text.contains(scenario), "{text}");
    }
    assert!(text.contains("items=1000000"), "{text}");
    assert!(
        text.contains("Ten nearest neighbours of a held-out query"),
        "{text}"
    );
}

#[test]
fn list_gives_programs_the_ids_alone() {
    let output = bench(directory().path(), &["list", "--ids"]);
    let text = String::from_utf8(output.stdout).expect("is text");
    assert_eq!(text, ids(Tier::Smoke).join("\n") + "\n");
}

#[test]
fn prepared_files_live_below_the_current_directory_unless_told_otherwise() {
    let default = "target/bench-cache";
    for (variable, option, expected) in [
        (None, None, default),
        (Some(""), None, default),
        (Some("named"), None, "named"),
        (Some("named"), Some("given"), "given"),
    ] {
        let directory = directory();
        let mut arguments = vec![
            "verify",
            "--tier",
            "tiny",
            "--only",
            "text/search/two-terms",
        ];
        arguments.extend(option.map(|path| ["--cache", path]).into_iter().flatten());
        let mut command = command(directory.path(), &arguments);
        match variable {
            Some(path) => command.env("BENCH_CACHE", path),
            None => command.env_remove("BENCH_CACHE"),
        };
        let output = command.output().expect("the program starts");
        assert_eq!(output.status.code(), Some(0));
        for path in [default, "named", "given"] {
            let is_there = directory.path().join(path).exists();
            assert_eq!(
                is_there,
                path == expected,
                "{variable:?} {option:?}: {path}"
            );
        }
    }
}

#[test]
fn a_run_is_complete_and_valid() {
    let run = run(&["--sessions", "1", "--repetitions", "2"]);
    assert_eq!(run.validate(), Ok(()));
    assert_eq!(
        run.manifest.tier.as_ref().map(|tier| tier.as_str()),
        Some("tiny")
    );
    assert_eq!(run.manifest.scenarios.len(), ids(Tier::Tiny).len());
    assert!(run.source.planted.is_empty());
    for (declared, measured) in run
        .manifest
        .scenarios
        .iter()
        .zip(&run.sessions[0].scenarios)
    {
        assert_eq!(
            (&declared.scenario, measured.check),
            (&measured.scenario, Check::Passed)
        );
        assert_eq!(measured.repetitions.len(), 2);
        for repetition in &measured.repetitions {
            for metric in &declared.metrics {
                let value = repetition.metric(&metric.name);
                assert!(value.is_some(), "{} {}", declared.scenario, metric.name);
                if let Some(MetricValue::Distribution(distribution)) = value {
                    assert!(distribution.recorded().expect("is sound").is_some());
                    assert!(distribution.count >= 1_000, "enough for a p99");
                }
            }
        }
    }
}

#[test]
fn exact_metrics_repeat_exactly() {
    let run = run(&["--sessions", "2", "--repetitions", "1"]);
    for (first, second) in run.sessions[0]
        .scenarios
        .iter()
        .zip(&run.sessions[1].scenarios)
    {
        for exact in ["recall@10", "index_bytes", "segments", "bytes_per_entity"] {
            let value = |measured: &Measured| {
                measured.repetitions[0]
                    .metrics
                    .iter()
                    .find(|(name, _)| name.as_str() == exact)
                    .cloned()
            };
            assert_eq!(value(first), value(second), "{} {exact}", first.scenario);
        }
    }
}

#[test]
fn a_selection_declares_only_itself() {
    let run = run(&[
        "--only",
        "signals/**",
        "--sessions",
        "1",
        "--repetitions",
        "1",
    ]);
    assert_eq!(run.manifest.scenarios.len(), 1);
    assert_eq!(run.manifest.scenarios[0].scenario.as_str(), "signals/write");
}

#[test]
fn verify_checks_answers_and_writes_nothing() {
    let directory = directory();
    let output = bench(directory.path(), &["verify", "--tier", "tiny"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).expect("is text");
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("right  "))
            .count(),
        ids(Tier::Tiny).len(),
        "{text}"
    );
    assert_eq!(fs::read_dir(directory.path()).expect("is there").count(), 0);
}

#[test]
fn env_prints_an_environment() {
    let output = bench(directory().path(), &["env"]);
    let environment: Environment = serde_json::from_slice(&output.stdout).expect("parses");
    assert!(environment.tool.starts_with("bench "));
    assert!(environment.fingerprint.contains_key("rustc"));
}

#[test]
fn wrong_calls_exit_with_2_and_say_what_to_do() {
    let directory = directory();
    for (arguments, said) in [
        (
            &["run", "--out", "out.json", "--only", "vector/serach/k10"][..],
            "did you mean vector/search/k10",
        ),
        (
            &["run", "--out", "out.json", "--only", "vector/{a"],
            "is not a glob",
        ),
        (
            &["run", "--out", "missing/out.json"],
            "cannot write missing/out.json",
        ),
        (&["run", "--out", "."], "cannot write ."),
        (&["run"], "--out"),
        (&["run", "--out", "out.json", "--tier", "huge"], "smoke"),
        (
            &["run", "--out", "out.json", "--sessions", "0"],
            "--sessions",
        ),
        (
            &["run", "--out", "out.json", "--plant", "**:work"],
            "is not a plant",
        ),
        (
            &["run", "--out", "out.json", "--plant", "**:speed=4"],
            "no scenario it matches has that setting",
        ),
        (
            &["run", "--out", "out.json", "--plant", "video/**:work=5%"],
            "matches no scenario",
        ),
        (
            &["run", "--out", "out.json", "--cache", "/proc/cache"],
            "cannot use the cache at /proc/cache",
        ),
        (&["measure"], "unrecognized subcommand"),
    ] {
        let (code, stderr) = code_and_stderr(&bench(directory.path(), arguments));
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
        assert_eq!(code, Some(2), "{arguments:?}: {stderr}");
        assert!(!directory.path().join("out.json").exists(), "{arguments:?}");
    }
}

#[test]
fn a_wrong_answer_fails_the_run_and_stands_in_the_document() {
    let directory = directory();
    let selection = [
        "--tier",
        "tiny",
        "--only",
        "text/**",
        "--cache",
        "own-cache",
    ];
    let call = |arguments: &[&str]| bench(directory.path(), &[arguments, &selection].concat());
    assert_eq!(call(&["verify"]).status.code(), Some(0));
    // Another truth of the same size: the first word is the number of hits of the first query.
    let truth = prepared_file(&directory.path().join("own-cache"), "two-terms.words");
    let mut bytes = fs::read(&truth).expect("is there");
    bytes[1] ^= 1;
    cache::replace(&truth, &bytes);

    let output = call(&["verify"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("is text");
    assert!(
        text.starts_with("WRONG  text/search/two-terms  query 0: "),
        "{text}"
    );

    let (code, stderr) = code_and_stderr(&call(&[
        "run",
        "--out",
        "out.json",
        "--sessions",
        "1",
        "--repetitions",
        "1",
    ]));
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("error: wrong answer from text/search/two-terms: query 0: "),
        "{stderr}"
    );
    let run = document(directory.path());
    assert_eq!(run.sessions[0].scenarios[0].check, Check::Failed);
}

#[test]
fn a_failed_repetition_stands_in_the_document_with_its_last_words() {
    let directory = directory();
    let selection = [
        "--tier",
        "tiny",
        "--only",
        "vector/**",
        "--cache",
        "own-cache",
    ];
    let call = |arguments: &[&str]| bench(directory.path(), &[arguments, &selection].concat());
    assert_eq!(call(&["verify"]).status.code(), Some(0));
    let index = prepared_file(&directory.path().join("own-cache"), "index.usearch");
    let length = fs::metadata(&index).expect("is there").len();
    cache::replace(&index, &vec![0; length as usize]);

    // Two scenarios of which the first crashes: the second is verified all the same.
    let both = ["verify", "--only", "signals/write"];
    let output = call(&both);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("is text");
    assert!(text.contains("FAILED vector/search/k10  "), "{text}");
    assert!(text.contains("right  signals/write\n"), "{text}");

    let once = ["--sessions", "1", "--repetitions", "1"];
    let run = [&["run", "--out", "out.json"][..], &once].concat();
    let (code, stderr) = code_and_stderr(&call(&run));
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stderr.contains(
            "vector/search/k10: the repetition process ended with exit status: 1\n  | error: "
        ),
        "{stderr}"
    );
    let run = document(directory.path());
    assert_eq!(run.validate(), Ok(()));
    assert!(run.sessions.is_empty());
    assert_eq!(run.failures[0].how, "ended with exit status: 1");
    assert!(run.failures[0].stderr[0].starts_with("error: "), "{stderr}");
}

#[test]
fn a_repetition_that_hangs_is_killed_and_stands_in_the_document() {
    let directory = directory();
    let mut run = vec!["run", "--tier", "tiny", "--out", "out.json"];
    // Extra work that takes for ever, so to speak.
    let plant = "signals/write:work=1000000%";
    run.extend([
        "--only",
        "signals/write",
        "--plant",
        plant,
        "--timeout",
        "1",
    ]);
    run.extend(["--sessions", "1", "--repetitions", "1"]);
    let (code, stderr) = code_and_stderr(&bench(directory.path(), &run));
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stderr.contains("--timeout SECONDS gives it more"),
        "{stderr}"
    );
    let run = document(directory.path());
    assert_eq!(run.failures[0].how, "did not end within 1 s");
}

/// What was written to `out.json`.
fn document(directory: &Path) -> Run {
    let text = fs::read(directory.join("out.json")).expect("the document is there");
    serde_json::from_slice(&text).expect("the document parses")
}

/// A file in the only entry of a cache.
fn prepared_file(cache: &Path, name: &str) -> PathBuf {
    let mut entries = fs::read_dir(cache)
        .expect("is there")
        .map(|entry| entry.expect("is readable").path());
    entries
        .find_map(|entry| Some(entry.join(name)).filter(|path| path.exists()))
        .expect("is prepared")
}

#[test]
fn a_repetition_without_prepared_files_is_refused() {
    let directory = directory();
    let arguments = [
        "repetition",
        "text/search/two-terms",
        "--tier",
        "tiny",
        "--cache",
        "empty",
    ];
    let (code, stderr) = code_and_stderr(&bench(directory.path(), &arguments));
    assert_eq!(code, Some(2));
    assert!(stderr.contains("text/index is not prepared"), "{stderr}");
}
