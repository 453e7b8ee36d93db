use std::time::Duration;

use bench_harness::prepare::prepare;
use bench_harness::{Context, Scenario, Subject, Tier};
use usearch::Index;

use super::saved::{Saved, compare};
use super::view::FAMILY;
use super::{Loaded, What};
use crate::vector::collection::tests::cache;
use crate::vector::rows::Generator;

/// The tiny index, saved.
fn saved() -> (Saved, Index) {
    let cache = cache();
    prepare(&FAMILY[0], Tier::Tiny, &cache).expect("prepares");
    Saved::create(&Context::new(Tier::Tiny, &cache)).expect("saves")
}

#[test]
fn a_mapped_index_answers_as_the_one_that_was_saved() {
    let (saved, index) = saved();
    // Where the system cannot drop pages, answers must be the same all the same.
    let _ = saved.drop_pages();
    let queries = Generator::new(index.dimensions()).queries();
    for opened in [saved.view(), saved.load()] {
        let opened = opened.expect("opens");
        assert_eq!(compare(&queries, &opened, &index), Ok(()));
        opened.change_expansion_search(1);
        assert!(compare(&queries, &opened, &index).is_err(), "less is found");
    }
    assert_eq!(
        saved.bytes().expect("is there"),
        index.serialized_length() as u64
    );
}

#[test]
fn another_file_is_a_wrong_answer() {
    for what in [What::Save, What::Load] {
        for is_spoilt in [false, true] {
            let (saved, original) = saved();
            let queries = Generator::new(original.dimensions()).queries();
            if is_spoilt && what == What::Load {
                let other = saved.load().expect("loads");
                // A row less gives other answers.
                other.remove(7).expect("is there");
                saved.save(&other).expect("saves");
            }
            let mut subject = Loaded {
                what,
                original,
                queries,
                saved,
                loaded: None,
                operated: Duration::ZERO,
                first_queries: Duration::ZERO,
                failures: 0,
            };
            for index in 0..subject.warm_up() + subject.operations() {
                subject.operate(index);
            }
            if is_spoilt && what == What::Save {
                subject.original.remove(7).expect("is there");
            }
            assert_eq!(subject.check().is_err(), is_spoilt, "{what:?}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn cold_is_either_cold_or_wrong() {
    let cold = &FAMILY[0];
    prepare(cold, Tier::Tiny, &cache()).expect("prepares");
    let mut subject = cold
        .load(&Context::new(Tier::Tiny, &cache()))
        .expect("loads");
    assert!(subject.waits_for_disk());
    for index in 0..subject.operations() {
        subject.operate(index);
    }
    // A directory in memory is legal for tests and nothing to measure a disk with.
    if let Err(wrong) = subject.check() {
        assert_eq!(wrong.found, "no page came from the disk");
    }
    let metrics = subject.report().expect("reports");
    for metric in cold.metrics() {
        let is_reported = metrics.iter().any(|(name, _)| *name == metric.name);
        assert!(is_reported, "{}", metric.name);
    }
}
