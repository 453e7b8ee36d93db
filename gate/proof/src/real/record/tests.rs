use super::*;

fn settings() -> Settings {
    Settings {
        budget: "60s".to_owned(),
        only: Vec::new(),
        expansion: 14,
        seed: 1,
        bench: "sha256:b".to_owned(),
        gate: "sha256:g".to_owned(),
        policy: "sha256:p".to_owned(),
    }
}

fn gate(case: Case, neighbour: bool) -> GateRecord {
    GateRecord {
        case,
        plant_only: None,
        neighbour,
        started: "2026-01-01T00:00:00Z".to_owned(),
        seconds: 61.25,
        exit_code: 3,
        broken: None,
        said: Some(Said {
            outcome: Outcome::Undecided,
            failed: vec![FailedRow {
                scenario: "a/b".to_owned(),
                metric: "latency.p50".to_owned(),
                verdict: Verdict::OverBudget,
                estimate: None,
            }],
            uniform: vec![UniformFinding {
                metric: "throughput".to_owned(),
                estimate: -0.01,
            }],
            rows: 23,
            passed: 20,
            undecided: 3,
            calibration_sessions: 0,
            pairs: 15,
            starts: Starts {
                warm_up: 6,
                first: 30,
                again: 0,
            },
            canaries: Canaries::Quiet,
        }),
        rivals: vec![RivalVerdict {
            rule: "any".to_owned(),
            failed: 1,
            right: Some(0),
            rows: 12,
        }],
    }
}

/// The same with the plant in a part of the scenarios.
fn in_a(gate: GateRecord) -> GateRecord {
    GateRecord {
        plant_only: Some("a/**".to_owned()),
        ..gate
    }
}

/// One that crashed.
fn broken(case: Case) -> GateRecord {
    GateRecord {
        exit_code: 101,
        broken: Some("exit status: 101".to_owned()),
        said: None,
        rivals: Vec::new(),
        ..gate(case, false)
    }
}

fn recording(gates: Vec<GateRecord>) -> Recording {
    Recording {
        format: FORMAT.to_owned(),
        settings: settings(),
        gates,
    }
}

#[test]
fn cases_take_turns_until_each_has_enough() {
    use Case::{Unchanged, Work5, Work20};
    let plant = |case| Plant::new(case, None);
    let cases = [Work20, Unchanged].map(plant);
    let spared = Plant::new(Work20, Some("a/**"));
    let idle = |cases: &[Case]| cases.iter().map(|&case| gate(case, false)).collect();
    for (name, gates, expected) in [
        ("nothing yet", vec![], Some(Work20)),
        ("the other one's turn", idle(&[Work20]), Some(Unchanged)),
        ("the next round", idle(&[Work20, Unchanged]), Some(Work20)),
        (
            "one lags behind",
            idle(&[Unchanged, Unchanged]),
            Some(Work20),
        ),
        (
            "other cases",
            idle(&[Work5, Work5, Work20]),
            Some(Unchanged),
        ),
        (
            "enough",
            idle(&[Work20, Unchanged, Unchanged, Work20]),
            None,
        ),
        (
            "a broken one had its turn",
            vec![broken(Work20), broken(Work20), gate(Unchanged, false)],
            Some(Unchanged),
        ),
        (
            "another condition",
            vec![gate(Work20, true), gate(Unchanged, true)],
            Some(Work20),
        ),
        (
            "planted elsewhere",
            vec![in_a(gate(Work20, false)), gate(Unchanged, false)],
            Some(Work20),
        ),
    ] {
        let next = recording(gates).next(&cases, 2, false);
        assert_eq!(next, expected.map(plant), "{name}");
    }
    let one_each = vec![gate(Work20, false), in_a(gate(Work20, false))];
    assert_eq!(recording(one_each.clone()).next(&[spared], 1, false), None);
    assert_eq!(recording(one_each).next(&[spared], 2, false), Some(spared));
    assert_eq!(recording(Vec::new()).next(&cases, 0, false), None);
    assert_eq!(recording(Vec::new()).next(&[], 1, false), None);
}

#[test]
fn a_recording_is_continued_to_the_last_bit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("real.json");
    assert_eq!(
        Recording::resume(&path, settings()),
        Ok(recording(Vec::new()))
    );
    let mut grown = recording(Vec::new());
    let gates = Case::ALL.map(|case| gate(case, case == Case::Work5));
    let others = [in_a(gate(Case::Work5, false)), broken(Case::Unchanged)];
    for gate in gates.into_iter().chain(others) {
        grown.gates.push(gate);
        grown.write(&path).unwrap();
        assert_eq!(Recording::resume(&path, settings()), Ok(grown.clone()));
    }
    let files = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(files, 1, "nothing temporary is left");
}

#[test]
fn a_gate_is_broken_that_says_so_or_says_nothing() {
    let sound = gate(Case::Work5, false);
    let without_neighbour = GateRecord {
        broken: Some("the neighbour ended".to_owned()),
        ..sound.clone()
    };
    let silent = GateRecord {
        said: None,
        ..sound.clone()
    };
    let all = [sound, without_neighbour, silent, broken(Case::Work5)];
    assert_eq!(all.map(|gate| gate.is_broken()), [false, true, true, true]);
}

#[test]
fn other_settings_and_other_files_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("real.json");
    recording(vec![gate(Case::Work5, false)])
        .write(&path)
        .unwrap();
    type Change = fn(&mut Settings);
    let changes: [(&str, Change); 6] = [
        ("budget was 60s and is 20s", |s| s.budget = "20s".to_owned()),
        ("expansion was 14 and is 9", |s| s.expansion = 9),
        ("seed was 1 and is 2", |s| s.seed = 2),
        ("bench was sha256:b and is x", |s| s.bench = "x".to_owned()),
        ("gate was sha256:g and is x", |s| s.gate = "x".to_owned()),
        ("policy was sha256:p and is x", |s| {
            s.policy = "x".to_owned()
        }),
    ];
    for (said, change) in changes {
        let mut settings = settings();
        change(&mut settings);
        let why = Recording::resume(&path, settings).unwrap_err();
        assert!(why.contains(said), "{why}");
    }
    for (text, said) in [
        ("", "EOF"),
        ("{}", "missing field"),
        (r#"{"format": "gate.proof-real/1"}"#, "missing field"),
    ] {
        std::fs::write(&path, text).unwrap();
        let why = Recording::resume(&path, settings()).unwrap_err();
        assert!(why.contains(said), "{why}");
    }
    let newer = serde_json::to_string(&Recording {
        format: "gate.proof-real/2".to_owned(),
        ..recording(Vec::new())
    });
    let why = Recording::parse(&newer.unwrap()).unwrap_err();
    assert!(why.contains("gate.proof-real/2"), "{why}");
}
