//! Several threads that warm up together and begin together.

use std::hint::black_box;
use std::ops::Range;
use std::sync::{RwLock, mpsc};
use std::thread;
use std::time::Duration;

use quanta::{Clock, Instant};

use super::Watch;
use crate::extra_work::ExtraWork;
use crate::scenario::Service;

/// What all threads share.
pub(super) struct Crew<'s> {
    pub(super) service: &'s dyn Service,
    pub(super) clock: &'s Clock,
    /// Waits for a moment by that clock, and returns the time then.
    pub(super) wait: &'s (dyn Fn(Instant) -> Instant + Sync),
    /// The operations before the measured ones, which they share out.
    pub(super) warm_up: Range<usize>,
    pub(super) extra_work: Option<ExtraWork>,
}

impl Crew<'_> {
    /// Runs `work` in `threads` threads with what `prepare` made for each by its number, and with the
    /// moment at which all begin: `head_start` after the last of them has warmed up. A thread that
    /// first met the service while it is measured would pay for its own stack and caches.
    pub(super) fn run<S, T: Send>(
        &self,
        threads: usize,
        head_start: Duration,
        watch: &mut dyn Watch,
        prepare: impl Fn(usize) -> S + Sync,
        work: impl Fn(S, Instant) -> T + Sync,
    ) -> Vec<T> {
        let origin = RwLock::new(self.clock.now());
        thread::scope(|scope| {
            // Held until all are warm. Neither a barrier nor a count: a thread that panics reaches none.
            let beginning = origin.write();
            let (is_warm, warm) = mpsc::channel();
            let threads: Vec<_> = (0..threads)
                .map(|number| {
                    let (origin, prepare, work) = (&origin, &prepare, &work);
                    let is_warm: mpsc::Sender<()> = is_warm.clone();
                    scope.spawn(move || {
                        let prepared = prepare(number);
                        for index in self.warm_up.clone().skip(number).step_by(threads) {
                            black_box(self.service.serve(index));
                        }
                        drop(is_warm);
                        let origin = origin.read().map_or_else(|held| **held.get_ref(), |at| *at);
                        work(prepared, origin)
                    })
                })
                .collect();
            drop(is_warm);
            // Nothing is ever sent: it ends when every thread has let go of its end.
            let _ = warm.recv();
            watch.begin();
            if let Ok(mut origin) = beginning {
                *origin = self.clock.now() + head_start;
            }
            threads
                .into_iter()
                .map(|thread| thread.join().expect("operations do not panic"))
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Mutex;

    use super::*;

    /// Notes who asked for what; the operation 3 panics if told so.
    struct Noting {
        served: Mutex<Vec<usize>>,
        panics: bool,
    }

    impl Service for Noting {
        fn serve(&self, index: usize) -> u64 {
            assert!(index != 3 || !self.panics, "as told");
            self.served
                .lock()
                .expect("nobody panicked in it")
                .push(index);
            0
        }
    }

    fn begin(panics: bool) -> Vec<usize> {
        let noting = Noting {
            served: Mutex::default(),
            panics,
        };
        let crew = Crew {
            service: &noting,
            clock: &Clock::new(),
            wait: &|moment| moment,
            warm_up: 0..10,
            extra_work: None,
        };
        let count = || noting.served.lock().expect("nobody panicked in it").len();
        let seen = crew.run(
            3,
            Duration::ZERO,
            &mut (),
            |number| number,
            |number, _| (number, count()),
        );
        assert_eq!(
            seen,
            [(0, 10), (1, 10), (2, 10)],
            "all were warm when they began"
        );
        let mut served = noting.served.into_inner().expect("nobody panicked in it");
        served.sort_unstable();
        served
    }

    #[test]
    fn all_are_warm_before_any_begins() {
        assert_eq!(begin(false), (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn who_panics_while_warming_up_keeps_nobody_waiting() {
        assert!(catch_unwind(AssertUnwindSafe(|| begin(true))).is_err());
    }
}
