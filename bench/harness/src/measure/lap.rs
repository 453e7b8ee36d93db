//! The loop under every measurement, and what it costs by itself.

use std::hint::black_box;
use std::ops::Range;
use std::time::Duration;

use gate_schema::id::MetricName;
use gate_schema::run::MetricValue;
use quanta::{Clock, Instant};

use super::Timings;
use super::seconds::Seconds;
use super::slices::Slices;
use crate::extra_work::ExtraWork;
use crate::recorder::Recorder;
use crate::scenario::{Failure, Subject, WrongAnswer};

/// Batches of the overhead measurement. An odd number, so that the median is one of them.
const OVERHEAD_BATCHES: usize = 11;

/// Operations per batch: about a quarter of a millisecond, short enough that most batches run
/// undisturbed.
const OVERHEAD_OPERATIONS: usize = 10_000;

/// What recording one operation costs on this machine, in nanoseconds: the time of an operation
/// that does nothing. It is inside every recorded latency.
#[must_use]
pub fn recording_overhead_ns() -> f64 {
    let clock = Clock::new();
    let mut batches = [0.0; OVERHEAD_BATCHES];
    for batch in &mut batches {
        // Opaque, so that the empty call goes through the same dispatch as a real one.
        let mut subject = Nothing;
        let timings = measuring_lap(
            black_box(&mut subject),
            0..OVERHEAD_OPERATIONS,
            &clock,
            None,
        );
        *batch = timings.wall.as_nanos() as f64 / OVERHEAD_OPERATIONS as f64;
    }
    batches.sort_by(f64::total_cmp);
    batches[OVERHEAD_BATCHES / 2]
}

/// The loop as it measures one thread. The clock is the time-stamp counter where it is reliable, else
/// the system's: through the system, recording cost 36 ns per operation here, of which 26 were the
/// clock.
///
/// Never inlined: the overhead is measured by the very code whose overhead it is, and a run with
/// planted work by the code of one without.
#[inline(never)]
pub(super) fn measuring_lap(
    subject: &mut dyn Subject,
    indexes: Range<usize>,
    clock: &Clock,
    mut extra_work: Option<ExtraWork>,
) -> Timings {
    let mut recorder = Recorder::new();
    let mut slices = Slices::new();
    let mut wall = Duration::ZERO;
    // In slices, which costs two clock reads each and nothing per operation.
    for indexes in Slices::of(indexes) {
        let operations = indexes.len();
        let elapsed = time(
            clock.now(),
            indexes,
            || clock.now(),
            |index| subject.operate(index),
            |elapsed| match &mut extra_work {
                Some(extra_work) => extra_work.follow(elapsed),
                None => false,
            },
            |elapsed| recorder.record(elapsed),
        );
        slices.push(elapsed, operations);
        wall += elapsed;
    }
    Timings {
        recorder,
        service: None,
        wall,
        slices,
        behind: Vec::new(),
        threads: 1,
        capacity: None,
        seconds: Seconds::default(),
    }
}

/// One clock read per operation: the end of one operation is the start of the next, and the first began at
/// `start`. `follow` is told how long an operation took and answers whether it added to it, which costs
/// another read. Returns the time of all.
#[inline(always)]
pub(super) fn time(
    start: Instant,
    indexes: impl Iterator<Item = usize>,
    now: impl Fn() -> Instant,
    mut operate: impl FnMut(usize) -> u64,
    mut follow: impl FnMut(Duration) -> bool,
    mut record: impl FnMut(Duration),
) -> Duration {
    let mut last = start;
    for index in indexes {
        black_box(operate(index));
        let mut end = now();
        if follow(end - last) {
            end = now();
        }
        record(end - last);
        last = end;
    }
    last - start
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
    use std::cell::Cell;

    use super::*;
    use crate::extra_work::Slowdown;
    use crate::plant::Planted;
    use crate::tail::Tail;

    /// Operations that take 1 to 1.999 us, in an order far from sorted, by a clock of their own.
    fn duration(index: usize) -> Duration {
        Duration::from_nanos(1_000 + (index as u64 * 7_919) % 1_000)
    }

    #[test]
    fn a_planted_tail_slows_the_slowest_fiftieth_and_nothing_else() {
        let (clock, origin) = (Cell::new(Duration::ZERO), Instant::now());
        let now = || origin + clock.get();
        let recorded = |indexes, follow: &mut dyn FnMut(Duration) -> bool| {
            let mut recorder = Recorder::new();
            let operate = |index| {
                clock.set(clock.get() + duration(index));
                0
            };
            time(now(), indexes, now, operate, follow, |elapsed| {
                recorder.record(elapsed);
            });
            recorder
        };
        let warm_up = recorded(0..1_000, &mut |_| false);
        let planted = Planted {
            tail: Some(0.1),
            ..Planted::default()
        };
        let slowdown = Slowdown::of(&planted, Some(Tail::learn(&warm_up)));
        let mut slowdown = slowdown.expect("something is planted");
        let with_tail = recorded(1_000..11_000, &mut |elapsed| {
            let share = slowdown.share(elapsed);
            clock.set(clock.get() + elapsed.mul_f64(share));
            share > 0.0
        });
        let without = recorded(1_000..11_000, &mut |_| false);

        // (percent, without, with the tail planted), in nanoseconds, at most 1 % beside.
        for (percent, expected, planted) in [
            (50.0, 1_499, 1_499),
            (95.0, 1_949, 1_949),
            (99.0, 1_989, 2_188),
            (100.0, 1_999, 2_199),
        ] {
            for (recorder, expected) in [(&without, expected), (&with_tail, planted)] {
                let found = recorder.quantile(percent / 100.0).as_nanos() as f64;
                let is_near = (found / f64::from(expected) - 1.0).abs() < 0.01;
                assert!(is_near, "{percent} %: {found}, expected {expected}");
            }
        }
        let sum = |recorder: &Recorder| recorder.distribution().expect("is not empty").sum;
        let added = (sum(&with_tail) - sum(&without)) / sum(&without);
        let expected = 0.02 * 0.1 * 1_990.0 / 1_500.0;
        assert!(
            (added / expected - 1.0).abs() < 0.05,
            "{added}, expected {expected}"
        );
    }
}
