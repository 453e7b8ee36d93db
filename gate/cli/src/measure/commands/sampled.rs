//! The measuring command once more, to see where its time goes.

use std::path::Path;
use std::time::{Duration, Instant};

use gate_import::profile::Profile;
use gate_schema::id::ScenarioId;

use super::{Commands, failure, remove};
use crate::checkout::Side;
use crate::commands::flame::read;
use crate::diagnostic::Diagnostic;
use crate::process::{Ending, Task};
use crate::profile::perf;

/// What an execution under a profiler may take beyond the timeout of a start.
const PROFILING_TIMEOUT: Duration = Duration::from_secs(60);

/// Finding out whether perf works takes a tenth of a second.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);

/// What became of one execution under a profiler.
pub(crate) enum Sampled {
    /// It left a profile.
    Taken(Box<Profile>),
    /// It left none.
    Nothing,
    /// In one line.
    Failed(String),
}

impl Commands<'_> {
    /// Starts the measuring command once, to leave a profile at `$GATE_PROFILE`. It is ended at the
    /// `deadline`.
    ///
    /// # Errors
    /// When somebody wants to stop, or the files of an execution cannot be made room for.
    pub(crate) fn profile(
        &mut self,
        side: Side,
        scenario: &ScenarioId,
        deadline: Instant,
    ) -> Result<Sampled, Vec<Diagnostic>> {
        let (out, profile) = (self.out(), self.checkout.build_cache().join("profile"));
        remove(&out)?;
        remove(&profile)?;
        let task = Task::Profile {
            scenario: scenario.as_str(),
            out: &out,
            profile: &profile,
        };
        let line = &self.measure.command;
        let ending = self.run(side, line, task, self.until(deadline), None, None)?;
        let is_left = std::fs::symlink_metadata(&profile).is_ok();
        let sampled = match ending {
            Ending::Ended(_) if !is_left => Ok(Sampled::Nothing),
            ending => self.sampled(ending, &profile),
        };
        remove(&profile)?;
        sampled
    }

    /// Starts the measuring command once, all of it under perf. It is ended at the `deadline`.
    ///
    /// # Errors
    /// When somebody wants to stop, or the files of an execution cannot be made room for.
    pub(crate) fn profile_whole(
        &mut self,
        side: Side,
        scenario: &ScenarioId,
        deadline: Instant,
    ) -> Result<Sampled, Vec<Diagnostic>> {
        let [samples, script] =
            ["perf.data", "perf.script"].map(|name| self.checkout.build_cache().join(name));
        for file in [&self.out(), &samples] {
            remove(file)?;
        }
        let sampled = self.sample_whole(side, scenario, deadline, [&samples, &script]);
        // Some hundred megabytes, of which the profile is all that is wanted.
        remove(&samples)?;
        remove(&script)?;
        sampled
    }

    fn sample_whole(
        &mut self,
        side: Side,
        scenario: &ScenarioId,
        deadline: Instant,
        [samples, script]: [&Path; 2],
    ) -> Result<Sampled, Vec<Diagnostic>> {
        let out = self.out();
        let line = perf::record(samples, &self.measure.command);
        let task = Task::Measure {
            scenario: Some(scenario.as_str()),
            out: &out,
        };
        let ending = self.run(side, &line, task, self.until(deadline), None, None)?;
        if !matches!(ending, Ending::Ended(_)) {
            return self.sampled(ending, samples);
        }
        // Whatever the command may have left in its place: to open a pipe would wait for a reader.
        remove(script)?;
        let line = perf::script(samples);
        let ending = self.run(side, &line, task, self.until(deadline), Some(script), None)?;
        self.sampled(ending, script)
    }

    /// Why perf cannot sample a command here, if it cannot.
    ///
    /// # Errors
    /// When somebody wants to stop, or the file of the trial cannot be removed.
    pub(crate) fn perf_is_refused(&mut self) -> Result<Option<perf::Refused>, Vec<Diagnostic>> {
        let samples = self.checkout.build_cache().join("perf.data");
        remove(&samples)?;
        let line = perf::record(&samples, "true");
        let ending = self.run(Side::Base, &line, Task::List, PROBE_TIMEOUT, None, None)?;
        remove(&samples)?;
        match ending {
            Ending::Ended(_) => Ok(None),
            Ending::Interrupted => self.interrupt.check().map(|()| None),
            other => {
                let (how, tail) = failure(other);
                Ok(Some(perf::Refused::of(&how, &tail)))
            }
        }
    }

    /// Longer than a repetition may take: to have enough samples, it is repeated for a while. But not
    /// beyond the time there is for profiles.
    fn until(&self, deadline: Instant) -> Duration {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Duration::from_secs(left.as_secs());
        (self.measure.timeout + PROFILING_TIMEOUT).min(left)
    }

    fn sampled(&self, ending: Ending, profile: &Path) -> Result<Sampled, Vec<Diagnostic>> {
        match ending {
            // To open a pipe would wait for somebody to write.
            Ending::Ended(_) if !profile.is_file() => Ok(Sampled::Failed(
                "left something else than a file at $GATE_PROFILE".to_owned(),
            )),
            Ending::Ended(_) => Ok(match read(profile) {
                Ok(profile) => Sampled::Taken(Box::new(profile)),
                Err(problems) => {
                    let messages: Vec<String> = problems.into_iter().map(|p| p.message).collect();
                    Sampled::Failed(messages.join("; "))
                }
            }),
            Ending::Interrupted => {
                self.interrupt.check()?;
                Ok(Sampled::Failed("interrupted".to_owned()))
            }
            other => {
                let (how, tail) = failure(other);
                let last = tail.last().map(|line| format!(": {line}"));
                Ok(Sampled::Failed(how + &last.unwrap_or_default()))
            }
        }
    }
}
