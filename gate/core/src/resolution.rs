//! What a calibrated machine can resolve: which margins it sees, with how many pairs.

use gate_schema::noise::{Noise, NoiseRow, Resolution};
use gate_schema::policy::{Margin, Policy, RowMode};
use gate_schema::report::Scale;

use crate::estimate::{mean, t_quantile};
use crate::evidence::{INTERVAL, POWER};
use crate::next::Plan;
use crate::paired::History;
use crate::rules::{Rules, UnitMismatch};

/// A row whose smallest detectable worsening exceeds this, and [`GATEABLE_MARGINS`] times its margin,
/// cannot gate on this machine.
pub const GATEABLE: f64 = 0.2;

/// See [`GATEABLE`].
pub const GATEABLE_MARGINS: f64 = 4.0;

/// What each judged row can resolve with the pairs of a plan, worst first: by pairs needed, then by
/// name. Rows without a margin, and rows with too few calibration sessions, are left out.
///
/// # Errors
/// A budget or margin of the policy that does not fit a row.
pub fn resolutions(
    noise: &Noise,
    policy: &Policy,
    plan: Plan,
) -> Result<Vec<Resolution>, UnitMismatch> {
    let mut rules = Rules::new(policy);
    let mut known: Vec<(&NoiseRow, History, Margin, bool)> = Vec::new();
    for row in &noise.rows {
        let settings = rules.of_row(&row.scenario, &row.metric, row.unit)?;
        if let Some(history) = History::of(row).filter(|_| settings.margin != Margin::Unjudged) {
            known.push((
                row,
                history,
                settings.margin,
                settings.mode != RowMode::Report,
            ));
        }
    }
    let family = known.iter().filter(|(.., gating)| *gating).count();
    let level = policy.false_discovery / family.max(1) as f64;
    let mut found: Vec<Resolution> = known
        .into_iter()
        .map(|(row, history, margin, gating)| Resolution {
            gating,
            ..resolution(row, &history, margin, level, plan)
        })
        .collect();
    found.sort_by_key(|r| std::cmp::Reverse(r.pairs_to_pass));
    Ok(found)
}

fn resolution(
    row: &NoiseRow,
    history: &History,
    margin: Margin,
    level: f64,
    plan: Plan,
) -> Resolution {
    let levels: Vec<f64> = row.sessions.iter().map(|s| s.level).collect();
    let margin = match margin {
        Margin::Relative(fraction) if row.scale == Scale::Absolute => fraction * mean(&levels),
        Margin::Relative(size) | Margin::Absolute(size) => size,
        Margin::Unjudged => f64::INFINITY,
    };
    let (distance, size): (f64, fn(f64) -> f64) = match row.scale {
        Scale::Relative => (margin.ln_1p(), f64::exp_m1),
        Scale::Absolute => (margin, |distance| distance),
    };
    let deviation = history.variance.sqrt();
    let pairs = f64::from(plan.pairs + plan.rerun_pairs);
    let reach = t_quantile(level, history.freedom) + POWER;
    let to_pass = (t_quantile(INTERVAL, history.freedom) + POWER) * deviation / distance;
    let detectable = size(reach * deviation / pairs.sqrt());
    Resolution {
        scenario: row.scenario.clone(),
        metric: row.metric.clone(),
        unit: row.unit,
        scale: row.scale,
        gating: false,
        sessions: history.sessions,
        margin,
        floor: size(deviation),
        detectable,
        pairs_to_pass: to_pass.powi(2).ceil().max(1.0) as u32,
        is_gateable: detectable <= GATEABLE.max(GATEABLE_MARGINS * margin),
    }
}

#[cfg(test)]
mod tests {
    use gate_schema::id::Name;
    use gate_schema::noise::{FORMAT, NoiseSession, Spread};
    use gate_schema::unit::Unit;

    use super::*;

    fn noise(deviation: f64) -> Noise {
        let name = |text| Name::new(text).expect("a name");
        let spread = Spread {
            variance: deviation * deviation,
            freedom: 9.0,
        };
        let session = |at: usize| NoiseSession {
            id: at.to_string(),
            pairs: 10,
            level: 1e6,
            difference: 0.0,
            trimmed: spread,
            plain: spread,
        };
        Noise {
            format: FORMAT.to_owned(),
            created: "2026-11-20T00:00:00Z".to_owned(),
            fingerprint: Default::default(),
            rows: vec![NoiseRow {
                scenario: name("s"),
                metric: name("latency.p50"),
                unit: Unit::Nanoseconds,
                scale: Scale::Relative,
                sessions: (0..4).map(session).collect(),
            }],
        }
    }

    const PLAN: Plan = Plan {
        pairs: 5,
        rerun_pairs: 10,
    };

    /// With 30 degrees of freedom and a margin of 3 %: pairs to pass are ((1.697 + 0.84) sd / ln 1.03)^2.
    #[test]
    fn noisier_rows_need_more_pairs_until_they_cannot_gate() {
        for (deviation, pairs, gateable) in [
            (0.01, 1, true),
            (0.02, 3, true),
            (0.026, 5, true),
            (0.027, 6, true),
            (0.1, 74, true),
            (0.4, 1179, false),
        ] {
            let found = resolutions(&noise(deviation), &Policy::default(), PLAN).expect("fits");
            let [one] = &found[..] else {
                panic!("one row, not {found:?}")
            };
            assert_eq!(
                (one.pairs_to_pass, one.is_gateable),
                (pairs, gateable),
                "{deviation}: {one:?}"
            );
        }
    }

    #[test]
    fn rows_with_too_little_calibration_are_left_out() {
        let mut noise = noise(0.01);
        noise.rows[0].sessions.truncate(2);
        assert_eq!(
            resolutions(&noise, &Policy::default(), PLAN),
            Ok(Vec::new())
        );
    }
}
