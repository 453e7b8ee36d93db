//! The argument behind one row, for every way interleaved pairs can end.

mod reports;

use gate_render::{explain, explain_everything, explain_failed};
use gate_schema::report::{
    ModeLevel, Modes, Rank, Reason, Report, Row, Test, Verdict, WaiverStatus, WaiverUse,
};
use reports::{name, paired, suspected};

/// The worst row of `scenario`.
fn worst<'a>(report: &'a Report, scenario: &str) -> &'a Row {
    let mut rows = report.rows.iter();
    rows.find(|row| row.scenario.as_str() == scenario)
        .expect("the report has the scenario")
}

#[test]
fn every_row_of_pairs_reads_as_an_argument() {
    let vector = "vector/search/k10";
    for (case, report, scenario) in [
        ("cleared", paired::pass(), vector),
        ("regressed", paired::regressed(), vector),
        ("disagree", paired::disagree(), vector),
        ("open", paired::open(), vector),
        ("noise", paired::open(), "text/build"),
        ("unsteady", paired::unsteady(), vector),
        ("uniform", paired::uniform(), "map/get/hot"),
        ("crashed", paired::crashed(), vector),
        ("crashed_baseline", paired::crashed_baseline(), vector),
        ("already_on_base", paired::already_on_base(), "vector/build"),
        ("caused_here", paired::blamed(), "text/build"),
        ("made_worse", paired::blamed(), "text/merge"),
        ("unclear", paired::blamed(), "text/open"),
        ("in_doubt", paired::blamed(), "feed/retrieve"),
        ("canaries_crashed", paired::canaries_crashed(), vector),
        ("partly", paired::partly(), "text/build"),
    ] {
        let text = explain(&report, worst(&report, scenario));
        assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
        insta::assert_snapshot!(case, text);
    }
}

#[test]
fn the_numbers_that_decided_are_told() {
    let all = Test {
        variance: None,
        moderated: None,
        freedom: 42.0,
        error: 0.003_3,
        t: 15.9,
    };
    let alone = |pairs: f64, variance: f64| Test {
        variance: Some(variance),
        moderated: Some(1.5e-4),
        freedom: 32.0,
        error: (1.5e-4 / pairs).sqrt(),
        t: 9.5,
    };
    let mut report = paired::regressed();
    let rows = report.rows.iter_mut();
    let mut rows = rows.filter(|row| row.scenario.as_str() == "vector/search/k10");
    let effect = rows.next().and_then(|row| row.effect.as_mut());
    let effect = effect.expect("the report has the scenario");
    effect.test = Some(all);
    effect.rank = Some(Rank {
        rank: 2,
        of: 12,
        threshold: 0.01 * 2.0 / 12.0,
    });
    for stage in &mut effect.stages {
        stage.test = Some(alone(stage.pairs as f64, 1.2e-4));
    }
    let text = explain(&report, worst(&report, "vector/search/k10"));
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
    insta::assert_snapshot!("numbers", text);
}

#[test]
fn a_waiver_of_what_was_not_decided_is_not_called_needless() {
    for (verdict, expected) in [
        (Verdict::Pass, "not needed: the row did not regress"),
        (Verdict::OverBudget, "not used: the row is over budget"),
        (Verdict::Inconclusive, "not used: the row is inconclusive"),
    ] {
        let mut report = reports::pass();
        let row = &mut report.rows[0];
        row.verdict = verdict;
        report.waivers = vec![WaiverUse {
            scenario: row.scenario.clone(),
            metric: row.metric.clone(),
            ceiling: "8%".into(),
            reason: "checks every key twice".into(),
            owner: "search team".into(),
            link: None,
            expires: "2026-12-31".into(),
            status: WaiverStatus::NotNeeded,
        }];
        let text = explain(&report, &report.rows[0]);
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn stored_sessions_that_disagree_are_counted() {
    for (agreeing, of, expected) in [
        (0, 2, "none of 2 sessions agrees"),
        (1, 2, "only 1 of 2 sessions agrees"),
        (2, 3, "only 2 of 3 sessions agree"),
    ] {
        let report = reports::inconclusive();
        let mut row = worst(&report, "text/build").clone();
        row.reason = Reason::SessionsDisagree { agreeing, of };
        let text = explain(&report, &row);
        let said = format!(": inconclusive: worse over all sessions, but {expected}");
        let first = text.lines().next().unwrap_or_default();
        assert!(first.ends_with(&said), "{text}");
    }
}

#[test]
fn every_cause_of_a_disturbance_is_told() {
    let report = reports::inconclusive();
    let text = explain(&report, worst(&report, "text/build"));
    let line = text.lines().find(|line| line.starts_with("  disturbed "));
    assert_eq!(
        line,
        Some(
            "  disturbed    3 of 10 candidate repetitions: the system took the processor away, others \
             got the processors' time"
        )
    );
}

#[test]
fn two_modes_are_told_of_the_sides_that_have_them() {
    let modes = |low, high| {
        let mode = |(level, share)| ModeLevel { level, share };
        Some(Modes {
            low: mode(low),
            high: mode(high),
        })
    };
    let mut report = paired::open();
    let rows = report.rows.iter_mut();
    let mut rows = rows.filter(|row| row.scenario.as_str() == "text/build");
    let row = rows.next().expect("the report has the scenario");
    let baseline = row.baseline.as_mut().expect("it was measured");
    baseline.modes = modes((4.08e9, 0.8), (4.2e9, 0.2));
    let explained = |report: &Report| {
        let text = explain(report, worst(report, "text/build"));
        let mut lines = text.lines().filter(|line| line.starts_with("  modes "));
        let line = lines.next().map(|line| line.trim().to_owned());
        line.expect("modes are told")
    };
    assert_eq!(
        explained(&report),
        "modes        repetitions fall into two modes, of the baseline 80% near 4.08 s and 20% near 4.20 s; \
         look for what a process decides once, such as its memory layout or huge pages"
    );
    let rows = report.rows.iter_mut();
    let mut rows = rows.filter(|row| row.scenario.as_str() == "text/build");
    let row = rows.next().expect("the report has the scenario");
    let candidate = row.candidate.as_mut().expect("it was measured");
    candidate.modes = modes((4.101e9, 2.0 / 3.0), (4.104e9, 1.0 / 3.0));
    assert_eq!(
        explained(&report),
        "modes        repetitions fall into two modes, of the baseline 80% near 4.08 s and 20% near 4.20 s, \
         of the candidate 67% near 4.10 s and 33% near 4.104 s; \
         look for what a process decides once, such as its memory layout or huge pages"
    );
}

#[test]
fn a_failed_scenario_without_a_row_is_explained_too() {
    let nothing_ran = paired::nothing_ran();
    let text = explain_failed(&nothing_ran, &name("map/get/hot")).expect("it failed");
    insta::assert_snapshot!("failed_without_row", text);
    assert_eq!(explain_failed(&nothing_ran, &name("map/get/cold")), None);

    let both = paired::crashed_everywhere();
    let text = explain_failed(&both, &name("suite/case-00")).expect("it failed");
    assert!(text.starts_with("suite/case-00 crashed on both sides: killed by signal 11\n"));
    assert_eq!(
        text.matches("| frame").count(),
        40,
        "all lines of both sides\n{text}"
    );
}

#[test]
fn everything_at_once_reads_as_an_argument() {
    let report = paired::uniform();
    let text = explain_everything(&report, None).expect("it was tested");
    insta::assert_snapshot!("everything", text);
    let tail = explain_everything(&report, Some("latency.tail")).expect("it was tested");
    assert!(text.contains(&tail) && tail.lines().count() == 7, "{tail}");
    assert_eq!(explain_everything(&report, Some("recall")), None);
    assert_eq!(explain_everything(&paired::pass(), None), None);
    let unsteady = Report {
        canaries: paired::unsteady().canaries,
        ..report
    };
    let text = explain_everything(&unsteady, None).expect("it was tested");
    let said = "  steady       no: the baseline differs from itself on ";
    assert!(
        text.contains(said) && text.contains("so nothing is claimed"),
        "{text}"
    );
}

/// The report says how many sessions agree; those with the smallest p-values do.
#[test]
fn as_many_sessions_agree_as_the_report_says() {
    let report = paired::disagree();
    let text = explain(&report, worst(&report, "vector/search/k10"));
    assert_eq!(text.matches(": agrees").count(), 1, "{text}");
    assert_eq!(text.matches("does not agree").count(), 2, "{text}");
}

#[test]
fn a_failure_needs_three_stored_sessions_and_more_than_half_of_many() {
    let mut report = suspected();
    for (sessions, needed) in [
        (2, "two"),
        (3, "three"),
        (5, "three"),
        (6, "more than half"),
        (10, "more than half"),
    ] {
        for row in &mut report.rows {
            row.candidate.as_mut().expect("measured").sessions = sessions;
            row.effect.as_mut().expect("compared").agreeing = Some(1);
        }
        let text = explain(&report, worst(&report, "vector/search/k10"));
        let said = format!(
            "1 of {sessions} candidate sessions show it on their own; a failure needs {needed}\n"
        );
        assert!(text.contains(&said), "{text}");
    }
}
