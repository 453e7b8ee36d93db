//! What git knows of the commit that a baseline names.

use std::path::Path;

use gate_core::promote::Refusal;
use gate_schema::run::Run;

use super::itself::{CLOCKS, is_accepted, time};
use super::{AGAIN, wrong};
use crate::checkout;
use crate::diagnostic::Diagnostic;
use crate::git;
use crate::refusal;

/// Whether the commit is of the history that is checked out here, and was there to be measured. Outside of a repository
/// nothing can be said.
pub(super) fn problems(path: &Path, run: &Run) -> Option<Diagnostic> {
    let (commit, provenance) = (run.source.commit.as_ref()?, run.provenance.as_ref()?);
    let top = checkout::top(Path::new(".")).ok()?;
    let pointer = "/source/commit";
    if !git::is_in_history(&top, commit) {
        let refusal = Refusal::OtherHistory {
            commit: commit.clone(),
        };
        let hint = if git::is_shallow(&top) {
            "this clone is shallow and may lack it: `git fetch --unshallow`, on GitHub `fetch-depth: 0` of actions/checkout"
        } else {
            "promote a run of a commit of this branch; a rebase leaves the measured commit behind"
        };
        let problem = || wrong(path, pointer, refusal::sentence(&refusal), hint);
        return (!is_accepted(&refusal, provenance)).then(problem);
    }
    let is_early = time(&run.created)? + CLOCKS < git::committed(&top, commit)?;
    let message = || {
        let commit = refusal::short(commit);
        format!("measured before its commit {commit} was made")
    };
    is_early.then(|| wrong(path, "/created", message(), AGAIN))
}
