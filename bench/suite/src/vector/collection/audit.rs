//! Whether what was just added can be found.
//!
//! usearch can lose links when several threads add at once (unum-cloud/usearch#735): a row is stored, has
//! links of its own, and no other row links to it. Walking the whole graph finds such orphans and takes as
//! long as there are rows, so an audit of a batch looks at its own rows and at those that they link to: rows
//! link to each other when one of them is added, so whoever still links to a row is among those.

use std::collections::BTreeSet;

/// The keys of `added` that nothing leads to from another row that is settled, in ascending order.
///
/// `links` says which keys a key links to, none for one that is not there. `entry` is one of `added` that
/// searches begin at, where there are no other rows than these. A row is settled when it was added before and
/// audited if need be: others may be orphans themselves.
///
/// A row that others link to without being linked to by it is taken for an orphan, which costs adding it
/// again and nothing else.
pub(super) fn orphans(
    added: &BTreeSet<u32>,
    entry: Option<u32>,
    links: impl Fn(u32) -> Vec<u32>,
    is_settled: impl Fn(u32) -> bool,
) -> Vec<u32> {
    // Most rows are linked back to by the first row that they link to, so this looks at little.
    let is_held = |key: u32| {
        let mut others = links(key)
            .into_iter()
            .filter(|&other| !added.contains(&other) && is_settled(other));
        entry == Some(key) || others.any(|other| links(other).contains(&key))
    };
    let (mut found, lost): (Vec<u32>, Vec<u32>) =
        added.iter().copied().partition(|&key| is_held(key));
    if lost.is_empty() {
        return lost;
    }
    let mut lost: BTreeSet<u32> = lost.into_iter().collect();
    // And whatever is linked to by one that is found.
    while let Some(key) = found.pop() {
        for other in links(key) {
            if lost.remove(&other) {
                found.push(other);
            }
        }
    }
    lost.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn orphans_are_what_nothing_leads_to_from_another_row() {
        // Rows from 10 on were there before, those from 20 on are added by others.
        for (case, graph, entry, expected) in [
            (
                "linked by an old row",
                &[(1, &[10][..]), (10, &[1, 11]), (11, &[10])][..],
                None,
                &[][..],
            ),
            (
                "no link back",
                &[(1, &[10]), (10, &[11]), (11, &[10])],
                None,
                &[1],
            ),
            (
                "linked by a new row that is",
                &[(1, &[2, 10]), (2, &[1]), (10, &[1])],
                None,
                &[],
            ),
            (
                "an island of new rows",
                &[(1, &[2, 10]), (2, &[1, 10]), (10, &[11]), (11, &[10])],
                None,
                &[1, 2],
            ),
            (
                "one way between new rows",
                &[(1, &[2, 10]), (2, &[10]), (10, &[1])],
                None,
                &[],
            ),
            ("links of its own alone", &[(1, &[1])], None, &[1]),
            (
                "the first rows of all",
                &[(1, &[2]), (2, &[1, 3]), (3, &[2]), (4, &[2])],
                Some(3),
                &[4],
            ),
            (
                "held by one that may be lost itself",
                &[(1, &[20]), (20, &[1])],
                None,
                &[1],
            ),
            ("no rows", &[], None, &[]),
        ] {
            let graph: BTreeMap<u32, &[u32]> = graph.iter().copied().collect();
            let added = graph.keys().copied().filter(|&key| key < 10).collect();
            let links = |key: u32| graph.get(&key).map_or(Vec::new(), |links| links.to_vec());
            let found = orphans(&added, entry, links, |key| key < 20);
            assert_eq!(found, expected, "{case}");
        }
    }
}
