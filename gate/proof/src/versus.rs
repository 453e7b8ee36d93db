//! Rival rules on the repetitions of the same simulated gates.

use rayon::prelude::*;

use crate::noise::{Class, Session};
use crate::rivals::{Rival, Samples};
use crate::simulate::{FIRST_SESSION, Settings};
use crate::workload::Fleet;

/// Stored sessions that a rule of reports looks at; Bencher's sample.
const REPORTS: u64 = 10;

/// Where the baseline's repetitions come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// From the candidate's own session, measured in turn with it.
    Paired,
    /// From an earlier session of the same machine, as a file in the repository keeps them.
    Stored,
}

impl Layout {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Paired, Self::Stored];

    /// The name in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paired => "paired",
            Self::Stored => "stored",
        }
    }
}

/// What a rule made of one gate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RivalRun {
    /// Flagged metrics without a planted effect.
    pub false_rows: u64,
    /// Planted scenarios flagged and planted at all, by class of noise.
    pub planted: [(u64, u64); 3],
    /// Metrics judged.
    pub rows: u64,
}

impl RivalRun {
    /// Whether any metric was flagged, rightly or not.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.false_rows > 0 || self.planted.iter().any(|(hits, _)| *hits > 0)
    }
}

/// Lets a rule judge the first sessions of all gates of a setting, in parallel; in order of the gates.
/// The scenarios must measure latencies: no rival knows anything else.
///
/// Rules of reports have no paired layout; their history is stored by nature.
#[must_use]
pub fn versus(settings: &Settings, rival: Rival, layout: Layout) -> Vec<RivalRun> {
    (0..settings.gates)
        .into_par_iter()
        .map(|gate| one(&settings.fleet(gate), settings.plan.pairs, rival, layout))
        .collect()
}

fn one(fleet: &Fleet, pairs: u32, rival: Rival, layout: Layout) -> RivalRun {
    let repetitions: Vec<[Vec<f64>; 2]> = (0..fleet.scenarios())
        .map(|scenario| {
            if rival.takes_reports() {
                reports(fleet, scenario, pairs)
            } else {
                repetitions(fleet, scenario, pairs, layout)
            }
        })
        .collect();
    let gate = Samples::of(&repetitions);
    let mut run = RivalRun {
        rows: gate.len() as u64,
        ..RivalRun::default()
    };
    for (scenario, fails) in rival.judge(&gate).into_iter().enumerate() {
        if fleet.is_planted(scenario) {
            let sigma = fleet.machine().metrics()[scenario].sigma;
            let (hits, of) = &mut run.planted[Class::of(sigma) as usize];
            *hits += u64::from(fails);
            *of += 1;
        } else {
            run.false_rows += u64::from(fails);
        }
    }
    run
}

/// Both arms of every pair of one session.
fn session(fleet: &Fleet, scenario: usize, index: u64, pairs: u32) -> [Vec<f64>; 2] {
    let session = Session { index, pairs };
    let (baseline, candidate) = (0..pairs)
        .map(|pair| fleet.machine().pair(scenario, session, pair))
        .unzip();
    [baseline, candidate]
}

fn repetitions(fleet: &Fleet, scenario: usize, pairs: u32, layout: Layout) -> [Vec<f64>; 2] {
    let [in_turn, candidate] = session(fleet, scenario, FIRST_SESSION, pairs);
    match layout {
        Layout::Paired => [in_turn, candidate],
        Layout::Stored => {
            let [stored, _] = session(fleet, scenario, 0, pairs);
            [stored, candidate]
        }
    }
}

/// One report per session: the mean of its repetitions.
fn reports(fleet: &Fleet, scenario: usize, pairs: u32) -> [Vec<f64>; 2] {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let stored = (0..REPORTS)
        .map(|index| mean(&session(fleet, scenario, index, pairs)[0]))
        .collect();
    let [_, candidate] = session(fleet, scenario, FIRST_SESSION, pairs);
    [stored, vec![mean(&candidate)]]
}

#[cfg(test)]
mod tests {
    use gate_core::next::Plan;

    use super::*;
    use crate::noise::Regime;
    use crate::workload::Workload;

    fn settings(effect: f64) -> Settings {
        Settings {
            seed: 3,
            gates: 60,
            scenarios: 50,
            regime: Regime::Quiet,
            shape: None,
            workload: Workload::Latency,
            planted: usize::from(effect > 0.0),
            effect,
            plan: Plan {
                pairs: 5,
                rerun_pairs: 10,
            },
            budget: 1.0,
            history: 0,
            stored: None,
        }
    }

    fn failed(rival: Rival, layout: Layout, effect: f64) -> usize {
        let runs = versus(&settings(effect), rival, layout);
        runs.iter().filter(|run| run.false_rows > 0).count()
    }

    #[test]
    fn a_fixed_threshold_fails_more_gates_on_stored_repetitions_than_on_pairs() {
        let rival = Rival::Critcmp { threshold: 0.05 };
        let (stored, paired) = (
            failed(rival, Layout::Stored, 0.0),
            failed(rival, Layout::Paired, 0.0),
        );
        assert!(stored > paired && paired > 5, "{stored} and {paired} of 60");
    }

    #[test]
    fn benchstat_alone_fails_half_of_the_gates_of_fifty() {
        // Five against five reach a two-sided level of 3.2 %, half of it on the slow side: over 50
        // metrics 55 %.
        let paired = failed(Rival::Benchstat { at_least: 0.0 }, Layout::Paired, 0.0);
        assert!((20..46).contains(&paired), "{paired} of 60");
        assert_eq!(failed(Rival::GithubActionBenchmark, Layout::Stored, 0.0), 0);
    }

    #[test]
    fn planted_effects_are_counted_apart() {
        let runs = versus(
            &settings(0.5),
            Rival::Critcmp { threshold: 0.10 },
            Layout::Paired,
        );
        let of: u64 = runs.iter().flat_map(|r| r.planted).map(|(_, of)| of).sum();
        let hits: u64 = runs
            .iter()
            .flat_map(|r| r.planted)
            .map(|(hits, _)| hits)
            .sum();
        assert_eq!((of, hits), (60, 60));
    }
}
