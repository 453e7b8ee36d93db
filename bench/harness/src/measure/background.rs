//! Work beside the measured operations.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{MeasureError, Timings};
use crate::scenario::{Background, Service};

/// Below this share of its rate, the work beside was not what the scenario promises.
const KEPT_UP: f64 = 0.9;

/// Longest sleep, so that the end of the measurement is noticed.
const NAP: Duration = Duration::from_millis(5);

/// Runs `measured` with everything that goes on beside it, each in a thread of its own. What falls
/// behind its rate is named in the timings.
pub(super) fn beside(
    service: &dyn Service,
    measured: impl FnOnce() -> Result<Timings, MeasureError>,
) -> Result<Timings, MeasureError> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let threads: Vec<_> = service
            .background()
            .into_iter()
            .map(|background| scope.spawn(|| pace(background, &is_over)))
            .collect();
        let end = End(&is_over);
        let timings = measured();
        drop(end);
        let behind = threads
            .into_iter()
            .filter_map(|thread| thread.join().expect("background work does not panic"));
        let behind: Vec<String> = behind.collect();
        timings.map(|timings| Timings { behind, ..timings })
    })
}

/// Ends the work beside when it goes away, also when the measured operation panics: the scope waits for
/// its threads, for ever if need be.
#[derive(Debug)]
pub struct End<'f>(pub &'f AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does one step after the other at the background's rate until all is over. Returns how far it fell
/// behind, if it did.
///
/// Never inlined: by its name profiles know what is not of the measured operations.
#[inline(never)]
fn pace(mut background: Background<'_>, is_over: &AtomicBool) -> Option<String> {
    let start = Instant::now();
    let mut steps = 0;
    while !is_over.load(Ordering::Relaxed) {
        let due = start + Duration::from_secs_f64(steps as f64 / background.rate);
        let early = due.saturating_duration_since(Instant::now());
        if early.is_zero() {
            (background.step)(steps);
            steps += 1;
        } else {
            thread::sleep(early.min(NAP));
        }
    }
    behind(background.name, background.rate, steps, start.elapsed())
}

/// How far work at `rate` is behind after `elapsed`, if it is.
fn behind(name: &str, rate: f64, steps: usize, elapsed: Duration) -> Option<String> {
    let planned = elapsed.as_secs_f64() * rate;
    // One step of grace: a short measurement ends between two.
    (((steps + 1) as f64) < KEPT_UP * planned)
        .then(|| format!("{name} reached {steps} of {planned:.0} steps"))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::measure::slices::Slices;
    use crate::recorder::Recorder;

    struct Beside {
        steps: AtomicUsize,
        rate: f64,
    }

    impl Service for Beside {
        fn serve(&self, _: usize) -> u64 {
            0
        }

        fn background(&self) -> Vec<Background<'_>> {
            vec![Background {
                name: "writing",
                rate: self.rate,
                step: Box::new(|number| {
                    assert_eq!(number, self.steps.fetch_add(1, Ordering::Relaxed));
                }),
            }]
        }
    }

    fn run(rate: f64) -> (usize, Vec<String>) {
        let service = Beside {
            steps: AtomicUsize::new(0),
            rate,
        };
        let timings = beside(&service, || {
            // Ends when enough was done, so that no test depends on a clock.
            while service.steps.load(Ordering::Relaxed) < 10 {
                thread::yield_now();
            }
            Ok(Timings {
                recorder: Recorder::new(),
                service: None,
                wall: Duration::ZERO,
                slices: Slices::default(),
                behind: Vec::new(),
                threads: 1,
            })
        });
        let behind = timings.expect("is measured").behind;
        (service.steps.into_inner(), behind)
    }

    #[test]
    fn steps_are_numbered_and_go_on_until_the_end() {
        let (steps, _) = run(2_000.0);
        assert!(steps >= 10);
    }

    #[test]
    fn a_panic_ends_the_work_beside() {
        let service = Beside {
            steps: AtomicUsize::new(0),
            rate: 2_000.0,
        };
        let measured = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            beside(&service, || panic!("on purpose"))
        }));
        assert!(measured.is_err());
    }

    #[test]
    fn who_falls_behind_is_named() {
        let (_, named) = run(1e12);
        assert_eq!(named.len(), 1);
        assert!(named[0].starts_with("writing reached"), "{named:?}");
        let after_a_second = |steps| behind("writing", 100.0, steps, Duration::from_secs(1));
        assert_eq!(after_a_second(100), None);
        assert_eq!(after_a_second(90), None);
        let found = after_a_second(80);
        assert_eq!(found.as_deref(), Some("writing reached 80 of 100 steps"));
    }
}
