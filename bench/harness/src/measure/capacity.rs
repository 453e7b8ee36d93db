//! The most requests per second that a subject bears, found by asking for more and more.
//!
//! Clients that ask again as soon as they were answered give a first guess. From below it the rate rises step by
//! step until requests come faster than they are answered; between the last rate that was borne and the first that
//! was not, halving finds the rest. Rates rise from the guess and not along a grid, so that what is found is not
//! rounded to one.

use std::ops::Range;
use std::time::Duration;

use super::clients::closed;
use super::crew::Crew;
use super::open::{answer, saturated, scheduled};
use super::{MeasureError, Timings, Watch};
use crate::traffic::Arrivals;

/// Where the search begins, as a share of what clients get: they never wait, and requests on a schedule do.
const START: f64 = 0.6;

/// By how much the rate rises, or falls where the first was too high already.
const RISE: f64 = 1.2;

/// Most steps up or down: a factor of ten.
const STEPS: usize = 13;

/// Times that the span between borne and not borne is halved: one rise to a little more than a hundredth.
const HALVINGS: usize = 4;

/// How long each rate is asked for.
const STEP: Duration = Duration::from_secs(1);

/// Requests of a step: enough for a p99 to mean something, and no more than memory is for.
const REQUESTS: (usize, usize) = (300, 1_000_000);

/// A rate is not borne when it was not so often in a row: a neighbour strikes once.
const ATTEMPTS: usize = 2;

/// How each rate is asked for.
pub(super) struct Step {
    pub(super) arrivals: Arrivals,
    pub(super) workers: usize,
    /// What 99 of 100 requests have to be answered within.
    pub(super) within: Duration,
}

/// Operates `indexes` at half of the rate that is borne, which is searched for with the operations before them.
///
/// # Errors
/// Those of [`search`] and of [`scheduled`].
pub(super) fn at_half(
    crew: &Crew<'_>,
    indexes: Range<usize>,
    step: &Step,
    watch: &mut dyn Watch,
) -> Result<Timings, MeasureError> {
    let capacity = search(crew, indexes.start, step)?;
    let warm = Crew {
        warm_up: 0..0,
        ..*crew
    };
    let plan = step.arrivals.plan(capacity / 2.0, indexes.len());
    let timings = scheduled(&warm, indexes.start, &plan, step.workers, watch)?;
    Ok(Timings {
        capacity: Some(capacity),
        ..timings
    })
}

/// Searches with the operations before `warm_up`, asked again and again.
///
/// # Errors
/// [`MeasureError::NoWarmUp`], and [`MeasureError::Saturated`] where not even a tenth of the first guess is borne.
fn search(crew: &Crew<'_>, warm_up: usize, step: &Step) -> Result<f64, MeasureError> {
    if warm_up == 0 {
        return Err(MeasureError::NoWarmUp);
    }
    let guess = closed(crew, 0..warm_up, step.workers, &mut ()).throughput();
    let warm = Crew {
        warm_up: 0..0,
        ..*crew
    };
    let bears = |rate: f64| (0..ATTEMPTS).any(|_| step.bears(&warm, warm_up, rate));
    highest(START * guess, bears).ok_or(MeasureError::Saturated {
        offered: START * guess / RISE.powi(STEPS as i32),
        answered: guess,
    })
}

impl Step {
    /// Whether so many requests per second are answered, and in time.
    fn bears(&self, crew: &Crew<'_>, warm_up: usize, rate: f64) -> bool {
        let requests = (rate * STEP.as_secs_f64()) as usize;
        let plan = self
            .arrivals
            .plan(rate, requests.clamp(REQUESTS.0, REQUESTS.1));
        let again = |number: usize| number % warm_up;
        let answered = answer(crew, again, &plan, self.workers, &mut ());
        // The last request may take as long as any.
        let wall = answered.wall().saturating_sub(self.within);
        saturated(&plan, wall).is_ok() && answered.latency.quantile(0.99) <= self.within
    }
}

/// About the highest rate that is borne, looked for from `start` on; never one that was not tried. `None` when none
/// is.
fn highest(start: f64, mut bears: impl FnMut(f64) -> bool) -> Option<f64> {
    let (mut borne, mut broken) = (None, None);
    let mut rate = start;
    for _ in 0..=STEPS {
        if bears(rate) {
            borne = Some(rate);
            if broken.is_some() {
                break;
            }
            rate *= RISE;
        } else {
            broken = Some(rate);
            if borne.is_some() {
                break;
            }
            rate /= RISE;
        }
    }
    let (mut borne, Some(mut broken)) = (borne?, broken) else {
        return borne;
    };
    for _ in 0..HALVINGS {
        let between = (borne * broken).sqrt();
        if bears(between) {
            borne = between;
        } else {
            broken = between;
        }
    }
    Some(borne)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use quanta::{Clock, Mock};

    use super::*;
    use crate::scenario::Service;

    #[test]
    fn the_highest_rate_is_found_to_a_hundredth_wherever_the_guess_was() {
        for limit in [130.0, 600.0, 1_000.0, 1_234.5, 4_000.0] {
            let mut tried = Vec::new();
            let found = highest(600.0, |rate| {
                tried.push(rate);
                rate <= limit
            });
            let found = found.expect("is within the steps");
            assert!(found <= limit && found > limit / 1.012, "{limit}: {found}");
            assert!(tried.contains(&found), "{limit}");
            assert!(tried.len() <= STEPS + 1 + HALVINGS, "{limit}: {tried:?}");
        }
    }

    #[test]
    fn nothing_that_is_borne_is_said_and_all_that_is_borne_ends() {
        assert_eq!(highest(600.0, |_| false), None);
        let most = highest(600.0, |_| true).expect("all is borne");
        assert!(most > 5_000.0, "{most}");
    }

    /// Takes as long for every request, by a clock that nothing else moves on, and counts those that are not of the
    /// warm-up.
    struct Slow {
        time: Arc<Mock>,
        beyond: AtomicUsize,
    }

    const TAKES: Duration = Duration::from_millis(2);
    const WARM_UP: usize = 50;

    impl Service for Slow {
        fn serve(&self, index: usize) -> u64 {
            let is_beyond = index >= WARM_UP;
            self.beyond
                .fetch_add(usize::from(is_beyond), Ordering::Relaxed);
            self.time.increment(TAKES);
            0
        }
    }

    /// What `ask` returns of one slow worker, and how many requests were not of the warm-up.
    fn asked<T>(ask: impl FnOnce(&Crew<'_>) -> T) -> (T, usize) {
        let (clock, time) = Clock::mock();
        let slow = Slow {
            time: time.clone(),
            beyond: AtomicUsize::new(0),
        };
        let answered = ask(&Crew {
            service: &slow,
            clock: &clock,
            wait: &|moment| {
                time.increment(moment - clock.now());
                clock.now()
            },
            warm_up: 0..0,
            extra_work: None,
        });
        (answered, slow.beyond.into_inner())
    }

    fn step(within: Duration) -> Step {
        Step {
            arrivals: Arrivals::Constant,
            workers: 1,
            within,
        }
    }

    #[test]
    fn a_rate_is_borne_while_it_is_answered_in_time() {
        // One every two milliseconds.
        for (rate, within_ms, is_borne) in [
            (400.0, 60_000, true),
            (400.0, 3, true),
            (400.0, 1, false),
            (4_000.0, 20, false),
            // Late, and no longer than one of them may be.
            (505.0, 20, true),
            (530.0, 20, false),
        ] {
            let within = Duration::from_millis(within_ms);
            let (found, beyond) = asked(|crew| step(within).bears(crew, WARM_UP, rate));
            assert_eq!(found, is_borne, "{rate} within {within:?}");
            assert_eq!(beyond, 0, "all is asked of the warm-up");
        }
    }

    #[test]
    fn half_of_what_is_borne_is_asked_for() {
        let (timings, beyond) = asked(|crew| {
            let within = Duration::from_millis(20);
            at_half(crew, WARM_UP..WARM_UP + 500, &step(within), &mut ())
        });
        let timings = timings.expect("is measured");
        let capacity = timings.capacity.expect("was searched for");
        assert!((495.0..515.0).contains(&capacity), "{capacity}");
        let share = timings.throughput() / capacity;
        assert!((0.495..0.505).contains(&share), "{share}");
        assert!(timings.recorder.quantile(1.0) < TAKES.mul_f64(1.01));
        assert_eq!(timings.recorder.count(), 500);
        assert_eq!(timings.seconds.ended(0..60), 500);
        assert_eq!(beyond, 500);
    }

    #[test]
    fn without_a_warm_up_there_is_nothing_to_ask() {
        let (found, _) = asked(|crew| search(crew, 0, &step(TAKES)));
        assert_eq!(found, Err(MeasureError::NoWarmUp));
    }
}
