//! One row of the report as the texts of its table cells.

use gate_schema::report::{BudgetCheck, BudgetStatus, Row, Verdict};

use crate::escape::Target;
use crate::quantity::{self, Change};
use crate::reason;

/// Stands where a side did not measure, or where nothing was compared.
pub(crate) const ABSENT: &str = "-";

/// The cells of one row, escaped for one target.
pub(crate) struct Cells {
    pub(crate) verdict: Verdict,
    pub(crate) gating: bool,
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
    /// Whether the other cells already say why.
    pub(crate) is_evident: bool,
}

impl Cells {
    /// Fills the cells of `row`.
    pub(crate) fn of(row: &Row, target: Target) -> Self {
        let limit = row.budget.as_ref().map(|check| check.budget.limit);
        let values = [row.baseline, row.candidate].map(|level| level.map(|level| level.value));
        let [baseline, candidate] = quantity::levels(values, row.unit, limit, target);
        let effect = row.effect.as_ref();
        let why = reason::phrase(row, target);
        Self {
            verdict: row.verdict,
            gating: row.gating,
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
            why: if row.gating {
                why
            } else {
                format!("(report only) {why}")
            },
            is_evident: reason::is_evident(row),
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

/// The budget as it was written and where the candidate stands: `<= 50ms, 12% left`.
fn budget(check: &BudgetCheck, target: Target) -> String {
    let text = target.outside(&check.budget.text);
    let headroom = quantity::headroom(check.headroom);
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
