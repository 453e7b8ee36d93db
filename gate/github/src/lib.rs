//! What gate says on GitHub: finds the pull request of a measuring run, reads the artifact of that
//! run, writes one check run and one comment; and keeps the issues of the nights ([`issue`]).
//!
//! Data flow: [`event`] claims a run, [`find()`] confirms it by the API and resolves its pull request,
//! [`fetch()`] downloads the artifact, [`bundle`] turns its bytes into run documents, and, once the
//! caller has judged them, [`write()`](write::write) upserts check and comment.
//!
//! The pull request's own code wrote the artifact and chose the names of its branches, so every decision
//! is a pure function over values (`find::resolve`, `write::plan`, `retry`, `bundle`) and proven apart
//! from the network. Trusted facts come only from the event file, from answers of the API, and from
//! files of the default branch.
//!
//! This crate talks to the network and to nothing else: no files, no environment, no clock of its own;
//! time comes in through [`clock::Clock`].

#![forbid(unsafe_code)]

mod ancestor;
pub mod base;
pub mod bundle;
mod changed;
pub mod client;
pub mod clock;
pub mod event;
mod fault;
mod fetch;
pub mod find;
pub mod issue;
mod retry;
mod transport;
mod wire;
pub mod write;

pub use ancestor::is_shared;
pub use changed::changed;
pub use fault::Fault;
pub use fetch::{Fetched, fetch};
pub use find::find;

/// Where everything is, and how it is named.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `owner/name` of the repository that publishes.
    pub repository: String,
    /// File name of the measuring workflow under `.github/workflows/`.
    pub workflow: String,
    /// Name of the artifact, to which `-` and the attempt are added.
    pub artifact: String,
    /// Login of the account whose token this is, as it stands at its comments.
    pub author: String,
    /// Name of the check run.
    pub check: String,
}
