use super::*;

fn stacks(folded: &[(&[&str], u64)]) -> Stacks {
    let mut builder = StacksBuilder::default();
    for (frames, samples) in folded {
        let frames = frames.iter().copied();
        builder.add(frames, *samples).expect("few samples");
    }
    builder.build()
}

#[test]
fn what_is_outside_of_the_measuring_loops_is_dropped() {
    let lap = "bench_harness::measure::lap::measuring_lap";
    let client = "bench_harness::measure::clients::closed::{{closure}}";
    for (name, stack, expected) in [
        (
            "one thread",
            &["bench", "main", "measure", lap, "operate"][..],
            format!("bench;{lap};operate 3\n"),
        ),
        (
            "a client",
            &["bench", "start", client, "serve"],
            format!("bench;{client};serve 3\n"),
        ),
        (
            "broken off before the loop",
            &["bench", "[unknown]"],
            "bench;[unknown] 3\n".to_owned(),
        ),
        (
            "without its thread",
            &[lap, "operate"],
            format!("{lap};operate 3\n"),
        ),
        (
            "a client beside the background",
            &[
                "bench",
                "bench_harness::measure::background::beside",
                client,
                "serve",
            ],
            format!("bench;{client};serve 3\n"),
        ),
        (
            "the background",
            &[
                "bench",
                "start",
                "bench_harness::measure::background::pace",
                "write",
            ],
            String::new(),
        ),
        (
            "waits for its moment",
            &["bench", client, WAITING, "clock"],
            String::new(),
        ),
    ] {
        let found = of_operations(&stacks(&[(stack, 3)])).expect("few samples");
        assert_eq!(found.to_folded(), expected, "{name}");
    }
}
