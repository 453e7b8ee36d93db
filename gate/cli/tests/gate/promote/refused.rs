//! What speaks against a run, and the word by which each is accepted, if any.

use serde_json::{Value, json};

use super::{of_sessions, promote, without_memory};
use crate::scratch::{BASELINE, Engine, Scratch, git, run};

/// What `--accept` takes.
const WORDS: [&str; 7] = [
    "worse",
    "faster",
    "redefined",
    "missing",
    "source",
    "history",
    "few",
];

/// A run of `demo/search` and of `demo/insert`, which is as fast.
fn of_two_scenarios() -> Value {
    let mut document = run(BASELINE);
    let double = |list: &mut Value| {
        let list = list.as_array_mut().expect("a list");
        let mut second = list[0].clone();
        second["scenario"] = json!("demo/insert");
        list.push(second);
    };
    double(&mut document["manifest"]["scenarios"]);
    for session in document["sessions"].as_array_mut().expect("sessions") {
        double(&mut session["scenarios"]);
    }
    document
}

fn edited(pointer: &str, value: Value) -> Value {
    let mut document = run(BASELINE);
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    document.pointer_mut(parent).expect("the parent exists")[key] = value;
    document
}

#[test]
fn what_should_not_become_a_baseline_is_refused() {
    let few = |mut document: Value| {
        for session in document["sessions"].as_array_mut().expect("sessions") {
            session["scenarios"][0]["repetitions"]
                .as_array_mut()
                .expect("repetitions")
                .truncate(4);
        }
        document
    };
    for (name, document, code, yields) in [
        (
            "dirty",
            edited("/source/dirty", json!(true)),
            "G401",
            "source",
        ),
        (
            "unknown source",
            edited("/source", json!({})),
            "G401",
            "source",
        ),
        ("few repetitions", few(run(BASELINE)), "G401", "few"),
        ("few sessions", of_sessions(2), "G401", "few"),
        (
            "wrong answer",
            edited("/sessions/0/scenarios/0/check", json!("failed")),
            "G402",
            "",
        ),
        (
            "failed repetition",
            edited(
                "/failures",
                json!([{"scenario": "demo/search", "how": "killed by signal 11"}]),
            ),
            "G402",
            "",
        ),
        (
            "nothing but failed repetitions",
            {
                let failure = json!({"scenario": "demo/search", "how": "killed by signal 11"});
                let mut document = edited("/failures", json!([failure]));
                document["sessions"] = json!([]);
                document
            },
            "G402",
            "",
        ),
        (
            "planted",
            edited("/source/planted", json!(["text/**:work=20%"])),
            "G402",
            "",
        ),
        (
            "incomplete",
            edited("/sessions/0/scenarios", json!([])),
            "G402",
            "",
        ),
    ] {
        let scratch = Scratch::new();
        scratch.json("out.json", &document);
        let ran = promote(&scratch, &[]);
        assert_eq!(ran.code, 2, "{name}");
        assert!(ran.stderr.contains(code), "{name}: {}", ran.stderr);
        assert_eq!(scratch.names(), ["out.json"], "{name}: nothing is written");
        for word in WORDS {
            let ran = promote(&scratch, &["--reason", "first baseline", "--accept", word]);
            assert_eq!(ran.code == 0, word == yields, "{name}: {}", ran.stderr);
            let _ = std::fs::remove_file(scratch.path("main.json"));
        }
        let ran = promote(&scratch, &["--reason", "first baseline"]);
        assert_eq!(ran.code, 2, "{name}: a reason alone accepts nothing");
        let hint = format!("--accept {yields} and --reason");
        let is_told = yields.is_empty() || ran.stderr.contains(&hint);
        assert!(is_told, "{name}: {}", ran.stderr);
        let blank = Scratch::new();
        blank.json("out.json", &document);
        assert_eq!(
            promote(&blank, &["--reason", " ", "--accept", "source,few"]).code,
            2,
            "{name}: a blank reason is none"
        );
    }
}

#[test]
fn sessions_of_two_machines_are_never_mixed() {
    let scratch = Scratch::new();
    scratch.json("out.json", &run(BASELINE));
    assert_eq!(promote(&scratch, &[]).code, 0);
    scratch.json(
        "out.json",
        &edited("/environment/fingerprint/cpu_model", json!("Xeon")),
    );
    let accepted = scratch.read("main.json");
    let ran = promote(&scratch, &["--reason", "new machine"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("cpu_model differs") && ran.stderr.contains("--replace"),
        "{}",
        ran.stderr
    );
    assert_eq!(scratch.read("main.json"), accepted);
    assert_eq!(promote(&scratch, &["--replace"]).code, 2, "without a word");
    let ran = promote(&scratch, &["--replace", "--reason", "new machine"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn dropping_a_scenario_s_history_needs_a_reason() {
    let scratch = Scratch::new();
    scratch.json("out.json", &run(BASELINE));
    assert_eq!(promote(&scratch, &[]).code, 0);
    scratch.json(
        "out.json",
        &edited("/manifest/scenarios/0/params/items", json!(20_000)),
    );
    let accepted = scratch.read("main.json");
    let ran = promote(&scratch, &[]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("demo/search") && ran.stderr.contains("G401"),
        "{}",
        ran.stderr
    );
    assert_eq!(scratch.read("main.json"), accepted);
    let ran = promote(&scratch, &["--reason", "twice the items"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains("--accept redefined"), "{}", ran.stderr);
    let accept = ["--reason", "twice the items", "--accept", "redefined"];
    assert_eq!(promote(&scratch, &accept).code, 0);
}

#[test]
fn what_nothing_guards_any_more_needs_more_than_a_reason() {
    let scratch = Scratch::new();
    scratch.json("out.json", &of_two_scenarios());
    assert_eq!(promote(&scratch, &[]).code, 0);
    scratch.json("out.json", &run(BASELINE));
    for more in [
        &["--reason", "a smaller suite"][..],
        &["--replace", "--reason", "a new start"],
    ] {
        let ran = promote(&scratch, more);
        assert_eq!(ran.code, 2, "{}", ran.stdout);
        let said = "error[G401]: demo/insert is gone, and nothing guards it any more";
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        assert!(ran.stderr.contains("--accept missing"), "{}", ran.stderr);
    }
    assert_eq!(promote(&scratch, &["--accept", "missing"]).code, 2);
    let ran = promote(
        &scratch,
        &["--accept", "missing", "--reason", "a smaller suite"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout
            .contains("accepted for the reason: demo/insert is gone"),
        "{}",
        ran.stdout
    );
    scratch.json("out.json", &without_memory(BASELINE));
    let ran = promote(&scratch, &["--reason", "nobody looks at it"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("peak_rss of demo/search is gone"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_metric_that_is_gone_hides_no_level_that_got_worse() {
    let scratch = Scratch::new();
    scratch.json("out.json", &run(BASELINE));
    assert_eq!(promote(&scratch, &[]).code, 0);
    let slower = Engine {
        latency_ns: 100_000.0,
        ..BASELINE
    };
    scratch.json("out.json", &without_memory(slower));
    let reason = ["--reason", "nobody looks at it", "--accept", "missing"];
    let ran = promote(&scratch, &reason);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    let said = "worse than the accepted level: demo/search latency";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn a_level_that_moved_is_accepted_by_its_own_word() {
    let engine = |latency_ns| {
        run(Engine {
            latency_ns,
            ..BASELINE
        })
    };
    // Many levels of one kind, and the memory.
    let many = |files: f64, memory: f64| {
        let mut document = run(BASELINE);
        let names: Vec<String> = (0..25).map(|i| format!("files{i}")).collect();
        let metrics = document["manifest"]["scenarios"][0]["metrics"].as_array_mut();
        metrics.expect("metrics").extend(names.iter().map(
            |name| json!({"name": name, "kind": "value", "unit": "count", "direction": "lower"}),
        ));
        let sessions = document["sessions"].as_array_mut().expect("sessions");
        for (at, session) in sessions.iter_mut().enumerate() {
            session["id"] = json!(format!("{files}-{memory}-{at}"));
            let repetitions = &mut session["scenarios"][0]["repetitions"];
            for repetition in repetitions.as_array_mut().expect("repetitions") {
                for name in &names {
                    repetition["metrics"][name] = json!(files);
                }
                repetition["metrics"]["peak_rss"] = json!(memory);
            }
        }
        document
    };
    for (name, before, now, said) in [
        (
            "worse",
            engine(50_000.0),
            engine(52_000.0),
            "worse than the accepted level: demo/search latency",
        ),
        (
            "twice as fast",
            engine(50_000.0),
            engine(20_000.0),
            "suspiciously fast: demo/search latency",
        ),
        (
            "worse, among many that are better",
            many(1000.0, 1e6),
            many(100.0, 1.05e6),
            "worse than the accepted level: demo/search peak_rss",
        ),
        (
            "worse, from nothing",
            many(0.0, 1e6),
            many(3.0, 1e6),
            "worse than the accepted level: demo/search files0 0 -> 3, and 24 more",
        ),
    ] {
        let scratch = Scratch::new();
        scratch.json("out.json", &before);
        assert_eq!(promote(&scratch, &[]).code, 0, "{name}");
        scratch.json("out.json", &now);
        let ran = promote(&scratch, &[]);
        assert_eq!(ran.code, 2, "{name}: {}", ran.stdout);
        let said = format!("error[G401]: {said}");
        assert!(ran.stderr.contains(&said), "{name}: {}", ran.stderr);
        let kind = if said.contains("suspiciously") {
            "faster"
        } else {
            "worse"
        };
        for word in WORDS.into_iter().filter(|word| *word != kind).chain([kind]) {
            let ran = promote(&scratch, &["--reason", "it is so", "--accept", word]);
            assert_eq!(ran.code == 0, word == kind, "{name}: {}", ran.stderr);
        }
    }
    let scratch = Scratch::new();
    scratch.json("out.json", &engine(50_000.0));
    assert_eq!(promote(&scratch, &[]).code, 0);
    scratch.json("out.json", &engine(45_000.0));
    assert_eq!(promote(&scratch, &[]).code, 0, "better is not worse");
}

#[test]
fn in_a_repository_the_run_is_of_a_commit_of_its_history() {
    let scratch = Scratch::new();
    let git = |arguments: &[&str]| git(&scratch.path(""), arguments);
    let commit = || {
        git(&["commit", "--quiet", "--allow-empty", "--message", "one"]);
        git(&["rev-parse", "HEAD"])
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    let (first, head) = (commit(), commit());
    git(&["switch", "--quiet", "--create", "side"]);
    let side = commit();
    git(&["switch", "--quiet", "main"]);
    let invented = "0123456789abcdef0123456789abcdef01234567";
    for (name, commit, is_fine) in [
        ("what is checked out", &*head, true),
        ("before it", &first, true),
        ("another branch", &side, false),
        ("nowhere", invented, false),
        ("no id", "main", false),
        ("no commit", "--all", false),
    ] {
        scratch.json("out.json", &edited("/source/commit", json!(commit)));
        let ran = promote(&scratch, &[]);
        assert_eq!(ran.code == 0, is_fine, "{name}: {}", ran.stderr);
        let said = "is not in the history of what is checked out here";
        assert_eq!(
            ran.stderr.contains(said),
            !is_fine,
            "{name}: {}",
            ran.stderr
        );
        if !is_fine {
            assert!(ran.stderr.contains("error[G401]"), "{name}: {}", ran.stderr);
            let ran = promote(&scratch, &["--reason", "squashed", "--accept", "source"]);
            assert_eq!(ran.code, 2, "{name}: {}", ran.stdout);
            let ran = promote(&scratch, &["--reason", "squashed", "--accept", "history"]);
            assert!(ran.stdout.contains(said), "{name}: {}", ran.stderr);
        }
    }
}

/// A night measures one session of three repetitions, which tells little of a level.
#[test]
fn a_run_of_one_night_is_no_baseline_and_the_words_say_what_is() {
    let mut night = of_sessions(1);
    let repetitions = &mut night["sessions"][0]["scenarios"][0]["repetitions"];
    repetitions.as_array_mut().expect("repetitions").truncate(3);
    let scratch = Scratch::new();
    scratch.json("out.json", &night);
    let ran = promote(&scratch, &[]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    for said in [
        "the baseline would hold 1 session of demo/search, and needs 3",
        "demo/search was repeated 3 times in a session, and a baseline needs 5",
        "`bench run --sessions 3 --repetitions 5`",
    ] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
}
