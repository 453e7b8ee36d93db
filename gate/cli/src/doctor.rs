//! What on a machine disturbs measurements: each setting as found, why it matters and what changes it.
//!
//! Reads `/proc` and `/sys` below a root of the caller's choice and changes nothing. What the system does
//! not tell is said to be unknown, never to be fine.

mod clock;
mod neighbours;
mod room;
mod root;
mod show;

pub(crate) use room::Disk;
pub(crate) use root::Root;
pub(crate) use show::show;

/// Whether a setting disturbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// Measurements scatter or are biased.
    Disturbs,
    /// The system does not tell.
    Unknown,
    /// As it should be.
    Fine,
}

/// One setting of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) name: &'static str,
    pub(crate) state: State,
    /// As the system tells it, or why it does not.
    pub(crate) found: String,
    /// What it does to measurements, as one sentence without a final dot.
    pub(crate) why: &'static str,
    /// A command, or what to do where there is none.
    pub(crate) fix: &'static str,
}

/// What a setting is for: everything about it but how it was found.
#[derive(Clone, Copy, Debug)]
struct Setting {
    name: &'static str,
    why: &'static str,
    fix: &'static str,
}

impl Setting {
    fn found(self, is_fine: bool, found: impl Into<String>) -> Finding {
        let state = if is_fine {
            State::Fine
        } else {
            State::Disturbs
        };
        self.finding(state, found.into())
    }

    fn unknown(self, why_not: &str) -> Finding {
        self.finding(State::Unknown, why_not.to_owned())
    }

    fn finding(self, state: State, found: String) -> Finding {
        let Self { name, why, fix } = self;
        Finding {
            name,
            state,
            found,
            why,
            fix,
        }
    }
}

/// Everything looked at, in a fixed order.
pub(crate) fn findings(root: &Root, disk: Disk) -> Vec<Finding> {
    vec![
        clock::governor(root),
        clock::turbo(root),
        clock::throttling(root),
        clock::source(root),
        neighbours::smt(root),
        neighbours::load(root),
        neighbours::steal(root),
        room::aslr(root),
        room::hugepages(root),
        room::perf(root),
        room::disk(disk),
    ]
}

#[cfg(test)]
mod tests;
