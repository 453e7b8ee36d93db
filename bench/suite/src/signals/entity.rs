//! What the map holds: for one entity, the signals it has.

use std::mem;

use super::signal::{Counter, Signal};

/// Signals per entity at the most: views, likes, shares and so on.
pub(crate) const SIGNALS: usize = 10;

/// What an allocator takes beside a block: a header, and the rounding to a multiple of 16.
pub(crate) const BLOCK_BYTES: usize = 16;

/// The signals of one entity, next to each other in one block.
///
/// Only those that were written take memory: of a million entities most have few. They share a block
/// instead of having a box each, so that there is one pointer to keep and one allocation to round, and
/// whoever looks at several signals of an entity finds them side by side.
#[derive(Debug)]
pub(crate) struct Entity<C = Signal> {
    /// A bit for each signal that was written.
    written: u16,
    /// Its place in the order of last use, where there is one.
    pub(crate) place: u32,
    /// The signals that were written, by their number.
    signals: Box<[C]>,
}

/// What a write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// Events of the signal so far.
    pub(crate) events: u32,
    /// Bytes that the entity took on.
    pub(crate) grown_bytes: usize,
}

impl<C: Counter> Entity<C> {
    /// An entity without signals.
    pub(crate) fn at(place: u32) -> Self {
        Self {
            written: 0,
            place,
            signals: Box::default(),
        }
    }

    /// Adds an event to the signal of that number.
    #[inline]
    pub(crate) fn write(&mut self, signal: u8, time_s: u32, weight: f32) -> Written {
        let (bit, position) = self.position(signal);
        let mut grown_bytes = 0;
        if self.written & bit == 0 {
            grown_bytes += size_of::<C>() + if self.written == 0 { BLOCK_BYTES } else { 0 };
            self.insert(position);
            self.written |= bit;
        }
        let signal = &mut self.signals[position];
        let held_bytes = signal.heap_bytes();
        let events = signal.write(time_s, weight);
        grown_bytes += signal.heap_bytes() - held_bytes;
        Written {
            events,
            grown_bytes,
        }
    }

    /// The signal of that number, if it was ever written.
    #[inline]
    pub(crate) fn signal(&self, signal: u8) -> Option<&C> {
        let (bit, position) = self.position(signal);
        (self.written & bit != 0).then(|| &self.signals[position])
    }

    /// The signals that were written.
    pub(crate) fn signals(&self) -> &[C] {
        &self.signals
    }

    /// Bytes beside the value itself.
    pub(crate) fn heap_bytes(&self) -> usize {
        if self.signals.is_empty() {
            return 0;
        }
        let beside: usize = self.signals.iter().map(Counter::heap_bytes).sum();
        BLOCK_BYTES + size_of_val(&*self.signals) + beside
    }

    fn position(&self, signal: u8) -> (u16, usize) {
        let bit = 1 << signal;
        (bit, (self.written & (bit - 1)).count_ones() as usize)
    }

    /// Makes room for one more. No spare room, because there are nine such moments in a life at most.
    #[cold]
    fn insert(&mut self, position: usize) {
        let mut signals = mem::take(&mut self.signals).into_vec();
        signals.reserve_exact(1);
        signals.insert(position, C::default());
        self.signals = signals.into_boxed_slice();
    }
}

#[cfg(test)]
mod tests {
    use super::super::window::Window;
    use super::*;

    #[test]
    fn signals_appear_when_they_are_written_and_keep_apart() {
        let mut entity = Entity::<Signal>::at(0);
        for (signal, events, grown_bytes) in [
            (7, 1, 168),
            (2, 1, 152),
            (7, 2, 0),
            (9, 1, 152),
            (2, 2, 0),
            (2, 3, 0),
        ] {
            let written = Written {
                events,
                grown_bytes,
            };
            assert_eq!(entity.write(signal, 60, 1.0), written);
        }
        let count = |signal| {
            entity
                .signal(signal)
                .map(|signal| signal.count(Window::Day, 60))
        };
        assert_eq!([2, 7, 9].map(count), [Some(3), Some(2), Some(1)]);
        assert_eq!([0, 8].map(count), [None, None]);
        assert_eq!(entity.heap_bytes(), 16 + 3 * 152);
    }

    #[test]
    fn what_a_write_grew_is_what_the_entity_takes() {
        let mut entity = Entity::<Signal>::at(0);
        let grown = |number: u32| entity.write((number % 2) as u8, 0, 1.0).grown_bytes;
        let grown: usize = (0..200_000).map(grown).sum();
        assert_eq!(grown, entity.heap_bytes());
    }
}
