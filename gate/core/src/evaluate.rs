//! The whole judgement: `(baseline, candidate, policy) -> report`.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::policy::{AtLimit, Margin, Policy};
use gate_schema::report::{BudgetStatus, Method, Reason, Report, Row, Verdict};
use gate_schema::run::{Mode, Run};

use crate::budget::standing;
use crate::comparable::{Conditions, environment_differences};
use crate::describe::{summary, warnings};
use crate::estimate::{Location, median};
use crate::family::discoveries;
use crate::observe::{Observed, ObservedMetric};
use crate::outcome;
use crate::row::{Draft, Family};
use crate::rules::{Rules, Settings, UnitMismatch};
use crate::sides::Sides;
use crate::stored::Evidence;
use crate::{together, waive};

/// Benjamini-Hochberg level of improvements. Looser than for regressions: a false one costs nobody a
/// red build.
pub const IMPROVED_DISCOVERY: f64 = 0.05;

/// One side of a comparison: a validated run and what was observed in it.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The run.
    pub run: &'a Run,
    /// One entry per declared scenario; see [`crate::observe::records`].
    pub observed: &'a [Observed],
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
    policy: &Policy,
) -> Result<Report, EvaluateError> {
    let differences = environment_differences(
        &baseline.run.environment,
        &candidate.run.environment,
        &policy.ignore_environment,
    );
    let conditions = Conditions::new(
        &baseline.run.environment,
        &candidate.run.environment,
        &differences,
    );
    let mut rules = Rules::new(policy);
    let mut drafts = drafts(
        baseline.observed,
        candidate.observed,
        &conditions,
        &mut rules,
    )?;

    let ratios: Vec<f64> = drafts
        .iter()
        .filter_map(|d| d.sides.as_ref()?.history.session_ratio())
        .collect();
    let fleet_ratio = median(&ratios).unwrap_or(1.0);
    for draft in &mut drafts {
        draft.compared = draft
            .sides
            .as_ref()
            .map(|sides| sides.compare(&draft.metric, fleet_ratio));
    }

    let families = families(&drafts, policy);
    let family = drafts
        .iter()
        .filter(|d| d.is_gating() && d.tested().is_some())
        .count();
    let mut rows: Vec<Row> = drafts
        .into_iter()
        .zip(families)
        .map(|(draft, family)| draft.finish(family, policy))
        .collect();
    together::doubt(&mut rows);
    name_traded_quality(&mut rows);
    let waivers = waive::apply(&mut rows, policy);
    rows.sort_by_cached_key(severity);

    let outcome = outcome::join(&rows, &waivers, policy);
    Ok(Report {
        format: gate_schema::report::FORMAT.to_owned(),
        outcome,
        exit_code: outcome::exit_code(outcome),
        baseline: summary(baseline.run),
        candidate: summary(candidate.run),
        environment_differences: differences,
        method: Method {
            false_discovery: policy.false_discovery,
            family,
            inconclusive: policy.inconclusive,
            incomparable: policy.incomparable,
            machine: policy.machine,
            mode: Mode::Single,
            calibration_sessions: 0,
        },
        warnings: warnings(&baseline, &candidate, &rules),
        waivers,
        uniform: Vec::new(),
        canaries: None,
        failures: Vec::new(),
        rows,
    })
}

/// One draft per judged metric of either side, in candidate order, then what only the baseline has.
fn drafts<'a>(
    baseline: &'a [Observed],
    candidate: &'a [Observed],
    conditions: &Conditions,
    rules: &mut Rules<'_>,
) -> Result<Vec<Draft<'a>>, EvaluateError> {
    let in_baseline: HashMap<&ScenarioId, &Observed> =
        baseline.iter().map(|o| (&o.declared.scenario, o)).collect();
    let in_candidate: HashMap<&ScenarioId, &Observed> = candidate
        .iter()
        .map(|o| (&o.declared.scenario, o))
        .collect();
    if !in_candidate
        .keys()
        .any(|scenario| in_baseline.contains_key(scenario))
    {
        return Err(EvaluateError::NoOverlap);
    }
    let mut drafts = Vec::new();
    for observed in candidate {
        let counterpart = in_baseline.get(&observed.declared.scenario).copied();
        let metrics: HashMap<&MetricName, &ObservedMetric> = counterpart
            .iter()
            .flat_map(|o| &o.metrics)
            .map(|m| (&m.name, m))
            .collect();
        for metric in &observed.metrics {
            let same = metrics.get(&metric.name).copied();
            // A metric that changed its kind has other judged names; it is no addition for that.
            let redeclared = || {
                counterpart?
                    .metrics
                    .iter()
                    .find(|m| m.declared.name == metric.declared.name)
            };
            let there = counterpart.zip(same.or_else(redeclared));
            drafts.extend(candidate_draft(observed, metric, there, conditions, rules)?);
        }
    }
    for observed in baseline {
        let counterpart = in_candidate.get(&observed.declared.scenario);
        for declared in &observed.declared.metrics {
            if counterpart.is_none_or(|o| o.declared.metric(&declared.name).is_none()) {
                let metric = Cow::Owned(ObservedMetric::unmeasured(declared));
                let settings = rules.settings(observed.declared.scenario.as_str(), &metric)?;
                let settled = Some((Verdict::Missing, Reason::NotDeclared));
                drafts.push(Draft {
                    settled,
                    ..draft(observed, metric, settings)
                });
            }
        }
    }
    Ok(drafts)
}

fn draft<'a>(
    observed: &'a Observed,
    metric: Cow<'a, ObservedMetric>,
    settings: Settings,
) -> Draft<'a> {
    let scenario = &observed.declared.scenario;
    Draft {
        scenario,
        metric,
        settings,
        settled: None,
        standing: None,
        sides: None,
        compared: None,
    }
}

/// The ladder of checks that need no statistics: verified? measured? enough samples? comparable?
/// `None` for a percentile that nobody judges and that has too few samples to be shown.
fn candidate_draft<'a>(
    observed: &'a Observed,
    metric: &'a ObservedMetric,
    baseline: Option<(&'a Observed, &'a ObservedMetric)>,
    conditions: &Conditions,
    rules: &mut Rules<'_>,
) -> Result<Option<Draft<'a>>, EvaluateError> {
    let settings = rules.settings(observed.declared.scenario.as_str(), metric)?;
    let (margin, at_limit) = (settings.margin, settings.at_limit);
    let need = settings
        .min_samples
        .or(metric.statistic.map(|s| s.min_samples()))
        .unwrap_or(0);
    let few_samples = |metric: &ObservedMetric| {
        let have = metric.samples.filter(|&have| have < need)?;
        Some((Verdict::Inconclusive, Reason::FewSamples { have, need }))
    };
    let mut draft = draft(observed, Cow::Borrowed(metric), settings);
    if observed.wrong_answer {
        draft.settled = Some((Verdict::Missing, Reason::WrongAnswer));
        return Ok(Some(draft));
    }
    if metric.sessions.is_empty() {
        draft.settled = Some((Verdict::Missing, Reason::NotMeasured));
        return Ok(Some(draft));
    }
    if let Some(few) = few_samples(metric) {
        draft.settled = Some(few);
        return Ok(draft.is_gating().then_some(draft));
    }
    // A limit that is a promise holds for every repetition, so none is trimmed away.
    let location = if at_limit == AtLimit::Fail {
        Location::Plain
    } else {
        Location::Trimmed
    };
    draft.standing = standing(metric, location);
    draft.settled = if metric.values() < metric.expected {
        Some((
            Verdict::Inconclusive,
            Reason::PartlyMeasured {
                have: metric.values(),
                need: metric.expected,
            },
        ))
    } else if let Some((there, there_metric)) = baseline {
        let refused = conditions.refuse(
            (&there.declared, &observed.declared),
            (there_metric, metric),
        );
        let unusable = there.wrong_answer || there_metric.sessions.is_empty();
        match (refused, few_samples(there_metric)) {
            // What is not judged against the baseline is not missed when it cannot be compared.
            (Some(_), _) if margin == Margin::Unjudged => Some((Verdict::Pass, Reason::NotJudged)),
            (Some(reason), _) => Some((Verdict::Incomparable, reason)),
            (None, _) if unusable => Some((Verdict::Incomparable, Reason::BaselineUnusable)),
            (None, Some(_)) if margin == Margin::Unjudged => {
                Some((Verdict::Pass, Reason::NotJudged))
            }
            (None, Some(few)) => Some(few),
            (None, None) => {
                draft.sides = Some(Sides::new(there_metric, metric, margin));
                None
            }
        }
    } else {
        None
    };
    Ok(Some(draft))
}

/// Corrects for deciding many rows at once. Rows that only report are a family of their own: they
/// are shown with the same care and cost the gating rows no power.
fn families(drafts: &[Draft<'_>], policy: &Policy) -> Vec<Family> {
    let mut families = vec![Family::default(); drafts.len()];
    for gating in [true, false] {
        let (members, evidence): (Vec<usize>, Vec<&Evidence>) = drafts
            .iter()
            .enumerate()
            .filter(|(_, d)| d.is_gating() == gating)
            .filter_map(|(i, d)| Some((i, d.tested()?)))
            .unzip();
        let found = |p: fn(&Evidence) -> f64, q| {
            discoveries(
                &evidence.iter().map(|e| p(e)).collect::<Vec<_>>(),
                members.len(),
                q,
            )
        };
        let worse = found(|e| e.p_worse, policy.false_discovery);
        let better = found(|e| e.p_better, IMPROVED_DISCOVERY);
        for (at, &i) in members.iter().enumerate() {
            families[i] = Family {
                size: members.len(),
                worse: worse[at],
                better: better[at],
            };
        }
    }
    families
}

/// A gain in a scenario whose quality fell is a trade, not an improvement.
fn name_traded_quality(rows: &mut [Row]) {
    use gate_schema::unit::Unit;
    let fallen: BTreeMap<ScenarioId, MetricName> = rows
        .iter()
        .filter(|row| {
            row.unit == Unit::Ratio
                && matches!(row.verdict, Verdict::OverBudget | Verdict::Regressed)
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
