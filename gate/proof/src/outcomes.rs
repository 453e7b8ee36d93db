//! What became of many gates, as numbers a page can be written from.

use serde::{Deserialize, Serialize};

use crate::interval::Rate;
use crate::rivals::Rival;
use crate::simulate::{GateRun, Settings, Stored};
use crate::versus::{Layout, RivalRun};

/// The format of a recording.
pub const FORMAT: &str = "gate.proof/1";

/// A recording: everything one invocation found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Always [`FORMAT`].
    pub format: String,
    /// The version that recorded it.
    pub version: String,
    /// One entry per rule and setting, in the order they were run.
    pub outcomes: Vec<Outcomes>,
}

impl Recording {
    /// A recording by this version.
    #[must_use]
    pub fn new(outcomes: Vec<Outcomes>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            outcomes,
        }
    }

    /// Reads a recording.
    ///
    /// # Errors
    /// Text that is none, or of another format.
    pub fn parse(text: &str) -> Result<Self, String> {
        let recording: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if recording.format == FORMAT {
            Ok(recording)
        } else {
            let found = &recording.format;
            Err(format!("expected format {FORMAT}, found {found}"))
        }
    }
}

/// What became of the gates of one setting under one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcomes {
    /// The rule: `gate` or a rival.
    pub name: String,
    /// Where baseline repetitions come from: `paired` or `stored`.
    pub layout: String,
    /// What was simulated.
    pub conditions: Conditions,
    /// Gates run.
    pub runs: u64,
    /// Gates that failed, rightly or not.
    pub failures: Rate,
    /// Gates that failed without a change that deserves it.
    pub false_failures: Rate,
    /// Rows of unchanged scenarios that failed, over all gates.
    pub false_rows: u64,
    /// Planted changes found; absent when none were planted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// Gates that the test of all scenarios together failed; absent for rivals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uniform: Option<Rate>,
    /// What gate spent and could say; absent for rivals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
}

/// What was simulated, in names and numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// The machine.
    pub regime: String,
    /// The shape of the noise, or `all`.
    pub shape: String,
    /// What the scenarios measure.
    pub workload: String,
    /// Scenarios of each gate.
    pub scenarios: usize,
    /// How many of them carry the effect.
    pub planted: usize,
    /// The effect: a fraction, or for recall points as a fraction.
    pub effect: f64,
    /// Pairs of the first session.
    pub pairs: u32,
    /// Pairs of each later session.
    pub rerun_pairs: u32,
    /// Time for measuring, in first sessions; absent from early recordings, which never had any left.
    #[serde(default = "no_time_left")]
    pub budget: f64,
    /// Calibration sessions known.
    pub history: u64,
    /// Sessions that were compared instead of pairs; absent for pairs and for rivals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Sessions>,
    /// The seed.
    pub seed: u64,
}

/// Sessions of each build alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// Of the baseline, stored.
    pub baseline: u64,
    /// Of the candidate.
    pub candidate: u64,
}

/// Planted changes found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// Of all.
    pub all: Rate,
    /// Of those in metrics whose repetitions scatter by less than 1.6 %, by 1.6 to 4 %, by more.
    pub by_class: [Rate; 3],
}

/// What gate spent and could say.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effort {
    /// Scenarios measured again, over all gates.
    pub rerun_scenarios: u64,
    /// Pairs measured again because a verdict required it, of the pairs of all first sessions; not a
    /// rate, for it may exceed them.
    pub rerun_pairs: u64,
    /// Pairs of undecided rows that the time left paid for; absent from early recordings, which did not
    /// measure them.
    #[serde(default)]
    pub spare_pairs: u64,
    /// Pairs of all first sessions.
    pub first_pairs: u64,
    /// Gates that asked for canaries.
    pub canaries: u64,
    /// Gating rows over all gates.
    pub rows: u64,
    /// Of them, shown to be within the margin by the first session.
    pub passed_at_once: u64,
    /// Of them, undecided after the first session.
    pub undecided_at_once: u64,
    /// Of them, undecided in the end.
    pub undecided: u64,
}

impl Outcomes {
    /// Pairs measured again because a verdict required it, of those of all first sessions; `None` for rivals.
    /// Counted in whole later sessions, because the pairs of one are not independent. More than all counts as all.
    #[must_use]
    pub fn measured_again(&self) -> Option<Rate> {
        let effort = self.effort?;
        let sessions = |pairs: u64| pairs / u64::from(self.conditions.rerun_pairs.max(1));
        let first = sessions(effort.first_pairs);
        Some(Rate::new(sessions(effort.rerun_pairs).min(first), first))
    }

    /// Counts what gate did.
    #[must_use]
    pub fn of_gate(settings: &Settings, runs: &[GateRun]) -> Self {
        let sum = |of: fn(&GateRun) -> u64| runs.iter().map(of).sum();
        let gates = runs.len() as u64;
        let layout = match settings.stored {
            None => Layout::Paired,
            Some(_) => Layout::Stored,
        };
        Self {
            name: "gate".to_owned(),
            layout: layout.as_str().to_owned(),
            conditions: conditions(settings),
            runs: gates,
            failures: Rate::new(sum(|r| u64::from(r.failed)), gates),
            false_failures: Rate::new(sum(|r| u64::from(r.falsely)), gates),
            false_rows: sum(|r| r.false_rows),
            found: found(runs.iter().map(|r| r.planted)),
            uniform: Some(Rate::new(sum(|r| u64::from(r.uniform)), gates)),
            effort: Some(Effort {
                rerun_scenarios: sum(|r| r.rerun_scenarios),
                rerun_pairs: sum(|r| r.rerun_pairs),
                spare_pairs: sum(|r| r.spare_pairs),
                first_pairs: sum(|r| r.first_pairs),
                canaries: sum(|r| u64::from(r.canaries)),
                rows: sum(|r| r.rows),
                passed_at_once: sum(|r| r.passed_at_once),
                undecided_at_once: sum(|r| r.undecided_at_once),
                undecided: sum(|r| r.undecided),
            }),
        }
    }

    /// Counts what a rival would have done.
    #[must_use]
    pub fn of_rival(settings: &Settings, rival: Rival, layout: Layout, runs: &[RivalRun]) -> Self {
        let gates = runs.len() as u64;
        let count = |fails: fn(&&RivalRun) -> bool| runs.iter().filter(fails).count() as u64;
        // Nobody calibrates for a rival, and it measures nothing again; what it stores is in its layout.
        let settings = Settings {
            budget: no_time_left(),
            history: 0,
            stored: None,
            ..*settings
        };
        Self {
            name: rival.name(),
            layout: layout.as_str().to_owned(),
            conditions: conditions(&settings),
            runs: gates,
            failures: Rate::new(count(|run| run.fails()), gates),
            false_failures: Rate::new(count(|run| run.false_rows > 0), gates),
            false_rows: runs.iter().map(|run| run.false_rows).sum(),
            found: found(runs.iter().map(|run| run.planted)),
            uniform: None,
            effort: None,
        }
    }
}

fn no_time_left() -> f64 {
    1.0
}

fn conditions(settings: &Settings) -> Conditions {
    Conditions {
        regime: settings.regime.as_str().to_owned(),
        shape: settings.shape.map_or("all", |s| s.as_str()).to_owned(),
        workload: settings.workload.as_str().to_owned(),
        scenarios: settings.scenarios,
        planted: settings.planted,
        effect: settings.effect,
        pairs: settings.plan.pairs,
        rerun_pairs: settings.plan.rerun_pairs,
        budget: settings.budget,
        history: settings.history,
        sessions: settings.stored.map(
            |Stored {
                 baseline,
                 candidate,
             }| Sessions {
                baseline,
                candidate,
            },
        ),
        seed: settings.seed,
    }
}

fn found(runs: impl Iterator<Item = [(u64, u64); 3]>) -> Option<Found> {
    let mut by_class = [(0, 0); 3];
    for run in runs {
        for (sum, (hits, of)) in by_class.iter_mut().zip(run) {
            *sum = (sum.0 + hits, sum.1 + of);
        }
    }
    let all = by_class.iter().fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    (all.1 > 0).then(|| Found {
        all: Rate::new(all.0, all.1),
        by_class: by_class.map(|(hits, of)| Rate::new(hits, of)),
    })
}
