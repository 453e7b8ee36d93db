//! Flamegraphs: well-formed, harmless, the same for the same input, and red where a function grew.

use gate_render::{FlameSide, NoSamples, differential_flamegraph, flamegraph};
use gate_schema::id::Name;
use gate_schema::profile::{About, Profiler, Stacks, StacksBuilder, TimePerOperation};

fn folded(lines: &[(&str, u64)]) -> Stacks {
    let mut builder = StacksBuilder::default();
    for (stack, samples) in lines {
        builder.add(stack.split(';'), *samples).expect("adds");
    }
    builder.build()
}

fn about(ns: f64) -> About {
    let name = |text| Name::new(text).expect("a name");
    About {
        scenario: name("text/search/or2"),
        commit: None,
        profiler: Profiler {
            tool: name("perf"),
            event: name("cpu-clock"),
            reason: "for a test".to_owned(),
        },
        period_ns: None,
        operations: None,
        time_per_operation: Some(TimePerOperation {
            ns,
            standard_error_ns: 0.0,
        }),
        other_below: None,
    }
}

/// The tooltip and the colour of each frame.
fn frames(svg: &str) -> Vec<(String, String)> {
    let frames = svg.split("<title>").skip(1);
    frames
        .filter_map(|frame| {
            let (title, rest) = frame.split_once("</title>")?;
            let (_, fill) = rest.split_once("fill=\"")?;
            Some((title.to_owned(), fill.split('"').next()?.to_owned()))
        })
        .collect()
}

/// One function takes twice as long and the operation half as long again: it is red, and what takes as
/// long as before is white although its share fell.
#[test]
fn colours_are_of_time_and_not_of_shares() {
    let baseline = folded(&[("t;main;a", 500), ("t;main;b", 450), ("t;main;c", 50)]);
    let candidate = folded(&[("t;main;a", 500), ("t;main;b", 1000)]);
    let (before, after) = (about(1000.0), about(1500.0));
    let side = |stacks, about| FlameSide {
        stacks,
        about: Some(about),
    };
    let (baseline, candidate) = (side(&baseline, &before), side(&candidate, &after));
    let svg = differential_flamegraph(&baseline, &candidate, None).expect("draws");
    assert_eq!(
        svg,
        differential_flamegraph(&baseline, &candidate, None).expect("draws")
    );
    insta::assert_debug_snapshot!(frames(&svg));
    for text in [
        "text/search/or2: baseline -&gt; candidate",
        "1.00 us -&gt; 1.50 us per operation, 1000 -&gt; 1500 samples (perf, cpu-clock); red grew, blue shrank",
    ] {
        assert!(svg.contains(text), "{text}\n{}", &svg[svg.len() - 3000..]);
    }
    let shrank = differential_flamegraph(&candidate, &baseline, None).expect("draws");
    let b = frames(&shrank)
        .into_iter()
        .find(|(title, _)| title.starts_with("b "));
    assert_eq!(b.map(|(_, fill)| fill), Some("rgb(100,100,255)".to_owned()));
}

/// Times are in the unit that people read, whatever a name looks like.
#[test]
fn tooltips_have_units_of_time() {
    let stacks = folded(&[("t;large", 998), ("t;f (12 per operation, 1%)", 2)]);
    for (ns, expected) in [
        (151.0, ["151 ns", "0.302 ns"]),
        (43_200.0, ["43.2 us", "86.4 ns"]),
        (2.5e9, ["2.50 s", "5.00 ms"]),
    ] {
        let about = about(ns);
        let side = FlameSide {
            stacks: &stacks,
            about: Some(&about),
        };
        let svg = flamegraph(&side, None).expect("draws");
        for (name, time) in ["all", "f (12 per operation,\u{a0}1%)"]
            .iter()
            .zip(expected)
        {
            let tooltip = format!("{name} ({time} per operation, ");
            let frames = frames(&svg);
            assert!(
                frames.iter().any(|(title, _)| title.starts_with(&tooltip)),
                "{tooltip}: {frames:?}"
            );
        }
    }
}

#[test]
fn one_side_is_drawn_alone() {
    let stacks = folded(&[("t;main;a", 3), ("t;main;b", 1)]);
    let side = FlameSide {
        stacks: &stacks,
        about: None,
    };
    let svg = flamegraph(&side, Some("A title")).expect("draws");
    assert_eq!(svg, flamegraph(&side, Some("A title")).expect("draws"));
    assert!(svg.contains("A title") && svg.contains("4 samples"));
    insta::assert_debug_snapshot!(frames(&svg));
}

/// Nothing in a name or a title leaves its place: no tag, no script, no control character.
#[test]
fn hostile_names_are_text() {
    let hostile = "</text><script>alert('EVIL')</script>]]>\u{1b}\u{0}\u{202e}\u{ffff}<img src=x onerror=EVIL>\"";
    let mut builder = StacksBuilder::default();
    builder
        .add([hostile, "# x", "f 12", "a;b", " "], 5)
        .expect("adds");
    builder.add([hostile, "g 1 2"], 7).expect("adds");
    builder
        .add(["x".repeat(1_000_000).as_str()], 7)
        .expect("adds");
    let stacks = builder.build();
    let side = FlameSide {
        stacks: &stacks,
        about: None,
    };
    let one = flamegraph(&side, Some(hostile)).expect("draws");
    let two = differential_flamegraph(&side, &side, Some(hostile)).expect("draws");
    for svg in [&one, &two] {
        assert!(svg.len() < 100_000, "{}", svg.len());
        assert_eq!(svg.matches("<script").count(), 1, "only our own");
        assert!(!svg.contains("<img") && !svg.contains("</text><script"));
        let is_forbidden =
            |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{ffff}');
        assert!(!svg.contains(is_forbidden));
        // What looks like a count or a comment is still a name.
        let titles: String = frames(svg)
            .into_iter()
            .map(|(title, _)| title + "\n")
            .collect();
        for name in ["f\u{a0}12 (", "g 1\u{a0}2 (", "#\u{a0}x (", "a,b ("] {
            assert!(titles.contains(name), "{name}\n{titles}");
        }
    }
}

/// Counts near the limit of 64 bits do not overflow on the way to pixels.
#[test]
fn counts_of_any_size_are_drawn() {
    let (small, large) = (
        folded(&[("a", 1)]),
        folded(&[("a", u64::MAX - 1), ("b", 1)]),
    );
    for ns in [1e-9, 0.5, 1.0, 1e18] {
        let about = about(ns);
        let side = |stacks| FlameSide {
            stacks,
            about: Some(&about),
        };
        let svg = differential_flamegraph(&side(&small), &side(&large), None).expect("draws");
        assert!(frames(&svg).len() >= 2, "{ns}");
    }
}

#[test]
fn nothing_is_not_drawn() {
    let (empty, some) = (folded(&[]), folded(&[("a", 1)]));
    let [empty, some] = [&empty, &some].map(|stacks| FlameSide {
        stacks,
        about: None,
    });
    assert_eq!(flamegraph(&empty, None), Err(NoSamples));
    assert_eq!(differential_flamegraph(&some, &empty, None), Err(NoSamples));
}
