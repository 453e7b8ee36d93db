//! The first line for every way a comparison can end.

mod reports;

use gate_render::{Style, terminal};
use gate_schema::policy::{Operator, Undecided};
use gate_schema::report::{BudgetStatus, Interval, Outcome, Reason, Report, Row, Verdict};
use gate_schema::unit::{Direction, Unit};
use reports::{
    budget, in_unit, incomparable, memory, name, noisy, paired, quiet, recall, report, report_only,
    row, verdict,
};

fn first_line(report: &Report) -> String {
    let text = terminal(
        report,
        &Style {
            width: 400,
            ..Style::default()
        },
    );
    text.lines().next().unwrap_or_default().to_owned()
}

fn regressed(row: Row) -> Row {
    verdict(row, Verdict::Regressed, Reason::BeyondMargin)
}

fn missing(reason: Reason) -> Row {
    Row {
        effect: None,
        candidate: None,
        ..verdict(row("a/b", "latency", 1e3, 0.0), Verdict::Missing, reason)
    }
}

#[test]
fn one_failing_row_is_named_with_what_is_wrong() {
    let throughput = in_unit(
        row("a/b", "throughput", 1e3, -0.064),
        Unit::PerSecond,
        Direction::Higher,
    );
    let count = in_unit(
        row("a/b", "segments", 20.0, 0.5),
        Unit::Count,
        Direction::Lower,
    );
    let at_limit = budget(
        recall("a/b", 0.9501, -0.0002),
        Operator::AtLeast,
        0.95,
        ">= 0.95",
        BudgetStatus::AtLimit,
    );
    let over = budget(
        memory("a/b", 9e9, 0.2),
        Operator::Below,
        1e10,
        "< 10GB",
        BudgetStatus::Over,
    );
    for (row, expected) in [
        (
            regressed(row("a/b", "latency.p50", 1e3, 0.0734)),
            "a/b latency.p50 is 7.3% slower (margin 3%)",
        ),
        (
            regressed(throughput),
            "a/b throughput is 6.4% lower (margin 3%)",
        ),
        (
            regressed(memory("a/b", 1e9, 0.12)),
            "a/b peak_rss is 12% larger (margin 3%)",
        ),
        (regressed(count), "a/b segments is 50% higher (margin 3%)"),
        (
            regressed(recall("a/b", 0.97, -0.012)),
            "a/b recall@10 is 1.2 pt lower (margin 0.5 pt)",
        ),
        (
            verdict(over, Verdict::OverBudget, Reason::Budget),
            "a/b peak_rss is over budget: 10.8 GB, must be < 10GB",
        ),
        (
            verdict(at_limit, Verdict::OverBudget, Reason::AtLimit),
            "a/b recall@10 is at the limit of its budget: 0.9499, must be >= 0.95",
        ),
        (
            missing(Reason::NotMeasured),
            "a/b latency is missing: declared and not measured",
        ),
        (missing(Reason::WrongAnswer), "a/b gave a wrong answer"),
        (
            missing(Reason::NotDeclared),
            "a/b latency is missing: in the baseline, but the candidate does not declare it",
        ),
        (
            missing(Reason::OnNeitherSide),
            "a/b latency is missing: in the promoted baseline, but neither side declares it",
        ),
        (
            missing(Reason::PartlyMeasured { have: 2, need: 5 }),
            "a/b latency is missing: measured in 2 of 5 repetitions",
        ),
    ] {
        assert_eq!(first_line(&report(vec![row])), format!("FAIL  {expected}"));
    }
}

#[test]
fn rows_that_do_not_gate_are_never_the_sentence() {
    let worse = report_only(regressed(row("a/noise", "latency.p99", 1e3, 0.5)));
    let mut rows = vec![worse, regressed(row("a/b", "latency.p50", 1e3, 0.1))];
    assert_eq!(
        first_line(&report(rows.clone())),
        "FAIL  a/b latency.p50 is 10% slower (margin 3%)"
    );
    rows.truncate(1);
    rows.push(row("a/b", "latency.p50", 1e3, 0.0));
    assert_eq!(
        first_line(&report(rows)),
        "PASS  1 row holds; 1 row worse, for report only"
    );
}

#[test]
fn a_pass_says_what_it_does_not_cover() {
    let traded = Reason::TradedQuality {
        metric: name("recall@10"),
    };
    for (extra, expected) in [
        (vec![], "12 rows hold; 2 rows not judged by policy"),
        (
            vec![verdict(row("a/b", "p50", 1e3, -0.2), Verdict::Pass, traded)],
            "12 rows hold; a/b p50 traded recall@10 for speed; 2 rows not judged by policy",
        ),
        (
            vec![verdict(
                row("a/b", "p50", 1e3, 0.2),
                Verdict::Waived,
                Reason::BeyondMargin,
            )],
            "12 rows hold; 2 rows not judged by policy; 1 row worse and waived",
        ),
        (
            vec![verdict(
                row("a/b", "p50", 1e3, 0.2),
                Verdict::Pass,
                Reason::AtLimit,
            )],
            "12 rows hold; 1 row at the limit of the budget; 2 rows not judged by policy",
        ),
        (
            vec![verdict(
                row("a/b", "p50", 1e3, 0.2),
                Verdict::Added,
                Reason::NotInBaseline,
            )],
            "12 rows hold, 1 added; 2 rows not judged by policy",
        ),
        (
            vec![verdict(
                row("a/b", "p50", 1e3, -0.2),
                Verdict::Improved,
                Reason::BetterThanMargin,
            )],
            "13 rows hold, 1 of them improved; 2 rows not judged by policy",
        ),
    ] {
        let mut rows = quiet();
        rows.extend(extra);
        assert_eq!(first_line(&report(rows)), format!("PASS  {expected}"));
    }
}

#[test]
fn what_is_gone_is_named_where_it_leaves_the_outcome_open() {
    let rows = vec![
        missing(Reason::NotDeclared),
        row("a/c", "latency", 1e3, 0.0),
    ];
    let mut open = report(rows);
    open.outcome = Outcome::Undecided;
    assert_eq!(
        first_line(&open),
        "UNDECIDED  a/b latency is missing: in the baseline, but the candidate does not declare it"
    );
}

#[test]
fn what_was_not_measured_as_promoted_says_what_differs() {
    let other = "both sides measured something else than was promoted";
    let parameter = |parameter| Reason::NotAsPromoted { parameter };
    for (reason, tally, phrase) in [
        (
            Reason::NotOnBase,
            "the base leaves out what the promoted baseline has",
            "in the promoted baseline, but the base does not declare it",
        ),
        (
            parameter(Some(name("items"))),
            other,
            "its parameter items is not that of the promoted baseline",
        ),
        (
            parameter(None),
            other,
            "its input, kind, unit or direction is not that of the promoted baseline",
        ),
    ] {
        let row = verdict(
            row("a/b", "latency", 1e3, 0.0),
            Verdict::Incomparable,
            reason,
        );
        let report = report(vec![row]);
        assert_eq!(
            first_line(&report),
            format!("UNDECIDED  1 timing row could not be compared: {tally}")
        );
        let style = Style {
            width: 400,
            ..Style::default()
        };
        let text = terminal(&report, &style);
        for expected in [phrase, "bring this branch up to date"] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }
}

#[test]
fn what_undecided_means_is_the_policy_s_choice() {
    let rows = || {
        vec![
            noisy(row("a/b", "p50", 1e3, 0.01), 0.05),
            row("a/c", "p50", 1e3, 0.0),
        ]
    };
    let with = |outcome, inconclusive| {
        let mut report = report(rows());
        report.outcome = outcome;
        report.method.inconclusive = inconclusive;
        first_line(&report)
    };
    let said =
        "a/b p50 could not be decided: too noisy: only a worsening of 7.5% would have been seen";
    assert_eq!(
        with(Outcome::Undecided, Undecided::Report),
        format!("UNDECIDED  {said}")
    );
    assert_eq!(
        with(Outcome::Fail, Undecided::Fail),
        format!("FAIL  {said}, which the policy counts as a failure")
    );
    assert_eq!(
        with(Outcome::Pass, Undecided::Pass),
        "PASS  1 row holds; 1 row not decided: too noisy"
    );
}

#[test]
fn undecided_rows_are_counted_by_reason() {
    let suspect = |scenario| {
        verdict(
            row(scenario, "p50", 1e3, 0.05),
            Verdict::Inconclusive,
            Reason::NeedsSecondSession,
        )
    };
    let rows = vec![
        suspect("a/1"),
        suspect("a/2"),
        noisy(row("a/3", "p50", 1e3, 0.0), 0.1),
    ];
    let expected =
        "UNDECIDED  3 rows could not be decided: 2 looking worse in one session, 1 too noisy";
    assert_eq!(first_line(&report(rows)), expected);
    let expected = "UNDECIDED  1 timing row could not be compared: cpu_model differs";
    assert_eq!(
        first_line(&report(vec![incomparable(row("a/1", "p50", 1e3, 0.0))])),
        expected
    );
}

#[test]
fn what_pairs_show_is_named_worst_first() {
    let fired_alone = || {
        let mut report = paired::unsteady();
        report.rows.retain(|row| row.verdict == Verdict::Pass);
        report.outcome = Outcome::Undecided;
        report
    };
    let policy_fails = || {
        let mut report = paired::unsteady();
        report.outcome = Outcome::Fail;
        report.method.inconclusive = Undecided::Fail;
        report
    };
    let uniform_beside_a_row = || {
        let mut report = paired::regressed();
        report.uniform = paired::uniform().uniform;
        report
    };
    let uniform_for_report_only = || {
        let mut report = paired::uniform();
        report.uniform[0].gating = false;
        report.outcome = Outcome::Pass;
        report
    };
    let of_another_metric = || {
        let mut report = paired::uniform();
        report.uniform[0].metric = name("throughput");
        report.uniform[0].unit = Unit::PerSecond;
        report.uniform[0].direction = Direction::Higher;
        report.uniform[0].estimate = -0.011;
        report.uniform[0].interval = Interval {
            low: -0.014,
            high: -0.008,
        };
        report.uniform[0].scenarios = 1;
        report.uniform[0].margin = 0.0;
        report
    };
    for (report, expected) in [
        (
            paired::crashed(),
            "FAIL  vector/search/k10 crashed on the candidate: killed by signal 11, and 1 more",
        ),
        (
            paired::nothing_ran(),
            "FAIL  map/get/hot failed on the candidate: exit status 101",
        ),
        (
            paired::crashed_baseline(),
            "UNDECIDED  vector/search/k10 crashed on the baseline: killed by signal 11, so 4 rows could not be compared",
        ),
        (
            paired::uniform(),
            "FAIL  latency.p50 is 1.1% [+0.8, +1.4] slower over all 40 scenarios (margin 0.5%)",
        ),
        (
            of_another_metric(),
            "FAIL  throughput is 1.1% [-1.4, -0.8] lower over 1 scenario",
        ),
        (
            uniform_beside_a_row(),
            "FAIL  vector/search/k10 latency.p50 is 7.3% slower (margin 3%), and 1 more",
        ),
        (
            uniform_for_report_only(),
            "PASS  12 rows hold; 2 rows not judged by policy; 2 metrics worse over all scenarios, for report only",
        ),
        (
            fired_alone(),
            "UNDECIDED  the machine is not steady: the baseline differs from itself on 2 of 3 scenarios",
        ),
        (
            policy_fails(),
            "FAIL  the machine is not steady: the baseline differs from itself on 2 of 3 scenarios, so 3 rows that look worse could not be decided; 1 more row could not be decided: too noisy, which the policy counts as a failure",
        ),
        (
            paired::blamed(),
            "FAIL  text/build peak_rss is over budget: 11.6 GB, must be < 10GB, and 2 more",
        ),
        (
            paired::already_on_base(),
            "PASS  12 rows hold; 2 rows not judged by policy; 1 row over budget, already on the base",
        ),
    ] {
        assert_eq!(first_line(&report), expected);
    }
}

#[test]
fn a_crash_never_reads_as_nothing_measured_or_as_a_pass() {
    let mut report = paired::nothing_ran();
    report.outcome = Outcome::Pass;
    assert_eq!(
        first_line(&report),
        "UNDECIDED  map/get/hot failed on the candidate: exit status 101"
    );
}
