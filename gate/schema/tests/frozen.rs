//! Documents of every published format version, kept as they were: they must parse for ever.

use gate_schema::bisect::{self, Bisection};
use gate_schema::noise::Noise;
use gate_schema::profile::decode;
use gate_schema::report::Report;
use gate_schema::run::Run;
use gate_schema::trend::{FORMAT, Trend};

const RUN: &[u8] = include_bytes!("frozen/run.v1.json");
const BASELINE: &[u8] = include_bytes!("frozen/baseline.v1.json");
const BISECT: &[u8] = include_bytes!("frozen/bisect.v1.json");
const NOISE: &[u8] = include_bytes!("frozen/noise.v1.json");
const PROFILE: &[u8] = include_bytes!("frozen/profile.v1.folded.zst");
const TREND: &[u8] = include_bytes!("frozen/trend.v1.json");
const VERDICT: &[u8] = include_bytes!("frozen/verdict.v1.json");

#[test]
fn run_v1() {
    let run: Run = serde_json::from_slice(RUN).expect("parses");
    assert_eq!(run.validate(), Ok(()));
    // Every kind of value is in the sample, and its histograms decode.
    let values = run
        .sessions
        .iter()
        .flat_map(|s| &s.scenarios)
        .flat_map(|m| &m.repetitions)
        .flat_map(|r| &r.metrics);
    let mut decoded = 0;
    for (_, value) in values {
        if let gate_schema::run::MetricValue::Distribution(distribution) = value {
            decoded += usize::from(distribution.recorded().expect("decodes").is_some());
        }
    }
    assert!(decoded > 0);
    let written = serde_json::to_value(&run).expect("serialises");
    let read: serde_json::Value = serde_json::from_slice(RUN).expect("parses");
    assert!(written == read, "reading and writing loses something");
}

#[test]
fn baseline_v1() {
    let run: Run = serde_json::from_slice(BASELINE).expect("parses");
    assert_eq!(run.validate(), Ok(()));
    assert!(run.provenance.is_some());
}

/// Written before rows held what the first starts showed.
#[test]
fn noise_v1() {
    let noise: Noise = serde_json::from_slice(NOISE).expect("parses");
    assert_eq!(noise.validate(), Ok(()));
    assert!(noise.rows.iter().all(|row| row.warm_up.is_none()));
    let written = serde_json::to_value(&noise).expect("serialises");
    let read: serde_json::Value = serde_json::from_slice(NOISE).expect("parses");
    assert!(written == read, "reading and writing loses something");
}

#[test]
fn trend_v1() {
    let trend: Trend = serde_json::from_slice(TREND).expect("parses");
    assert_eq!(trend.format, FORMAT);
    let written = serde_json::to_value(&trend).expect("serialises");
    let read: serde_json::Value = serde_json::from_slice(TREND).expect("parses");
    assert!(written == read, "reading and writing loses something");
}

#[test]
fn bisect_v1() {
    let bisection: Bisection = serde_json::from_slice(BISECT).expect("parses");
    assert_eq!(bisection.format, bisect::FORMAT);
    let written = serde_json::to_value(&bisection).expect("serialises");
    let read: serde_json::Value = serde_json::from_slice(BISECT).expect("parses");
    assert!(written == read, "reading and writing loses something");
}

#[test]
fn verdict_v1() {
    let report: Report = serde_json::from_slice(VERDICT).expect("parses");
    assert!(!report.rows.is_empty());
    let written = serde_json::to_value(&report).expect("serialises");
    let read: serde_json::Value = serde_json::from_slice(VERDICT).expect("parses");
    assert!(written == read, "reading and writing loses something");
}

/// Packed by the reference implementation of zstd.
#[test]
fn profile_v1() {
    let (head, folded) = decode(PROFILE).expect("decodes");
    let head = head.expect("has a head");
    assert_eq!((head.samples, head.about.operations), (383, Some(40_000)));
    assert_eq!(folded.lines().count(), 3);
}
