//! The lines under the sentence: counts, both sides, what differs, warnings.

use gate_schema::report::{
    Outcome, Report, Row, RunSummary, SideName, Verdict, WaiverStatus, WaiverUse, Warning,
};
use gate_schema::run::Mode;

use crate::cells::row_name;
use crate::escape::Target;
use crate::quantity;
use crate::reason::side_name;
use crate::sentence::is_excused;
use crate::together;

/// How many rows have each verdict, worst first.
pub(crate) fn counts(report: &Report) -> String {
    let counts = report.counts();
    let worst_first = Verdict::ALL.iter().rev();
    let counted = worst_first
        .filter_map(|verdict| Some(format!("{} {}", counts.get(verdict)?, verdict.as_str())));
    let mut line = counted.collect::<Vec<_>>().join(", ");
    let reported = report.rows.iter().filter(|row| !row.gating).count();
    match (line.is_empty(), reported) {
        (true, _) => line.push_str("0 rows"),
        (false, 0) => {}
        (false, _) => line.push_str(&format!("; {reported} report only")),
    }
    let excused = report.rows.iter().filter(|row| row.gating);
    match excused.filter(|row| is_excused(row)).count() {
        0 => {}
        count => line.push_str(&format!("; {count} already on the base")),
    }
    match together::worse(report).count() {
        0 => {}
        1 => line.push_str("; 1 metric worse over all scenarios together"),
        count => line.push_str(&format!(
            "; {count} metrics worse over all scenarios together"
        )),
    }
    line
}

/// Baseline and candidate as a reader recognises them: `main-412 (commit 919ad74, 5 sessions)`.
pub(crate) fn sides(report: &Report, target: Target) -> [String; 2] {
    let has_tiers = report.baseline.tier != report.candidate.tier;
    let sides = [&report.baseline, &report.candidate];
    if report.method.mode == Mode::Paired && report.baseline.id == report.candidate.id {
        sides.map(|run| revision(run, target))
    } else {
        sides.map(|run| side(run, has_tiers, target))
    }
}

/// One side of a measurement that both share, so that the id tells nothing and every row has its own
/// number of sessions: `commit 919ad74c0f`.
fn revision(run: &RunSummary, target: Target) -> String {
    let changes = match run.dirty {
        Some(true) => " with uncommitted changes",
        Some(false) | None => "",
    };
    let settings: Vec<String> = run.settings.iter().map(|s| target.outside(s)).collect();
    let settings = match settings.len() {
        0 => String::new(),
        _ if changes.is_empty() => format!(" with {}", settings.join(" ")),
        _ => format!(" and {}", settings.join(" ")),
    };
    match &run.commit {
        Some(commit) => format!(
            "commit {}{changes}{settings}",
            target.outside(short(commit))
        ),
        None => format!("{}{changes}{settings}", target.outside(&run.id)),
    }
}

/// How often both sides were measured in turn, and, unless all is well, what the noise is known
/// from; `None` for runs measured apart.
pub(crate) fn judged(report: &Report, target: Target) -> Option<String> {
    if report.method.mode == Mode::Single || report.rows.is_empty() {
        return None;
    }
    let noise = match (report.outcome, report.method.calibration_sessions) {
        (Outcome::Pass, _) => String::new(),
        (_, 0) => "; noise from these pairs alone".into(),
        (_, 1) => "; noise from 1 calibration session".into(),
        (_, sessions) => format!("; noise from {sessions} calibration sessions"),
    };
    let drift = match used_most(report) {
        None => String::new(),
        Some((share, row)) => format!(
            "; margins are drift budgets, of which {} has used the most: {}",
            row_name(row, target),
            quantity::percent(share)
        ),
    };
    Some(format!("judged on {}{noise}{drift}", pairs(report)))
}

/// The gating row that has used most of its drift budget, and how much of it; `None` when margins
/// are margins.
fn used_most(report: &Report) -> Option<(f64, &Row)> {
    let rows = report.rows.iter().filter(|row| row.gating);
    let shares = rows.filter_map(|row| Some((drift_used(report, row)?, row)));
    shares.max_by(|a, b| a.0.total_cmp(&b.0))
}

/// How much of its drift budget a row has used; nothing when it got better.
pub(crate) fn drift_used(report: &Report, row: &Row) -> Option<f64> {
    let effect = row.effect.as_ref().filter(|_| report.method.is_drift)?;
    let worse = effect.estimate * row.direction.sign();
    Some((worse / effect.margin?).max(0.0))
}

/// `5 interleaved pairs`, `5 to 25 interleaved pairs`.
pub(crate) fn pairs(report: &Report) -> String {
    let effects = report.rows.iter().filter_map(|row| row.effect.as_ref());
    let counts = effects
        .map(|effect| effect.stages.iter().map(|stage| stage.pairs).sum::<usize>())
        .filter(|&pairs| pairs > 0);
    match (counts.clone().min(), counts.max()) {
        (Some(1), Some(1)) => "1 interleaved pair".into(),
        (Some(least), Some(most)) if least == most => format!("{least} interleaved pairs"),
        (Some(least), Some(most)) => format!("{least} to {most} interleaved pairs"),
        _ => "interleaved pairs".into(),
    }
}

fn side(run: &RunSummary, has_tier: bool, target: Target) -> String {
    let mut facts = Vec::new();
    if let Some(commit) = &run.commit {
        facts.push(format!("commit {}", target.outside(short(commit))));
    }
    if let Some(tier) = run.tier.as_ref().filter(|_| has_tier) {
        facts.push(format!("tier {}", target.outside(tier.as_str())));
    }
    facts.push(if run.sessions == 1 {
        "1 session".into()
    } else {
        format!("{} sessions", run.sessions)
    });
    format!("{} ({})", target.outside(&run.id), facts.join(", "))
}

/// A full commit id as people write it; anything else as it is.
pub(crate) fn short(commit: &str) -> &str {
    let is_full = commit.len() >= 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
    if is_full { &commit[..10] } else { commit }
}

/// What differs between the machines, field by field; empty when nothing does.
pub(crate) fn environment_differences(report: &Report, target: Target) -> Vec<String> {
    let value = |value: &Option<String>| {
        value
            .as_ref()
            .map_or("unknown".into(), |text| target.outside(text))
    };
    let differs = report.environment_differences.iter();
    differs
        .map(|field| {
            let (baseline, candidate) = (value(&field.baseline), value(&field.candidate));
            format!(
                "{} {baseline} {} {candidate}",
                target.outside(field.field.as_str()),
                target.arrow()
            )
        })
        .collect()
}

/// What became of each accepted regression, one sentence each, stale ones first.
pub(crate) fn waivers(report: &Report, target: Target) -> Vec<String> {
    let mut waivers: Vec<&WaiverUse> = report.waivers.iter().collect();
    waivers.sort_by_key(|waiver| !waiver.status.is_stale());
    let row = |waiver: &WaiverUse| {
        let mut rows = report.rows.iter();
        rows.find(|row| row.scenario == waiver.scenario && row.metric == waiver.metric)
    };
    waivers
        .into_iter()
        .map(|waiver| waived(waiver, row(waiver), target))
        .collect()
}

/// One accepted regression and what became of it. `row` is the row it names, if there is one.
pub(crate) fn waived(waiver: &WaiverUse, row: Option<&Row>, target: Target) -> String {
    let status = match waiver.status {
        WaiverStatus::Applied => "accepted".to_owned(),
        WaiverStatus::NotNeeded => unused(row),
        WaiverStatus::Exceeded => "exceeded: the row is worse than accepted".to_owned(),
        WaiverStatus::Expired => "stale: its last day has passed; renew or remove it".to_owned(),
        WaiverStatus::Unmatched => "stale: there is no such row; remove it".to_owned(),
    };
    let link = waiver
        .link
        .as_ref()
        .map(|link| format!(", {}", target.outside(link)))
        .unwrap_or_default();
    format!(
        "{} {} up to {}, {status} ({}; {}, until {}{link})",
        target.outside(waiver.scenario.as_str()),
        target.outside(waiver.metric.as_str()),
        target.outside(&waiver.ceiling),
        target.outside(&waiver.reason),
        target.outside(&waiver.owner),
        target.outside(&waiver.expires),
    )
}

/// Why a waiver accepted nothing. A row that breaks its budget or was not decided may well have got worse, so nobody is
/// told that it did not.
fn unused(row: Option<&Row>) -> String {
    use Verdict::{Incomparable, Inconclusive, Missing, OverBudget};
    match row.map(|row| row.verdict) {
        Some(verdict @ (Incomparable | Inconclusive | Missing | OverBudget)) => {
            format!("not used: the row is {}", verdict.as_str())
        }
        _ => "not needed: the row did not regress".to_owned(),
    }
}

/// What a reader must know before trusting the rows, one sentence each.
pub(crate) fn warnings(report: &Report, target: Target) -> Vec<String> {
    report
        .warnings
        .iter()
        .map(|warning| sentence(warning, report, target))
        .collect()
}

fn sentence(warning: &Warning, report: &Report, target: Target) -> String {
    match warning {
        Warning::RuleMatchesNothing {
            line,
            scenario,
            metric,
        } => format!(
            "the rule for {} {} matches no row, so its settings apply to nothing (line {line} of the policy); \
             correct or delete it",
            target.outside(scenario),
            target.outside(metric)
        ),
        Warning::ComparedWithItself => {
            "sessions of the candidate are in the baseline too, so it is compared with itself"
                .into()
        }
        Warning::Planted { side } => {
            let run = match side {
                SideName::Baseline => &report.baseline,
                SideName::Candidate => &report.candidate,
            };
            let planted: Vec<String> = run
                .planted
                .iter()
                .map(|text| target.outside(text))
                .collect();
            let planted = if planted.is_empty() {
                String::new()
            } else {
                format!(": {}", planted.join(", "))
            };
            format!(
                "the {} was changed on purpose to test the gate{planted}",
                side_name(*side)
            )
        }
        Warning::Dirty { side } => {
            format!(
                "the {} was built from uncommitted changes; its commit does not describe it",
                side_name(*side)
            )
        }
    }
}
