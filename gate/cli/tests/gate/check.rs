//! `gate check` on a real repository, with real processes and a made-up clock.

mod failures;
mod full_disk;
mod interrupts;
mod outputs;
mod profiles;
mod refusals;

use serde_json::{Value, json};

use crate::project::{LEVEL, Project, ran};

/// The row of `scenario`.
fn row<'a>(report: &'a Value, scenario: &str) -> &'a Value {
    let mut rows = report["rows"].as_array().expect("rows").iter();
    rows.find(|row| row["scenario"] == scenario)
        .unwrap_or_else(|| panic!("no {scenario} in {report}"))
}

#[test]
fn the_same_code_passes_and_the_repository_is_as_it_was() {
    let project = Project::new();
    project.git(&["branch", "other"]);
    let before = project.state();
    let ran = project.check(&[]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.starts_with("PASS"), "{}", ran.stdout);
    insta::assert_snapshot!(project.answer(&ran));
    assert_eq!(project.state(), before);
    assert_eq!(project.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(project.names(&project.cache()), ["build", "lock"]);
}

#[test]
fn a_slower_work_tree_fails_with_the_argument_at_hand() {
    let project = Project::new();
    project.level(LEVEL * 120 / 100);
    let before = project.state();
    let failed = project.check(&["--output", "../report.json"]);
    assert_eq!(failed.code, 1, "{}{}", failed.stdout, failed.stderr);
    insta::assert_snapshot!(project.answer(&failed));
    assert_eq!(project.state(), before);
    assert_eq!(
        project.names("runs"),
        ["baseline.json", "candidate.json", "verdict.json"]
    );
    let of = |name| std::fs::read(project.outside(name)).expect("readable");
    assert_eq!(of("report.json"), of("runs/verdict.json"));

    let explained = project.gate(&[
        "explain",
        "sort/numbers",
        "--report",
        "../runs/verdict.json",
    ]);
    assert_eq!(explained.code, 0, "{}", explained.stderr);
    insta::assert_snapshot!(explained.stdout);
}

#[test]
fn the_kept_runs_give_the_same_verdict_from_the_files_alone() {
    let project = Project::new();
    project.level(LEVEL * 120 / 100);
    let checked = project.check(&[]);
    let compare = |format: &str| {
        let runs = ["../runs/baseline.json", "../runs/candidate.json"];
        project.gate(&["compare", runs[0], runs[1], "--format", format])
    };
    let (first, second) = (compare("json"), compare("json"));
    assert_eq!(first.code, checked.code, "{}", first.stderr);
    assert_eq!(first.stdout, second.stdout, "the same bytes every time");
    let verdict = std::fs::read_to_string(project.outside("runs/verdict.json"));
    assert_eq!(first.stdout, verdict.expect("readable"));
    assert_eq!(compare("terminal").stdout, checked.stdout);
}

#[test]
fn a_variable_reaches_one_side_alone() {
    let project = Project::quick();
    let slower = project.check(&["--candidate-env", "CLOCK_PERCENT=120"]);
    assert_eq!(slower.code, 1, "{}{}", slower.stdout, slower.stderr);
    let faster = project.check(&["--base-env", "CLOCK_PERCENT=120"]);
    assert_eq!(faster.code, 0, "{}{}", faster.stdout, faster.stderr);
    let report = project.kept("verdict.json");
    assert_eq!(row(&report, "sort/numbers")["verdict"], "improved");
    // The user's own environment reaches both.
    let mut both = project.checking(&[]);
    both.env("CLOCK_PERCENT", "120");
    assert_eq!(ran(both.output().expect("runs")).code, 0);
}

#[test]
fn two_commits_are_compared_from_a_subdirectory_whatever_the_work_tree_holds() {
    let project = Project::quick();
    let base = project.commit_level(LEVEL);
    let candidate = project.commit_level(LEVEL * 120 / 100);
    project
        .write("bench.sh", "exit 1\n")
        .write("deep/down", "here\n");
    let mut check = project.command(&[
        "check",
        "--base",
        &base,
        "--candidate",
        &candidate,
        "--no-profile",
    ]);
    let ran = ran(check
        .current_dir(project.path("deep"))
        .output()
        .expect("runs"));
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    // Without --runs they are kept in the cache.
    let runs = format!("{}/runs", project.cache());
    assert_eq!(
        project.names(&runs),
        ["baseline.json", "candidate.json", "verdict.json"]
    );
}

#[test]
fn drift_is_held_against_its_own_budget() {
    let project = Project::quick();
    for (percent, drift, code) in [(108, true, 0), (108, false, 1), (120, true, 1)] {
        project.level(LEVEL * percent / 100);
        let arguments: &[&str] = if drift { &["--drift"] } else { &[] };
        let ran = project.check(arguments);
        assert_eq!(ran.code, code, "{percent} {drift}: {}", ran.stdout);
        let is_drift = project.kept("verdict.json")["method"]["is_drift"].clone();
        assert_eq!(is_drift == json!(true), drift);
    }
}

#[test]
fn the_time_that_is_left_goes_to_what_is_too_noisy() {
    for (budget, code, settled) in [("1ns", 3, false), ("1h", 0, true)] {
        let project = Project::quick();
        let mut gate = project.checking(&["--budget", budget]);
        let ran = ran(gate.env("CLOCK_SCATTER", "3").output().expect("runs"));
        assert_eq!(ran.code, code, "{budget}: {}{}", ran.stdout, ran.stderr);
        let sessions = project.kept("candidate.json")["sessions"].clone();
        let sessions = sessions.as_array().map_or(0, Vec::len);
        assert_eq!(sessions > 1, settled, "{budget}: {sessions}");
    }
}

#[test]
fn only_what_is_asked_for_is_measured() {
    let project = Project::of_scenarios(&["map/get", "map/put", "scan"]);
    let ran = project.check(&["--only", "map/*"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let rows = project.kept("verdict.json")["rows"].clone();
    let scenarios: Vec<&Value> = (rows.as_array().expect("rows").iter())
        .map(|row| &row["scenario"])
        .collect();
    assert_eq!(scenarios, ["map/get", "map/put"]);
}

#[test]
fn what_is_said_about_other_scenarios_does_not_apply_to_those_asked_for() {
    let project = Project::of_scenarios(&["map/get", "scan"]);
    let rule = "\n[[rule]]\nscenario = \"scan\"\nmargin = \"10%\"\n";
    let policy = project.read("baselines/gate.toml") + rule;
    project.write("baselines/gate.toml", &policy).write(
        "baselines/waivers.toml",
        "[[waiver]]\nscenario = \"scan\"\nmetric = \"time\"\nceiling = \"8%\"\nreason = \"known\"\n\
         owner = \"team\"\nexpires = 2999-12-31\n",
    );
    let ran = project.check(&["--only", "map/*"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let report = project.kept("verdict.json");
    // The work tree has uncommitted changes, and that is all there is to say.
    let warnings = report["warnings"].as_array().expect("a list");
    assert!(
        warnings.iter().all(|warning| warning["warning"] == "dirty"),
        "{warnings:?}"
    );
    assert_eq!(report.get("waivers"), None);
}

#[test]
fn when_much_is_slower_the_baseline_is_measured_against_itself_first() {
    let names = ["map/get", "map/put", "map/scan", "sort"];
    let project = Project::of_scenarios(&names);
    project.level(LEVEL * 120 / 100);
    let ran = project.check(&[]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let canaries = &project.kept("verdict.json")["canaries"];
    assert_eq!(canaries["scenarios"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        canaries["fired"],
        json!([]),
        "it does not differ from itself"
    );
    let canary = &project.kept("canary.json")["manifest"]["scenarios"];
    assert_eq!(canary.as_array().map(Vec::len), Some(3));
    insta::assert_snapshot!(project.answer(&ran));
    // What it leaves is of this check alone.
    project.level(LEVEL);
    assert_eq!(project.check(&[]).code, 0);
    assert_eq!(
        project.names("runs"),
        ["baseline.json", "candidate.json", "verdict.json"]
    );
}

#[test]
fn scenarios_come_and_go() {
    let project = Project::of_scenarios(&["kept", "gone"]);
    project
        .write("scenarios", "kept\nnew\n")
        .write("new.sh", &crate::project::scenario("new"));
    std::fs::remove_file(project.path("gone.sh")).expect("it exists");
    let ran = project.check(&["--all"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let report = project.kept("verdict.json");
    for (scenario, verdict) in [("kept", "pass"), ("gone", "missing"), ("new", "added")] {
        assert_eq!(row(&report, scenario)["verdict"], verdict, "{scenario}");
    }
    insta::assert_snapshot!(project.answer(&ran));
    // What is only added fails nothing.
    project.write("scenarios", "kept\ngone\nnew\n");
    project.write("gone.sh", &crate::project::scenario("gone"));
    let ran = project.check(&[]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn both_sides_are_built_before_anything_is_measured_and_a_cache_outlives_the_check() {
    let project = Project::quick();
    project.measure(
        "build = 'echo \"$GATE_SIDE $(pwd)\" >> \"$GATE_BUILD_CACHE/order\"; cp level built'\n\
         command = 'echo measured >> \"$GATE_BUILD_CACHE/order\"; sh bench.sh'\npairs = 3",
    );
    assert_eq!(project.check(&[]).code, 0);
    let order = || project.outside(&format!("{}/build/order", project.cache()));
    let first = std::fs::read_to_string(order()).expect("it outlives the check");
    let slot = std::fs::canonicalize(project.outside(&project.cache())).expect("there");
    let slot = slot.join("side").display().to_string();
    assert!(
        first.starts_with(&format!("base {slot}\ncand {slot}\nmeasured\n")),
        "{first}"
    );
    assert_eq!(first.matches(&slot).count(), 2, "each side is built once");
    assert_eq!(project.check(&[]).code, 0);
    let second = std::fs::read_to_string(order()).expect("it outlives the check");
    assert_eq!(second, first.repeat(2));
}

#[test]
fn what_the_base_had_done_already_is_not_blamed_on_the_candidate() {
    let project = Project::of_a_known_machine();
    project.promote(LEVEL);
    project.level(LEVEL * 120 / 100).commit("slower");
    let ran = project.check(&["--all"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let report = project.kept("verdict.json");
    let row = row(&report, "sort/numbers");
    assert_eq!(row["verdict"], "pass");
    assert_eq!(row["blame"], "already_on_base");
    let since = row["since_promoted"]["estimate"]
        .as_f64()
        .expect("a number");
    assert!((0.15..0.25).contains(&since), "{since}");
    insta::assert_snapshot!(project.answer(&ran));

    // The same step made by the candidate is its own.
    project.level(LEVEL * 140 / 100);
    let ran = project.check(&[]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let report = project.kept("verdict.json");
    assert_eq!(self::row(&report, "sort/numbers")["blame"], "caused_here");

    // A release has no use for it.
    let drift = project.check(&["--drift", "--candidate", "HEAD"]);
    assert_eq!(drift.code, 0, "{}{}", drift.stdout, drift.stderr);
    let report = project.kept("verdict.json");
    assert_eq!(self::row(&report, "sort/numbers").get("blame"), None);
}

impl Project {
    fn commit_level(&self, nanoseconds: u64) -> String {
        self.level(nanoseconds)
            .write("again", &nanoseconds.to_string());
        self.commit("another level")
    }

    /// Commits a promoted baseline of six sessions at this level.
    fn promote(&self, nanoseconds: u64) {
        let scatter = [0, 4, 9, 2, 7];
        for session in 0..6_u64 {
            let repetitions: Vec<Value> = (scatter.iter())
                .map(|s| nanoseconds * (1000 + s + session) / 1000)
                .map(|time| json!({"sort/numbers": {"time_ns": time}}))
                .collect();
            std::fs::write(self.outside("flat.json"), json!(repetitions).to_string())
                .expect("writable");
            let flat = ["flat", "../flat.json", "--out", "../run.json"];
            let imported =
                self.gate(&[&["import"], &flat[..], &["--environment", "env.json"]].concat());
            assert_eq!(imported.code, 0, "{}", imported.stderr);
            let promoted = self.gate(&[
                "promote",
                "../run.json",
                "--by",
                "tester",
                "--reason",
                "imported",
                "--accept",
                "source,few",
            ]);
            assert_eq!(promoted.code, 0, "{}", promoted.stderr);
        }
        self.commit("promoted");
    }
}
