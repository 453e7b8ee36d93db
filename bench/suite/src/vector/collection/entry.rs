//! What a collection knows of a key.

/// What a user keeps beside a vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// Who made the item.
    pub(crate) creator: u32,
    /// When, in seconds since the epoch.
    pub(crate) published_s: u64,
}

/// The stamp of what nobody may see: it is being inserted or deleted.
const HIDDEN: u64 = u64::MAX;

/// Metadata, and since when the key is visible.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) metadata: Metadata,
    /// Stamps count insertions; [`HIDDEN`] is none.
    stamp: u64,
}

impl Entry {
    pub(super) fn hidden(metadata: Metadata) -> Self {
        Self::visible(metadata, HIDDEN)
    }

    pub(super) fn visible(metadata: Metadata, stamp: u64) -> Self {
        Self { metadata, stamp }
    }

    pub(super) fn is_visible(&self) -> bool {
        self.stamp != HIDDEN
    }

    /// Whether it was there when `stamp` was the latest.
    pub(super) fn is_visible_from(&self, stamp: u64) -> bool {
        self.stamp <= stamp
    }

    pub(super) fn show(&mut self, stamp: u64) {
        self.stamp = stamp;
    }

    /// Hides it and returns its stamp; `None` when it is hidden already.
    pub(super) fn hide(&mut self) -> Option<u64> {
        let stamp = std::mem::replace(&mut self.stamp, HIDDEN);
        (stamp != HIDDEN).then_some(stamp)
    }
}
