//! How many are inside the index at the same time.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::CollectionError;

/// Counts callers. usearch refuses one too many with a message about capacity, in the middle of its
/// work; this says so at the door.
#[derive(Debug)]
pub(super) struct Callers {
    inside: AtomicUsize,
    most: usize,
}

impl Callers {
    pub(super) fn at_most(most: usize) -> Self {
        Self {
            inside: AtomicUsize::new(0),
            most,
        }
    }

    /// Most callers at the same time.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Lets one more in, until the answer is dropped.
    ///
    /// # Errors
    /// [`CollectionError::Busy`] when as many are inside as may be.
    pub(super) fn enter(&self) -> Result<Caller<'_>, CollectionError> {
        let one_more = |inside| (inside < self.most).then_some(inside + 1);
        let entered = self
            .inside
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, one_more);
        match entered {
            Ok(_) => Ok(Caller(self)),
            Err(_) => Err(CollectionError::Busy { most: self.most }),
        }
    }
}

/// One who is inside.
#[derive(Debug)]
pub(super) struct Caller<'c>(&'c Callers);

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_stays_outside_until_another_leaves() {
        let callers = Callers::at_most(2);
        let first = callers.enter().expect("there is room");
        let second = callers.enter().expect("there is room");
        for _ in 0..3 {
            assert!(matches!(
                callers.enter(),
                Err(CollectionError::Busy { most: 2 })
            ));
        }
        drop(first);
        let third = callers.enter().expect("there is room again");
        assert!(callers.enter().is_err());
        drop((second, third));
        assert_eq!(callers.inside.into_inner(), 0);
    }
}
