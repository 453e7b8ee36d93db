//! Compares what the component says with what happened.

use bench_harness::WrongAnswer;

use super::entity::Entity;
use super::holder::Holder;
use super::model::History;
use super::signal::Counter;
use super::store::Signals;
use super::window::{WINDOWS, Window};

/// Relative difference allowed between a sum in single precision and the true one.
const PRECISION: f64 = 1e-4;

/// Sums that have decayed this far are equal to zero: single precision ends near 1e-45.
const DECAYED: f64 = 1e-12;

/// What a signal says at a moment: events and sum of weights, in every window.
pub(crate) type Answers = [(u32, f64); WINDOWS];

/// What `signal` says at `now_s`.
pub(crate) fn answers<C: Counter>(signal: &C, now_s: u32) -> Answers {
    Window::ALL.map(|window| (signal.count(window, now_s), signal.sum(window, now_s)))
}

/// Compares every signal that has events at the moment of its last one. `find` says what is answered
/// about a signal of an entity at a moment.
pub(crate) fn signals(
    history: &History<'_>,
    find: impl Fn(u32, u8, u32) -> Option<Answers>,
) -> Result<(), WrongAnswer> {
    for past in history.pasts() {
        let Some((entity, signal)) = past.key() else {
            continue;
        };
        let now_s = past.last_s();
        let found = find(entity, signal, now_s);
        let expected =
            Window::ALL.map(|window| (past.count(window, now_s), past.sum(window, now_s)));
        let is_right = found.is_some_and(|found| found.iter().zip(&expected).all(is_equal));
        if !is_right {
            return Err(WrongAnswer {
                place: format!("entity {entity}, signal {signal} at {now_s}, (count, sum)"),
                found: format!("{found:?}"),
                expected: format!("{expected:?}"),
            });
        }
    }
    Ok(())
}

/// The same for a component, and that it holds nothing else: nothing was written that did not happen.
/// Entities are below `items`.
pub(crate) fn component<H: Holder>(
    component: &Signals<H>,
    history: &History<'_>,
    items: usize,
) -> Result<(), WrongAnswer> {
    signals(history, |entity, number, now_s| {
        let answers =
            |entity: &Entity<H::Signal>| entity.signal(number).map(|signal| answers(signal, now_s));
        component.read(entity, answers).flatten()
    })?;
    let count = |signal: &H::Signal| u64::from(signal.count(Window::Always, 0));
    let counts = |entity: &Entity<H::Signal>| entity.signals().iter().map(count).sum::<u64>();
    let events = (0..)
        .take(items)
        .filter_map(|entity| component.read(entity, counts))
        .sum();
    let (found, expected) = ((component.len(), events), history.totals(items));
    if found != expected {
        return Err(WrongAnswer {
            place: "the component, (entities, events)".into(),
            found: format!("{found:?}"),
            expected: format!("{expected:?}"),
        });
    }
    Ok(())
}

fn is_equal(((found, sum), (expected, true_sum)): (&(u32, f64), &(u32, f64))) -> bool {
    let is_near = (sum - true_sum).abs() <= PRECISION * true_sum.abs() + DECAYED;
    found == expected && is_near
}
