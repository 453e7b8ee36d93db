//! What the machine did to a history, as an issue of its own: nobody who changed code is asked about it.

use gate_schema::trend::{Drift, Step, Suspect, Trend};

use super::issue::{TrendIssue, key};
use super::{day, moved};
use crate::escape::Target;

/// Rows that the issue names.
const LISTED: usize = 20;

/// The one issue about the machine, while a step or a drift stands that it is suspected of, to the worse or to the
/// better: both make nights before and after tell different things.
#[must_use]
pub fn trend_host(trend: &Trend) -> Option<TrendIssue> {
    let steps = trend.steps.iter().filter(|step| !step.suspect.is_code());
    let drifts = trend.drifts.iter().filter(|drift| !drift.suspect.is_code());
    let (steps, drifts): (Vec<&Step>, Vec<&Drift>) = (steps.collect(), drifts.collect());
    let began = steps.iter().map(|step| &step.bad.created);
    let began = began.chain(drifts.iter().map(|drift| &drift.since.created));
    let bad = began.max()?.clone();
    Some(TrendIssue {
        key: key(trend, "machine", "changed"),
        title: "The machine that measures at night changed".to_owned(),
        body: body(trend, &steps, &drifts),
        finding: None,
        fresh: None,
        question: None,
        needs_measuring: false,
        is_new: steps.iter().any(|step| step.is_new),
        bad,
    })
}

/// The key of that issue when nothing of it stands, with when the oldest run was made that tells so.
#[must_use]
pub fn trend_host_gone(trend: &Trend) -> Option<(String, String)> {
    if trend_host(trend).is_some() {
        return None;
    }
    let told = trend.rows.iter().filter_map(|row| row.since.as_ref());
    let since = told.map(|night| &night.created).max()?;
    Some((key(trend, "machine", "changed"), since.clone()))
}

fn body(trend: &Trend, steps: &[&Step], drifts: &[&Drift]) -> String {
    let code = |text: &str| Target::Markdown.outside(text);
    let mut out = "The nightly history shows levels that moved without a change of the code, or most of them at once: \
                   look at the machine before the code. `gate doctor` says what disturbs measurements there.\n\n"
        .to_owned();
    let step = |step: &&Step| {
        let row = format!("{} {}", step.scenario, step.metric);
        let by = moved(step.way, &step.from, &step.to);
        let (first, why) = (code(&day(&step.bad)), because(step.suspect));
        format!("- {} {by}, first on {first}: {why}\n", code(&row))
    };
    let drift = |drift: &&Drift| {
        let row = format!("{} {}", drift.scenario, drift.metric);
        let by = moved(drift.way, &drift.from, &drift.to);
        let (since, why) = (code(&day(&drift.since)), because(drift.suspect));
        format!("- {} crept {by} since {since}: {why}\n", code(&row))
    };
    let rows = steps.iter().map(step).chain(drifts.iter().map(drift));
    out.extend(rows.take(LISTED));
    let all = steps.len() + drifts.len();
    if all > LISTED {
        out.push_str(&format!("- and {} more\n", all - LISTED));
    }
    if let Some(change) = trend.machines.last() {
        let fields = change.fields.iter();
        let fields: Vec<String> = fields.map(|field| code(field.field.as_str())).collect();
        out.push_str(&format!(
            "\nLast known change of its conditions: {} on {}.\n",
            fields.join(", "),
            code(&day(&change.night))
        ));
    }
    out.push_str(
        "\nNothing of this is said to be a regression. Close this when the machine is as it should be; it closes itself \
         after three scheduled nights without it.\n",
    );
    out
}

fn because(suspect: Suspect) -> &'static str {
    match suspect {
        Suspect::Code => "the code",
        Suspect::SameCommit => "the runs are of one commit",
        Suspect::Everything => "so did most timings",
    }
}
