//! A verdict report as terminal table, Markdown or JSON. Pure.
//!
//! Data flow: a [`gate_schema::report::Report`] comes in, text goes out; the caller prints it. A
//! report may have been written by a job that ran foreign code, so nothing in it is trusted: every
//! name and text passes one escape function per target (`escape`).
//!
//! This crate must not measure, judge or look anything up: what is shown is in the report, so that
//! it can be rendered again later and elsewhere.
//!
//! Map: `sentence`, `heading` and `next` write the lines around the table; `fold` chooses its rows,
//! `cells` fills them from `quantity` and `reason`; `terminal` and `markdown` lay everything out.

#![forbid(unsafe_code)]

mod cells;
mod escape;
mod explain;
mod fold;
mod heading;
mod json;
mod markdown;
mod next;
mod quantity;
mod reason;
mod sentence;
mod table;
mod terminal;
mod wrap;

pub use explain::explain;
pub use json::json;
pub use markdown::{MarkdownOptions, markdown};
pub use quantity::quantity;
pub use terminal::{Style, terminal};
