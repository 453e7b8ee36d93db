use bench_harness::prepare::prepare;
use bench_harness::schema::{MetricName, MetricValue};
use bench_harness::{Context, Scenario, Subject, Tier};

use super::{FAMILY, QUERIES};
use crate::vector::collection::tests::cache;

/// The written scenario after that many adds and deletes, with searches between them.
fn written(adds: usize, deletes: usize) -> Box<dyn Subject> {
    let cache = cache();
    let scenario = &FAMILY[0];
    prepare(scenario, Tier::Tiny, &cache).expect("prepares");
    let subject = scenario
        .load(&Context::new(Tier::Tiny, &cache))
        .expect("loads");
    let service = subject.service().expect("serves");
    let mut background = service.background();
    assert_eq!(background.len(), 2);
    for step in 0..adds.max(deletes) {
        if step < adds {
            (background[0].step)(step);
        }
        if step < deletes {
            (background[1].step)(step);
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
    let mut subject = written(300, 100);
    assert_eq!(subject.check(), Ok(()));
    let metrics = subject.report().expect("reports");
    let recall = metrics.iter().find_map(|(name, value)| match value {
        MetricValue::Value(recall) if name.as_str() == "recall_min@10" => Some(*recall),
        _ => None,
    });
    // A search that is held against the truth of another moment misses what came or went.
    assert!(recall > Some(0.98), "{recall:?}");
    let mut declared: Vec<MetricName> = FAMILY[0]
        .metrics()
        .into_iter()
        .map(|metric| metric.name)
        .collect();
    declared.sort();
    let mut reported: Vec<MetricName> = metrics.into_iter().map(|(name, _)| name).collect();
    reported.sort();
    assert_eq!(reported, declared);
}

#[test]
fn a_write_that_was_refused_is_a_wrong_answer() {
    let mut subject = written(10, 10);
    assert_eq!(subject.check(), Ok(()));
    let service = subject.service().expect("serves");
    (service.background()[0].step)(3);
    let wrong = subject.check().expect_err("is there already");
    assert_eq!(wrong.found, "1 failed");
}

#[test]
fn idle_is_the_same_without_writes() {
    let cache = cache();
    let idle = &FAMILY[1];
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
