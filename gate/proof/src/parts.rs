//! The parts of a verdict, one at a time: what the level of one test is worth, which statistic sees a
//! tail, and what the order of measuring does. Whole gates are in [`crate::simulate`].

use gate_core::estimate::{Location, estimate};
use gate_core::paired::{History, SessionEvidence};
use gate_core::stored::Nature;
use gate_schema::noise::Spread;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

use crate::interval::Rate;
use crate::noise::seed_of;
use crate::table::{interval, percent, table};

pub mod levels;
pub mod order;
pub mod tails;

/// Stored sessions that every part knows the noise from.
const HISTORY: usize = 10;

/// All parts as Markdown tables, with `trials` of the cheapest and fewer of the others.
#[must_use]
pub fn tables(trials: u64, seed: u64) -> String {
    let levels = levels::all(trials, seed);
    let tails = tails::all((trials / 100).max(1), seed);
    let order = order::all((trials / 10).max(1), seed);
    [
        level_table(&levels),
        tail_table(&tails),
        order_table(&order),
    ]
    .join("\n")
}

fn level_table(rows: &[levels::Row]) -> String {
    table(
        "| Noise | Pairs | Rule | False at 1e-3 | 95 % interval | False at 1e-4 | 95 % interval | +5 % found at 1e-4 |\n\
         |---|---:|---|---:|---|---:|---|---:|\n",
        rows.iter().map(|row| {
            let small = |rate: &Rate| {
                let share = rate.share().unwrap_or_default();
                format!("{:.3} %", 100.0 * share)
            };
            let [often, rarely] = &row.falsely;
            format!(
                "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
                row.shape.as_str(),
                row.pairs,
                row.rule.as_str(),
                small(often),
                interval(often),
                small(rarely),
                interval(rarely),
                percent(&row.found),
            )
        }),
    )
}

fn tail_table(rows: &[tails::Row]) -> String {
    table(
        "| Requests | Statistic | Scatter of a repetition | False at 1 %, 5 pairs | +10 % found, 5 pairs | 95 % interval | +10 % found, 10 pairs | 95 % interval |\n\
         |---|---|---:|---:|---:|---|---:|---|\n",
        rows.iter().map(|row| {
            let [few, many] = &row.found;
            format!(
                "| {} | {} | {:.1} % | {} | {} | {} | {} | {} |\n",
                row.requests.as_str(),
                row.statistic.as_str(),
                100.0 * row.scatter,
                percent(&row.falsely),
                percent(few),
                interval(few),
                percent(many),
                interval(many),
            )
        }),
    )
}

fn order_table(rows: &[order::Row]) -> String {
    table(
        "| Machine | Order and test | False at 1 % | 95 % interval | Scatter of the difference |\n\
         |---|---|---:|---|---:|\n",
        rows.iter().map(|row| {
            format!(
                "| {} | {} | {} | {} | {:.2} % |\n",
                row.drift.as_str(),
                row.order.as_str(),
                percent(&row.falsely),
                interval(&row.falsely),
                100.0 * row.scatter,
            )
        }),
    )
}

/// What gate learns from sessions of one build with itself: their differences, pair by pair.
fn history(sessions: impl Iterator<Item = Vec<f64>>) -> Option<History> {
    let spread = |differences: &[f64], location| {
        let e = estimate(differences, location);
        Spread {
            variance: e.variance,
            freedom: e.freedom,
        }
    };
    let spreads: Vec<[Spread; 2]> = sessions
        .map(|differences| {
            [Location::Trimmed, Location::Plain].map(|location| spread(&differences, location))
        })
        .collect();
    History::pooled(&spreads)
}

/// How likely a session of unchanged pairs looks at least as much worse, as gate judges timings whose
/// clock has steps of `quantum`, on the logarithmic scale.
fn p_worse(differences: &[f64], history: Option<&History>, quantum: f64) -> f64 {
    let nature = Nature {
        quantum,
        may_be_exact: false,
    };
    SessionEvidence::new(differences, history, nature).p_worse
}

/// Candidate minus baseline, pair by pair.
fn differences(baseline: &[f64], candidate: &[f64]) -> Vec<f64> {
    baseline.iter().zip(candidate).map(|(b, c)| c - b).collect()
}

/// A stream of random numbers of its own for each trial of each part.
fn stream(seed: u64, place: [u64; 3]) -> Pcg64Mcg {
    Pcg64Mcg::seed_from_u64(place.into_iter().fold(seed, seed_of))
}

/// Standard deviation about the mean, over n - 1; zero for a single value.
fn deviation(values: &[f64]) -> f64 {
    let centre = gate_core::estimate::mean(values);
    let squares: f64 = values.iter().map(|v| (v - centre).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0).max(1.0)).sqrt()
}

#[cfg(test)]
mod tests;
