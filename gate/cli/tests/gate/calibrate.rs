//! `gate calibrate`, `gate lint`, and what a check makes of them.

use serde_json::Value;

use crate::project::{LEVEL, Project, ran};
use crate::scratch::Ran;

/// Three sessions are the fewest that say something.
const QUICK: [&str; 3] = ["calibrate", "--pairs", "3"];

/// Calibrates with a clock that scatters this many times more.
fn calibrate(project: &Project, scatter: &str) -> Ran {
    let mut gate = project.command(&QUICK);
    ran(gate.env("CLOCK_SCATTER", scatter).output().expect("runs"))
}

/// The one calibration: its file name, and what it says.
fn noise(project: &Project) -> (String, Value) {
    let [name] = &project.names("project/baselines/noise")[..] else {
        panic!("one file in {:?}", project.names("project/baselines"))
    };
    (
        name.clone(),
        project.json(&format!("baselines/noise/{name}")),
    )
}

fn sessions(noise: &Value) -> usize {
    let rows = noise["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 1, "{noise}");
    rows[0]["sessions"].as_array().expect("sessions").len()
}

#[test]
fn a_calibration_is_stored_under_its_machine_and_grows() {
    let project = Project::of_a_known_machine();
    let before = project.state();
    let first = calibrate(&project, "1");
    assert_eq!(first.code, 0, "{}{}", first.stdout, first.stderr);
    insta::assert_snapshot!(first.stdout);
    let (name, noise) = self::noise(&project);
    // First digits of `printf 'cores=2\ncpu_model=Zen 5\n' | sha256sum`.
    assert_eq!(name, "5d9da6e61330.json");
    assert_eq!(noise["format"], "gate.noise/1");
    assert_eq!(noise["fingerprint"]["cpu_model"], "Zen 5");
    assert_eq!(sessions(&noise), 3);

    let second = project.gate(&[&QUICK[..], &["HEAD", "--sessions", "1"]].concat());
    assert_eq!(second.code, 0, "{}{}", second.stdout, second.stderr);
    assert_eq!(sessions(&self::noise(&project).1), 4);
    assert_eq!(
        project.git(&["status", "--porcelain"]),
        "?? baselines/noise/"
    );
    std::fs::remove_dir_all(project.path("baselines/noise")).expect("written");
    assert_eq!(project.state(), before);
    assert_eq!(project.names(&project.cache()), ["build", "lock"]);
}

#[test]
fn a_check_uses_what_was_calibrated() {
    let project = Project::of_a_known_machine();
    project.level(LEVEL * 120 / 100);
    let without = project.check(&[]);
    assert_eq!(without.code, 1, "{}{}", without.stdout, without.stderr);
    assert!(
        without.stdout.contains("noise from these pairs alone"),
        "{}",
        without.stdout
    );
    assert_eq!(calibrate(&project, "1").code, 0);
    let with = project.check(&[]);
    assert_eq!(with.code, 1, "{}{}", with.stdout, with.stderr);
    let verdict = project.kept("verdict.json");
    assert_eq!(verdict["method"]["calibration_sessions"], 3);
    let said = "judged on 6 interleaved pairs; noise from 3 calibration sessions\n";
    assert!(with.stdout.contains(said), "{}", with.stdout);
    // The kept runs say the same again, with the policy beside which the calibration is.
    let runs = ["../runs/baseline.json", "../runs/candidate.json"];
    let compared = project.gate(
        &[
            &[
                "compare",
                runs[0],
                runs[1],
                "--policy",
                "baselines/gate.toml",
            ][..],
            &["--format", "json"],
        ]
        .concat(),
    );
    let compared: Value = serde_json::from_str(&compared.stdout).expect("JSON");
    assert_eq!(compared, verdict);
    // Another policy is for the same machine.
    project.write("strict.toml", &project.read("baselines/gate.toml"));
    let elsewhere = project.check(&["--policy", "strict.toml"]);
    assert!(elsewhere.stdout.contains(said), "{}", elsewhere.stdout);
}

#[test]
fn a_check_that_did_not_fail_can_be_added() {
    let project = Project::of_a_known_machine();
    assert_eq!(calibrate(&project, "1").code, 0);
    assert_eq!(project.check(&[]).code, 0);
    let add = ["calibrate", "--add", "../runs"];
    // Whatever is added twice is there once.
    for _ in 0..2 {
        let added = project.gate(&add);
        assert_eq!(added.code, 0, "{}", added.stderr);
        let file = noise(&project).0;
        let said = format!("/baselines/noise/{file}\n");
        assert!(added.stderr.ends_with(&said), "{}", added.stderr);
        assert_eq!(sessions(&noise(&project).1), 4);
        assert_eq!(project.gate(&["lint"]).stdout, added.stdout);
    }
    let before = noise(&project);
    let refused = |message: &str| {
        let refused = project.gate(&add);
        assert_eq!(
            (refused.code, refused.stdout.as_str()),
            (2, ""),
            "{message}"
        );
        let said = format!("error{message}\n  --> ../runs/verdict.json\n");
        assert!(refused.stderr.starts_with(&said), "{}", refused.stderr);
        assert_eq!(noise(&project), before, "{message}");
    };
    let passed = project.kept("verdict.json");
    project.level(LEVEL * 120 / 100);
    assert_eq!(project.check(&[]).code, 1);
    refused("[G802]: the check failed, so nothing it measured is accepted");
    std::fs::write(project.outside("runs/verdict.json"), passed.to_string()).expect("writable");
    refused("[G104]: the verdict is not about the runs beside it");
    let both = project.gate(&["calibrate", "--add", "../runs", "--sessions", "3"]);
    assert_eq!(both.code, 2, "{}", both.stderr);
}

#[test]
fn the_calibration_of_another_machine_is_not_used() {
    let project = Project::of_a_known_machine();
    assert_eq!(calibrate(&project, "1").code, 0);
    project.write(
        "env.json",
        &crate::project::ENVIRONMENT.replace("Zen 5", "Xeon"),
    );
    project.commit("another machine");
    assert_eq!(project.check(&[]).code, 0);
    let method = &project.kept("verdict.json")["method"];
    assert_eq!(method.get("calibration_sessions"), None);
}

#[test]
fn lint_says_what_a_machine_cannot_resolve() {
    for (name, scatter, code) in [("calm", "1", 0), ("noisy", "20", 1)] {
        let project = Project::of_a_known_machine();
        let calibrated = calibrate(&project, scatter);
        assert_eq!(calibrated.code, 0, "{}", calibrated.stderr);
        let linted = project.gate(&["lint"]);
        assert_eq!((linted.code, linted.stderr.as_str()), (code, ""), "{name}");
        assert_eq!(linted.stdout, calibrated.stdout, "{name}");
        insta::assert_snapshot!(name, linted.stdout);
        let file = format!("baselines/noise/{}", noise(&project).0);
        let one = project.gate(&["lint", "--noise", &file]);
        assert_eq!(one.stdout, linted.stdout, "{name}");
    }
}

#[test]
fn lint_finds_what_belongs_to_the_repository_from_anywhere_in_it() {
    let project = Project::of_a_known_machine();
    assert_eq!(calibrate(&project, "1").code, 0);
    let top = project.gate(&["lint"]);
    assert_eq!(top.code, 0, "{}", top.stderr);
    project.write("inner/file", "");
    let mut lint = project.command(&["lint"]);
    lint.current_dir(project.path("inner"));
    let inner = ran(lint.output().expect("runs"));
    assert_eq!(
        (inner.code, &inner.stdout),
        (0, &top.stdout),
        "{}",
        inner.stderr
    );
    // Elsewhere the files can be named.
    let file = format!("project/baselines/noise/{}", noise(&project).0);
    let named = [
        "lint",
        "--noise",
        &file,
        "--policy",
        "project/baselines/gate.toml",
    ];
    let mut lint = project.command(&named);
    lint.current_dir(project.outside("."));
    assert_eq!(ran(lint.output().expect("runs")).stdout, inner.stdout);
}

#[test]
fn starts_that_still_warm_up_are_told_until_as_many_are_dropped() {
    let project = Project::of_a_known_machine();
    // The first six starts of each calibration are slow: one tells the scenarios, one is dropped, four
    // are two pairs.
    let slow_start = "\
        n=0\n\
        [ ! -e \"$GATE_BUILD_CACHE/starts\" ] || read -r n < \"$GATE_BUILD_CACHE/starts\"\n\
        echo $((n + 1)) > \"$GATE_BUILD_CACHE/starts\"\n\
        [ $((n % 42)) -ge 6 ] || export CLOCK_PERCENT=130\n";
    let script = project.read("bench.sh");
    project.write("bench.sh", &format!("{slow_start}{script}"));
    let calibrate = || project.gate(&["calibrate", "--sessions", "2"]);
    let once = calibrate();
    assert!(!once.stdout.contains("warming up"), "{}", once.stdout);
    let calibrated = calibrate();
    assert_eq!(calibrated.code, 0, "{}", calibrated.stderr);
    let said = "\nstill warming up after the 1 start dropped: sort/numbers for 4 more starts; \
                set `warm-up-starts = 5` in [measure]\n";
    assert!(calibrated.stdout.ends_with(said), "{}", calibrated.stdout);
    let linted = project.gate(&["lint"]);
    assert_eq!(linted.stdout, calibrated.stdout);
    let policy = project.read("baselines/gate.toml");
    project.write(
        "baselines/gate.toml",
        &format!("{policy}warm-up-starts = 5\n"),
    );
    let linted = project.gate(&["lint"]);
    assert!(!linted.stdout.contains("warming up"), "{}", linted.stdout);
    let again = project.gate(&[&QUICK[..], &["--sessions", "1"]].concat());
    let checked = project.check(&[]);
    for (ran, side) in [(again, "baseline"), (checked, "candidate")] {
        let said = format!("warming up the {side}: 1 scenario, 5 starts each\n");
        assert!(ran.stderr.contains(&said), "{}", ran.stderr);
    }
}

#[test]
fn what_cannot_be_calibrated_is_refused_and_nothing_written() {
    let project = Project::new();
    let refused = calibrate(&project, "1");
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    insta::assert_snapshot!("unknown_machine", refused.errors());
    assert!(!project.path("baselines/noise").exists());

    let project = Project::of_a_known_machine();
    project.write("bench.sh", "echo 'no such engine' >&2\nexit 3\n");
    let refused = calibrate(&project, "1");
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    insta::assert_snapshot!("every_scenario_failed", refused.errors());
    assert!(!project.path("baselines/noise").exists());

    // It is known before anything is measured that it could not be kept.
    let project = Project::of_a_known_machine();
    project.write("baselines/noise", "not a folder");
    let refused = calibrate(&project, "1");
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    insta::assert_snapshot!("nowhere_to_keep_it", project.shown(refused.errors()));
    let has_measured = refused.stderr.contains("the build against itself");
    assert!(!has_measured, "{}", refused.stderr);
}

#[test]
fn lint_needs_a_sound_calibration() {
    let project = Project::of_a_known_machine();
    let refused = project.gate(&["lint"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    insta::assert_snapshot!("no_calibration", project.shown(&refused.stderr));
    for (content, expected) in [
        ("{", "error[G102]: not a calibration: EOF"),
        (
            "{\"format\": \"gate.noise/9\", \"created\": \"\", \"fingerprint\": {}, \"rows\": []}",
            "error[G103]",
        ),
    ] {
        project.write("baselines/noise/0.json", content);
        let refused = project.gate(&["lint"]);
        assert_eq!(refused.code, 2, "{content}");
        assert!(refused.stderr.starts_with(expected), "{}", refused.stderr);
    }
}
