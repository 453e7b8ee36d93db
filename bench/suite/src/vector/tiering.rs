//! The scenario `vector/tiering`: what is often found at full precision, all else in a quarter of the bytes.
//!
//! | Part | Holds |
//! |---|---|
//! | `tiers` | both indexes, where each row is, and moving rows between them |
//! | `plan` | which rows change places |
//! | `watched` | tiers that are searched and moved between at the same time, and what both take |

use std::collections::BTreeMap;

use bench_harness::scenario::{integer, metric, name};
use bench_harness::schema::{DeclaredMetric, Direction, Kind, Name, Param, Unit};
use bench_harness::{
    Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier, Traffic,
};
use usearch::{MetricKind, ScalarKind};

use super::asked::{Asked, search_metrics};
use super::collection::warm::Warm;
use super::index::{EXPANSION_SEARCH, IndexFiles};
use super::judge::Judge;
use super::kinds::Reported;
use super::rows::{DIMENSIONS, Generator, QUERIES, Rows};
use super::truth::TruthFiles;
use crate::random::SEED;
use crate::signals::events::{Popularity, SKEW};
use tiers::Tiers;
use watched::Watched;

mod plan;
mod tiers;
mod watched;

/// Neighbours that are asked for.
const K: usize = 10;

/// Enough for a p99.
const OPERATIONS: usize = 10_000;

/// Loading both indexes, and checking every row.
const AROUND_SECONDS: f64 = 5.0;

/// One row of so many is hot.
const ONE_HOT_IN: usize = 10;

/// Largest difference between a distance and that by the rows of the engine's bytes, of which most of 384
/// scalars keep three bits.
const ROUNDING: f32 = 0.05;

/// Rows in two tiers.
#[derive(Debug)]
pub(crate) struct Tiering;

impl Tiering {
    /// A tenth of the tier's rows, as `vector/search/i8` has.
    fn rows(tier: Tier) -> Rows {
        Rows {
            items: Warm::tenth(tier).rows.items,
            dimensions: DIMENSIONS,
        }
    }

    fn hot_rows(tier: Tier) -> Rows {
        let rows = Self::rows(tier);
        Rows {
            items: rows.items / ONE_HOT_IN,
            ..rows
        }
    }

    /// The first rows are hot to begin with. Nobody knows yet what is asked for.
    fn hot(tier: Tier) -> IndexFiles {
        IndexFiles {
            kind: ScalarKind::F32,
            ..IndexFiles::over(Self::hot_rows(tier))
        }
    }

    /// Of all rows; those that are hot are taken out when it is loaded.
    fn cold(tier: Tier) -> IndexFiles {
        IndexFiles {
            kind: ScalarKind::I8,
            // The engine does not scale products of bytes back, but it does scale cosines.
            metric: MetricKind::Cos,
            ..IndexFiles::over(Self::rows(tier))
        }
    }
}

impl Scenario for Tiering {
    fn id(&self) -> &'static str {
        "vector/tiering"
    }

    fn about(&self) -> &'static str {
        "Ten nearest neighbours among rows in two indexes: one in ten at 32 bits a scalar, the others at 8. \
         Queries are asked by popularity, what is found is counted, and meanwhile rows that are found more \
         often change places with rows that are found less, up to eight pairs twenty times a second. \
         The way to spend memory on what is asked for. \
         Read recall@10 between those of vector/search/i8 and vector/search/f32, which have the same rows, \
         and bytes_per_vector between theirs too; hot_share is the share of neighbours that were found at \
         full precision, of which one in ten would be chance. hot and cold are the times in each index: \
         both are searched every time. migrations counts rows that moved, migrations_per_second how many \
         of them a second of moving does. \
         A row is in exactly one index for every search, whenever it moves; every row is looked up in both \
         at the end. recall@1 asks for rows by themselves, so that one that got lost on its way shows."
    }

    fn smallest_tier(&self) -> Tier {
        Tier::Nightly
    }

    fn params(&self, tier: Tier) -> BTreeMap<Name, Param> {
        BTreeMap::from([
            (name("items"), integer(Self::rows(tier).items)),
            (name("hot_items"), integer(Self::hot_rows(tier).items)),
            (name("dims"), integer(DIMENSIONS)),
            (name("k"), integer(K)),
            (name("queries"), integer(QUERIES)),
            (
                name("popularity"),
                Param::Text(Popularity::Skewed.to_string()),
            ),
            (name("seed"), integer(SEED as usize)),
        ])
    }

    fn input(&self, tier: Tier) -> Recipe {
        Recipe::new("queries by popularity, version 1")
            .with("skew", SKEW)
            .with_recipe("rows", &Self::rows(tier).recipe())
    }

    fn layer(&self) -> Layer {
        Layer::Contention
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        let rows = Self::rows(tier);
        vec![
            Box::new(Self::hot(tier)),
            Box::new(Self::cold(tier)),
            Box::new(TruthFiles { rows }),
        ]
    }

    fn traffic(&self, _: Tier) -> Traffic {
        Traffic::Clients(1)
    }

    fn needs(&self, tier: Tier) -> Needs {
        let bytes = |files: IndexFiles| files.loaded().memory_bytes;
        Needs::memory(bytes(Self::hot(tier)) + bytes(Self::cold(tier)))
            .with_seconds(watched::SECONDS + AROUND_SECONDS)
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        let lower = |name, kind, unit| metric(name, kind, unit, Direction::Lower);
        let higher = |name, kind, unit| metric(name, kind, unit, Direction::Higher);
        let mut metrics = search_metrics("recall@10");
        metrics.extend([
            higher("recall@1", Kind::Proportion, Unit::Ratio),
            lower("hot", Kind::Histogram, Unit::Nanoseconds),
            lower("cold", Kind::Histogram, Unit::Nanoseconds),
            lower("hot_bytes", Kind::Value, Unit::Bytes),
            lower("cold_bytes", Kind::Value, Unit::Bytes),
            higher("hot_share", Kind::Value, Unit::Ratio),
            lower("migrations", Kind::Value, Unit::Count),
            higher("migrations_per_second", Kind::Value, Unit::PerSecond),
        ]);
        metrics
    }

    fn settings(&self) -> &'static [&'static str] {
        &["expansion"]
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let rows = Self::rows(tier);
        let expansion = context.setting("expansion", EXPANSION_SEARCH);
        let hot = Self::hot(tier).load(context, expansion)?;
        let cold = Self::cold(tier).load(context, expansion)?;
        let tiers = Tiers::over(hot, cold)?;
        let reported = Reported::by(MetricKind::IP, ScalarKind::F32).within(ROUNDING);
        let judge = Judge::of(rows, K, reported, context)?;
        let watched = Watched::new(tiers, Generator::new(rows.dimensions), OPERATIONS);
        Ok(Box::new(
            Asked::new(watched, judge, "recall@10", OPERATIONS).by_popularity(Popularity::Skewed),
        ))
    }
}

#[cfg(test)]
mod tests {
    use bench_harness::cache::Cache;
    use bench_harness::plant::Planted;
    use bench_harness::prepare::prepare;
    use bench_harness::repetition::repeat;
    use bench_harness::schema::MetricValue;

    use super::*;

    #[test]
    fn what_is_moved_meanwhile_is_right_and_all_is_reported() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::at(directory.path());
        prepare(&Tiering, Tier::Tiny, &cache).expect("prepares");
        let observed = repeat(&Tiering, Tier::Tiny, &Planted::default(), &cache).expect("runs");
        assert_eq!(observed.wrong_answer, None);
        for stage in ["hot", "cold"] {
            let times = observed.repetition.metric(&name(stage));
            let Some(MetricValue::Distribution(times)) = times else {
                panic!("{stage}: {times:?}")
            };
            // Searches go on as long as rows are moved.
            assert_eq!(times.count, OPERATIONS as u64, "{stage}");
        }
        for metric in Tiering.metrics() {
            let value = observed.repetition.metric(&metric.name);
            let value = value.unwrap_or_else(|| panic!("{}", metric.name));
            assert_eq!(value.kind(), metric.kind, "{}", metric.name);
        }
    }
}
