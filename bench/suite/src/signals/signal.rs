//! One signal of one entity: what it weighs in every window, and how often it happened.

use super::buckets::Buckets;
use super::window::{DECAYING, HALF_LIVES_S, Window};

/// One signal of one entity, in whatever way it keeps its counts.
///
/// What it says depends on the events and not on their order: a late one counts for what it would
/// weigh by now. Asked about a moment before its last event, it answers for that event's moment.
pub(crate) trait Counter: Default + Send + Sync + 'static {
    /// Adds an event. Returns the number of events so far.
    fn write(&mut self, time_s: u32, weight: f32) -> u32;

    /// Events in `window` at `now_s`.
    fn count(&self, window: Window, now_s: u32) -> u32;

    /// Sum of the weights at `now_s`, each decayed since its event with the half-life of `window`.
    fn sum(&self, window: Window, now_s: u32) -> f64;

    /// Bytes beside the value itself.
    fn heap_bytes(&self) -> usize;
}

/// A signal whose counts are summed up when somebody asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signal {
    /// Weight of all events.
    weight: f64,
    /// Their weight decayed in each window, as of the last event.
    decayed: [f32; DECAYING],
    last_s: u32,
    events: u32,
    buckets: Buckets,
}

impl Signal {
    /// Time of the last event.
    pub(crate) fn last_s(&self) -> u32 {
        self.last_s
    }

    /// The counts by time.
    pub(crate) fn buckets(&self) -> &Buckets {
        &self.buckets
    }
}

impl Counter for Signal {
    #[inline]
    fn write(&mut self, time_s: u32, weight: f32) -> u32 {
        if time_s >= self.last_s {
            let elapsed_s = (time_s - self.last_s) as f32;
            for (sum, half_life_s) in self.decayed.iter_mut().zip(HALF_LIVES_S) {
                *sum = *sum * (-elapsed_s / half_life_s).exp2() + weight;
            }
            self.buckets.advance(self.last_s, time_s);
            self.last_s = time_s;
        } else {
            let late_s = (self.last_s - time_s) as f32;
            for (sum, half_life_s) in self.decayed.iter_mut().zip(HALF_LIVES_S) {
                *sum += weight * (-late_s / half_life_s).exp2();
            }
        }
        self.weight += f64::from(weight);
        self.buckets.add(self.last_s, time_s);
        self.events = self.events.saturating_add(1);
        self.events
    }

    fn count(&self, window: Window, now_s: u32) -> u32 {
        match window {
            Window::Always => self.events,
            _ => {
                let now_s = now_s.max(self.last_s);
                self.buckets.count(window, self.last_s, now_s)
            }
        }
    }

    fn sum(&self, window: Window, now_s: u32) -> f64 {
        let Some(half_life_s) = window.half_life_s() else {
            return self.weight;
        };
        let elapsed_s = now_s.saturating_sub(self.last_s) as f32;
        f64::from(self.decayed[window as usize] * (-elapsed_s / half_life_s).exp2())
    }

    fn heap_bytes(&self) -> usize {
        self.buckets.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_halves_in_its_half_life() {
        let mut signal = Signal::default();
        signal.write(1_000, 8.0);
        assert_eq!(signal.write(4_600, 1.0), 2);
        for (window, now_s, expected) in [
            (Window::Hour, 0, 5.0),
            (Window::Hour, 4_600, 5.0),
            (Window::Hour, 8_200, 2.5),
            (Window::Month, 4_600, 8.992_303),
            (Window::Always, 1_000_000, 9.0),
        ] {
            let sum = signal.sum(window, now_s);
            assert!((sum - expected).abs() < 1e-5, "{window:?}: {sum}");
        }
    }

    #[test]
    fn the_order_of_events_does_not_matter() {
        let events = [(90_000, 1.0), (3_000, 2.0), (86_000, 0.5), (89_999, 4.0)];
        let written = |order: [usize; 4]| {
            let mut signal = Signal::default();
            for number in order {
                let (time_s, weight) = events[number];
                signal.write(time_s, weight);
            }
            signal
        };
        let (in_order, late) = (written([1, 2, 3, 0]), written([0, 3, 1, 2]));
        for window in Window::ALL {
            let count = |signal: &Signal| signal.count(window, 90_001);
            assert_eq!(count(&in_order), count(&late), "{window:?}");
            let sum = |signal: &Signal| signal.sum(window, 90_001);
            assert!((sum(&in_order) - sum(&late)).abs() < 1e-5, "{window:?}");
        }
        assert_eq!(late.count(Window::Day, 90_000), 3);
    }

    #[test]
    fn a_signal_takes_152_bytes() {
        // Ten million of them are the budget of the whole component.
        assert_eq!(size_of::<Signal>(), 152);
    }
}
