//! The closed loop: one operation after the other, each timed alone.

use std::hint::black_box;
use std::ops::Range;
use std::time::Duration;

use gate_schema::id::MetricName;
use gate_schema::run::MetricValue;
use quanta::Clock;

use crate::extra_work::ExtraWork;
use crate::recorder::Recorder;
use crate::scenario::{Failure, Subject, WrongAnswer};

/// Batches of the overhead measurement. An odd number, so that the median is one of them.
const OVERHEAD_BATCHES: usize = 11;

/// Operations per batch: about a quarter of a millisecond, short enough that most batches run
/// undisturbed.
const OVERHEAD_OPERATIONS: usize = 10_000;

/// What the loop recorded.
#[derive(Debug)]
pub struct Timings {
    /// Every operation.
    pub recorder: Recorder,
    /// Wall time of the whole loop.
    pub wall: Duration,
}

impl Timings {
    /// Operations per second of wall time.
    #[must_use]
    pub fn throughput(&self) -> f64 {
        self.recorder.count() as f64 / self.wall.as_secs_f64()
    }
}

/// Warms `subject` up and measures all its operations.
///
/// `planted_work` is extra work per operation, as a share of the operation's own time.
pub fn measure(subject: &mut dyn Subject, planted_work: Option<f64>) -> Timings {
    let warm_up = subject.warm_up();
    for index in 0..warm_up {
        black_box(subject.operate(index));
    }
    let operations = subject.operations();
    time(subject, warm_up..warm_up + operations, planted_work)
}

/// What recording one operation costs on this machine, in nanoseconds: the time of an operation
/// that does nothing. It is inside every recorded latency.
#[must_use]
pub fn recording_overhead_ns() -> f64 {
    let mut batches = [0.0; OVERHEAD_BATCHES];
    for batch in &mut batches {
        // Opaque, so that the empty call goes through the same dispatch as a real one.
        let mut subject = Nothing;
        let timings = time(black_box(&mut subject), 0..OVERHEAD_OPERATIONS, None);
        *batch = timings.wall.as_nanos() as f64 / OVERHEAD_OPERATIONS as f64;
    }
    batches.sort_by(f64::total_cmp);
    batches[OVERHEAD_BATCHES / 2]
}

/// One clock read per operation: the end of one operation is the start of the next. The clock is
/// the time-stamp counter where it is reliable, else the system's: through the system, recording
/// cost 36 ns per operation here, of which 26 were the clock.
fn time(subject: &mut dyn Subject, indexes: Range<usize>, planted_work: Option<f64>) -> Timings {
    let mut recorder = Recorder::new();
    let clock = Clock::new();
    let extra_work = planted_work.map(|share| ExtraWork::calibrate(share, &clock));
    let start = clock.now();
    let mut last = start;
    for index in indexes {
        black_box(subject.operate(index));
        let mut now = clock.now();
        if let Some(extra_work) = &extra_work {
            extra_work.follow(now - last);
            now = clock.now();
        }
        recorder.record(now - last);
        last = now;
    }
    Timings {
        recorder,
        wall: last - start,
    }
}

/// The subject whose operation is empty.
struct Nothing;

impl Subject for Nothing {
    fn warm_up(&self) -> usize {
        0
    }

    fn operations(&self) -> usize {
        OVERHEAD_OPERATIONS
    }

    fn operate(&mut self, index: usize) -> u64 {
        index as u64
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        Ok(())
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    #[test]
    fn every_index_is_operated_once_in_order_and_only_the_measured_ones_are_recorded() {
        let mut subject = Fake::new();
        let timings = measure(&mut subject, None);
        let expected: Vec<usize> = (0..subject.warm_up() + subject.operations()).collect();
        assert_eq!(subject.operated, expected);
        assert_eq!(timings.recorder.count(), subject.operations() as u64);
    }

    #[test]
    fn recorded_times_add_up_to_the_wall_time() {
        // One clock read per operation leaves no gap that belongs to nobody, planted work included.
        for planted_work in [None, Some(0.5)] {
            let timings = measure(&mut Fake::new(), planted_work);
            let sum = timings
                .recorder
                .distribution()
                .expect("operations were recorded")
                .sum;
            assert_eq!(sum as u128, timings.wall.as_nanos());
        }
    }
}
