//! The true answers: the events of every signal, looked through one by one in double precision, without
//! a map, without buckets and without anything that is kept up.

use std::iter;

use super::entity::SIGNALS;
use super::events::Event;
use super::window::Window;

/// The event that every signal starts with where a component was filled: at the beginning of time.
pub(crate) const FIRST: (u32, f32) = (0, 1.0);

/// Events, by the signal they belong to.
pub(crate) struct History<'e> {
    events: &'e [Event],
    /// Numbers of the events, by signal and then by time.
    order: Vec<u32>,
    /// Whether every signal started with [`FIRST`].
    is_filled: bool,
}

impl<'e> History<'e> {
    /// The history of `events`, which are in order of time.
    pub(crate) fn of(events: &'e [Event], is_filled: bool) -> Self {
        let mut order: Vec<u32> = (0..).take(events.len()).collect();
        order.sort_by_cached_key(|&number| key(&events[number as usize]));
        Self {
            events,
            order,
            is_filled,
        }
    }

    /// All events, in order of time.
    pub(crate) fn events(&self) -> &'e [Event] {
        self.events
    }

    /// The past of every signal that has events.
    pub(crate) fn pasts(&self) -> impl Iterator<Item = Past<'_>> {
        let signal = |number: &u32| key(&self.events[*number as usize]);
        self.order
            .chunk_by(move |one, next| signal(one) == signal(next))
            .map(|numbers| self.past_of(numbers))
    }

    /// Number of entities that there are, out of `items`, and number of events.
    pub(crate) fn totals(&self, items: usize) -> (usize, u64) {
        let events = self.events.len() as u64;
        if self.is_filled {
            return (items, (items * SIGNALS) as u64 + events);
        }
        let entity = |number: &u32| self.events[*number as usize].entity;
        let same = |one: &u32, next: &u32| entity(one) == entity(next);
        (self.order.chunk_by(same).count(), events)
    }

    /// The past of one signal, with events or without.
    pub(crate) fn past(&self, entity: u32, signal: u8) -> Past<'_> {
        let signal_of = |number: &u32| key(&self.events[*number as usize]);
        let key = (entity, signal);
        let start = self.order.partition_point(|number| signal_of(number) < key);
        let end = self
            .order
            .partition_point(|number| signal_of(number) <= key);
        self.past_of(&self.order[start..end])
    }

    fn past_of<'h>(&'h self, numbers: &'h [u32]) -> Past<'h> {
        Past {
            events: self.events,
            numbers,
            is_filled: self.is_filled,
        }
    }
}

fn key(event: &Event) -> (u32, u8) {
    (event.entity, event.signal)
}

/// What happened to one signal.
pub(crate) struct Past<'h> {
    events: &'h [Event],
    /// Which of the events, in order of time.
    numbers: &'h [u32],
    is_filled: bool,
}

impl Past<'_> {
    /// Whose past it is; `None` without events.
    pub(crate) fn key(&self) -> Option<(u32, u8)> {
        let first = self.numbers.first()?;
        Some(key(&self.events[*first as usize]))
    }

    /// Time of the last event.
    pub(crate) fn last_s(&self) -> u32 {
        self.moments().map(|(time_s, _)| time_s).max().unwrap_or(0)
    }

    /// Events in `window` at `now_s`: those in the bucket of `now_s`, and in as many in front of it as
    /// the window has.
    pub(crate) fn count(&self, window: Window, now_s: u32) -> u32 {
        let (width_s, buckets) = match window {
            Window::Hour => (60, 60),
            Window::Day => (3_600, 24),
            Window::Week => (86_400, 7),
            Window::Month => (86_400, 30),
            Window::Always => (i64::MAX, 1),
        };
        let bucket = |time_s| i64::from(time_s) / width_s;
        let is_in = |time_s: u32| bucket(time_s) > bucket(now_s) - buckets;
        self.moments().filter(|(time_s, _)| is_in(*time_s)).count() as u32
    }

    /// Weights of the events, each decayed since then.
    pub(crate) fn sum(&self, window: Window, now_s: u32) -> f64 {
        let half_life_s = window.half_life_s().map_or(f64::INFINITY, f64::from);
        self.moments()
            .map(|(time_s, weight)| {
                let elapsed_s = f64::from(now_s) - f64::from(time_s);
                f64::from(weight) * (-elapsed_s / half_life_s).exp2()
            })
            .sum()
    }

    /// Time and weight of all events.
    fn moments(&self) -> impl Iterator<Item = (u32, f32)> {
        let first = iter::once(FIRST).filter(|_| self.is_filled);
        let event = |number: &u32| &self.events[*number as usize];
        let moment = move |number| (event(number).time_s, event(number).weight);
        first.chain(self.numbers.iter().map(moment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_back_by_hand() {
        let event = |entity, time_s, weight| Event {
            entity,
            signal: 1,
            time_s,
            weight,
        };
        let events = [
            event(2, 60, 4.0),
            event(0, 7_200, 2.0),
            event(2, 7_260, 1.0),
        ];
        for (is_filled, more) in [(false, 0), (true, 1)] {
            let history = History::of(&events, is_filled);
            let past = history.past(2, 1);
            assert_eq!((past.key(), past.last_s()), (Some((2, 1)), 7_260));
            assert_eq!(past.count(Window::Hour, 7_260), 1);
            assert_eq!(past.count(Window::Day, 7_260), 2 + more);
            assert_eq!(past.count(Window::Day, 60 + 24 * 3_600), 1);
            assert_eq!(past.count(Window::Always, 99_999_999), 2 + more);
            let sum = past.sum(Window::Hour, 7_260) - f64::from(more) * 0.247_14;
            assert!((sum - 2.0).abs() < 1e-4, "{sum}");
            assert_eq!(history.past(1, 1).count(Window::Always, 0), more);
            let expected = if is_filled { (5, 53) } else { (2, 3) };
            assert_eq!(history.totals(5), expected);
            let keys: Vec<_> = history.pasts().map(|past| past.key()).collect();
            assert_eq!(keys, [Some((0, 1)), Some((2, 1))]);
        }
    }
}
