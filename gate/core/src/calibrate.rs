//! What a build compared with itself says about a machine; [`crate::resolution`] says what follows.

use std::collections::BTreeMap;

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::noise::{FORMAT, Noise, NoiseRow, NoiseSession, Spread};
use gate_schema::policy::Policy;

use crate::assess::assess;
use crate::estimate::{Location, estimate, mean};
use crate::evaluate::{EvaluateError, Side};
use crate::row::Draft;
use crate::stored::MAX_SESSIONS;

/// Adds the sessions of pairs of one build with itself to what was known. Rows come from these runs;
/// a session that `earlier` holds already is replaced, and at most the newest [`MAX_SESSIONS`] stay.
///
/// # Errors
/// See [`EvaluateError`].
pub fn learn(
    earlier: Option<&Noise>,
    first: Side<'_>,
    second: Side<'_>,
    policy: &Policy,
    created: &str,
) -> Result<Noise, EvaluateError> {
    let assessment = assess(first, second, None, policy)?;
    let mut rows: BTreeMap<(ScenarioId, MetricName), NoiseRow> = BTreeMap::new();
    for row in earlier.map_or(&[][..], |noise| &noise.rows) {
        rows.insert((row.scenario.clone(), row.metric.clone()), row.clone());
    }
    for draft in &assessment.drafts {
        let Some(learned) = row(draft) else { continue };
        let key = (learned.scenario.clone(), learned.metric.clone());
        let known = rows.entry(key).or_insert_with(|| NoiseRow {
            sessions: Vec::new(),
            ..learned.clone()
        });
        // What was learned on another scale says nothing about this one.
        if known.scale != learned.scale || known.unit != learned.unit {
            known.sessions.clear();
            (known.scale, known.unit) = (learned.scale, learned.unit);
        }
        for session in learned.sessions {
            known.sessions.retain(|earlier| earlier.id != session.id);
            known.sessions.push(session);
        }
        let surplus = known.sessions.len().saturating_sub(MAX_SESSIONS);
        known.sessions.drain(..surplus);
    }
    Ok(Noise {
        format: FORMAT.to_owned(),
        created: created.to_owned(),
        fingerprint: first.run.environment.fingerprint.clone(),
        rows: rows.into_values().collect(),
    })
}

fn row(draft: &Draft<'_>) -> Option<NoiseRow> {
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
    (!sessions.is_empty()).then(|| NoiseRow {
        scenario: draft.scenario.clone(),
        metric: draft.metric.name.clone(),
        unit: draft.metric.unit(),
        scale: sides.axis.scale(),
        sessions,
    })
}
