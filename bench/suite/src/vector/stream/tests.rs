use bench_harness::prepare::prepare;
use bench_harness::schema::{MetricName, MetricValue};
use bench_harness::{Context, Scenario, Subject, Tier};

use super::{FAMILY, QUERIES, Stream};
use crate::vector::collection::tests::cache;

/// The scenarios that are written to.
fn all_written() -> impl Iterator<Item = &'static Stream> {
    FAMILY.iter().filter(|stream| stream.is_written())
}

/// Adds, or deletes, between two merges.
const PER_MERGE: usize = 70;

/// A scenario after that many adds and deletes, with searches and merges between them.
fn written(scenario: &Stream, adds: usize, deletes: usize) -> Box<dyn Subject> {
    let cache = cache();
    prepare(scenario, Tier::Tiny, &cache).expect("prepares");
    let subject = scenario
        .load(&Context::new(Tier::Tiny, &cache))
        .expect("loads");
    let service = subject.service().expect("serves");
    let mut background = service.background();
    let is_merged = scenario.id == "vector/stream/delta";
    assert_eq!(background.len(), 2 + usize::from(is_merged));
    for step in 0..adds.max(deletes) {
        if step < adds {
            (background[0].step)(step);
        }
        if step < deletes {
            (background[1].step)(step);
        }
        if is_merged && step % PER_MERGE == PER_MERGE - 1 {
            (background[2].step)(step / PER_MERGE);
        }
        // One that warms up, and one that is timed.
        assert_eq!(service.serve(step), 10);
        assert_eq!(service.serve(QUERIES + step), 10);
    }
    drop(background);
    subject
}

#[test]
fn what_was_written_is_found_and_what_was_deleted_is_not() {
    for scenario in all_written() {
        let id = scenario.id;
        let mut subject = written(scenario, 300, 100);
        assert_eq!(subject.check(), Ok(()), "{id}");
        let metrics = subject.report().expect("reports");
        let recall = metrics.iter().find_map(|(name, value)| match value {
            MetricValue::Value(recall) if name.as_str() == "recall_min@10" => Some(*recall),
            _ => None,
        });
        // A search that is held against the truth of another moment misses what came or went.
        assert!(recall > Some(0.98), "{id}: {recall:?}");
        let declared = scenario.metrics().into_iter();
        let mut declared: Vec<MetricName> = declared.map(|metric| metric.name).collect();
        declared.sort();
        let mut reported: Vec<MetricName> = metrics.into_iter().map(|(name, _)| name).collect();
        reported.sort();
        assert_eq!(reported, declared, "{id}");
    }
}

#[test]
fn a_write_that_was_refused_is_a_wrong_answer() {
    for scenario in all_written() {
        let mut subject = written(scenario, 10, 10);
        assert_eq!(subject.check(), Ok(()));
        let service = subject.service().expect("serves");
        (service.background()[0].step)(3);
        let wrong = subject.check().expect_err("is there already");
        assert_eq!(wrong.found, "1 failed", "{}", scenario.id);
    }
}

#[test]
fn idle_is_the_same_without_writes() {
    let cache = cache();
    let idle = FAMILY.iter().find(|stream| !stream.is_written());
    let idle = idle.expect("is a scenario");
    prepare(idle, Tier::Tiny, &cache).expect("prepares");
    let mut subject = idle.load(&Context::new(Tier::Tiny, &cache)).expect("loads");
    assert!(subject.service().expect("serves").background().is_empty());
    for index in 0..100 {
        assert_eq!(subject.operate(index), 10);
    }
    assert_eq!(subject.check(), Ok(()));
    assert_eq!(
        subject.report().expect("reports").len(),
        idle.metrics().len()
    );
}
