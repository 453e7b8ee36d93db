//! What is being added at the same time: such rows can lose links of each other, see `audit`.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The rows that are being added, by whom ever.
#[derive(Debug, Default)]
pub(super) struct Adders {
    adding: Mutex<Adding>,
}

/// In one piece, so that of two who begin together the one behind the other knows it.
#[derive(Debug, Default)]
struct Adding {
    keys: BTreeSet<u32>,
    /// How many ever began.
    begun: u64,
}

impl Adders {
    /// Begins to add `keys`, which nobody else adds, until the answer is dropped.
    pub(super) fn begin(&self, keys: BTreeSet<u32>) -> Adder<'_> {
        let mut adding = self.adding();
        let is_first = adding.keys.is_empty();
        adding.keys.extend(&keys);
        adding.begun += 1;
        Adder {
            adders: self,
            is_first,
            number: adding.begun,
            keys,
        }
    }

    /// Whether nobody is adding this row of an index of so many `rows`, or all there is may still be added: the
    /// first rows lead to each other.
    pub(super) fn is_settled(&self, key: u32, rows: usize) -> bool {
        let adding = self.adding();
        adding.keys.len() >= rows || !adding.keys.contains(&key)
    }

    fn adding(&self) -> MutexGuard<'_, Adding> {
        // Whole whatever happened elsewhere: nothing panics half-way through changing it.
        self.adding.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who adds.
#[derive(Debug)]
pub(super) struct Adder<'a> {
    adders: &'a Adders,
    /// Whether nobody added anything when it began.
    is_first: bool,
    number: u64,
    keys: BTreeSet<u32>,
}

impl Adder<'_> {
    /// What it adds.
    pub(super) fn keys(&self) -> &BTreeSet<u32> {
        &self.keys
    }

    /// Whether nobody else has added anything since it began, or was about to then.
    pub(super) fn is_alone(&self) -> bool {
        self.is_first && self.adders.adding().begun == self.number
    }
}

impl Drop for Adder<'_> {
    fn drop(&mut self) {
        let mut adding = self.adders.adding();
        for key in &self.keys {
            adding.keys.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_met_another_was_not_alone() {
        let adders = Adders::default();
        let begin = |key: u32| adders.begin([key].into());
        let first = begin(1);
        assert!(first.is_alone());
        let second = begin(2);
        assert!(!first.is_alone() && !second.is_alone());
        assert!(!adders.is_settled(1, 3) && adders.is_settled(3, 3));
        assert!(adders.is_settled(1, 2), "there is nothing else");
        drop(first);
        assert!(adders.is_settled(1, 3));
        assert!(!second.is_alone(), "it met the first");
        let third = begin(3);
        drop(second);
        assert!(!third.is_alone(), "it met the second");
        drop(third);
        assert!(begin(4).is_alone(), "all others are gone");
    }
}
