//! The scenarios `vector/disk/*`: the signs of rows in memory, the rows themselves on disk.
//!
//! | Part | Holds |
//! |---|---|
//! | `layout` | where a row stands in the file |
//! | `rows` | the file, and reading rows from it |
//! | `device` | what this process had read from disks |
//! | `searcher` | candidates by signs, compared again by what the file holds |

use std::collections::BTreeMap;

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{DeclaredMetric, Direction, Kind, Name, Param, Unit};
use bench_harness::{Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier};
use usearch::{MetricKind, ScalarKind};

use super::asked::{Asked, search_metrics};
use super::collection::warm::Warm;
use super::index::{EXPANSION_SEARCH, IndexFiles};
use super::judge::Judge;
use super::kinds::Reported;
use super::rows::{DIMENSIONS, QUERIES, Rows};
use super::truth::TruthFiles;
use crate::random::SEED;
use layout::Layout;
use rows::RowsFiles;
use searcher::OnDisk;

mod device;
mod layout;
mod rows;
mod searcher;

/// Neighbours that are asked for.
const K: usize = 10;

/// Candidates whose rows are read.
const CANDIDATES: usize = 200;

/// What a search takes that reads all of them from the disk, and drops the pages before.
const COLD_SECONDS: f64 = 0.014;

/// Searching with rows on disk.
#[derive(Debug)]
pub(crate) struct Disk {
    id: &'static str,
    about: &'static str,
    layout: Layout,
    /// Whether the file's pages are dropped before every search.
    is_cold: bool,
    smallest_tier: Tier,
    operations: usize,
}

const WARM: Disk = Disk {
    id: "vector/disk/packed",
    about: "Ten nearest neighbours in two stages: two hundred candidates by the signs of rows, which are \
            all that is in memory, compared again by rows of f32 that are read from a file, one row \
            behind the other. All of the file is in the page cache. \
            The shape of an index that is ten times larger than the memory; here what it costs besides \
            waiting for the disk. \
            rerank is the second stage alone: two hundred reads and as many distances. pages is how many \
            pages of 4 kB a search touches, which does not depend on the machine: a row of 1,536 bytes \
            is in one page or across two. bytes_per_vector is the index of signs as it is saved, which takes \
            half as much again in memory; file_bytes is the file of rows. Compare recall@10 with \
            vector/search/b1-reranked, and latency with vector/disk/aligned.",
    layout: Layout::Packed,
    is_cold: false,
    smallest_tier: Tier::Pr,
    operations: 10_000,
};

const COLD: Disk = Disk {
    id: "vector/disk/packed/cold",
    about: "The searches of vector/disk/packed when none of the file is in memory: its pages are dropped \
            before every search, and the system is told not to read ahead. \
            What a search waits for that finds nothing in the page cache. \
            Read rerank, the second stage without the dropping, which latency includes; 1,000 searches, \
            so that p99 lies between p98.3 and p99.6. device_bytes is what a search had read from the \
            disk; 0 is a wrong answer, because nothing was cold. Compare with \
            vector/disk/aligned/cold.",
    is_cold: true,
    smallest_tier: Tier::Nightly,
    operations: 1_000,
    ..WARM
};

/// All scenarios of the family.
pub(crate) static FAMILY: [Disk; 4] = [
    WARM,
    Disk {
        id: "vector/disk/aligned",
        about: "The searches of vector/disk/packed with a file in which no row is in two pages: two rows \
                to a page of 4 kB, and a quarter of the file empty. \
                What a third more disk buys: pages is the number of candidates here, or less. \
                In the page cache it should buy next to nothing; see vector/disk/aligned/cold.",
        layout: Layout::Aligned,
        smallest_tier: Tier::Nightly,
        ..WARM
    },
    COLD,
    Disk {
        id: "vector/disk/aligned/cold",
        about: "The searches of vector/disk/aligned when none of the file is in memory, as in \
                vector/disk/packed/cold. \
                Rows across two pages take a quarter more bytes from the disk in all, and no second request, \
                because the two stand behind one another. \
                Read rerank and device_bytes beside those of vector/disk/packed/cold: the distance is what \
                the empty quarter of the file is worth.",
        layout: Layout::Aligned,
        ..COLD
    },
];

impl Disk {
    /// Those of `vector/search/b1`, whose index it shares.
    fn rows(tier: Tier) -> Rows {
        Rows {
            items: Warm::tenth(tier).rows.items,
            dimensions: DIMENSIONS,
        }
    }

    fn index(tier: Tier) -> IndexFiles {
        IndexFiles {
            metric: MetricKind::Hamming,
            kind: ScalarKind::B1,
            ..IndexFiles::over(Self::rows(tier))
        }
    }

    fn file(&self, tier: Tier) -> RowsFiles {
        RowsFiles {
            rows: Self::rows(tier),
            layout: self.layout,
        }
    }
}

impl Scenario for Disk {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn smallest_tier(&self) -> Tier {
        self.smallest_tier
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        BTreeMap::from([
            (name("items"), integer(Self::rows(tier).items)),
            (name("dims"), integer(DIMENSIONS)),
            (name("k"), integer(K)),
            (name("layout"), Param::Text(self.layout.to_string())),
            (name("queries"), integer(QUERIES)),
            (name("seed"), integer(SEED as usize)),
        ])
    }

    fn input(&self, tier: Tier) -> Recipe {
        Self::rows(tier).recipe()
    }

    fn layer(&self) -> Layer {
        Layer::Facade
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        let rows = Self::rows(tier);
        vec![
            Box::new(Self::index(tier)),
            Box::new(TruthFiles { rows }),
            Box::new(self.file(tier)),
        ]
    }

    fn needs(&self, tier: Tier) -> Needs {
        // The page cache is given back when others ask for it.
        let needs = Self::index(tier).loaded();
        match self.is_cold {
            true => {
                let searches = (QUERIES + self.operations) as f64;
                needs.with_seconds(COLD_SECONDS * searches)
            }
            false => needs,
        }
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let lower = |name, kind, unit| metric(name, kind, unit, Direction::Lower);
        let mut metrics = search_metrics("recall@10");
        metrics.push(lower("rerank", Kind::Histogram, Unit::Nanoseconds));
        metrics.push(lower("pages", Kind::Value, Unit::Count));
        metrics.push(lower("file_bytes", Kind::Value, Unit::Bytes));
        // Declared only where the system tells: declared and absent would read as missing.
        if self.is_cold && device::read_bytes().is_some() {
            metrics.push(lower("device_bytes", Kind::Value, Unit::Bytes));
        }
        metrics
    }

    fn settings(&self) -> &'static [&'static str] {
        &["expansion", "reranked"]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let expansion = context.setting("expansion", EXPANSION_SEARCH);
        let candidates = context.setting("reranked", CANDIDATES);
        let index = Self::index(tier).load(context, expansion)?;
        let file = self.file(tier).open(context)?;
        let reported = Reported::by(MetricKind::IP, ScalarKind::F32);
        let judge = Judge::of(Self::rows(tier), K, reported, context)?;
        let searcher = OnDisk::new(index, file, candidates, self.is_cold)?;
        let asked = Asked::new(searcher, judge, "recall@10", self.operations);
        Ok(Box::new(asked))
    }
}

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;
    use bench_harness::prepare::prepare;
    use bench_harness::schema::MetricValue;

    use super::*;

    fn value(metrics: &[(Name, MetricValue)], of: &str) -> f64 {
        let found = metrics.iter().find(|(name, _)| name.as_str() == of);
        match found {
            Some((_, MetricValue::Value(value))) => *value,
            other => panic!("{of}: {other:?}"),
        }
    }

    #[test]
    fn what_waits_for_the_disk_says_how_long() {
        for disk in &FAMILY {
            let seconds = disk.needs(Tier::Nightly).seconds;
            let reads = (QUERIES + disk.operations) * CANDIDATES;
            // The fastest disks answer in 20 us.
            let is_stated = seconds > reads as f64 * 20e-6;
            assert_eq!(is_stated, disk.is_cold, "{}: {seconds} s", disk.id);
        }
    }

    #[test]
    fn an_index_of_signs_takes_half_as_much_again_in_memory() {
        for tier in [Tier::Pr, Tier::Nightly] {
            let footprint = Disk::index(tier).footprint();
            let times = footprint.resident_bytes() as f64 / footprint.file_bytes() as f64;
            assert!((1.4..1.6).contains(&times), "{tier}: {times}");
        }
    }

    #[test]
    fn both_layouts_give_the_same_answers_and_differ_in_pages() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        let context = Context::new(Tier::Tiny, &cache);
        let mut reports = Vec::new();
        for disk in &FAMILY {
            prepare(disk, Tier::Tiny, &cache).expect("prepares");
            let mut subject = disk.load(&context).expect("loads");
            assert_eq!(subject.waits_for_disk(), disk.is_cold, "{}", disk.id);
            for index in 0..subject.warm_up() + 20 {
                assert_eq!(subject.operate(index), K as u64, "{}", disk.id);
            }
            // A directory in memory is legal for tests and nothing to measure a disk with.
            match subject.check() {
                Err(wrong) if disk.is_cold => assert_eq!(wrong.found, searcher::NOT_COLD),
                checked => assert_eq!(checked, Ok(()), "{}", disk.id),
            }
            let report = subject.report().expect("reports");
            for metric in disk.metrics() {
                let is_reported = report.iter().any(|(name, _)| *name == metric.name);
                assert!(is_reported, "{}: {}", disk.id, metric.name);
            }
            let recall = report.iter().find(|(name, _)| name.as_str() == "recall@10");
            let Some((_, MetricValue::Proportion(recall))) = recall else {
                panic!("{recall:?}")
            };
            reports.push((disk.layout, recall.hits, value(&report, "pages")));
        }
        let (layout, hits, pages) = reports[0];
        assert_eq!(layout, Layout::Packed);
        for (other, other_hits, other_pages) in &reports[1..] {
            assert_eq!(*other_hits, hits, "{other}");
            match *other == layout {
                true => assert!((other_pages - pages).abs() < 1e-9, "{other}"),
                false => assert!(*other_pages < pages, "{other}"),
            }
        }
    }
}
