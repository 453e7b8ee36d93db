//! The proof that gate's verdicts can be believed.
//!
//! Data flow: [`noise`] draws repetitions as machines give them; [`workload`] turns them into the
//! values of a metric and [`documents`] into the run documents gate reads; [`simulate`] drives whole
//! gate runs through a [`judge`]; [`rivals`] are the decision rules of other tools and [`versus`] lets
//! them judge the same repetitions; [`outcomes`] counts what became of all that, with the intervals of
//! [`interval`], and [`table`] writes it down; [`targets`] holds it against what gate promises.
//!
//! [`parts`] looks at one test, one statistic and one order of measuring at a time.
//!
//! The other half is [`real`]: whole gate runs of the real binaries on this machine, with known changes.
//!
//! Nothing here decides a verdict of its own: gate is judged through its public functions, rivals by
//! the rules they publish. Every draw comes from a seed, so the same settings of a
//! simulation give the same bytes; real gates are as repeatable as the machine.

#![forbid(unsafe_code)]

pub mod documents;
pub mod interval;
pub mod judge;
pub mod noise;
pub mod outcomes;
pub mod parts;
pub mod real;
pub mod rivals;
pub mod simulate;
mod slowest;
pub mod table;
pub mod targets;
pub mod versus;
pub mod workload;
