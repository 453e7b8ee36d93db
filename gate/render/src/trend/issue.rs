//! A step that stands, as an issue, and what a fresh measurement says of it.
//!
//! A history tells of nights under conditions that may have changed without a word. Before it is said that the code got
//! worse, the commits around a step are measured in turn: what is asked, and what the answer means, is said here.

use std::collections::{BTreeMap, BTreeSet};

use gate_schema::bisect::{Bisection, Found, Why};
use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::trend::{Night, Step, Suspect, Trend, Way};

use super::crept::{self, CREPT};
use super::{day, moved};
use crate::bisect::in_markdown;
use crate::escape::Target;
use crate::heading::short;

/// What stands, and the issue that says so.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendIssue {
    /// What tells it from everything else: tier, scenario and metric, whatever the statistic, and whether it is a step.
    pub key: String,
    /// One line of plain text.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Which commit it is, or how far that is known: one line of Markdown.
    pub finding: Option<String>,
    /// What a fresh measurement of the two commits says; `None` without one.
    pub fresh: Option<Fresh>,
    /// What such a measurement has to be asked; `None` where a commit is not known.
    pub question: Option<Question>,
    /// Whether it is to be measured afresh before it is said, as steps are.
    pub needs_measuring: bool,
    /// Whether the newest run showed it first.
    pub is_new: bool,
    /// When the first run with it was made; the last of these where several statistics got worse.
    pub bad: String,
}

/// What a fresh measurement of the commits around a step says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// The later one is worse.
    Confirmed,
    /// It was shown not to be.
    Acquitted,
    /// Neither.
    Open,
}

impl Fresh {
    fn of(bisected: &Bisection) -> Self {
        match (bisected.found, bisected.why) {
            (Found::Commit | Found::Range, _) => Self::Confirmed,
            (Found::NotConfirmed, Some(Why::NotWorse)) => Self::Acquitted,
            (Found::NotConfirmed, _) => Self::Open,
        }
    }
}

/// What a step is measured by, as `gate bisect` takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// A full commit id.
    pub good: String,
    /// A later one.
    pub bad: String,
    /// The scenario.
    pub scenario: ScenarioId,
    /// The statistic to look at.
    pub metric: MetricName,
    /// What counts as worse, as a part of the level: half of the step, so that neither a step that is there nor one
    /// that is not lies at the limit. Never more than all of it.
    pub margin: f64,
}

/// What an issue of a step is about, in its key.
const WORSE: &str = "worse";

/// Stands in the issue of a step that nothing was measured for.
pub const NOT_MEASURED: &str = "Not confirmed by a fresh measurement: none was taken that night.";

/// Statistics of a distribution, which get worse together, those first that say most of it.
const STATISTICS: [&str; 5] = [".p50", ".mean", ".tail", ".p99", ".p99.9"];

/// The steps to the worse that stand, and the drifts, that are not the machine's doing: one issue per metric of a
/// scenario. `address` is that of the repository, trusted. What `bisected` found stands in the issue of its row, if it
/// searched between the commits of a step there.
#[must_use]
pub fn trend_issues(trend: &Trend, address: &str, bisected: &[Bisection]) -> Vec<TrendIssue> {
    let is_filed = |step: &&Step| step.way == Way::Worse && step.suspect == Suspect::Code;
    let steps = trend.steps.iter().filter(is_filed);
    let groups = grouped(steps, |step| what(&step.scenario, &step.metric));
    let said: BTreeSet<String> = groups.iter().map(|(what, _)| what.clone()).collect();
    let issue = |(what, steps): (String, Vec<&Step>)| {
        let is_about = |bisected: &&Bisection| steps.iter().any(|step| is_about(bisected, step));
        let bisected = bisected.iter().find(is_about);
        TrendIssue {
            key: key(trend, &what, WORSE),
            title: format!("{} got worse", Target::Unicode.outside(&what)),
            body: body(&what, &steps, address),
            finding: bisected.map(in_markdown),
            fresh: bisected.map(Fresh::of),
            question: question(&steps),
            needs_measuring: true,
            is_new: steps.iter().any(|step| step.is_new),
            bad: steps
                .iter()
                .map(|step| step.bad.created.clone())
                .max()
                .unwrap_or_default(),
        }
    };
    let steps = groups.into_iter().map(issue);
    let drifts = crept::issues(trend, address, |what| said.contains(what));
    steps.chain(drifts).collect()
}

/// By what they are about, in the order in which that first comes.
pub(super) fn grouped<'a, T: 'a>(
    all: impl Iterator<Item = &'a T>,
    what: impl Fn(&T) -> String,
) -> Vec<(String, Vec<&'a T>)> {
    let mut groups: Vec<(String, Vec<&T>)> = Vec::new();
    for one in all {
        let what = what(one);
        match groups.iter_mut().find(|(known, _)| *known == what) {
            Some((_, group)) => group.push(one),
            None => groups.push((what, vec![one])),
        }
    }
    groups
}

/// What to measure for the newest of the steps of a metric, by the statistic that says most.
fn question(steps: &[&Step]) -> Option<Question> {
    let newest = steps.iter().map(|step| &step.bad.created).max()?;
    let rank = |step: &&&Step| {
        let metric = step.metric.as_str();
        STATISTICS.iter().position(|end| metric.ends_with(end))
    };
    let step = steps
        .iter()
        .filter(|step| step.bad.created == *newest)
        .min_by_key(rank)?;
    let size = (step.to.value / step.from.value - 1.0).abs();
    Some(Question {
        good: id(&step.good)?.to_owned(),
        bad: id(&step.bad)?.to_owned(),
        scenario: step.scenario.clone(),
        metric: step.metric.clone(),
        // Of a count that was zero no part can be told: the margin of the policy is all there is.
        margin: if size.is_finite() {
            (size / 2.0).min(1.0)
        } else {
            1.0
        },
    })
}

/// The keys of issues that this trend knows nothing worse about, each with when the oldest run was made that tells
/// so. All statistics of a metric must be told, and none may stand as worse, whoever is suspected. A drift is not gone
/// because a step to the worse took its place.
#[must_use]
pub fn trend_gone(trend: &Trend) -> Vec<(String, String)> {
    let worse = trend.steps.iter().filter(|step| step.way == Way::Worse);
    let worse: BTreeSet<String> = worse
        .map(|step| what(&step.scenario, &step.metric))
        .collect();
    let crept = trend.drifts.iter().filter(|drift| drift.way == Way::Worse);
    let crept: BTreeSet<String> = crept
        .map(|drift| what(&drift.scenario, &drift.metric))
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
    let gone = gone.filter_map(|(what, since)| Some((what, since?.to_owned())));
    gone.flat_map(|(what, since)| {
        let drift = (!crept.contains(&what)).then(|| (key(trend, &what, CREPT), since.clone()));
        [Some((key(trend, &what, WORSE), since)), drift]
    })
    .flatten()
    .collect()
}

/// A metric of a scenario, whatever the statistic.
pub(super) fn what(scenario: &ScenarioId, metric: &MetricName) -> String {
    let metric = metric.as_str();
    let declared = STATISTICS.iter().find_map(|end| metric.strip_suffix(end));
    format!("{scenario} {}", declared.unwrap_or(metric))
}

pub(super) fn key(trend: &Trend, what: &str, how: &str) -> String {
    let tier = trend.tier.as_ref().map_or("", |tier| tier.as_str());
    format!("{tier} {what} {how}")
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
         closes itself after three scheduled nights without it.\n",
    );
    out
}

pub(super) fn name(night: &Night) -> String {
    night
        .commit
        .as_deref()
        .map_or("an unknown commit".to_owned(), |commit| {
            Target::Markdown.outside(short(commit))
        })
}

/// A link to the commits between, of ids alone.
pub(super) fn range(good: &Night, bad: &Night, address: &str) -> String {
    match (id(good), id(bad)) {
        (Some(good), Some(bad)) => format!(" ([these commits]({address}/compare/{good}...{bad}))"),
        _ => String::new(),
    }
}

/// The full id of a night's commit.
fn id(night: &Night) -> Option<&str> {
    let commit = night.commit.as_deref()?;
    let is_id = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then_some(commit)
}
