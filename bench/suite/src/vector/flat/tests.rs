//! The component over a small index, against brute force.

use std::sync::LazyLock;
use std::thread;

use bench_harness::cache::Cache;
use bench_harness::{Context, Tier};

use super::super::filter::{Attribute, Filter};
use super::super::index::IndexFiles;
use super::super::indexing::fill;
use super::super::links::Links;
use super::super::rows::{Generator, Rows};
use super::super::truth::distance;
use super::*;

const ITEMS: usize = 3_000;

const DIMENSIONS: usize = 32;

/// Built once: every test only reads it.
static FLAT: LazyLock<Flat> = LazyLock::new(|| {
    let generator = Generator::new(DIMENSIONS);
    let context = Context::new(Tier::Tiny, &Cache::at("unused"));
    let progress = context.phase("building", ITEMS);
    let files = IndexFiles::over(Rows {
        items: ITEMS,
        dimensions: DIMENSIONS,
    });
    let index = files.empty().expect("is a configuration");
    fill(&index, &generator, ITEMS, 1, &progress).expect("adds");
    let codes = Codes::encode(&generator, ITEMS, 1, &progress);
    Flat::new(codes, Links::of(&index), Effort::of(&context))
});

/// The nearest by the rows themselves, among those that are kept.
fn naive(query: &[f32], k: usize, keeps: impl Fn(u32) -> bool) -> Vec<u32> {
    let generator = Generator::new(DIMENSIONS);
    let mut all: Vec<(f32, u32)> = (0..ITEMS as u32)
        .filter(|&key| keeps(key))
        .map(|key| (distance(query, &generator.row(u64::from(key))), key))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.into_iter().take(k).map(|(_, key)| key).collect()
}

fn keys(found: &[Neighbour]) -> Vec<u32> {
    found.iter().map(|neighbour| neighbour.key).collect()
}

/// How many of `expected` are in `found`, as a share.
fn share(found: &[u32], expected: &[u32]) -> f64 {
    let hits = expected.iter().filter(|key| found.contains(key)).count();
    hits as f64 / expected.len() as f64
}

#[test]
fn a_walk_finds_nearly_all_and_a_scan_finds_all() {
    let generator = Generator::new(DIMENSIONS);
    let anywhere = |per_mille| Filter {
        per_mille,
        by: Attribute::Anywhere,
    };
    let some = anywhere(300).survivors(ITEMS);
    let all = anywhere(1_000).survivors(ITEMS);
    let (mut walked, mut filtered, mut scanned) = (0.0, 0.0, 0.0);
    for number in 0..50 {
        let query = generator.query(number);
        let expected = naive(&query, 10, |_| true);
        let found = FLAT.search(&query, 10).expect("is a query");
        assert!(found.is_sorted_by(|a, b| a.distance <= b.distance));
        walked += share(&keys(&found), &expected);
        let found = FLAT.search_by(Way::Walk, &query, 10, &all);
        assert_eq!(keys(&found.expect("is a query")).len(), 10);

        let expected = naive(&query, 10, |key| some.contains(key));
        let found = FLAT.search_by(Way::Walk, &query, 10, &some);
        let found = keys(&found.expect("is a query"));
        assert!(found.iter().all(|&key| some.contains(key)));
        filtered += share(&found, &expected);
        let found = FLAT.search_by(Way::Scan, &query, 10, &some);
        let found = keys(&found.expect("is a query"));
        assert!(found.iter().all(|&key| some.contains(key)));
        scanned += share(&found, &expected);
    }
    assert!(walked / 50.0 > 0.98, "{walked}");
    assert!(filtered / 50.0 > 0.98, "{filtered}");
    assert!(scanned / 50.0 > 0.999, "{scanned}");
}

#[test]
fn distances_are_those_of_the_rows() {
    let generator = Generator::new(DIMENSIONS);
    let query = generator.query(3);
    for neighbour in FLAT.search(&query, 100).expect("is a query") {
        let truth = distance(&query, &generator.row(u64::from(neighbour.key)));
        assert!((neighbour.distance - truth).abs() <= codes::ROUNDING);
    }
}

#[test]
fn few_survivors_or_none_are_all_there_is_to_find() {
    let query = Generator::new(DIMENSIONS).query(0);
    for kept in [&[][..], &[7], &[0, 1_500, 2_999]] {
        let survivors = Survivors::of(ITEMS, kept.iter().copied());
        for way in [Way::Scan, Way::Walk] {
            let found = FLAT.search_by(way, &query, 10, &survivors);
            let mut found = keys(&found.expect("is a query"));
            found.sort_unstable();
            assert_eq!(found, kept, "{way:?}");
        }
    }
}

#[test]
fn searches_at_the_same_time_do_not_disturb_each_other() {
    let generator = Generator::new(DIMENSIONS);
    let queries: Vec<_> = (0..40).map(|number| generator.query(number)).collect();
    let search = |query: &Vec<f32>| keys(&FLAT.search(query, 10).expect("is a query"));
    let alone: Vec<Vec<u32>> = queries.iter().map(search).collect();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let beside: Vec<Vec<u32>> = queries.iter().map(search).collect();
                assert_eq!(beside, alone);
            });
        }
    });
}

#[test]
fn queries_that_cannot_be_compared_are_refused() {
    let survivors = Survivors::of(ITEMS, 0..10);
    let mut query = Generator::new(DIMENSIONS).query(0);
    query[31] = f32::NAN;
    let refused = FLAT.search(&query, 10).map(|_| ());
    assert!(
        matches!(refused, Err(BadVector::NotFinite { at: 31, .. })),
        "{refused:?}"
    );
    let dimensions = BadVector::Dimensions {
        found: 31,
        expected: 32,
    };
    assert_eq!(FLAT.search(&query[..31], 10), Err(dimensions));
    let filtered = FLAT.search_among(&query[..31], 10, &survivors);
    assert_eq!(filtered, Err(dimensions));
}

#[test]
fn the_way_depends_on_the_survivors_and_on_all_rows() {
    for (survivors, items, expected) in [
        (0, 0, Way::Scan),
        (10, 10, Way::Scan),
        (CROSSOVER, CROSSOVER, Way::Scan),
        (CROSSOVER * 10, CROSSOVER * 100, Way::Scan),
        (CROSSOVER * 10 + 1, CROSSOVER * 100, Way::Walk),
        (500_000, 1_000_000, Way::Walk),
        (10_000, 1_000_000, Way::Scan),
    ] {
        let way = Way::cheaper(survivors, items, CROSSOVER);
        assert_eq!(way, expected, "{survivors} of {items}");
    }
}

#[test]
fn what_a_search_compares_is_counted_exactly() {
    let query = Generator::new(DIMENSIONS).query(0);
    let count = FLAT.compared(&query).expect("is a query");
    assert!((EXPANSION..ITEMS).contains(&count), "{count}");
    assert_eq!(FLAT.compared(&query), Ok(count));
}
