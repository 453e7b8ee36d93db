//! One row of the report as the texts of its table cells.

use gate_schema::report::{BudgetCheck, BudgetStatus, Row, Verdict};
use gate_schema::run::Mode;

use crate::disturbed;
use crate::escape::Target;
use crate::quantity::{self, Change};
use crate::reason;
use crate::sentence::is_excused;

/// Stands where a side did not measure, or where nothing was compared.
pub(crate) const ABSENT: &str = "-";

/// How a verdict is coloured. Colour never says what the word does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
    Bad,
    Unsure,
    Plain,
    Good,
}

impl Tone {
    /// Nothing is red that did not fail, and what does not count cannot fail.
    pub(crate) fn of(verdict: Verdict, counts: bool) -> Self {
        match verdict {
            Verdict::Pass | Verdict::Improved => Self::Good,
            Verdict::Added => Self::Plain,
            Verdict::Waived | Verdict::Incomparable | Verdict::Inconclusive => Self::Unsure,
            Verdict::Missing | Verdict::Regressed | Verdict::OverBudget if counts => Self::Bad,
            Verdict::Missing | Verdict::Regressed | Verdict::OverBudget => Self::Unsure,
        }
    }
}

/// The cells of one row, escaped for one target.
pub(crate) struct Cells {
    pub(crate) verdict: Verdict,
    /// Whether the verdict counts for the outcome.
    pub(crate) counts: bool,
    pub(crate) scenario: String,
    pub(crate) metric: String,
    pub(crate) baseline: String,
    pub(crate) candidate: String,
    pub(crate) change: Change,
    /// The margin, signed towards worse; empty when the effect was not judged.
    pub(crate) margin: String,
    /// The budget with its headroom; empty without one.
    pub(crate) budget: String,
    pub(crate) why: String,
    /// The part of why that the other cells do not say; empty when they say all.
    pub(crate) unsaid: String,
    /// Why it got worse, a line each; see [`crate::cause`].
    pub(crate) cause: Vec<String>,
}

impl Cells {
    /// Fills the cells of `row`, whose sides were measured in `mode`.
    pub(crate) fn of(row: &Row, mode: Mode, target: Target) -> Self {
        let limit = row.budget.as_ref().map(|check| check.budget.limit);
        let values = [row.baseline, row.candidate].map(|level| level.map(|level| level.value));
        let [baseline, candidate] = quantity::levels(values, row.unit, limit, target);
        let effect = row.effect.as_ref();
        let note = |why: String| match row.gating {
            true => why,
            false => format!("(report only) {why}"),
        };
        Self {
            verdict: row.verdict,
            counts: row.gating && !is_excused(row),
            scenario: target.outside(row.scenario.as_str()),
            metric: target.outside(row.metric.as_str()),
            baseline: baseline.unwrap_or_else(|| ABSENT.into()),
            candidate: candidate.unwrap_or_else(|| ABSENT.into()),
            change: effect
                .map(|effect| quantity::change(effect, row.unit, row.direction, target))
                .unwrap_or_else(|| Change {
                    estimate: ABSENT.into(),
                    interval: String::new(),
                }),
            margin: effect
                .and_then(|effect| quantity::margin(effect, row.unit, row.direction, target))
                .unwrap_or_default(),
            budget: row
                .budget
                .as_ref()
                .map(|check| budget(check, target))
                .unwrap_or_default(),
            why: note(with_disturbed(reason::phrase(row, mode, target), row)),
            unsaid: note(with_disturbed(reason::unsaid(row, mode, target), row)),
            cause: Vec::new(),
        }
    }

    /// Margin and budget in one cell.
    pub(crate) fn limit(&self) -> String {
        let parts = [&self.margin, &self.budget];
        parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// A reason and, after it, what may have disturbed the measurement.
fn with_disturbed(why: String, row: &Row) -> String {
    match disturbed::phrase(row) {
        Some(disturbed) if why.is_empty() => disturbed,
        Some(disturbed) => format!("{why}; {disturbed}"),
        None => why,
    }
}

/// The budget as it was written and where the candidate stands: `<= 50ms, 12% left`.
fn budget(check: &BudgetCheck, target: Target) -> String {
    let text = target.outside(&check.budget.text);
    let headroom = quantity::headroom(check);
    match (check.status, headroom) {
        (BudgetStatus::AtLimit, Some(headroom)) => format!("{text}, at the limit: {headroom}"),
        (BudgetStatus::AtLimit, None) => format!("{text}, at the limit"),
        (BudgetStatus::Within | BudgetStatus::Over, Some(headroom)) => {
            format!("{text}, {headroom}")
        }
        (BudgetStatus::Within, None) => format!("{text}, within"),
        (BudgetStatus::Over, None) => format!("{text}, over"),
    }
}

/// Scenario and metric of a row, as text between words.
pub(crate) fn row_name(row: &Row, target: Target) -> String {
    format!(
        "{} {}",
        target.outside(row.scenario.as_str()),
        target.outside(row.metric.as_str())
    )
}
