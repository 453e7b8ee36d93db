//! Everything that ends a verb early, with the exit code it maps to.

use std::io;
use std::path::PathBuf;

use gate_schema::exit::ExitCode;

use crate::cache::CacheError;
use crate::child::ChildError;
use crate::count::CountError;
use crate::emit::EmitError;
use crate::plant::{PlantError, VARIABLE};
use crate::repetition::RepetitionError;
use crate::scenario::{Failure, WrongAnswer};
use crate::selection::SelectionError;

/// Why a verb ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    #[error(transparent)]
    Selection(#[from] SelectionError),
    #[error(transparent)]
    Plant(#[from] PlantError),
    #[error("{VARIABLE}: {0}")]
    Variable(PlantError),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Child(#[from] ChildError),
    #[error(transparent)]
    Repetition(#[from] RepetitionError),
    #[error(transparent)]
    Emit(#[from] EmitError),
    #[error("this machine is too small for:{which}\n  hint: {hint}")]
    Unfit { which: String, hint: &'static str },
    #[error("cannot read {} as a run document: {why}", path.display())]
    Document { path: PathBuf, why: String },
    #[error("{0}")]
    Verb(Failure),
    #[error(transparent)]
    Count(#[from] CountError),
    #[error(
        "nothing was counted and nothing written\n  hint: `bench list` shows what has one thread and no schedule"
    )]
    NothingCounted,
    #[error(
        "plants of work, tail and memory are made by the clock, and cannot be counted in {0}\n  hint: plant a setting"
    )]
    Uncountable(&'static str),
    #[error("interrupted while preparing; nothing was measured and nothing written")]
    NothingMeasured,
    #[error(
        "$GATE_PROFILE names a file for one profile, and this call measures {0} times\n  hint: one \
         scenario with --only, --sessions 1 and --repetitions 1; or `bench profile` for many"
    )]
    ManyProfiles(usize),
    #[error("cannot write to {}: {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("cannot listen for Ctrl-C: {0}")]
    Signals(io::Error),
    #[error("cannot write to stdout: {0}")]
    Stdout(io::Error),
    #[error("cannot find this program's own file: {0}")]
    Executable(io::Error),
}

impl BenchError {
    /// 1 when a scenario failed, 2 when the call or the system was at fault.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            // The child has already told the two apart.
            Self::Child(ChildError::Failed { status, .. })
                if status.code() == Some(ExitCode::Usage as i32) =>
            {
                ExitCode::Usage
            }
            Self::Repetition(RepetitionError::Cache(_)) => ExitCode::Usage,
            // A suite's verb reads files and arguments of its own; the rest is the answer.
            Self::Verb(failure) if !failure.is::<WrongAnswer>() => ExitCode::Usage,
            Self::Child(_) | Self::Repetition(_) | Self::Verb(_) | Self::NothingMeasured => {
                ExitCode::Fail
            }
            Self::Selection(_)
            | Self::Plant(_)
            | Self::Variable(_)
            | Self::Cache(_)
            | Self::Emit(_)
            | Self::Document { .. }
            | Self::Unfit { .. }
            | Self::ManyProfiles(_)
            | Self::Count(_)
            | Self::NothingCounted
            | Self::Uncountable(_)
            | Self::Folder { .. }
            | Self::Signals(_)
            | Self::Stdout(_)
            | Self::Executable(_) => ExitCode::Usage,
        }
    }
}
