//! Who is measured next: warm-ups, then sessions of interleaved pairs for as long as they can change
//! a verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use gate_core::evaluate::EvaluateError;
use gate_core::next::{Need, Plan, Step, Why, next};
use gate_schema::code::Code;
use gate_schema::id::ScenarioId;
use gate_schema::noise::Noise;
use gate_schema::policy::Policy;
use gate_schema::run::{AnomalyKind, Environment, Failure, Run};

use super::arm::{Arm, Turn};
use super::choice::choose;
use super::progress::Progress;
use super::runs::{Repeat, Repeated, Runs, Seen, Who};
use crate::diagnostic::{Diagnostic, Place};
use crate::provenance::now;

/// Most steps after the first session: every scenario has its stages, and no step repeats for ever.
const MAX_STEPS: usize = 1000;

/// Times that a start whose clock was set back is made again: clocks are set once, seldom twice.
const AGAIN: usize = 2;

/// How much is measured, and how it is judged.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) plan: Plan,
    /// What is left of it after everything required goes to undecided rows.
    pub(crate) budget: Duration,
    pub(crate) policy: &'a Policy,
    pub(crate) noise: Option<&'a Noise>,
}

/// A measurement in progress.
pub(crate) struct Measurement<'a> {
    repeat: &'a mut dyn Repeat,
    progress: &'a Progress,
    id: String,
    start: Instant,
    /// Indexed by [`Who`].
    arms: [Arm; 3],
    sessions: usize,
    /// Time and number of repetitions of each scenario.
    spent: BTreeMap<ScenarioId, (Duration, u32)>,
}

impl<'a> Measurement<'a> {
    pub(crate) fn new(
        id: String,
        arms: [Arm; 3],
        repeat: &'a mut dyn Repeat,
        progress: &'a Progress,
    ) -> Self {
        Self {
            repeat,
            progress,
            id,
            start: Instant::now(),
            arms,
            sessions: 0,
            spent: BTreeMap::new(),
        }
    }

    /// Starts every scenario of a build `starts` times, at least once, and drops what that measured: the
    /// first starts fill caches, and tell what the scenario declares.
    fn warm_up(
        &mut self,
        who: Who,
        scenarios: &[ScenarioId],
        starts: u32,
    ) -> Result<(), Vec<Diagnostic>> {
        let phase = self.progress.warming_up(who, scenarios.len(), starts);
        for start in 0..starts {
            for scenario in scenarios {
                phase.starting(scenario);
                let is_wanted = start == 0 || self.arms[who as usize].is_sound(scenario);
                if is_wanted && let Some(run) = self.start(who, scenario, None)? {
                    let declared = self.arms[who as usize].declare(&run, scenario);
                    self.keep(who, scenario, None, declared);
                }
                phase.advance();
            }
        }
        Ok(())
    }

    /// One session of pairs of `second` with `first`, scenarios interleaved, in ABBA order: whatever
    /// drifts in one direction slows first and second members alike.
    pub(crate) fn session(
        &mut self,
        [first, second]: [Who; 2],
        scenarios: &[ScenarioId],
        pairs: u32,
        why: &str,
    ) -> Result<(), Vec<Diagnostic>> {
        self.sessions += 1;
        let id = self.session_id();
        let start = now();
        let phase = self.progress.session(why, pairs, scenarios, &self.spent);
        for pair in 0..pairs {
            for (at, scenario) in scenarios.iter().enumerate() {
                phase.starting(scenario);
                let order = if (pair as usize + at).is_multiple_of(2) {
                    [first, second]
                } else {
                    [second, first]
                };
                let turn = Turn {
                    session: &id,
                    start: &start,
                    pair,
                };
                for who in order {
                    // What the second build does not have is not worth measuring on the first.
                    let is_wanted = self.arms[second as usize].is_sound(scenario)
                        && self.arms[who as usize].is_sound(scenario);
                    if is_wanted && let Some(run) = self.start(who, scenario, Some(turn))? {
                        let added = self.arms[who as usize].add(turn, scenario, run);
                        self.keep(who, scenario, Some(turn), added);
                    }
                }
                phase.advance();
            }
        }
        Ok(())
    }

    /// Starts one repetition, and again when its clock was set back meanwhile; `None` when it failed, which
    /// is noted.
    fn start(
        &mut self,
        who: Who,
        scenario: &ScenarioId,
        turn: Option<Turn<'_>>,
    ) -> Result<Option<Run>, Vec<Diagnostic>> {
        for _ in 0..AGAIN {
            match self.start_once(who, scenario, turn)? {
                Some(run) if run.has(AnomalyKind::ClockStepped) => {
                    self.progress.stepped(who, scenario);
                }
                answer => return Ok(answer),
            }
        }
        self.start_once(who, scenario, turn)
    }

    fn start_once(
        &mut self,
        who: Who,
        scenario: &ScenarioId,
        turn: Option<Turn<'_>>,
    ) -> Result<Option<Run>, Vec<Diagnostic>> {
        let start = Instant::now();
        let repeated = self.repeat.repeat(who.side(), scenario)?;
        let (time, count) = self.spent.entry(scenario.clone()).or_default();
        *time += start.elapsed();
        *count += 1;
        match repeated {
            Repeated::Measured(run) => Ok(Some(*run)),
            Repeated::Failed { how, stderr } => {
                self.fail(who, scenario, turn, how, stderr);
                Ok(None)
            }
        }
    }

    /// Notes a document that broke the contract as a failed repetition.
    fn keep(
        &mut self,
        who: Who,
        scenario: &ScenarioId,
        turn: Option<Turn<'_>>,
        kept: Result<(), String>,
    ) {
        if let Err(how) = kept {
            self.fail(who, scenario, turn, how, Vec::new());
        }
    }

    fn fail(
        &mut self,
        who: Who,
        scenario: &ScenarioId,
        turn: Option<Turn<'_>>,
        how: String,
        stderr: Vec<String>,
    ) {
        self.progress.failed(who, scenario, &how);
        self.arms[who as usize].fail(Failure {
            scenario: scenario.clone(),
            session: turn.map(|turn| turn.session.to_owned()),
            pair: turn.map(|turn| turn.pair),
            how,
            stderr,
        });
    }

    /// Warms up both builds with so many starts of each scenario. Returns the scenarios of either, the
    /// baseline's first.
    pub(crate) fn prepare(
        &mut self,
        only: &[String],
        starts: u32,
    ) -> Result<Vec<ScenarioId>, Vec<Diagnostic>> {
        let mut lists = Vec::new();
        for who in [Who::Baseline, Who::Candidate] {
            lists.push(self.repeat.list(who.side())?);
        }
        let chosen = choose(&lists, only)?;
        for (who, scenarios) in [Who::Baseline, Who::Candidate].into_iter().zip(&chosen) {
            self.warm_up(who, scenarios, starts)?;
        }
        let mut scenarios: Vec<ScenarioId> = Vec::new();
        for scenario in chosen.into_iter().flatten() {
            if !scenarios.contains(&scenario) {
                scenarios.push(scenario);
            }
        }
        // One that failed at its first start is declared by the other side, or it would look removed.
        let [baseline, candidate, _] = &mut self.arms;
        for scenario in &scenarios {
            baseline.declare_failed(scenario, candidate);
            candidate.declare_failed(scenario, baseline);
        }
        Ok(scenarios)
    }

    /// Warms up the baseline alone, to be measured against itself.
    pub(crate) fn prepare_one(
        &mut self,
        only: &[String],
        starts: u32,
    ) -> Result<Vec<ScenarioId>, Vec<Diagnostic>> {
        let listed = self.repeat.list(Who::Baseline.side())?;
        let scenarios: Vec<ScenarioId> = choose(&[listed], only)?.into_iter().flatten().collect();
        self.warm_up(Who::Baseline, &scenarios, starts)?;
        let baseline = &self.arms[Who::Baseline as usize];
        if !scenarios.iter().any(|id| baseline.is_sound(id)) {
            return Err(vec![Diagnostic::new(
                Code::Measure,
                "every scenario failed, so there is nothing to learn",
                Place::Flag("[measure]"),
                "the warnings above say how each failed",
            )]);
        }
        self.declare_canary();
        Ok(scenarios)
    }

    /// The canary is the baseline's build: it declares what that declares.
    fn declare_canary(&mut self) {
        let baseline = self.arms[Who::Baseline as usize].clone();
        self.arms[Who::Canary as usize].declare_as(&baseline);
    }

    /// Forgets what a session of the baseline with the canary that was cut short cannot teach: members
    /// without the other, and scenarios with fewer than `least` pairs.
    pub(crate) fn forget_short(&mut self, least: usize) {
        let session = self.session_id();
        let [baseline, _, canary] = self.arms.clone();
        let kept = |id: &ScenarioId| {
            let pairs = baseline.whole_pairs(&canary, &session, id);
            if pairs.len() < least {
                BTreeSet::new()
            } else {
                pairs
            }
        };
        for arm in &mut self.arms {
            arm.retain(&session, kept);
        }
    }

    /// Id of the session that is, or was last, measured.
    fn session_id(&self) -> String {
        format!("{}/{}", self.id, self.sessions)
    }

    /// Where the baseline was measured; empty before it was.
    pub(crate) fn environment(&self) -> Environment {
        self.arms[Who::Baseline as usize].environment()
    }

    pub(crate) fn has_measured(&self) -> bool {
        self.arms.iter().any(Arm::has_measured)
    }

    /// The whole procedure of a check: a first session of everything, then what [`next`] asks for.
    ///
    /// # Errors
    /// What stopped it. What was measured until then is in [`Measurement::runs`].
    pub(crate) fn check(
        &mut self,
        scenarios: &[ScenarioId],
        rules: &Rules<'_>,
    ) -> Result<Runs, Stopped> {
        let sides = [Who::Baseline, Who::Candidate];
        self.session(sides, scenarios, rules.plan.pairs, "first session")?;
        for _ in 0..MAX_STEPS {
            let runs = self.runs()?;
            let known = runs.known(rules.noise);
            let step = next(
                runs.baseline.side(),
                runs.candidate.side(),
                &known,
                rules.policy,
                rules.plan,
            )
            .map_err(Stopped::Unjudgeable)?;
            match step {
                Step::Done => return Ok(runs),
                Step::Canaries { scenarios, pairs } => {
                    self.declare_canary();
                    let arms = [Who::Baseline, Who::Canary];
                    let why = "much looks worse, so first the baseline against itself";
                    self.session(arms, &scenarios, pairs, why)?;
                }
                Step::Pairs(needs) => {
                    let Some((scenarios, pairs, why)) = self.affordable(needs, rules.budget) else {
                        return Ok(runs);
                    };
                    self.session(sides, &scenarios, pairs, why)?;
                }
            }
        }
        Ok(self.runs()?)
    }

    /// What of `needs` is measured now, in one session: everything required, else the first optional
    /// need that the time left pays for.
    fn affordable(
        &self,
        needs: Vec<Need>,
        budget: Duration,
    ) -> Option<(Vec<ScenarioId>, u32, &'static str)> {
        let why = needs.first()?.why;
        let words = match why {
            Why::Suspicious => "looks worse, so again",
            Why::Disagreeing => "one of two sessions agrees, so a third",
            Why::Undecided => "too noisy to decide, and time is left",
        };
        if why != Why::Undecided {
            let pairs = needs.first()?.pairs;
            return Some((
                needs.into_iter().map(|n| n.scenario).collect(),
                pairs,
                words,
            ));
        }
        let left = budget.saturating_sub(self.start.elapsed());
        let fits = |need: &Need| {
            let (time, count) = self.spent.get(&need.scenario).copied().unwrap_or_default();
            time / count.max(1) * 2 * need.pairs <= left
        };
        let need = needs.into_iter().find(fits)?;
        Some((vec![need.scenario], need.pairs, words))
    }

    /// Everything measured so far.
    ///
    /// # Errors
    /// Never for repetitions that [`super::arm::read`] let through.
    pub(crate) fn runs(&self) -> Result<Runs, Vec<Diagnostic>> {
        let created = now();
        let [baseline, candidate, canary] = &self.arms;
        Ok(Runs {
            baseline: Seen::new(baseline.run(&created))?,
            candidate: Seen::new(candidate.run(&created))?,
            canary: if canary.has_started() {
                Some(Seen::new(canary.started(&created))?)
            } else {
                None
            },
        })
    }
}

/// Why a measurement ended early.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// Interrupted, or a command broke its contract.
    Problems(Vec<Diagnostic>),
    /// What was measured cannot be judged.
    Unjudgeable(EvaluateError),
}

impl From<Vec<Diagnostic>> for Stopped {
    fn from(problems: Vec<Diagnostic>) -> Self {
        Self::Problems(problems)
    }
}

#[cfg(test)]
mod tests;
