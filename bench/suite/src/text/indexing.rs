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
use tantivy::{Index, IndexWriter, ReloadPolicy, Searcher};

use super::asking::{Questions, wrong};
use super::corpus::Corpus;
use super::queries::TWO_TERMS;
use super::schema::{Fields, builder, prose};
use super::truth::TruthFiles;
use crate::random::SEED;

/// Memory of all indexing threads together: above the largest input, so that every thread leaves one
/// segment.
const BUDGET_BYTES: usize = 256 << 20;

/// Documents that are added before the measured ones, so that the threads are there.
const WARM_UP: usize = 100;

/// Bytes per document while it is held as text, and in the index.
const BYTES_PER_DOCUMENT: usize = 800;

/// Adds documents and commits them, with that many indexing threads.
#[derive(Debug)]
pub(crate) struct Indexing {
    pub(crate) id: &'static str,
    pub(crate) threads: usize,
}

/// The scenarios.
pub(crate) static INDEXING: [Indexing; 2] = [
    Indexing {
        id: "text/index/threads=1",
        threads: 1,
    },
    Indexing {
        id: "text/index/threads=2",
        threads: 2,
    },
];

/// A tenth of what the tier searches: indexing all of it takes longer than a repetition may.
fn items(tier: Tier) -> usize {
    tier.items() / 10
}

impl Scenario for Indexing {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
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
        Tier::Pr
    }

    fn layer(&self) -> Layer {
        Layer::Engine
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        BTreeMap::from([
            (name("items"), integer(items(tier))),
            (name("threads"), integer(self.threads)),
            (name("seed"), integer(SEED as usize)),
        ])
    }

    fn input(&self, tier: Tier) -> Recipe {
        TWO_TERMS.recipe(items(tier))
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        vec![Box::new(TruthFiles::of(items(tier)))]
    }

    fn needs(&self, tier: Tier) -> Needs {
        Needs::memory((items(tier) * BYTES_PER_DOCUMENT + BUDGET_BYTES) as u64)
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let value = |name, unit, direction| metric(name, Kind::Value, unit, direction);
        vec![
            value("text_rate", Unit::PerSecond, Direction::Higher),
            value("cpu_per_document", Unit::Nanoseconds, Direction::Lower),
            value("bytes_per_document", Unit::Bytes, Direction::Lower),
        ]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let items = items(context.tier());
        let corpus = Corpus::new();
        let index = builder().create_in_ram()?;
        let fields = Fields::of(&index)?;
        Ok(Box::new(Loaded {
            texts: (0..items as u64)
                .map(|id| prose(&corpus.document(id)))
                .collect(),
            writer: index.writer_with_num_threads(self.threads, BUDGET_BYTES)?,
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
        let bytes = self.searcher()?.space_usage()?.total().get_bytes();
        let mut values = vec![("bytes_per_document", bytes as f64 / documents)];
        if let Some((wall, cpu)) = self.took {
            let text: usize = self.texts[WARM_UP..].iter().map(String::len).sum();
            values.push(("text_rate", text as f64 / wall.as_secs_f64()));
            values.push(("cpu_per_document", cpu.as_nanos() as f64 / documents));
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
    use crate::text::truth::{Expected, TOP, load, save};

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
            let names: Vec<&str> = reported.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(
                names,
                ["bytes_per_document", "text_rate", "cpu_per_document"]
            );
        }
        let path = TruthFiles::of(items(Tier::Smoke)).path(&context, &TWO_TERMS);
        let path = path.expect("is there");
        let truth = load(&path).expect("is whole");
        // The number of scores on disk follows from the hits, up to the limit.
        let often = truth
            .iter()
            .position(|expected| expected.hits as usize >= TOP)
            .expect("some query hits often");
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
