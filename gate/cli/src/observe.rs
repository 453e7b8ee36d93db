//! Observes a run on all cores: decoding histograms is most of a comparison's work.

use std::path::Path;

use gate_core::observe::{Observed, records};
use gate_schema::run::Run;
use rayon::prelude::*;

use crate::diagnostic::Diagnostic;

/// What `run`, read from `path`, says about each of its scenarios.
pub(crate) fn observe(path: &Path, run: &Run) -> Result<Vec<Observed>, Vec<Diagnostic>> {
    records(run)
        .par_iter()
        .map(|record| record.observe())
        .collect::<Result<_, _>>()
        .map_err(|problem| vec![Diagnostic::of_problem(path, &problem)])
}
