//! What a build compared with itself says about a machine.

use std::collections::BTreeMap;

use gate_schema::id::{MetricName, ScenarioId};
use gate_schema::noise::{FORMAT, Noise, NoiseRow, NoiseSession, Spread};
use gate_schema::policy::Policy;

use crate::assess::assess;
use crate::estimate::{Location, estimate, mean, t_quantile};
use crate::evaluate::{EvaluateError, Side};
use crate::evidence::{INTERVAL, POWER};
use crate::next::Plan;
use crate::paired::History;
use crate::row::Draft;
use crate::stored::MAX_SESSIONS;

/// A row whose smallest detectable worsening exceeds this, and [`GATEABLE_MARGINS`] times its margin,
/// cannot gate on this machine.
pub const GATEABLE: f64 = 0.2;

/// See [`GATEABLE`].
pub const GATEABLE_MARGINS: f64 = 4.0;

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

/// What one row can resolve on a calibrated machine, as changes: fractions, or differences in the
/// row's unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolution {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The judged metric.
    pub metric: MetricName,
    /// Whether the policy lets the row decide.
    pub gating: bool,
    /// The margin it is held to, as a distance; `None` when it is not judged.
    pub margin: Option<f64>,
    /// Calibration sessions behind it.
    pub sessions: usize,
    /// Standard deviation of one pair's difference.
    pub floor: f64,
    /// Smallest worsening found with 80 % probability by the pairs of a plan, first and second
    /// session together.
    pub detectable: f64,
    /// Pairs of the first session that let an unchanged row pass with 80 % probability.
    pub pairs_to_pass: Option<u32>,
}

impl Resolution {
    /// Whether the first session can be expected to show that an unchanged row is within its margin.
    #[must_use]
    pub fn resolves(&self, plan: Plan) -> bool {
        self.pairs_to_pass.is_none_or(|pairs| pairs <= plan.pairs)
    }

    /// Whether a gate on this row would see anything worth seeing.
    #[must_use]
    pub fn is_gateable(&self) -> bool {
        let margin = self.margin.unwrap_or(0.0);
        self.detectable <= GATEABLE.max(GATEABLE_MARGINS * margin)
    }
}

/// What each row of `side` can resolve with the pairs of a plan, in order of the manifest. Rows that
/// calibration does not know yet, or with fewer sessions than it takes, are left out.
///
/// # Errors
/// See [`EvaluateError`].
pub fn resolutions(
    noise: &Noise,
    side: Side<'_>,
    policy: &Policy,
    plan: Plan,
) -> Result<Vec<Resolution>, EvaluateError> {
    // Compared with itself, for the margins on their axes and the size of the family.
    let assessment = assess(side, side, Some(noise), policy)?;
    let level = policy.false_discovery / assessment.family.max(1) as f64;
    let of_draft = |draft: &Draft<'_>| {
        let sides = draft.sides.as_ref()?;
        let known = noise.row(draft.scenario, &draft.metric.name)?;
        let history = History::of(known).filter(|_| known.scale == sides.axis.scale())?;
        let error = |pairs: u32| (history.variance / f64::from(pairs)).sqrt();
        let pairs_to_pass = sides.margin.map(|margin| {
            let reach = (t_quantile(INTERVAL, history.freedom) + POWER) / margin;
            (history.variance * reach * reach).ceil().max(1.0) as u32
        });
        let worsening =
            (t_quantile(level, history.freedom) + POWER) * error(plan.pairs + plan.rerun_pairs);
        Some(Resolution {
            scenario: draft.scenario.clone(),
            metric: draft.metric.name.clone(),
            gating: draft.is_gating(),
            margin: sides.margin.map(|margin| sides.axis.change(margin).abs()),
            sessions: history.sessions,
            floor: history.variance.sqrt(),
            detectable: sides.axis.change(worsening).abs(),
            pairs_to_pass,
        })
    };
    Ok(assessment.drafts.iter().filter_map(of_draft).collect())
}
