//! How gate decides: from two runs and a policy to a report.
//!
//! Data flow: [`observe`] turns each scenario of a run into one value per repetition and judged
//! metric; [`evaluate()`] compares the two sides ([`paired`] where they were measured in turn, else
//! [`stored`]), holds budgets ([`budget`]), corrects for the number of rows ([`family`]) and joins the
//! verdicts ([`outcome`]). [`next`] asks for more pairs, [`mod@trend`] and [`bisect`] look at many runs.
//!
//! Everything here is a pure function of its arguments: no I/O, no clock, no threads, no printing,
//! and the same input gives the same bytes. Formulas and constants are explained in
//! `docs/verdict.md`, which quotes them from this code.

#![forbid(unsafe_code)]

pub mod accepted;
pub mod assess;
pub mod bisect;
pub mod budget;
pub mod calibrate;
pub mod comparable;
pub mod estimate;
pub mod evaluate;
pub mod evidence;
pub mod family;
pub mod looser;
pub mod modes;
pub mod next;
pub mod observe;
pub mod outcome;
pub mod paired;
pub mod profile;
pub mod promote;
pub mod rules;
pub mod statistic;
pub mod stored;
pub mod together;
pub mod trend;
pub mod uniform;
pub mod warm_up;

mod canary;
mod describe;
pub mod distribution;
mod disturbed;
mod expected;
mod promoted;
pub mod resolution;
pub mod row;
pub mod series;
pub mod sides;
mod waive;

pub use evaluate::{Known, Side, evaluate};
