//! What somebody can accept although it speaks against a run.

/// One kind of refusal that can be accepted, each for itself and for a reason: who explains a slower search has not
/// looked at where the run came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptable {
    /// Levels are worse.
    Worse,
    /// Times or rates are better than is likely.
    Faster,
    /// A scenario or a metric is declared differently.
    Redefined,
    /// A scenario or metric is gone.
    Missing,
    /// The work tree had changes, or nobody knows the commit.
    Source,
    /// The commit is of another history.
    History,
    /// There are few sessions, or few repetitions in one.
    Few,
}
