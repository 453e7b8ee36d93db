//! Exit codes: the contract with scripts. "Worse", "cannot tell" and "could not look" never share one.

use serde::{Deserialize, Serialize};

/// The exit code of every verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[repr(u8)]
pub enum ExitCode {
    /// Everything that gates passed.
    Pass = 0,
    /// Regressed, over budget, missing, or a stale waiver.
    Fail = 1,
    /// Usage, configuration or input is wrong and nothing was decided; or an output could not be written.
    Usage = 2,
    /// Inconclusive or incomparable, and the policy does not map it to 0 or 1.
    Undecided = 3,
    /// Publishing failed. A verdict that was reached stands.
    Unpublished = 4,
}

impl ExitCode {
    /// All codes, in numerical order.
    pub const ALL: [Self; 5] = [
        Self::Pass,
        Self::Fail,
        Self::Usage,
        Self::Undecided,
        Self::Unpublished,
    ];

    /// What the code means, as one sentence for the generated documentation.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Pass => "everything that gates passed (improved included)",
            Self::Fail => "regressed, over budget, missing, or a stale waiver",
            Self::Usage => {
                "usage, configuration or input error, and nothing was decided; or an output could not be \
                 written, and the verdict stands wherever it could"
            }
            Self::Undecided => {
                "undecided: inconclusive or incomparable; the policy may map it to 0 or 1"
            }
            Self::Unpublished => "publishing failed; a verdict that was reached stands",
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
