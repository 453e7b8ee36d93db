//! The true sums: a plain replay of the events, in double precision, without a map.

use super::entity::{HALF_LIVES_S, SIGNALS, WINDOWS};
use super::events::Event;

/// What one signal of one entity must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    pub(crate) count: u32,
    pub(crate) sums: [f64; WINDOWS],
    last_s: f64,
}

/// Replays `events` over `items` entities.
pub(crate) fn replay(items: usize, events: &[Event]) -> Vec<[Expected; SIGNALS]> {
    let mut entities = vec![<[Expected; SIGNALS]>::default(); items];
    for event in events {
        let signal = &mut entities[event.entity as usize][usize::from(event.signal)];
        let elapsed_s = (f64::from(event.time_s) - signal.last_s).max(0.0);
        for (sum, half_life_s) in signal.sums.iter_mut().zip(HALF_LIVES_S) {
            *sum =
                *sum * 0.5_f64.powf(elapsed_s / f64::from(half_life_s)) + f64::from(event.weight);
        }
        signal.last_s = signal.last_s.max(f64::from(event.time_s));
        signal.count += 1;
    }
    entities
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replays_by_hand() {
        let event = |entity, time_s, weight| Event {
            entity,
            signal: 1,
            time_s,
            weight,
        };
        let entities = replay(
            3,
            &[event(2, 0, 4.0), event(2, 7_200, 1.0), event(0, 7_200, 2.0)],
        );
        assert_eq!(entities[2][1].count, 2);
        assert!((entities[2][1].sums[0] - 2.0).abs() < 1e-12);
        assert!((entities[0][1].sums[4] - 2.0).abs() < 1e-12);
        assert_eq!(entities[1][1].count, 0);
    }
}
