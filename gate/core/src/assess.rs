//! What is known about every row before any is decided: the ladder of checks that need no
//! statistics, the comparison of what is comparable, and the correction for many rows.

use std::borrow::Cow;
use std::collections::HashMap;

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::noise::Noise;
use gate_schema::policy::{Margin, Policy, RowMode, Rule};
use gate_schema::report::{FieldDifference, Reason, Verdict};
use gate_schema::run::Kind;

use crate::budget::standing;
use crate::comparable::{Conditions, are_in_turn, environment_differences, holds_for};
use crate::estimate::median;
use crate::evaluate::{EvaluateError, Side};
use crate::family::{discoveries, ranked};
use crate::observe::{Observed, ObservedMetric};
use crate::paired::History;
use crate::row::{Draft, Family, location};
use crate::rules::{Rules, Settings};
use crate::sides::Sides;

mod lost;
use lost::{expected_drafts, lost_drafts};

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
    /// Whether both sides were measured in turn.
    pub(crate) is_paired: bool,
}

/// What becomes of what the baseline declares and the candidate does not.
#[derive(Clone, Copy)]
pub(crate) enum Lost<'a> {
    /// Its rows are missing, and so is what is expected here and neither side declares.
    Missing(Option<Side<'a>>),
    /// Nothing: the baseline is there to explain the candidate's rows.
    LeftOut,
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
    assess_with(Lost::Missing(None), [baseline, candidate], noise, policy)
}

/// Compares both sides, baseline first.
///
/// # Errors
/// See [`EvaluateError`].
pub(crate) fn assess_with<'a>(
    lost: Lost<'a>,
    [baseline, candidate]: [Side<'a>; 2],
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
    if let Lost::Missing(expected) = lost {
        drafts.extend(lost_drafts(baseline, candidate, &mut rules)?);
        if let Some(expected) = expected {
            drafts.extend(expected_drafts(
                expected,
                [baseline, candidate],
                &mut rules,
            )?);
        }
    }
    // The noise of another machine says nothing about this one.
    let environment = &baseline.run.environment;
    let noise = noise.filter(|noise| holds_for(noise, environment, &policy.ignore_environment));

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
    let is_paired = are_in_turn(baseline.run, candidate.run);
    Ok(Assessment {
        families,
        differences: if is_paired { Vec::new() } else { differences },
        family,
        unused_rules: rules.unused().collect(),
        is_paired,
        drafts,
    })
}

/// One draft per judged metric of the candidate, in its order.
fn drafts<'a>(
    baseline: Side<'a>,
    candidate: Side<'a>,
    conditions: &Conditions,
    rules: &mut Rules<'_>,
) -> Result<Vec<Draft<'a>>, EvaluateError> {
    let has_failed = !candidate.run.failures.is_empty();
    let (in_baseline, candidate) = (by_scenario(baseline.observed), candidate.observed);
    let is_shared = |o: &Observed| in_baseline.contains_key(&o.declared.scenario);
    if !has_failed && !candidate.iter().any(is_shared) {
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
        // A metric that changed its kind has other judged names; it is no addition for that.
        let redeclared: HashMap<&MetricName, &ObservedMetric> = counterpart
            .iter()
            .flat_map(|o| o.metrics.iter().rev())
            .map(|m| (&m.declared.name, m))
            .collect();
        for metric in &observed.metrics {
            let same = metrics.get(&metric.name);
            let there = same.or_else(|| redeclared.get(&metric.declared.name));
            let there = counterpart.zip(there.copied());
            drafts.extend(candidate_draft(observed, metric, there, conditions, rules)?);
        }
    }
    Ok(drafts)
}

pub(crate) fn by_scenario(observed: &[Observed]) -> HashMap<&ScenarioId, &Observed> {
    let observed = observed.iter();
    observed.map(|o| (&o.declared.scenario, o)).collect()
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
    let clock = misread(observed, metric);
    // What a coarse clock leaves are the slow repetitions: they tell no level.
    let is_biased = clock.is_some() && observed.is_coarse;
    if metric.sessions.is_empty() || is_biased {
        let reason = match metric.declared.kind {
            Kind::Curve => Reason::NotReached,
            Kind::Histogram | Kind::Value | Kind::Proportion | Kind::Series => Reason::NotMeasured,
        };
        draft.settled = clock.or(Some((Verdict::Missing, reason)));
        return Ok(Some(draft));
    }
    if let Some(few) = few_samples(metric) {
        draft.settled = Some(few);
        return Ok(draft.is_gating().then_some(draft));
    }
    draft.standing = standing(metric, location(at_limit));
    // Of a pair that only the baseline has, the candidate lacks its repetition.
    let lost = baseline.filter(|_| is_paired).map_or(0, |(_, there)| {
        let (both, all) = Sides::complete_pairs([metric, there]);
        all - both
    });
    let have = metric.values();
    let need = metric.expected.max(have + lost);
    draft.settled = if clock.is_some() {
        clock
    } else if have < need {
        let reason = match metric.declared.kind {
            Kind::Curve => Reason::PartlyReached { have, need },
            Kind::Histogram | Kind::Value | Kind::Proportion | Kind::Series => {
                Reason::PartlyMeasured { have, need }
            }
        };
        Some((Verdict::Inconclusive, reason))
    } else if let Some((there, there_metric)) = baseline {
        let in_turn = Conditions { timing: None };
        let conditions = if is_paired { &in_turn } else { conditions };
        let refused = conditions
            .refuse(
                (&there.declared, &observed.declared),
                (there_metric, metric),
            )
            .or_else(|| unpaired(there_metric, metric).filter(|_| is_paired));
        // What went wrong in one stored session spoils that session alone, which holds no values then.
        // Pairs were all measured for this one comparison.
        let is_spoilt = is_paired && (there.has_failed || there.wrong_answer);
        let unusable = is_spoilt || there_metric.sessions.is_empty();
        let clock = misread(there, there_metric).filter(|_| margin != Margin::Unjudged);
        match (refused, few_samples(there_metric)) {
            _ if clock.is_some() && (is_paired || unusable || there.is_coarse) => clock,
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

/// What stays open of a timing whose missing values the clock explains, which was set back or is too
/// coarse: that is no fault of what was measured.
fn misread(observed: &Observed, metric: &ObservedMetric) -> Option<(Verdict, Reason)> {
    let (have, need) = (metric.values(), metric.expected);
    let is_explained = have < need && need - have <= observed.misread;
    let reason = match observed.is_coarse {
        true => Reason::ClockCoarse { have, need },
        false => Reason::ClockStepped { have, need },
    };
    (is_explained && metric.unit().is_timing()).then_some((Verdict::Inconclusive, reason))
}

/// Why pairs cannot be compared: some have no second member, and which ones is no accident.
fn unpaired(baseline: &ObservedMetric, candidate: &ObservedMetric) -> Option<Reason> {
    let (have, need) = Sides::complete_pairs([baseline, candidate]);
    (have < need).then_some(Reason::BaselinePartlyMeasured { have, need })
}

/// Corrects for deciding many rows at once. Rows that only report are a family of their own: they
/// are shown with the same care and cost the gating rows no power.
fn families(drafts: &[Draft<'_>], policy: &Policy) -> Vec<Family> {
    let mut families = vec![Family::default(); drafts.len()];
    for gating in [true, false] {
        let members: Vec<(usize, &Draft<'_>)> = drafts
            .iter()
            .enumerate()
            .filter(|(_, d)| d.is_gating() == gating && d.tested().is_some())
            .collect();
        let claims: Vec<f64> = members.iter().map(|(_, d)| d.claim()).collect();
        let gains: Vec<f64> = members.iter().map(|(_, d)| d.gain()).collect();
        let worse = ranked(&claims, members.len(), policy.false_discovery);
        let better = discoveries(&gains, members.len(), IMPROVED_DISCOVERY);
        for (at, (i, _)) in members.iter().enumerate() {
            families[*i] = Family {
                size: members.len(),
                worse: worse[at],
                better: better[at],
            };
        }
    }
    families
}
