//! Accepted regressions: what one covers, and that a stale one fails.

use crate::scratch::{BASELINE, Engine, Scratch, demo};

const SLOWER: Engine = Engine {
    latency_ns: 54_000.0,
    sessions: 2,
    ..BASELINE
};

/// The waivers of all three regressed rows, each with `ceiling` and `expires`.
fn waivers(ceiling: &str, expires: &str) -> String {
    ["latency.mean", "latency.p50", "latency.tail"]
        .map(|metric| {
            format!(
                "[[waiver]]\nscenario = \"demo/search\"\nmetric = \"{metric}\"\nceiling = \"{ceiling}\"\n\
                 reason = \"checks every key twice\"\nowner = \"search team\"\nexpires = {expires}\n"
            )
        })
        .concat()
}

fn with(candidate: Engine, waivers: &str) -> Scratch {
    let scratch = demo(candidate);
    scratch.write("waivers.toml", waivers);
    scratch
}

#[test]
fn a_waiver_accepts_its_row_up_to_its_ceiling_and_until_its_day() {
    let unchanged = Engine {
        sessions: 2,
        ..BASELINE
    };
    for (name, candidate, waivers, code, expected) in [
        ("without", SLOWER, String::new(), 1, "regressed"),
        (
            "covered",
            SLOWER,
            waivers("10%", "2999-12-31"),
            0,
            "3 waived",
        ),
        (
            "exceeded",
            SLOWER,
            waivers("5%", "2999-12-31"),
            1,
            "exceeded: the row is worse than accepted",
        ),
        (
            "expired",
            SLOWER,
            waivers("10%", "2020-01-31"),
            1,
            "stale: its last day has passed",
        ),
        (
            "not needed",
            unchanged,
            waivers("10%", "2999-12-31"),
            0,
            "not needed",
        ),
        (
            "expired and not needed",
            unchanged,
            waivers("10%", "2020-01-31"),
            1,
            "FAIL  the waiver of demo/search latency.mean is stale",
        ),
        (
            "no such row",
            unchanged,
            waivers("10%", "2999-12-31").replace("demo/", "demi/"),
            1,
            "stale: there is no such row",
        ),
        (
            "points for a fraction",
            SLOWER,
            waivers("10 points", "2999-12-31"),
            1,
            "exceeded",
        ),
    ] {
        let ran = with(candidate, &waivers).gate(&["compare", "main.json", "out.json"]);
        assert_eq!(ran.code, code, "{name}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(expected), "{name}: {}", ran.stdout);
    }
}

#[test]
fn every_report_shows_its_waivers() {
    let scratch = with(SLOWER, &waivers("10%", "2999-12-31"));
    for format in ["terminal", "markdown", "json"] {
        let ran = scratch.gate(&["compare", "main.json", "out.json", "--format", format]);
        assert!(
            ran.stdout.contains("checks every key twice"),
            "{format}: {}",
            ran.stdout
        );
        assert!(
            ran.stdout.contains("search team"),
            "{format}: {}",
            ran.stdout
        );
    }
}

#[test]
fn a_budget_cannot_be_waived() {
    let waiver = waivers("90%", "2999-12-31").replace("latency.mean", "recall@10");
    let ran = with(
        Engine {
            hits_of_ten: 9,
            ..SLOWER
        },
        &waiver,
    )
    .gate(&["compare", "main.json", "out.json"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(
        ran.stdout
            .starts_with("FAIL  demo/search recall@10 is over budget"),
        "{}",
        ran.stdout
    );
}

#[test]
fn mistakes_are_reported_all_at_once() {
    let waivers = r#"
[[waiver]]
scenario = "demo/**"
metric = "latency.p50"
ceiling = "none"
reason = ""
owner = "search team"
expires = "soon"
ceilling = "5%"

[[waiver]]
scenario = "demo/search"
"#;
    let ran = with(SLOWER, waivers).gate(&["compare", "main.json", "out.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(ran.stderr);
}

#[test]
fn one_row_is_waived_once() {
    let twice = waivers("10%", "2999-12-31").repeat(2);
    let ran = with(SLOWER, &twice).gate(&["compare", "main.json", "out.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("is waived twice"), "{}", ran.stderr);
}
