//! Where the time of one scenario goes: samples of its measured operations, in an execution that nothing
//! is judged from.
//!
//! perf samples when it is there and may; otherwise the process samples itself. What was chosen and why
//! is in the profile's head. One repetition gives few samples, so the scenario is loaded and measured
//! again and again until there are enough: the same operations every time, and whatever loads, warms up
//! or checks is not sampled.

use std::ffi::CStr;
use std::time::{Duration, Instant};

use gate_import::profile::ProfileError as Unreadable;
use gate_schema::id::Name;
use gate_schema::profile::{
    About, Profiler, Stacks, StacksBuilder, TimePerOperation, TooManySamples, encode,
};

use crate::context::Context;
use crate::document::scenario_id;
use crate::measure::{MeasureError, Watch, measure};
use crate::plant::Planted;
use crate::scenario::{Failure, Scenario, name};

mod in_process;
mod perf;

use in_process::InProcess;
use perf::{Perf, PerfError};

/// The variable that names the file a measuring command leaves its profile in.
pub const VARIABLE: &str = "GATE_PROFILE";

/// Samples per second of processor time. A prime number, so that it does not beat with timers.
const HERTZ: i32 = 997;

/// Sampled wall time at which there are enough samples: 5,000 of one thread, with which the share of
/// a function with a tenth of the time has a standard error of 0.4 %.
const ENOUGH: Duration = Duration::from_secs(5);

/// No further round starts after this long, however little was sampled: loading counts here.
const PATIENCE: Duration = Duration::from_secs(30);

/// The loops of the harness. What is outside of them says nothing about a scenario.
const LOOPS: &str = "bench_harness::measure::";

/// Where a thread waits for the planned moment of a request, which is not work.
const WAITING: &str = "bench_harness::measure::open::wait_until";

/// What goes on beside the measured operations.
const BACKGROUND: &str = "bench_harness::measure::background::pace";

/// The outermost frame of every stack.
const THREAD: &CStr = c"bench";

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The prepared files did not load.
    #[error("{0}")]
    Scenario(Failure),
    /// The operations could not be measured as asked.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// The profiler failed.
    #[error("{0}")]
    Profiler(String),
    /// What it printed is not understood.
    #[error("the profiler's samples cannot be read: {0}")]
    Unreadable(#[from] Unreadable),
    /// More was sampled than can be counted.
    #[error(transparent)]
    TooMany(#[from] TooManySamples),
    /// Nothing was sampled in the measured operations; carries who sampled, and why that.
    #[error("no sample was taken of the measured operations by {} ({}; {})", .0.tool, .0.event, .0.reason)]
    Empty(Profiler),
}

/// What is known about a build before it is profiled.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its commit.
    pub commit: Option<String>,
    /// Time of one operation as measured without a profiler.
    pub time_per_operation: Option<TimePerOperation>,
}

/// The stored profile of `scenario` with what is `planted`.
///
/// # Errors
/// See [`ProfileError`].
pub fn profile(
    scenario: &dyn Scenario,
    context: &Context,
    planted: &Planted,
    known: Known,
) -> Result<Vec<u8>, ProfileError> {
    // Children are started by a link, whose name the system shows otherwise. Only a name: it may fail.
    let _ = rustix::thread::set_name(THREAD);
    let mut sampler = Sampler::choose();
    let traffic = scenario.traffic(context.tier());
    let start = Instant::now();
    let (mut sampled, mut operations) = (Duration::ZERO, 0);
    while sampled < ENOUGH && (sampled.is_zero() || start.elapsed() < PATIENCE) {
        let mut subject = scenario.load(context).map_err(ProfileError::Scenario)?;
        let timings = measure(subject.as_mut(), traffic, planted, &mut sampler)?;
        sampled += timings.wall.max(Duration::from_nanos(1));
        operations += timings.recorder.count();
    }
    let Sampled {
        profiler,
        text,
        period_ns,
    } = sampler.finish()?;
    let read = match gate_import::profile::read(text.as_bytes()) {
        Err(_) if text.trim().is_empty() => return Err(ProfileError::Empty(profiler)),
        read => read?,
    };
    let stacks = of_operations(&read.stacks)?;
    if stacks.is_empty() {
        return Err(ProfileError::Empty(profiler));
    }
    let about = About {
        scenario: scenario_id(scenario),
        commit: known.commit,
        profiler,
        period_ns,
        operations: Some(operations),
        time_per_operation: known.time_per_operation,
        other_below: None,
    };
    Ok(encode(about, &stacks))
}

/// Who takes the samples.
enum Sampler {
    Perf(Perf),
    /// Carries why not perf.
    InProcess(InProcess, PerfError),
}

/// What a sampler took.
struct Sampled {
    profiler: Profiler,
    text: String,
    period_ns: Option<f64>,
}

impl Sampler {
    fn choose() -> Self {
        match Perf::attach() {
            Ok(perf) => Self::Perf(perf),
            Err(error) => Self::InProcess(InProcess::default(), error),
        }
    }

    fn finish(self) -> Result<Sampled, ProfileError> {
        let failed = |error: &dyn std::fmt::Display| ProfileError::Profiler(error.to_string());
        let profiler = |tool, event, reason| Profiler {
            tool: name(tool),
            event: Name::new(event).unwrap_or_else(|_| name("unknown")),
            reason,
        };
        match self {
            Self::Perf(perf) => {
                // A count of cycles is no time.
                let is_clock = perf.event.starts_with("cpu-clock");
                let event = perf.event.split(':').next().unwrap_or_default();
                Ok(Sampled {
                    profiler: profiler("perf", event, perf.reason.to_owned()),
                    period_ns: is_clock.then_some(1e9 / f64::from(HERTZ)),
                    text: perf.finish().map_err(|error| failed(&error))?,
                })
            }
            Self::InProcess(sampler, why) => {
                let (text, period_ns) = sampler.finish().map_err(|error| failed(&error))?;
                Ok(Sampled {
                    profiler: profiler("in-process", "cpu-clock", why.to_string()),
                    period_ns: (period_ns > 0.0).then_some(period_ns),
                    text,
                })
            }
        }
    }
}

impl Watch for Sampler {
    fn begin(&mut self) {
        match self {
            Self::Perf(perf) => perf.begin(),
            Self::InProcess(sampler, _) => sampler.begin(),
        }
    }

    fn end(&mut self) {
        match self {
            Self::Perf(perf) => perf.end(),
            Self::InProcess(sampler, _) => sampler.end(),
        }
    }
}

/// The stacks below the measuring loops, each with its thread as outermost frame; without those that
/// wait for the next request, and without what goes on beside the operations.
fn of_operations(stacks: &Stacks) -> Result<Stacks, TooManySamples> {
    let mut builder = StacksBuilder::default();
    for (frames, samples) in stacks.iter() {
        let names: Vec<&str> = frames.iter().map(|&frame| stacks.name(frame)).collect();
        let is_outside = |name: &&str| name.starts_with(WAITING) || name.starts_with(BACKGROUND);
        if names.iter().any(is_outside) {
            continue;
        }
        // Stacks that broke off before the loop are kept: they are samples too.
        let from = names.iter().rposition(|name| name.starts_with(LOOPS));
        let thread = names
            .iter()
            .take(usize::from(from.is_some_and(|at| at > 0)));
        let inner = names.iter().skip(from.unwrap_or_default());
        builder.add(thread.chain(inner).copied(), samples)?;
    }
    Ok(builder.build())
}

#[cfg(test)]
mod tests;
