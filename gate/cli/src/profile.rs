//! The cause of what regressed: both sides profiled once the verdict is known, and what that shows.
//!
//! A profile is an execution of its own, so nothing here changes a verdict. A measuring command that
//! knows where its operations begin leaves a profile at `$GATE_PROFILE`; any other is sampled as a whole
//! by perf, loading included.

use std::time::{Duration, Instant};

use gate_core::outcome::is_excused;
use gate_core::profile::{ProfileSide, compare, time_per_operation};
use gate_import::profile::Profile;
use gate_schema::id::{Name, ScenarioId};
use gate_schema::profile::{About, Profiler, Stacks, StacksBuilder, TimePerOperation};
use gate_schema::report::{ProfileChange, Profiles, Report, ScenarioProfile};

use crate::checkout::Side;
use crate::diagnostic::{Diagnostic, printable};
use crate::measure::commands::{Commands, Sampled};
use crate::measure::progress::Progress;
use crate::measure::runs::{Runs, Seen};

mod files;
pub(crate) mod perf;
pub(crate) mod stored;

use files::{File, draw};
pub(crate) use files::{lay, pictures};

/// Most scenarios that are profiled, worst first. Whoever breaks more breaks them for one reason.
pub(crate) const MOST_SCENARIOS: usize = 5;

/// Time for profiling beyond what the budget has left.
pub(crate) const ALLOWANCE: Duration = Duration::from_secs(2 * 60);

/// Executions per scenario, in an order in which whatever drifts touches both sides alike. Two of each
/// side, so that a disturbed one is half of what is seen.
const ORDER: [Side; 4] = [Side::Base, Side::Candidate, Side::Candidate, Side::Base];

/// Why a scenario is left out when time is up.
const LATE: &str = "no time was left: give --budget more";

/// Why a whole command was sampled, for the profile's head.
const WHOLE: &str = "the measuring command leaves no profile at $GATE_PROFILE, so all of it was \
                     sampled, with loading and checking";

/// Takes profiles of what regressed.
pub(crate) struct Causes<'a, 'c> {
    pub(crate) commands: &'a mut Commands<'c>,
    pub(crate) progress: &'a Progress,
    /// No execution is begun that would end after this, and one that has not ended then is ended.
    pub(crate) deadline: Instant,
    /// Commits of baseline and candidate.
    pub(crate) commits: [Option<String>; 2],
}

impl Causes<'_, '_> {
    /// Profiles what regressed in `report`, notes it there, and returns the files to write.
    pub(crate) fn find(&mut self, report: &mut Report, runs: &Runs) -> Vec<File> {
        let mut files = Vec::new();
        let mut longest = Duration::ZERO;
        for (at, scenario) in regressed(report).into_iter().enumerate() {
            let start = Instant::now();
            let profiles = if at >= MOST_SCENARIOS {
                absent(format!("the {MOST_SCENARIOS} worst scenarios are profiled"))
            } else if start + longest > self.deadline {
                absent(LATE)
            } else {
                // The verdict stands, and what is missing says why.
                let taken = self.of(&scenario, at, runs, &mut files);
                taken.unwrap_or_else(|problems| absent(self.explain(&problems)))
            };
            longest = longest.max(start.elapsed());
            if let Profiles::Absent { reason, .. } = &profiles {
                let reason = printable(reason);
                self.progress
                    .say(&format!("no profile of {scenario}: {reason}"));
            }
            report.profiles.push(ScenarioProfile { scenario, profiles });
        }
        files
    }

    /// Why a scenario has no profile, in one line.
    fn explain(&self, problems: &[Diagnostic]) -> String {
        if self.commands.interrupt.check().is_err() {
            return "interrupted while it was profiled".to_owned();
        }
        let messages = problems.iter().map(|problem| problem.message.as_str());
        messages.collect::<Vec<_>>().join("; ")
    }

    fn of(
        &mut self,
        scenario: &ScenarioId,
        number: usize,
        runs: &Runs,
        files: &mut Vec<File>,
    ) -> Result<Profiles, Vec<Diagnostic>> {
        self.progress
            .say(&format!("profiling {scenario}: {} executions", ORDER.len()));
        let mut taken: [Vec<Profile>; 2] = [Vec::new(), Vec::new()];
        let mut is_whole = false;
        let (deadline, mut longest) = (self.deadline, Duration::ZERO);
        for side in ORDER {
            let start = Instant::now();
            if start + longest > deadline {
                return Ok(absent(LATE));
            }
            let mut sampled = if is_whole {
                self.commands.profile_whole(side, scenario, deadline)?
            } else {
                self.commands.profile(side, scenario, deadline)?
            };
            if matches!(sampled, Sampled::Nothing) {
                if let Some(refused) = self.commands.perf_is_refused()? {
                    return Ok(Profiles::Absent {
                        reason: format!(
                            "{}, and the measuring command leaves no profile at $GATE_PROFILE",
                            refused.reason
                        ),
                        command: refused.command,
                    });
                }
                // What was taken before covers the operations alone, and does not compare with this.
                if taken.iter().any(|profiles| !profiles.is_empty()) {
                    return Ok(absent(
                        "only some executions left a profile at $GATE_PROFILE",
                    ));
                }
                is_whole = true;
                sampled = self.commands.profile_whole(side, scenario, deadline)?;
            }
            longest = longest.max(start.elapsed());
            match sampled {
                Sampled::Taken(profile) => taken[side as usize].push(*profile),
                Sampled::Nothing => return Ok(absent("no samples were left")),
                Sampled::Failed(how) => {
                    return Ok(absent(format!(
                        "the execution under a profiler failed: {how}"
                    )));
                }
            }
        }
        let sides = [Side::Base, Side::Candidate].map(|side| {
            let seen = match side {
                Side::Base => &runs.baseline,
                Side::Candidate => &runs.candidate,
            };
            // Shares of a whole command are not shares of an operation.
            let time = (!is_whole).then(|| observed_time(seen, scenario)).flatten();
            let about = about(scenario, &taken[side as usize], is_whole)?;
            Some(Taken {
                stacks: joined(&taken[side as usize]),
                about: About {
                    commit: self.commits[side as usize].clone(),
                    time_per_operation: time,
                    ..about
                },
            })
        });
        let [Some(baseline), Some(candidate)] = &sides else {
            return Ok(absent("no samples were taken"));
        };
        let profiler = candidate.about.profiler.clone();
        let change = compare(&baseline.side(), &candidate.side(), profiler);
        Ok(match change {
            None => absent("no samples were taken of which it is known whose time they are"),
            Some(change) => {
                let files_of = draw(baseline, candidate, number, files);
                Profiles::Compared(Box::new(ProfileChange {
                    files: files_of,
                    ..change
                }))
            }
        })
    }
}

/// What was sampled of one side, and what that is of.
pub(crate) struct Taken {
    pub(crate) stacks: Stacks,
    pub(crate) about: About,
}

impl Taken {
    pub(crate) fn side(&self) -> ProfileSide<'_> {
        ProfileSide {
            stacks: &self.stacks,
            time_per_operation: self.about.time_per_operation,
            period_ns: self.about.period_ns,
            other_below: self.about.other_below,
        }
    }
}

/// Scenarios with a timing that got worse and counts, worst first, each once. Where time goes says nothing about
/// memory or recall.
pub(crate) fn regressed(report: &Report) -> Vec<ScenarioId> {
    let mut scenarios: Vec<ScenarioId> = Vec::new();
    for row in &report.rows {
        let is_failing = row.gating && row.verdict.is_worse() && !is_excused(row);
        if is_failing && row.unit.is_timing() && !scenarios.contains(&row.scenario) {
            scenarios.push(row.scenario.clone());
        }
    }
    scenarios
}

fn absent(reason: impl Into<String>) -> Profiles {
    Profiles::Absent {
        reason: reason.into(),
        command: None,
    }
}

pub(crate) fn observed_time(seen: &Seen, scenario: &ScenarioId) -> Option<TimePerOperation> {
    let mut observed = seen.side().observed.iter();
    let observed = observed.find(|observed| observed.declared.scenario == *scenario)?;
    time_per_operation(observed)
}

/// What all profiles of one side have in common. `None` never: the names are constants.
fn about(scenario: &ScenarioId, taken: &[Profile], is_whole: bool) -> Option<About> {
    let heads = || taken.iter().filter_map(|profile| profile.head.as_ref());
    if let Some(first) = heads().next() {
        return Some(About {
            scenario: scenario.clone(),
            operations: heads().map(|head| head.about.operations).sum(),
            ..first.about.clone()
        });
    }
    let (tool, event, reason) = if is_whole {
        ("perf", "cpu-clock", WHOLE)
    } else {
        ("unknown", "unknown", "the measuring command did not say")
    };
    let period = taken.iter().find_map(|profile| profile.period);
    Some(About {
        scenario: scenario.clone(),
        commit: None,
        profiler: Profiler {
            tool: Name::new(tool).ok()?,
            event: Name::new(event).ok()?,
            reason: reason.to_owned(),
        },
        period_ns: period.map(|period| period as f64),
        operations: None,
        time_per_operation: None,
        other_below: None,
    })
}

fn joined(taken: &[Profile]) -> Stacks {
    let mut builder = StacksBuilder::default();
    for profile in taken {
        for (frames, samples) in profile.stacks.iter() {
            let frames = frames.iter().map(|&frame| profile.stacks.name(frame));
            // Two profiles that were each read do not overflow but by a lie; the rest is enough then.
            let _ = builder.add(frames, samples);
        }
    }
    builder.build()
}
