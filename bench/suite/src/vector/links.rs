//! The base level of an index's graph as one flat array, and whether all of it can be reached.
//!
//! usearch can lose links when several threads add at once: a node is stored, has links of its own,
//! and no other node links to it (unum-cloud/usearch#735). No search finds such an orphan, and no
//! recall over a thousand queries notices seven of them in a quarter of a million.

use usearch::Index;

use super::flat::pages::Pages;
use super::flat::prefetch::prefetch;

/// Stands where a node has fewer links than there is room for.
pub(crate) const NONE: u32 = u32::MAX;

/// Most nodes that a search starts from.
const MAX_ENTRIES: usize = 1_024;

/// Which rows a row is linked to.
#[derive(Debug)]
pub(crate) struct Links {
    /// Room for links per row.
    pub(crate) width: usize,
    /// One stretch of `width` keys per row, the links first and then [`NONE`].
    pub(crate) keys: Pages<u32>,
    /// The rows of the highest levels of the graph, those of the top level first: spread over all
    /// rows and few enough to be looked at one by one. Never empty unless there are no rows.
    pub(crate) entries: Vec<u32>,
}

impl Links {
    /// The links of an index whose keys are the numbers below its size.
    pub(crate) fn of(index: &Index) -> Self {
        let items = index.size();
        // The base level has twice the links of the levels above it.
        let width = 2 * index.connectivity();
        let mut keys = Pages::filled(items * width, NONE);
        let mut found = vec![0; width];
        let mut levels: Vec<(usize, u32)> = Vec::new();
        for (key, links) in (0..).zip(keys.chunks_exact_mut(width)) {
            let count = index.neighbors(u64::from(key), 0).drain_into(&mut found);
            // What was removed keeps its node under a key that is no row's.
            let rows = found[..count].iter().filter(|&&row| row < items as u64);
            for (link, row) in links.iter_mut().zip(rows) {
                *link = *row as u32;
            }
            let level = index.level_of_key(u64::from(key));
            if level > 0 {
                levels.push((level, key));
            }
        }
        Self {
            width,
            keys,
            entries: entries(levels, items),
        }
    }

    /// All of it as numbers, for [`Links::read`].
    pub(crate) fn words(&self) -> impl Iterator<Item = u32> {
        let head = [self.width as u32, self.entries.len() as u32];
        let entries = self.entries.iter().copied();
        head.into_iter()
            .chain(entries)
            .chain(self.keys.iter().copied())
    }

    /// The links that were written as `words`. `None` for numbers that lead to rows that are not there:
    /// a search would panic on its way.
    pub(crate) fn read(words: &[u32]) -> Option<Self> {
        let &[width, entries, ref rest @ ..] = words else {
            return None;
        };
        let width = width as usize;
        let (entries, keys) = rest.split_at_checked(entries as usize)?;
        let items = keys.len().checked_div(width)?;
        let is_row = |key: &u32| (*key as usize) < items;
        let is_link = |key: &u32| *key == NONE || is_row(key);
        let is_sound = items * width == keys.len()
            && entries.is_empty() == (items == 0)
            && entries.iter().all(is_row)
            && keys.iter().all(is_link);
        is_sound.then(|| Self {
            width,
            entries: entries.to_vec(),
            keys: Pages::collect(keys.iter().copied()),
        })
    }

    /// The links of one row.
    pub(crate) fn of_row(&self, key: u32) -> &[u32] {
        let start = key as usize * self.width;
        let links = &self.keys[start..start + self.width];
        let end = links.iter().position(|&link| link == NONE);
        &links[..end.unwrap_or(self.width)]
    }

    /// Asks for the links of a row before they are needed.
    #[inline]
    pub(crate) fn prefetch(&self, key: u32) {
        let start = key as usize * self.width;
        prefetch(&self.keys[start..start + self.width]);
    }

    /// Bytes of all links.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.keys[..])
    }

    /// Number of rows.
    pub(crate) fn items(&self) -> usize {
        self.keys.len() / self.width
    }

    /// The rows that no search can find, however far it looks: those that no chain of links leads to
    /// from a row of the top level, in ascending order.
    pub(crate) fn orphans(&self) -> Vec<u32> {
        let mut is_reached = vec![false; self.items()];
        let mut reached: Vec<u32> = self.entries.first().copied().into_iter().collect();
        for &row in &reached {
            is_reached[row as usize] = true;
        }
        while let Some(row) = reached.pop() {
            for &link in self.of_row(row) {
                if !std::mem::replace(&mut is_reached[link as usize], true) {
                    reached.push(link);
                }
            }
        }
        let rows = (0..).zip(is_reached);
        rows.filter_map(|(row, is_reached)| (!is_reached).then_some(row))
            .collect()
    }
}

/// The rows of as many of the highest levels as stay below [`MAX_ENTRIES`], and of the top level in
/// any case.
fn entries(mut levels: Vec<(usize, u32)>, items: usize) -> Vec<u32> {
    levels.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let Some(&(top, _)) = levels.first() else {
        // All rows are on the base level: there are a handful, or none.
        return (0..).take(items.min(1)).collect();
    };
    let up_to = |lowest: usize| levels.partition_point(|&(level, _)| level >= lowest);
    let lowest = (1..=top).find(|&lowest| up_to(lowest) <= MAX_ENTRIES);
    let count = up_to(lowest.unwrap_or(top)).min(MAX_ENTRIES);
    levels[..count].iter().map(|&(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(width: usize, rows: &[&[u32]], entries: &[u32]) -> Links {
        let padded = |links: &&[u32]| {
            let mut padded = vec![NONE; width];
            padded[..links.len()].copy_from_slice(links);
            padded
        };
        let keys: Vec<u32> = rows.iter().flat_map(padded).collect();
        Links {
            width,
            keys: Pages::collect(keys.into_iter()),
            entries: entries.to_vec(),
        }
    }

    #[test]
    fn orphans_are_what_no_chain_of_links_leads_to() {
        for (case, rows, expected) in [
            ("a ring", &[&[1][..], &[2], &[0]][..], &[][..]),
            ("links go one way", &[&[1], &[2], &[1], &[0]], &[3]),
            ("an island", &[&[1], &[0], &[3], &[2]], &[2, 3]),
            ("a link to itself", &[&[1], &[0], &[2]], &[2]),
            ("alone", &[&[]], &[]),
        ] {
            assert_eq!(links(2, rows, &[0]).orphans(), expected, "{case}");
        }
        assert_eq!(links(2, &[], &[]).orphans(), [0_u32; 0]);
    }

    #[test]
    fn links_are_read_as_written_and_numbers_that_are_no_links_are_refused() {
        let ring = links(2, &[&[1], &[2, 0], &[0]], &[0, 2]);
        let words: Vec<u32> = ring.words().collect();
        let read = Links::read(&words).expect("are links");
        assert_eq!((read.width, &read.entries), (ring.width, &ring.entries));
        assert_eq!(read.keys[..], ring.keys[..]);
        let replaced = |at: usize, word: u32| {
            let mut words = words.clone();
            words[at] = word;
            words
        };
        for (case, words) in [
            ("nothing", Vec::new()),
            ("cut", words[..words.len() - 1].to_vec()),
            ("no width", replaced(0, 0)),
            ("more entries than words", replaced(1, 99)),
            ("no entries", replaced(1, 0)),
            ("an entry that is no row", replaced(2, 3)),
            ("a link that is no row", replaced(4, 3)),
        ] {
            assert!(Links::read(&words).is_none(), "{case}");
        }
    }

    #[test]
    fn entries_are_the_highest_levels_that_are_small_enough() {
        let mut levels: Vec<(usize, u32)> = (0..2_000).map(|row| (1, row)).collect();
        levels.extend((2_000..2_100).map(|row| (2, row)));
        levels.push((3, 2_100));
        let found = entries(levels.clone(), 40_000);
        assert_eq!(found.len(), 101);
        assert_eq!(found[0], 2_100, "the top level is first");
        levels.truncate(500);
        assert_eq!(entries(levels, 40_000).len(), 500);
        assert_eq!(entries(Vec::new(), 10), [0]);
        assert_eq!(entries(Vec::new(), 0), [0_u32; 0]);
    }
}
