//! Which settings apply to a row: the rules of the policy, later ones overriding earlier ones.

use fast_glob::glob_match;
use gate_schema::policy::{AtLimit, Budget, Limit, Margin, Policy, RowMode};
use gate_schema::run::Kind;
use gate_schema::unit::Unit;

use crate::observe::ObservedMetric;
use crate::statistic::Statistic;

/// The settings of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The effect we tolerate.
    pub margin: Margin,
    /// The absolute limit, if there is one.
    pub budget: Option<Budget>,
    /// Whether the row decides.
    pub mode: RowMode,
    /// What an interval that crosses the budget means.
    pub at_limit: AtLimit,
    /// Fewest operations per repetition, where the policy overrides the statistic's own minimum.
    pub min_samples: Option<u64>,
}

/// A budget in a unit that a matched metric does not have. A mistake in the policy.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitMismatch {
    /// Line of the rule in the policy file.
    pub line: u32,
    /// The budget as written.
    pub budget: String,
    /// The metric it does not fit.
    pub metric: String,
    /// The unit of that metric.
    pub unit: Unit,
}

/// Resolves settings and remembers which rules ever applied.
pub struct Rules<'a> {
    policy: &'a Policy,
    used: Vec<bool>,
}

impl<'a> Rules<'a> {
    /// Rules of a policy, none used yet.
    #[must_use]
    pub fn new(policy: &'a Policy) -> Self {
        Self {
            policy,
            used: vec![false; policy.rules.len()],
        }
    }

    /// The settings of one row.
    ///
    /// # Errors
    /// A budget that does not fit the metric's unit.
    pub fn settings(
        &mut self,
        scenario: &str,
        metric: &ObservedMetric,
    ) -> Result<Settings, UnitMismatch> {
        let mut settings = Settings {
            margin: Margin::Unjudged,
            budget: None,
            mode: RowMode::Gate,
            at_limit: if metric.unit().is_timing() {
                AtLimit::Review
            } else {
                AtLimit::Fail
            },
            min_samples: None,
        };
        for (rule, used) in self.policy.rules.iter().zip(&mut self.used) {
            if !metric_matches(&rule.metric, metric) || !glob_match(&rule.scenario, scenario) {
                continue;
            }
            *used = true;
            settings.margin = rule.margin.unwrap_or(settings.margin);
            settings.mode = rule.mode.unwrap_or(settings.mode);
            settings.at_limit = rule.at_limit.unwrap_or(settings.at_limit);
            settings.min_samples = rule.min_samples.or(settings.min_samples);
            match &rule.budget {
                None => {}
                Some(Limit::None) => settings.budget = None,
                Some(Limit::Budget(budget))
                    if budget.unit.is_none_or(|unit| unit == metric.unit()) =>
                {
                    settings.budget = Some(budget.clone());
                }
                Some(Limit::Budget(budget)) => {
                    return Err(UnitMismatch {
                        line: rule.line,
                        budget: budget.text.clone(),
                        metric: format!("{scenario} {}", metric.name),
                        unit: metric.unit(),
                    });
                }
            }
        }
        Ok(settings)
    }

    /// Rules from the policy file that no row matched: usually a typo that switches off a budget.
    pub fn unused(&self) -> impl Iterator<Item = &'a gate_schema::policy::Rule> {
        self.policy
            .rules
            .iter()
            .zip(&self.used)
            .filter(|(rule, used)| !**used && rule.line > 0)
            .map(|(rule, _)| rule)
    }
}

/// A metric glob matches the whole judged name (`latency.p99`) or the statistic alone (`p99`). A
/// distribution that was not measured has no statistics of its own, so any that it would have counts:
/// a rule for its p99 is no typo because the scenario is missing.
fn metric_matches(glob: &str, metric: &ObservedMetric) -> bool {
    let unmeasured = metric.statistic.is_none() && metric.declared.kind == Kind::Histogram;
    let would_have: &[Statistic] = if unmeasured { &Statistic::ALL } else { &[] };
    let mut statistics = metric.statistic.iter().chain(would_have);
    glob_match(glob, metric.name.as_str())
        || statistics.any(|statistic| glob_match(glob, statistic.as_str()))
}
