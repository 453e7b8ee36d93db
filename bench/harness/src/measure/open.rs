//! The open loop: requests come when the plan says, whether or not the ones before were answered.
//!
//! Latency counts from the planned moment. A closed loop would stop asking while the subject stalls,
//! and so hide the stall from everybody who would have come meanwhile (Schroeder et al., NSDI 2006;
//! "coordinated omission").

use std::hint::{self, black_box};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use quanta::{Clock, Instant};

use super::crew::Crew;
use super::seconds::Seconds;
use super::slices::Slices;
use super::{MeasureError, Timings, Watch};
use crate::recorder::Recorder;

/// The system wakes a sleeper up to this much late; the rest of a wait is spent looking at the clock.
const WAKE_UP: Duration = Duration::from_micros(200);

/// From when all are warm to the first request, so that every worker is there in time.
const HEAD_START: Duration = Duration::from_millis(2);

/// Below this share of the plan the subject is saturated (the rule of a capacity search: completed
/// less than 98 % of what was offered).
const ANSWERED: f64 = 0.98;

/// A machine that stalls so long near the end of a plan has no time left to catch up in, and is not saturated.
const STALL: Duration = Duration::from_millis(200);

/// Operates the indexes from `first` on, each at its planned moment, by `workers` threads of which
/// whichever is free takes the next.
///
/// # Errors
/// [`MeasureError::Saturated`] when answers fell behind the plan for good.
pub(super) fn scheduled(
    crew: &Crew<'_>,
    first: usize,
    plan: &[Duration],
    workers: usize,
    watch: &mut dyn Watch,
) -> Result<Timings, MeasureError> {
    let answered = answer(crew, |number| first + number, plan, workers, watch);
    let wall = answered.wall();
    saturated(plan, wall.saturating_sub(STALL))?;
    Ok(Timings {
        recorder: answered.latency,
        service: Some(answered.service),
        wall,
        // The plan itself has trends; whoever falls behind it is saturated.
        slices: Slices::default(),
        behind: Vec::new(),
        threads: 1,
        capacity: None,
        seconds: answered.seconds,
    })
}

/// Answers every request of the plan, each by operating what is its `index`.
pub(super) fn answer(
    crew: &Crew<'_>,
    index: impl Fn(usize) -> usize + Sync,
    plan: &[Duration],
    workers: usize,
    watch: &mut dyn Watch,
) -> Answered {
    let next = AtomicUsize::new(0);
    let work = |mut answered: Answered, origin: Instant| {
        let mut extra_work = crew.extra_work;
        answered.origin = origin;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(&planned) = plan.get(number) else {
                return answered;
            };
            let planned = origin + planned;
            let start = (crew.wait)(planned);
            black_box(crew.service.serve(index(number)));
            let mut end = crew.clock.now();
            if let Some(extra_work) = &mut extra_work
                && extra_work.follow(end - start)
            {
                end = crew.clock.now();
            }
            answered.latency.record(end - planned);
            answered.service.record(end - start);
            answered.seconds.count(end - origin);
            answered.end = answered.end.max(Some(end));
        }
    };
    let span = plan.last().copied().unwrap_or_default();
    let prepare = |_| Answered::new(crew.clock.now(), span);
    let answered = crew.run(workers, HEAD_START, watch, prepare, work);
    let mut answered = answered.into_iter();
    let first = answered
        .next()
        .unwrap_or_else(|| Answered::new(crew.clock.now(), span));
    answered.fold(first, Answered::joined)
}

/// What workers recorded.
pub(super) struct Answered {
    /// When the plan started.
    origin: Instant,
    pub(super) latency: Recorder,
    service: Recorder,
    seconds: Seconds,
    end: Option<Instant>,
}

impl Answered {
    /// Nothing yet, of a plan that takes `span`.
    fn new(origin: Instant, span: Duration) -> Self {
        Self {
            origin,
            latency: Recorder::new(),
            service: Recorder::new(),
            seconds: Seconds::over(span),
            end: None,
        }
    }

    /// From the start of the plan to the last answer.
    pub(super) fn wall(&self) -> Duration {
        self.end.map_or(Duration::ZERO, |end| end - self.origin)
    }

    fn joined(mut self, other: Self) -> Self {
        self.latency.absorb(&other.latency);
        self.service.absorb(&other.service);
        self.seconds.absorb(&other.seconds);
        self.end = self.end.max(other.end);
        self
    }
}

/// Waits for a moment; returns at once when it is past. Returns the time now.
///
/// Never inlined, so that profiles can tell it from work.
#[inline(never)]
pub(super) fn wait_until(moment: Instant, clock: &Clock) -> Instant {
    let mut now = clock.now();
    if let Some(remaining) = moment.checked_duration_since(now)
        && remaining > WAKE_UP
    {
        thread::sleep(remaining - WAKE_UP);
        now = clock.now();
    }
    while now < moment {
        hint::spin_loop();
        now = clock.now();
    }
    now
}

/// Whether answers fell behind the plan for good.
///
/// # Errors
/// [`MeasureError::Saturated`].
pub(super) fn saturated(plan: &[Duration], wall: Duration) -> Result<(), MeasureError> {
    let Some(planned) = plan.last().filter(|planned| !planned.is_zero()) else {
        return Ok(());
    };
    let per_second = |span: Duration| plan.len() as f64 / span.as_secs_f64();
    let (offered, answered) = (per_second(*planned), per_second(wall.max(*planned)));
    if answered < ANSWERED * offered {
        return Err(MeasureError::Saturated { offered, answered });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use quanta::Mock;

    use super::*;
    use crate::measure::clients::closed;
    use crate::scenario::Service;
    use crate::traffic::Arrivals;

    /// Answers within the same time, but for one request that stalls.
    struct Stalling {
        time: Arc<Mock>,
        takes: Duration,
        at: usize,
    }

    impl Service for Stalling {
        fn serve(&self, index: usize) -> u64 {
            self.time.increment(self.takes);
            if index == self.at {
                self.time.increment(STALL);
            }
            0
        }
    }

    /// What `ask` returns of one worker that takes so long for a request, but for the one `at` which it stalls.
    fn asked<T>(takes: Duration, at: usize, ask: impl FnOnce(&Crew<'_>) -> T) -> T {
        let (clock, time) = Clock::mock();
        let stalling = Stalling {
            time: time.clone(),
            takes,
            at,
        };
        ask(&Crew {
            service: &stalling,
            clock: &clock,
            wait: &|moment| {
                time.increment(moment - clock.now());
                clock.now()
            },
            warm_up: 0..0,
            extra_work: None,
        })
    }

    #[test]
    fn a_stall_is_paid_for_by_everybody_who_had_to_wait() {
        // 500 requests at 500 per second: about a hundred of them come during the stall.
        let plan = Arrivals::Constant.plan(500.0, 500);
        let open = asked(Duration::ZERO, 200, |crew| {
            answer(crew, |number| number, &plan, 1, &mut ())
        });
        let closed = asked(Duration::ZERO, 200, |crew| closed(crew, 0..500, 1, &mut ()));
        let p90 = |recorder: &Recorder| recorder.quantile(0.9);
        let paid = p90(&open.latency);
        let expected = Duration::from_millis(95)..Duration::from_millis(105);
        assert!(expected.contains(&paid), "{paid:?}");
        for hidden in [p90(&closed.recorder), p90(&open.service)] {
            assert!(hidden < Duration::from_millis(1), "{hidden:?}");
        }
        assert_eq!(open.latency.count(), 500);
    }

    #[test]
    fn whoever_falls_behind_the_plan_is_saturated() {
        let plan: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        let wall = |millis| saturated(&plan, Duration::from_millis(millis));
        assert_eq!(wall(50), Ok(()), "the end of the plan counts");
        assert_eq!(wall(101), Ok(()));
        assert!(matches!(
            wall(200),
            Err(MeasureError::Saturated { offered, answered })
                if (offered - 1_000.0).abs() < 1e-6 && (answered - 500.0).abs() < 1e-6
        ));
        assert_eq!(saturated(&[], Duration::ZERO), Ok(()));
    }

    #[test]
    fn a_stall_at_the_end_is_no_saturation() {
        let plan = Arrivals::Constant.plan(500.0, 500);
        let is_saturated = |takes_us, at| {
            asked(Duration::from_micros(takes_us), at, |crew| {
                scheduled(crew, 0, &plan, 1, &mut ()).is_err()
            })
        };
        for at in [0, 250, 499] {
            assert!(!is_saturated(1_000, at), "stalls at {at}");
        }
        // A quarter more than there is time for, without any stall.
        assert!(is_saturated(2_500, 500));
    }

    #[test]
    fn a_moment_that_is_past_is_not_waited_for() {
        let clock = Clock::new();
        let now = clock.now();
        assert!(wait_until(now, &clock) >= now);
        let later = now + Duration::from_micros(300);
        assert!(wait_until(later, &clock) >= later);
    }
}
