//! Runs scenarios of the suite under criterion.

use std::hint::black_box;
use std::time::Duration;

use bench_harness::cache::Cache;
use bench_harness::prepare::prepare;
use bench_harness::{Context, Scenario, Tier};
use criterion::Criterion;

/// Measures those of `scenarios` that do not need a million items.
pub(crate) fn measure_all(scenarios: &[&dyn Scenario]) {
    for scenario in scenarios {
        if scenario.smallest_tier() <= Tier::Pr {
            measure(*scenario);
        }
    }
}

/// Measures the operations of `scenario` on its smallest tier, one after the other and around again,
/// under the scenario's own id.
///
/// Criterion times batches, so it says nothing about tails and checks no answers: for both there is
/// `bench run`. What it is for is a quick look at one change.
///
/// # Panics
/// When the scenario cannot be prepared or loaded.
fn measure(scenario: &dyn Scenario) {
    let tier = scenario.smallest_tier().max(Tier::Smoke);
    // Cargo runs benches in the package's folder, but the cache is the workspace's.
    let cache = Cache::at(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../target/bench-cache"
    ));
    prepare(scenario, tier, &cache).expect("the scenario prepares");
    let mut subject = scenario
        .load(&Context::new(tier, &cache))
        .expect("the scenario loads");
    let mut indexes = (0..subject.warm_up() + subject.operations()).cycle();

    let (group, function) = scenario
        .id()
        .rsplit_once('/')
        .expect("ids have at least two parts");
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    criterion
        .benchmark_group(group)
        .bench_function(function, |bencher| {
            bencher.iter(|| {
                let index = indexes.next().expect("the cycle never ends");
                black_box(subject.operate(index))
            });
        });
    criterion.final_summary();
}
