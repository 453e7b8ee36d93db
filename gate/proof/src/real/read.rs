//! From the files a gate leaves to the record of it.

use std::path::Path;

use gate_schema::report::{Blame, Report, Row, Verdict};
use gate_schema::run::Run;

use crate::real::case::{Case, Plant};
use crate::real::record::{Canaries, FailedRow, RivalVerdict, Said, Starts, UniformFinding};
use crate::real::rivals;

/// The documents of one gate.
#[derive(Clone, Debug)]
pub struct Left {
    /// The verdict.
    pub report: Report,
    /// The run of the baseline.
    pub baseline: Run,
    /// The run of the candidate.
    pub candidate: Run,
    /// The second arm of the canaries, where they were measured.
    pub canary: Option<Run>,
}

impl Left {
    /// Reads the documents in `directory`.
    ///
    /// # Errors
    /// A document that is not there or does not parse, by its name.
    pub fn read(directory: &Path) -> Result<Self, String> {
        let canary = directory.join("canary.json");
        Ok(Self {
            report: json(&directory.join("verdict.json"))?,
            baseline: json(&directory.join("baseline.json"))?,
            candidate: json(&directory.join("candidate.json"))?,
            canary: canary.exists().then(|| json(&canary)).transpose()?,
        })
    }

    /// What the gate said and what that took.
    #[must_use]
    pub fn said(&self) -> Said {
        let report = &self.report;
        let gating: Vec<_> = report.rows.iter().filter(|row| row.gating).collect();
        let count = |is: fn(Verdict) -> bool| gating.iter().filter(|r| is(r.verdict)).count();
        let failed = gating
            .iter()
            .filter(|row| fails(row.verdict) && !is_excused(row));
        let uniform = report
            .uniform
            .iter()
            .filter(|u| u.gating && fails(u.verdict));
        Said {
            outcome: report.outcome,
            failed: failed
                .map(|row| FailedRow {
                    scenario: row.scenario.to_string(),
                    metric: row.metric.to_string(),
                    verdict: row.verdict,
                    estimate: row.effect.as_ref().map(|effect| effect.estimate),
                })
                .collect(),
            uniform: uniform
                .map(|u| UniformFinding {
                    metric: u.metric.to_string(),
                    estimate: u.estimate,
                })
                .collect(),
            rows: gating.len(),
            passed: count(|v| v <= Verdict::Waived),
            undecided: count(|v| matches!(v, Verdict::Incomparable | Verdict::Inconclusive)),
            calibration_sessions: report.method.calibration_sessions,
            pairs: repetitions(&self.candidate).into_iter().sum(),
            starts: self.starts(),
            canaries: match &report.canaries {
                None => Canaries::NotMeasured,
                Some(canaries) if canaries.fired.is_empty() => Canaries::Quiet,
                Some(_) => Canaries::Fired,
            },
        }
    }

    /// Every repetition was a process, every scenario of both builds was warmed up by one, which is what
    /// the policy of this repository says, and so was every failure.
    fn starts(&self) -> Starts {
        let mut starts = Starts::default();
        let first = self.candidate.sessions.first().map(|session| &session.id);
        for run in [&self.baseline, &self.candidate]
            .into_iter()
            .chain(&self.canary)
        {
            for (session, count) in run.sessions.iter().zip(repetitions(run)) {
                if Some(&session.id) == first {
                    starts.first += count;
                } else {
                    starts.again += count;
                }
            }
            for failure in &run.failures {
                match &failure.session {
                    // Counted below, with the warm-ups that ended well.
                    None => {}
                    session if session.as_ref() == first => starts.first += 1,
                    Some(_) => starts.again += 1,
                }
            }
        }
        for run in [&self.baseline, &self.candidate] {
            starts.warm_up += run.manifest.scenarios.len();
        }
        starts
    }

    /// Why it proves nothing about `plant`: none of the scenarios it is planted in was measured. The gate
    /// would be called blind for what was not there.
    #[must_use]
    pub fn unplanted(&self, plant: Plant<'_>) -> Option<String> {
        let mut scenarios = self.report.rows.iter().map(|row| row.scenario.as_str());
        let is_there = plant.case() == Case::Unchanged || scenarios.any(|id| plant.reaches(id));
        (!is_there).then(|| format!("{plant} is in no scenario that was measured"))
    }

    /// What other rules make of the first session, with `plant` in the candidate.
    ///
    /// # Errors
    /// A document whose histograms do not decode.
    pub fn rivals(&self, plant: Plant<'_>) -> Result<Vec<RivalVerdict>, String> {
        rivals::judge(plant, &self.report, &self.baseline, &self.candidate)
    }
}

fn fails(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Missing | Verdict::Regressed | Verdict::OverBudget
    )
}

/// Whether the row breaks a budget that the base breaks as well: the outcome leaves it out, so it failed
/// nothing.
fn is_excused(row: &Row) -> bool {
    row.verdict == Verdict::OverBudget && row.blame == Some(Blame::AlreadyOnBase)
}

/// Repetitions of each session, over all scenarios.
fn repetitions(run: &Run) -> Vec<usize> {
    let of = |session: &gate_schema::run::Session| {
        let measured = session.scenarios.iter();
        measured.map(|m| m.repetitions.len()).sum()
    };
    run.sessions.iter().map(of).collect()
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, String> {
    // The name alone: what becomes of it is recorded, and the directory is a temporary one.
    let name = path.file_name().unwrap_or_default().display();
    let wrong = |why: &dyn std::fmt::Display| format!("{name}: {why}");
    let bytes = std::fs::read(path).map_err(|error| wrong(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests;
