//! What was measured and decided outlives an output that cannot be written.

use crate::project::{Project, ran, script};
use crate::scratch::Ran;

/// A project whose measuring command does `first`, which is to know of `$PLACE`.
fn project(first: &str) -> Project {
    let project = Project::quick();
    project.write("bench.sh", &format!("{first}\n{}", script()));
    project.commit("does more than it should");
    project
}

/// Checks with `place`, beside the work tree, as `$PLACE`.
fn check(project: &Project, place: &str, arguments: &[&str]) -> Ran {
    let mut gate = project.checking(arguments);
    gate.env("PLACE", project.outside(place));
    ran(gate.output().expect("runs"))
}

/// The answer was printed, and exit 2 does not hide which one it was.
fn assert_answered(ran: &Ran, problem: &str) {
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.starts_with("PASS"), "{}", ran.stdout);
    assert!(
        ran.errors().starts_with("error[G301]: cannot write: "),
        "{}",
        ran.stderr
    );
    assert!(ran.errors().contains(problem), "{}", ran.stderr);
    assert!(
        ran.errors().ends_with("without this the exit code is 0\n"),
        "{}",
        ran.stderr
    );
}

const KEPT: [&str; 3] = ["baseline.json", "candidate.json", "verdict.json"];

#[test]
fn an_output_that_vanishes_while_measuring_takes_nothing_else_along() {
    let project = project("rm -rf \"$PLACE\"");
    let outputs = [
        "--output",
        "../gone/verdict.json",
        "--output",
        "../report.md",
    ];
    for (place, kept) in [("gone", &KEPT[..]), ("runs", &[])] {
        std::fs::create_dir_all(project.outside("gone")).expect("writable");
        let ran = check(&project, place, &outputs);
        assert_answered(&ran, &format!("../{place}/"));
        assert_eq!(project.names("runs"), kept, "{place}");
        let report = std::fs::read_to_string(project.outside("report.md")).expect("written");
        assert!(report.starts_with("### PASS"), "{place}: {report}");
        assert_eq!(project.names("gone").is_empty(), place == "gone", "{place}");
        std::fs::remove_file(project.outside("report.md")).expect("written");
    }
}

#[test]
fn runs_of_an_earlier_check_go_only_after_new_ones_are_there() {
    let project = project("[ -z \"$PLACE\" ] || { rm -rf \"$PLACE\"; mkdir \"$PLACE\"; }");
    assert_eq!(project.check(&[]).code, 0);
    let of = |name: &str| std::fs::read(project.outside(&format!("runs/{name}"))).ok();
    let before = [of("baseline.json"), of("verdict.json")];
    assert!(before.iter().all(Option::is_some));
    let ran = check(&project, "runs/candidate.json", &[]);
    assert_answered(&ran, "../runs/candidate.json");
    assert_eq!([of("baseline.json"), of("verdict.json")], before);
}

#[test]
fn a_folder_that_takes_no_file_is_found_before_anything_is_measured() {
    let project = Project::quick();
    // Nobody may make a file there, not even root.
    let ran = project.check(&["--output", "/proc/verdict.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(
        ran.stderr.starts_with("error[G301]: cannot write: "),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains(".tmp"), "{}", ran.stderr);
}

#[test]
fn what_was_promoted_calibrated_or_measured_is_not_written_over() {
    let project = Project::quick();
    assert_eq!(project.check(&[]).code, 0);
    project.write("baselines/main.json", "promoted\n");
    project.write("baselines/noise/0.json", "calibrated\n");
    for arguments in [
        // Against a release it is not even read.
        &["--drift", "--output", "baselines/main.json"][..],
        &["--drift", "--output", "baselines/noise/0.json"],
        &["--baseline", "../runs/baseline.json"],
    ] {
        let ran = project.check(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        let said = "error[G302]: the output is also an input\n";
        assert!(
            ran.stderr.starts_with(said),
            "{arguments:?}: {}",
            ran.stderr
        );
    }
    assert_eq!(project.read("baselines/main.json"), "promoted\n");
    assert_eq!(project.read("baselines/noise/0.json"), "calibrated\n");
    assert_eq!(project.names("runs"), KEPT);
}
