//! How often something happened, by the minute, the hour and the day.
//!
//! Three rings of buckets: the last 60 minutes, 24 hours and 30 days, each bucket aligned to the
//! clock. Every event counts in one bucket of each ring. A window of an hour is the sum of a ring of
//! minutes, and so on, and therefore ends with a bucket that is still filling: it reaches back over at
//! least 59 of 60 minutes, 23 of 24 hours, 6 of 7 and 29 of 30 days, and over the whole at most.

use std::fmt::Debug;

use super::entity::BLOCK_BYTES;
use super::window::Window;

/// Buckets of all rings: 60 minutes, 24 hours, 30 days.
const BUCKETS: usize = 60 + 24 + 30;

/// Some neighbouring buckets, used around and around.
#[derive(Clone, Copy, Debug)]
struct Ring {
    /// Where it starts among all buckets.
    start: usize,
    length: u32,
    /// Time that a bucket covers.
    width_s: u32,
}

const MINUTES: Ring = Ring {
    start: 0,
    length: 60,
    width_s: 60,
};

const HOURS: Ring = Ring {
    start: 60,
    length: 24,
    width_s: 3_600,
};

const DAYS: Ring = Ring {
    start: 84,
    length: 30,
    width_s: 86_400,
};

const RINGS: [Ring; 3] = [MINUTES, HOURS, DAYS];

impl Ring {
    /// Bucket of a moment, numbered from the beginning of time.
    fn number(&self, time_s: u32) -> u32 {
        time_s / self.width_s
    }

    fn slots<'b, C>(&self, buckets: &'b [C; BUCKETS]) -> &'b [C] {
        &buckets[self.start..self.start + self.length as usize]
    }

    /// Empties the buckets that `from_s` has not reached and `to_s` has, for they still hold what
    /// was counted one round ago.
    fn advance<C: Count>(&self, buckets: &mut [C; BUCKETS], from_s: u32, to_s: u32) {
        let (from, to) = (self.number(from_s), self.number(to_s));
        let slots = &mut buckets[self.start..self.start + self.length as usize];
        if to - from >= self.length {
            slots.fill(C::default());
        } else {
            for number in from + 1..=to {
                slots[(number % self.length) as usize] = C::default();
            }
        }
    }

    /// Sum of `amount` buckets, of which `newest` is the last. At most one round.
    fn sum<C: Count>(&self, buckets: &[C; BUCKETS], newest: u32, amount: u32) -> u32 {
        let slots = self.slots(buckets);
        let sum = |slots: &[C]| slots.iter().map(|&count| count.into()).sum::<u32>();
        let end = newest % self.length + 1;
        match end.checked_sub(amount) {
            Some(start) => sum(&slots[start as usize..end as usize]),
            // Around the end of the ring.
            None => {
                sum(&slots[..end as usize]) + sum(&slots[(end + self.length - amount) as usize..])
            }
        }
    }
}

/// An integer that counts.
trait Count: Copy + Default + Into<u32> + TryFrom<u32> + Debug {}

impl<C: Copy + Default + Into<u32> + TryFrom<u32> + Debug> Count for C {}

/// The counts of one signal, in the narrowest integers that hold them all: at first in bytes, because
/// most signals of most entities are rare, and wider from the moment a bucket overflows.
///
/// It does not know what time it is: who asks names the time of the last event, and keeps that time
/// from going back.
#[derive(Clone, Debug)]
pub(crate) enum Buckets {
    Bytes([u8; BUCKETS]),
    /// Behind a box, so that the many do not pay for the few.
    Shorts(Box<[u16; BUCKETS]>),
    Words(Box<[u32; BUCKETS]>),
}

impl Default for Buckets {
    fn default() -> Self {
        Self::Bytes([0; BUCKETS])
    }
}

impl Buckets {
    /// Forgets what fell out of every ring between the last event and one at `time_s`.
    pub(crate) fn advance(&mut self, last_s: u32, time_s: u32) {
        for ring in RINGS {
            match self {
                Self::Bytes(counts) => ring.advance(counts, last_s, time_s),
                Self::Shorts(counts) => ring.advance(counts, last_s, time_s),
                Self::Words(counts) => ring.advance(counts, last_s, time_s),
            }
        }
    }

    /// Counts an event at `time_s` in every ring that reaches back to it from `last_s`.
    pub(crate) fn add(&mut self, last_s: u32, time_s: u32) {
        for ring in RINGS {
            let number = ring.number(time_s);
            if ring.number(last_s) - number < ring.length {
                self.increment(ring.start + (number % ring.length) as usize);
            }
        }
    }

    /// Events in `window` at `now_s`, as far as the rings know: [`Window::Always`] they do not.
    pub(crate) fn count(&self, window: Window, last_s: u32, now_s: u32) -> u32 {
        let Some((ring, reach)) = ring(window) else {
            return 0;
        };
        let newest = ring.number(last_s);
        let silent = ring.number(now_s) - newest;
        self.sum(ring, newest, reach.saturating_sub(silent))
    }

    /// Events that were in `window` at `last_s` and are not at `now_s`.
    pub(crate) fn leaving(&self, window: Window, last_s: u32, now_s: u32) -> u32 {
        let Some((ring, reach)) = ring(window) else {
            return 0;
        };
        let newest = ring.number(last_s);
        let silent = (ring.number(now_s) - newest).min(reach);
        if silent == 0 {
            return 0;
        }
        // The oldest buckets of the window. Before the beginning of time there are none.
        let Some(newest) = newest.checked_sub(reach - silent) else {
            return 0;
        };
        self.sum(ring, newest, silent)
    }

    /// Bytes beside the value itself.
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Bytes(_) => 0,
            Self::Shorts(counts) => size_of_val(&**counts) + BLOCK_BYTES,
            Self::Words(counts) => size_of_val(&**counts) + BLOCK_BYTES,
        }
    }

    fn sum(&self, ring: Ring, newest: u32, amount: u32) -> u32 {
        match self {
            Self::Bytes(counts) => ring.sum(counts, newest, amount),
            Self::Shorts(counts) => ring.sum(counts, newest, amount),
            Self::Words(counts) => ring.sum(counts, newest, amount),
        }
    }

    fn increment(&mut self, bucket: usize) {
        let fits = match self {
            Self::Bytes(counts) => increment(&mut counts[bucket]),
            Self::Shorts(counts) => increment(&mut counts[bucket]),
            Self::Words(counts) => increment(&mut counts[bucket]),
        };
        if !fits {
            self.widen();
            self.increment(bucket);
        }
    }

    fn widen(&mut self) {
        match self {
            Self::Bytes(counts) => *self = Self::Shorts(Box::new(counts.map(u16::from))),
            Self::Shorts(counts) => *self = Self::Words(Box::new(counts.map(u32::from))),
            Self::Words(_) => {}
        }
    }
}

/// The ring that answers for a window, and how many of its buckets.
fn ring(window: Window) -> Option<(Ring, u32)> {
    match window {
        Window::Hour => Some((MINUTES, 60)),
        Window::Day => Some((HOURS, 24)),
        Window::Week => Some((DAYS, 7)),
        Window::Month => Some((DAYS, 30)),
        Window::Always => None,
    }
}

/// Whether an event at `time_s` is in `window` at `now_s`.
pub(crate) fn reaches(window: Window, now_s: u32, time_s: u32) -> bool {
    ring(window).is_none_or(|(ring, reach)| ring.number(now_s) - ring.number(time_s) < reach)
}

/// Whether one more fits. Four billion are where words stop counting.
fn increment<C: Count>(count: &mut C) -> bool {
    let more = C::try_from((*count).into().saturating_add(1));
    more.map(|more| *count = more).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts `times` one by one, as a signal does.
    fn counted(times: &[u32]) -> (Buckets, u32) {
        let mut buckets = Buckets::default();
        let mut last_s = 0;
        for &time_s in times {
            if time_s > last_s {
                buckets.advance(last_s, time_s);
                last_s = time_s;
            }
            buckets.add(last_s, time_s);
        }
        (buckets, last_s)
    }

    #[test]
    fn a_window_ends_with_a_bucket_that_is_still_filling() {
        let day = 86_400;
        let (buckets, last_s) = counted(&[10 * day, 10 * day + 59, 10 * day + 60, 16 * day]);
        for (window, now_s, expected) in [
            (Window::Hour, 16 * day, 1),
            (Window::Hour, 16 * day + 59 * 60 + 59, 1),
            (Window::Hour, 16 * day + 60 * 60, 0),
            (Window::Day, 17 * day - 1, 1),
            (Window::Day, 17 * day, 0),
            (Window::Week, 17 * day - 1, 4),
            (Window::Week, 17 * day, 1),
            (Window::Week, 23 * day, 0),
            (Window::Month, 40 * day - 1, 4),
            (Window::Month, 40 * day, 1),
            (Window::Month, 400 * day, 0),
        ] {
            let count = buckets.count(window, last_s, now_s);
            assert_eq!(count, expected, "{window:?} at {now_s}");
            let left = buckets.leaving(window, last_s, now_s);
            let at_last = buckets.count(window, last_s, last_s);
            assert_eq!(count + left, at_last, "{window:?} at {now_s}");
        }
    }

    #[test]
    fn a_late_event_counts_where_it_belongs() {
        let (buckets, last_s) = counted(&[7_200, 3_600, 0]);
        let count = |window| buckets.count(window, last_s, last_s);
        assert_eq!(
            [Window::Hour, Window::Day, Window::Week].map(count),
            [1, 3, 3]
        );
    }

    #[test]
    fn buckets_widen_when_one_overflows() {
        let mut buckets = Buckets::default();
        for (amount, heap_bytes) in [(255, 0), (1, 244), (65_279, 244), (1, 472), (7, 472)] {
            for _ in 0..amount {
                buckets.add(5, 5);
            }
            assert_eq!(buckets.heap_bytes(), heap_bytes);
        }
        assert_eq!(buckets.count(Window::Hour, 5, 5), 65_543);
        assert_eq!(buckets.count(Window::Month, 5, 5), 65_543);
    }
}
