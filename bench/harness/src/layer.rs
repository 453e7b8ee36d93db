//! Layers of a stack, so that figures of different layers are never compared.

use std::fmt;

/// What stands between the caller and the memory. Part of a scenario's identity: a map that is read
/// directly and one that is read through a store answer different questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// A raw structure: an array, a map.
    Raw,
    /// An engine through its own interface.
    Engine,
    /// A component of ours over engines: checks, filters, bookkeeping.
    Facade,
    /// Several components behind one request.
    Indexed,
    /// Any of these with other work at the same time. What several ask for at once has this label, whatever
    /// layer its scenario names.
    Contention,
}

impl Layer {
    /// All layers, lowest first.
    pub const ALL: [Self; 5] = [
        Self::Raw,
        Self::Engine,
        Self::Facade,
        Self::Indexed,
        Self::Contention,
    ];

    /// The layer's label, as parameters carry it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "A0",
            Self::Engine => "A1",
            Self::Facade => "B",
            Self::Indexed => "C",
            Self::Contention => "D",
        }
    }

    /// What the label means, in a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Raw => "raw structure",
            Self::Engine => "engine",
            Self::Facade => "component over engines",
            Self::Indexed => "several components behind one request",
            Self::Contention => "with other work at the same time",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
