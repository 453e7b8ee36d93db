//! Runs scenarios of the suite under criterion.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bench_harness::cache::Cache;
use bench_harness::prepare::prepare;
use bench_harness::{Context, Scenario, Service, Tier, Traffic};
use criterion::Criterion;

/// Measures those of `scenarios` that do not need a million items. Clients, schedules and work beside are left
/// out: one operation after the other would be another scenario under the same name.
pub(crate) fn measure_all(scenarios: &[&dyn Scenario]) {
    for scenario in scenarios {
        let tier = scenario.smallest_tier();
        if tier <= Tier::Pr && scenario.traffic(tier) == Traffic::Alone {
            measure(*scenario);
        }
    }
}

/// Measures the operations of `scenario` on its smallest tier, one after the other, under the scenario's
/// own id. After the last it is loaded anew, which is not timed: what was inserted cannot be inserted again.
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
    let _hold = cache.hold().expect("the cache can be used");
    prepare(scenario, tier, &cache).expect("the scenario prepares");
    let load = || {
        let mut subject = scenario
            .load(&Context::new(tier, &cache))
            .expect("the scenario loads");
        let warm_up = subject.warm_up();
        for index in 0..warm_up {
            black_box(subject.operate(index));
        }
        let end = warm_up + subject.operations();
        (subject, warm_up..end)
    };
    let (mut subject, mut indexes) = load();
    let has_work_beside = |service: &dyn Service| !service.background().is_empty();
    if subject.service().is_some_and(has_work_beside) {
        return;
    }

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
            bencher.iter_custom(|mut operations| {
                let mut elapsed = Duration::ZERO;
                while operations > 0 {
                    if indexes.is_empty() {
                        (subject, indexes) = load();
                    }
                    let pass = indexes
                        .len()
                        .min(usize::try_from(operations).unwrap_or(usize::MAX));
                    let start = Instant::now();
                    for index in indexes.by_ref().take(pass) {
                        black_box(subject.operate(index));
                    }
                    elapsed += start.elapsed();
                    operations -= pass as u64;
                }
                elapsed
            });
        });
    criterion.final_summary();
}
