//! Decayed counters of what users do, in a concurrent map, on dashmap.

mod entity;
mod events;
mod model;
mod write;

pub use write::SignalWrite;
