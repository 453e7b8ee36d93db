//! The exact search: every row that is kept is compared with the query.

use super::best::{Best, Likely};
use super::codes::{Codes, Query};

/// Rows that are asked for before they are needed: as many as the memory answers at a time.
const AHEAD: usize = 8;

/// Finds the `most` rows among `keys` that are nearest to `query` by their coarse halves.
pub(crate) fn scan(
    codes: &Codes,
    query: &Query,
    most: usize,
    keys: impl Iterator<Item = u32>,
    best: &mut Best,
) {
    best.restart(most);
    let mut compare = |key| {
        let likeness = codes.likeness(query, key);
        if likeness > best.bar() {
            best.offer(Likely { likeness, key });
        }
    };
    // Keys that were asked for and not compared yet, around and around.
    let mut asked = [0; AHEAD];
    let mut count = 0;
    for key in keys {
        codes.prefetch_coarse(key);
        let earlier = std::mem::replace(&mut asked[count % AHEAD], key);
        if count >= AHEAD {
            compare(earlier);
        }
        count += 1;
    }
    let first = count.saturating_sub(AHEAD);
    (first..count).for_each(|number| compare(asked[number % AHEAD]));
}
