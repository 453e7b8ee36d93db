//! Work beside the measured operations.

use std::hint::black_box;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{MeasureError, Timings};
use crate::scenario::{Background, Service};

/// Below this share of its rate, the work beside was not what the scenario promises.
const KEPT_UP: f64 = 0.9;

/// Longest sleep, so that the end of the measurement is noticed.
const NAP: Duration = Duration::from_millis(5);

/// Runs `measured` with everything that goes on beside it, each in a thread of its own, and serves the
/// indexes `again` from then until all counted steps are done. What falls behind its rate is named in the
/// timings.
pub(super) fn beside(
    service: &dyn Service,
    again: Range<usize>,
    measured: impl FnOnce() -> Result<Timings, MeasureError>,
) -> Result<Timings, MeasureError> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let threads: Vec<_> = service
            .background()
            .into_iter()
            .map(|background| {
                let is_counted = background.steps.is_some();
                (is_counted, scope.spawn(|| pace(background, &is_over)))
            })
            .collect();
        let end = End(&is_over);
        let timings = measured();
        drop(end);
        let goes_on = || {
            let mut threads = threads.iter();
            threads.any(|(is_counted, thread)| *is_counted && !thread.is_finished())
        };
        for index in again.cycle().take_while(|_| goes_on()) {
            black_box(service.serve(index));
        }
        let behind = threads
            .into_iter()
            .filter_map(|(_, thread)| thread.join().expect("background work does not panic"));
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

/// Does one step after the other at the background's rate until all is over, or as many as there are.
/// Returns how far it fell behind or that it ended too early, if it did.
///
/// Never inlined: by its name profiles know what is not of the measured operations.
#[inline(never)]
fn pace(mut background: Background<'_>, is_over: &AtomicBool) -> Option<String> {
    let start = Instant::now();
    let mut steps = 0;
    let is_done = |steps| match background.steps {
        Some(all) => steps >= all,
        None => is_over.load(Ordering::Relaxed),
    };
    while !is_done(steps) {
        let due = start + Duration::from_secs_f64(steps as f64 / background.rate);
        let early = due.saturating_duration_since(Instant::now());
        if early.is_zero() {
            (background.step)(steps);
            steps += 1;
        } else {
            thread::sleep(early.min(NAP));
        }
    }
    let is_short = !is_over.load(Ordering::Relaxed);
    behind(background.name, background.rate, steps, start.elapsed())
        .or_else(|| is_short.then(|| format!("{} ended before the operations", background.name)))
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
    use crate::measure::seconds::Seconds;
    use crate::measure::slices::Slices;
    use crate::recorder::Recorder;

    struct Beside {
        steps: AtomicUsize,
        rate: f64,
        all: Option<usize>,
        served: AtomicUsize,
    }

    impl Beside {
        fn at(rate: f64, all: Option<usize>) -> Self {
            Self {
                steps: AtomicUsize::new(0),
                rate,
                all,
                served: AtomicUsize::new(0),
            }
        }

        /// Waits until so much is done, so that no test depends on a clock.
        fn wait_for(&self, steps: usize) {
            while self.steps.load(Ordering::Relaxed) < steps {
                thread::yield_now();
            }
        }

        /// Waits until one was served, or until [`PATIENCE`] is over and the test fails.
        fn wait_for_one_served(&self) {
            let start = Instant::now();
            while self.served.load(Ordering::Relaxed) == 0 && start.elapsed() < PATIENCE {
                thread::yield_now();
            }
        }
    }

    impl Service for Beside {
        fn serve(&self, index: usize) -> u64 {
            assert!(index < WARM_UP, "those of the warm-up again");
            self.served.fetch_add(1, Ordering::Relaxed) as u64
        }

        fn background(&self) -> Vec<Background<'_>> {
            vec![Background {
                name: "writing",
                rate: self.rate,
                steps: self.all,
                step: Box::new(|number| {
                    assert_eq!(number, self.steps.fetch_add(1, Ordering::Relaxed));
                    if Some(number + 1) == self.all {
                        self.wait_for_one_served();
                    }
                }),
            }]
        }
    }

    const WARM_UP: usize = 7;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Who fell behind while `measured` was.
    fn run(service: &Beside, measured: impl FnOnce()) -> Vec<String> {
        let timings = beside(service, 0..WARM_UP, || {
            measured();
            Ok(Timings {
                recorder: Recorder::new(),
                service: None,
                wall: Duration::ZERO,
                slices: Slices::default(),
                behind: Vec::new(),
                threads: 1,
                capacity: None,
                seconds: Seconds::default(),
            })
        });
        timings.expect("is measured").behind
    }

    #[test]
    fn steps_are_numbered_and_go_on_until_the_end() {
        let service = Beside::at(2_000.0, None);
        run(&service, || service.wait_for(10));
        assert!(service.steps.into_inner() >= 10);
        assert_eq!(service.served.into_inner(), 0);
    }

    #[test]
    fn counted_steps_are_all_done_beside_operations_however_soon_those_are() {
        for soon in [0, 1, 19] {
            let service = Beside::at(200.0, Some(20));
            run(&service, || service.wait_for(soon));
            assert_eq!(service.steps.into_inner(), 20);
            assert!(service.served.into_inner() > 0);
        }
    }

    #[test]
    fn too_few_steps_are_named() {
        for (is_over, named) in [
            (false, Some("writing ended before the operations")),
            (true, None),
        ] {
            let service = Beside::at(1e-3, Some(1));
            service.serve(0);
            let background = service.background().remove(0);
            let behind = pace(background, &AtomicBool::new(is_over));
            assert_eq!(behind.as_deref(), named);
            assert_eq!(service.steps.load(Ordering::Relaxed), 1);
        }
    }

    #[test]
    fn a_panic_ends_the_work_beside() {
        let service = Beside::at(2_000.0, None);
        let measured = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run(&service, || panic!("on purpose"))
        }));
        assert!(measured.is_err());
    }

    #[test]
    fn who_falls_behind_is_named() {
        let service = Beside::at(1e12, None);
        let named = run(&service, || service.wait_for(10));
        assert_eq!(named.len(), 1);
        assert!(named[0].starts_with("writing reached"), "{named:?}");
        let after_a_second = |steps| behind("writing", 100.0, steps, Duration::from_secs(1));
        assert_eq!(after_a_second(100), None);
        assert_eq!(after_a_second(90), None);
        let found = after_a_second(80);
        assert_eq!(found.as_deref(), Some("writing reached 80 of 100 steps"));
    }
}
