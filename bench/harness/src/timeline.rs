//! What happens second by second while operations are measured: memory, processors, requests, and what the
//! machine was short of.
//!
//! Under load a thread looks once a second. The loop of one thread is left alone: it is looked at when it begins
//! and when it has ended.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gate_schema::id::MetricName;
use gate_schema::run::{Anomaly, DeclaredMetric, Kind, MetricValue, Series};
use gate_schema::unit::{Direction, Unit};

use crate::conditions::ByDesign;
use crate::measure::{Seconds, Watch};
use crate::memory::resident_bytes;
use crate::processor::processor_time;
use crate::resources::{Resources, Rule};
use crate::scenario::{metric, name};
use crate::traffic::Traffic;

/// From one look to the next, as long as there are few.
const SECOND: Duration = Duration::from_secs(1);

/// Most looks that are kept. When there are more, every second one is forgotten, and half as many are taken from
/// then on.
const MOST: usize = 256;

/// The course of one measurement.
#[derive(Debug)]
pub(crate) struct Timeline {
    is_under_load: bool,
    start: Option<Instant>,
    looking: Option<Looking>,
    looks: Vec<Look>,
}

/// The thread that looks, until its sender is gone.
#[derive(Debug)]
struct Looking {
    until: Sender<()>,
    thread: JoinHandle<Vec<Look>>,
}

/// What was so at one moment.
#[derive(Clone, Debug, PartialEq)]
struct Look {
    /// Whole seconds after the start at which it was due; `None` for the last, which is due at the end.
    due: Option<usize>,
    /// When it was, after the start.
    at: Duration,
    resident: Option<u64>,
    /// What all threads of the process spent.
    spent: Duration,
    resources: Resources,
}

impl Look {
    /// Due at no second yet.
    fn now(start: Instant) -> Self {
        Self {
            due: None,
            at: start.elapsed(),
            resident: resident_bytes(),
            spent: processor_time(),
            resources: Resources::now(),
        }
    }
}

impl Timeline {
    /// Of a measurement with this traffic.
    pub(crate) fn of(traffic: Traffic) -> Self {
        Self {
            is_under_load: traffic != Traffic::Alone,
            start: None,
            looking: None,
            looks: Vec::new(),
        }
    }

    /// The metrics that a measurement with this traffic has, if it takes some seconds.
    pub(crate) fn declared(traffic: Traffic) -> Vec<DeclaredMetric> {
        if traffic == Traffic::Alone {
            return Vec::new();
        }
        let series = |of, unit, direction| metric(of, Kind::Series, unit, direction);
        let mut declared = vec![
            // A count: there are seconds without, and a rate of nothing is no rate.
            series("timeline.requests", Unit::Count, Direction::Higher),
            series("timeline.processors", Unit::Count, Direction::Lower),
        ];
        if resident_bytes().is_some() {
            declared.push(series("timeline.memory", Unit::Bytes, Direction::Lower));
        }
        declared
    }

    /// Memory, busy processors and requests per second of the whole seconds; none of fewer than two.
    pub(crate) fn series(&self, seconds: &Seconds) -> Vec<(MetricName, MetricValue)> {
        let looks = self.looks.iter();
        let looks: Vec<(usize, &Look)> = looks.filter_map(|look| Some((look.due?, look))).collect();
        let (mut requests, mut processors, mut memory) = (Vec::new(), Vec::new(), Vec::new());
        for pair in looks.windows(2) {
            let ((from, before), (to, after)) = (&pair[0], &pair[1]);
            let (at, span) = (*to as f64, (to - from) as f64);
            requests.push((at, seconds.ended(*from..*to) as f64 / span));
            let spent = after.spent.saturating_sub(before.spent);
            let elapsed = after.at.saturating_sub(before.at).as_secs_f64();
            processors.push((at, spent.as_secs_f64() / elapsed.max(f64::MIN_POSITIVE)));
            memory.extend(after.resident.map(|bytes| (at, bytes as f64)));
        }
        [
            ("timeline.requests", requests),
            ("timeline.processors", processors),
            ("timeline.memory", memory),
        ]
        .into_iter()
        .filter(|(_, series)| self.is_under_load && series.len() > 1)
        .map(|(of, series)| (name(of), MetricValue::Series(Box::new(Series { series }))))
        .collect()
    }

    /// What the machine was short of, and when: one event for each rule that was broken.
    pub(crate) fn events(&self, by_design: ByDesign) -> Vec<Anomaly> {
        let mut spans: BTreeMap<Rule, Vec<Span>> = BTreeMap::new();
        for pair in self.looks.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            let elapsed = after.at.saturating_sub(before.at);
            for (rule, share) in before.resources.short(&after.resources, elapsed, by_design) {
                let of_rule = spans.entry(rule).or_default();
                match of_rule.last_mut().filter(|last| last.to == before.at) {
                    Some(last) => {
                        last.to = after.at;
                        last.share = last.share.max(share);
                    }
                    None => of_rule.push(Span {
                        from: before.at,
                        to: after.at,
                        share,
                    }),
                }
            }
        }
        let event = |(rule, spans): (Rule, Vec<Span>)| {
            let worst = spans.iter().max_by(|a, b| a.share.total_cmp(&b.share))?;
            let (from, to) = (worst.from.as_secs_f64(), worst.to.as_secs_f64());
            let others = match spans.len() {
                1 => String::new(),
                times => format!(", the worst of {times} times"),
            };
            let said = rule.said(worst.share);
            Some(Anomaly {
                kind: rule.kind(),
                said: format!("{said}, {from:.1} to {to:.1} s after the start{others}"),
            })
        };
        spans.into_iter().filter_map(event).collect()
    }
}

/// A time in which a rule was broken, and its worst share meanwhile.
struct Span {
    from: Duration,
    to: Duration,
    share: f64,
}

impl Watch for Timeline {
    fn begin(&mut self) {
        let start = Instant::now();
        let first = Look {
            due: Some(0),
            ..Look::now(start)
        };
        self.start = Some(start);
        if !self.is_under_load {
            self.looks = vec![first];
            return;
        }
        let (until, end) = mpsc::channel();
        let goes_on = move |until: Duration| {
            let left = (start + until).saturating_duration_since(Instant::now());
            end.recv_timeout(left) == Err(RecvTimeoutError::Timeout)
        };
        let look = move || Course::of(first).follow(goes_on, || Look::now(start));
        self.looking = Some(Looking {
            until,
            thread: thread::spawn(look),
        });
    }

    fn end(&mut self) {
        if let Some(Looking { until, thread }) = self.looking.take() {
            drop(until);
            // A look does not panic; if it did, there is no timeline, and the measurement is as good.
            self.looks = thread.join().unwrap_or_default();
        }
        if let Some(start) = self.start {
            self.looks.push(Look::now(start));
        }
    }
}

/// Looks at equal distances, as many as may be kept.
struct Course {
    looks: Vec<Look>,
    /// Seconds from one to the next.
    every: usize,
}

impl Course {
    fn of(first: Look) -> Self {
        let mut looks = Vec::with_capacity(MOST + 1);
        looks.push(first);
        Self { looks, every: 1 }
    }

    /// Looks as long as the measurement `goes_on`, which waits until so long after the start to say so.
    fn follow(mut self, goes_on: impl Fn(Duration) -> bool, look: impl Fn() -> Look) -> Vec<Look> {
        while goes_on(SECOND * self.due() as u32) {
            self.keep(look());
        }
        self.looks
    }

    /// Seconds after the start at which the next look is due.
    fn due(&self) -> usize {
        let last = self.looks.last().and_then(|look| look.due);
        last.unwrap_or_default() + self.every
    }

    /// Keeps a look that was due at the last moment before it: of several in a row that a machine slept through,
    /// all but one would say what happened in no time.
    fn keep(&mut self, look: Look) {
        let second = look.at.as_secs() as usize;
        let due = (second - second % self.every).max(self.due());
        self.looks.push(Look {
            due: Some(due),
            ..look
        });
        // Room is left for the one at the end.
        if self.looks.len() == MOST {
            self.every *= 2;
            let every = self.every;
            self.looks
                .retain(|look| look.due.is_some_and(|due| due.is_multiple_of(every)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::traffic::Arrivals;

    const LOAD: Traffic = Traffic::Open {
        rate: 100.0,
        arrivals: Arrivals::Constant,
        workers: 1,
    };

    /// Half a processor busy, a megabyte more every second.
    fn look(due: usize) -> Look {
        Look {
            due: Some(due),
            at: SECOND * due as u32,
            resident: Some(1_000_000 * (due as u64 + 1)),
            spent: SECOND * due as u32 / 2,
            resources: Resources::default(),
        }
    }

    fn timeline(looks: Vec<Look>) -> Timeline {
        Timeline {
            looks,
            ..Timeline::of(LOAD)
        }
    }

    fn points(timeline: &Timeline, of: &str) -> Option<Vec<(f64, f64)>> {
        let series = timeline.series(&Seconds::default());
        series.into_iter().find_map(|(name, value)| match value {
            MetricValue::Series(series) if name.as_str() == of => Some(series.series),
            _ => None,
        })
    }

    #[test]
    fn whole_seconds_are_points_and_the_rest_is_none() {
        let end = Look {
            due: None,
            ..look(4)
        };
        let timeline = timeline(vec![look(0), look(1), look(2), end]);
        assert_eq!(
            points(&timeline, "timeline.memory"),
            Some(vec![(1.0, 2e6), (2.0, 3e6)])
        );
        assert_eq!(
            points(&timeline, "timeline.processors"),
            Some(vec![(1.0, 0.5), (2.0, 0.5)])
        );
        assert_eq!(
            points(&timeline, "timeline.requests"),
            Some(vec![(1.0, 0.0), (2.0, 0.0)]),
            "a stall is a point"
        );
        assert_eq!(Timeline::declared(LOAD).len(), 3);
        let declared = Timeline::declared(LOAD);
        for (name, value) in timeline.series(&Seconds::default()) {
            let declared = declared.iter().find(|metric| metric.name == name);
            let declared = declared.expect("is declared");
            assert_eq!(value.check(declared.unit), Ok(()), "{name}");
        }
    }

    #[test]
    fn one_second_has_no_course_and_one_thread_is_not_looked_at() {
        let short = timeline(vec![look(0), look(1)]);
        assert!(short.series(&Seconds::default()).is_empty());
        assert!(Timeline::declared(Traffic::Alone).is_empty());
        let mut alone = Timeline::of(Traffic::Alone);
        alone.begin();
        assert!(alone.looking.is_none());
        alone.end();
        assert_eq!(alone.looks.len(), 2, "for what the machine was short of");
    }

    #[test]
    fn looks_are_bounded_and_stay_at_equal_distances() {
        let mut course = Course::of(look(0));
        for _ in 0..1_000 {
            let due = course.due();
            course.keep(look(due));
            assert!(course.looks.len() < MOST);
        }
        let due: Vec<usize> = course.looks.iter().filter_map(|look| look.due).collect();
        assert!(due.len() > MOST / 4, "{}", due.len());
        assert!(due.windows(2).all(|pair| pair[1] - pair[0] == course.every));
        assert_eq!(due[0], 0);
    }

    #[test]
    fn a_measurement_under_load_is_looked_at_from_begin_to_end() {
        let mut timeline = Timeline::of(LOAD);
        timeline.begin();
        assert!(timeline.looking.is_some());
        timeline.end();
        let due: Vec<Option<usize>> = timeline.looks.iter().map(|look| look.due).collect();
        assert!(
            due.starts_with(&[Some(0)]) && due.ends_with(&[None]),
            "{due:?}"
        );
    }

    #[test]
    fn whoever_looks_late_has_passed_over_the_seconds_before() {
        // Waits until it is told to, but for a machine that sleeps from the third second on.
        let clock = Cell::new(Duration::ZERO);
        let goes_on = |until: Duration| {
            let slept = match until.as_secs() {
                3 => Duration::from_millis(2_500),
                _ => Duration::ZERO,
            };
            clock.set(until + slept);
            until < 8 * SECOND
        };
        let at = || Look {
            due: None,
            at: clock.get(),
            ..look(0)
        };
        let looks = Course::of(look(0)).follow(goes_on, at);
        let due: Vec<usize> = looks.iter().filter_map(|look| look.due).collect();
        assert_eq!(due, [0, 1, 2, 5, 6, 7]);
    }

    #[test]
    fn events_say_when() {
        let short = |due: usize, share: f64| Look {
            resources: Resources::with_memory(share),
            ..look(due)
        };
        let timeline = timeline(vec![
            short(0, 0.5),
            short(1, 0.95),
            short(2, 0.97),
            short(3, 0.5),
            short(4, 0.92),
            short(5, 0.1),
        ]);
        let events = timeline.events(ByDesign::default());
        let said: Vec<&str> = events.iter().map(|event| event.said.as_str()).collect();
        assert_eq!(
            said,
            ["97 % of the memory was taken, 0.0 to 2.0 s after the start, the worst of 2 times"]
        );
    }
}
