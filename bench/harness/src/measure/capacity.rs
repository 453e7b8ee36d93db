//! The most requests per second that a subject bears, found by asking for more and more.
//!
//! Clients that ask again as soon as they were answered give a first guess. From below it the rate rises step by
//! step until requests come faster than they are answered; between the last rate that was borne and the first that
//! was not, halving finds the rest. Rates rise from the guess and not along a grid, so that what is found is not
//! rounded to one.

use std::time::Duration;

use super::MeasureError;
use super::clients::closed;
use super::crew::Crew;
use super::open::{answer, saturated};
use crate::traffic::Arrivals;

/// Where the search begins, as a share of what clients get: they never wait, and requests on a schedule do.
const START: f64 = 0.6;

/// By how much the rate rises, or falls where the first was too high already.
const RISE: f64 = 1.2;

/// Most steps up or down: a factor of ten.
const STEPS: usize = 13;

/// Times that the span between borne and not borne is halved: one rise to a little more than a hundredth.
const HALVINGS: usize = 4;

/// How long each rate is asked for. Tests are not after a figure.
const STEP: Duration = Duration::from_millis(if cfg!(test) { 100 } else { 1_000 });

/// Requests of a step: enough for a p99 to mean something, and no more than memory is for.
const REQUESTS: (usize, usize) = (if cfg!(test) { 50 } else { 300 }, 1_000_000);

/// A rate is not borne when it was not so often in a row: a neighbour strikes once.
const ATTEMPTS: usize = 2;

/// How each rate is asked for.
pub(super) struct Step {
    pub(super) arrivals: Arrivals,
    pub(super) workers: usize,
    /// What 99 of 100 requests have to be answered within.
    pub(super) within: Duration,
}

/// Searches with the operations before `warm_up`, asked again and again.
///
/// # Errors
/// [`MeasureError::NoWarmUp`], and [`MeasureError::Saturated`] where not even a tenth of the first guess is borne.
pub(super) fn search(crew: &Crew<'_>, warm_up: usize, step: &Step) -> Result<f64, MeasureError> {
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
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use quanta::Clock;

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

    /// Sleeps for every request, and counts those that are not of the warm-up.
    struct Sleeping {
        takes: Duration,
        beyond: AtomicUsize,
    }

    const WARM_UP: usize = 50;

    impl Service for Sleeping {
        fn serve(&self, index: usize) -> u64 {
            let is_beyond = index >= WARM_UP;
            self.beyond
                .fetch_add(usize::from(is_beyond), Ordering::Relaxed);
            thread::sleep(self.takes);
            0
        }
    }

    #[test]
    fn a_rate_is_borne_while_it_is_answered_in_time() {
        let sleeping = Sleeping {
            takes: Duration::from_millis(2),
            beyond: AtomicUsize::new(0),
        };
        let crew = Crew {
            service: &sleeping,
            clock: &Clock::new(),
            warm_up: 0..0,
            extra_work: None,
        };
        let step = |within| Step {
            arrivals: Arrivals::Constant,
            workers: 2,
            within,
        };
        // Two sleepers answer less than 1,000 a second, and none within a millisecond.
        let patient = step(Duration::from_secs(60));
        assert!(patient.bears(&crew, WARM_UP, 300.0));
        assert!(!step(Duration::from_millis(20)).bears(&crew, WARM_UP, 4_000.0));
        assert!(!step(Duration::from_millis(1)).bears(&crew, WARM_UP, 300.0));
        assert_eq!(
            sleeping.beyond.into_inner(),
            0,
            "all is asked of the warm-up"
        );
    }

    #[test]
    fn without_a_warm_up_there_is_nothing_to_ask() {
        let sleeping = Sleeping {
            takes: Duration::ZERO,
            beyond: AtomicUsize::new(0),
        };
        let crew = Crew {
            service: &sleeping,
            clock: &Clock::new(),
            warm_up: 0..0,
            extra_work: None,
        };
        let step = Step {
            arrivals: Arrivals::Constant,
            workers: 1,
            within: Duration::from_secs(1),
        };
        assert_eq!(search(&crew, 0, &step), Err(MeasureError::NoWarmUp));
    }
}
