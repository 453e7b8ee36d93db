//! The merge policy played on segments that hold nothing: hours of service in a second.
//!
//! A policy decides by numbers of documents alone, so those are enough to know how many segments it
//! leaves and how much it rewrites. What searches feel of it is measured, not played.

use rand::RngExt;
use tantivy::Index;
use tantivy::index::{SegmentId, SegmentMeta};
use tantivy::merge_policy::MergePolicy as _;
use tantivy::schema::Schema;

use crate::random::Stream;
use crate::text::policy::Merging;

/// Documents that one thread merges per second, rounded down from what it did here.
const MERGED_PER_SECOND: f64 = 100_000.0;

/// Threads that the engine merges with.
const MERGING_THREADS: usize = 4;

/// Commits with which the documents come that are there from the start.
const LOADING_COMMITS: usize = 20;

/// How an index is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// Documents at the start.
    pub(crate) documents: usize,
    /// Whether each written document replaces another, or is one more.
    pub(crate) replaces: bool,
    /// Documents written between two commits.
    pub(crate) batch: usize,
    pub(crate) commits_per_second: f64,
    pub(crate) commits: usize,
}

/// What a policy did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Played {
    /// Most segments after any commit.
    pub(crate) most: usize,
    /// Median number of segments after a commit.
    pub(crate) median: usize,
    /// How often every document was written in all.
    pub(crate) amplification: f64,
    /// Mean share of deleted documents.
    pub(crate) deleted: f64,
}

/// Plays `merging` for as long as `service` goes on.
pub(crate) fn play(merging: &Merging, service: &Service) -> Played {
    let mut stage = Stage::new(merging);
    if service.documents > 0 {
        for _ in 0..LOADING_COMMITS {
            stage.commit(service.documents.div_ceil(LOADING_COMMITS));
            stage.wait(f64::INFINITY);
        }
    }
    (stage.written, stage.rewritten) = (0, 0);
    let mut segments = Vec::with_capacity(service.commits);
    let mut deleted = 0.0;
    for _ in 0..service.commits {
        stage.wait(stage.now + 1.0 / service.commits_per_second);
        if service.replaces {
            stage.delete(service.batch);
        }
        stage.commit(service.batch);
        segments.push(stage.segments.len());
        deleted += stage.deleted();
    }
    segments.sort_unstable();
    Played {
        most: segments.last().copied().unwrap_or_default(),
        median: segments[segments.len() / 2],
        amplification: (stage.written + stage.rewritten) as f64 / stage.written as f64,
        deleted: deleted / service.commits as f64,
    }
}

/// Segments without contents, and the merges that are going on.
struct Stage {
    policy: tantivy::merge_policy::LogMergePolicy,
    /// Makes segments known to the engine; holds none.
    index: Index,
    segments: Vec<Segment>,
    merges: Vec<Merge>,
    /// When each thread has nothing left to do, in seconds.
    idle_from: [f64; MERGING_THREADS],
    now: f64,
    random: rand_pcg::Pcg64Mcg,
    written: u64,
    rewritten: u64,
}

struct Segment {
    meta: SegmentMeta,
    is_merging: bool,
}

struct Merge {
    segments: Vec<SegmentId>,
    end: f64,
}

impl Stage {
    fn new(merging: &Merging) -> Self {
        Self {
            policy: merging.policy(),
            index: Index::create_in_ram(Schema::builder().build()),
            segments: Vec::new(),
            merges: Vec::new(),
            idle_from: [0.0; MERGING_THREADS],
            now: 0.0,
            random: Stream::named("text/rehearsal").piece(0),
            written: 0,
            rewritten: 0,
        }
    }

    fn commit(&mut self, documents: usize) {
        self.written += documents as u64;
        self.add(documents as u32);
        self.consider();
    }

    fn add(&mut self, documents: u32) {
        let id = SegmentId::generate_random();
        self.segments.push(Segment {
            meta: self.index.new_segment_meta(id, documents),
            is_merging: false,
        });
    }

    /// Deletes that many documents, spread over the segments as they are.
    fn delete(&mut self, documents: usize) {
        let all: u32 = self.segments.iter().map(|s| s.meta.num_docs()).sum();
        for segment in &mut self.segments {
            let meta = &segment.meta;
            let share = documents as f64 * f64::from(meta.num_docs()) / f64::from(all);
            let whole = share as u32 + u32::from(self.random.random_bool(share.fract()));
            let deleted = (meta.num_deleted_docs() + whole).min(meta.max_doc());
            segment.meta = meta.clone().with_delete_meta(deleted, 0);
        }
    }

    fn deleted(&self) -> f64 {
        let sum = |of: &dyn Fn(&SegmentMeta) -> u32| -> f64 {
            self.segments.iter().map(|s| f64::from(of(&s.meta))).sum()
        };
        sum(&SegmentMeta::num_deleted_docs) / sum(&SegmentMeta::max_doc)
    }

    /// Asks the policy, as the engine does after every change.
    fn consider(&mut self) {
        let free = self.segments.iter().filter(|segment| !segment.is_merging);
        let free: Vec<SegmentMeta> = free.map(|segment| segment.meta.clone()).collect();
        if let [only] = free.as_slice()
            && only.num_deleted_docs() == 0
        {
            return;
        }
        for candidate in self.policy.compute_merge_candidates(&free) {
            let mut documents = 0;
            for segment in &mut self.segments {
                if candidate.0.contains(&segment.meta.id()) {
                    segment.is_merging = true;
                    documents += u64::from(segment.meta.num_docs());
                }
            }
            self.rewritten += documents;
            let thread = self.idle_from.iter_mut().min_by(|a, b| a.total_cmp(b));
            let end = thread.map_or(self.now, |idle_from| {
                *idle_from = self.now.max(*idle_from) + documents as f64 / MERGED_PER_SECOND;
                *idle_from
            });
            self.merges.push(Merge {
                segments: candidate.0,
                end,
            });
        }
    }

    /// Lets merges end, and those that they lead to, until the moment `until` or until there are
    /// none.
    fn wait(&mut self, until: f64) {
        while let Some(next) = self
            .next_end()
            .filter(|&next| self.merges[next].end <= until)
        {
            let merge = self.merges.swap_remove(next);
            self.now = merge.end;
            let (merged, left): (Vec<_>, Vec<_>) = self
                .segments
                .drain(..)
                .partition(|segment| merge.segments.contains(&segment.meta.id()));
            self.segments = left;
            let documents: u32 = merged.iter().map(|s| s.meta.num_docs()).sum();
            if documents > 0 {
                self.add(documents);
            }
            self.consider();
        }
        if until.is_finite() {
            self.now = until;
        }
    }

    fn next_end(&self) -> Option<usize> {
        (0..self.merges.len()).min_by(|&a, &b| self.merges[a].end.total_cmp(&self.merges[b].end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLACING: Service = Service {
        documents: 100_000,
        replaces: true,
        batch: 250,
        commits_per_second: 10.0,
        commits: 1_000,
    };

    #[test]
    fn a_play_is_the_same_every_time() {
        assert_eq!(
            play(&Merging::ENGINE, &REPLACING),
            play(&Merging::ENGINE, &REPLACING)
        );
    }

    #[test]
    fn without_merges_every_commit_leaves_a_segment() {
        let never = Merging {
            factor: 1_000_000,
            ..Merging::ENGINE
        };
        let service = Service {
            replaces: false,
            ..REPLACING
        };
        assert_eq!(
            play(&never, &service),
            Played {
                most: 1_020,
                median: 521,
                amplification: 1.0,
                deleted: 0.0
            }
        );
    }

    #[test]
    fn merging_pairs_counts_like_a_binary_number() {
        let pairs = Merging {
            factor: 2,
            smallest_level: 1,
            ..Merging::ENGINE
        };
        let service = Service {
            documents: 0,
            replaces: false,
            batch: 64,
            commits: 1_024,
            ..REPLACING
        };
        let played = play(&pairs, &service);
        // Ten levels rewrite every document, but for the last commit: it has started the merge of two
        // segments of one batch, and those of 2 to 512 batches are yet to come.
        let rewritten = 10.0 * 1_024.0 - f64::from(2_048 - 4);
        assert_eq!(
            played.amplification.to_bits(),
            (1.0 + rewritten / 1_024.0).to_bits()
        );
        assert_eq!((played.most, played.deleted.to_bits()), (11, 0));
    }
}
