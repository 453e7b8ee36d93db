//! What is asked: by number of neighbours, dimensions, metric and kind of scalars.

use bench_harness::{Tier, Traffic};
use usearch::{MetricKind, ScalarKind};

use super::super::collection::warm::Warm;
use super::super::rows::DIMENSIONS;
use super::Search;
use crate::signals::events::Popularity;

/// What most of the family has in common.
const BASE: Search = Search {
    id: "",
    about: "",
    smallest_tier: Tier::Pr,
    items: Tier::items,
    dimensions: DIMENSIONS,
    metric: MetricKind::IP,
    kind: ScalarKind::BF16,
    k: 10,
    reranked: None,
    traffic: Traffic::Alone,
    popularity: Popularity::Uniform,
    audits: false,
    compares_all: false,
    operations: FOR_A_MEDIAN,
};

/// Searches that are enough for a p99.
const FOR_A_TAIL: usize = 10_000;

/// Searches that are enough for a median, in a fraction of the time.
const FOR_A_MEDIAN: usize = 2_000;

/// The searches of `vector/search/k10` by a crowd.
const fn by_clients(id: &'static str, clients: usize) -> Search {
    Search {
        id,
        about: "The searches of vector/search/k10 by many clients at once, each of whom waits for its \
                answer before it asks again. \
                Throughput over the number of clients says whether a crowd costs more than its \
                answers: it should stay that of vector/search/k10-clients2, where every core is busy \
                already. \
                Latency with more clients than cores is mostly that of waiting for a core, and grows \
                with their number.",
        smallest_tier: Tier::Nightly,
        traffic: Traffic::Clients(clients),
        operations: FOR_A_TAIL,
        ..BASE
    }
}

/// A tenth of the tier's rows, because these indexes serve one scenario each.
fn tenth(tier: Tier) -> usize {
    Warm::tenth(tier).rows.items
}

/// No more than ten thousand: rows this wide are slow to build an index of.
fn few(tier: Tier) -> usize {
    tenth(tier).min(Tier::Smoke.items())
}

/// All scenarios of the family.
pub(crate) static FAMILY: [Search; 21] = [
    Search {
        id: "vector/search/k10",
        about: "Ten nearest neighbours of a held-out query among clustered 384-dimensional vectors. \
                The heart of semantic search and of candidate retrieval. \
                Read latency together with recall@10: looking at fewer candidates is always faster, \
                and is no improvement when it finds the wrong ones. orphans counts the rows that no \
                search could find, however far it looked, and must be 0; audit_time is what walking \
                the whole graph to count them takes.",
        smallest_tier: Tier::Tiny,
        audits: true,
        operations: FOR_A_TAIL,
        ..BASE
    },
    Search {
        id: "vector/search/k1",
        about: "The nearest neighbour alone, among the vectors of vector/search/k10. \
                What deduplication and classification by example ask. \
                It looks at as many candidates as k10 does, so it should cost the same and find more \
                surely; 2,000 searches, which is enough for a median and not for a p99.",
        k: 1,
        ..BASE
    },
    Search {
        id: "vector/search/k100",
        about: "A hundred nearest neighbours, among the vectors of vector/search/k10. \
                What a recommender asks before it ranks. \
                The engine has to look at a hundred candidates at the least; 2,000 searches, which is \
                enough for a median and not for a p99.",
        k: 100,
        ..BASE
    },
    Search {
        id: "vector/search/k10-clients2",
        about: "The searches of vector/search/k10 by two clients at once. \
                One index in memory serves all threads of a server, so its throughput should double \
                with the cores. \
                Compare throughput with vector/two-stage/k10, which answers the same queries from the \
                same graph.",
        traffic: Traffic::Clients(2),
        operations: FOR_A_TAIL,
        smallest_tier: Tier::Nightly,
        ..BASE
    },
    by_clients("vector/search/k10-clients10", 10),
    by_clients("vector/search/k10-clients100", 100),
    by_clients("vector/search/k10-clients1000", 1_000),
    Search {
        id: "vector/search/zipf",
        about: "The searches of vector/search/k10, some queries far more often than others: the first of \
                1,000 is 13 % of all, the i-th 1 / i^0.99 of that. \
                What real traffic looks like, where popular queries find the rows and links they \
                need in the caches. \
                Read latency beside vector/search/k10: the distance is what caches are worth, and \
                what one popular query costs by itself; recall@10 is over all queries alike, as there.",
        popularity: Popularity::Skewed,
        operations: FOR_A_TAIL,
        ..BASE
    },
    Search {
        id: "vector/search/dim=3",
        about: "Ten nearest neighbours among three-dimensional vectors of f32: points on a sphere. \
                The smallest rows there are, so what is left is the cost of the graph itself: hops, \
                heaps, and memory that is waited for. \
                Scalars of 16 bits could not tell neighbours apart that lie as near to each other as \
                these; bytes_per_vector is nearly all links all the same.",
        items: tenth,
        dimensions: 3,
        kind: ScalarKind::F32,
        operations: FOR_A_TAIL,
        ..BASE
    },
    Search {
        id: "vector/search/dim=128",
        about: "Ten nearest neighbours among 128-dimensional vectors. \
                The size of image descriptors, and the one that published figures are most often \
                about. \
                The reference for vector/search/cos and vector/search/l2, which ask the same of the \
                same rows.",
        items: tenth,
        dimensions: 128,
        operations: FOR_A_TAIL,
        ..BASE
    },
    Search {
        id: "vector/search/dim=768",
        about: "Ten nearest neighbours among 768-dimensional vectors. \
                The size of the larger sentence embeddings. \
                Ten thousand rows on every tier, because building takes long; 2,000 searches, which \
                is enough for a median and not for a p99.",
        items: few,
        dimensions: 768,
        ..BASE
    },
    Search {
        id: "vector/search/dim=1536",
        about: "Ten nearest neighbours among 1,536-dimensional vectors. \
                The size of the largest embeddings in common use: rows of 3 kB, where reading them is \
                most of the cost. \
                Ten thousand rows on every tier, because building takes long; 2,000 searches, which \
                is enough for a median and not for a p99.",
        items: few,
        dimensions: 1_536,
        ..BASE
    },
    Search {
        id: "vector/search/cos",
        about: "The searches of vector/search/dim=128 by the cosine. \
                Rows of unit length have the same neighbours by every metric, so what differs from \
                dim=128 is what the metric costs. \
                An engine that normalises every time it compares shows here.",
        items: tenth,
        dimensions: 128,
        metric: MetricKind::Cos,
        ..BASE
    },
    Search {
        id: "vector/search/l2",
        about: "The searches of vector/search/dim=128 by the squared Euclidean distance. \
                Rows of unit length have the same neighbours by every metric, so what differs from \
                dim=128 is what the metric costs. \
                Distances are twice those of the inner product.",
        items: tenth,
        dimensions: 128,
        metric: MetricKind::L2sq,
        ..BASE
    },
    Search {
        id: "vector/search/f32",
        about: "Ten nearest neighbours among rows of 32-bit scalars. \
                What nothing was rounded for: the recall that the other kinds are held against. \
                Compare recall@10, bytes_per_vector and latency over f32, f16, bf16, i8 and b1, which \
                all have the same rows; 2,000 searches each.",
        items: tenth,
        kind: ScalarKind::F32,
        ..BASE
    },
    Search {
        id: "vector/search/f16",
        about: "Ten nearest neighbours among rows of 16-bit scalars with eleven bits of precision. \
                Half the bytes of f32. \
                Recall should be that of f32; if latency is not half, the kernel converts. recall-exact@10 \
                is that of comparing every row as it is kept: what rounding alone leaves to find, and the \
                distance of recall@10 from it is what the graph loses.",
        items: tenth,
        kind: ScalarKind::F16,
        compares_all: true,
        ..BASE
    },
    Search {
        id: "vector/search/bf16",
        about: "Ten nearest neighbours among rows of 16-bit scalars with eight bits of precision. \
                The kind that this suite uses unless it says otherwise: processors multiply it \
                directly. \
                Recall should be within a fifth of a point of f32. recall-exact@10 is as in \
                vector/search/f16.",
        items: tenth,
        compares_all: true,
        ..BASE
    },
    Search {
        id: "vector/search/i8",
        about: "Ten nearest neighbours among rows of 8-bit integers, as usearch makes them. \
                A quarter of the bytes of f32, and about three bits of precision: the engine scales a \
                row to the length 127 and cuts the fractions off. \
                Recall has a ceiling that looking at more candidates does not lift, recall-exact@10; \
                vector/search/i8-reranked does.",
        items: tenth,
        kind: ScalarKind::I8,
        compares_all: true,
        ..BASE
    },
    Search {
        id: "vector/search/i8-reranked",
        about: "Forty candidates from rows of 8-bit integers, compared again by rows of 16 bits. \
                What vector/search/i8 loses by rounding, and what it costs to get it back. \
                bytes_per_vector counts both copies of the rows.",
        items: tenth,
        kind: ScalarKind::I8,
        reranked: Some(40),
        ..BASE
    },
    Search {
        id: "vector/search/b1",
        about: "Ten nearest neighbours among the signs of rows, compared by how many differ. \
                A thirty-second of the bytes of f32, and the coarsest rounding there is. \
                recall-exact@10 is what signs alone can tell; as candidates they are worth more, see \
                vector/search/b1-reranked.",
        items: tenth,
        kind: ScalarKind::B1,
        metric: MetricKind::Hamming,
        compares_all: true,
        ..BASE
    },
    Search {
        id: "vector/search/b1-reranked",
        about: "Two hundred candidates from the signs of rows, compared again by rows of 16 bits. \
                The smallest index that finds most neighbours: the wide rows are read two hundred at \
                a time and could stay on disk. \
                bytes_per_vector counts both copies of the rows.",
        items: tenth,
        kind: ScalarKind::B1,
        metric: MetricKind::Hamming,
        reranked: Some(200),
        ..BASE
    },
];
