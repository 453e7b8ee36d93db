//! The whole judgement: `(baseline, candidate, what else is known, policy) -> report`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::noise::Noise;
use gate_schema::policy::Policy;
use gate_schema::report::{
    BudgetStatus, FailedScenario, Method, Reason, Report, Row, SideName, Verdict,
};
use gate_schema::run::{Mode, Run};

use crate::assess::{Assessment, Lost, assess_with};
use crate::describe::{summary, warnings};
use crate::distribution::distributions;
use crate::observe::Observed;
use crate::outcome;
use crate::rules::UnitMismatch;
use crate::series::series;
use crate::{canary, disturbed, expected, promoted, together, uniform, waive};

/// One side of a comparison: a validated run and what was observed in it.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The run.
    pub run: &'a Run,
    /// One entry per declared scenario; see [`crate::observe::records`].
    pub observed: &'a [Observed],
}

/// What is known besides the two sides. Everything may be absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// What calibration of this machine showed.
    pub noise: Option<&'a Noise>,
    /// The baseline once more, paired with itself on the few scenarios that its manifest names. Present
    /// as soon as that was tried, even if every repetition failed.
    pub canary: Option<Side<'a>>,
    /// The accepted level, when the baseline is another: the candidate's own base.
    pub promoted: Option<Side<'a>>,
    /// What should be there, and how it is declared, whatever the two sides say: where a stranger measured
    /// both of them, only this tells what was left out or made easy. Most have no such thing.
    pub expected: Option<Side<'a>>,
}

/// Why two runs cannot be judged at all.
#[derive(Clone, Debug, PartialEq)]
pub enum EvaluateError {
    /// No scenario is declared on both sides.
    NoOverlap,
    /// A budget does not fit a metric it matches.
    Unit(UnitMismatch),
}

impl From<UnitMismatch> for EvaluateError {
    fn from(mismatch: UnitMismatch) -> Self {
        Self::Unit(mismatch)
    }
}

/// Judges the candidate against the baseline.
///
/// # Errors
/// See [`EvaluateError`]; neither is ever a pass.
pub fn evaluate(
    baseline: Side<'_>,
    candidate: Side<'_>,
    known: &Known<'_>,
    policy: &Policy,
) -> Result<Report, EvaluateError> {
    let canaries = match known.canary {
        Some(again) => Some(canary::judge(baseline, again, known.noise, policy)?),
        None => None,
    };
    let is_unsteady = canaries.as_ref().is_some_and(|c| !c.are_steady());
    let lost = Lost::Missing(known.expected);
    let assessment = assess_with(lost, [baseline, candidate], known.noise, policy)?;
    let canary = known.canary.map(|again| again.run);
    let failures = failures(baseline.run, canary, candidate.run);
    let warnings = warnings(&baseline, &candidate, &assessment);
    let uniform = uniform::test(&assessment.drafts, policy, is_unsteady);
    let Assessment {
        drafts,
        families,
        differences,
        family,
        is_paired,
        ..
    } = assessment;
    let calibration_sessions = drafts.iter().filter_map(|d| d.calibration_sessions());

    let method = Method {
        false_discovery: policy.false_discovery,
        family,
        inconclusive: policy.inconclusive,
        incomparable: policy.incomparable,
        machine: policy.machine,
        is_drift: policy.is_drift,
        mode: if is_paired {
            Mode::Paired
        } else {
            Mode::Single
        },
        calibration_sessions: calibration_sessions.max().unwrap_or(0),
    };
    let mut rows: Vec<Row> = drafts
        .into_iter()
        .zip(families)
        .map(|(draft, family)| draft.finish(family, policy, is_unsteady))
        .collect();
    together::doubt(&mut rows);
    if let Some(promoted) = known.promoted {
        promoted::tell(&mut rows, promoted, candidate, policy)?;
    }
    name_traded_quality(&mut rows);
    disturbed::tell(&mut rows, baseline.run, candidate.run);
    if let Some(expected) = known.expected {
        expected::doubt(&mut rows, expected, candidate);
    }
    let waivers = waive::apply(&mut rows, policy);
    rows.sort_by_cached_key(severity);
    let observed = [baseline.observed, candidate.observed];
    let distributions = distributions(&rows, observed);
    let series = series(&rows, observed);

    let mut report = Report {
        format: gate_schema::report::FORMAT.to_owned(),
        outcome: gate_schema::report::Outcome::Undecided,
        exit_code: gate_schema::exit::ExitCode::Undecided,
        baseline: summary(baseline.run),
        candidate: summary(candidate.run),
        environment_differences: differences,
        method,
        warnings,
        waivers,
        uniform,
        canaries,
        failures,
        profiles: Vec::new(),
        rows,
        distributions,
        series,
    };
    report.outcome = outcome::join(&report, policy);
    report.exit_code = outcome::exit_code(report.outcome);
    Ok(report)
}

/// The first failure of each scenario on each side, the candidate's first. The canary is the baseline's
/// build, so that its failures are the baseline's.
fn failures(baseline: &Run, canary: Option<&Run>, candidate: &Run) -> Vec<FailedScenario> {
    let mut seen = BTreeSet::new();
    [
        Some((candidate, SideName::Candidate)),
        Some((baseline, SideName::Baseline)),
        canary.map(|canary| (canary, SideName::Baseline)),
    ]
    .into_iter()
    .flatten()
    .flat_map(|(run, side)| run.failures.iter().map(move |failure| (side, failure)))
    .filter(|(side, failure)| seen.insert((*side == SideName::Baseline, &failure.scenario)))
    .map(|(side, failure)| FailedScenario {
        side,
        failure: failure.clone(),
    })
    .collect()
}

/// A gain in a scenario whose quality fell is a trade, not an improvement. Quality that is as low on the
/// base did not fall.
fn name_traded_quality(rows: &mut [Row]) {
    use gate_schema::unit::Unit;
    let fallen: BTreeMap<ScenarioId, MetricName> = rows
        .iter()
        .filter(|row| {
            row.unit == Unit::Ratio
                && matches!(row.verdict, Verdict::OverBudget | Verdict::Regressed)
                && !outcome::is_excused(row)
        })
        .map(|row| (row.scenario.clone(), row.metric.clone()))
        .collect();
    for row in rows
        .iter_mut()
        .filter(|row| row.verdict == Verdict::Improved)
    {
        if let Some(metric) = fallen.get(&row.scenario) {
            row.verdict = Verdict::Pass;
            row.reason = Reason::TradedQuality {
                metric: metric.clone(),
            };
        }
    }
}

/// Sorts worst first: gating before reported, by verdict, quality before cost, then by how far
/// beyond what is tolerated, then by name.
fn severity(
    row: &Row,
) -> (
    Reverse<bool>,
    Reverse<Verdict>,
    Reverse<bool>,
    Reverse<i64>,
    ScenarioId,
    MetricName,
) {
    let over_budget = row
        .budget
        .as_ref()
        .filter(|b| b.status != BudgetStatus::Within)
        .map(|b| -b.headroom);
    let beyond = row
        .effect
        .as_ref()
        .map(|e| (e.estimate / e.margin.unwrap_or(1.0)).abs() * 1e-3);
    let thousandths = (over_budget.or(beyond).unwrap_or(0.0) * 1e6).clamp(-1e15, 1e15) as i64;
    let quality = row.unit == gate_schema::unit::Unit::Ratio;
    let counts = row.gating
        || !matches!(
            row.verdict,
            Verdict::Missing | Verdict::Regressed | Verdict::OverBudget
        );
    (
        Reverse(counts),
        Reverse(row.verdict),
        Reverse(quality),
        Reverse(thousandths),
        row.scenario.clone(),
        row.metric.clone(),
    )
}

#[cfg(test)]
mod tests;
