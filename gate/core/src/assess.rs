//! What is known about every row before any is decided: the ladder of checks that need no
//! statistics, the comparison of what is comparable, and the correction for many rows.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::noise::Noise;
use gate_schema::policy::{Margin, Policy, RowMode, Rule};
use gate_schema::report::{FieldDifference, Reason, Verdict};
use gate_schema::run::Kind;

use crate::budget::standing;
use crate::comparable::{Conditions, environment_differences};
use crate::estimate::median;
use crate::evaluate::{EvaluateError, Side};
use crate::evidence::Evidence;
use crate::family::discoveries;
use crate::observe::{Observed, ObservedMetric};
use crate::paired::History;
use crate::row::{Draft, Family, location};
use crate::rules::{Rules, Settings};
use crate::sides::Sides;

/// Benjamini-Hochberg level of improvements. Looser than for regressions: a false one costs nobody a
/// red build.
pub const IMPROVED_DISCOVERY: f64 = 0.05;

/// Both sides, row by row.
pub(crate) struct Assessment<'a> {
    pub(crate) drafts: Vec<Draft<'a>>,
    /// One per draft.
    pub(crate) families: Vec<Family>,
    /// Fingerprint fields that differ.
    pub(crate) differences: Vec<FieldDifference>,
    /// Gating rows that were tested together.
    pub(crate) family: usize,
    /// Rules of the policy file that no row matched.
    pub(crate) unused_rules: Vec<&'a Rule>,
}

/// Compares both sides.
///
/// # Errors
/// See [`EvaluateError`].
pub(crate) fn assess<'a>(
    baseline: Side<'a>,
    candidate: Side<'a>,
    noise: Option<&Noise>,
    policy: &'a Policy,
) -> Result<Assessment<'a>, EvaluateError> {
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
    let mut drafts = drafts(baseline, candidate, &conditions, &mut rules)?;

    let ratios: Vec<f64> = drafts
        .iter()
        .filter_map(|d| d.sides.as_ref()?.history.session_ratio())
        .collect();
    let fleet_ratio = median(&ratios).unwrap_or(1.0);
    for draft in &mut drafts {
        let known = noise.and_then(|noise| noise.row(draft.scenario, &draft.metric.name));
        draft.compared = draft.sides.as_ref().map(|sides| {
            let known = known.filter(|row| row.scale == sides.axis.scale());
            sides.compare(&draft.metric, fleet_ratio, known.and_then(History::of))
        });
    }
    let families = families(&drafts, policy);
    let family = drafts
        .iter()
        .filter(|d| d.is_gating() && d.tested().is_some())
        .count();
    // Pairs were measured on one machine, whatever the two builds say about their compilers.
    let is_paired = drafts.iter().any(|draft| !draft.stages().is_empty());
    Ok(Assessment {
        families,
        differences: if is_paired { Vec::new() } else { differences },
        family,
        unused_rules: rules.unused().collect(),
        drafts,
    })
}

/// One draft per judged metric of either side, in candidate order, then what only the baseline has.
fn drafts<'a>(
    baseline: Side<'a>,
    candidate: Side<'a>,
    conditions: &Conditions,
    rules: &mut Rules<'_>,
) -> Result<Vec<Draft<'a>>, EvaluateError> {
    let failed: BTreeSet<&ScenarioId> = (candidate.run.failures.iter())
        .map(|failure| &failure.scenario)
        .collect();
    let (baseline, candidate) = (baseline.observed, candidate.observed);
    let in_baseline: HashMap<&ScenarioId, &Observed> =
        baseline.iter().map(|o| (&o.declared.scenario, o)).collect();
    let in_candidate: HashMap<&ScenarioId, &Observed> = candidate
        .iter()
        .map(|o| (&o.declared.scenario, o))
        .collect();
    let is_shared = |scenario: &&ScenarioId| in_baseline.contains_key(*scenario);
    if failed.is_empty() && !in_candidate.keys().any(is_shared) {
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
                let reason = if failed.contains(&observed.declared.scenario) {
                    Reason::ScenarioFailed
                } else {
                    Reason::NotDeclared
                };
                let settled = Some((Verdict::Missing, reason));
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
    let mut settings = rules.settings(observed.declared.scenario.as_str(), metric)?;
    let is_paired = baseline.is_some_and(|(_, there)| Sides::are_paired([there, metric]));
    if settings.mode == RowMode::Pairs && !is_paired {
        settings.margin = Margin::Unjudged;
    }
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
    if observed.has_failed {
        draft.settled = Some((Verdict::Missing, Reason::ScenarioFailed));
        return Ok(Some(draft));
    }
    if observed.wrong_answer {
        draft.settled = Some((Verdict::Missing, Reason::WrongAnswer));
        return Ok(Some(draft));
    }
    if metric.sessions.is_empty() {
        let reason = match metric.declared.kind {
            Kind::Curve => Reason::NotReached,
            Kind::Histogram | Kind::Value | Kind::Proportion => Reason::NotMeasured,
        };
        draft.settled = Some((Verdict::Missing, reason));
        return Ok(Some(draft));
    }
    if let Some(few) = few_samples(metric) {
        draft.settled = Some(few);
        return Ok(draft.is_gating().then_some(draft));
    }
    draft.standing = standing(metric, location(at_limit));
    draft.settled = if metric.values() < metric.expected {
        Some((
            Verdict::Inconclusive,
            Reason::PartlyMeasured {
                have: metric.values(),
                need: metric.expected,
            },
        ))
    } else if let Some((there, there_metric)) = baseline {
        let in_turn = Conditions { timing: None };
        let conditions = if is_paired { &in_turn } else { conditions };
        let refused = conditions.refuse(
            (&there.declared, &observed.declared),
            (there_metric, metric),
        );
        let unusable = there.has_failed || there.wrong_answer || there_metric.sessions.is_empty();
        match (refused, few_samples(there_metric)) {
            // Nothing there is a plainer reason than where it was not measured.
            _ if unusable && margin != Margin::Unjudged => {
                Some((Verdict::Incomparable, Reason::BaselineUnusable))
            }
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
        let members: Vec<(usize, &Draft<'_>, &Evidence)> = drafts
            .iter()
            .enumerate()
            .filter(|(_, d)| d.is_gating() == gating)
            .filter_map(|(i, d)| Some((i, d, d.tested()?)))
            .collect();
        let claims: Vec<f64> = members.iter().map(|(_, d, _)| d.claim()).collect();
        let gains: Vec<f64> = members.iter().map(|(.., e)| e.p_better).collect();
        let worse = discoveries(&claims, members.len(), policy.false_discovery);
        let better = discoveries(&gains, members.len(), IMPROVED_DISCOVERY);
        for (at, (i, ..)) in members.iter().enumerate() {
            families[*i] = Family {
                size: members.len(),
                worse: worse[at],
                better: better[at],
            };
        }
    }
    families
}
