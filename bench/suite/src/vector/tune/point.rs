//! Points of the grid, and which of them are worth a look.

use std::path::Path;

use bench_harness::Tier;
use serde::Serialize;

use super::super::rows::{QUERIES, Rows};
use super::{CONNECTIVITY, ENOUGH, EXPANSION_ADD, EXPANSION_SEARCH, K};
use crate::engine::USEARCH;
use crate::random::SEED;

/// Latencies that differ by less than this share are taken as equal: medians of 10,000 searches move by
/// a few percent from one measurement of the grid to the next.
const NOISE: f64 = 0.05;

/// The format of the written file.
const FORMAT: &str = "bench.tune.vectors/1";

/// One index at one search expansion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Point {
    /// Links per node.
    pub(crate) connectivity: usize,
    /// Candidates looked at while inserting.
    pub(crate) expansion_add: usize,
    /// Candidates looked at per search.
    pub(crate) expansion_search: usize,
    /// Bytes of the index on disk.
    pub(crate) index_bytes: usize,
    /// Wall time of adding all rows, in seconds.
    pub(crate) build_s: f64,
    /// Threads that added them.
    pub(crate) build_threads: usize,
    /// Rows that had to be added again because no search found them.
    pub(crate) orphans_mended: usize,
    /// What searching it was like.
    #[serde(flatten)]
    pub(crate) speed: Speed,
}

/// What searching an index at one expansion is like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Speed {
    /// Recall of ten neighbours over all queries.
    pub(crate) recall: f64,
    /// Median latency of one thread, in nanoseconds.
    pub(crate) p50_ns: u64,
    /// 99th percentile of the same.
    pub(crate) p99_ns: u64,
    /// Searches per second by as many threads as the machine has cores.
    pub(crate) searches_per_second: f64,
    /// How many those were.
    pub(crate) threads: usize,
}

impl Point {
    /// Whether this is what the suite uses unless told otherwise.
    pub(crate) fn is_default(&self) -> bool {
        (self.connectivity, self.expansion_add, self.expansion_search)
            == (CONNECTIVITY, EXPANSION_ADD, EXPANSION_SEARCH)
    }

    fn is_enough(&self) -> bool {
        self.speed.recall >= ENOUGH
    }
}

/// All that was measured in one call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Document {
    /// Always [`FORMAT`].
    format: &'static str,
    /// Absent for the user's own rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tier: Option<&'static str>,
    /// The file that they are in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    pub(crate) items: usize,
    pub(crate) dimensions: usize,
    queries: usize,
    k: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    usearch: &'static str,
    /// The instruction sets that distances are computed with.
    kernels: String,
    /// In the order of the grid.
    pub(crate) points: Vec<Point>,
    /// Places in `points` of those that no other beats in both recall and latency, fastest first.
    pub(crate) front: Vec<usize>,
    /// The place of the cheapest one whose recall is enough: among those as fast as the fastest, the
    /// one that was built in the least time. Absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cheapest: Option<usize>,
}

impl Document {
    pub(crate) fn new(tier: Tier, rows: Rows, points: Vec<Point>) -> Self {
        let front = front(&points);
        let cheapest = cheapest(&points);
        Self {
            format: FORMAT,
            tier: Some(tier.as_str()),
            file: None,
            items: rows.items,
            dimensions: rows.dimensions,
            queries: QUERIES,
            k: K,
            seed: Some(SEED),
            usearch: USEARCH,
            kernels: usearch::hardware_acceleration_available(),
            points,
            front,
            cheapest,
        }
    }

    /// The same over rows of the user's own, asked with so many queries.
    pub(crate) fn of_own(file: &Path, rows: Rows, queries: usize, points: Vec<Point>) -> Self {
        Self {
            tier: None,
            file: Some(file.display().to_string()),
            seed: None,
            queries,
            ..Self::new(Tier::Tiny, rows, points)
        }
    }

    /// The points of the front, fastest first.
    pub(crate) fn front(&self) -> impl Iterator<Item = &Point> {
        self.front.iter().map(|&at| &self.points[at])
    }

    /// The cheapest point whose recall is enough.
    pub(crate) fn cheapest(&self) -> Option<&Point> {
        self.cheapest.map(|at| &self.points[at])
    }

    /// What people should see: the front, the cheapest and the default, fastest first.
    pub(crate) fn shown(&self) -> Vec<&Point> {
        let is_shown = |at: &usize| {
            self.front.contains(at) || self.cheapest == Some(*at) || self.points[*at].is_default()
        };
        let shown = (0..self.points.len()).filter(is_shown);
        let mut shown: Vec<&Point> = shown.map(|at| &self.points[at]).collect();
        shown.sort_by_key(|point| point.speed.p50_ns);
        shown
    }
}

/// Among the points whose recall is enough and that are as fast as the fastest of these, the one that
/// was built in the least time.
fn cheapest(points: &[Point]) -> Option<usize> {
    let enough = || (0..points.len()).filter(|&at| points[at].is_enough());
    let fastest = enough().map(|at| points[at].speed.p50_ns).min()?;
    let as_fast = |at: &usize| points[*at].speed.p50_ns as f64 <= fastest as f64 * (1.0 + NOISE);
    enough().filter(as_fast).min_by(|&a, &b| {
        let by_build = points[a].build_s.total_cmp(&points[b].build_s);
        by_build.then(points[a].speed.p50_ns.cmp(&points[b].speed.p50_ns))
    })
}

/// Those that no other point beats in recall without being slower, fastest first. Of two points that
/// are alike in both, the earlier.
fn front(points: &[Point]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (&points[a].speed, &points[b].speed);
        let by_latency = a.p50_ns.cmp(&b.p50_ns);
        by_latency.then(b.recall.total_cmp(&a.recall))
    });
    let mut best = f64::NEG_INFINITY;
    order.retain(|&at| {
        let is_better = points[at].speed.recall > best;
        best = best.max(points[at].speed.recall);
        is_better
    });
    order
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A point with an expansion that tells it from others.
    pub(in super::super) fn point(expansion_search: usize, recall: f64, p50_ns: u64) -> Point {
        Point {
            connectivity: 16,
            expansion_add: 100,
            expansion_search,
            index_bytes: 9_000_000,
            build_s: 12.5,
            build_threads: 1,
            orphans_mended: 0,
            speed: Speed {
                recall,
                p50_ns,
                p99_ns: 2 * p50_ns,
                searches_per_second: 1e9 / p50_ns as f64,
                threads: 2,
            },
        }
    }

    pub(in super::super) fn document(points: Vec<Point>) -> Document {
        let rows = Rows {
            items: 100_000,
            dimensions: 384,
        };
        Document::new(Tier::Pr, rows, points)
    }

    #[test]
    fn the_front_is_what_nothing_beats() {
        for (case, points, front, cheapest) in [
            ("none", vec![], &[][..], None),
            (
                "each slower and better",
                vec![
                    point(1, 0.99, 300),
                    point(2, 0.90, 100),
                    point(3, 0.96, 200),
                ],
                &[1, 2, 0],
                Some(2),
            ),
            (
                "beaten in both",
                vec![
                    point(1, 0.96, 100),
                    point(2, 0.95, 200),
                    point(3, 0.97, 300),
                ],
                &[0, 2],
                Some(0),
            ),
            (
                "as fast, and worse",
                vec![point(1, 0.94, 100), point(2, 0.95, 100)],
                &[1],
                Some(1),
            ),
            (
                "alike",
                vec![point(1, 0.94, 100), point(2, 0.94, 100)],
                &[0],
                None,
            ),
        ] {
            let document = document(points);
            assert_eq!(document.front, front, "{case}");
            assert_eq!(document.cheapest, cheapest, "{case}");
        }
    }

    #[test]
    fn of_points_as_fast_the_one_built_in_less_time_is_cheaper() {
        let built = |build_s, recall, p50_ns| Point {
            build_s,
            ..point(1, recall, p50_ns)
        };
        for (case, points, cheapest) in [
            ("nothing", vec![], None),
            ("not enough", vec![built(1.0, 0.94, 100)], None),
            (
                "as fast",
                vec![
                    built(3.0, 0.96, 100),
                    built(1.0, 0.95, 105),
                    built(2.0, 0.96, 101),
                ],
                Some(1),
            ),
            (
                "slower",
                vec![built(3.0, 0.96, 100), built(1.0, 0.95, 106)],
                Some(0),
            ),
            (
                "built alike",
                vec![built(1.0, 0.96, 102), built(1.0, 0.95, 100)],
                Some(1),
            ),
        ] {
            assert_eq!(document(points).cheapest, cheapest, "{case}");
        }
    }

    #[test]
    fn what_is_shown_is_the_front_the_cheapest_and_the_default() {
        let mut default = point(EXPANSION_SEARCH, 0.90, 400);
        default.connectivity = CONNECTIVITY;
        default.expansion_add = EXPANSION_ADD;
        let beaten = point(1, 0.91, 300);
        let document = document(vec![
            default,
            beaten,
            point(2, 0.92, 100),
            point(3, 0.97, 200),
        ]);
        let shown = document.shown();
        let shown: Vec<u64> = shown.iter().map(|point| point.speed.p50_ns).collect();
        assert_eq!(shown, [100, 200, 400]);
    }

    #[test]
    fn the_file_names_every_unit_and_the_cheapest() {
        let document = document(vec![point(32, 0.96, 100_000)]);
        let json = serde_json::to_value(&document).expect("is a document");
        assert_eq!(json["format"], "bench.tune.vectors/1");
        assert_eq!(json["points"][0]["p50_ns"], 100_000);
        assert_eq!(json["points"][0]["recall"], 0.96);
        assert_eq!(json["cheapest"], 0);
    }
}
