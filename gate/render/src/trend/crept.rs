//! A drift to the worse, as an issue.

use gate_schema::trend::{Drift, Night, Trend, Way};

use super::issue::{TrendIssue, grouped, key, name, range, what};
use super::{day, moved};
use crate::escape::Target;

/// What an issue of a drift is about, in its key.
pub(super) const CREPT: &str = "crept";

/// The drifts to the worse that are not the machine's doing, one issue per metric of a scenario. One whose metric has
/// an issue for a step already, by `is_said`, needs no second.
pub(super) fn issues(
    trend: &Trend,
    address: &str,
    is_said: impl Fn(&str) -> bool,
) -> Vec<TrendIssue> {
    let is_filed = |drift: &&Drift| drift.way == Way::Worse && drift.suspect.is_code();
    let drifts = trend.drifts.iter().filter(is_filed);
    let groups = grouped(drifts, |drift| what(&drift.scenario, &drift.metric));
    let unsaid = groups.into_iter().filter(|(what, _)| !is_said(what));
    let issue = |(what, drifts): (String, Vec<&Drift>)| TrendIssue {
        key: key(trend, &what, CREPT),
        title: format!("{} crept away", Target::Unicode.outside(&what)),
        body: body(&what, &drifts, &trend.newest, address),
        finding: None,
        fresh: None,
        question: None,
        needs_measuring: false,
        is_new: false,
        bad: last(&drifts).created.clone(),
    };
    unsaid.map(issue).collect()
}

/// The newest of the first runs.
fn last<'a>(drifts: &[&'a Drift]) -> &'a Night {
    let since = drifts.iter().map(|drift| &drift.since);
    let last = since.max_by(|a, b| a.created.cmp(&b.created));
    last.unwrap_or(&drifts[0].since)
}

fn body(what: &str, drifts: &[&Drift], newest: &Night, address: &str) -> String {
    let code = |text: &str| Target::Markdown.outside(text);
    let mut out = format!(
        "The nightly history of {} shows a level that crept away by more than its margin, in parts too small to be \
         steps.\n\n",
        code(what)
    );
    for drift in drifts {
        let by = moved(drift.way, &drift.from, &drift.to);
        out.push_str(&format!("- {} {by}\n", code(drift.metric.as_str())));
    }
    let since = last(drifts);
    out.push_str(&format!(
        "\nIt is told since {}. What changed lies between {} and {}{}.\n\n",
        code(&day(since)),
        name(since),
        name(newest),
        range(since, newest, address)
    ));
    out.push_str(
        "Not confirmed by a fresh measurement: a drift is seen over weeks. `gate bisect` between the two commits says \
         whether it is the code, and which merge took most. Close this when the level is accepted, or promote it; it \
         closes itself after three scheduled nights without it.\n",
    );
    out
}
