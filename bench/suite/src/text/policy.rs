//! When segments are merged: the knobs of the engine's policy, and what was chosen for them.

use std::fmt;

use bench_harness::{Context, Recipe};
use tantivy::merge_policy::LogMergePolicy;

/// Name of the setting that a plant may override: [`Merging::factor`].
pub(crate) const FACTOR: &str = "merge_factor";

/// Segments are sorted into levels by their size; a level with enough segments is merged into one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Merging {
    /// Segments of a level before they are merged.
    pub(crate) factor: usize,
    /// Segments with fewer documents count as having this many, so that they are one level.
    pub(crate) smallest_level: u32,
    /// Width of a level: the binary logarithm of the ratio of its largest to its smallest segment.
    pub(crate) width: f64,
    /// Segments with more documents are left alone.
    pub(crate) largest: usize,
    /// Share of a segment's documents that may be deleted before its level is merged anyway, above
    /// 0 and at most 1.
    pub(crate) deleted: f32,
}

impl Merging {
    /// What the engine does unless told otherwise.
    pub(crate) const ENGINE: Self = Self {
        factor: 8,
        smallest_level: 10_000,
        width: 0.75,
        largest: 10_000_000,
        deleted: 1.0,
    };

    /// What was chosen: of what keeps below 20 segments however the index is written, a policy that
    /// rewrites little. See `docs/tuning.md`.
    pub(crate) const TUNED: Self = Self {
        factor: 4,
        smallest_level: 1_000,
        width: 1.5,
        largest: 10_000_000,
        deleted: 0.5,
    };

    /// What was chosen, but for what was planted.
    pub(crate) fn of(context: &Context) -> Self {
        Self {
            factor: context.setting(FACTOR, Self::TUNED.factor),
            ..Self::TUNED
        }
    }

    /// The engine's policy with these knobs.
    pub(crate) fn policy(&self) -> LogMergePolicy {
        let mut policy = LogMergePolicy::default();
        policy.set_min_num_segments(self.factor);
        policy.set_min_layer_size(self.smallest_level);
        policy.set_level_log_size(self.width);
        policy.set_max_docs_before_merge(self.largest);
        policy.set_del_docs_ratio_before_merge(self.deleted);
        policy
    }

    /// The knobs, as an ingredient of what is built with them.
    pub(crate) fn recipe(&self) -> Recipe {
        Recipe::new("merging by level")
            .with("factor", self.factor)
            .with("smallest level", self.smallest_level)
            .with("width", self.width)
            .with("largest", self.largest)
            .with("deleted", self.deleted)
    }
}

impl fmt::Display for Merging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of a level, {} up, 2^{} wide, {} deleted",
            self.factor, self.smallest_level, self.width, self.deleted
        )
    }
}

#[cfg(test)]
mod tests {
    use bench_harness::Tier;
    use bench_harness::cache::Cache;

    use super::*;

    #[test]
    fn only_the_factor_is_planted() {
        let context = Context::new(Tier::Tiny, &Cache::at("unused"));
        assert_eq!(Merging::of(&context), Merging::TUNED);
        let context = context.with_settings([(FACTOR.to_owned(), 16)].into());
        let expected = Merging {
            factor: 16,
            ..Merging::TUNED
        };
        assert_eq!(Merging::of(&context), expected);
    }

    #[test]
    fn the_engine_would_do_what_we_think() {
        // Its knobs are private; but they show.
        let engine = format!("{:?}", LogMergePolicy::default());
        assert_eq!(engine, format!("{:?}", Merging::ENGINE.policy()));
    }
}
