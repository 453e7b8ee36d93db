//! An index in service that is watched: what its searches and commits take, and how many segments
//! they meet.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bench_harness::memory::resident_bytes;
use bench_harness::recorder::Recorder;
use bench_harness::schema::{MetricName, MetricValue, Series};
use bench_harness::watch::Watch;
use bench_harness::{Context, Failure, WrongAnswer};
use tantivy::{Score, TantivyError};

use super::asking::{Questions, scores, wrong};
use super::corpus::{Corpus, QUERIES};
use super::index::IndexFiles;
use super::live::Live;
use super::policy::Merging;
use super::queries::Family;
use super::schema::prose;
use super::steady::steady_from;
use super::truth::TOP;
use crate::leak::Leak;
use crate::random::Stream;

/// Different documents that are replaced, one after the other and around again.
pub(crate) const REPLACED: usize = 50_000;

/// Searches before anything is written: what a p99 needs.
const IDLE: usize = 10_000;

/// Relative difference allowed between a score and the true one. Replaced documents count in the
/// frequencies of terms until their segment is merged: a term whose only document counts twice among
/// twice as many documents weighs the same, and one that is not replaced meanwhile a tenth more.
const PRECISION: Score = 0.1;

/// Searches and writes on one index.
pub(crate) struct Watched {
    live: Live,
    questions: Questions,
    /// Replaced by themselves, so that every commit has the same true answers.
    documents: Vec<(u64, String)>,
    items: usize,
    /// Searches before anything was written.
    idle: Recorder,
    /// Searches since, without those that only warm up.
    busy: Mutex<Recorder>,
    seen: Mutex<Seen>,
    /// Segments after each commit that ran in.
    ran_in: Vec<usize>,
    /// Segments after each commit since, over time.
    segments: Watch,
    /// What was resident meanwhile, by documents replaced.
    memory: Leak,
    /// Searches and commits that the engine refused.
    failures: AtomicUsize,
    /// Searches that began while segments were being merged.
    beside_merges: AtomicUsize,
}

/// What was seen after each commit, in their order.
#[derive(Default)]
struct Seen {
    commits: Vec<Duration>,
    segments: Vec<usize>,
    /// Commits with other than all documents.
    torn: usize,
}

/// What was seen in all.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Searches before anything was written.
    pub(crate) idle: Recorder,
    /// Searches since.
    pub(crate) busy: Recorder,
    /// Share of those that began while segments were being merged.
    pub(crate) beside_merges: f64,
    /// Most segments after any commit.
    pub(crate) most: usize,
    /// Median number of segments after a commit.
    pub(crate) median: usize,
    /// The commit from which on their number was steady, of those that ran in; `None` when there were too
    /// few to tell.
    pub(crate) steady_from: Option<usize>,
    /// How often every byte was written in all.
    pub(crate) amplification: f64,
    /// Mean and longest time of a commit, from the last document on until searches see it.
    pub(crate) commit: Duration,
    pub(crate) longest_commit: Duration,
}

impl Watched {
    /// Starts from the prepared index of the first `items` documents, and searches it before
    /// anything is written.
    pub(crate) fn start(
        context: &Context,
        files: &IndexFiles,
        family: &Family,
        merging: &Merging,
    ) -> Result<Self, Failure> {
        let items = files.items();
        let live = Live::start(&context.prepared(files)?, merging)?;
        let questions = Questions::load(context, items, family, live.fields)?;
        let mut watched = Self {
            live,
            questions,
            documents: replaced(items),
            items,
            idle: Recorder::new(),
            busy: Mutex::default(),
            seen: Mutex::default(),
            ran_in: Vec::new(),
            segments: Watch::default(),
            memory: Leak::of(resident_bytes),
            failures: AtomicUsize::new(0),
            beside_merges: AtomicUsize::new(0),
        };
        let mut idle = Recorder::new();
        for index in 0..QUERIES {
            watched.timed(index);
        }
        for index in 0..IDLE {
            idle.record(watched.timed(index));
        }
        watched.idle = idle;
        Ok(watched)
    }

    /// Replaces documents as service will, with all merges in between, until the number of segments is
    /// steady or there are no more `commits`, so that what follows meets an index that has been in service
    /// for long. As fast as it goes, and before the first operation.
    ///
    /// # Errors
    /// Whatever the engine reports.
    pub(crate) fn run_in(&mut self, commits: Range<usize>, batch: usize) -> Result<(), Failure> {
        for commit in 0..commits.end {
            if commit >= commits.start && steady_from(&self.ran_in).is_some() {
                break;
            }
            self.live
                .replace(self.documents(self.ran_in.len(), batch))?;
            self.live.settle()?;
            let segments = self.live.searcher().segment_readers().len();
            self.ran_in.push(segments);
        }
        Ok(())
    }

    /// The documents of the commit number `commit`.
    fn documents(&self, commit: usize, batch: usize) -> impl Iterator<Item = &(u64, String)> {
        let first = commit * batch % self.documents.len();
        self.documents.iter().cycle().skip(first).take(batch)
    }

    /// The operation `index`: one search of what was committed last. Every query is asked once before
    /// searches count.
    pub(crate) fn search(&self, index: usize) -> u64 {
        if index < QUERIES {
            return u64::from(self.timed(index).subsec_nanos());
        }
        if self.live.written.is_merging() {
            self.beside_merges.fetch_add(1, Ordering::Relaxed);
        }
        let elapsed = self.timed(index);
        locked(&self.busy).record(elapsed);
        u64::from(elapsed.subsec_nanos())
    }

    fn timed(&self, index: usize) -> Duration {
        let start = Instant::now();
        let number = self.questions.asked(index);
        if self.questions.ask(&self.live.searcher(), number).is_err() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        start.elapsed()
    }

    /// The commit number `step`: replaces `batch` documents.
    pub(crate) fn write(&self, step: usize, batch: usize) {
        let documents = self.documents(self.ran_in.len() + step, batch);
        let Ok(commit) = self.live.replace(documents) else {
            self.failures.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let searcher = self.live.searcher();
        let segments = searcher.segment_readers().len();
        self.segments.see(step as f64, segments as f64);
        self.memory.look((1 + step) * batch);
        let mut seen = locked(&self.seen);
        seen.commits.push(commit);
        seen.segments.push(segments);
        seen.torn += usize::from(searcher.num_docs() != self.items as u64);
    }

    /// Compares the index with the truth of the documents, once all merges are done, and whether all went
    /// well until now.
    pub(crate) fn check(&self) -> Result<(), WrongAnswer> {
        let failures = self.failures.load(Ordering::Relaxed);
        let torn = locked(&self.seen).torn;
        for (count, place, what) in [
            (failures, "searches and commits", "failed"),
            (torn, "commits", "without some documents"),
        ] {
            if count > 0 {
                let found = format!("{count} {what}");
                return Err(wrong(place.into(), found, "none".into()));
            }
        }
        let failed =
            |error: TantivyError| wrong("the end".into(), error.to_string(), "an answer".into());
        // Whatever is still going on belongs to the commits that it is counted with.
        self.live.settle().map_err(failed)?;
        let searcher = self.live.searcher();
        self.questions.check_hits(&searcher)?;
        for number in 0..QUERIES {
            let answer = self.questions.ask(&searcher, number).map_err(failed)?;
            self.questions
                .check_scores(number, TOP, scores(&answer), PRECISION)?;
        }
        Ok(())
    }

    /// Segments over time; `None` before the first commit.
    pub(crate) fn segments(&self) -> Option<Series> {
        self.segments.series()
    }

    /// Memory over time, and what it grew by per 1,000 documents replaced.
    pub(crate) fn memory(&self) -> Vec<(MetricName, MetricValue)> {
        self.memory.reported()
    }

    /// What was seen up to now; `None` before the first commit.
    pub(crate) fn figures(&self) -> Option<Figures> {
        let seen = locked(&self.seen);
        let busy = copy(&locked(&self.busy));
        let mut segments = seen.segments.clone();
        segments.sort_unstable();
        let sum: Duration = seen.commits.iter().sum();
        let beside = self.beside_merges.load(Ordering::Relaxed) as f64;
        Some(Figures {
            idle: copy(&self.idle),
            beside_merges: beside / busy.count().max(1) as f64,
            busy,
            most: segments.last().copied()?,
            median: segments.get(segments.len() / 2).copied()?,
            steady_from: steady_from(&self.ran_in),
            amplification: self.live.written.amplification(),
            commit: sum / u32::try_from(seen.commits.len()).ok()?,
            longest_commit: seen.commits.iter().max().copied()?,
        })
    }
}

impl Figures {
    /// The p99 of searches beside writes, in those of searches before them.
    pub(crate) fn slowdown(&self) -> f64 {
        let p99 = |recorder: &Recorder| recorder.quantile(0.99).as_secs_f64();
        p99(&self.busy) / p99(&self.idle)
    }
}

fn copy(recorder: &Recorder) -> Recorder {
    let mut copy = Recorder::new();
    copy.absorb(recorder);
    copy
}

fn replaced(items: usize) -> Vec<(u64, String)> {
    let corpus = Corpus::new();
    let ids = Stream::named("text/replaced").shuffled(items);
    ids.into_iter()
        .take(REPLACED)
        .map(|id| (u64::from(id), prose(&corpus.document(u64::from(id)))))
        .collect()
}

/// What a poisoned lock holds is whole: nothing panics half-way through changing it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use bench_harness::Tier;
    use bench_harness::cache::Cache;
    use bench_harness::prepare::prepare;

    use super::*;
    use crate::text::merging::{FAMILY, TextMerging};
    use crate::text::truth::{TruthFiles, load, save};

    #[test]
    fn searches_go_on_beside_commits_and_every_commit_has_the_same_answers() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        prepare(&TextMerging, Tier::Tiny, &cache).expect("prepares");
        let context = Context::new(Tier::Tiny, &cache);
        let files = IndexFiles::of(Tier::Tiny.items());
        let pairs = Merging {
            factor: 2,
            ..Merging::TUNED
        };
        let start = || Watched::start(&context, &files, FAMILY, &pairs).expect("starts");
        let mut watched = start();
        watched.run_in(20..80, 100).expect("runs in");
        let ran_in = watched.ran_in.len();
        assert!((20..80).contains(&ran_in), "{ran_in}");
        assert!(steady_from(&watched.ran_in).is_some());
        assert!(watched.figures().is_none(), "nobody searched beside that");
        for step in 0..10 {
            watched.write(step, 100);
            // One that warms up, and one that counts.
            watched.search(step);
            watched.search(QUERIES + step);
        }
        assert_eq!(watched.check(), Ok(()));
        let figures = watched.figures().expect("ten commits");
        assert_eq!(figures.busy.count(), 10);
        assert!((1..=10).contains(&figures.median), "{figures:?}");
        assert!(figures.most >= figures.median);
        assert!(figures.commit <= figures.longest_commit);
        drop(watched);

        let path = TruthFiles::of(files.items()).path(&context, FAMILY);
        let path = path.expect("is there");
        let mut answers = load(&path).expect("is whole");
        answers[7].scores[0] *= 1.5;
        save(&path, &answers).expect("is writable");
        let wrong = start().check().expect_err("the engine is right");
        assert_eq!(wrong.place, "query 7");
    }
}
