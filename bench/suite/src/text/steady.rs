//! Whether the number of segments is in its steady state.

/// The commit that last left more or fewer segments than any before it, counted from 0, when at least as
/// many commits followed it as came before. Until then a count is still on its way; after that it goes up
/// and down within what it has been through.
pub(crate) fn steady_from(segments: &[usize]) -> Option<usize> {
    let first = *segments.first()?;
    let (mut least, mut most, mut last) = (first, first, 0);
    for (commit, &count) in segments.iter().enumerate() {
        if count < least || count > most {
            last = commit;
        }
        least = least.min(count);
        most = most.max(count);
    }
    (segments.len() - last > last).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_steady_once_it_stays_within_what_it_has_been_through() {
        for (case, segments, expected) in [
            ("no commit", vec![], None),
            ("one commit", vec![3], Some(0)),
            ("always the same", vec![3; 10], Some(0)),
            ("still growing", (3..13).collect(), None),
            (
                "grew until the fourth",
                vec![3, 4, 5, 6, 4, 5, 6, 4],
                Some(3),
            ),
            ("too early to tell", vec![3, 4, 5, 6, 4], None),
            (
                "fewer count as more do",
                vec![6, 4, 5, 6, 3, 4, 5, 4, 5, 4],
                Some(4),
            ),
        ] {
            assert_eq!(steady_from(&segments), expected, "{case}");
        }
    }
}
