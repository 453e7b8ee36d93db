//! The scenarios `vector/filter/*`: nearest neighbours among the rows that a filter keeps.

use std::collections::BTreeMap;

use bench_harness::scenario::{integer, name};
use bench_harness::schema::{DeclaredMetric, MetricName, MetricValue, Name, Param};
use bench_harness::{Artifact, Context, Failure, Layer, Needs, Recipe, Scenario, Subject, Tier};
use usearch::{Index, ScalarKind};

use super::asked::{Asked, Searcher, search_metrics, sizes};
use super::checked::{self, SearchError};
use super::filter::{Attribute, Filter, Survivors};
use super::filtered_truth::FilteredTruthFiles;
use super::flat::codes::ROUNDING;
use super::flat::files::FlatFiles;
use super::flat::{Effort, Flat};
use super::index::{EXPANSION_SEARCH, IndexFiles};
use super::judge::Judge;
use super::kinds::Reported;
use super::rows::QUERIES;
use super::truth::Neighbour;
use crate::random::SEED;

/// Neighbours that are asked for.
const K: usize = 10;

/// Of a filtered search by usearch that keeps a hundredth, for each row of the index: 17 ms over a million on
/// a Xeon, 33 ms on an EPYC.
const SECONDS_PER_ROW: f64 = 33e-9;

/// Nearest neighbours among survivors: one workload of the family.
#[derive(Debug)]
pub(crate) struct Filtered {
    id: &'static str,
    about: &'static str,
    smallest_tier: Tier,
    filter: Filter,
    by: By,
    operations: usize,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// Our component, which chooses how.
    Flat,
    /// usearch, along its graph whatever the filter.
    Engine,
}

/// Keeps rows by something that has nothing to do with where they lie.
const fn anywhere(per_mille: u32) -> Filter {
    Filter {
        per_mille,
        by: Attribute::Anywhere,
    }
}

/// All scenarios of the family.
pub(crate) static FAMILY: [Filtered; 6] = [
    Filtered {
        id: "vector/filter/50pct",
        about: "Ten nearest neighbours among the half of the rows that a filter keeps. \
                What a search with a language or a blocked account in mind asks. \
                A filter this wide is answered along the graph, where every second row that is met \
                does not count: latency should be less than twice that of vector/two-stage/k10. \
                recall@10 is against the true neighbours among the survivors.",
        smallest_tier: Tier::Pr,
        filter: anywhere(500),
        by: By::Flat,
        operations: 10_000,
    },
    Filtered {
        id: "vector/filter/10pct",
        about: "Ten nearest neighbours among the tenth of the rows that a filter keeps. \
                The hard middle: walking the graph meets ten rows for one that counts, and looking \
                at every survivor is no small thing either. \
                The component estimates both and takes the cheaper one; where they cost the same, \
                neither is cheap. 2,000 searches, which is enough for a median and not for a p99.",
        smallest_tier: Tier::Pr,
        filter: anywhere(100),
        by: By::Flat,
        operations: 2_000,
    },
    Filtered {
        id: "vector/filter/1pct",
        about: "Ten nearest neighbours among the hundredth of the rows that a filter keeps. \
                What a search within one shop or one author asks. \
                So few are compared with the query one by one, which is exact but for rounding, and \
                many times faster than the graph: compare vector/filter/1pct-graph.",
        smallest_tier: Tier::Pr,
        filter: anywhere(10),
        by: By::Flat,
        operations: 10_000,
    },
    Filtered {
        id: "vector/filter/10pct-clusters",
        about: "Ten nearest neighbours among the rows of every tenth cluster. \
                What a search within one topic or one language asks: the filter follows the vectors, \
                and nine queries in ten have no survivor near them. \
                A walk along the graph sees nothing that counts for a long time, and must not stop \
                before it does: recall@10 is what this scenario is for. \
                A tenth of fewer rows is compared one by one, so it needs a million; \
                2,000 searches, which is enough for a median and not for a p99.",
        smallest_tier: Tier::Nightly,
        filter: Filter {
            per_mille: 100,
            by: Attribute::Cluster,
        },
        by: By::Flat,
        operations: 2_000,
    },
    Filtered {
        id: "vector/filter/0.1pct",
        about: "Ten nearest neighbours among the thousandth of the rows that a filter keeps. \
                What a search within one user's own items asks. \
                A few hundred comparisons: here the fixed cost of a search shows, and an index that \
                walks its graph whatever the filter is slower by orders of magnitude.",
        smallest_tier: Tier::Pr,
        filter: anywhere(1),
        by: By::Flat,
        operations: 10_000,
    },
    Filtered {
        id: "vector/filter/1pct-graph",
        about: "The searches of vector/filter/1pct by usearch's own filtered search. \
                What the wrong choice costs: the graph is walked past a hundred rows for each that \
                counts. \
                It stays here so that the price of choosing wrongly is seen; 400 searches, which is \
                enough for a median and not for a p99.",
        smallest_tier: Tier::Nightly,
        filter: anywhere(10),
        by: By::Engine,
        operations: 400,
    },
];

impl Filtered {
    fn truth(&self, tier: Tier) -> FilteredTruthFiles {
        FilteredTruthFiles {
            rows: IndexFiles::of(tier).rows,
            filter: self.filter,
        }
    }
}

fn flat(tier: Tier) -> FlatFiles {
    FlatFiles {
        index: IndexFiles::of(tier),
    }
}

impl Scenario for Filtered {
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
        let rows = IndexFiles::of(tier).rows;
        BTreeMap::from([
            (name("items"), integer(rows.items)),
            (name("dims"), integer(rows.dimensions)),
            (name("k"), integer(K)),
            (
                name("survivors_per_mille"),
                integer(self.filter.per_mille as usize),
            ),
            (
                name("survivors_by"),
                Param::Text(self.filter.by.as_str().into()),
            ),
            (name("queries"), integer(QUERIES)),
            (name("seed"), integer(SEED as usize)),
        ])
    }

    fn input(&self, tier: Tier) -> Recipe {
        IndexFiles::of(tier)
            .rows
            .recipe()
            .with("survivors", self.filter.described())
    }

    fn layer(&self) -> Layer {
        match self.by {
            By::Flat => Layer::Facade,
            By::Engine => Layer::Engine,
        }
    }

    fn artifacts(&self, tier: Tier) -> Vec<Box<dyn Artifact>> {
        let mut artifacts = match self.by {
            By::Flat => flat(tier).artifacts(),
            By::Engine => vec![Box::new(IndexFiles::of(tier)) as Box<dyn Artifact>],
        };
        artifacts.push(Box::new(self.truth(tier)));
        artifacts
    }

    fn needs(&self, tier: Tier) -> Needs {
        match self.by {
            By::Flat => flat(tier).loaded(),
            By::Engine => {
                let files = IndexFiles::of(tier);
                let searches = (QUERIES + self.operations) as f64;
                let seconds = searches * files.rows.items as f64 * SECONDS_PER_ROW;
                files.loaded().with_seconds(seconds)
            }
        }
    }

    fn metrics(&self) -> Vec<DeclaredMetric> {
        search_metrics("recall@10")
    }

    fn settings(&self) -> &'static [&'static str] {
        match self.by {
            By::Flat => Effort::SETTINGS,
            By::Engine => &["expansion"],
        }
    }

    fn load(&self, context: &Context) -> Result<Box<dyn Subject>, Failure> {
        let tier = context.tier();
        let files = IndexFiles::of(tier);
        let rows = files.rows;
        let survivors = self.filter.survivors(rows.items);
        let exact = Reported::by(files.metric, ScalarKind::F32);
        let reported = match self.by {
            By::Flat => exact.within(ROUNDING),
            By::Engine => Reported::by(files.metric, files.kind),
        };
        let truth = self.truth(tier).load(context)?;
        let judge = Judge {
            survivors: Some(survivors.clone()),
            ..Judge::with_truth(truth, rows, K, reported)
        };
        let recall = "recall@10";
        Ok(match self.by {
            By::Flat => {
                let searcher = Chosen {
                    flat: flat(tier).load(context)?,
                    survivors,
                };
                Box::new(Asked::new(searcher, judge, recall, self.operations))
            }
            By::Engine => {
                let expansion = context.setting("expansion", EXPANSION_SEARCH);
                let searcher = ByGraph {
                    index: files.load(context, expansion)?,
                    survivors,
                };
                Box::new(Asked::new(searcher, judge, recall, self.operations))
            }
        })
    }
}

/// Our component, which chooses how.
struct Chosen {
    flat: Flat,
    survivors: Survivors,
}

impl Searcher for Chosen {
    fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbour>, SearchError> {
        Ok(self.flat.search_among(query, k, &self.survivors)?)
    }

    fn figures(&self, _: &[Vec<f32>]) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        Ok(sizes(self.flat.bytes(), self.flat.items()))
    }
}

/// usearch's own filtered search.
struct ByGraph {
    index: Index,
    survivors: Survivors,
}

impl Searcher for ByGraph {
    fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbour>, SearchError> {
        let keeps = |key: u64| u32::try_from(key).is_ok_and(|key| self.survivors.contains(key));
        checked::search_among(&self.index, query, k, keeps)
    }

    fn figures(&self, _: &[Vec<f32>]) -> Result<Vec<(MetricName, MetricValue)>, Failure> {
        Ok(sizes(self.index.serialized_length(), self.index.size()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::flat::{CROSSOVER, Way};
    use super::*;

    #[test]
    fn what_is_about_walking_walks_on_all_its_tiers() {
        // A scan finds all, so that nothing would be learnt of a walk.
        let walks = ["vector/filter/50pct", "vector/filter/10pct-clusters"];
        for id in walks {
            let filtered = FAMILY.iter().find(|filtered| filtered.id == id);
            let filtered = filtered.expect("is one of the family");
            for tier in Tier::ALL.into_iter().filter(|tier| filtered.is_on(*tier)) {
                let items = IndexFiles::of(tier).rows.items;
                let survivors = items * filtered.filter.per_mille as usize / 1_000;
                let way = Way::cheaper(survivors, items, CROSSOVER);
                assert_eq!(way, Way::Walk, "{id} on {tier}");
            }
        }
    }
}
