//! What the map holds: for one entity, every signal in every window.

use super::events::Event;

/// Signals per entity: views, likes, shares and so on.
pub(crate) const SIGNALS: usize = 10;

/// Windows per signal.
pub(crate) const WINDOWS: usize = 5;

/// Half-life of each window, in seconds: an hour, a day, a week, a month, a year.
pub(crate) const HALF_LIVES_S: [f32; WINDOWS] =
    [3_600.0, 86_400.0, 604_800.0, 2_592_000.0, 31_536_000.0];

/// One signal: exponentially decayed sums, as of the time of the last write.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signal {
    pub(crate) last_s: u32,
    pub(crate) count: u32,
    pub(crate) sums: [f32; WINDOWS],
}

/// All signals of one entity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entity {
    pub(crate) signals: [Signal; SIGNALS],
}

impl Entity {
    /// Decays the event's signal to the event's time in every window, then adds its weight. Returns
    /// the number of events so far.
    pub(crate) fn write(&mut self, event: &Event) -> u32 {
        let signal = &mut self.signals[usize::from(event.signal)];
        // A late event is counted at full weight: the sums are already past its time.
        let elapsed_s = event.time_s.saturating_sub(signal.last_s) as f32;
        for (sum, half_life_s) in signal.sums.iter_mut().zip(HALF_LIVES_S) {
            *sum = *sum * (-elapsed_s / half_life_s).exp2() + event.weight;
        }
        signal.last_s = signal.last_s.max(event.time_s);
        signal.count += 1;
        signal.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_halves_in_its_half_life() {
        let mut entity = Entity::default();
        let event = |time_s, weight| Event {
            entity: 0,
            signal: 3,
            time_s,
            weight,
        };
        entity.write(&event(1_000, 8.0));
        assert_eq!(entity.write(&event(1_000 + 3_600, 1.0)), 2);
        let signal = &entity.signals[3];
        assert!((signal.sums[0] - 5.0).abs() < 1e-5, "{:?}", signal.sums);
        assert!(signal.sums[4] > 8.99);
        entity.write(&event(0, 1.0));
        assert!(
            (entity.signals[3].sums[0] - 6.0).abs() < 1e-5,
            "late events do not undo decay"
        );
        assert_eq!(entity.signals[2].count, 0);
    }
}
