//! Every case here was a wrong verdict once.

use gate_schema::run::Proportion;

use super::*;
use crate::observe::records;

const NS: Unit = Unit::Nanoseconds;
const LOWER: Direction = Direction::Lower;

fn only(values: Values) -> Case {
    Case {
        metrics: vec![("latency", NS, LOWER, values)],
        ..case(1.0)
    }
}

fn row<'a>(report: &'a Report, metric: &str) -> &'a Row {
    report
        .rows
        .iter()
        .find(|r| r.metric.as_str() == metric)
        .unwrap_or_else(|| panic!("{metric}: {:#?}", report.rows))
}

#[test]
fn an_unmeasured_distribution_fails_under_the_built_in_policy() {
    let measured = only(Values::Latencies(100.0));
    for candidate in [
        only(Values::AbsentLatencies),
        Case {
            check: Check::Failed,
            ..measured.clone()
        },
        Case {
            metrics: vec![("other", NS, LOWER, Values::Around(1.0))],
            ..case(1.0)
        },
    ] {
        let report = judge(&measured, &candidate, &Policy::default());
        assert_eq!(report.outcome, Outcome::Fail, "{:#?}", report.rows);
    }
}

#[test]
fn rules_for_the_statistics_of_an_unmeasured_distribution_are_no_typo() {
    let rules = policy(vec![
        Rule {
            metric: "latency.p50".into(),
            margin: Some(Margin::Relative(0.1)),
            line: 3,
            ..Rule::default()
        },
        budget("p99", Operator::AtMost, 1e9),
    ]);
    let report = judge(
        &only(Values::Latencies(100.0)),
        &only(Values::AbsentLatencies),
        &rules,
    );
    assert_eq!(report.warnings, [Warning::ComparedWithItself]);
}

#[test]
fn constant_sessions_of_a_ratio_do_not_panic() {
    let hits = |each| case(1.0).with("hits", Unit::Ratio, Direction::Higher, Values::Each(each));
    let report = judge(
        &hits(&[0.99; 5]),
        &hits(&[0.985, 0.985, 0.985, 0.985, 0.98]),
        &Policy::default(),
    );
    assert!(row(&report, "hits").effect.is_some());
}

#[test]
fn a_changed_kind_is_incomparable_and_not_an_addition() {
    let report = judge(
        &only(Values::Latencies(100.0)),
        &only(Values::Around(1e9)),
        &Policy::default(),
    );
    assert_eq!(
        (
            row(&report, "latency").verdict,
            &row(&report, "latency").reason
        ),
        (Verdict::Incomparable, &Reason::Declaration)
    );
    assert_ne!(report.outcome, Outcome::Pass);
}

#[test]
fn recall_of_the_last_repetition_does_not_speak_for_the_others() {
    let recall = |every| {
        case(1.0).with(
            "recall@10",
            Unit::Ratio,
            Direction::Higher,
            Values::Recall { every },
        )
    };
    let (baseline, mut candidate) = (recall(1000).run(), recall(2).run());
    // The very last repetition is as good as the baseline.
    let good = baseline.sessions[0].scenarios[0].repetitions[0].clone();
    let last = candidate
        .sessions
        .last_mut()
        .and_then(|s| s.scenarios[0].repetitions.last_mut())
        .expect("measured");
    *last = good;
    let report = judge_runs(&baseline, &candidate, &Policy::default());
    assert_eq!(
        row(&report.expect("overlap"), "recall@10").verdict,
        Verdict::Regressed
    );
}

#[test]
fn the_same_recall_measured_more_often_is_exactly_the_same() {
    let recall = |every| {
        case(1.0).with(
            "recall@10",
            Unit::Ratio,
            Direction::Higher,
            Values::Recall { every },
        )
    };
    for every in [1, 3, 7] {
        let report = judge(
            &recall(every).sessions(7),
            &recall(every).sessions(2),
            &Policy::default(),
        );
        let row = row(&report, "recall@10");
        assert_eq!(
            (row.verdict, &row.reason),
            (Verdict::Pass, &Reason::Exact),
            "{row:#?}"
        );
    }
}

#[test]
fn sessions_count_where_queries_were_not_compared() {
    let rate = |every| {
        case(1.0).with(
            "hit_rate",
            Unit::Ratio,
            Direction::Higher,
            Values::Recall { every },
        )
    };
    // A relative margin is judged by repetitions, so the exact drop is what decides, not a session rule.
    let report = judge(
        &rate(1000).sessions(3),
        &rate(1).sessions(1),
        &Policy::default(),
    );
    assert_eq!(
        row(&report, "hit_rate").verdict,
        Verdict::Regressed,
        "{:#?}",
        row(&report, "hit_rate")
    );
    let scattered = |every: usize| {
        let mut run = rate(every).run();
        for (s, session) in run.sessions.iter_mut().enumerate() {
            for (r, repetition) in session.scenarios[0].repetitions.iter_mut().enumerate() {
                let queries = (0..100)
                    .map(|q| if q < (every + s + r) % 90 { 9 } else { 10 })
                    .collect();
                let value = Proportion::from_queries(queries, 10).expect("hits fit");
                let at = repetition
                    .metrics
                    .iter()
                    .position(|(n, _)| n.as_str() == "hit_rate")
                    .expect("there");
                repetition.metrics[at].1 = MetricValue::Proportion(Box::new(value));
            }
        }
        run
    };
    let (baseline, mut candidate) = (scattered(2), scattered(80));
    candidate.sessions.truncate(1);
    let report = judge_runs(&baseline, &candidate, &Policy::default());
    assert_eq!(
        row(&report.expect("overlap"), "hit_rate").verdict,
        Verdict::Inconclusive
    );
}

#[test]
fn timings_that_were_rounded_to_one_value_need_two_sessions_too() {
    let rounded = |level| only(Values::Exactly(level));
    let report = judge(
        &rounded(1000.0).sessions(1),
        &rounded(1040.0).sessions(1),
        &Policy::default(),
    );
    assert_eq!(row(&report, "latency").verdict, Verdict::Inconclusive);
}

#[test]
fn an_error_rate_near_zero_is_not_shifted_away() {
    let errors = |each| case(1.0).with("error_rate", Unit::Ratio, LOWER, Values::Each(each));
    let report = judge(
        &errors(&[0.001, 0.001, 0.0, 0.001, 0.001]),
        &errors(&[0.02; 5]).sessions(2),
        &Policy::default(),
    );
    assert_eq!(
        row(&report, "error_rate").verdict,
        Verdict::Regressed,
        "{:#?}",
        row(&report, "error_rate")
    );
}

#[test]
fn a_count_below_one_is_neither_shifted_nor_rounded_away() {
    let counted = |values| case(1.0).with("allocs", Unit::Count, LOWER, values);
    for (label, from, to, expected) in [
        (
            "one in fifty where there was none",
            Values::Exactly(0.0),
            Values::Exactly(0.02),
            Verdict::Regressed,
        ),
        (
            "none, as before",
            Values::Exactly(0.0),
            Values::Exactly(0.0),
            Verdict::Pass,
        ),
        (
            "a larger factor",
            Values::Around(1.5),
            Values::Around(1.8),
            Verdict::Regressed,
        ),
        (
            "the same factor",
            Values::Around(1.5),
            Values::Around(1.5),
            Verdict::Pass,
        ),
    ] {
        let candidate = counted(to).sessions(2);
        let report = judge(&counted(from), &candidate, &Policy::default());
        let row = row(&report, "allocs");
        assert_eq!(row.verdict, expected, "{label}: {row:#?}");
    }
}

#[test]
fn a_baseline_that_is_no_use_makes_nothing_an_addition() {
    let unusable = Case {
        check: Check::Failed,
        ..case(100.0)
    };
    let report = judge(&unusable, &case(500.0).sessions(2), &Policy::default());
    assert_eq!(
        (row(&report, "time").verdict, &row(&report, "time").reason),
        (Verdict::Incomparable, &Reason::BaselineUnusable)
    );
}

#[test]
fn a_margin_in_points_fits_ratios_only() {
    let points = Rule {
        metric: "time".into(),
        margin: Some(Margin::Absolute(0.005)),
        line: 1,
        ..Rule::default()
    };
    let (b, c) = (case(1.0).run(), case(1.0).run());
    assert!(matches!(
        judge_runs(&b, &c, &policy(vec![points])),
        Err(EvaluateError::Unit(_))
    ));
}

/// The run of a case, its scenario once for each level.
fn suite(levels: &[f64], sessions: usize) -> Run {
    let mut suite = case(levels[0]).sessions(sessions).run();
    for (at, level) in levels.iter().enumerate().skip(1) {
        let mut other = case(*level).sessions(sessions).run();
        let scenario = name(&format!("s{at}"));
        other.manifest.scenarios[0].scenario = scenario.clone();
        suite
            .manifest
            .scenarios
            .append(&mut other.manifest.scenarios);
        for (session, mut measured) in suite.sessions.iter_mut().zip(other.sessions) {
            measured.scenarios[0].scenario = scenario.clone();
            session.scenarios.append(&mut measured.scenarios);
        }
    }
    suite
}

#[test]
fn a_slower_machine_is_not_a_regression_of_everything() {
    for (label, slower, verdict) in [
        (
            "one of three",
            &[120.0, 100.0, 100.0][..],
            Verdict::Regressed,
        ),
        (
            "two of three",
            &[120.0, 120.0, 100.0],
            Verdict::Inconclusive,
        ),
        (
            "all of three",
            &[120.0, 115.0, 130.0],
            Verdict::Inconclusive,
        ),
        (
            "two of four",
            &[120.0, 120.0, 100.0, 100.0],
            Verdict::Regressed,
        ),
        (
            "both of two tell nothing about the machine",
            &[120.0, 120.0],
            Verdict::Regressed,
        ),
    ] {
        let (baseline, candidate) = (suite(&vec![100.0; slower.len()], 6), suite(slower, 2));
        let report = judge_runs(&baseline, &candidate, &Policy::default()).expect("overlap");
        let slow: Vec<Verdict> = report
            .rows
            .iter()
            .filter(|r| r.scenario.as_str() == "s")
            .map(|r| r.verdict)
            .collect();
        assert_eq!(slow, [verdict], "{label}: {:#?}", report.rows);
    }
}

#[test]
fn one_wrong_answer_does_not_spoil_the_sessions_stored_beside_it() {
    for (name, wrong, candidate, verdict, reason) in [
        (
            "one of six, unchanged",
            1,
            100.0,
            Verdict::Pass,
            Reason::WithinMargin,
        ),
        (
            "one of six, slower",
            1,
            120.0,
            Verdict::Regressed,
            Reason::BeyondMargin,
        ),
        (
            "two of six, slower",
            2,
            120.0,
            Verdict::Inconclusive,
            Reason::FewSessions { have: 4, need: 5 },
        ),
        (
            "all of them",
            6,
            100.0,
            Verdict::Incomparable,
            Reason::BaselineUnusable,
        ),
    ] {
        let mut baseline = case(100.0).run();
        for session in baseline.sessions.iter_mut().take(wrong) {
            session.scenarios[0].check = Check::Failed;
        }
        let candidate = case(candidate).sessions(2).run();
        let report = judge_runs(&baseline, &candidate, &Policy::default()).expect("overlap");
        let row = row(&report, "time");
        assert_eq!(
            (row.verdict, &row.reason),
            (verdict, &reason),
            "{name}: {row:#?}"
        );
    }
}

/// Hits of each query, of ten, in every repetition.
fn recall_of(hits: &[u16]) -> Run {
    let recall = Values::Recall { every: 1 };
    let mut run = case(1.0)
        .with("recall@10", Unit::Ratio, Direction::Higher, recall)
        .sessions(2)
        .run();
    let scenarios = run.sessions.iter_mut().flat_map(|s| &mut s.scenarios);
    for repetition in scenarios.flat_map(|m| &mut m.repetitions) {
        let value = Proportion::from_queries(hits.to_vec(), 10).expect("hits fit");
        for (name, metric) in &mut repetition.metrics {
            if name.as_str() == "recall@10" {
                *metric = MetricValue::Proportion(Box::new(value.clone()));
            }
        }
    }
    run.validate().expect("a valid run");
    run
}

#[test]
fn only_the_same_hits_are_exactly_the_same_recall() {
    use gate_schema::report::Basis::{Exact, Queries};
    for (name, from, to, verdict, basis) in [
        (
            "the same hits",
            vec![10, 9, 8],
            vec![10, 9, 8],
            Verdict::Pass,
            Some(Exact),
        ),
        (
            "one query says nothing of others: its repetitions do",
            vec![10],
            vec![9],
            Verdict::Regressed,
            Some(Exact),
        ),
        (
            "two queries, each worse by the same, may be chance",
            vec![10, 10],
            vec![9, 9],
            Verdict::Inconclusive,
            Some(Queries),
        ),
        (
            "a hundred are not",
            vec![10; 100],
            vec![9; 100],
            Verdict::Regressed,
            Some(Queries),
        ),
        (
            "nor are a hundred better by the same",
            vec![9; 100],
            vec![10; 100],
            Verdict::Improved,
            Some(Queries),
        ),
    ] {
        let report = judge_runs(&recall_of(&from), &recall_of(&to), &Policy::default());
        let report = report.expect("overlap");
        let row = row(&report, "recall@10");
        let found = row.effect.as_ref().and_then(|effect| effect.basis);
        assert_eq!((row.verdict, found), (verdict, basis), "{name}: {row:#?}");
    }
}

#[test]
fn what_is_not_a_number_is_no_pass() {
    use crate::assess::assess;
    use crate::evidence::Comparison;
    use crate::row::Family;
    use crate::sides::{Compared, How};
    let bytes = Values::Exactly(1e6);
    let run = Case {
        metrics: vec![("rss", Unit::Bytes, LOWER, bytes)],
        ..case(1.0)
    }
    .run();
    let observed: Vec<Observed> = records(&run)
        .iter()
        .map(|r| r.observe().expect("sound"))
        .collect();
    let side = Side {
        run: &run,
        observed: &observed,
    };
    let policy = Policy::default();
    let mut drafts = assess(side, side, None, &policy).expect("overlap").drafts;
    for (worse, verdict) in [
        (0.0, Verdict::Pass),
        (1.0, Verdict::Regressed),
        (-1.0, Verdict::Improved),
        (f64::NAN, Verdict::Inconclusive),
    ] {
        drafts[0].compared = Some(Compared {
            comparison: Comparison {
                worse,
                evidence: None,
                exact: true,
            },
            how: How::Stored,
        });
        let found = drafts[0].decide(Family::default(), &policy, false);
        assert_eq!(found.verdict, verdict, "{worse}");
    }
}

#[test]
fn numbers_that_lie_far_apart_leave_a_report_without_infinity() {
    let report = judge(&case(1e-300), &case(1e17).sessions(2), &Policy::default());
    let row = row(&report, "time");
    assert_eq!(row.verdict, Verdict::Regressed, "{row:#?}");
    let effect = row.effect.as_ref().expect("both were measured");
    let interval = effect.interval.expect("the noise is known");
    let numbers = [effect.estimate, interval.low, interval.high];
    assert!(numbers.iter().all(|n| n.is_finite()), "{row:#?}");
}

#[test]
fn a_ratio_of_nothing_has_a_margin_all_the_same() {
    let errors = |level| Case {
        metrics: vec![("error_rate", Unit::Ratio, LOWER, Values::Exactly(level))],
        ..case(1.0)
    };
    // 3 % of one point are 0.0003.
    for (to, verdict) in [
        (0.0, Verdict::Pass),
        (0.0002, Verdict::Pass),
        (0.0004, Verdict::Regressed),
    ] {
        let report = judge(&errors(0.0), &errors(to).sessions(2), &Policy::default());
        let row = row(&report, "error_rate");
        assert_eq!(row.verdict, verdict, "{to}: {row:#?}");
    }
}
