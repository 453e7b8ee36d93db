//! Whole gate runs on a simulated machine, from the first pair to the last verdict.

use std::fmt;

use gate_core::evaluate::{EvaluateError, Known};
use gate_core::next::Plan;
use gate_schema::defect::{Defect, Problem};
use gate_schema::id::ScenarioId;
use gate_schema::noise::Noise;
use gate_schema::report::{Blame, Outcome, Report, Row, Verdict};
use gate_schema::run::Run;
use rayon::prelude::*;

use crate::documents::{self, Documents, Part, Seen};
use crate::judge::Judge;
use crate::noise::{Class, Regime, Shape, Simulated, seed_of};
use crate::workload::{Fleet, Workload};

mod asked;

use asked::Asked;

/// Steps before a gate that never ends is given up, as many as `gate check` takes.
const MAX_STEPS: usize = 1_000;

/// Sessions of calibration and stored ones come first, those of the gate from here on.
pub const FIRST_SESSION: u64 = 1_000;

/// What is simulated. All gates of one setting differ only in their seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Seeds everything.
    pub seed: u64,
    /// Gate runs.
    pub gates: u64,
    /// Scenarios of each gate, one metric each.
    pub scenarios: usize,
    /// The machine.
    pub regime: Regime,
    /// One shape of noise for all metrics; all shapes when absent.
    pub shape: Option<Shape>,
    /// What the scenarios measure.
    pub workload: Workload,
    /// Scenarios with a planted effect.
    pub planted: usize,
    /// The effect; see [`Workload`] for what it does.
    pub effect: f64,
    /// Pairs of the first and of later sessions.
    pub plan: Plan,
    /// Time for measuring, as a multiple of what the first session takes. Every pair takes equally long.
    /// What is required is measured whatever it takes; time left after it goes to undecided rows.
    pub budget: f64,
    /// Calibration sessions that are known, of as many pairs as a first session.
    pub history: u64,
    /// Sessions that are compared once, as `gate compare` does, instead of pairs; `None` for pairs.
    pub stored: Option<Stored>,
}

/// Sessions of each build alone, of as many repetitions as a first session has pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Of the baseline, promoted some time ago.
    pub baseline: u64,
    /// Of the candidate, today.
    pub candidate: u64,
}

impl Settings {
    /// The scenarios of one of the gates.
    #[must_use]
    pub fn fleet(&self, gate: u64) -> Fleet {
        let seed = seed_of(self.seed, gate);
        let machine = Simulated::new(seed, self.regime, self.scenarios);
        let machine = match self.shape {
            Some(shape) => machine.of_shape(shape),
            None => machine,
        };
        Fleet::new(machine, self.workload, seed).plant(self.planted, self.effect)
    }
}

/// What became of one gate run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateRun {
    /// Whether the outcome was a failure.
    pub failed: bool,
    /// Whether the test of all scenarios together failed it.
    pub uniform: bool,
    /// Whether it failed without a change that deserves it: a row of an unchanged scenario regressed,
    /// or everything together where nothing was planted.
    pub falsely: bool,
    /// Regressed rows of unchanged scenarios.
    pub false_rows: u64,
    /// Planted scenarios found and planted at all, by class of noise.
    pub planted: [(u64, u64); 3],
    /// Pairs of the first session; none where sessions are compared.
    pub first_pairs: u64,
    /// Pairs measured again because a verdict required it, canaries included.
    pub rerun_pairs: u64,
    /// Scenarios measured again because a verdict required it.
    pub rerun_scenarios: u64,
    /// Pairs of undecided rows that the time left paid for.
    pub spare_pairs: u64,
    /// Sessions of them, one scenario each.
    pub spare_sessions: u64,
    /// Whether canaries were asked for.
    pub canaries: bool,
    /// Gating rows, and how many of them pass and are undecided once the first session is in.
    pub rows: u64,
    /// See [`GateRun::rows`].
    pub passed_at_once: u64,
    /// See [`GateRun::rows`].
    pub undecided_at_once: u64,
    /// Gating rows undecided in the end.
    pub undecided: u64,
}

/// Why a simulation could not be carried out. None of these happens unless gate or the simulator is
/// wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum SimulateError {
    /// A document that gate would refuse.
    Document(Defect),
    /// A document that gate cannot observe.
    Observe(Problem),
    /// Two runs that gate cannot compare.
    Judge(EvaluateError),
    /// A scenario asked for that no gate has.
    Unknown(ScenarioId),
    /// The gate kept asking for pairs.
    Endless,
}

impl fmt::Display for SimulateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(defect) => write!(f, "simulated document: {defect}"),
            Self::Observe(problem) => {
                write!(
                    f,
                    "simulated document{}: {}",
                    problem.pointer, problem.defect
                )
            }
            Self::Judge(error) => write!(f, "the gate cannot judge: {error:?}"),
            Self::Unknown(scenario) => {
                write!(f, "the gate asked for `{scenario}`, which is not there")
            }
            Self::Endless => write!(f, "the gate still asks for pairs after {MAX_STEPS} steps"),
        }
    }
}

impl std::error::Error for SimulateError {}

impl From<Defect> for SimulateError {
    fn from(defect: Defect) -> Self {
        Self::Document(defect)
    }
}

impl From<Problem> for SimulateError {
    fn from(problem: Problem) -> Self {
        Self::Observe(problem)
    }
}

impl From<EvaluateError> for SimulateError {
    fn from(error: EvaluateError) -> Self {
        Self::Judge(error)
    }
}

/// Runs all gates of one setting, in parallel; the answer is in order of the gates.
///
/// # Errors
/// The first gate that could not be carried out.
pub fn simulate(settings: &Settings, judge: &impl Judge) -> Result<Vec<GateRun>, SimulateError> {
    (0..settings.gates)
        .into_par_iter()
        .map(|gate| match settings.stored {
            None => in_pairs(settings, judge, gate),
            Some(stored) => compared(settings, judge, gate, stored),
        })
        .collect()
}

/// One comparison of what was measured apart. Nothing can be measured again.
fn compared(
    settings: &Settings,
    judge: &impl Judge,
    gate: u64,
    stored: Stored,
) -> Result<GateRun, SimulateError> {
    let fleet = settings.fleet(gate);
    let sessions = [stored.baseline, stored.candidate];
    let documents = Documents::stored(&fleet, sessions, FIRST_SESSION, settings.plan.pairs)?;
    let (baseline, candidate) = (
        Seen::new(&documents.baseline)?,
        Seen::new(&documents.candidate)?,
    );
    let report = judge.evaluate([baseline.side(), candidate.side()], &Known::default())?;
    let mut run = GateRun::default();
    run.at_once(&report);
    run.in_the_end(&fleet, &report);
    Ok(run)
}

fn in_pairs(settings: &Settings, judge: &impl Judge, gate: u64) -> Result<GateRun, SimulateError> {
    let fleet = settings.fleet(gate);
    let noise = calibrate(settings, judge, &fleet)?;
    let mut documents = Documents::new(&fleet)?;
    let parts = documents::all(&fleet, settings.plan.pairs);
    documents.measure(&fleet, FIRST_SESSION, &parts)?;

    let mut run = GateRun {
        first_pairs: pairs(&parts),
        ..GateRun::default()
    };
    let time = (settings.budget * run.first_pairs as f64) as u64;
    let mut canary: Option<Run> = None;
    for session in 1..=MAX_STEPS as u64 {
        let (baseline, candidate) = (
            Seen::new(&documents.baseline)?,
            Seen::new(&documents.candidate)?,
        );
        let sides = [baseline.side(), candidate.side()];
        let again = canary.as_ref().map(Seen::new).transpose()?;
        let known = Known {
            noise: noise.as_ref(),
            canary: again.as_ref().map(Seen::side),
            ..Known::default()
        };
        if session == 1 {
            run.at_once(&judge.evaluate(sides, &known)?);
        }
        let step = judge.next(sides, &known, settings.plan)?;
        let left = time.saturating_sub(run.first_pairs + run.rerun_pairs + run.spare_pairs);
        match Asked::of(&fleet, step, left)? {
            Asked::Nothing => {
                run.in_the_end(&fleet, &judge.evaluate(sides, &known)?);
                return Ok(run);
            }
            Asked::Canaries(parts) => {
                run.canaries = true;
                run.rerun_pairs += pairs(&parts);
                canary = Some(documents.canaries(&fleet, FIRST_SESSION + session, &parts)?);
            }
            Asked::Required(parts) => {
                run.rerun_pairs += pairs(&parts);
                run.rerun_scenarios += parts.len() as u64;
                documents.measure(&fleet, FIRST_SESSION + session, &parts)?;
            }
            Asked::Optional(part) => {
                run.spare_pairs += u64::from(part.pairs);
                run.spare_sessions += 1;
                documents.measure(&fleet, FIRST_SESSION + session, &[part])?;
            }
        }
    }
    Err(SimulateError::Endless)
}

fn calibrate(
    settings: &Settings,
    judge: &impl Judge,
    fleet: &Fleet,
) -> Result<Option<Noise>, SimulateError> {
    if settings.history == 0 || !fleet.workload().has_noise_of_pairs() {
        return Ok(None);
    }
    let documents = Documents::calibration(fleet, 0, settings.history, settings.plan.pairs)?;
    let (first, second) = (
        Seen::new(&documents.baseline)?,
        Seen::new(&documents.candidate)?,
    );
    Ok(Some(judge.learn([first.side(), second.side()])?))
}

fn pairs(parts: &[Part]) -> u64 {
    parts.iter().map(|part| u64::from(part.pairs)).sum()
}

fn count(report: &Report, verdict: Verdict) -> u64 {
    let is_it = |row: &&gate_schema::report::Row| row.gating && row.verdict == verdict;
    report.rows.iter().filter(is_it).count() as u64
}

impl GateRun {
    fn at_once(&mut self, report: &Report) {
        self.rows = report.rows.iter().filter(|row| row.gating).count() as u64;
        self.passed_at_once = count(report, Verdict::Pass) + count(report, Verdict::Improved);
        self.undecided_at_once = count(report, Verdict::Inconclusive);
    }

    fn in_the_end(&mut self, fleet: &Fleet, report: &Report) {
        self.failed = report.outcome == Outcome::Fail;
        self.uniform = (report.uniform.iter()).any(|u| u.gating && u.verdict == Verdict::Regressed);
        self.undecided = count(report, Verdict::Inconclusive);
        let fails = |row: &&Row| match row.verdict {
            Verdict::Regressed => row.gating,
            Verdict::OverBudget => row.gating && row.blame != Some(Blame::AlreadyOnBase),
            _ => false,
        };
        let regressed = || report.rows.iter().filter(fails);
        let mut planted_anywhere = false;
        for (scenario, metric) in fleet.machine().metrics().iter().enumerate() {
            let Ok(declared) = fleet.declared(scenario) else {
                continue;
            };
            let mut rows = regressed().filter(|row| row.scenario == declared.scenario);
            if fleet.is_planted(scenario) {
                planted_anywhere = true;
                let found = rows.any(|row| row.metric.as_str() == fleet.workload().judged());
                let (hits, of) = &mut self.planted[Class::of(metric.sigma) as usize];
                *hits += u64::from(found);
                *of += 1;
            } else {
                self.false_rows += rows.count() as u64;
            }
        }
        self.falsely = self.false_rows > 0 || (self.failed && !planted_anywhere);
    }
}

#[cfg(test)]
mod tests;
