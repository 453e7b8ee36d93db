//! Sampling from within: a signal per slice of processor time, whose handler walks frame pointers.

use std::fmt::Write;
use std::time::Duration;

use pprof::{Frames, ProfilerGuard, ProfilerGuardBuilder};

use super::HERTZ;
use crate::processor::processor_time;

/// Samples this process by `SIGPROF`.
#[derive(Default)]
pub(super) struct InProcess {
    running: Option<(ProfilerGuard<'static>, Duration)>,
    folded: String,
    samples: u64,
    /// Processor time of all threads while it was sampling.
    processor_time: Duration,
    failure: Option<pprof::Error>,
}

impl InProcess {
    /// Samples from now on.
    pub(super) fn begin(&mut self) {
        let guard = ProfilerGuardBuilder::default().frequency(HERTZ).build();
        match guard {
            Ok(guard) => self.running = Some((guard, processor_time())),
            Err(error) => self.failure = Some(error),
        }
    }

    /// Samples no more.
    pub(super) fn end(&mut self) {
        let Some((guard, start)) = self.running.take() else {
            return;
        };
        self.processor_time += processor_time().saturating_sub(start);
        match guard.report().build() {
            Ok(report) => {
                for (stack, &count) in &report.data {
                    self.fold(stack, count);
                }
            }
            Err(error) => self.failure = Some(error),
        }
    }

    fn fold(&mut self, stack: &Frames, count: isize) {
        let Ok(count) = u64::try_from(count) else {
            return;
        };
        let in_frame = |name: &str| name.replace(';', ",").replace('\n', " ");
        self.folded.push_str(&in_frame(&stack.thread_name));
        // Innermost first, and so are the functions inlined into each other at one address. Of those
        // the outermost stands for all, as in profiles of perf.
        for symbol in stack.frames.iter().rev().filter_map(|at| at.last()) {
            self.folded.push(';');
            self.folded.push_str(&in_frame(&symbol.name()));
        }
        // Writing to a String cannot fail.
        let _ = writeln!(self.folded, " {count}");
        self.samples += count;
    }

    /// Folded stacks, and the time between two samples in nanoseconds: kernels without a finer timer
    /// send signals no faster than they tick.
    pub(super) fn finish(self) -> Result<(String, f64), pprof::Error> {
        match self.failure {
            Some(error) => Err(error),
            None => {
                let period = self.processor_time.as_nanos() as f64 / self.samples.max(1) as f64;
                Ok((self.folded, period))
            }
        }
    }
}
