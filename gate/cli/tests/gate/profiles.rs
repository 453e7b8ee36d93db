//! Stored profiles beside a run and beside a baseline: `gate promote --profiles` and
//! `gate compare --profiles`.

use gate_schema::id::Name;
use gate_schema::profile::{About, Profiler, Stacks, StacksBuilder, decode, encode};
use serde_json::Value;

use crate::scratch::{BASELINE, Engine, Ran, Scratch, demo};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn stacks(folded: &[(&str, u64)]) -> Stacks {
    let mut builder = StacksBuilder::default();
    for (stack, samples) in folded {
        let added = builder.add(stack.split(';'), *samples);
        added.expect("few samples");
    }
    builder.build()
}

/// What `bench profile` stores of `scenario`.
fn profile(scenario: &str, commit: &str, folded: &[(&str, u64)]) -> Vec<u8> {
    let about = About {
        scenario: name(scenario),
        commit: Some(commit.to_owned()),
        profiler: Profiler {
            tool: name("perf"),
            event: name("cpu-clock"),
            reason: "for a test".to_owned(),
        },
        period_ns: None,
        operations: None,
        time_per_operation: None,
        other_below: None,
    };
    encode(about, &stacks(folded))
}

/// A run that is a fifth slower than its baseline, with a profile of each.
fn slower() -> Scratch {
    let candidate = Engine {
        latency_ns: 60_000.0,
        sessions: 2,
        ..BASELINE
    };
    let scratch = demo(candidate);
    let of = |score: u64| {
        let folded = [
            ("t;search", 5_000),
            ("t;search;score", score),
            ("t;search;rare", 1),
        ];
        profile("demo/search", COMMIT, &folded)
    };
    scratch
        .write("base/demo.search.folded.zst", of(5_000))
        .write("now/demo.search.folded.zst", of(7_000))
        .write("run.json", scratch.read("main.json"));
    scratch
}

fn compared(scratch: &Scratch, arguments: &[&str]) -> (String, Value) {
    let all = [
        &[
            "compare",
            "main.json",
            "out.json",
            "--output",
            "verdict.json",
            "--output",
            "report.md",
        ],
        arguments,
    ];
    let ran = scratch.gate(&all.concat());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let verdict: Value = serde_json::from_str(&scratch.read("verdict.json")).expect("JSON");
    (ran.stderr, verdict["profiles"].clone())
}

#[test]
fn a_run_with_profiles_shows_its_hotspots() {
    let scratch = slower();
    let (_, none) = compared(&scratch, &[]);
    assert_eq!(none, Value::Null);
    let (_, profiles) = compared(&scratch, &["--profiles", "now"]);
    let alone = &profiles[0]["profiles"];
    assert_eq!(alone["status"], "candidate", "{profiles}");
    assert_eq!(alone["hotspots"][0]["name"], "score");
    let report = scratch.read("report.md");
    let summary =
        "<summary>Hotspots: 2 functions with more than 10% of a scenario's time</summary>";
    assert!(report.contains(summary), "{report}");
    assert!(
        report.contains("| `demo/search` | `score` | 35.0"),
        "{report}"
    );
    assert!(!scratch.path("profiles").exists(), "nothing was drawn");
}

#[test]
fn promoted_profiles_are_bounded_and_tell_what_grew_since() {
    let scratch = slower();
    let promote = [
        "promote",
        "run.json",
        "--baseline",
        "main.json",
        "--replace",
        "--reason",
        "a new start",
        "--by",
        "me",
    ];
    let ran = scratch.gate(&[&promote[..], &["--profiles", "base"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let said = "kept 1 profile in profiles/main\n";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    let kept = std::fs::read(scratch.path("profiles/main/demo.search.folded.zst"));
    let (head, folded) = decode(&kept.expect("is there")).expect("reads");
    assert_eq!(
        folded,
        "[other];rare 1\nt;search 5000\nt;search;score 5000\n"
    );
    assert_eq!(head.and_then(|head| head.about.other_below), Some(0.001));

    let (_, profiles) = compared(&scratch, &["--profiles", "now"]);
    let change = &profiles[0]["profiles"];
    assert_eq!(change["status"], "compared", "{profiles}");
    assert_eq!(change["grew"][0]["name"], "score");
    assert_eq!(change["grew"][0]["beyond_noise"], true);
    let picture = change["files"]["differential"].as_str().expect("a path");
    assert!(scratch.path(picture).exists(), "{picture}");

    // What was drawn lies beside the report, where profiles of a run may lie too.
    scratch.write(
        "profiles/demo.search.folded.zst",
        std::fs::read(scratch.path("now/demo.search.folded.zst")).expect("is there"),
    );
    assert_eq!(compared(&scratch, &["--profiles", "profiles"]).1, profiles);

    // Those of another promotion are not used, and whoever promotes without profiles is told.
    let other = || profile("demo/search", "other", &[("t;search", 1)]);
    scratch
        .write("profiles/main/demo.search.folded.zst", other())
        .write("profiles/main/demo.sort.folded.zst", other());
    let (said, profiles) = compared(&scratch, &["--profiles", "now"]);
    let note = "note: profiles/main is not used: a profile of commit other";
    assert_eq!(said.matches(note).count(), 1, "{said}");
    assert_eq!(profiles[0]["profiles"]["status"], "candidate");
    let ran = scratch.gate(&promote);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains(note), "{}", ran.stderr);
}

#[test]
fn profiles_of_something_else_are_not_promoted_and_change_no_verdict() {
    let scratch = slower();
    let of = |scenario: &str, commit: &str| profile(scenario, commit, &[("t;search", 9)]);
    let whole = of("demo/search", COMMIT);
    scratch
        .write("empty/readme", "")
        .write("other/a.folded.zst", of("demo/search", "another"))
        .write("headless/a.folded.zst", "t;search 9\n")
        .write("cut/a.folded.zst", &whole[..whole.len() / 2])
        .write("stranger/a.folded.zst", of("demo/gone", COMMIT))
        .write("twice/a.folded.zst", &whole)
        .write("twice/b.folded.zst", &whole)
        .write("some/a.folded.zst", &whole)
        .write("some/b.folded.zst", "t;search 9");
    let promote = [
        "promote",
        "out.json",
        "--baseline",
        "new.json",
        "--by",
        "me",
        "--reason",
        "the first one",
        "--accept",
        "few",
    ];
    for (folder, place, message, status) in [
        ("nowhere", "nowhere", "cannot read: ", "absent"),
        ("empty", "empty", "no stored profile here", "absent"),
        (
            "other",
            "other/a.folded.zst",
            "a profile of commit another, and the run is of 0123",
            "absent",
        ),
        (
            "headless",
            "headless/a.folded.zst",
            "the profile does not say which scenario it is of",
            "absent",
        ),
        ("cut", "cut/a.folded.zst", "does not unpack: ", "absent"),
        (
            "twice",
            "twice/b.folded.zst",
            "a second profile of demo/search",
            "candidate",
        ),
        (
            "some",
            "some/b.folded.zst",
            "the profile does not say which scenario it is of",
            "candidate",
        ),
    ] {
        let ran = scratch.gate(&[&promote[..], &["--profiles", folder]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{folder}");
        for said in [message, &format!("--> {place}\n")] {
            assert!(ran.stderr.contains(said), "{folder}: {}", ran.stderr);
        }
        assert!(!scratch.path("new.json").exists(), "{folder}");

        let (said, profiles) = compared(&scratch, &["--profiles", folder]);
        let note = format!("note: {place} is not used: {message}");
        assert!(said.contains(&note), "{folder}: {said}");
        let profiles = &profiles[0]["profiles"];
        assert_eq!(profiles["status"], status, "{folder}");
        if status == "absent" {
            let reason = profiles["reason"].as_str().expect("a reason");
            assert!(reason.contains(place), "{reason}");
        }
    }
    let (said, profiles) = compared(&scratch, &["--profiles", "stranger"]);
    assert!(
        said.contains("note: the profile of demo/gone is left out"),
        "{said}"
    );
    assert_eq!(profiles[0]["profiles"]["status"], "absent", "{profiles}");
    let reason = profiles[0]["profiles"]["reason"]
        .as_str()
        .expect("a reason");
    assert!(reason.ends_with("none of it is in stranger"), "{reason}");
}

/// `gate promote` of `run.json` with the profiles in `folder`, to `main.json`.
fn promoted(scratch: &Scratch, folder: &str) -> Ran {
    let to = [
        "promote",
        "run.json",
        "--baseline",
        "main.json",
        "--by",
        "me",
        "--replace",
        "--reason",
        "a new start",
    ];
    scratch.gate(&[&to[..], &["--profiles", folder]].concat())
}

#[test]
fn a_baseline_and_its_profiles_are_written_together_or_not_at_all() {
    let scratch = slower();
    let before = scratch.read("main.json");
    let refused = |blocked: &str| {
        let ran = promoted(&scratch, "base");
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains("cannot write: "), "{}", ran.stderr);
        assert_eq!(scratch.read("main.json"), before, "{blocked}");
    };
    scratch.write("profiles", "a file");
    refused("the folder");
    std::fs::remove_file(scratch.path("profiles")).expect("removable");
    scratch
        .write("profiles/main/demo.search.folded.zst/in/the", "way")
        .write("profiles/main/demo.gone.folded.zst", "earlier");
    refused("a file");
    assert_eq!(
        scratch.read("profiles/main/demo.gone.folded.zst"),
        "earlier"
    );
    std::fs::remove_dir_all(scratch.path("profiles/main/demo.search.folded.zst"))
        .expect("removable");
    let ran = promoted(&scratch, "base");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!scratch.path("profiles/main/demo.gone.folded.zst").exists());
    assert_ne!(scratch.read("main.json"), before);
}

#[test]
fn profiles_of_two_scenarios_never_share_a_file() {
    let scratch = slower();
    let of = |scenario: &str| profile(scenario, COMMIT, &[("t;search", 9)]);
    scratch
        .write("two/1.folded.zst", of("demo/search"))
        .write("two/2.folded.zst", of("demo.search"));
    let ran = promoted(&scratch, "two");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let kept = "kept 2 profiles in profiles/main\n";
    assert!(ran.stdout.contains(kept), "{}", ran.stdout);
    for (file, scenario) in [
        ("demo.search.folded.zst", "demo/search"),
        ("demo%2esearch.folded.zst", "demo.search"),
    ] {
        let kept = std::fs::read(scratch.path("profiles/main").join(file)).expect("is there");
        let (head, _) = decode(&kept).expect("reads");
        let about = head.expect("a head").about;
        assert_eq!(about.scenario.as_str(), scenario);
    }
}

/// As kept before small stacks kept their functions: what a function lost there would look like growth.
#[test]
fn profiles_that_an_earlier_gate_kept_are_read_and_not_compared() {
    let scratch = slower();
    let folded = [
        ("[other]", 3_000),
        ("t;search", 5_000),
        ("t;search;score", 2_000),
    ];
    let old = profile("demo/search", COMMIT, &folded);
    scratch.write("profiles/main/demo.search.folded.zst", old);
    let (said, profiles) = compared(&scratch, &["--profiles", "now"]);
    let note = "note: profiles/main is not used: an earlier gate kept it, ";
    assert!(said.contains(note), "{said}");
    assert_eq!(profiles[0]["profiles"]["status"], "candidate", "{profiles}");
    let old = "profiles/main/demo.search.folded.zst";
    let drawn = scratch.gate(&["flame", old, "--out", "old.svg"]);
    assert_eq!(drawn.code, 0, "{}", drawn.stderr);
    let (_, profiles) = compared(&scratch, &["--profiles", "profiles/main"]);
    let hotspots = &profiles[0]["profiles"]["hotspots"];
    assert_eq!(hotspots[0]["name"], "search", "{profiles}");
}
