//! A step that stands, as an issue.

use std::collections::{BTreeMap, BTreeSet};

use gate_schema::bisect::Bisection;
use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::trend::{Night, Step, Suspect, Trend, Way};

use super::{day, moved};
use crate::bisect::in_markdown;
use crate::escape::Target;
use crate::heading::short;

/// What stands, and the issue that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrendIssue {
    /// What tells it from everything else: tier, scenario and metric, whatever the statistic.
    pub key: String,
    /// One line of plain text.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Which commit it is, or how far that is known: one line of Markdown.
    pub finding: Option<String>,
    /// Whether the newest run showed it first.
    pub is_new: bool,
    /// When the first run with it was made; the last of these where several statistics got worse.
    pub bad: String,
}

/// Statistics of a distribution, which get worse together.
const STATISTICS: [&str; 5] = [".p50", ".mean", ".tail", ".p99", ".p99.9"];

/// The steps to the worse that stand and are not the machine's doing, one issue per metric of a scenario. `address` is
/// that of the repository, trusted. What `bisected` found stands in the issue of its row, if it searched between the
/// commits of a step there.
#[must_use]
pub fn trend_issues(trend: &Trend, address: &str, bisected: Option<&Bisection>) -> Vec<TrendIssue> {
    let is_filed = |step: &&Step| step.way == Way::Worse && step.suspect == Suspect::Code;
    let mut groups: Vec<(String, Vec<&Step>)> = Vec::new();
    for step in trend.steps.iter().filter(is_filed) {
        let what = what(&step.scenario, &step.metric);
        match groups.iter_mut().find(|(known, _)| *known == what) {
            Some((_, steps)) => steps.push(step),
            None => groups.push((what, vec![step])),
        }
    }
    let issue = |(what, steps): (String, Vec<&Step>)| TrendIssue {
        key: key(trend, &what),
        title: format!("{} got worse", Target::Unicode.outside(&what)),
        body: body(&what, &steps, address),
        finding: bisected
            .filter(|bisected| steps.iter().any(|step| is_about(bisected, step)))
            .map(in_markdown),
        is_new: steps.iter().any(|step| step.is_new),
        bad: steps
            .iter()
            .map(|step| step.bad.created.clone())
            .max()
            .unwrap_or_default(),
    };
    groups.into_iter().map(issue).collect()
}

/// The keys of issues that this trend knows nothing worse about, each with when the oldest run was made that tells
/// so. All statistics of a metric must be told, and none may stand as worse, whoever is suspected.
#[must_use]
pub fn trend_gone(trend: &Trend) -> Vec<(String, String)> {
    let worse = trend.steps.iter().filter(|step| step.way == Way::Worse);
    let worse: BTreeSet<String> = worse
        .map(|step| what(&step.scenario, &step.metric))
        .collect();
    // `None`: not all of it is told.
    let mut told: BTreeMap<String, Option<&str>> = BTreeMap::new();
    for row in &trend.rows {
        let since = row.since.as_ref().map(|night| night.created.as_str());
        told.entry(what(&row.scenario, &row.metric))
            .and_modify(|all| *all = all.zip(since).map(|(all, since)| all.max(since)))
            .or_insert(since);
    }
    let gone = told.into_iter().filter(|(what, _)| !worse.contains(what));
    gone.filter_map(|(what, since)| Some((key(trend, &what), since?.to_owned())))
        .collect()
}

/// A metric of a scenario, whatever the statistic.
fn what(scenario: &ScenarioId, metric: &MetricName) -> String {
    let metric = metric.as_str();
    let declared = STATISTICS.iter().find_map(|end| metric.strip_suffix(end));
    format!("{scenario} {}", declared.unwrap_or(metric))
}

fn key(trend: &Trend, what: &str) -> String {
    let tier = trend.tier.as_ref().map_or("", |tier| tier.as_str());
    format!("{tier} {what} worse")
}

/// Whether the search was for what brought this step.
fn is_about(bisected: &Bisection, step: &Step) -> bool {
    let commit = |night: &Night| night.commit.clone().unwrap_or_default();
    (&bisected.scenario, &bisected.metric) == (&step.scenario, &step.metric)
        && bisected.good.commit == commit(&step.good)
        && bisected.bad.commit == commit(&step.bad)
}

fn body(what: &str, steps: &[&Step], address: &str) -> String {
    let code = |text: &str| Target::Markdown.outside(text);
    let mut out = format!(
        "The nightly history of {} shows a level that changed and stayed.\n\n",
        code(what)
    );
    for step in steps {
        let by = moved(step.way, &step.from, &step.to);
        out.push_str(&format!("- {} {by}\n", code(step.metric.as_str())));
    }
    let first = steps[0];
    let (good, bad) = (name(&first.good), name(&first.bad));
    out.push_str(&format!(
        "\nFirst seen on {}. What changed lies between {good} and {bad}{}.\n\n",
        code(&day(&first.bad)),
        range(&first.good, &first.bad, address)
    ));
    out.push_str(
        "It took at least three nights with the new level to be found. Close this when the level is accepted; it \
         closes itself after three nights without it.\n",
    );
    out
}

fn name(night: &Night) -> String {
    night
        .commit
        .as_deref()
        .map_or("an unknown commit".to_owned(), |commit| {
            Target::Markdown.outside(short(commit))
        })
}

/// A link to the commits between, of ids alone.
fn range(good: &Night, bad: &Night, address: &str) -> String {
    let id = |night: &Night| -> Option<String> {
        let commit = night.commit.as_deref()?;
        let is_id = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| commit.to_owned())
    };
    match (id(good), id(bad)) {
        (Some(good), Some(bad)) => format!(" ([these commits]({address}/compare/{good}...{bad}))"),
        _ => String::new(),
    }
}
