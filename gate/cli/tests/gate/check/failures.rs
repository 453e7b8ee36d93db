//! Scenarios that crash, hang or write nonsense, and what becomes of the others.

use serde_json::Value;

use super::row;
use crate::project::{Project, scenario};
use crate::scratch::Ran;

/// Two scenarios, both sound.
fn project() -> Project {
    Project::of_scenarios(&["steady", "wobbly"])
}

/// The failures of a report: side, scenario, how, stderr.
fn failures(report: &Value) -> Vec<(String, String, String, Vec<String>)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let failures = report["failures"].as_array();
    (failures.into_iter().flatten())
        .map(|failed| {
            let failure = &failed["failure"];
            let stderr = failure["stderr"].as_array().into_iter().flatten();
            (
                text(&failed["side"]),
                text(&failure["scenario"]),
                text(&failure["how"]),
                stderr.map(text).collect(),
            )
        })
        .collect()
}

fn checked(project: &Project) -> (Ran, Value) {
    let ran = project.check(&["--all"]);
    let report = project.kept("verdict.json");
    (ran, report)
}

#[test]
fn a_candidate_that_fails_fails_the_check_and_the_others_are_judged() {
    for (name, script, how, stderr) in [
        (
            "status",
            "echo 'index out of range' >&2; exit 3",
            "exit status 3",
            &["index out of range"][..],
        ),
        (
            "signal",
            "echo 'out of memory'; kill -s KILL $$",
            "killed by signal 9",
            &["out of memory"],
        ),
        (
            "garbage",
            "echo garbage > \"$GATE_OUT\"",
            "wrote an unusable document: not a JSON object [G102]",
            &[],
        ),
        ("nothing", "true", "wrote no document to $GATE_OUT", &[]),
        (
            "another scenario",
            &scenario("another"),
            "wrote a document that does not declare it",
            &[],
        ),
    ] {
        let project = project();
        project.write("wobbly.sh", script);
        let (ran, report) = checked(&project);
        assert_eq!(ran.code, 1, "{name}: {}{}", ran.stdout, ran.stderr);
        let wobbly = "wobbly".to_owned();
        let stderr: Vec<String> = stderr.iter().map(|&line| line.to_owned()).collect();
        assert_eq!(
            failures(&report),
            [("candidate".to_owned(), wobbly, how.to_owned(), stderr)],
            "{name}"
        );
        assert_eq!(row(&report, "wobbly")["verdict"], "missing", "{name}");
        assert_eq!(row(&report, "steady")["verdict"], "pass", "{name}");
        assert!(
            ran.first_line().starts_with("FAIL  wobbly "),
            "{name}: {}",
            ran.stdout
        );
        if name == "status" {
            insta::assert_snapshot!("a_candidate_that_fails", project.answer(&ran));
            let report = ["--report", "../runs/verdict.json"];
            let explained = project.gate(&[&["explain", "wobbly"], &report[..]].concat());
            insta::assert_snapshot!("a_candidate_that_fails_explained", explained.stdout);
        }
    }
}

/// Far more than a sound start takes on the busiest machine: the result does not depend on it.
const TIMEOUT: &str = "timeout = '5s'";

#[test]
fn a_candidate_that_hangs_is_killed_with_all_it_started() {
    let project = project();
    project
        .write(
            "wobbly.sh",
            "echo waiting; tail -f /dev/null & echo $$ $! > \"$GATE_BUILD_CACHE/hung\"; wait",
        )
        .write(
            "baselines/gate.toml",
            &format!("{}{TIMEOUT}\n", project.read("baselines/gate.toml")),
        );
    let (ran, report) = checked(&project);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let [(side, scenario, how, stderr)] = &failures(&report)[..] else {
        panic!("one failure: {report}")
    };
    assert_eq!((&**side, &**scenario), ("candidate", "wobbly"));
    assert_eq!(how, "no end after 5s, killed");
    assert_eq!(&stderr[..], ["waiting"]);
    assert_eq!(row(&report, "steady")["verdict"], "pass");
    let hung = project.outside(&format!("{}/build/hung", project.cache()));
    for process in std::fs::read_to_string(hung)
        .expect("written")
        .split_whitespace()
    {
        assert!(!project.is_running(process), "{process}");
    }
}

/// Fails at its fourth start: one warms up, then pairs 0 and 1 are whole.
fn failing_later(name: &str) -> String {
    let counted = "starts=$(cat \"$GATE_BUILD_CACHE/starts\" 2> /dev/null || echo 0)\n\
                   echo $((starts + 1)) > \"$GATE_BUILD_CACHE/starts\"\n\
                   [ $starts -lt 3 ] || { echo 'out of handles' >&2; exit 3; }\n";
    counted.to_owned() + &scenario(name)
}

#[test]
fn a_candidate_that_fails_in_a_later_pair_is_not_started_again() {
    let project = project();
    project.write("wobbly.sh", &failing_later("wobbly"));
    let (ran, report) = checked(&project);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let failure = &report["failures"][0]["failure"];
    assert_eq!(
        (&failure["pair"], &failure["scenario"]),
        (&2.into(), &"wobbly".into())
    );
    assert!(
        failure["session"]
            .as_str()
            .is_some_and(|id| id.ends_with("/1")),
        "{failure}"
    );
    let starts = project.outside(&format!("{}/build/starts", project.cache()));
    assert_eq!(
        std::fs::read_to_string(starts).expect("written").trim(),
        "4"
    );
    assert_eq!(row(&report, "wobbly")["verdict"], "missing");
    insta::assert_snapshot!(project.answer(&ran));
}

#[test]
fn a_baseline_that_fails_is_not_blamed_on_the_candidate() {
    for (name, script) in [
        (
            "at once",
            "echo 'index out of range' >&2; exit 3".to_owned(),
        ),
        ("later", failing_later("wobbly")),
    ] {
        let project = project();
        project.write("wobbly.sh", &script).commit("broken");
        project.write("wobbly.sh", &scenario("wobbly"));
        let (ran, report) = checked(&project);
        assert_ne!(ran.code, 1, "{name}: {}{}", ran.stdout, ran.stderr);
        let [(side, failed, ..)] = &failures(&report)[..] else {
            panic!("{name}: one failure: {report}")
        };
        assert_eq!((&**side, &**failed), ("baseline", "wobbly"), "{name}");
        assert_eq!(row(&report, "steady")["verdict"], "pass", "{name}");
        assert!(
            ran.stdout
                .contains("next: compare wobbly with a base on which it runs"),
            "{name}: {}",
            ran.stdout
        );
        if name == "later" {
            insta::assert_snapshot!("a_baseline_that_fails_later", project.answer(&ran));
        }
    }
}

#[test]
fn a_scenario_that_fails_on_both_sides_is_said_to() {
    let project = project();
    project.write("wobbly.sh", "echo 'index out of range' >&2; exit 3");
    project.commit("broken");
    let (ran, report) = checked(&project);
    assert_eq!(failures(&report).len(), 2, "{report}");
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    insta::assert_snapshot!(project.answer(&ran));
}

#[test]
fn one_start_measures_once() {
    // `gate import` makes one repetition of each object in a list.
    let twice = scenario("wobbly").replace(
        r#"{"wobbly": {"time_ns": $((end - start))}}"#,
        r#"[{"wobbly": {"time_ns": 1}}, {"wobbly": {"time_ns": 2}}]"#,
    );
    let project = project();
    project.write("wobbly.sh", &twice);
    let (ran, report) = checked(&project);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let [(_, _, how, _)] = &failures(&report)[..] else {
        panic!("one failure: {report}")
    };
    assert_eq!(how, "wrote 2 repetitions; one start measures one");

    // Where nothing is listed either, nothing is left to judge.
    let project = Project::new();
    project.write("bench.sh", &twice.replace("wobbly", "sort/numbers"));
    project.commit("twice");
    let ran = project.check(&[]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout
            .contains("wrote 2 repetitions; one start measures one"),
        "{}",
        ran.stdout
    );
}

/// The clock of the page's script is the time of day, which people and daemons set.
#[test]
fn a_clock_that_is_set_back_fails_nobody() {
    let once = "n=$(cat \"$GATE_BUILD_CACHE/n\" 2> /dev/null || echo 0)\n\
                echo $((n + 1)) > \"$GATE_BUILD_CACHE/n\"\n\
                [ $n != 2 ] || export CLOCK_PERCENT=-100\n";
    let always = "export CLOCK_PERCENT=-100\n";
    for (name, first, code, verdict) in [
        ("once", once, 0, "pass"),
        ("always", always, 3, "inconclusive"),
    ] {
        let project = project();
        project.write("wobbly.sh", &format!("{first}{}", scenario("wobbly")));
        let (ran, report) = checked(&project);
        assert_eq!(ran.code, code, "{name}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(row(&report, "wobbly")["verdict"], verdict, "{name}");
        assert_eq!(row(&report, "steady")["verdict"], "pass", "{name}");
        assert_eq!(failures(&report).len(), 0, "{name}: {report}");
        let said = "warning: the clock stepped back while wobbly was measured on the candidate; it is \
                    measured again\n";
        assert!(ran.stderr.contains(said), "{name}: {}", ran.stderr);
        if name == "always" {
            insta::assert_snapshot!("a_clock_that_is_always_set_back", project.answer(&ran));
            let report = ["--report", "../runs/verdict.json"];
            let explained = project.gate(&[&["explain", "wobbly"], &report[..]].concat());
            insta::assert_snapshot!(
                "a_clock_that_is_always_set_back_explained",
                explained.stdout
            );
        }
    }
}

/// What takes less than a step of the clock takes no time by it, changed or not.
#[test]
fn a_clock_that_is_too_coarse_fails_nobody() {
    let project = project();
    let coarse = format!("export CLOCK_PERCENT=0\n{}", scenario("wobbly"));
    project.write("wobbly.sh", &coarse);
    let (ran, report) = checked(&project);
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    let wobbly = row(&report, "wobbly");
    assert_eq!(wobbly["verdict"], "inconclusive", "{wobbly}");
    assert_eq!(wobbly["reason"]["why"], "clock_coarse", "{wobbly}");
    assert_eq!(row(&report, "steady")["verdict"], "pass");
    assert_eq!(failures(&report).len(), 0, "{report}");
    let said = "the clock is too coarse; 0 of 3 repetitions count; measure more work at once";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
}
