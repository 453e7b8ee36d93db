//! What a measurement asks for, and what comes of it.

use gate_core::evaluate::{Known, Side as Judged};
use gate_core::observe::Observed;
use gate_schema::id::ScenarioId;
use gate_schema::noise::Noise;
use gate_schema::run::Run;

use crate::checkout::Side;
use crate::diagnostic::Diagnostic;

/// Starts the project's commands. One implementation starts processes, one in tests makes numbers up.
pub(crate) trait Repeat {
    /// The scenarios the build of `side` has.
    ///
    /// # Errors
    /// When it cannot tell, or the measurement must stop.
    fn list(&mut self, side: Side) -> Result<Vec<ScenarioId>, Vec<Diagnostic>>;

    /// Measures `scenario` once.
    ///
    /// # Errors
    /// Only when the measurement must stop; a failed repetition is an answer.
    fn repeat(&mut self, side: Side, scenario: &ScenarioId) -> Result<Repeated, Vec<Diagnostic>>;
}

/// What became of one repetition.
#[derive(Debug)]
pub(crate) enum Repeated {
    Measured(Box<Run>),
    Failed { how: String, stderr: Vec<String> },
}

/// Who a repetition is for. The canary is the baseline's build again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Baseline,
    Candidate,
    Canary,
}

impl Who {
    pub(crate) fn side(self) -> Side {
        match self {
            Self::Baseline | Self::Canary => Side::Base,
            Self::Candidate => Side::Candidate,
        }
    }
}

/// The runs of a measurement, observed.
pub(crate) struct Runs {
    pub(crate) baseline: Seen,
    pub(crate) candidate: Seen,
    /// `None` unless measuring the baseline against itself was tried.
    pub(crate) canary: Option<Seen>,
}

/// A run and what was observed in it.
pub(crate) struct Seen {
    pub(crate) run: Run,
    observed: Vec<Observed>,
}

impl Seen {
    pub(crate) fn new(run: Run) -> Result<Self, Vec<Diagnostic>> {
        let observed = crate::observe::observe("the measured run".as_ref(), &run)?;
        Ok(Self { run, observed })
    }

    pub(crate) fn side(&self) -> Judged<'_> {
        Judged {
            run: &self.run,
            observed: &self.observed,
        }
    }
}

impl Runs {
    pub(crate) fn known<'a>(&'a self, noise: Option<&'a Noise>) -> Known<'a> {
        Known {
            noise,
            canary: self.canary.as_ref().map(Seen::side),
            ..Known::default()
        }
    }
}
