//! A verdict report as terminal table, Markdown, JSON or a page of HTML. Pure.
//!
//! Data flow: a [`gate_schema::report::Report`] comes in, text goes out; the caller prints it. A
//! report may have been written by a job that ran foreign code, so nothing in it is trusted: every
//! name and text passes one escape function per target (`escape`).
//!
//! This crate must not measure, judge or look anything up: what is shown is in the report, so that
//! it can be rendered again later and elsewhere.
//!
//! Map: `sentence`, `heading` and `next` write the lines around the table, with `failure` for what
//! crashed and `together` for what all scenarios show; `fold` chooses the rows of the table, `cells`
//! fills them from `quantity` and `reason`; `terminal`, `markdown` and `html` lay everything out, and
//! `publish` puts that on a pull request. `explain` argues one row; `cause` says why it got worse, and
//! `flame` draws the profiles behind that. `promotion` words what a new baseline changes, `resolutions`
//! what a machine can resolve, `trend` what a history shows, and `bisect` which commit it was.

#![forbid(unsafe_code)]

mod bisect;
mod cause;
mod cells;
mod disturbed;
mod escape;
mod explain;
mod failure;
mod flame;
mod fold;
mod heading;
mod html;
mod json;
mod markdown;
mod next;
mod promotion;
mod publish;
mod quantity;
mod reason;
mod resolutions;
mod sentence;
mod table;
mod terminal;
mod together;
mod trend;
mod wrap;

pub use bisect::{bisect_about, bisect_step, bisection};
pub use explain::{explain, explain_everything, explain_failed};
pub use flame::{FlameSide, NoSamples, differential_flamegraph, flamegraph};
pub use html::{Figure, html};
pub use json::json;
pub use markdown::{MarkdownOptions, markdown};
pub use promotion::{counted, promotion};
pub use publish::{Notice, Occasion, comment, notice, notice_title, summary, title};
pub use quantity::quantity;
pub use resolutions::{resolutions, warm_up};
pub use terminal::{Style, terminal};
pub use trend::{
    Fresh, NOT_MEASURED, Question, TrendIssue, trend, trend_gone, trend_host, trend_host_gone,
    trend_issues,
};
