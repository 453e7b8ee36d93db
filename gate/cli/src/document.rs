//! Documents on disk: reading them with errors that name the place, writing them whole or not at all.

mod canonical;
mod read;
mod report;
mod seal;
mod write;

pub(crate) use canonical::canonical;
pub(crate) use read::{
    parse_run, read_bytes, read_run, read_run_with_digest, read_start, unreadable,
};
pub(crate) use report::read_report;
pub(crate) use seal::{content_digest, seal};
pub(crate) use write::{check_outputs, make_folder, same_file, write, write_all};
