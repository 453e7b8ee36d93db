//! The committed JSON Schemas are the wire types.

mod committed;

use gate_schema::bisect::Bisection;
use gate_schema::noise::Noise;
use gate_schema::profile::Head;
use gate_schema::report::Report;
use gate_schema::run::Run;
use gate_schema::trend::Trend;

fn check(name: &str, schema: &schemars::Schema) {
    let generated = serde_json::to_string_pretty(schema).expect("schemas are JSON") + "\n";
    committed::check(&format!("schema/{name}"), &generated);
}

#[test]
fn run_document() {
    check("run.v1.schema.json", &schemars::schema_for!(Run));
}

#[test]
fn verdict_report() {
    check("verdict.v1.schema.json", &schemars::schema_for!(Report));
}

#[test]
fn noise_document() {
    check("noise.v1.schema.json", &schemars::schema_for!(Noise));
}

#[test]
fn trend_document() {
    check("trend.v1.schema.json", &schemars::schema_for!(Trend));
}

#[test]
fn bisection_document() {
    check("bisect.v1.schema.json", &schemars::schema_for!(Bisection));
}

#[test]
fn head_of_a_profile() {
    check("profile.v1.schema.json", &schemars::schema_for!(Head));
}
