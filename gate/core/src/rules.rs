//! Which settings apply to a row: the rules of the policy, later ones overriding earlier ones.

use fast_glob::glob_match;
use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::policy::{AtLimit, Budget, Limit, Margin, Policy, RowMode, Rule};
use gate_schema::run::Kind;
use gate_schema::unit::Unit;

use crate::observe::ObservedMetric;
use crate::statistic::Statistic;

/// Stands for `/` in one word; no name holds it.
const SLASH: &str = "\u{1}";

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

/// A budget or margin in a unit that a matched metric does not have. A mistake in the policy.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitMismatch {
    /// Line of the rule in the policy file.
    pub line: u32,
    /// The setting as written.
    pub setting: String,
    /// The metric it does not fit.
    pub metric: String,
    /// The unit of that metric.
    pub unit: Unit,
}

/// Whether a scenario was asked for.
pub(crate) fn is_selected(policy: &Policy, scenario: &str) -> bool {
    let mut only = policy.only.iter();
    policy.only.is_empty() || only.any(|glob| glob_match(glob, scenario))
}

/// Whether a glob over metrics fits a row that goes by any of these names: `latency.p99` is `p99` as well. One with `!`
/// in front fits what it does not fit without.
pub(crate) fn fits_metric(glob: &str, names: &[&str]) -> bool {
    match glob.strip_prefix('!') {
        Some(left_out) => !fits_metric(left_out, names),
        None => names.iter().any(|name| {
            let is_path = name.contains('/');
            glob_match(glob, name) || is_path && glob_match(as_word(glob), as_word(name))
        }),
    }
}

/// A metric, or a glob over metrics, without what separates the parts of a path: `*` is every metric, `allocs/op`
/// among them.
pub(crate) fn as_word(text: &str) -> String {
    text.replace('/', SLASH)
}

/// What [`as_word`] made one word, with its slashes.
pub(crate) fn as_path(word: &str) -> String {
    word.replace(SLASH, "/")
}

/// Whether a budget says something about numbers in `unit`: `<= 5` of a ratio was meant in percent, and every ratio keeps
/// it.
fn can_be_held(budget: &Budget, unit: Unit) -> bool {
    let is_ratio = unit == Unit::Ratio;
    budget.unit.is_none_or(|written| written == unit) && !(is_ratio && budget.limit > 1.0)
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

    /// The settings of one row. A distribution that was not measured has no statistics of its own; it
    /// gets the settings of the first statistic that would gate, so that it is missed where any of
    /// them would be.
    ///
    /// # Errors
    /// A budget or margin that does not fit the metric's unit.
    pub fn settings(
        &mut self,
        scenario: &str,
        metric: &ObservedMetric,
    ) -> Result<Settings, UnitMismatch> {
        if metric.statistic.is_some() || metric.declared.kind != Kind::Histogram {
            return self.resolve(scenario, &metric.name, metric.statistic, metric.unit());
        }
        let mut chosen: Option<Settings> = None;
        for statistic in Statistic::ALL {
            let Ok(name) = metric.name.with_suffix(statistic.as_str()) else {
                continue;
            };
            let settings = self.resolve(scenario, &name, Some(statistic), metric.unit())?;
            if chosen
                .as_ref()
                .is_none_or(|c| c.mode == RowMode::Report && settings.mode != RowMode::Report)
            {
                chosen = Some(settings);
            }
        }
        match chosen {
            Some(settings) => Ok(settings),
            None => self.resolve(scenario, &metric.name, None, metric.unit()),
        }
    }

    /// The settings of a row by name, when nothing else is known of it.
    ///
    /// # Errors
    /// A budget or margin that does not fit the unit.
    pub fn of_row(
        &mut self,
        scenario: &ScenarioId,
        metric: &MetricName,
        unit: Unit,
    ) -> Result<Settings, UnitMismatch> {
        let is_named = |s: &Statistic| {
            let rest = metric.as_str().strip_suffix(s.as_str());
            rest.is_some_and(|rest| rest.ends_with('.'))
        };
        let statistic = Statistic::ALL.into_iter().find(is_named);
        self.resolve(scenario.as_str(), metric, statistic, unit)
    }

    fn resolve(
        &mut self,
        scenario: &str,
        name: &MetricName,
        statistic: Option<Statistic>,
        unit: Unit,
    ) -> Result<Settings, UnitMismatch> {
        let mut drift_budget = Margin::Unjudged;
        let mut settings = Settings {
            margin: Margin::Unjudged,
            budget: None,
            mode: RowMode::Gate,
            at_limit: if unit.is_timing() {
                AtLimit::Review
            } else {
                AtLimit::Fail
            },
            min_samples: None,
        };
        // A metric glob matches the whole judged name (`latency.p99`) or the statistic alone (`p99`).
        let statistic = statistic.map(Statistic::as_str);
        let names: Vec<&str> = [name.as_str()].into_iter().chain(statistic).collect();
        for (rule, used) in self.policy.rules.iter().zip(&mut self.used) {
            if !fits_metric(&rule.metric, &names) || !glob_match(&rule.scenario, scenario) {
                continue;
            }
            *used = true;
            let mismatch = |setting: String| UnitMismatch {
                line: rule.line,
                setting,
                metric: format!("{scenario} {name}"),
                unit,
            };
            for (name, given, setting) in [
                ("margin", rule.margin, &mut settings.margin),
                ("drift budget", rule.drift_budget, &mut drift_budget),
            ] {
                match given {
                    // The built-in rule for recall is about ratios; a metric of that name in another
                    // unit is not its business.
                    Some(Margin::Absolute(_)) if unit != Unit::Ratio && rule.line == 0 => {}
                    Some(Margin::Absolute(points)) if unit != Unit::Ratio => {
                        return Err(mismatch(format!("{name} of {} points", points * 100.0)));
                    }
                    Some(given) => *setting = given,
                    None => {}
                }
            }
            settings.mode = rule.mode.unwrap_or(settings.mode);
            settings.at_limit = rule.at_limit.unwrap_or(settings.at_limit);
            settings.min_samples = rule.min_samples.or(settings.min_samples);
            match &rule.budget {
                None => {}
                Some(Limit::None) => settings.budget = None,
                Some(Limit::Budget(budget)) if can_be_held(budget, unit) => {
                    settings.budget = Some(budget.clone());
                }
                Some(Limit::Budget(budget)) => {
                    return Err(mismatch(format!("budget `{}`", budget.text)));
                }
            }
        }
        if self.policy.is_drift {
            settings.margin = drift_budget;
        }
        Ok(settings)
    }

    /// Rules from the policy file that no row matched: usually a typo that switches off a budget. A
    /// rule that only repeats a built-in one, as `gate init` writes them, is none; nor is one that may
    /// be about scenarios that were not asked for.
    pub fn unused(&self) -> impl Iterator<Item = &'a Rule> {
        let policy = self.policy;
        let is_name = |text: &str| !text.contains(['*', '?', '[', '{', '!']);
        let applies = move |rule: &Rule| {
            policy.only.is_empty() || is_name(&rule.scenario) && is_selected(policy, &rule.scenario)
        };
        let built_in = || self.policy.rules.iter().filter(|rule| rule.line == 0);
        let repeats = move |rule: &Rule| {
            built_in().any(|b| {
                Rule {
                    line: rule.line,
                    ..b.clone()
                } == *rule
            })
        };
        let unmatched = self
            .policy
            .rules
            .iter()
            .zip(&self.used)
            .filter(|(_, used)| !**used)
            .map(|(rule, _)| rule);
        unmatched.filter(move |rule| rule.line > 0 && applies(rule) && !repeats(rule))
    }
}

#[cfg(test)]
mod tests {
    use gate_schema::policy::Operator;

    use super::*;

    /// The mode of a row where one rule, of rows that only report, is all there is.
    fn mode(glob: &str, metric: &str) -> Result<RowMode, UnitMismatch> {
        let rule = Rule {
            metric: glob.into(),
            mode: Some(RowMode::Report),
            ..Rule::default()
        };
        let policy = Policy {
            rules: vec![rule],
            ..Policy::default()
        };
        let scenario = ScenarioId::new("vector/search").expect("an id");
        let name = MetricName::new(metric).expect("a name");
        let settings = Rules::new(&policy).of_row(&scenario, &name, Unit::Nanoseconds);
        settings.map(|of| of.mode)
    }

    #[test]
    fn built_in_margins_are_of_metrics_by_name() {
        let policy = Policy::default();
        let scenario = ScenarioId::new("vector/search/growth").expect("an id");
        for (metric, expected) in [
            ("growth.latency", Margin::Relative(0.03)),
            ("growth.latency.low", Margin::Unjudged),
            ("growth.index_bytes.high", Margin::Unjudged),
            ("extrapolated.10M", Margin::Unjudged),
            ("extrapolated.1B.high", Margin::Unjudged),
            ("allocs/op", Margin::Relative(0.03)),
        ] {
            let name = MetricName::new(metric).expect("a name");
            let settings = Rules::new(&policy).of_row(&scenario, &name, Unit::Count);
            assert_eq!(settings.map(|of| of.margin), Ok(expected), "{metric}");
        }
    }

    #[test]
    fn what_a_glob_leaves_out_it_leaves_out_by_either_name() {
        for (glob, metric, expected) in [
            ("!latency.p99", "latency.p99", RowMode::Gate),
            ("!latency.p99", "latency.p50", RowMode::Report),
            ("!p99", "latency.p99", RowMode::Gate),
            ("!p99", "latency.p50", RowMode::Report),
            ("!p99", "throughput", RowMode::Report),
        ] {
            assert_eq!(mode(glob, metric), Ok(expected), "{glob} {metric}");
        }
    }

    #[test]
    fn a_metric_is_one_word_whatever_slashes_it_holds() {
        for (glob, expected) in [
            ("*", RowMode::Report),
            ("**", RowMode::Report),
            ("allocs*", RowMode::Report),
            ("allocs/*", RowMode::Report),
            ("*/op", RowMode::Report),
            ("allocs", RowMode::Gate),
            ("B/*", RowMode::Gate),
            ("!allocs*", RowMode::Gate),
        ] {
            assert_eq!(mode(glob, "allocs/op"), Ok(expected), "{glob}");
        }
    }

    #[test]
    fn a_ratio_has_no_budget_beyond_one() {
        let scenario = ScenarioId::new("map/get").expect("an id");
        let name = MetricName::new("errors").expect("a name");
        for (limit, unit, fits) in [
            (0.05, Unit::Ratio, true),
            (1.0, Unit::Ratio, true),
            (5.0, Unit::Ratio, false),
            (5.0, Unit::Count, true),
        ] {
            let budget = Budget {
                operator: Operator::AtMost,
                limit,
                unit: None,
                text: format!("<= {limit}"),
            };
            let rule = Rule {
                budget: Some(Limit::Budget(budget)),
                ..Rule::default()
            };
            let policy = Policy {
                rules: vec![rule],
                ..Policy::default()
            };
            let settings = Rules::new(&policy).of_row(&scenario, &name, unit);
            assert_eq!(settings.is_ok(), fits, "{limit} {unit}");
        }
    }
}
