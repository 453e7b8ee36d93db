//! Many small sets, one after the other in one piece of memory.

/// A creator. Sixteen bits are enough for 65,536 of them, and keep the creators of a million items in
/// the second-level cache.
pub type Creator = u16;

/// Lists of members by number, as one array of members and one of starts.
pub(crate) struct Lists<T> {
    /// Where each list starts, and where the last one ends.
    starts: Vec<u32>,
    members: Vec<T>,
}

impl<T: Copy> Lists<T> {
    /// No lists.
    pub(crate) fn new() -> Self {
        Self {
            starts: vec![0],
            members: Vec::new(),
        }
    }

    /// Adds a list behind the others.
    ///
    /// # Panics
    /// When all of them together have 2^32 members or more.
    pub(crate) fn push(&mut self, list: &[T]) {
        self.members.extend_from_slice(list);
        let end = u32::try_from(self.members.len());
        self.starts
            .push(end.expect("starts are numbered with 32 bits"));
    }

    /// The same lists without memory for more.
    pub(crate) fn complete(mut self) -> Self {
        self.starts.shrink_to_fit();
        self.members.shrink_to_fit();
        self
    }

    /// The members of the list `number`; none for a number that is not known.
    pub(crate) fn get(&self, number: usize) -> &[T] {
        match self.starts.get(number..=number.saturating_add(1)) {
            Some(&[start, end]) => &self.members[start as usize..end as usize],
            _ => &[],
        }
    }

    /// Number of lists.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Memory in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.starts.capacity() * size_of::<u32>() + self.members.capacity() * size_of::<T>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stay_apart() {
        let mut lists = Lists::new();
        assert!(lists.get(0).is_empty());
        for list in [&[1_u16, 2][..], &[], &[3]] {
            lists.push(list);
        }
        let lists = lists.complete();
        assert_eq!(lists.len(), 3);
        for (number, expected) in [
            (0, &[1, 2][..]),
            (1, &[]),
            (2, &[3]),
            (3, &[]),
            (usize::MAX, &[]),
        ] {
            assert_eq!(lists.get(number), expected, "list {number}");
        }
        assert_eq!(lists.bytes(), 4 * 4 + 3 * 2);
    }
}
