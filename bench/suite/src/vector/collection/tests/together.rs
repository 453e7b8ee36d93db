//! Several threads in one collection.

use std::sync::Barrier;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::vector::links::Links;

#[test]
fn what_a_shared_batch_loses_is_found_again() {
    // Eight threads lose a row in a thousand or so.
    const THREADS: usize = 8;
    const BATCH: u32 = 1_000;
    const MOST: u32 = 60;
    let generator = Generator::new(DIMENSIONS);
    let sizing = Sizing {
        capacity: (BATCH * MOST) as usize,
        callers: THREADS,
        batch_threads: THREADS,
    };
    let collection = Collection::over(index(MetricKind::IP), [], sizing).expect("is a collection");
    for batch in 0..MOST {
        let keys = batch * BATCH..(batch + 1) * BATCH;
        let inserted = rows(&generator, keys.clone());
        collection.insert_batch(&inserted).expect("are unknown");
        let mut orphans = Links::of(collection.index()).orphans();
        orphans.retain(|key| keys.contains(key));
        assert_eq!(orphans, [0_u32; 0], "batch {batch}");
        assert_eq!(collection.count(), inserted.len() * (batch as usize + 1));
        if batch > 4 && collection.mended() > 0 {
            return;
        }
    }
    // Whether threads meet at a node is the machine's doing: where none did, nothing was lost either.
}

#[test]
fn what_several_callers_lose_is_found_again() {
    const CALLERS: u32 = 8;
    const EACH: u32 = 250;
    const MOST: u32 = 10;
    let generator = Generator::new(DIMENSIONS);
    let collection = empty((CALLERS * EACH * MOST) as usize, CALLERS as usize);
    for round in 0..MOST {
        let first = round * CALLERS * EACH;
        let start = Barrier::new(CALLERS as usize);
        let insert = |caller: u32| {
            start.wait();
            for key in (first + caller..)
                .step_by(CALLERS as usize)
                .take(EACH as usize)
            {
                let one = insertion(&generator, key);
                collection.insert(&one).expect("is unknown");
            }
        };
        thread::scope(|scope| {
            for caller in 0..CALLERS {
                scope.spawn(move || insert(caller));
            }
        });
        let orphans = Links::of(collection.index()).orphans();
        assert_eq!(orphans, [0_u32; 0], "round {round}");
        if collection.mended() > 0 {
            return;
        }
    }
    // Whether callers meet at a node is the machine's doing: where none did, nothing was lost either.
}

#[test]
fn the_collection_grows_while_others_search() {
    const BATCHES: u32 = 40;
    let generator = Generator::new(DIMENSIONS);
    let collection = empty(1, 4);
    let is_over = AtomicBool::new(false);
    let start = Barrier::new(3);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let query = generator.query(0);
                start.wait();
                while !is_over.load(Ordering::Relaxed) {
                    collection.search(&query, 5).expect("is a query");
                }
            });
        }
        start.wait();
        for batch in 0..BATCHES {
            // One by one and together.
            let inserted = rows(&generator, batch * 50..(batch + 1) * 50);
            let (single, together) = inserted.split_at(10);
            for one in single {
                collection.insert(one).expect("makes room");
            }
            collection.insert_batch(together).expect("makes room");
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(collection.count(), BATCHES as usize * 50);
    let mut model = model::Model::default();
    for key in 0..BATCHES * 50 {
        model.insert(key, metadata(key));
    }
    assert_eq!(model.check(&collection, &generator), Ok(()));
}

#[test]
fn what_is_found_beside_writers_has_the_distance_it_says() {
    // Slots change their keys all the time here: two writers delete and insert the same few keys,
    // each its own, while others search and read them.
    const KEYS: u32 = 60;
    const ROUNDS: u32 = 300;
    let generator = Generator::new(DIMENSIONS);
    let collection = empty(10, 4);
    let rows: Vec<Insertion> = rows(&generator, 0..2 * KEYS);
    collection.insert_batch(&rows).expect("are unknown");
    let is_over = AtomicBool::new(false);
    let read = |number: usize| {
        let mut vector = [0.0; DIMENSIONS];
        let mut found = 0_usize;
        while !is_over.load(Ordering::Relaxed) {
            for row in rows.iter().skip(number).step_by(2) {
                for neighbour in collection.search(&row.vector, 5).expect("is a query") {
                    let actual = distance(&row.vector, &rows[neighbour.key as usize].vector);
                    assert!(
                        (neighbour.distance - actual).abs() < ROUNDING,
                        "{neighbour:?}"
                    );
                    found += 1;
                }
                if let Ok(metadata) = collection.get(row.key, &mut vector) {
                    assert_eq!(metadata, row.metadata);
                    assert!(distance(&row.vector, &vector).abs() < ROUNDING);
                }
            }
        }
        found
    };
    let write = |own: &[Insertion]| {
        for round in 0..ROUNDS {
            for row in own {
                // Different ones from round to round, so that slots wander.
                if (row.key + round) % 3 == 0 {
                    collection.delete(row.key).expect("is its own");
                }
            }
            for row in own.iter().rev() {
                if (row.key + round) % 3 == 0 {
                    collection.insert(row).expect("was deleted");
                }
            }
        }
    };
    let (one, other) = rows.split_at(KEYS as usize);
    thread::scope(|scope| {
        let readers = [0, 1].map(|number| scope.spawn(move || read(number)));
        let writers = [one, other].map(|own| scope.spawn(move || write(own)));
        for writer in writers {
            writer.join().expect("does not fail");
        }
        is_over.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.join().expect("does not fail") > 0);
        }
    });
    assert_eq!(collection.count(), 2 * KEYS as usize);
}

#[test]
fn more_callers_than_there_are_work_areas_are_turned_away() {
    let generator = Generator::new(DIMENSIONS);
    let collection = empty(100, 1);
    let inside = collection.engine.enter().expect("is the first");
    let row = insertion(&generator, 1);
    let busy = |result: Result<(), CollectionError>| {
        matches!(result, Err(CollectionError::Busy { most: 1 }))
    };
    assert!(busy(collection.insert(&row)));
    assert!(busy(collection.search(&row.vector, 1).map(drop)));
    assert_eq!(collection.count(), 0);
    drop(inside);
    // A batch that would be shared is done by the one who is let in.
    collection
        .insert_batch(&rows(&generator, 0..100))
        .expect("is the only one");
    assert_eq!(collection.count(), 100);
}
