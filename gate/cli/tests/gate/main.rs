//! The real binary on real files: what it prints, what it writes, how it exits.

mod bad_input;
mod compare;
mod explain;
mod import;
mod promote;
mod scratch;
mod waivers;
