//! The argument behind one row, for every way interleaved pairs can end.

mod reports;

use gate_render::{explain, explain_failed};
use gate_schema::report::{Report, Row};
use reports::{name, paired};

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
    ] {
        let text = explain(&report, worst(&report, scenario));
        assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
        insta::assert_snapshot!(case, text);
    }
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

/// The report says how many sessions agree; those with the smallest p-values do.
#[test]
fn as_many_sessions_agree_as_the_report_says() {
    let report = paired::disagree();
    let text = explain(&report, worst(&report, "vector/search/k10"));
    assert_eq!(text.matches(": agrees").count(), 1, "{text}");
    assert_eq!(text.matches("does not agree").count(), 2, "{text}");
}
