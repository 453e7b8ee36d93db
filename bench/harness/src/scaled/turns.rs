//! In which order the operations of several sizes are measured.

/// Measured turns of each size.
const TURNS: usize = 5;

/// Consecutive operations of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) size: usize,
    /// The first operation, counted over all sizes.
    pub(super) start: usize,
    /// The first operation, counted over its size.
    pub(super) first: usize,
    /// Number of operations, at least 1.
    pub(super) length: usize,
    pub(super) is_measured: bool,
}

impl Turn {
    /// One past the last operation, counted over all sizes.
    pub(super) fn end(&self) -> usize {
        self.start + self.length
    }
}

/// All turns, in order: every size warms up, then they take turns.
pub(super) struct Turns {
    turns: Vec<Turn>,
}

impl Turns {
    /// For sizes of so many operations, `(warm-up, measured)`.
    pub(super) fn of(sizes: Vec<(usize, usize)>) -> Self {
        let warm_ups = sizes
            .iter()
            .enumerate()
            .map(|(size, (warm_up, _))| (size, 0..*warm_up, false));
        let measured = (0..TURNS).flat_map(|turn| {
            sizes
                .iter()
                .enumerate()
                .map(move |(size, (warm_up, measured))| {
                    let at = |turn| warm_up + measured * turn / TURNS;
                    (size, at(turn)..at(turn + 1), true)
                })
        });
        let mut start = 0;
        let turns = warm_ups
            .chain(measured)
            .filter(|(_, operations, _)| !operations.is_empty())
            .map(|(size, operations, is_measured)| {
                let turn = Turn {
                    size,
                    start,
                    first: operations.start,
                    length: operations.len(),
                    is_measured,
                };
                start = turn.end();
                turn
            })
            .collect();
        Self { turns }
    }

    pub(super) fn get(&self, number: usize) -> Option<Turn> {
        self.turns.get(number).copied()
    }

    /// Operations before the first measured one.
    pub(super) fn warm_up(&self) -> usize {
        self.count(false)
    }

    /// Measured operations.
    pub(super) fn operations(&self) -> usize {
        self.count(true)
    }

    fn count(&self, is_measured: bool) -> usize {
        let turns = self.turns.iter();
        let turns = turns.filter(|turn| turn.is_measured == is_measured);
        turns.map(|turn| turn.length).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_every_size_has_its_turn() {
        for sizes in [
            vec![(10, 100), (20, 50), (0, 7)],
            vec![(1, 3)],
            vec![(3, 1), (0, 11)],
        ] {
            let turns = Turns::of(sizes.clone());
            let mut next = 0;
            let mut done = vec![0; sizes.len()];
            for turn in &turns.turns {
                assert_eq!(
                    (turn.start, turn.first),
                    (next, done[turn.size]),
                    "{sizes:?}"
                );
                let is_warm = turn.first >= sizes[turn.size].0;
                assert_eq!(turn.is_measured, is_warm, "{sizes:?}");
                next = turn.end();
                done[turn.size] += turn.length;
            }
            let all: Vec<usize> = sizes
                .iter()
                .map(|(warm_up, measured)| warm_up + measured)
                .collect();
            assert_eq!(done, all);
            assert_eq!(turns.warm_up() + turns.operations(), next);
        }
    }

    #[test]
    fn sizes_alternate() {
        let turns = Turns::of(vec![(1, 10), (1, 10), (1, 10)]);
        let sizes: Vec<usize> = turns.turns.iter().map(|turn| turn.size).collect();
        assert_eq!(sizes[..9], [0, 1, 2, 0, 1, 2, 0, 1, 2]);
        assert_eq!(sizes.len(), 3 + 3 * TURNS);
    }
}
