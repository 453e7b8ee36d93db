//! Every scenario of the collection, on the tiny tier.

use bench_harness::plant::Planted;
use bench_harness::prepare::prepare;
use bench_harness::repetition::repeat;
use bench_harness::{Context, Subject, Tier};

use super::super::scenarios;
use super::cache;

/// The scenario, loaded.
fn loaded(id: &str) -> Box<dyn Subject> {
    let scenario = scenarios().find(|scenario| scenario.id() == id);
    let scenario = scenario.expect("is a scenario");
    let cache = cache();
    prepare(scenario, Tier::Tiny, &cache).expect("prepares");
    scenario
        .load(&Context::new(Tier::Tiny, &cache))
        .expect("loads")
}

fn operate_all(subject: &mut dyn Subject) {
    for index in 0..subject.warm_up() + subject.operations() {
        subject.operate(index);
    }
}

#[test]
fn every_scenario_is_right_and_reports_what_it_declares() {
    let cache = cache();
    // Those beside a writer have tests of their own, as have those that need a real disk.
    let here = scenarios().filter(|scenario| {
        !scenario.id().starts_with("vector/stream") && scenario.id() != "vector/view/cold"
    });
    for scenario in here {
        let id = scenario.id();
        prepare(scenario, Tier::Tiny, &cache).expect(id);
        let observed = repeat(scenario, Tier::Tiny, &Planted::default(), &cache).expect(id);
        assert_eq!(observed.wrong_answer, None, "{id}");
        for metric in scenario.metrics() {
            let value = observed.repetition.metric(&metric.name);
            let value = value.unwrap_or_else(|| panic!("{id}: {}", metric.name));
            assert_eq!(value.kind(), metric.kind, "{id}: {}", metric.name);
            assert_eq!(value.check(metric.unit), Ok(()), "{id}: {}", metric.name);
        }
    }
}

#[test]
fn one_operation_too_many_is_a_wrong_answer() {
    for id in [
        "vector/insert/1",
        "vector/insert/raw",
        "vector/insert/100",
        "vector/get",
        "vector/delete",
        "vector/update-metadata",
        "vector/build/threads=1",
    ] {
        let mut subject = loaded(id);
        operate_all(subject.as_mut());
        assert_eq!(subject.check(), Ok(()), "{id}");
        subject.operate(2);
        assert!(subject.check().is_err(), "{id}");
    }
}

#[test]
fn one_operation_too_few_is_a_wrong_answer() {
    for id in [
        "vector/create/dim=3",
        "vector/insert/10",
        "vector/insert/raw",
        "vector/get",
        "vector/delete",
        "vector/update-metadata",
        "vector/build/threads=2",
    ] {
        let mut subject = loaded(id);
        if id != "vector/create/dim=3" {
            for index in 0..subject.warm_up() + subject.operations() - 1 {
                subject.operate(index);
            }
        }
        assert!(subject.check().is_err(), "{id}");
    }
}

#[test]
fn building_with_one_thread_gives_the_same_graph_and_no_orphans() {
    let report = || {
        let mut subject = loaded("vector/build/threads=1");
        operate_all(subject.as_mut());
        assert_eq!(subject.check(), Ok(()));
        let mut metrics = subject.report().expect("reports");
        metrics
            .retain(|(name, _)| ["orphans", "orphans_left", "recall@10"].contains(&name.as_str()));
        metrics
    };
    let metrics = report();
    assert_eq!(metrics.len(), 3);
    assert_eq!(report(), metrics);
    for (name, value) in &metrics[..2] {
        assert_eq!(format!("{value:?}"), "Value(0.0)", "{name}");
    }
}
