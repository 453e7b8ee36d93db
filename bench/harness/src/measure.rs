//! Measures the operations of a subject, asked for as its scenario says.
//!
//! Every loop is built from `lap`: one clock read per operation, because the end of one is the
//! start of the next.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::hint::black_box;
use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

use quanta::Clock;

use crate::extra_work::{ExtraWork, Slowdown};
use crate::plant::Planted;
use crate::processor::{by_thread, worked};
use crate::recorder::Recorder;
use crate::scenario::{Service, Subject};
use crate::tail::Tail;
use crate::traffic::Traffic;

mod background;
mod capacity;
mod clients;
mod crew;
mod dealt;
mod lap;
mod open;
mod seconds;
mod slices;

pub use background::End;
pub use lap::recording_overhead_ns;
pub use seconds::Seconds;
pub use slices::Slices;

use capacity::Step;
use crew::Crew;
use lap::measuring_lap;

/// A thread that spends less than one part in so many of the wall time on a processor is idle: an engine has
/// threads that wait for work that never comes.
const IDLE: u32 = 1_000;

/// What a loop recorded.
#[derive(Debug)]
pub struct Timings {
    /// Every operation, as the one who asked for it saw it.
    pub recorder: Recorder,
    /// With a schedule: from when the work began, without the wait before it.
    pub service: Option<Recorder>,
    /// Wall time of the whole loop.
    pub wall: Duration,
    /// How the mean moved meanwhile.
    pub slices: Slices,
    /// What went on beside it and fell behind its rate, in words.
    pub behind: Vec<String>,
    /// Threads that worked: those that asked, those beside them, and the engine's own.
    pub threads: usize,
    /// Requests per second that it can bear, where that was searched for.
    pub capacity: Option<f64>,
    /// How many operations ended in each second, under load.
    pub seconds: Seconds,
}

impl Timings {
    /// Operations per second of wall time.
    #[must_use]
    pub fn throughput(&self) -> f64 {
        self.recorder.count() as f64 / self.wall.as_secs_f64()
    }

    /// Whether more threads worked than there are processors: those wait for each other.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.threads > available_parallelism().map_or(1, NonZero::get)
    }
}

/// Why the operations could not be measured as asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MeasureError {
    /// A search for the capacity, and no operations to search with.
    #[error("the scenario searches its capacity with the operations of its warm-up, and has none")]
    NoWarmUp,
    /// Several threads, and a subject for one.
    #[error("the scenario wants {0:?}, and its subject serves one thread only")]
    NoService(Traffic),
    /// More was asked for than was answered: latencies then only say how long it went on.
    #[error(
        "saturated: {offered:.0} requests per second were asked for and {answered:.0} answered, \
         so no latency is stated\n  hint: the build became slower, or the machine is busy"
    )]
    Saturated {
        /// Requests per second of the plan.
        offered: f64,
        /// Requests per second that were answered.
        answered: f64,
    },
}

/// Is told when the measured operations begin and when they have ended; the warm-up comes before.
pub trait Watch {
    /// The next operation is the first measured one.
    fn begin(&mut self);

    /// The last measured operation has ended.
    fn end(&mut self);
}

/// Nobody watches.
impl Watch for () {
    fn begin(&mut self) {}

    fn end(&mut self) {}
}

/// Warms `subject` up and measures all its operations, with the work that is `planted` in them.
///
/// # Errors
/// See [`MeasureError`].
pub fn measure(
    subject: &mut dyn Subject,
    traffic: Traffic,
    planted: &Planted,
    watch: &mut dyn Watch,
) -> Result<Timings, MeasureError> {
    let clock = Clock::new();
    let (warm_up, operations) = (subject.warm_up(), subject.operations());
    let all = warm_up..warm_up + operations;
    if traffic == Traffic::Alone {
        let extra_work = warmed_up(warm_up, planted, &clock, |index| subject.operate(index));
        let before = by_thread();
        watch.begin();
        let timings = measuring_lap(subject, all, &clock, extra_work);
        watch.end();
        let spent = [&before, &by_thread()];
        return Ok(described(timings, 0, spent, subject.differs()));
    }
    let differs = subject.differs();
    let service: &dyn Service = subject.service().ok_or(MeasureError::NoService(traffic))?;
    background::beside(service, 0..warm_up, || {
        // A tail is learned by one thread. Without one, every thread warms itself up.
        let (alone, together) = match planted.tail {
            Some(_) => (warm_up, warm_up..warm_up),
            None => (0, 0..warm_up),
        };
        let extra_work = warmed_up(alone, planted, &clock, |index| service.serve(index));
        let crew = Crew {
            service,
            clock: &clock,
            wait: &|moment| open::wait_until(moment, &clock),
            warm_up: together,
            extra_work,
        };
        let before = by_thread();
        let timings = match traffic {
            // One client and no schedule is the same loop, through the shared interface.
            Traffic::Alone => Ok(clients::closed(&crew, all, 1, watch)),
            Traffic::Clients(number) => Ok(clients::closed(&crew, all, number.max(1), watch)),
            Traffic::Open {
                rate,
                arrivals,
                workers,
            } => {
                let plan = arrivals.plan(rate, operations);
                open::scheduled(&crew, warm_up, &plan, workers.max(1), watch)
            }
            Traffic::Half {
                arrivals,
                workers,
                within,
            } => {
                let step = Step {
                    arrivals,
                    workers: workers.max(1),
                    within,
                };
                capacity::at_half(&crew, all, &step, watch)
            }
        };
        watch.end();
        // This thread has waited for those that asked.
        let spent = [&before, &by_thread()];
        timings.map(|timings| described(timings, traffic.threads(), spent, differs))
    })
}

/// `timings` with what else is known: how many threads worked, by what each has `spent` before and after and
/// beside `ended` that did and have ended; and whether their trend says anything.
fn described(
    timings: Timings,
    ended: usize,
    [before, after]: [&BTreeMap<OsString, Duration>; 2],
    differs: bool,
) -> Timings {
    let slices = if differs {
        Slices::default()
    } else {
        timings.slices
    };
    Timings {
        threads: ended + worked(before, after, timings.wall / IDLE),
        slices,
        ..timings
    }
}

/// Runs the operations before the measured ones; if a tail is planted, learns from them where it
/// starts.
fn warmed_up(
    warm_up: usize,
    planted: &Planted,
    clock: &Clock,
    mut operate: impl FnMut(usize) -> u64,
) -> Option<ExtraWork> {
    let tail = planted.tail.is_some().then(|| {
        // Timed as what follows, so that the two compare.
        let mut recorder = Recorder::new();
        lap::time(
            clock.now(),
            0..warm_up,
            || clock.now(),
            &mut operate,
            |_| false,
            |elapsed| recorder.record(elapsed),
        );
        Tail::learn(&recorder)
    });
    if tail.is_none() {
        (0..warm_up).for_each(|index| {
            black_box(operate(index));
        });
    }
    let slowdown = Slowdown::of(planted, tail)?;
    Some(ExtraWork::calibrate(slowdown, clock))
}

#[cfg(test)]
mod tests {
    use gate_schema::id::MetricName;
    use gate_schema::run::MetricValue;

    use super::*;
    use crate::fake::Fake;
    use crate::scenario::{Failure, WrongAnswer};
    use crate::traffic::Arrivals;

    #[test]
    fn every_index_is_operated_once_in_order_and_only_the_measured_ones_are_recorded() {
        for tail in [None, Some(0.1)] {
            let planted = Planted {
                tail,
                ..Planted::default()
            };
            let mut subject = Fake::new();
            let timings =
                measure(&mut subject, Traffic::Alone, &planted, &mut ()).expect("is measured");
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
            let timings =
                measure(&mut Fake::new(), Traffic::Alone, &planted, &mut ()).expect("is measured");
            let distribution = timings.recorder.distribution().expect("is not empty");
            assert_eq!(distribution.sum as u128, timings.wall.as_nanos());
        }
    }

    #[test]
    fn operations_that_differ_by_design_have_no_trend() {
        for differs in [false, true] {
            let mut subject = Fake::new();
            subject.differs = differs;
            let timings = measure(&mut subject, Traffic::Alone, &Planted::default(), &mut ());
            let timings = timings.expect("is measured");
            assert_eq!(timings.slices == Slices::default(), differs);
        }
    }

    #[test]
    fn those_that_have_ended_are_counted_beside_those_that_worked() {
        let timings = measure(
            &mut Fake::new(),
            Traffic::Alone,
            &Planted::default(),
            &mut (),
        )
        .expect("is measured");
        let before = BTreeMap::from([("idle".into(), timings.wall)]);
        let mut after = before.clone();
        after.insert("worked".into(), timings.wall);
        assert_eq!(described(timings, 5, [&before, &after], false).threads, 6);
    }

    /// Serves several, and does not warm up.
    struct Cold;

    impl Service for Cold {
        fn serve(&self, _: usize) -> u64 {
            0
        }
    }

    impl Subject for Cold {
        fn warm_up(&self) -> usize {
            0
        }

        fn operations(&self) -> usize {
            500
        }

        fn operate(&mut self, index: usize) -> u64 {
            self.serve(index)
        }

        fn service(&self) -> Option<&dyn Service> {
            Some(self)
        }

        fn check(&mut self) -> Result<(), WrongAnswer> {
            Ok(())
        }

        fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn half_of_what_is_borne_is_searched_for_with_a_warm_up() {
        let traffic = Traffic::Half {
            arrivals: Arrivals::Constant,
            workers: 2,
            within: Duration::from_millis(20),
        };
        let refused = measure(&mut Cold, traffic, &Planted::default(), &mut ());
        assert_eq!(refused.err(), Some(MeasureError::NoWarmUp));
    }

    #[test]
    fn several_threads_need_a_subject_for_several() {
        let refused = measure(
            &mut Fake::new(),
            Traffic::Clients(2),
            &Planted::default(),
            &mut (),
        );
        assert_eq!(
            refused.err(),
            Some(MeasureError::NoService(Traffic::Clients(2)))
        );
    }
}
