//! What happens on a machine while it measures.

/// A kind of machine, or of bad day. All values are of `docs/verdict-quality.md`; the first two are
/// the ones the procedure was designed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    /// A machine of one's own: repetitions scatter with a median of 1.6 %.
    Quiet,
    /// Rented by the minute: everything twice as bad.
    Hosted,
    /// Quiet, but in one session in ten a neighbour slows 30-60 % of the repetitions by 5-30 %.
    Neighbour,
    /// Quiet, but the machine gets 3 % slower or faster in the course of every session.
    Drift,
    /// Quiet, but the clock frequency steps by 5 % in the middle half of every session.
    Step,
}

impl Regime {
    /// All regimes.
    pub const ALL: [Self; 5] = [
        Self::Quiet,
        Self::Hosted,
        Self::Neighbour,
        Self::Drift,
        Self::Step,
    ];

    /// The name a command line takes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Hosted => "hosted",
            Self::Neighbour => "neighbour",
            Self::Drift => "drift",
            Self::Step => "step",
        }
    }

    /// By how much all noise is multiplied.
    pub(super) fn scale(self) -> f64 {
        match self {
            Self::Hosted => 2.0,
            Self::Quiet | Self::Neighbour | Self::Drift | Self::Step => 1.0,
        }
    }
}

/// Something that slows a part of one session; positions are fractions of the session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Episode {
    /// Nothing.
    None,
    /// Slower by `size` from `start` for `length`, as a logarithm.
    Burst { start: f64, length: f64, size: f64 },
    /// Slower by `size` over the whole session, evenly.
    Slope { size: f64 },
    /// Slower by `size` from `start` on.
    Shift { start: f64, size: f64 },
}

impl Episode {
    /// Slowdown at a position, as a logarithm.
    pub(super) fn at(self, position: f64) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Burst {
                start,
                length,
                size,
            } => {
                if (start..start + length).contains(&position) {
                    size
                } else {
                    0.0
                }
            }
            Self::Slope { size } => size * position,
            Self::Shift { start, size } => {
                if position >= start {
                    size
                } else {
                    0.0
                }
            }
        }
    }
}
