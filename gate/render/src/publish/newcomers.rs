//! Names that the default branch does not know. Whoever writes a run chooses them, so of these only some
//! are repeated.

use std::collections::{BTreeMap, BTreeSet};

use gate_schema::id::{MetricName, Name, ScenarioId};
use gate_schema::report::{Report, Row};
use gate_schema::run::{Declared, Manifest};

use crate::escape::Target;

/// Most names that are shown: more than a change adds that people review.
const MOST: usize = 50;

/// What a run has and the default branch's baseline does not.
pub(super) struct Newcomers<'a> {
    known: Known<'a>,
    /// A scenario, or a new metric of one that is known; those of the worst rows first.
    shown: Vec<New<'a>>,
    /// Names beyond those.
    more: usize,
    /// Rows of these names.
    rows: usize,
}

type New<'a> = (&'a ScenarioId, Option<&'a MetricName>);

/// What the baseline declares, by scenario; `None` where there is no baseline to be new to.
struct Known<'a>(Option<BTreeMap<&'a ScenarioId, &'a Declared>>);

impl<'a> Newcomers<'a> {
    pub(super) fn of(report: &'a Report, declared: Option<&'a Manifest>) -> Self {
        let index = |manifest: &'a Manifest| {
            let scenarios = manifest.scenarios.iter();
            scenarios.map(|known| (&known.scenario, known)).collect()
        };
        let known = Known(declared.map(index));
        let (mut shown, mut seen, mut rows) = (Vec::new(), BTreeSet::new(), 0);
        for new in report.rows.iter().filter_map(|row| known.new_of_row(row)) {
            if seen.insert(new) && shown.len() < MOST {
                shown.push(new);
            }
            rows += usize::from(!shown.contains(&new));
        }
        let failed = report
            .failures
            .iter()
            .map(|failed| &failed.failure.scenario);
        for scenario in failed.filter(|scenario| known.is_new(scenario)) {
            if seen.insert((scenario, None)) && shown.len() < MOST {
                shown.push((scenario, None));
            }
        }
        Self {
            known,
            more: seen.len() - shown.len(),
            shown,
            rows,
        }
    }

    /// Takes what would repeat more names out of a report.
    pub(super) fn leave_out_of(&self, report: &mut Report) {
        let is_shown = |new: Option<New<'_>>| new.is_none_or(|new| self.shown.contains(&new));
        report
            .rows
            .retain(|row| is_shown(self.known.new_of_row(row)));
        report.failures.retain(|failed| {
            let scenario = &failed.failure.scenario;
            !self.known.is_new(scenario) || is_shown(Some((scenario, None)))
        });
    }

    /// The names, folded, and how many rows are left out; nothing when all are known.
    pub(super) fn text(&self) -> String {
        let target = Target::Markdown;
        if self.shown.is_empty() {
            return String::new();
        }
        let names = match self.shown.len() + self.more {
            1 => "1 name".to_owned(),
            many => format!("{many} names"),
        };
        let mut text =
            format!("<details><summary>New to the default branch: {names}</summary>\n\n");
        for (scenario, metric) in &self.shown {
            let metric = metric.map(|metric| format!(" {}", target.outside(metric.as_str())));
            text.push_str(&format!(
                "- {}{}\n",
                target.outside(scenario.as_str()),
                metric.unwrap_or_default()
            ));
        }
        text.push_str("\n</details>\n\n");
        if self.more > 0 {
            text.push_str(&format!(
                "**Note:** of the names that are new to the default branch {MOST} are shown; {} more, with \
                 {} rows, are counted above and left out.\n\n",
                self.more, self.rows
            ));
        }
        text
    }
}

impl Known<'_> {
    fn is_new(&self, scenario: &ScenarioId) -> bool {
        let known = self.0.as_ref();
        known.is_some_and(|known| !known.contains_key(scenario))
    }

    /// What is new about a row, if anything.
    fn new_of_row<'r>(&self, row: &'r Row) -> Option<New<'r>> {
        if self.is_new(&row.scenario) {
            return Some((&row.scenario, None));
        }
        let known = self.0.as_ref()?.get(&row.scenario)?;
        let is_of = |name: &Name| {
            // `latency.p99` is a statistic of `latency`.
            let rest = row.metric.as_str().strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let is_known = known.metrics.iter().any(|metric| is_of(&metric.name));
        (!is_known).then_some((&row.scenario, Some(&row.metric)))
    }
}
