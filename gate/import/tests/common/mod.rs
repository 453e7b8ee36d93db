//! What the tests of both importers share.

use std::collections::BTreeMap;

use gate_import::Origin;
use gate_schema::id::Name;
use gate_schema::run::{Environment, MetricValue, Run, Source};

/// An origin as the command line would supply it.
pub(crate) fn origin() -> Origin {
    Origin {
        id: "imported".into(),
        created: "2026-11-20T08:05:00Z".into(),
        session_start: "2026-11-20T08:00:00Z".into(),
        source: Source {
            commit: Some("4f2c9e1".into()),
            ..Source::default()
        },
        environment: Environment {
            fingerprint: BTreeMap::new(),
            soft: BTreeMap::new(),
            tool: "criterion 0.8".into(),
        },
    }
}

/// The values of one metric of one scenario, one per repetition.
pub(crate) fn values(run: &Run, scenario: &str, metric: &str) -> Vec<Option<f64>> {
    let metric = Name::new(metric).expect("a sound name");
    let measured = run.sessions[0]
        .scenarios
        .iter()
        .find(|m| m.scenario.as_str() == scenario)
        .expect("a measured scenario");
    let value = |value: &MetricValue| {
        if let MetricValue::Value(value) = value {
            *value
        } else {
            f64::NAN
        }
    };
    measured
        .repetitions
        .iter()
        .map(|repetition| repetition.metric(&metric).map(value))
        .collect()
}
