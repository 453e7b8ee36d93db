//! What applies when only some scenarios were asked for.

use gate_schema::policy::Waiver;
use gate_schema::report::WaiverStatus;

use super::*;

fn waiver(scenario: &str, has_expired: bool) -> Waiver {
    Waiver {
        scenario: name(scenario),
        metric: name("time"),
        ceiling: Margin::Relative(0.1),
        ceiling_text: "10%".into(),
        reason: "known".into(),
        owner: "team".into(),
        link: None,
        expires: "2026-12-31".into(),
        has_expired,
    }
}

fn rule(scenario: &str, line: u32) -> Rule {
    Rule {
        scenario: scenario.into(),
        margin: Some(Margin::Relative(0.5)),
        line,
        ..Rule::default()
    }
}

#[test]
fn waivers_and_rules_of_other_scenarios_are_left_out() {
    for (label, only, waivers, rules, outcome) in [
        (
            "all scenarios",
            &[][..],
            &[WaiverStatus::NotNeeded, WaiverStatus::Unmatched][..],
            &[2, 3][..],
            Outcome::Fail,
        ),
        (
            "the one that is there",
            &["s"],
            &[WaiverStatus::NotNeeded],
            &[],
            Outcome::Pass,
        ),
        (
            "one that is not there",
            &["s", "gone/*"],
            &[WaiverStatus::NotNeeded, WaiverStatus::Unmatched],
            &[2],
            Outcome::Fail,
        ),
    ] {
        let policy = Policy {
            waivers: vec![waiver("s", false), waiver("gone/a", false)],
            only: only.iter().map(|glob| (*glob).to_owned()).collect(),
            // Whether a glob is about scenarios that were asked for, nobody can tell.
            ..policy(vec![rule("s", 1), rule("gone/a", 2), rule("gone/*", 3)])
        };
        let mut candidate = case(100.0).sessions(2).run();
        for session in &mut candidate.sessions {
            session.id.push_str("/candidate");
        }
        let report = judge_runs(&case(100.0).run(), &candidate, &policy).expect("overlap");
        let statuses: Vec<WaiverStatus> = report.waivers.iter().map(|w| w.status).collect();
        assert_eq!(statuses, waivers, "{label}");
        let lines: Vec<u32> = (report.warnings.iter())
            .map(|warning| match warning {
                Warning::RuleMatchesNothing { line, .. } => *line,
                other => panic!("{label}: {other:?}"),
            })
            .collect();
        assert_eq!(lines, rules, "{label}");
        assert_eq!(report.outcome, outcome, "{label}");
    }
}

#[test]
fn a_waiver_that_expired_fails_only_where_its_scenario_was_asked_for() {
    for (only, outcome) in [("s", Outcome::Fail), ("t", Outcome::Pass)] {
        let policy = Policy {
            waivers: vec![waiver("s", true)],
            only: vec![only.to_owned()],
            ..Policy::default()
        };
        let report = judge(&case(100.0), &case(100.0).sessions(2), &policy);
        assert_eq!(report.outcome, outcome, "{only}");
    }
}
