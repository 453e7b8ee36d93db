use gate_core::evaluate::Known;
use gate_schema::report::Outcome;
use gate_schema::run::Failure;

use super::*;
use crate::documents::{Documents, Part, Seen};
use crate::judge::{Gate, Judge as _};
use crate::noise::{Regime, Simulated};
use crate::workload::{Fleet, Workload};

const SCENARIOS: usize = 4;

/// A gate of two sessions: five pairs of everything, then ten of the first scenario.
fn left(effect: f64, with_canary: bool) -> Left {
    let machine = Simulated::new(5, Regime::Quiet, SCENARIOS);
    let fleet = Fleet::new(machine, Workload::Latency, 1).plant(1, effect);
    let mut documents = Documents::new(&fleet).unwrap();
    let all: Vec<Part> = (0..SCENARIOS)
        .map(|scenario| Part { scenario, pairs: 5 })
        .collect();
    documents.measure(&fleet, 0, &all).unwrap();
    let one = Part {
        scenario: 0,
        pairs: 10,
    };
    documents.measure(&fleet, 1, &[one]).unwrap();
    let canary = with_canary.then(|| documents.canaries(&fleet, 2, &all[..1]).unwrap());
    let report = {
        let sides = [&documents.baseline, &documents.candidate].map(|run| Seen::new(run).unwrap());
        let known = Known::default();
        let judged = Gate::default().evaluate([sides[0].side(), sides[1].side()], &known);
        judged.unwrap()
    };
    Left {
        report,
        baseline: documents.baseline,
        candidate: documents.candidate,
        canary,
    }
}

#[test]
fn starts_and_pairs_are_counted_over_all_documents() {
    let starts = |warm_up, first, again| Starts {
        warm_up,
        first,
        again,
    };
    let plain = left(0.0, false).said();
    assert_eq!((plain.pairs, plain.starts), (30, starts(8, 40, 20)));
    assert_eq!(left(0.0, true).said().starts, starts(8, 40, 30));

    let mut failed = left(0.0, false);
    let session = |at: usize| Some(failed.candidate.sessions[at].id.clone());
    for session in [None, session(0), session(1)] {
        failed.baseline.failures.push(Failure {
            scenario: failed.baseline.manifest.scenarios[0].scenario.clone(),
            session,
            pair: None,
            how: "killed by signal 11".to_owned(),
            stderr: Vec::new(),
        });
    }
    assert_eq!(failed.said().starts, starts(8, 41, 21));
}

#[test]
fn failed_rows_are_those_that_fail_the_gate() {
    let slow = left(0.5, false).said();
    assert_eq!(slow.outcome, Outcome::Fail);
    assert!(!slow.failed.is_empty());
    for row in &slow.failed {
        assert!(row.verdict == Verdict::Regressed && row.estimate.unwrap() > 0.4);
    }
    assert_eq!(slow.rows, slow.passed + slow.undecided + slow.failed.len());
    assert_eq!(slow.canaries, Canaries::NotMeasured);
    let unchanged = left(0.0, false).said();
    assert_eq!((unchanged.failed, unchanged.uniform), (vec![], vec![]));
}

#[test]
fn a_budget_that_the_base_breaks_as_well_is_no_failed_row() {
    let mut left = left(0.5, false);
    let worst = left.said().failed.len();
    let row = (left.report.rows.iter_mut()).find(|row| row.verdict == Verdict::Regressed);
    let row = row.unwrap();
    row.verdict = Verdict::OverBudget;
    for (blame, failed) in [
        (None, worst),
        (Some(Blame::CausedHere), worst),
        (Some(Blame::AlreadyOnBase), worst - 1),
    ] {
        let mut report = left.report.clone();
        let over = |row: &&mut Row| row.verdict == Verdict::OverBudget;
        report.rows.iter_mut().find(over).unwrap().blame = blame;
        let said = Left {
            report,
            ..left.clone()
        }
        .said();
        assert_eq!(said.failed.len(), failed, "{blame:?}");
    }
}

#[test]
fn rivals_judge_the_first_session_of_judged_timings() {
    let rivals = |case, only| left(0.5, false).rivals(Plant::new(case, only)).unwrap();
    let verdicts = rivals(Case::Work20, None);
    assert_eq!(verdicts.len(), 8, "all but the one that takes reports");
    for verdict in &verdicts {
        assert_eq!(verdict.rows, SCENARIOS, "{verdict:?}");
        assert_eq!(verdict.right, Some(verdict.failed), "{verdict:?}");
    }
    for (case, only) in [(Case::Memory20, None), (Case::Work20, Some("no/such"))] {
        let elsewhere = rivals(case, only);
        assert!(elsewhere.iter().all(|verdict| verdict.right == Some(0)));
    }
    let of = |name: &str| verdicts.iter().find(|v| v.rule == name).unwrap().failed;
    assert_eq!(
        (of("critcmp 10 %"), of("github-action-benchmark 200 %")),
        (1, 0)
    );
}

#[test]
fn what_was_planted_nowhere_proves_nothing() {
    let left = left(0.0, false);
    for (case, only, is_there) in [
        (Case::Unchanged, None, true),
        (Case::Work5, None, true),
        (Case::Work5, Some("simulated/0002"), true),
        (Case::Work5, Some("simulated/9999"), false),
        (Case::Recall1, None, false),
    ] {
        let why = left.unplanted(Plant::new(case, only));
        assert_eq!(why.is_none(), is_there, "{case:?} in {only:?}: {why:?}");
    }
}

#[test]
fn documents_are_read_where_a_gate_leaves_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let left = left(0.0, true);
    let write = |name: &str, text: String| std::fs::write(path(name), text).unwrap();
    write("verdict.json", serde_json::to_string(&left.report).unwrap());
    write(
        "baseline.json",
        serde_json::to_string(&left.baseline).unwrap(),
    );
    let why = Left::read(directory.path()).unwrap_err();
    assert!(why.starts_with("candidate.json: "), "{why}");
    write(
        "candidate.json",
        serde_json::to_string(&left.candidate).unwrap(),
    );
    assert!(Left::read(directory.path()).unwrap().canary.is_none());
    let canary = left.canary.as_ref().unwrap();
    write("canary.json", serde_json::to_string(canary).unwrap());
    let read = Left::read(directory.path()).unwrap();
    assert_eq!(read.said(), left.said());
    assert_eq!(read.canary, left.canary);
}
