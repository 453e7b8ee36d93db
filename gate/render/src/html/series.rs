//! Figures over time, folded below the rows: there without the script, and without a verdict.

use std::fmt::Write;

use gate_schema::report::{Course, Report, Scale, Series};
use gate_schema::unit::{Direction, Unit};

use super::course::scene;
use super::markup::escaped;
use super::parts::breakable;
use crate::escape::Target;
use crate::promotion::counted;
use crate::quantity;

/// Scenarios whose series are drawn, and series of each: a page is for looking, the report holds all of them.
const MOST_SCENARIOS: usize = 40;
const MOST_OF_SCENARIO: usize = 8;

// Writing to a String cannot fail, so that its answers are dropped in this file.

/// One drawing for each series of the scenarios of the worst rows, baseline beside candidate.
pub(super) fn put_series(page: &mut String, report: &Report) {
    let scenarios = report.series.chunk_by(|a, b| a.scenario == b.scenario);
    let scenarios: Vec<(&[Series], Vec<String>)> = scenarios
        .map(|of_scenario| (of_scenario, drawn(of_scenario)))
        .filter(|(_, figures)| !figures.is_empty())
        .collect();
    if scenarios.is_empty() {
        return;
    }
    page.push_str(concat!(
        "<section class=\"series\" aria-labelledby=\"series\">\n<h2 id=\"series\">Over time</h2>\n",
        "<p class=\"muted\">Shown and not judged. Each line is one repetition as it was: of all repetitions of its ",
        "side, the one whose median is in the middle.",
    ));
    if report.series.iter().all(|series| series.baseline.is_none()) {
        page.push_str(concat!(
            " Nothing is known of the baseline, or nothing that could be compared: a promoted baseline ",
            "leaves series out.",
        ));
    }
    page.push_str("</p>\n");
    for (of_scenario, figures) in scenarios.iter().take(MOST_SCENARIOS) {
        let scenario = Target::Unicode.outside(of_scenario[0].scenario.as_str());
        let _ = writeln!(
            page,
            "<details>\n<summary><span class=\"name\">{}</span> {}</summary>\n<div class=\"courses\">",
            breakable(&scenario),
            match (figures.len(), of_scenario.len()) {
                (shown, all) if shown < all => format!("{shown} of {all} series"),
                (_, all) => format!("{all} series"),
            }
        );
        page.extend(figures.iter().map(String::as_str));
        page.push_str("</div>\n</details>\n");
    }
    if let Some(more @ 1..) = scenarios.len().checked_sub(MOST_SCENARIOS) {
        let more = counted(more, "more scenario");
        let _ = writeln!(
            page,
            "<p class=\"muted\">{more} with series in the report that this page was made from.</p>"
        );
    }
    page.push_str("</section>\n");
}

/// The drawings of one scenario with what they say, over the same seconds.
fn drawn(of_scenario: &[Series]) -> Vec<String> {
    let courses = of_scenario.iter().flat_map(|s| [&s.baseline, &s.candidate]);
    let ends = courses.flatten().filter_map(|course| course.points.last());
    let last = ends.fold(0.0, |last: f64, (at, _)| last.max(*at));
    let figure = |series: &Series| {
        let mut figure = String::new();
        let metric = Target::Unicode.outside(series.metric.as_str());
        let _ = writeln!(
            figure,
            "<figure>\n<figcaption><span class=\"name\">{}</span> {}</figcaption>",
            breakable(&metric),
            escaped(&sentence(series)?)
        );
        scene(series, last)?.put(&mut figure);
        figure.push_str("</figure>\n");
        Some(figure)
    };
    let figures = of_scenario.iter().take(MOST_OF_SCENARIO);
    figures.filter_map(figure).collect()
}

/// What the drawing shows, in words; `None` when it shows neither side.
fn sentence(series: &Series) -> Option<String> {
    let median = |course: &Option<Course>| course.as_ref().map(|course| course.median);
    let medians = [median(&series.baseline), median(&series.candidate)];
    let better = match series.direction {
        Direction::Lower => "lower is better",
        Direction::Higher => "higher is better",
    };
    let texts = quantity::levels(medians, series.unit, None, Target::Unicode);
    Some(match (texts, medians) {
        ([Some(baseline), Some(candidate)], [Some(from), Some(to)]) => format!(
            "Median {baseline} on the baseline, {candidate} on the candidate: {}; {better}.",
            change(series.unit, from, to)
        ),
        ([None, Some(candidate)], _) => {
            format!("Median {candidate} on the candidate, nothing to compare it with; {better}.")
        }
        ([Some(baseline), None], _) => {
            format!("Median {baseline} on the baseline, nothing on the candidate; {better}.")
        }
        _ => return None,
    })
}

/// How far and which way `to` is from `from`, in words.
fn change(unit: Unit, from: f64, to: f64) -> String {
    let (scale, change) = match unit {
        Unit::Ratio => (Scale::Absolute, to - from),
        _ => (Scale::Relative, (to - from) / from),
    };
    let way = if to > from { "higher" } else { "lower" };
    // Nothing is a share of nothing.
    let size = change.is_finite();
    let size = size.then(|| quantity::magnitude(change, scale, unit, Target::Unicode));
    match size.as_deref() {
        Some("0%" | "0 pt") => "the same".to_owned(),
        Some(size) => format!("{size} {way}"),
        None if to > from => way.to_owned(),
        None => "the same".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_said_in_words() {
        for (unit, from, to, expected) in [
            (Unit::Bytes, 400e6, 412e6, "3% higher"),
            (Unit::Bytes, 400e6, 399e6, "0.25% lower"),
            (Unit::Bytes, 400e6, 400e6, "the same"),
            (Unit::Count, 100.0, 350.0, "250% higher"),
            (Unit::Count, 0.0, 0.0, "the same"),
            (Unit::Count, 0.0, 2.0, "higher"),
            (Unit::Count, 2.0, 0.0, "100% lower"),
            (Unit::Ratio, 0.962, 0.951, "1.1 pt lower"),
            (Unit::Ratio, 0.0, 0.5, "50 pt higher"),
            (Unit::Ratio, 0.5, 0.5, "the same"),
        ] {
            assert_eq!(change(unit, from, to), expected, "{from} to {to}");
        }
    }
}
