//! The table of `gate calibrate` and `gate lint`.

use gate_render::{resolutions, warm_up};
use gate_schema::id::Name;
use gate_schema::noise::Resolution;
use gate_schema::report::Scale;
use gate_schema::unit::Unit;

fn row(scenario: &str, metric: &str, floor: f64, pairs_to_pass: u32) -> Resolution {
    let name = |text| Name::new(text).expect("a name");
    Resolution {
        scenario: name(scenario),
        metric: name(metric),
        unit: Unit::Nanoseconds,
        scale: Scale::Relative,
        gating: true,
        sessions: 3,
        margin: 0.03,
        floor,
        detectable: floor * 1.6,
        pairs_to_pass,
        is_gateable: floor < 0.12,
        warm_up_starts: 0,
    }
}

#[test]
fn a_calibrated_machine() {
    let recall = Resolution {
        unit: Unit::Ratio,
        scale: Scale::Absolute,
        margin: 0.005,
        floor: 0.0004,
        detectable: 0.0006,
        ..row("vector/search/k10", "recall@10", 0.0, 1)
    };
    let reported = Resolution {
        gating: false,
        ..row("signals/write", "latency.tail", 0.09, 60)
    };
    let rows = [
        row("signals/write", "throughput", 0.2, 290),
        reported,
        row("text/search/two-terms", "latency.p50", 0.031, 8),
        row("vector/search/k10", "latency.p50", 0.012, 1),
        recall,
    ];
    let text = resolutions("Some CPU (noise/0123.json)", &rows, (5, 10));
    insta::assert_snapshot!(text);
}

#[test]
fn scenarios_that_still_warm_up_are_named_with_what_to_do() {
    let warming = |scenario, metric, warm_up_starts| Resolution {
        warm_up_starts,
        ..row(scenario, metric, 0.02, 4)
    };
    let rows = [
        warming("text/build", "latency.p50", 2),
        warming("map/get", "latency.p50", 2),
        warming("map/get", "latency.mean", 3),
        warming("map/insert", "latency.mean", 0),
    ];
    assert_eq!(
        warm_up(&rows, 1),
        "\nstill warming up after the 1 start dropped: map/get for 2 more starts, text/build for 1 more start; \
         set `warm-up-starts = 3` in [measure]\n"
    );
    assert_eq!(
        warm_up(&rows, 2),
        "\nstill warming up after the 2 starts dropped: map/get for 1 more start; \
         set `warm-up-starts = 3` in [measure]\n"
    );
    assert_eq!(warm_up(&rows, 3), "");
}

#[test]
fn a_machine_with_too_few_sessions_is_not_called_resolved() {
    let text = resolutions("Some CPU", &[], (5, 10));
    assert_eq!(
        text,
        "Some CPU: too few calibration sessions to say anything yet; `gate calibrate` adds more\n"
    );
}
