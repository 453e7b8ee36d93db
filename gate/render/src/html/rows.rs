//! The rows as the page's script gets them: worded, drawn, and in the order they are read.

use std::collections::{BTreeMap, HashMap};

use gate_schema::id::ScenarioId;
use gate_schema::report::{Distribution, Report, Row, Verdict};
use serde::Serialize;

use super::frames::Cause;
use super::parts::tone_class;
use super::scene::{Scene, Shape};
use super::spread::Plot;
use super::{Figure, effect};
use crate::cells::{Cells, Tone};
use crate::escape::Target;
use crate::explain::ladder;
use crate::failure;
use crate::fold::Folded;

/// Everything the script knows.
#[derive(Serialize)]
struct Embedded<'a> {
    verdicts: Vec<Count>,
    rows: Vec<RowOnPage>,
    /// The curves of each distribution; rows name theirs by its place.
    curves: Vec<Scene>,
    /// What profiles show, by scenario.
    causes: BTreeMap<&'a str, Cause>,
    /// By scenario.
    figures: BTreeMap<&'a str, Vec<FigureOnPage<'a>>>,
}

/// How many rows have a verdict; worst first.
#[derive(Serialize)]
struct Count {
    verdict: &'static str,
    tone: &'static str,
    rows: usize,
}

#[derive(Serialize)]
struct RowOnPage {
    verdict: &'static str,
    tone: &'static str,
    scenario: String,
    metric: String,
    baseline: String,
    candidate: String,
    estimate: String,
    interval: String,
    limit: String,
    why: String,
    by: Order,
    #[serde(skip_serializing_if = "Option::is_none")]
    strip: Option<[f64; 3]>,
    /// Checks and what each found.
    ladder: Vec<(&'static str, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<Scene>,
    /// Place of its distribution among the curves, and what the row marks there.
    #[serde(skip_serializing_if = "Option::is_none")]
    curves: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<Shape>,
}

/// The numbers a column is sorted by; absent ones come last.
#[derive(Serialize)]
struct Order {
    baseline: Option<f64>,
    candidate: Option<f64>,
    /// Positive is worse.
    change: Option<f64>,
    /// Least headroom first.
    limit: Option<f64>,
}

#[derive(Serialize)]
struct FigureOnPage<'a> {
    title: &'a str,
    svg: Option<&'a str>,
    link: Option<&'a str>,
}

/// The rows of `report` and what unfolds under them, as JSON.
pub(super) fn json(report: &Report, figures: &[Figure]) -> String {
    let rows = in_order(report);
    let (curves, of_rows) = curves(report, &rows);
    let mut counts: BTreeMap<(Verdict, Tone), usize> = BTreeMap::new();
    let rows: Vec<RowOnPage> = rows
        .into_iter()
        .zip(of_rows)
        .map(|(row, drawn)| {
            let cells = Cells::of(row, report.method.mode, Target::Unicode);
            let tone = Tone::of(row.verdict, cells.counts);
            *counts.entry((row.verdict, tone)).or_default() += 1;
            on_page(report, row, cells, drawn)
        })
        .collect();
    let mut by_verdict: Vec<Count> = Vec::new();
    // Of rows with one verdict the worst tone stands for all: some count, some only report.
    for ((verdict, tone), rows) in counts.into_iter().rev() {
        match by_verdict
            .iter_mut()
            .find(|count| count.verdict == verdict.as_str())
        {
            Some(count) => {
                count.rows += rows;
                count.tone = tone_class(tone);
            }
            None => by_verdict.push(Count {
                verdict: verdict.as_str(),
                tone: tone_class(tone),
                rows,
            }),
        }
    }
    let mut of_scenario: BTreeMap<&str, Vec<FigureOnPage<'_>>> = BTreeMap::new();
    for figure in figures {
        of_scenario
            .entry(figure.scenario.as_str())
            .or_default()
            .push(FigureOnPage {
                title: &figure.title,
                svg: figure.svg.as_deref(),
                link: figure.link.as_deref(),
            });
    }
    let embedded = Embedded {
        verdicts: by_verdict,
        rows,
        curves,
        causes: report
            .profiles
            .iter()
            .map(|profile| (profile.scenario.as_str(), Cause::of(&profile.profiles)))
            .collect(),
        figures: of_scenario,
    };
    // Every key is text and every number becomes JSON, null where it is no number.
    serde_json::to_string(&embedded).unwrap_or_default()
}

/// The rows as a terminal shows them, those it folds after the others.
fn in_order(report: &Report) -> Vec<&Row> {
    let folded = Folded::of(report, false);
    let folds = [
        folded.shown,
        folded.failed,
        folded.incomparable,
        folded.passing,
    ];
    folds.into_iter().flatten().collect()
}

/// Where the operations of a row are drawn: its place among the curves, and what it marks there.
#[derive(Clone, Default)]
struct Drawn {
    curves: Option<usize>,
    marks: Vec<Shape>,
}

/// The curves of all distributions, and where each of `rows` stands among them.
fn curves(report: &Report, rows: &[&Row]) -> (Vec<Scene>, Vec<Drawn>) {
    let mut of_rows: Vec<Drawn> = vec![Drawn::default(); rows.len()];
    let Some(distributions) = &report.distributions else {
        return (Vec::new(), of_rows);
    };
    let mut of_scenario: HashMap<&ScenarioId, Vec<(&Distribution, Vec<usize>)>> = HashMap::new();
    for distribution in &distributions.metrics {
        let known = of_scenario.entry(&distribution.scenario).or_default();
        known.push((distribution, Vec::new()));
    }
    for (at, row) in rows.iter().enumerate() {
        let known = of_scenario.get_mut(&row.scenario).into_iter().flatten();
        let own = known.filter(|(distribution, _)| is_of(row, distribution));
        if let Some((_, of)) =
            own.max_by_key(|(distribution, _)| distribution.metric.as_str().len())
        {
            of.push(at);
        }
    }
    let mut scenes = Vec::new();
    for distribution in &distributions.metrics {
        let known = of_scenario
            .get(&distribution.scenario)
            .into_iter()
            .flatten();
        let own = known.filter(|(known, _)| std::ptr::eq(*known, distribution));
        for (_, own) in own {
            let marked: Vec<&Row> = own.iter().map(|&at| rows[at]).collect();
            let Some(plot) = Plot::new(distribution, &distributions.ranks, &marked) else {
                continue;
            };
            for &at in own {
                of_rows[at] = Drawn {
                    curves: Some(scenes.len()),
                    marks: plot.marks(rows[at]),
                };
            }
            scenes.push(plot.curves());
        }
    }
    (scenes, of_rows)
}

/// Whether `row` is a statistic of `distribution`.
fn is_of(row: &Row, distribution: &Distribution) -> bool {
    let statistic = row
        .metric
        .as_str()
        .strip_prefix(distribution.metric.as_str());
    statistic.is_some_and(|statistic| statistic.starts_with('.'))
}

fn on_page(report: &Report, row: &Row, cells: Cells, drawn: Drawn) -> RowOnPage {
    let mut steps = Vec::new();
    if !report.failures.is_empty() {
        let failures = failure::of_scenario(report, &row.scenario).into_iter();
        steps.extend(
            failures.map(|failed| ("failed", failure::ending(report, failed, Target::Unicode))),
        );
    }
    steps.extend(ladder(report, row, &cells, Target::Unicode));
    let level = |level: Option<gate_schema::report::Level>| level.map(|level| level.value);
    RowOnPage {
        verdict: row.verdict.as_str(),
        tone: tone_class(Tone::of(row.verdict, cells.counts)),
        limit: cells.limit(),
        by: Order {
            baseline: level(row.baseline),
            candidate: level(row.candidate),
            change: row
                .effect
                .as_ref()
                .map(|effect| effect.estimate * row.direction.sign()),
            limit: row.budget.as_ref().map(|check| check.headroom),
        },
        strip: effect::strip(row),
        ladder: steps,
        effect: effect::scene(row),
        curves: drawn.curves,
        marks: drawn.marks,
        scenario: cells.scenario,
        metric: cells.metric,
        baseline: cells.baseline,
        candidate: cells.candidate,
        estimate: cells.change.estimate,
        interval: cells.change.interval,
        why: cells.why,
    }
}
