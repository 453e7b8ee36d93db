//! Changes made on purpose.

use bench_harness::schema::{MetricValue, Run};

use super::{code_and_stderr, command, directory, run, run_with_plants};

const ONCE: [&str; 4] = ["--sessions", "1", "--repetitions", "1"];

fn call<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&ONCE, arguments].concat()
}

/// Hits of the first proportion of the first scenario.
fn hits(run: &Run) -> u64 {
    let metrics = &run.sessions[0].scenarios[0].repetitions[0].metrics;
    let recall = metrics.iter().find_map(|(_, value)| match value {
        MetricValue::Proportion(proportion) => Some(proportion.hits),
        _ => None,
    });
    recall.expect("recall was measured")
}

/// A figure of the first scenario.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn figure(run: &Run, metric: &str) -> f64 {
    let metrics = &run.sessions[0].scenarios[0].repetitions[0].metrics;
    let found = metrics.iter().find_map(|(name, value)| match value {
        MetricValue::Value(figure) if name.as_str() == metric => Some(*figure),
        _ => None,
    });
    found.expect("it was measured")
}

#[test]
fn planted_shortsight_costs_recall() {
    let plant = "vector/**:expansion=1";
    let sighted = run(&call(&["--only", "vector/**"]));
    let by_argument = run(&call(&["--only", "vector/**", "--plant", plant]));
    let by_variable = run_with_plants(plant, &call(&["--only", "vector/**"]));
    assert!(hits(&by_argument) < hits(&sighted));
    assert_eq!(hits(&by_variable), hits(&by_argument));
    assert_eq!(by_argument.source.planted, [plant]);
    assert_eq!(by_variable.source.planted, [plant]);
}

#[test]
fn plants_of_the_variable_are_recorded_before_those_of_the_call() {
    // The first matches nothing that is selected: the variable is set for many calls.
    let run = run_with_plants(
        "vector/**:expansion=1, {text,signals}/*:tail=10%",
        &call(&["--only", "signals/**", "--plant", "**:work=20%"]),
    );
    assert_eq!(
        run.source.planted,
        [
            "vector/**:expansion=1",
            "{text,signals}/*:tail=10%",
            "**:work=20%"
        ]
    );
    assert_eq!(run.validate(), Ok(()));
}

#[test]
fn a_wrong_variable_is_refused_by_its_name() {
    for (plants, said) in [
        ("text/**", "BENCH_PLANT: `text/**` is not a plant"),
        (
            "text/**:tail=10",
            "BENCH_PLANT: `10` is not a share of tail",
        ),
        (
            "video/**:work=5%",
            "BENCH_PLANT: plant `video/**:work=5%` matches no scenario",
        ),
    ] {
        for verb in [&["run", "--out", "out.json"][..], &["verify"]] {
            let directory = directory();
            let output = command(directory.path(), verb)
                .env("BENCH_PLANT", plants)
                .output();
            let (code, stderr) = code_and_stderr(&output.expect("the program starts"));
            assert!(stderr.contains(said), "{verb:?} {plants:?}: {stderr}");
            assert_eq!(code, Some(2), "{verb:?} {plants:?}");
        }
    }
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn planted_memory_is_in_the_peak_and_allocated() {
    let only = ["--only", "signals/**"];
    let without = run(&call(&only));
    let with = run_with_plants("**:memory=100%", &call(&only));
    for metric in ["peak_rss", "allocated"] {
        let [without, with] = [&without, &with].map(|run| figure(run, metric));
        // Not twice: what measuring itself needs is in both.
        assert!(with > 1.5 * without, "{metric}: {without} {with}");
    }
}
