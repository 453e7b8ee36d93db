//! A trend for people: outcome first, then what is new, then what has been known.

use std::fmt::Write;

use gate_schema::exit::ExitCode;
use gate_schema::quantity::Quantity;
use gate_schema::trend::{Drift, Night, Step, Suspect, Trend, Way};

use crate::escape::Target;
use crate::heading::short;
use crate::quantity::{quantity, signed_percent};

mod crept;
mod host;
mod issue;
mod promoted;
pub use host::{trend_host, trend_host_gone};
pub use issue::{Fresh, NOT_MEASURED, Question, TrendIssue, trend_gone, trend_issues};

/// Steps that were known before are listed up to this many.
const LISTED: usize = 20;

/// The trend as text that ends in a newline, in ASCII.
#[must_use]
pub fn trend(trend: &Trend) -> String {
    let mut lines = vec![outcome(trend), counts(trend)];
    lines.extend(trend.promoted.as_ref().map(promoted::counts));
    let (new, known): (Vec<&Step>, Vec<&Step>) = trend.steps.iter().partition(|step| step.is_new);
    list(&mut lines, "New:", new.into_iter().map(step), usize::MAX);
    list(
        &mut lines,
        "Crept away since the last step:",
        trend.drifts.iter().map(drift),
        usize::MAX,
    );
    if let Some(promoted) = &trend.promoted {
        promoted::improvements(&mut lines, promoted);
    }
    list(
        &mut lines,
        "Known steps:",
        known.into_iter().map(step),
        LISTED,
    );
    let machines = trend.machines.iter().map(|change| {
        let fields: Vec<String> = change
            .fields
            .iter()
            .map(|field| field.field.to_string())
            .collect();
        format!(
            "{}: {} differs from the run before",
            day(&change.night),
            fields.join(", ")
        )
    });
    list(
        &mut lines,
        "Other conditions, so that timings are not compared across:",
        machines,
        LISTED,
    );
    lines.join("\n") + "\n"
}

fn outcome(trend: &Trend) -> String {
    let worse = trend
        .steps
        .iter()
        .find(|step| step.is_new && step.way == Way::Worse);
    let crept = trend.drifts.iter().find(|drift| drift.way == Way::Worse);
    match (trend.exit_code, worse, crept) {
        (ExitCode::Fail, Some(worse), _) => format!("FAIL: {}", step(worse)),
        (ExitCode::Fail, None, Some(crept)) => format!("FAIL: {}", drift(crept)),
        (ExitCode::Undecided, _, _) if trend.alike < trend.needed => format!(
            "UNDECIDED: {} of {} runs; a row needs {} to tell anything",
            trend.alike, trend.runs, trend.needed
        ),
        (ExitCode::Undecided, _, _) => {
            "UNDECIDED: the newest run measured nothing that can be told".to_owned()
        }
        _ => "PASS: the newest run shows nothing new".to_owned(),
    }
}

fn counts(trend: &Trend) -> String {
    let tier = trend.tier.as_ref().map_or(String::new(), |tier| {
        format!(" of tier {}", Target::Ascii.outside(tier.as_str()))
    });
    format!(
        "{} runs{tier}, {} under the conditions of the newest ({}); {} rows told, {} untold",
        trend.runs,
        trend.alike,
        day(&trend.newest),
        trend.told,
        trend.untold
    )
}

fn list(lines: &mut Vec<String>, heading: &str, items: impl Iterator<Item = String>, most: usize) {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return;
    }
    lines.push(format!("\n{heading}"));
    lines.extend(items.iter().take(most).map(|item| format!("  {item}")));
    if items.len() > most {
        lines.push(format!("  and {} more", items.len() - most));
    }
}

fn step(step: &Step) -> String {
    let mut text = format!(
        "{} {} {}",
        Target::Ascii.outside(step.scenario.as_str()),
        Target::Ascii.outside(step.metric.as_str()),
        moved(step.way, &step.from, &step.to),
    );
    let (good, bad) = (commit(&step.good), commit(&step.bad));
    // Writing to a String cannot fail.
    let _ = match step.suspect {
        Suspect::Code => write!(text, ", between {good} and {bad} ({})", day(&step.bad)),
        Suspect::SameCommit => write!(
            text,
            ", first on {}: not of the code, both runs are of {bad}",
            day(&step.bad)
        ),
        Suspect::Everything => write!(
            text,
            ", first on {}, as most timings: look at the machine before {good} to {bad}",
            day(&step.bad)
        ),
    };
    text
}

fn drift(drift: &Drift) -> String {
    let suspect = match drift.suspect {
        Suspect::Code => "",
        Suspect::SameCommit => ": not of the code, all runs since are of one commit",
        Suspect::Everything => ", as most timings: look at the machine before the code",
    };
    format!(
        "{} {} crept {} since {}{suspect}",
        Target::Ascii.outside(drift.scenario.as_str()),
        Target::Ascii.outside(drift.metric.as_str()),
        moved(drift.way, &drift.from, &drift.to),
        day(&drift.since)
    )
}

fn moved(way: Way, from: &Quantity, to: &Quantity) -> String {
    let word = match way {
        Way::Worse => "worse",
        Way::Better => "better",
    };
    let by = to.value / from.value - 1.0;
    let by = if by.is_finite() {
        format!(" ({})", signed_percent(by))
    } else {
        String::new()
    };
    format!("{word}: {} -> {}{by}", quantity(from), quantity(to))
}

fn commit(night: &Night) -> String {
    night
        .commit
        .as_deref()
        .map_or("an unknown commit".to_owned(), |commit| {
            Target::Ascii.outside(short(commit))
        })
}

fn day(night: &Night) -> String {
    let day = night.created.split('T').next().unwrap_or_default();
    Target::Ascii.outside(day)
}
