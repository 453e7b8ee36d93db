//! Accepted regressions: reviewed like code, one row each, with a ceiling and an end.

use gate_schema::policy::{Margin, Policy, Waiver};
use gate_schema::report::{Row, Scale, Verdict, WaiverStatus, WaiverUse};

use crate::rules::is_selected;

/// Applies the waivers of a policy to decided rows and says what became of each, in the order of the
/// file. A row that regressed within its ceiling becomes Waived; nothing else changes. Waivers of
/// scenarios that were not asked for are left out: of them nothing is known.
///
/// A budget cannot be waived: it is a promise to users, and moving it is a change of the policy.
pub(crate) fn apply(rows: &mut [Row], policy: &Policy) -> Vec<WaiverUse> {
    policy
        .waivers
        .iter()
        .filter(|waiver| is_selected(policy, waiver.scenario.as_str()))
        .map(|waiver| {
            let row = rows
                .iter_mut()
                .find(|row| row.scenario == waiver.scenario && row.metric == waiver.metric);
            let status = match row {
                _ if waiver.has_expired => WaiverStatus::Expired,
                None => WaiverStatus::Unmatched,
                Some(row) if row.verdict != Verdict::Regressed => WaiverStatus::NotNeeded,
                Some(row) if !covers(waiver, row) => WaiverStatus::Exceeded,
                Some(row) => {
                    row.verdict = Verdict::Waived;
                    WaiverStatus::Applied
                }
            };
            WaiverUse {
                scenario: waiver.scenario.clone(),
                metric: waiver.metric.clone(),
                ceiling: waiver.ceiling_text.clone(),
                reason: waiver.reason.clone(),
                owner: waiver.owner.clone(),
                link: waiver.link.clone(),
                expires: waiver.expires.clone(),
                status,
            }
        })
        .collect()
}

/// Whether the row got worse by at most the ceiling. A ceiling on another scale covers nothing.
fn covers(waiver: &Waiver, row: &Row) -> bool {
    let Some(effect) = &row.effect else {
        return false;
    };
    let worse = effect.estimate * row.direction.sign();
    match (waiver.ceiling, effect.scale) {
        (Margin::Relative(ceiling), Scale::Relative)
        | (Margin::Absolute(ceiling), Scale::Absolute) => worse <= ceiling,
        _ => false,
    }
}
