//! Rows as reports hold them, and what changes one of them.

use gate_schema::policy::{Budget, Operator};
use gate_schema::report::{
    BudgetCheck, BudgetStatus, Effect, Interval, Level, Reason, Row, Scale, SideName, Verdict,
};
use gate_schema::unit::{Direction, Unit};

use super::name;

/// A timing that passes; the functions below change what a case is about.
pub(crate) fn row(scenario: &str, metric: &str, baseline: f64, change: f64) -> Row {
    let level = |value| {
        Some(Level {
            value,
            sessions: 1,
            repetitions: 10,
            modes: None,
        })
    };
    Row {
        scenario: name(scenario),
        metric: name(metric),
        unit: Unit::Nanoseconds,
        direction: Direction::Lower,
        verdict: Verdict::Pass,
        reason: Reason::WithinMargin,
        gating: true,
        baseline: level(baseline),
        candidate: level(baseline * (1.0 + change)),
        effect: Some(Effect {
            scale: Scale::Relative,
            estimate: change,
            interval: Some(Interval {
                low: change - 0.011,
                high: change + 0.012,
            }),
            margin: Some(0.03),
            p_value: Some(0.4),
            test: None,
            rank: None,
            detectable: Some(0.021),
            basis: None,
            agreeing: None,
            pairs_needed: None,
            stages: Vec::new(),
        }),
        budget: None,
        blame: None,
        since_promoted: None,
        disturbed: Vec::new(),
    }
}

/// `row`, measured while something unusual went on.
pub(crate) fn disturbed(row: Row, side: SideName, repetitions: usize) -> Row {
    use gate_schema::report::Disturbed;
    use gate_schema::run::AnomalyKind::{Interrupted, Stolen};
    let mut row = row;
    row.disturbed.push(Disturbed {
        side,
        repetitions,
        of: 10,
        by: vec![Interrupted, Stolen],
    });
    row
}

pub(crate) fn verdict(row: Row, verdict: Verdict, reason: Reason) -> Row {
    Row {
        verdict,
        reason,
        ..row
    }
}

pub(crate) fn in_unit(row: Row, unit: Unit, direction: Direction) -> Row {
    Row {
        unit,
        direction,
        ..row
    }
}

pub(crate) fn report_only(row: Row) -> Row {
    let effect = row.effect.map(|effect| Effect {
        margin: None,
        ..effect
    });
    Row {
        gating: false,
        effect,
        ..row
    }
}

pub(crate) fn noisy(row: Row, half: f64) -> Row {
    let effect = row.effect.map(|effect| Effect {
        interval: Some(Interval {
            low: effect.estimate - half,
            high: effect.estimate + half,
        }),
        detectable: Some(half * 1.5),
        ..effect
    });
    verdict(Row { effect, ..row }, Verdict::Inconclusive, Reason::Noise)
}

/// A recall with its difference in points.
pub(crate) fn recall(scenario: &str, baseline: f64, difference: f64) -> Row {
    let level = |value| {
        Some(Level {
            value,
            sessions: 1,
            repetitions: 5,
            modes: None,
        })
    };
    Row {
        baseline: level(baseline),
        candidate: level(baseline + difference),
        effect: Some(Effect {
            scale: Scale::Absolute,
            estimate: difference,
            interval: Some(Interval {
                low: difference - 0.003,
                high: difference + 0.003,
            }),
            margin: Some(0.005),
            p_value: Some(0.5),
            test: None,
            rank: None,
            detectable: Some(0.004),
            basis: None,
            agreeing: None,
            pairs_needed: None,
            stages: Vec::new(),
        }),
        ..in_unit(
            row(scenario, "recall@10", baseline, 0.0),
            Unit::Ratio,
            Direction::Higher,
        )
    }
}

/// `row` with a budget on its candidate.
pub(crate) fn budget(
    row: Row,
    operator: Operator,
    limit: f64,
    text: &str,
    status: BudgetStatus,
) -> Row {
    let value = row.candidate.map_or(0.0, |level| level.value);
    let headroom = if operator.is_ceiling() {
        (limit - value) / limit
    } else {
        (value - limit) / limit
    };
    let interval = Some(Interval {
        low: value * 0.99,
        high: value * 1.01,
    });
    let budget = Budget {
        operator,
        limit,
        unit: None,
        text: text.into(),
    };
    Row {
        budget: Some(BudgetCheck {
            budget,
            status,
            interval,
            headroom,
        }),
        ..row
    }
}

pub(crate) fn memory(scenario: &str, baseline: f64, change: f64) -> Row {
    in_unit(
        row(scenario, "peak_rss", baseline, change),
        Unit::Bytes,
        Direction::Lower,
    )
}

pub(crate) fn incomparable(row: Row) -> Row {
    let reason = Reason::Environment {
        field: name("cpu_model"),
    };
    Row {
        effect: None,
        ..verdict(row, Verdict::Incomparable, reason)
    }
}

/// Fourteen rows that pass, two of them not judged.
pub(crate) fn quiet() -> Vec<Row> {
    let mut rows: Vec<Row> = [
        ("map/get/hot", 42.0, 0.004),
        ("map/get/cold", 180.0, -0.002),
        ("map/insert", 95.0, 0.014),
        ("text/search/and", 310e3, 0.001),
        ("text/search/or", 1.2e6, -0.006),
    ]
    .into_iter()
    .flat_map(|(scenario, level, change)| {
        [
            row(scenario, "latency.p50", level, change),
            row(scenario, "latency.tail", level * 3.0, change / 2.0),
        ]
    })
    .collect();
    rows.extend([
        memory("text/build", 412e6, 0.002),
        recall("vector/search/k100", 0.991, 0.0),
    ]);
    rows.extend(["map/get/hot", "map/get/cold"].map(|scenario| {
        let mut row = row(scenario, "latency.p99", 2_100.0, 0.31);
        row.effect = row.effect.map(|effect| Effect {
            margin: None,
            ..effect
        });
        verdict(row, Verdict::Pass, Reason::NotJudged)
    }));
    rows
}
