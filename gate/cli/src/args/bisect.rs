//! The command line of `gate bisect`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use gate_schema::id::{MetricName, ScenarioId};

use super::{MIN_PAIRS, duration};

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 one commit found, 2 usage, build or input error or interrupted, 3 a range of commits, or the two revisions do not differ."
)]
pub(crate) struct Bisect {
    /// A revision without the regression; every other one is measured against it.
    #[arg(long, value_name = "REV")]
    pub(crate) good: String,
    /// A later revision with it.
    #[arg(long, value_name = "REV")]
    pub(crate) bad: String,
    /// The row that got worse, for example "text/search latency.p50".
    #[arg(long, value_name = "SCENARIO METRIC", value_parser = row)]
    pub(crate) row: RowName,
    /// What counts as worse, where the policy tolerates more or judges nothing, for example 2%. The step of a history
    /// may be smaller than what one change may cost.
    #[arg(long, value_name = "PERCENT", value_parser = part)]
    pub(crate) margin: Option<f64>,
    /// A run that showed the regression: only on its machine the bad revision can be told to be no worse.
    #[arg(long, value_name = "RUN")]
    pub(crate) like: Option<PathBuf>,
    /// Time for all of it, builds included. What one commit takes is not begun when it would not fit, judging by
    /// the longest so far; that the two revisions differ is confirmed in any case.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = duration)]
    pub(crate) budget: Duration,
    /// Pairs of the first session of each commit [default: the policy's, else 5].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(MIN_PAIRS..=1000))]
    pub(crate) pairs: Option<u32>,
    /// Policy file with a table `measure` [default: baselines/gate.toml of the repository, as it is now].
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Where work trees and builds go; never inside the repository [default: $GATE_CACHE, else the
    /// user's cache directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// Also write it to FILE as JSON, format gate.bisect/1, even when the two revisions could not be measured.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// One row by name.
#[derive(Clone, Debug)]
pub(crate) struct RowName {
    pub(crate) scenario: ScenarioId,
    pub(crate) metric: MetricName,
}

fn row(text: &str) -> Result<RowName, String> {
    let mut words = text.split_whitespace();
    let (Some(scenario), Some(metric), None) = (words.next(), words.next(), words.next()) else {
        return Err(
            "write scenario and metric as one argument: \"text/search latency.p50\"".to_owned(),
        );
    };
    let name = |text: &str| ScenarioId::new(text).map_err(|defect| defect.hint());
    Ok(RowName {
        scenario: name(scenario)?,
        metric: name(metric)?,
    })
}

/// A part of a level, written as a percentage.
fn part(text: &str) -> Result<f64, String> {
    let percent = text.trim().strip_suffix('%').map(str::trim);
    let percent = percent.and_then(|percent| percent.parse::<f64>().ok());
    let percent = percent.filter(|percent| (f64::MIN_POSITIVE..=100.0).contains(percent));
    percent
        .map(|percent| percent / 100.0)
        .ok_or_else(|| "write a percentage from above 0% to 100%, such as 2%".to_owned())
}
