//! The scenarios `text/index/*`: what writing an index takes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bench_harness::processor::processor_time;
use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{
    DeclaredMetric, Direction, Kind, MetricName, MetricValue, Name, Param, Unit,
};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, WrongAnswer,
};
use tantivy::merge_policy::NoMergePolicy;
use tantivy::{Index, IndexWriter, ReloadPolicy, Searcher};

use super::asking::{Questions, wrong};
use super::corpus::Corpus;
use super::queries::TWO_TERMS;
use super::schema::{Fields, builder, prose};
use super::truth::TruthFiles;
use crate::random::SEED;

/// Memory of all indexing threads together, unless a scenario is about it: above the largest input, so that
/// every thread leaves one segment.
const BUDGET_BYTES: usize = 256 << 20;

/// Most documents of the scenarios that are about memory: more than a heap of 50 MB holds, which is above
/// 100,000.
const MOST_ITEMS: usize = 250_000;

/// Documents that are added before the measured ones, so that the threads are there.
const WARM_UP: usize = 100;

/// Bytes per document while it is held as text, and in the index.
const BYTES_PER_DOCUMENT: usize = 800;

/// Adds documents and commits them, with that many indexing threads.
#[derive(Debug)]
pub(crate) struct Indexing {
    pub(crate) id: &'static str,
    pub(crate) threads: usize,
    /// Memory of each thread; `None` for as much as all documents need.
    pub(crate) heap_bytes: Option<usize>,
    pub(crate) smallest_tier: Tier,
}

const fn with_heap(id: &'static str, megabytes: usize, threads: usize, tier: Tier) -> Indexing {
    Indexing {
        id,
        threads,
        heap_bytes: Some(megabytes * 1_000_000),
        smallest_tier: tier,
    }
}

/// The scenarios.
pub(crate) static INDEXING: [Indexing; 8] = [
    Indexing {
        id: "text/index/threads=1",
        threads: 1,
        heap_bytes: None,
        smallest_tier: Tier::Pr,
    },
    Indexing {
        id: "text/index/threads=2",
        threads: 2,
        heap_bytes: None,
        smallest_tier: Tier::Pr,
    },
    with_heap("text/index/heap=15mb", 15, 1, Tier::Pr),
    with_heap("text/index/heap=50mb", 50, 1, Tier::Nightly),
    with_heap("text/index/heap=200mb", 200, 1, Tier::Pr),
    with_heap("text/index/heap=15mb-threads=2", 15, 2, Tier::Nightly),
    with_heap("text/index/heap=50mb-threads=2", 50, 2, Tier::Nightly),
    with_heap("text/index/heap=200mb-threads=2", 200, 2, Tier::Nightly),
];

impl Indexing {
    /// A tenth of what the tier searches: indexing all of it takes longer than a repetition may. Where
    /// segments are cut by memory, half of it, as far as it goes.
    fn items(&self, tier: Tier) -> usize {
        match self.heap_bytes {
            None => tier.items() / 10,
            Some(_) => (tier.items() / 2).min(MOST_ITEMS),
        }
    }

    /// Memory of all threads.
    fn budget_bytes(&self) -> usize {
        let heaps = self.heap_bytes.map(|heap| heap * self.threads);
        heaps.unwrap_or(BUDGET_BYTES)
    }
}

impl Scenario for Indexing {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        if self.heap_bytes.is_some() {
            return "Adds documents of about 40 terms to an empty index and commits them once, with little \
                    or much memory for each indexing thread. \
                    A thread whose memory is full writes a segment and begins another. Little memory fits \
                    the caches and leaves many `segments`, which searches pay for until they are merged; \
                    nothing is merged here. \
                    Read throughput, `segments` and `peak_rss` together over 15, 50 and 200 MB: more \
                    memory is worth it as long as the first grows or the second falls. With one thread \
                    `segments` is exact; with two it depends on who takes which document. The other \
                    figures are those of `text/index/threads=1`.";
        }
        "Adds documents of about 40 terms to an empty index and commits them once. \
         `throughput` is documents per second including the commit, `text_rate` the same in bytes \
         of text, `cpu_per_document` what all threads together spent on each, and \
         `bytes_per_document` what each became. \
         The index is in memory, so that the disk is not part of it, and every indexing thread \
         leaves one segment, so that merging is not either: that is `text/merging`. \
         One thread hands documents over and the indexing threads take them from a queue, so \
         `latency` is that of handing over: microseconds, until the queue is full; the last one is \
         the commit. Read throughput and processor time together: two threads that index faster for \
         twice the time each are no gain beside searches."
    }

    fn smallest_tier(&self) -> Tier {
        self.smallest_tier
    }

    fn layer(&self) -> Layer {
        Layer::Engine
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        let mut params = BTreeMap::from([
            (name("items"), integer(self.items(tier))),
            (name("threads"), integer(self.threads)),
            (name("seed"), integer(SEED as usize)),
        ]);
        let heap = self.heap_bytes.map(integer);
        params.extend(heap.map(|bytes| (name("heap_bytes"), bytes)));
        params
    }

    fn input(&self, tier: Tier) -> Recipe {
        TWO_TERMS.recipe(self.items(tier))
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        vec![Box::new(TruthFiles::of(self.items(tier)))]
    }

    fn needs(&self, tier: Tier) -> Needs {
        Needs::memory((self.items(tier) * BYTES_PER_DOCUMENT + self.budget_bytes()) as u64)
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let value = |name, unit, direction| metric(name, Kind::Value, unit, direction);
        let mut metrics = vec![
            value("text_rate", Unit::PerSecond, Direction::Higher),
            value("cpu_per_document", Unit::Nanoseconds, Direction::Lower),
            value("bytes_per_document", Unit::Bytes, Direction::Lower),
        ];
        if self.heap_bytes.is_some() {
            metrics.push(value("segments", Unit::Count, Direction::Lower));
        }
        metrics
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let items = self.items(context.tier());
        let corpus = Corpus::new();
        let index = builder().create_in_ram()?;
        let fields = Fields::of(&index)?;
        let writer: IndexWriter =
            index.writer_with_num_threads(self.threads, self.budget_bytes())?;
        // Merging is another scenario's, and would race with the commit.
        writer.set_merge_policy(Box::new(NoMergePolicy));
        Ok(Box::new(Loaded {
            texts: (0..items as u64)
                .map(|id| prose(&corpus.document(id)))
                .collect(),
            writer,
            counts_segments: self.heap_bytes.is_some(),
            questions: Questions::load(context, items, &TWO_TERMS, fields)?,
            index,
            fields,
            cpu: processor_time(),
            start: Instant::now(),
            took: None,
            failures: 0,
        }))
    }
}

struct Loaded {
    index: Index,
    writer: IndexWriter,
    /// Whether the number of segments is a figure: else it is that of the threads.
    counts_segments: bool,
    fields: Fields,
    texts: Vec<String>,
    questions: Questions,
    /// Processor time of this process up to the first document.
    cpu: Duration,
    /// When the first measured document was added.
    start: Instant,
    /// Wall time of the measured documents, and processor time of all.
    took: Option<(Duration, Duration)>,
    /// Documents and commits that the engine refused.
    failures: usize,
}

impl Loaded {
    fn searcher(&self) -> tantivy::Result<Searcher> {
        let reader = self.index.reader_builder();
        let reader = reader.reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(reader.searcher())
    }
}

impl Subject for Loaded {
    fn warm_up(&self) -> usize {
        WARM_UP
    }

    fn operations(&self) -> usize {
        self.texts.len() - WARM_UP
    }

    fn differs(&self) -> bool {
        // From some document on the queue is full.
        true
    }

    fn operate(&mut self, index: usize) -> u64 {
        if index == WARM_UP {
            self.start = Instant::now();
        }
        let document = self.fields.document(index as u64, &self.texts[index]);
        let mut outcome = self.writer.add_document(document);
        if index + 1 == self.texts.len() {
            outcome = outcome.and_then(|_| self.writer.commit());
            self.took = Some((
                self.start.elapsed(),
                processor_time().saturating_sub(self.cpu),
            ));
        }
        outcome.unwrap_or_else(|_| {
            self.failures += 1;
            0
        })
    }

    fn check(&mut self) -> Result<(), WrongAnswer> {
        if self.failures > 0 {
            let found = format!("{} failed", self.failures);
            return Err(wrong("documents".into(), found, "none".into()));
        }
        let searcher = self
            .searcher()
            .map_err(|error| wrong("the index".into(), error.to_string(), "opens".into()))?;
        self.questions.check_answers(&searcher)
    }

    fn report(&mut self) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        let documents = self.texts.len() as f64;
        let searcher = self.searcher()?;
        let bytes = searcher.space_usage()?.total().get_bytes();
        let mut values = vec![("bytes_per_document", bytes as f64 / documents)];
        if let Some((wall, cpu)) = self.took {
            let text: usize = self.texts[WARM_UP..].iter().map(String::len).sum();
            values.push(("text_rate", text as f64 / wall.as_secs_f64()));
            values.push(("cpu_per_document", cpu.as_nanos() as f64 / documents));
        }
        if self.counts_segments {
            let segments = searcher.segment_readers().len();
            values.push(("segments", segments as f64));
        }
        Ok(values
            .into_iter()
            .map(|(text, value)| (name(text), MetricValue::Value(value)))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;
    use bench_harness::prepare::prepare;

    use super::*;
    use crate::text::truth::{Expected, load, save};

    #[test]
    fn what_was_indexed_answers_as_the_model_does_and_a_changed_truth_is_noticed() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        let context = Context::new(Tier::Smoke, &cache);
        let indexed = |scenario: &Indexing| {
            let mut subject = scenario.load(&context).expect("loads");
            for index in 0..subject.warm_up() + subject.operations() {
                subject.operate(index);
            }
            subject
        };
        for scenario in &INDEXING {
            prepare(scenario, Tier::Smoke, &cache).expect("prepares");
            let mut subject = indexed(scenario);
            assert_eq!(subject.check(), Ok(()), "{}", scenario.id);
            let reported = subject.report().expect("reports");
            let mut names: Vec<&str> = reported.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            let declared = scenario.metrics();
            let mut declared: Vec<&str> = declared.iter().map(|one| one.name.as_str()).collect();
            declared.sort_unstable();
            assert_eq!(names, declared, "{}", scenario.id);
            let segments = reported
                .iter()
                .find(|(name, _)| name.as_str() == "segments");
            match (scenario.id, segments) {
                ("text/index/threads=1" | "text/index/threads=2", None) => {}
                // Before 5,000 documents are in, a small heap is full.
                ("text/index/heap=15mb", Some((_, MetricValue::Value(segments)))) => {
                    assert!(*segments > 1.0, "{segments}");
                }
                // One of the threads may get to more documents than fill its share.
                ("text/index/heap=15mb-threads=2", Some((_, MetricValue::Value(segments)))) => {
                    assert!((1.0..=3.0).contains(segments), "{segments}");
                }
                (_, Some((_, MetricValue::Value(segments)))) => {
                    assert!(*segments <= scenario.threads as f64, "{}", scenario.id);
                }
                other => panic!("{}: {other:?}", scenario.id),
            }
        }
        let path = TruthFiles::of(INDEXING[0].items(Tier::Smoke)).path(&context, &TWO_TERMS);
        let path = path.expect("is there");
        let truth = load(&path).expect("is whole");
        let often = truth
            .iter()
            .position(|expected| !expected.scores.is_empty())
            .expect("some query has a hit");
        let more_hits = |expected: &mut Expected| expected.hits += 1;
        let other_scores = |expected: &mut Expected| expected.scores[0] *= 1.01;
        for change in [more_hits as fn(&mut Expected), other_scores] {
            let mut changed = truth.clone();
            change(&mut changed[often]);
            save(&path, &changed).expect("is writable");
            assert!(indexed(&INDEXING[0]).check().is_err());
        }
    }
}
