//! Planted work: makes operations slower by a share of their own time.

use std::hint::black_box;
use std::time::Duration;

use quanta::Clock;

use crate::plant::Planted;
use crate::recorder::nanoseconds;
use crate::tail::Tail;

/// Rounds per calibration batch: about a tenth of a millisecond.
const CALIBRATION_ROUNDS: u64 = 100_000;

/// Calibration batches. The fastest counts: whatever disturbs a batch makes it slower.
const CALIBRATION_BATCHES: usize = 11;

/// Which operations are to take longer, and by which share of their own time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slowdown {
    every: f64,
    /// The slowest operations and what they get besides.
    tail: Option<(Tail, f64)>,
}

impl Slowdown {
    /// What `planted` asks for, if it asks for any. `tail` is where a planted tail starts.
    pub(crate) fn of(planted: &Planted, tail: Option<Tail>) -> Option<Self> {
        let slowdown = Self {
            every: planted.work.unwrap_or_default(),
            tail: tail.zip(planted.tail),
        };
        (planted.work.is_some() || slowdown.tail.is_some()).then_some(slowdown)
    }

    /// The share for an operation that took `elapsed`; zero when it is to be left alone.
    #[inline]
    pub(crate) fn share(&mut self, elapsed: Duration) -> f64 {
        match &mut self.tail {
            Some((tail, share)) => self.every + if tail.takes(elapsed) { *share } else { 0.0 },
            None => self.every,
        }
    }
}

/// Extra work, calibrated to this machine.
///
/// Counted in rounds of arithmetic and not by watching a clock: one look at a clock takes as long
/// as a fifth of a short operation. Work and not sleep, so that a profiler sees it and nobody else
/// gets the core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtraWork {
    slowdown: Slowdown,
    rounds_per_ns: f64,
    /// What a step costs before its first round: another look at the clock.
    step_ns: f64,
}

impl ExtraWork {
    /// Extra work by which `slowdown` comes true on this machine.
    pub(crate) fn calibrate(slowdown: Slowdown, clock: &Clock) -> Self {
        let fastest_ns = |batch: &dyn Fn()| {
            let batches = (0..CALIBRATION_BATCHES).map(|_| {
                let start = clock.now();
                batch();
                (clock.now() - start).as_nanos()
            });
            batches.min().unwrap_or_default().max(1) as f64
        };
        let rounds = CALIBRATION_ROUNDS as f64;
        let rounds_per_ns = rounds / fastest_ns(&|| work(CALIBRATION_ROUNDS));
        let bare = Self {
            slowdown,
            rounds_per_ns,
            step_ns: 0.0,
        };
        let steps_ns = fastest_ns(&|| {
            for _ in 0..CALIBRATION_ROUNDS {
                bare.step(black_box(Duration::ZERO), black_box(0.0));
                black_box(clock.now());
            }
        });
        Self {
            step_ns: steps_ns / rounds,
            ..bare
        }
    }

    /// Works for the share of an operation that took `elapsed`, and tells whether there was one. If
    /// so, the caller looks at the clock again; that is counted as part of the share.
    #[inline]
    pub(crate) fn follow(&mut self, elapsed: Duration) -> bool {
        let share = self.slowdown.share(elapsed);
        let is_owed = share > 0.0;
        if is_owed {
            self.step(elapsed, share);
        }
        is_owed
    }

    #[inline]
    fn step(&self, elapsed: Duration, share: f64) {
        work(self.rounds(elapsed, share));
    }

    fn rounds(&self, elapsed: Duration, share: f64) -> u64 {
        let owed_ns = nanoseconds(elapsed) as f64 * share - self.step_ns;
        // A cast from below zero gives zero.
        (owed_ns * self.rounds_per_ns) as u64
    }
}

/// Rounds of a multiplicative hash: each needs the one before, so none can be done in parallel, and
/// the shift keeps the compiler from folding several into one, as it did with a plain linear
/// generator. Never inlined, so that profiles name it.
#[inline(never)]
fn work(rounds: u64) {
    let mut state = black_box(1_u64);
    for _ in 0..rounds {
        state = (state ^ (state >> 32)).wrapping_mul(6_364_136_223_846_793_005);
    }
    black_box(state);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::Recorder;

    fn planted(work: Option<f64>, tail: Option<f64>) -> Planted {
        Planted {
            work,
            tail,
            ..Planted::default()
        }
    }

    /// Operations of more than a microsecond.
    fn beyond_1_us() -> Option<Tail> {
        let mut recorder = Recorder::new();
        recorder.record(Duration::from_micros(1));
        Some(Tail::learn(&recorder))
    }

    #[test]
    fn the_tail_gets_its_share_besides_that_of_every_operation() {
        for (work, tail, expected) in [
            (None, None, None),
            (Some(0.5), None, Some([0.5, 0.5])),
            (None, Some(0.25), Some([0.0, 0.25])),
            (Some(0.5), Some(0.25), Some([0.5, 0.75])),
        ] {
            let slowdown = Slowdown::of(&planted(work, tail), beyond_1_us());
            let shares = slowdown.map(|mut slowdown| {
                [900, 1_100].map(|ns| slowdown.share(Duration::from_nanos(ns)))
            });
            assert_eq!(shares, expected, "work {work:?}, tail {tail:?}");
        }
    }

    #[test]
    fn rounds_follow_the_operation_less_the_step() {
        let slowdown = Slowdown::of(&planted(Some(0.2), None), beyond_1_us());
        let work = ExtraWork {
            slowdown: slowdown.expect("something is planted"),
            rounds_per_ns: 0.5,
            step_ns: 10.0,
        };
        for (elapsed_ns, expected) in [
            (0, 0),
            (49, 0),
            (50, 0),
            (100, 5),
            (1_000, 95),
            (1_000_000, 99_995),
        ] {
            assert_eq!(
                work.rounds(Duration::from_nanos(elapsed_ns), 0.2),
                expected,
                "{elapsed_ns} ns"
            );
        }
    }

    #[test]
    fn calibration_gives_usable_figures() {
        for (work, tail) in [(Some(0.2), None), (None, Some(0.2))] {
            let slowdown = Slowdown::of(&planted(work, tail), beyond_1_us());
            let extra =
                ExtraWork::calibrate(slowdown.expect("something is planted"), &Clock::new());
            let case = format!("work {work:?}, tail {tail:?}: {extra:?}");
            assert!(extra.rounds_per_ns > 0.0, "{case}");
            assert!(extra.step_ns > 0.0 && extra.step_ns.is_finite(), "{case}");
        }
    }
}
