//! The approximate search: from the entries along the links towards the query.
//!
//! What usearch does on its base level, over arrays: the coarse halves of all rows that a row is
//! linked to are asked for at once, so that the memory answers many questions at a time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::links::Links;
use super::best::{Best, Likely};
use super::codes::{Codes, Query};

/// Rows that are asked for before they are needed: as many as the memory answers at a time.
const AHEAD: usize = 6;

/// Entries that the walk sets out from, nearest first. One alone may stand on the wrong side of a gap.
const STARTS: usize = 4;

/// What a walk writes down. Kept between searches, because making it costs as much as a walk.
#[derive(Debug)]
pub(crate) struct Notes {
    /// One bit per row that was met.
    is_met: Vec<u64>,
    /// The rows that were met, so that forgetting them does not take as long as there are rows.
    met: Vec<u32>,
    /// Rows to go on from, nearest first.
    open: BinaryHeap<(i32, Reverse<u32>)>,
    /// The nearest rows that count.
    best: Best,
}

impl Notes {
    /// Room for walks over `items` rows.
    pub(crate) fn new(items: usize) -> Self {
        Self {
            is_met: vec![0; items.div_ceil(64)],
            met: Vec::new(),
            open: BinaryHeap::new(),
            best: Best::default(),
        }
    }

    /// The nearest rows of the last walk, nearest first.
    pub(crate) fn best(&self) -> &[Likely] {
        self.best.sorted()
    }

    /// The same, for a search of another kind.
    pub(crate) fn best_mut(&mut self) -> &mut Best {
        &mut self.best
    }

    /// Rows that the last walk compared with its query, entries not counted.
    pub(crate) fn compared(&self) -> usize {
        self.met.len()
    }

    fn restart(&mut self, most: usize) {
        for row in self.met.drain(..) {
            self.is_met[row as usize / 64] = 0;
        }
        self.open.clear();
        self.best.restart(most);
    }

    /// Whether `row` is met for the first time.
    fn meet(&mut self, row: u32) -> bool {
        let (word, bit) = (row as usize / 64, 1 << (row % 64));
        let is_new = self.is_met[word] & bit == 0;
        if is_new {
            self.is_met[word] |= bit;
            self.met.push(row);
        }
        is_new
    }
}

/// Finds about the `expansion` rows nearest to `query` for which `keeps` holds. Rows for which it does
/// not hold are passed through but not counted, so the fewer are kept, the longer the way.
pub(crate) fn walk(
    links: &Links,
    codes: &Codes,
    query: &Query,
    expansion: usize,
    keeps: impl Fn(u32) -> bool,
    notes: &mut Notes,
) {
    notes.restart(STARTS);
    for &key in &links.entries {
        let likeness = codes.likeness(query, key);
        notes.best.offer(Likely { likeness, key });
    }
    let starts: Vec<Likely> = notes.best.sorted().to_vec();
    notes.restart(expansion);
    for row in starts {
        arrive(row, notes, &keeps);
        notes.meet(row.key);
    }

    let mut strangers = Vec::with_capacity(links.width);
    while let Some((likeness, Reverse(row))) = notes.open.pop() {
        if likeness < notes.best.bar() {
            break;
        }
        // Where the walk most likely goes on.
        if let Some((_, Reverse(next))) = notes.open.peek() {
            links.prefetch(*next);
        }
        strangers.clear();
        for &link in links.of_row(row) {
            if notes.meet(link) {
                if strangers.len() < AHEAD {
                    codes.prefetch_coarse(link);
                }
                strangers.push(link);
            }
        }
        for (at, &key) in strangers.iter().enumerate() {
            if let Some(&later) = strangers.get(at + AHEAD) {
                codes.prefetch_coarse(later);
            }
            let likeness = codes.likeness(query, key);
            if likeness > notes.best.bar() {
                let is_nearest = notes.open.peek().is_none_or(|(best, _)| likeness > *best);
                if is_nearest {
                    links.prefetch(key);
                }
                arrive(Likely { likeness, key }, notes, &keeps);
            }
        }
    }
}

fn arrive(row: Likely, notes: &mut Notes, keeps: &impl Fn(u32) -> bool) {
    notes.open.push((row.likeness, Reverse(row.key)));
    if keeps(row.key) {
        notes.best.offer(row);
    }
}
