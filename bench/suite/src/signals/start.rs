//! What a component holds when the measured events come.

use std::collections::BTreeMap;
use std::fmt;

use bench_harness::scenario::{integer, name};
use bench_harness::schema::{Name, Param};
use bench_harness::{Context, Needs};

use super::entity::SIGNALS;
use super::events::{Event, Trace};
use super::holder::Holder;
use super::layout;
use super::model::FIRST;
use super::store::Signals;
use super::window::WINDOWS;
use crate::random::SEED;

/// Memory of an entity with all its signals, about.
const BYTES_PER_ENTITY: usize = 1_700;

/// Memory of an event: itself, its number in the model, and its time among those recorded.
const BYTES_PER_EVENT: usize = 32;

/// What there is at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Every signal of every entity, written once: as large as it gets.
    Full,
    /// Nothing, and no room made for anything.
    Empty,
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Empty => "empty",
        })
    }
}

impl Start {
    /// The component as `context` wants it.
    pub(crate) fn component<H: Holder>(self, context: &Context, items: usize) -> Signals<H> {
        match self {
            Self::Empty => Signals::new(layout::options(context, 0)),
            Self::Full => {
                let signals = Signals::new(layout::options(context, items));
                first_events(items).for_each(|event| {
                    signals.write(&event);
                });
                signals
            }
        }
    }
}

/// The first event of every signal of every entity.
pub(crate) fn first_events(items: usize) -> impl Iterator<Item = Event> {
    let (time_s, weight) = FIRST;
    let event = move |entity, signal| Event {
        entity,
        time_s,
        weight,
        signal,
    };
    let entities = (0..).take(items);
    entities.flat_map(move |entity| (0..SIGNALS as u8).map(move |signal| event(entity, signal)))
}

/// Parameters of a workload over `trace`.
pub(crate) fn params(trace: &Trace, start: Start) -> BTreeMap<Name, Param> {
    BTreeMap::from([
        (name("items"), integer(trace.items)),
        (name("signals"), integer(SIGNALS)),
        (name("windows"), integer(WINDOWS)),
        (name("events"), integer(trace.measured)),
        (
            name("popularity"),
            Param::Text(trace.popularity.to_string()),
        ),
        (name("start"), Param::Text(start.to_string())),
        (name("seed"), integer(SEED as usize)),
    ])
}

/// What a repetition over `trace` takes.
pub(crate) fn needs(trace: &Trace) -> Needs {
    let bytes = trace.items * BYTES_PER_ENTITY + trace.events() * BYTES_PER_EVENT;
    // Half a microsecond for each first event, two for each other: generated, written, checked.
    let seconds = trace.items as f64 * SIGNALS as f64 * 0.5e-6 + trace.events() as f64 * 2e-6;
    Needs::memory(bytes as u64).with_seconds(seconds)
}
