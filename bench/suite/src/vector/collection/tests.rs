use std::collections::BTreeMap;

use bench_harness::cache::Cache;
use rand::RngExt;
use usearch::{IndexOptions, MetricKind, ScalarKind};

use super::warm::{insertion, metadata};
use super::*;
use crate::random::Stream;
use crate::vector::checked::BadVector;
use crate::vector::rows::Generator;
use crate::vector::truth::distance;

mod every;
mod together;

const DIMENSIONS: usize = 16;

/// A cache that stays, because true neighbours take half a minute without optimisation.
pub(crate) fn cache() -> Cache {
    Cache::at(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../target/tmp/bench-cache"
    ))
}

/// Largest error of a distance between rows of bf16.
const ROUNDING: f32 = 5e-3;

fn index(metric: MetricKind) -> Index {
    let options = IndexOptions {
        dimensions: DIMENSIONS,
        metric,
        quantization: ScalarKind::BF16,
        ..IndexOptions::default()
    };
    Index::new(&options).expect("is a configuration")
}

fn empty(capacity: usize, callers: usize) -> Collection {
    let sizing = Sizing {
        capacity,
        callers,
        batch_threads: 2,
    };
    Collection::over(index(MetricKind::IP), [], sizing).expect("is a collection")
}

fn rows(generator: &Generator, keys: impl IntoIterator<Item = u32>) -> Vec<Insertion> {
    let rows = keys.into_iter().map(|key| insertion(generator, key));
    rows.collect()
}

#[test]
fn what_cannot_be_compared_is_refused_at_every_door() {
    let generator = Generator::new(DIMENSIONS);
    let collection = empty(10, 2);
    collection
        .insert(&insertion(&generator, 1))
        .expect("is a row");
    let row = generator.row(2);
    let spoilt = |scalar| {
        let mut row = row.clone();
        row[5] = scalar;
        row
    };
    for (vector, expected) in [
        (
            row[1..].to_vec(),
            "the vector has 15 dimensions, expected 16",
        ),
        (Vec::new(), "the vector has 0 dimensions, expected 16"),
        (
            spoilt(f32::NAN),
            "scalar 5 of the vector is NaN, expected a number",
        ),
        (
            spoilt(f32::INFINITY),
            "scalar 5 of the vector is inf, expected a number",
        ),
    ] {
        let bad = Insertion {
            key: 2,
            vector: vector.clone(),
            metadata: metadata(2),
        };
        let searched = collection.search(&vector, 1).map(drop);
        let batch = [insertion(&generator, 3), bad.clone()];
        for refused in [
            collection.insert(&bad),
            collection.insert_batch(&batch),
            searched,
        ] {
            let error = refused.expect_err(expected);
            assert!(matches!(error, CollectionError::BadVector(_)));
            assert_eq!(error.to_string(), expected);
        }
    }
    let short = collection.get(1, &mut [0.0; 3]);
    assert!(matches!(
        short,
        Err(CollectionError::BadVector(BadVector::Dimensions {
            found: 3,
            expected: 16
        }))
    ));
    assert_eq!((collection.count(), collection.keys()), (1, vec![1]));
}

#[test]
fn only_cosines_need_a_direction() {
    let sizing = Sizing {
        capacity: 10,
        callers: 1,
        batch_threads: 1,
    };
    let zero = Insertion {
        key: 1,
        vector: vec![0.0; DIMENSIONS],
        metadata: metadata(1),
    };
    for (metric, is_refused) in [
        (MetricKind::Cos, true),
        (MetricKind::IP, false),
        (MetricKind::L2sq, false),
    ] {
        let collection = Collection::over(index(metric), [], sizing).expect("is a collection");
        let inserted = collection.insert(&zero);
        assert_eq!(
            matches!(inserted, Err(CollectionError::NoDirection)),
            is_refused,
            "{metric:?}: {inserted:?}"
        );
        assert_eq!(collection.search(&zero.vector, 1).is_err(), is_refused);
        assert_eq!(collection.count(), usize::from(!is_refused));
    }
}

#[test]
fn keys_are_unknown_until_inserted_and_after_they_are_deleted() {
    let generator = Generator::new(DIMENSIONS);
    let collection = empty(10, 1);
    let inserted = insertion(&generator, 7);
    let mut vector = [0.0; DIMENSIONS];
    for _ in 0..3 {
        for unknown in [
            collection.get(7, &mut vector).map(drop),
            collection.update_metadata(7, metadata(1)),
            collection.delete(7),
        ] {
            assert!(matches!(unknown, Err(CollectionError::UnknownKey(7))));
        }
        assert_eq!(
            collection.search(&inserted.vector, 3).expect("is a query"),
            []
        );

        collection.insert(&inserted).expect("is unknown");
        let again = collection.insert(&inserted);
        assert!(matches!(again, Err(CollectionError::KnownKey(7))));
        collection
            .update_metadata(7, metadata(8))
            .expect("is there");
        assert_eq!(
            collection.get(7, &mut vector).expect("is there"),
            metadata(8)
        );
        assert_eq!(
            collection
                .search(&inserted.vector, 3)
                .expect("is a query")
                .len(),
            1
        );
        assert_eq!((collection.count(), collection.keys()), (1, vec![7]));
        collection.delete(7).expect("is there");
        assert_eq!((collection.count(), collection.keys()), (0, vec![]));
    }
}

#[test]
fn a_batch_is_inserted_whole_or_not_at_all() {
    let generator = Generator::new(DIMENSIONS);
    let collection = empty(10, 3);
    collection
        .insert_batch(&rows(&generator, 0..100))
        .expect("are unknown");
    for (case, keys, known) in [
        ("there already", (100..150).chain([3]).collect(), 3),
        ("twice", (100..150).chain([120]).collect::<Vec<_>>(), 120),
    ] {
        let refused = collection.insert_batch(&rows(&generator, keys));
        assert!(
            matches!(refused, Err(CollectionError::KnownKey(key)) if key == known),
            "{case}"
        );
        assert_eq!(collection.count(), 100, "{case}");
        assert_eq!(collection.keys().len(), 100, "{case}");
        assert_eq!(collection.index().size(), 100, "{case}");
    }
    collection.insert_batch(&[]).expect("nothing is refused");
    collection
        .insert_batch(&rows(&generator, 100..150))
        .expect("are unknown");
    assert_eq!(collection.count(), 150);
}

#[test]
fn a_filled_index_comes_with_metadata_of_all_its_keys_and_no_others() {
    let generator = Generator::new(DIMENSIONS);
    let over = |keys: &[u32]| {
        let index = index(MetricKind::IP);
        index.reserve_capacity_and_threads(3, 1).expect("fits");
        for key in 0..3 {
            index.add(key, &generator.row(key)).expect("is a row");
        }
        let sizing = Sizing {
            capacity: 0,
            callers: 1,
            batch_threads: 1,
        };
        Collection::over(index, keys.iter().map(|&key| (key, metadata(key))), sizing)
    };
    let collection = over(&[2, 0, 1]).expect("is all");
    assert_eq!(collection.count(), 3);
    collection
        .insert(&insertion(&generator, 3))
        .expect("makes room");
    assert!(matches!(
        over(&[0, 1]).err(),
        Some(CollectionError::Metadata {
            found: 2,
            expected: 3
        })
    ));
    assert!(matches!(
        over(&[0, 1, 2, 3]).err(),
        Some(CollectionError::UnknownKey(3))
    ));
}

#[test]
fn any_order_of_calls_ends_where_a_sorted_map_does() {
    let generator = Generator::new(DIMENSIONS);
    let collection = empty(1, 2);
    let mut model: BTreeMap<u32, Metadata> = BTreeMap::new();
    let mut random = Stream::named("test/collection").piece(0);
    let mut vector = [0.0; DIMENSIONS];
    for step in 0..4_000 {
        let key = random.random_range(0..150);
        match random.random_range(0..4) {
            0 | 1 => {
                let is_inserted = collection.insert(&insertion(&generator, key)).is_ok();
                assert_eq!(is_inserted, !model.contains_key(&key), "step {step}");
                model.entry(key).or_insert(metadata(key));
            }
            2 => {
                let is_deleted = collection.delete(key).is_ok();
                assert_eq!(is_deleted, model.remove(&key).is_some(), "step {step}");
            }
            _ => {
                let updated = metadata(key + step);
                let is_updated = collection.update_metadata(key, updated).is_ok();
                let known = model.get_mut(&key);
                assert_eq!(is_updated, known.is_some(), "step {step}");
                known.into_iter().for_each(|known| *known = updated);
            }
        }
        let found = collection.get(key, &mut vector).ok();
        assert_eq!(found, model.get(&key).copied(), "step {step}");
        assert_eq!(collection.count(), model.len(), "step {step}");
        let query = generator.row(u64::from(key));
        for neighbour in collection.search(&query, 5).expect("is a query") {
            assert!(model.contains_key(&neighbour.key), "step {step}");
            let actual = distance(&query, &generator.row(u64::from(neighbour.key)));
            assert!(
                (neighbour.distance - actual).abs() < ROUNDING,
                "step {step}"
            );
        }
    }
    let mut keys = collection.keys();
    keys.sort_unstable();
    assert!(keys.iter().eq(model.keys()));
}
