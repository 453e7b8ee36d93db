//! Planted work: makes every operation slower by a share of its own time.

use std::hint::black_box;
use std::time::Duration;

use quanta::Clock;

use crate::recorder::nanoseconds;

/// Rounds per calibration batch: about a tenth of a millisecond.
const CALIBRATION_ROUNDS: u64 = 100_000;

/// Calibration batches. The fastest counts: whatever disturbs a batch makes it slower.
const CALIBRATION_BATCHES: usize = 11;

/// Extra work, calibrated to this machine.
///
/// Counted in rounds of arithmetic and not by watching a clock: one look at a clock takes as long
/// as a fifth of a short operation. Work and not sleep, so that a profiler sees it and nobody else
/// gets the core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtraWork {
    share: f64,
    rounds_per_ns: f64,
    /// What a step costs before its first round: another look at the clock.
    step_ns: f64,
}

impl ExtraWork {
    /// Extra work of `share` of each operation's time, for example 0.2.
    pub(crate) fn calibrate(share: f64, clock: &Clock) -> Self {
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
            share,
            rounds_per_ns,
            step_ns: 0.0,
        };
        let steps_ns = fastest_ns(&|| {
            for _ in 0..CALIBRATION_ROUNDS {
                bare.follow(black_box(Duration::ZERO));
                black_box(clock.now());
            }
        });
        Self {
            step_ns: steps_ns / rounds,
            ..bare
        }
    }

    /// Works for the share of an operation that took `elapsed`. The caller looks at the clock again
    /// afterwards; that is counted as part of the share.
    #[inline]
    pub(crate) fn follow(&self, elapsed: Duration) {
        work(self.rounds(elapsed));
    }

    fn rounds(&self, elapsed: Duration) -> u64 {
        let owed_ns = nanoseconds(elapsed) as f64 * self.share - self.step_ns;
        // A cast from below zero gives zero.
        (owed_ns * self.rounds_per_ns) as u64
    }
}

/// Rounds of a linear congruential generator: each needs the one before, so none can be skipped or
/// done in parallel. Never inlined, so that profiles name it.
#[inline(never)]
fn work(rounds: u64) {
    let mut state = black_box(1_u64);
    for _ in 0..rounds {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
    }
    black_box(state);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_follow_the_operation_less_the_step() {
        let work = ExtraWork {
            share: 0.2,
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
                work.rounds(Duration::from_nanos(elapsed_ns)),
                expected,
                "{elapsed_ns} ns"
            );
        }
    }

    #[test]
    fn calibration_gives_usable_figures() {
        let work = ExtraWork::calibrate(0.2, &Clock::new());
        assert!(work.rounds_per_ns > 0.0 && work.rounds_per_ns.is_finite());
        assert!(work.step_ns > 0.0 && work.step_ns.is_finite());
    }
}
