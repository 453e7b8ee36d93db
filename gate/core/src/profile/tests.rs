use gate_schema::id::Name;
use gate_schema::profile::{Profiler, Stacks, StacksBuilder, TimePerOperation};
use gate_schema::report::{FrameChange, FrameTime, ProfileChange};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_distr::{Distribution, Poisson};
use rand_pcg::Pcg64;

use super::*;

mod stored;

fn profiler() -> Profiler {
    let name = |text| Name::new(text).expect("a name");
    Profiler {
        tool: name("perf"),
        event: name("cpu-clock"),
        reason: "for a test".to_owned(),
    }
}

fn folded(lines: &[(&str, u64)]) -> Stacks {
    let mut builder = StacksBuilder::default();
    for (stack, samples) in lines {
        builder.add(stack.split(';'), *samples).expect("adds");
    }
    builder.build()
}

fn side(stacks: &Stacks, ns: Option<f64>) -> ProfileSide<'_> {
    ProfileSide {
        stacks,
        time_per_operation: ns.map(|ns| TimePerOperation {
            ns,
            standard_error_ns: 0.0,
        }),
        period_ns: None,
        other_below: None,
    }
}

fn compared(baseline: &Stacks, candidate: &Stacks, ns: Option<[f64; 2]>) -> ProfileChange {
    let [before, after] = [0, 1].map(|at| ns.map(|ns| ns[at]));
    compare(&side(baseline, before), &side(candidate, after), profiler())
        .expect("both have samples")
}

/// Names of the frames that a report would name.
fn named(frames: &[FrameChange]) -> Vec<&str> {
    let beyond = frames.iter().filter(|frame| frame.beyond_noise);
    beyond.map(|frame| frame.name.as_str()).collect()
}

/// A stranger's profiles may name every frame there is: that takes minutes if each stack asks all of them.
#[test]
fn profiles_that_have_nothing_in_common_are_compared_in_no_time() {
    let names = |side: &str| (0..40_000).map(move |at| format!("{side}{at:x}")).collect();
    let [before, after] = ["b", "c"].map(|side| -> Vec<String> { names(side) });
    let stacks = |names: &[String]| {
        let lines = names.iter().map(|name| (name.as_str(), 1 << 40));
        folded(&lines.collect::<Vec<_>>())
    };
    let ns = Some([1.0, 1e9]);
    let change = compared(&stacks(&before), &stacks(&after), ns);
    assert!(change.grew.iter().all(|frame| frame.beyond_noise));
}

/// Nanoseconds per operation of each stack of a made-up engine: a few large functions and many small
/// ones, some of which spend their time in libc or recurse.
fn engine(functions: u32) -> Vec<(String, f64)> {
    let stack = |k: u32| {
        let below = match k % 5 {
            0 => ";memcpy",
            1 => ";alloc::vec::Vec<T>::push;realloc;_int_realloc",
            2 => ";walk;walk",
            _ => "",
        };
        let caller = k % 7;
        format!(
            "bench-{};_start;main;engine::run;engine::stage{caller};engine::f{k}{below}",
            k % 3
        )
    };
    (0..functions)
        .map(|k| (stack(k), 1e4 / f64::from(k + 1)))
        .collect()
}

/// A profile of about `samples` samples, of operations that spend `work`.
fn sampled(work: &[(String, f64)], samples: f64, random: &mut Pcg64) -> Stacks {
    let total: f64 = work.iter().map(|(_, ns)| ns).sum();
    let mut builder = StacksBuilder::default();
    for (stack, ns) in work {
        let count = Poisson::new(samples * ns / total)
            .expect("a rate")
            .sample(random);
        builder.add(stack.split(';'), count as u64).expect("adds");
    }
    builder.build()
}

fn total(work: &[(String, f64)]) -> f64 {
    work.iter().map(|(_, ns)| ns).sum()
}

/// At most 1 % of comparisons of a build with itself may name anything: few samples or many, few frames
/// or many, equally long profiles or not, with known time per operation or without.
#[test]
fn a_build_against_itself_names_nothing() {
    const TRIALS: u64 = 200;
    let mut failures = 0;
    let mut trials = 0;
    for (functions, samples) in [
        (10, [250.0, 250.0]),
        (60, [250.0, 5000.0]),
        (60, [5000.0, 5000.0]),
        (400, [5000.0, 2000.0]),
        (400, [100_000.0, 100_000.0]),
    ] {
        let work = engine(functions);
        for seed in 0..TRIALS {
            let mut random = Pcg64::seed_from_u64(seed);
            let sides = samples.map(|samples| sampled(&work, samples, &mut random));
            let ns = (seed % 2 == 0).then_some([total(&work); 2]);
            let change = compared(&sides[0], &sides[1], ns);
            let any = !named(&change.grew).is_empty() || !named(&change.shrank).is_empty();
            failures += u64::from(any);
            trials += 1;
        }
    }
    assert!(
        failures * 100 <= trials,
        "{failures} of {trials} name a frame"
    );
}

/// The operation takes 10 % longer for one function alone: that function is first, and nothing is said
/// to have shrunk although all other shares fell.
#[test]
fn a_planted_tenth_is_named_first() {
    let work = engine(60);
    for seed in 0..60 {
        let planted = (seed % 12) as usize;
        let mut slower = work.clone();
        slower[planted].1 += 0.1 * total(&work);
        let mut random = Pcg64::seed_from_u64(1000 + seed);
        let baseline = sampled(&work, 8000.0, &mut random);
        let candidate = sampled(&slower, 8000.0, &mut random);
        for ns in [Some([total(&work), total(&slower)]), None] {
            let change = compared(&baseline, &candidate, ns);
            // What recurses is named by the function it recurses into.
            let expected = match planted % 5 {
                2 => "walk".to_owned(),
                _ => format!("engine::f{planted}"),
            };
            assert_eq!(
                named(&change.grew),
                [expected.as_str()],
                "seed {seed}, {ns:?}"
            );
            assert!(
                named(&change.shrank).is_empty(),
                "seed {seed}: {:?}",
                change.shrank
            );
            let first = &change.grew[0];
            assert!((first.change - 0.1).abs() < 4.0 * first.standard_error);
            let caller = match planted % 5 {
                2 => format!("engine::f{planted}"),
                _ => format!("engine::stage{}", planted % 7),
            };
            assert_eq!(first.caller, Some(caller));
            let through = match planted % 5 {
                0 => Some("memcpy"),
                1 => Some("_int_realloc"),
                _ => None,
            };
            assert_eq!(first.through.as_deref(), through, "seed {seed}");
        }
    }
}

/// Time that goes to forty functions under one is that one's.
#[test]
fn growth_that_is_spread_is_named_where_it_spreads_from() {
    let mut work = engine(60);
    let before = total(&work);
    let mut random = Pcg64::seed_from_u64(5);
    let baseline = sampled(&work, 8000.0, &mut random);
    for k in 0..40 {
        let stack = format!("bench-0;_start;main;engine::run;engine::new;engine::part{k}");
        work.push((stack, 0.005 * before));
    }
    let candidate = sampled(&work, 8000.0, &mut random);
    let change = compared(&baseline, &candidate, Some([before, total(&work)]));
    assert_eq!(named(&change.grew), ["engine::new"]);
    assert_eq!(change.grew[0].by, FrameTime::Total);
    assert_eq!(change.grew[0].caller.as_deref(), Some("engine::run"));
}

/// A machine on which everything takes longer, by a time that is not well known, accuses nobody.
#[test]
fn an_uncertain_time_per_operation_accuses_nobody() {
    let work = engine(10);
    let mut random = Pcg64::seed_from_u64(6);
    let sides = [(); 2].map(|()| sampled(&work, 50_000.0, &mut random));
    let of = |stacks, ns| ProfileSide {
        time_per_operation: Some(TimePerOperation {
            ns,
            standard_error_ns: 0.03 * ns,
        }),
        ..side(stacks, None)
    };
    let change = compare(&of(&sides[0], 1000.0), &of(&sides[1], 1080.0), profiler());
    assert!(named(&change.expect("has samples").grew).is_empty());
}

#[test]
fn shares_are_of_one_operation_on_both_sides() {
    let baseline = folded(&[("t;main;a", 500), ("t;main;b", 500)]);
    let candidate = folded(&[("t;main;a", 500), ("t;main;b", 1000)]);
    let change = compared(&baseline, &candidate, Some([1000.0, 1500.0]));
    assert_eq!(named(&change.grew), ["b"]);
    assert!(change.shrank.is_empty(), "{:?}", change.shrank);
    let b = &change.grew[0];
    assert_eq!(
        (b.baseline.own_ns, b.candidate.own_ns),
        (Some(500.0), Some(1000.0))
    );
    assert!((b.change - 0.5).abs() < 1e-12);
    let hot: Vec<&str> = change
        .hotspots
        .iter()
        .map(|hot| hot.name.as_str())
        .collect();
    assert_eq!(hot, ["b", "a"]);
}

#[test]
fn recursion_counts_once_and_libc_belongs_to_its_caller() {
    let stacks = folded(&[
        ("t;main;walk;walk;walk", 30),
        ("t;main;walk;memcpy", 10),
        ("t;main", 60),
    ]);
    let change = compared(&stacks, &stacks, None);
    let walk = &change.hotspots[1];
    assert_eq!(walk.name, "walk");
    assert!((walk.share.own - 0.4).abs() < 1e-12 && (walk.share.total - 0.4).abs() < 1e-12);
}

#[test]
fn stacks_are_brought_into_one_form() {
    let deep = |levels: usize| vec!["f"; levels].join(";");
    for (name, stack, expected) in [
        (
            "a pool",
            "worker-12;main".to_owned(),
            "worker;main".to_owned(),
        ),
        ("a pool of pools", "a-1-2;main".into(), "a;main".into()),
        ("nothing but a number", "-1;main".into(), "-1;main".into()),
        (
            "a name that is a number",
            "12;main".into(),
            "12;main".into(),
        ),
        (
            "a function with a digit",
            "log2;main".into(),
            "log2;main".into(),
        ),
        (
            "no symbols",
            "t;0x7f01;[unknown];0x9;f".into(),
            "t;[unknown];f".into(),
        ),
        ("deep enough", deep(256), deep(256)),
        (
            "too deep",
            deep(400),
            format!("{};[deep];{}", deep(128), deep(127)),
        ),
    ] {
        let found = normalise(&folded(&[(&stack, 3)])).to_folded();
        assert_eq!(found, format!("{expected} 3\n"), "{name}");
    }
}

#[test]
fn frames_of_the_runtime_are_told_by_their_names() {
    for (name, expected) in [
        ("memcpy", true),
        ("__memmove_avx512_unaligned_erms", true),
        ("core::slice::sort::unstable::quicksort", true),
        (
            "<alloc::vec::Vec<T> as core::iter::FromIterator>::from_iter",
            true,
        ),
        ("<&mut core::slice::iter::Iter<T> as Iterator>::next", true),
        ("[libc.so.6]", true),
        ("[unknown]", true),
        ("clear_page_erms_[k]", true),
        ("std::sys::thread_start", true),
        ("<ours::Row as core::ops::drop::Drop>::drop", false),
        ("tantivy::query::block_wand", false),
        ("log@@GLIBC_2.29", true),
        ("memcpy_of_ours", false),
        ("main", false),
    ] {
        assert_eq!(is_runtime(name), expected, "{name}");
    }
}

#[test]
fn nothing_is_compared_with_an_empty_side() {
    let (empty, some) = (folded(&[]), folded(&[("a", 1)]));
    let none = compare(&side(&empty, None), &side(&some, None), profiler());
    assert!(none.is_none());
}

fn any_stacks() -> impl Strategy<Value = Stacks> {
    let stack = prop::collection::vec("[a-d]|memcpy|\\[unknown\\]", 1..6);
    prop::collection::vec((stack, 1..10_000u64), 1..20).prop_map(|stacks| {
        let mut builder = StacksBuilder::default();
        for (frames, samples) in &stacks {
            let frames = frames.iter().map(String::as_str);
            builder.add(frames, *samples).expect("adds");
        }
        builder.build()
    })
}

proptest! {
    #[test]
    fn shares_add_up_and_numbers_are_finite(a in any_stacks(), b in any_stacks()) {
        let change = compared(&a, &b, Some([100.0, 130.0]));
        for frame in change.grew.iter().chain(&change.shrank) {
            prop_assert!(frame.change.is_finite() && frame.standard_error.is_finite());
            for share in [frame.baseline, frame.candidate] {
                prop_assert!(share.own <= share.total + 1e-12 && share.total <= 1.0 + 1e-12);
            }
        }
        prop_assert!(change.hotspots.iter().map(|hot| hot.share.own).sum::<f64>() <= 1.0 + 1e-9);
    }

    #[test]
    fn what_grew_one_way_shrank_the_other(a in any_stacks(), b in any_stacks()) {
        let there = compared(&a, &b, Some([100.0, 100.0]));
        let back = compared(&b, &a, Some([100.0, 100.0]));
        let own = |frames: &[FrameChange]| {
            let mut names: Vec<String> = frames.iter()
                .filter(|frame| frame.beyond_noise && frame.by == FrameTime::Own)
                .map(|frame| frame.name.clone())
                .collect();
            names.sort();
            names
        };
        prop_assert_eq!(own(&there.grew), own(&back.shrank));
    }

    #[test]
    fn the_same_stacks_name_nothing(a in any_stacks()) {
        let change = compared(&a, &a, None);
        prop_assert!(named(&change.grew).is_empty() && named(&change.shrank).is_empty());
    }
}
