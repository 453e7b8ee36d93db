//! A run document of a pull request: the rules of every run, and the closer ones for strangers.

use std::collections::{BTreeMap, BTreeSet};

use gate_schema::run::Run;

use super::limits::{ENVIRONMENT_BYTES, REPETITIONS, SCENARIOS};
use super::{Rejected, Rule, json};

fn broken(rule: Rule) -> Rejected {
    Rejected { rule, offset: 0 }
}

/// Reads one document.
pub(super) fn read(bytes: &[u8]) -> Result<Run, Rejected> {
    json::check(bytes)?;
    let run: Run = serde_json::from_slice(bytes).map_err(|error| Rejected {
        rule: Rule::Document,
        offset: json::offset(bytes, error.line(), error.column()),
    })?;
    run.validate().map_err(|_| broken(Rule::Document))?;
    sizes(&run)?;
    names(&run)?;
    if run.provenance.is_some() || !run.pooled.is_empty() {
        return Err(broken(Rule::Provenance));
    }
    Ok(run)
}

/// Whether `candidate` says it was built from the commit that the API tells.
pub(super) fn is_of(candidate: &Run, head: &str) -> Result<(), Rejected> {
    let source = &candidate.source;
    let is_commit = source
        .commit
        .as_deref()
        .is_some_and(|commit| commit.eq_ignore_ascii_case(head));
    if is_commit && source.dirty != Some(true) {
        Ok(())
    } else {
        Err(broken(Rule::Source))
    }
}

/// Whether `baseline` says what it was built from, and that is not the head itself: a change that is compared
/// with itself always holds.
pub(super) fn is_base(baseline: &Run, head: &str) -> Result<(), Rejected> {
    let is_commit =
        |text: &str| text.len() == head.len() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let commit = baseline.source.commit.as_deref();
    if commit.is_some_and(|commit| is_commit(commit) && !commit.eq_ignore_ascii_case(head)) {
        Ok(())
    } else {
        Err(broken(Rule::Base))
    }
}

fn sizes(run: &Run) -> Result<(), Rejected> {
    let mut repetitions: BTreeMap<&str, usize> = BTreeMap::new();
    for measured in run.sessions.iter().flat_map(|session| &session.scenarios) {
        *repetitions.entry(measured.scenario.as_str()).or_default() += measured.repetitions.len();
    }
    let environment = [&run.environment.fingerprint, &run.environment.soft];
    let is_long = |value: &String| value.len() > ENVIRONMENT_BYTES;
    let is_too_large = run.manifest.scenarios.len() > SCENARIOS
        || repetitions.values().any(|&count| count > REPETITIONS)
        || environment
            .into_iter()
            .flat_map(BTreeMap::values)
            .any(is_long);
    if is_too_large {
        Err(broken(Rule::DocumentSize))
    } else {
        Ok(())
    }
}

/// Scenarios are named without `@`, which mentions people, and no two by the same letters. Other names
/// of a run have an alphabet of their own, see [`gate_schema::id::Name`].
fn names(run: &Run) -> Result<(), Rejected> {
    let mut seen = BTreeSet::new();
    let declared = run
        .manifest
        .scenarios
        .iter()
        .map(|declared| &declared.scenario);
    for name in declared {
        if name.as_str().contains('@') || !seen.insert(name.as_str().to_ascii_lowercase()) {
            return Err(broken(Rule::Name));
        }
    }
    let failed = run.failures.iter().map(|failure| &failure.scenario);
    match failed.filter(|name| name.as_str().contains('@')).count() {
        0 => Ok(()),
        _ => Err(broken(Rule::Name)),
    }
}
