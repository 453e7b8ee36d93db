//! Feeds and searches: what a request of a user goes through, over all other areas.
//!
//! | Step | retrieve | search |
//! |---|---|---|
//! | candidates | the items nearest to what the user prefers | the best by text and the nearest by vector |
//! | one list | by similarity and by what others did with each item | by reciprocal ranks |
//! | for this user | without creators the user blocks, three items of a creator at the most, fifty in all | the same |
//! | `/followed` | the same, what creators have made whom the user follows comes sooner | the same |
//!
//! The engine is put together in `engine`, the steps are in `rank`, and `model` does the same again
//! with the collections of the standard library.

mod engine;
mod model;
mod rank;
mod request;
mod serving;
mod soak;
mod stages;

use std::time::Duration;

use bench_harness::{Arrivals, Layer, Scaled, Scenario, Tier, Traffic};

use engine::Sets;
use request::Request;
use serving::What;
use soak::Soak;

/// Requests per second that arrive on a schedule: about a third of what two cores answer at a million
/// items, so that waiting comes from bursts and stalls and not from too few cores.
const RATE: f64 = 300.0;

const CONSTANT: Traffic = open(Arrivals::Constant);
const POISSON: Traffic = open(Arrivals::Poisson);
const BURST: Traffic = open(Arrivals::Burst {
    period: Duration::from_millis(200),
    share: 0.5,
});

/// As late as the slowest of a hundred feeds may be.
const HALF: Traffic = Traffic::Half {
    arrivals: Arrivals::Poisson,
    workers: 2,
    within: Duration::from_millis(10),
};

const fn open(arrivals: Arrivals) -> Traffic {
    Traffic::Open {
        rate: RATE,
        arrivals,
        workers: 2,
    }
}

const ALONE: Request = Request {
    id: "feed/retrieve",
    what: What::Retrieve,
    sets: Sets::Blocks,
    is_busy: false,
    traffic: Traffic::Alone,
    layer: Layer::Indexed,
    smallest_tier: Tier::Tiny,
};

/// How a feed grows with the number of items.
static GROWTH: Scaled = Scaled {
    id: "feed/retrieve/growth",
    about: "Feeds of feed/retrieve over three sizes, ten times apart. \
            Two hundred candidates are two hundred candidates at any size, so only finding them grows, \
            and what each of them misses in the caches. \
            Read growth.latency, the factor per tenfold of items.",
    smallest_tier: Tier::Pr,
    of: &ALONE,
    items: Tier::items,
    figures: &[],
    builds: false,
};

/// The scenarios of this area.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    const CROWDED: Request = Request {
        layer: Layer::Contention,
        smallest_tier: Tier::Pr,
        ..ALONE
    };
    const FOLLOWED: Request = Request {
        sets: Sets::FollowsAndBlocks,
        smallest_tier: Tier::Nightly,
        ..ALONE
    };
    const BUSY: Request = Request {
        is_busy: true,
        traffic: Traffic::Clients(1),
        ..CROWDED
    };
    vec![
        &ALONE,
        &Request {
            id: "feed/retrieve/followed",
            ..FOLLOWED
        },
        &Request {
            id: "feed/retrieve/busy",
            ..BUSY
        },
        &Request {
            id: "feed/retrieve/clients=10",
            traffic: Traffic::Clients(10),
            ..CROWDED
        },
        &Request {
            id: "feed/retrieve/clients=100",
            traffic: Traffic::Clients(100),
            ..CROWDED
        },
        &Request {
            id: "feed/retrieve/clients=1000",
            traffic: Traffic::Clients(1_000),
            smallest_tier: Tier::Nightly,
            ..CROWDED
        },
        &Request {
            id: "feed/retrieve/constant",
            traffic: CONSTANT,
            smallest_tier: Tier::Nightly,
            ..CROWDED
        },
        &Request {
            id: "feed/retrieve/poisson",
            traffic: POISSON,
            ..CROWDED
        },
        &Request {
            id: "feed/retrieve/burst",
            traffic: BURST,
            smallest_tier: Tier::Nightly,
            ..CROWDED
        },
        &Request {
            id: "feed/retrieve/half",
            traffic: HALF,
            smallest_tier: Tier::Nightly,
            ..CROWDED
        },
        &Request {
            id: "feed/search",
            what: What::Search,
            ..ALONE
        },
        &Request {
            id: "feed/search/followed",
            what: What::Search,
            ..FOLLOWED
        },
        &Request {
            id: "feed/search/busy",
            what: What::Search,
            ..BUSY
        },
        &Request {
            id: "feed/search/poisson",
            what: What::Search,
            traffic: POISSON,
            smallest_tier: Tier::Nightly,
            ..CROWDED
        },
        &GROWTH,
        &Soak,
    ]
}
