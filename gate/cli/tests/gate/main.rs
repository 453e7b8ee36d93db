//! The real binary on real files: what it prints, what it writes, how it exits.

mod bad_input;
mod bisect;
mod calibrate;
mod check;
mod compare;
mod doctor;
mod explain;
mod flame;
mod history;
mod import;
mod nightly;
mod plan;
mod profiles;
mod project;
mod promote;
mod report;
mod scratch;
mod verify_baseline;
mod verify_itself;
mod waivers;
