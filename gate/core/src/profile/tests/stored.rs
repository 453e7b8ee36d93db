//! Profiles that were stored without their small stacks.

use super::*;

#[test]
fn small_stacks_keep_the_function_whose_time_they_are() {
    let stacks = folded(&[
        ("t;main;large", 90),
        ("t;main;a;score", 3),
        ("t;main;b;score;memcpy", 3),
        ("t;start;memcpy", 2),
        ("t;memcpy", 1),
        ("t", 1),
    ]);
    let expected =
        "[other];memcpy 1\n[other];score 6\n[other];start 2\n[other];t 1\nt;main;large 90\n";
    let joined = bounded(&stacks, 0.04);
    assert_eq!(joined.to_folded(), expected);
    assert_eq!(bounded(&joined, 0.04), joined, "stays as it is");
    assert_eq!(bounded(&stacks, 0.0), stacks);
    // All shares are as they were, so nothing grew and nothing shrank.
    let stored = ProfileSide {
        other_below: Some(0.04),
        ..side(&joined, None)
    };
    let change = compare(&stored, &side(&stacks, None), profiler()).expect("has samples");
    assert_eq!((change.grew, change.shrank), (Vec::new(), Vec::new()));
}

/// A stored profile of `work`, with the limit below which its stacks were joined, against a whole one.
fn against_stored(sides: &[Stacks; 2], ns: [f64; 2]) -> ProfileChange {
    const BELOW: f64 = 0.001;
    let joined = bounded(&normalise(&sides[0]), BELOW);
    let stored = ProfileSide {
        other_below: Some(BELOW),
        ..side(&joined, Some(ns[0]))
    };
    compare(&stored, &side(&sides[1], Some(ns[1])), profiler()).expect("both have samples")
}

/// Functions found in two hundred stacks each, of about seven samples: chance decides which of them are
/// below the limit.
fn scattered(functions: u32) -> Vec<(String, f64)> {
    let mut work = engine(10);
    let each = total(&work) * 0.001;
    for k in 0..200 * functions {
        let (function, caller) = (k / 200, k % 200);
        work.push((format!("t;main;engine::call{caller};rank{function}"), each));
    }
    work
}

#[test]
fn a_build_against_its_stored_self_names_nothing() {
    const TRIALS: u64 = 100;
    let mut failures = 0;
    for functions in [1, 4] {
        let work = scattered(functions);
        for seed in 0..TRIALS {
            let mut random = Pcg64::seed_from_u64(seed);
            let sides = [(); 2].map(|()| sampled(&work, 7000.0, &mut random));
            let change = against_stored(&sides, [1e4; 2]);
            let any = !named(&change.grew).is_empty() || !named(&change.shrank).is_empty();
            failures += u64::from(any);
        }
    }
    assert!(failures <= 2, "{failures} of 200 name a frame");
}

#[test]
fn a_stored_profile_knows_all_of_the_time_of_a_function_in_small_stacks() {
    let work = scattered(1);
    let mut slower = work.clone();
    for (_, ns) in slower
        .iter_mut()
        .filter(|(stack, _)| stack.ends_with("rank0"))
    {
        *ns *= 1.5;
    }
    let mut random = Pcg64::seed_from_u64(7);
    let sides = [&work, &slower].map(|work| sampled(work, 7000.0, &mut random));
    let ns = [total(&work), total(&slower)];
    let change = against_stored(&sides, ns);
    let whole = compared(&sides[0], &sides[1], Some(ns));
    assert_eq!(named(&change.grew), ["rank0"]);
    let [stored, whole_grew] = [&change, &whole].map(|change| &change.grew[0]);
    for (found, expected) in [
        (stored.baseline.own, whole_grew.baseline.own),
        (stored.candidate.own, whole_grew.candidate.own),
        (stored.change, whole_grew.change),
    ] {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
    // Whoever has more than a tenth is listed, whatever was joined.
    assert_eq!(change.hotspots, whole.hotspots);
    assert!(change.hotspots.iter().any(|hot| hot.name == "rank0"));
}

/// As earlier gates stored them.
#[test]
fn stacks_of_nobody_are_compared_with_nothing() {
    let old = folded(&[("[other]", 10), ("t;main;search", 90)]);
    let new = folded(&[("t;main;search", 100)]);
    assert!(has_owners(&new) && !has_owners(&old));
    assert!(compare(&side(&old, None), &side(&new, None), profiler()).is_none());
    let hotspots = alone(&side(&old, None), profiler())
        .expect("has samples")
        .hotspots;
    let hot: Vec<&str> = hotspots.iter().map(|hot| hot.name.as_str()).collect();
    assert_eq!(hot, ["search"]);
}
