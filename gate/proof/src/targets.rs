//! What gate promises of its verdicts, and whether simulated gates keep it.

use std::fmt::Write as _;

use gate_core::next::Plan;

use crate::interval::Rate;
use crate::judge::Gate;
use crate::noise::Regime;
use crate::outcomes::Outcomes;
use crate::simulate::{Settings, SimulateError, Stored, simulate};
use crate::workload::Workload;

/// One promise and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Promise {
    /// What is counted.
    pub what: String,
    /// What it may be.
    pub bound: Bound,
    /// What it was.
    pub counted: Rate,
}

/// What a rate may be, as a fraction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// No more than that.
    AtMost(f64),
    /// No less than that.
    AtLeast(f64),
}

/// What the count says about a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The counted rate keeps it.
    Yes,
    /// The counted rate breaks it, but the true one may keep it: more gates would tell.
    Unknown,
    /// The true rate breaks it, as sure as the interval is.
    No,
}

impl Promise {
    /// Whether it was kept.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let share = self.counted.share();
        let (is_kept, may_be) = match self.bound {
            Bound::AtMost(most) => (share.is_some_and(|s| s <= most), self.counted.low <= most),
            Bound::AtLeast(least) => (
                share.is_some_and(|s| s >= least),
                self.counted.high >= least,
            ),
        };
        match (is_kept, may_be) {
            (true, _) => Kept::Yes,
            (false, true) => Kept::Unknown,
            (false, false) => Kept::No,
        }
    }
}

/// Finds the rate that is promised something of; `None` where nothing of the kind was simulated.
type Count = fn(&Outcomes) -> Option<Rate>;

/// One setting, and what is promised of its outcomes.
struct Trial {
    settings: Settings,
    promises: Vec<(&'static str, Bound, Count)>,
}

/// Simulates all settings that something is promised of, with `gates` of those in which nothing is
/// planted and fewer of the others, which count rows.
///
/// # Errors
/// The simulator does not fit gate.
pub fn promises(gates: u64, seed: u64) -> Result<Vec<Promise>, SimulateError> {
    let mut promises = Vec::new();
    for trial in trials(gates, seed) {
        let runs = simulate(&trial.settings, &Gate::of(trial.settings.workload))?;
        let outcomes = Outcomes::of_gate(&trial.settings, &runs);
        for (what, bound, count) in trial.promises {
            let regime = trial.settings.regime.as_str();
            promises.extend(count(&outcomes).map(|counted| Promise {
                what: format!("{what}, {regime}"),
                bound,
                counted,
            }));
        }
    }
    Ok(promises)
}

fn trials(gates: u64, seed: u64) -> Vec<Trial> {
    let quiet = Settings {
        seed,
        gates,
        scenarios: 200,
        regime: Regime::Quiet,
        shape: None,
        workload: Workload::Latency,
        planted: 0,
        effect: 0.0,
        plan: Plan {
            pairs: 5,
            rerun_pairs: 10,
        },
        budget: 1.0,
        history: 10,
        stored: None,
    };
    let fails_rarely = |what, settings| Trial {
        settings,
        promises: vec![(what, Bound::AtMost(0.01), |outcomes| {
            Some(outcomes.failures)
        })],
    };
    let costs_little = |what, mut trial: Trial| {
        let again: Count = Outcomes::measured_again;
        trial.promises.push((what, Bound::AtMost(0.05), again));
        trial
    };
    let unchanged = Regime::ALL
        .map(|regime| fails_rarely("unchanged gates that failed", Settings { regime, ..quiet }))
        .map(|trial| costs_little("pairs measured again in unchanged gates", trial));
    // What the time left pays for are further looks, which could fail a gate.
    let with_time_left = [Regime::Quiet, Regime::Hosted].map(|regime| {
        let settings = Settings {
            regime,
            budget: 2.0,
            gates: (gates / 2).max(1),
            ..quiet
        };
        fails_rarely("unchanged gates with time left that failed", settings)
    });
    // Whole sessions are disturbed alike, and nothing cancels.
    let against_stored = [Regime::Quiet, Regime::Hosted].map(|regime| {
        let settings = Settings {
            regime,
            stored: Some(Stored {
                baseline: 12,
                candidate: 3,
            }),
            ..quiet
        };
        fails_rarely(
            "unchanged sessions that failed against stored ones",
            settings,
        )
    });
    // Mean, median and tail of one distribution move together.
    let correlated = fails_rarely(
        "unchanged gates of 40 distributions that failed",
        Settings {
            gates: (gates / 2).max(1),
            workload: Workload::Tail,
            scenarios: 40,
            ..quiet
        },
    );
    // What is over its budget on both sides.
    let near_budgets = [Regime::Quiet, Regime::Hosted, Regime::Neighbour].map(|regime| {
        let settings = Settings {
            regime,
            budget: 2.0,
            gates: (gates / 2).max(1),
            workload: Workload::Budget,
            scenarios: 40,
            ..quiet
        };
        fails_rarely("unchanged gates near their budgets that failed", settings)
    });
    let planted = |effect| Settings {
        gates: (gates / 6).max(1),
        planted: 10,
        effect,
        ..quiet
    };
    let small = |workload, scenarios, planted, effect| Settings {
        gates: (gates / 10).max(1),
        workload,
        scenarios,
        planted,
        effect,
        ..quiet
    };
    let all = |outcomes: &Outcomes| outcomes.found.map(|found| found.all);
    let mut trials: Vec<Trial> = unchanged.into();
    trials.extend(with_time_left);
    trials.extend(against_stored);
    trials.extend(near_budgets);
    trials.push(costs_little(
        "pairs measured again in unchanged gates of 40 distributions",
        correlated,
    ));
    trials.extend([
        Trial {
            settings: planted(0.05),
            promises: vec![
                ("rows 5 % slower that were found", Bound::AtLeast(0.85), all),
                (
                    "of those that scatter below 1.6 %",
                    Bound::AtLeast(0.99),
                    |outcomes| outcomes.found.map(|found| found.by_class[0]),
                ),
            ],
        },
        Trial {
            settings: planted(0.10),
            promises: vec![(
                "rows 10 % slower that were found",
                Bound::AtLeast(0.97),
                all,
            )],
        },
        Trial {
            settings: planted(0.20),
            promises: vec![(
                "rows 20 % slower that were found",
                Bound::AtLeast(0.995),
                all,
            )],
        },
        Trial {
            settings: small(Workload::Tail, 20, 1, 0.10),
            promises: vec![(
                "tails 10 % slower that were found",
                Bound::AtLeast(0.90),
                all,
            )],
        },
        Trial {
            settings: small(Workload::Recall, 20, 1, -0.01),
            promises: vec![(
                "recalls a point lower that were found",
                Bound::AtLeast(0.99),
                all,
            )],
        },
        Trial {
            settings: small(Workload::Latency, 40, 40, 0.01),
            promises: vec![(
                "gates with everything 1 % slower that failed",
                Bound::AtLeast(0.95),
                |outcomes| outcomes.uniform,
            )],
        },
    ]);
    trials
}

/// A Markdown table of promises, in their order.
#[must_use]
pub fn table(promises: &[Promise]) -> String {
    let mut text = "| Promise | Bound | Counted | 95 % interval | Of | Kept |\n".to_owned();
    text.push_str("|---|---:|---:|---|---:|---|\n");
    let percent = |share: f64| format!("{:.2}", 100.0 * share);
    for promise in promises {
        let bound = match promise.bound {
            Bound::AtMost(most) => format!("<= {} %", 100.0 * most),
            Bound::AtLeast(least) => format!(">= {} %", 100.0 * least),
        };
        let kept = match promise.kept() {
            Kept::Yes => "yes",
            Kept::Unknown => "not shown",
            Kept::No => "**no**",
        };
        let counted = promise.counted;
        let share = counted.share().map_or("-".to_owned(), percent);
        let [low, high] = [counted.low, counted.high].map(percent);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {bound} | {share} % | [{low}, {high}] | {} | {kept} |",
            promise.what, counted.of
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_broken_only_when_chance_does_not_explain_it() {
        for (bound, hits, of, kept) in [
            (Bound::AtMost(0.01), 0, 300, Kept::Yes),
            (Bound::AtMost(0.01), 3, 300, Kept::Yes),
            (Bound::AtMost(0.01), 6, 300, Kept::Unknown),
            (Bound::AtMost(0.01), 30, 300, Kept::No),
            (Bound::AtLeast(0.97), 300, 300, Kept::Yes),
            (Bound::AtLeast(0.97), 288, 300, Kept::Unknown),
            (Bound::AtLeast(0.97), 250, 300, Kept::No),
            // Of nothing, nothing is known.
            (Bound::AtLeast(0.97), 0, 0, Kept::Unknown),
        ] {
            let promise = Promise {
                what: "things".to_owned(),
                bound,
                counted: Rate::new(hits, of),
            };
            assert_eq!(promise.kept(), kept, "{hits} of {of}, {bound:?}");
        }
    }

    #[test]
    fn everything_promised_is_counted() {
        let promises = promises(2, 7).expect("the simulator fits gate");
        assert_eq!(promises.len(), 2 * Regime::ALL.len() + 16);
        assert!(promises.iter().all(|promise| promise.counted.of > 0));
        let table = table(&promises);
        assert_eq!(table.lines().count(), 2 + promises.len(), "{table}");
    }
}
