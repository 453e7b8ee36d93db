//! The closed loop: one operation after the other, each timed alone.

use std::hint::black_box;
use std::ops::Range;
use std::time::Duration;

use gate_schema::id::MetricName;
use gate_schema::run::MetricValue;
use quanta::{Clock, Instant};

use crate::extra_work::{ExtraWork, Slowdown};
use crate::plant::Planted;
use crate::recorder::Recorder;
use crate::scenario::{Failure, Subject, WrongAnswer};
use crate::tail::Tail;

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

/// Warms `subject` up and measures all its operations, with the work that is `planted` in them.
pub fn measure(subject: &mut dyn Subject, planted: &Planted) -> Timings {
    let clock = Clock::new();
    let (warm_up, operations) = (subject.warm_up(), subject.operations());
    let tail = if planted.tail.is_some() {
        // Timed by the same loop as what follows, so that the two compare.
        let timings = measuring_loop(subject, 0..warm_up, &clock, None);
        Some(Tail::learn(&timings.recorder))
    } else {
        for index in 0..warm_up {
            black_box(subject.operate(index));
        }
        None
    };
    let slowdown = Slowdown::of(planted, tail);
    let mut extra_work = slowdown.map(|slowdown| ExtraWork::calibrate(slowdown, &clock));
    let measured = warm_up..warm_up + operations;
    measuring_loop(subject, measured, &clock, extra_work.as_mut())
}

/// What recording one operation costs on this machine, in nanoseconds: the time of an operation
/// that does nothing. It is inside every recorded latency.
#[must_use]
pub fn recording_overhead_ns() -> f64 {
    let clock = Clock::new();
    let mut batches = [0.0; OVERHEAD_BATCHES];
    for batch in &mut batches {
        // Opaque, so that the empty call goes through the same dispatch as a real one.
        let mut subject = Nothing;
        let timings = measuring_loop(
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

/// The loop as it measures. The clock is the time-stamp counter where it is reliable, else the
/// system's: through the system, recording cost 36 ns per operation here, of which 26 were the clock.
///
/// Never inlined: the overhead is measured by the very code whose overhead it is, and a run with
/// planted work by the code of one without.
#[inline(never)]
fn measuring_loop(
    subject: &mut dyn Subject,
    indexes: Range<usize>,
    clock: &Clock,
    mut extra_work: Option<&mut ExtraWork>,
) -> Timings {
    let now = || clock.now();
    time(subject, indexes, now, |elapsed| match &mut extra_work {
        Some(extra_work) => extra_work.follow(elapsed),
        None => false,
    })
}

/// One clock read per operation: the end of one operation is the start of the next. `follow` is told
/// how long an operation took and answers whether it added to it, which costs another read.
#[inline(always)]
fn time(
    subject: &mut dyn Subject,
    indexes: Range<usize>,
    now: impl Fn() -> Instant,
    mut follow: impl FnMut(Duration) -> bool,
) -> Timings {
    let mut recorder = Recorder::new();
    let start = now();
    let mut last = start;
    for index in indexes {
        black_box(subject.operate(index));
        let mut end = now();
        if follow(end - last) {
            end = now();
        }
        recorder.record(end - last);
        last = end;
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
    use std::cell::Cell;

    use super::*;
    use crate::fake::Fake;

    #[test]
    fn every_index_is_operated_once_in_order_and_only_the_measured_ones_are_recorded() {
        for tail in [None, Some(0.1)] {
            let planted = Planted {
                tail,
                ..Planted::default()
            };
            let mut subject = Fake::new();
            let timings = measure(&mut subject, &planted);
            let expected: Vec<usize> = (0..subject.warm_up() + subject.operations()).collect();
            assert_eq!(subject.operated, expected);
            assert_eq!(timings.recorder.count(), subject.operations() as u64);
        }
    }

    #[test]
    fn recorded_times_add_up_to_the_wall_time() {
        // One clock read per operation leaves no gap that belongs to nobody, planted work included.
        for work in [None, Some(0.5)] {
            let planted = Planted {
                work,
                ..Planted::default()
            };
            let timings = measure(&mut Fake::new(), &planted);
            assert_eq!(sum(&timings), timings.wall.as_nanos());
        }
    }

    fn sum(timings: &Timings) -> u128 {
        let distribution = timings.recorder.distribution();
        distribution.expect("operations were recorded").sum as u128
    }

    /// Operations that take 1 to 1.999 us, in an order far from sorted, by a clock of their own.
    struct Timed<'c> {
        clock: &'c Cell<Duration>,
    }

    impl Timed<'_> {
        fn duration(index: usize) -> Duration {
            Duration::from_nanos(1_000 + (index as u64 * 7_919) % 1_000)
        }
    }

    impl Subject for Timed<'_> {
        fn warm_up(&self) -> usize {
            1_000
        }

        fn operations(&self) -> usize {
            10_000
        }

        fn operate(&mut self, index: usize) -> u64 {
            self.clock.set(self.clock.get() + Self::duration(index));
            0
        }

        fn check(&mut self) -> Result<(), WrongAnswer> {
            Ok(())
        }

        fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn a_planted_tail_slows_the_slowest_fiftieth_and_nothing_else() {
        let (clock, origin) = (Cell::new(Duration::ZERO), Instant::now());
        let now = || origin + clock.get();
        let mut subject = Timed { clock: &clock };
        let warm_up = time(&mut subject, 0..1_000, now, |_| false);
        let planted = Planted {
            tail: Some(0.1),
            ..Planted::default()
        };
        let slowdown = Slowdown::of(&planted, Some(Tail::learn(&warm_up.recorder)));
        let mut slowdown = slowdown.expect("something is planted");
        let with_tail = time(&mut subject, 1_000..11_000, now, |elapsed| {
            let share = slowdown.share(elapsed);
            clock.set(clock.get() + elapsed.mul_f64(share));
            share > 0.0
        });
        let without = time(&mut subject, 1_000..11_000, now, |_| false);

        // (percent, without, with the tail planted), in nanoseconds, at most 1 % beside.
        for (percent, expected, planted) in [
            (50.0, 1_499, 1_499),
            (95.0, 1_949, 1_949),
            (99.0, 1_989, 2_188),
            (100.0, 1_999, 2_199),
        ] {
            for (timings, expected) in [(&without, expected), (&with_tail, planted)] {
                let found = timings.recorder.quantile(percent / 100.0).as_nanos() as f64;
                let is_near = (found / f64::from(expected) - 1.0).abs() < 0.01;
                assert!(is_near, "{percent} %: {found}, expected {expected}");
            }
        }
        let added = (sum(&with_tail) - sum(&without)) as f64 / sum(&without) as f64;
        let expected = 0.02 * 0.1 * 1_990.0 / 1_500.0;
        assert!(
            (added / expected - 1.0).abs() < 0.05,
            "{added}, expected {expected}"
        );
    }
}
