//! The nearest rows so far, by their likeness.

/// A row and how near it is: larger is nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Likely {
    pub(crate) likeness: i32,
    pub(crate) key: u32,
}

/// The nearest of all rows that were offered, nearest first, at most a given number.
#[derive(Debug, Default)]
pub(crate) struct Best {
    most: usize,
    sorted: Vec<Likely>,
}

impl Best {
    /// Forgets all rows and keeps at most `most` from now on, at least one.
    pub(crate) fn restart(&mut self, most: usize) {
        self.most = most.max(1);
        self.sorted.clear();
    }

    /// The likeness that a row must exceed to be kept.
    #[inline]
    pub(crate) fn bar(&self) -> i32 {
        match self.sorted.last() {
            Some(last) if self.sorted.len() == self.most => last.likeness,
            _ => i32::MIN,
        }
    }

    /// Keeps the row if it is nearer than the last one, or there is room.
    #[inline]
    pub(crate) fn offer(&mut self, offered: Likely) {
        if self.sorted.len() == self.most {
            if offered.likeness <= self.bar() {
                return;
            }
            self.sorted.pop();
        }
        let at = self
            .sorted
            .partition_point(|other| other.likeness >= offered.likeness);
        self.sorted.insert(at, offered);
    }

    /// The rows, nearest first.
    pub(crate) fn sorted(&self) -> &[Likely] {
        &self.sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_are_kept_in_order() {
        let offered = [5, 9, 1, 7, 7, 3, 8, 2];
        for most in [1, 3, 8, 20] {
            let mut best = Best::default();
            // What was kept for an earlier query is gone.
            best.restart(2);
            best.offer(Likely {
                likeness: 100,
                key: 100,
            });
            best.restart(most);
            for (key, likeness) in (0..).zip(offered) {
                best.offer(Likely { likeness, key });
            }
            let mut expected = offered.to_vec();
            expected.sort_by_key(|likeness| -likeness);
            expected.truncate(most);
            let found: Vec<i32> = best.sorted().iter().map(|row| row.likeness).collect();
            assert_eq!(found, expected, "at most {most}");
            let bar = if most <= 8 {
                expected[most - 1]
            } else {
                i32::MIN
            };
            assert_eq!(best.bar(), bar, "at most {most}");
        }
    }
}
