//! What a build compared with itself says about a machine; [`crate::resolution`] says what follows.

use std::collections::BTreeMap;

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::noise::{FORMAT, Noise, NoiseRow, NoiseSession, Spread};
use gate_schema::policy::Policy;
use gate_schema::report::{Report, Row};

use crate::assess::assess;
use crate::estimate::{Location, estimate, mean};
use crate::evaluate::{EvaluateError, Side};
use crate::row::Draft;
use crate::stored::MAX_SESSIONS;
use crate::warm_up;

/// One build measured against itself.
#[derive(Clone, Copy, Debug)]
pub struct Calibration<'a> {
    /// Both arms, which share their sessions of pairs.
    pub arms: [Side<'a>; 2],
    /// Starts of the build that were dropped before the first session.
    pub dropped: u32,
    /// When it ended, RFC 3339 in UTC.
    pub created: &'a str,
    /// The verdict on the arms, where they are two builds that a check compared.
    pub judged: Option<&'a Report>,
}

/// Adds a calibration to what was known. Its rows are added; a session that `earlier` holds already is
/// replaced, and at most the newest [`MAX_SESSIONS`] stay.
///
/// Of two builds that a check compared, sessions that its verdict calls noisy are left out, whatever
/// became of their rows: did only rows that passed count, which quiet ones do, the machine would look
/// ever quieter.
///
/// # Errors
/// See [`EvaluateError`].
pub fn learn(
    earlier: Option<&Noise>,
    calibration: &Calibration<'_>,
    policy: &Policy,
) -> Result<Noise, EvaluateError> {
    let [first, second] = calibration.arms;
    let assessment = assess(first, second, None, policy)?;
    let mut rows: BTreeMap<(ScenarioId, MetricName), NoiseRow> = BTreeMap::new();
    for row in earlier.map_or(&[][..], |noise| &noise.rows) {
        rows.insert((row.scenario.clone(), row.metric.clone()), row.clone());
    }
    let judged = calibration.judged.map(|report| {
        let keyed = report
            .rows
            .iter()
            .map(|row| ((&row.scenario, &row.metric), row));
        keyed.collect::<BTreeMap<_, _>>()
    });
    for draft in &assessment.drafts {
        let Some(mut learned) = row(draft, calibration.dropped) else {
            continue;
        };
        if let Some(judged) = &judged {
            let key = (&learned.scenario, &learned.metric);
            leave_out_noisy(&mut learned.sessions, judged.get(&key).copied());
            // Whether starts still warm up is for one build alone to tell.
            learned.warm_up = None;
            if learned.sessions.is_empty() {
                continue;
            }
        }
        let key = (learned.scenario.clone(), learned.metric.clone());
        let known = rows.entry(key).or_insert_with(|| NoiseRow {
            sessions: Vec::new(),
            warm_up: None,
            ..learned.clone()
        });
        // What was learned on another scale says nothing about this one.
        if known.scale != learned.scale || known.unit != learned.unit {
            known.sessions.clear();
            known.warm_up = None;
            (known.scale, known.unit) = (learned.scale, learned.unit);
        }
        known.warm_up = warm_up::joined(known.warm_up.take(), learned.warm_up);
        for session in learned.sessions {
            known.sessions.retain(|earlier| earlier.id != session.id);
            known.sessions.push(session);
        }
        let surplus = known.sessions.len().saturating_sub(MAX_SESSIONS);
        known.sessions.drain(..surplus);
    }
    Ok(Noise {
        format: FORMAT.to_owned(),
        created: calibration.created.to_owned(),
        fingerprint: first.run.environment.fingerprint.clone(),
        rows: rows.into_values().collect(),
    })
}

/// Keeps the sessions that scattered as they may: `judged` tells one after the other, if it knows the row.
fn leave_out_noisy(sessions: &mut Vec<NoiseSession>, judged: Option<&Row>) {
    let effect = judged.and_then(|row| row.effect.as_ref());
    let mut stages = effect.map_or(&[][..], |effect| &effect.stages).iter();
    sessions.retain(|_| stages.next().is_some_and(|stage| !stage.noisy));
}

fn row(draft: &Draft<'_>, dropped: u32) -> Option<NoiseRow> {
    let sides = draft.sides.as_ref()?;
    let sessions: Vec<NoiseSession> = sides
        .differences(&draft.metric)
        .into_iter()
        .map(|(id, differences)| {
            let spread = |location| {
                let e = estimate(&differences, location);
                Spread {
                    variance: e.variance,
                    freedom: e.freedom,
                }
            };
            let here = sides.baseline.paired.iter().find(|s| s.session == id);
            let values: Vec<f64> = here
                .map(|s| s.values.iter().map(|(_, v)| *v).collect())
                .unwrap_or_default();
            NoiseSession {
                pairs: differences.len(),
                level: mean(&values),
                difference: estimate(&differences, Location::Trimmed).centre,
                trimmed: spread(Location::Trimmed),
                plain: spread(Location::Plain),
                id,
            }
        })
        .collect();
    let levels = sides.levels(&draft.metric);
    (!sessions.is_empty()).then(|| NoiseRow {
        warm_up: warm_up::of_calibration(&levels, sides.nature.quantum, dropped),
        scenario: draft.scenario.clone(),
        metric: draft.metric.name.clone(),
        unit: draft.metric.unit(),
        scale: sides.axis.scale(),
        sessions,
    })
}
