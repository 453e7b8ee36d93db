use gate_schema::report::Verdict;

use super::*;
use crate::real::record::{Canaries, FailedRow, RivalVerdict, Said, Starts, UniformFinding};

fn gate(case: Case, exit_code: i32, failed: &[(&str, &str)]) -> GateRecord {
    let failed = failed.iter().map(|(scenario, metric)| FailedRow {
        scenario: (*scenario).to_owned(),
        metric: (*metric).to_owned(),
        verdict: Verdict::Regressed,
        estimate: Some(0.06),
    });
    GateRecord {
        case,
        plant_only: None,
        neighbour: false,
        started: "2026-01-01T00:00:00Z".to_owned(),
        seconds: 60.0,
        exit_code,
        broken: None,
        said: Some(Said {
            outcome: match exit_code {
                0 => Outcome::Pass,
                1 => Outcome::Fail,
                _ => Outcome::Undecided,
            },
            failed: failed.collect(),
            uniform: Vec::new(),
            rows: 20,
            passed: 18,
            undecided: if exit_code == 3 { 2 } else { 0 },
            calibration_sessions: 0,
            pairs: 15,
            starts: Starts {
                warm_up: 6,
                first: 30,
                again: if exit_code == 1 { 36 } else { 0 },
            },
            canaries: Canaries::NotMeasured,
        }),
        rivals: Vec::new(),
    }
}

/// One that a signal killed.
fn killed(case: Case) -> GateRecord {
    GateRecord {
        exit_code: -1,
        seconds: 3.0,
        broken: Some("signal: 9 (SIGKILL)".to_owned()),
        said: None,
        ..gate(case, 0, &[])
    }
}

fn with_rivals(mut gate: GateRecord, [first, second]: [usize; 2]) -> GateRecord {
    gate.rivals = [("critcmp 5 %", first), ("benchstat", second)]
        .map(|(rule, failed)| RivalVerdict {
            rule: rule.to_owned(),
            failed,
            right: Some(failed / 2),
            rows: 12,
        })
        .into();
    gate
}

fn beside_a_neighbour(gate: GateRecord) -> GateRecord {
    GateRecord {
        neighbour: true,
        seconds: 90.0,
        ..gate
    }
}

#[test]
fn false_alarms_are_counted_per_machine() {
    let gates = [
        gate(Case::Unchanged, 0, &[]),
        gate(Case::Unchanged, 3, &[]),
        gate(Case::Unchanged, 3, &[]),
        gate(Case::Work5, 1, &[("a", "latency.p50")]),
        beside_a_neighbour(gate(
            Case::Unchanged,
            1,
            &[("a", "latency.p50"), ("b", "segments")],
        )),
    ];
    assert_eq!(
        unchanged(&gates),
        "| A/A, machine | Gates | Failed | 95 % interval | Broken | Undecided | Rows failed | Undecided rows, median | Starts measured again | Median seconds |\n\
         |---|---:|---:|---|---:|---:|---|---:|---:|---:|\n\
         | idle | 3 | 0.0 % | [0.0, 70.8] | 0 | 66.7 % | none | 10.0 % | 0.0 % | 60 |\n\
         | neighbour | 1 | 100.0 % | [2.5, 100.0] | 0 | 0.0 % | `a latency.p50` 1, `b segments` 1 | 0.0 % | 50.0 % | 90 |\n"
    );
}

#[test]
fn planted_changes_are_found_in_the_right_row_or_not() {
    let mut together = gate(Case::Work5, 1, &[]);
    let said = together.said.as_mut().unwrap();
    said.uniform.push(UniformFinding {
        metric: "latency.p50".to_owned(),
        estimate: 0.05,
    });
    let gates = [
        gate(
            Case::Memory20,
            1,
            &[("a", "latency.p50"), ("a", "peak_rss")],
        ),
        gate(Case::Work5, 1, &[("a", "latency.p50"), ("b", "recall@10")]),
        gate(Case::Work5, 1, &[("b", "recall@10")]),
        gate(Case::Work5, 3, &[]),
        together,
        beside_a_neighbour(gate(Case::Tail10, 1, &[("a", "latency.mean")])),
    ];
    assert_eq!(
        planted(&gates),
        "| Planted | Machine | Gates | Failed rightly | 95 % interval | Failed | Broken | Undecided | Wrong rows | Right rows |\n\
         |---|---|---:|---:|---|---:|---:|---:|---|---|\n\
         | work-5 | idle | 4 | 50.0 % | [6.8, 93.2] | 75.0 % | 0 | 25.0 % | `b recall@10` 2 | `a latency.p50` 1, `all together latency.p50` 1 |\n\
         | tail-10 | neighbour | 1 | 0.0 % | [0.0, 97.5] | 100.0 % | 0 | 0.0 % | none | none |\n\
         | memory-20 | idle | 1 | 100.0 % | [2.5, 100.0] | 100.0 % | 0 | 0.0 % | `a latency.p50` 1 | `a peak_rss` 1 |\n"
    );
}

#[test]
fn what_is_spared_stands_beside_what_is_not() {
    let in_a = |gate: GateRecord| GateRecord {
        plant_only: Some("a/**".to_owned()),
        ..gate
    };
    let gates = [
        gate(Case::Work20, 1, &[("a/b", "latency.p50")]),
        in_a(gate(Case::Work20, 1, &[("a/b", "latency.p50")])),
        in_a(gate(Case::Work20, 1, &[("c/d", "latency.p50")])),
    ];
    let text = planted(&gates);
    for row in [
        "| work-20 | idle | 1 | 100.0 % | [2.5, 100.0] | 100.0 % | 0 | 0.0 % | none | `a/b latency.p50` 1 |\n",
        "| work-20 in `a/**` | idle | 2 | 50.0 % | [1.3, 98.7] | 100.0 % | 0 | 0.0 % | `c/d latency.p50` 1 | `a/b latency.p50` 1 |\n",
    ] {
        assert!(text.contains(row), "{text}");
    }
    let text = versus(&gates.map(|gate| with_rivals(gate, [1, 2])));
    assert!(
        text.starts_with(
            "| Gates failed by | work-20, idle (1): all / rightly | work-20 in `a/**`, idle (2): all / rightly |\n"
        ),
        "{text}"
    );
}

#[test]
fn broken_gates_count_and_are_shown() {
    let without_neighbour = GateRecord {
        broken: Some("the neighbour ended before the gate did".to_owned()),
        ..beside_a_neighbour(gate(Case::Unchanged, 1, &[("a", "latency.p50")]))
    };
    let unreadable = GateRecord {
        exit_code: 1,
        ..killed(Case::Work5)
    };
    let gates = [
        gate(Case::Unchanged, 0, &[]),
        killed(Case::Unchanged),
        without_neighbour,
        gate(Case::Work5, 1, &[("a", "latency.p50")]),
        killed(Case::Work5),
        unreadable,
        GateRecord {
            broken: Some("anything".to_owned()),
            ..gate(Case::Work5, 1, &[("a", "latency.p50")])
        },
    ];
    let text = unchanged(&gates);
    for row in [
        "| idle | 2 | 0.0 % | [0.0, 84.2] | 1 | 0.0 % | none | 0.0 % | 0.0 % | 60 |\n",
        "| neighbour | 1 | 100.0 % | [2.5, 100.0] | 1 | 0.0 % | `a latency.p50` 1 | - | - | - |\n",
    ] {
        assert!(text.contains(row), "{text}");
    }
    let text = planted(&gates);
    assert!(
        text.contains(
            "| work-5 | idle | 4 | 25.0 % | [0.6, 80.6] | 75.0 % | 3 | 0.0 % | none | `a latency.p50` 2 |\n"
        ),
        "{text}"
    );
}

#[test]
fn crashes_and_gates_that_passed_are_never_right() {
    let mut crashed = gate(Case::Work20, 1, &[("a", "latency.p50")]);
    for row in &mut crashed.said.as_mut().unwrap().failed {
        row.verdict = Verdict::Missing;
    }
    // Early recordings list rows that the outcome excuses.
    let excused = gate(Case::Work20, 0, &[("a", "latency.p99")]);
    let text = planted(&[crashed.clone(), excused]);
    assert!(
        text.contains(
            "| work-20 | idle | 2 | 0.0 % | [0.0, 84.2] | 50.0 % | 0 | 0.0 % | `a latency.p50 missing` 1 | none |\n"
        ),
        "{text}"
    );
    crashed.case = Case::Unchanged;
    let text = unchanged(&[crashed]);
    assert!(text.contains("| `a latency.p50 missing` 1 |"), "{text}");
}

#[test]
fn rules_are_shown_on_the_gates_they_judged() {
    let gates = [
        with_rivals(gate(Case::Unchanged, 0, &[]), [1, 0]),
        with_rivals(gate(Case::Unchanged, 3, &[]), [0, 0]),
        with_rivals(gate(Case::Work20, 1, &[("a", "latency.p50")]), [1, 12]),
        gate(Case::Work20, 0, &[]),
    ];
    assert_eq!(
        versus(&gates),
        "| Gates failed by | unchanged, idle (2) | work-20, idle (1): all / rightly |\n\
         |---|---:|---:|\n\
         | **gate** | 0.0 % | 100.0 % / 100.0 % |\n\
         | critcmp 5 %, same pairs | 50.0 % | 100.0 % / 0.0 % |\n\
         | benchstat, same pairs | 0.0 % | 100.0 % / 100.0 % |\n"
    );
}

#[test]
fn what_an_early_recording_does_not_tell_is_not_made_up() {
    let mut gate = with_rivals(gate(Case::Work20, 1, &[]), [1, 2]);
    gate.rivals[0].right = None;
    let text = versus(&[gate]);
    assert!(
        text.contains("| critcmp 5 %, same pairs | 100.0 % / - |"),
        "{text}"
    );
    assert!(
        text.contains("| benchstat, same pairs | 100.0 % / 100.0 % |"),
        "{text}"
    );
}

#[test]
fn nothing_gives_no_table() {
    assert_eq!(unchanged(&[]) + &planted(&[]) + &versus(&[]), "");
    assert_eq!(versus(&[gate(Case::Unchanged, 0, &[])]), "");
}
