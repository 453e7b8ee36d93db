//! The client against servers on loopback that misbehave. Time is a number that tests move.

mod faults;
mod publisher;
mod refusals;
mod server;
mod store;
mod time;
