//! What a calibrated machine can resolve: which margins it sees, with how many pairs.

use gate_schema::noise::{Noise, NoiseRow, Resolution};
use gate_schema::policy::{Margin, Policy, RowMode};
use gate_schema::report::Scale;

use crate::estimate::{mean, t_quantile};
use crate::evidence::POWER;
use crate::next::Plan;
use crate::paired::{History, level_after};
use crate::rules::{Rules, UnitMismatch};
use crate::sides::RATIO_FLOOR;

/// A row whose smallest detectable worsening exceeds this, and [`GATEABLE_MARGINS`] times its margin,
/// cannot gate on this machine.
pub const GATEABLE: f64 = 0.2;

/// See [`GATEABLE`].
pub const GATEABLE_MARGINS: f64 = 4.0;

/// What each judged row can resolve with the pairs of a plan, worst first: by pairs needed, then by
/// name. Rows without a margin, or with one on another scale than their calibration, and rows with too
/// few calibration sessions are left out.
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
        let is_on_scale = match settings.margin {
            Margin::Relative(_) => true,
            Margin::Absolute(_) => row.scale == Scale::Absolute,
            Margin::Unjudged => false,
        };
        if let Some(history) = History::of(row).filter(|_| is_on_scale) {
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
        Margin::Relative(fraction) if row.scale == Scale::Absolute => {
            fraction * mean(&levels).abs().max(RATIO_FLOOR)
        }
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
    let to_pass = (t_quantile(level_after(1), history.freedom) + POWER) * deviation / distance;
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
        warm_up_starts: row
            .warm_up
            .as_ref()
            .filter(|warm_up| warm_up.more > 0)
            .map_or(0, |warm_up| warm_up.dropped + warm_up.more),
    }
}

#[cfg(test)]
mod tests {
    use gate_schema::id::Name;
    use gate_schema::noise::{FORMAT, NoiseSession, Spread, WarmUp};
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
                warm_up: None,
            }],
        }
    }

    const PLAN: Plan = Plan {
        pairs: 5,
        rerun_pairs: 10,
    };

    /// With 30 degrees of freedom and a margin of 3 %: pairs to pass are ((1.879 + 0.84) sd / ln 1.03)^2.
    #[test]
    fn noisier_rows_need_more_pairs_until_they_cannot_gate() {
        for (deviation, pairs, gateable) in [
            (0.01, 1, true),
            (0.02, 4, true),
            (0.024, 5, true),
            (0.0245, 6, true),
            (0.1, 85, true),
            (0.4, 1354, false),
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
    fn starts_to_drop_are_those_dropped_and_those_still_warming_up() {
        for (more, starts) in [(0, 0), (2, 3)] {
            let mut noise = noise(0.01);
            noise.rows[0].warm_up = Some(WarmUp {
                dropped: 1,
                more,
                measurements: 1,
                excess: vec![5.0, 5.0, 0.3],
            });
            let found = resolutions(&noise, &Policy::default(), PLAN).expect("fits");
            assert_eq!(found[0].warm_up_starts, starts);
        }
    }

    #[test]
    fn margins_are_those_of_the_scale_that_was_calibrated() {
        for (name, scale, level, margin, expected) in [
            (
                "points where fractions were calibrated",
                Scale::Relative,
                0.9,
                Margin::Absolute(0.005),
                None,
            ),
            (
                "points",
                Scale::Absolute,
                0.9,
                Margin::Absolute(0.005),
                Some(0.005),
            ),
            (
                "a fraction of the level",
                Scale::Absolute,
                0.9,
                Margin::Relative(0.5),
                Some(0.45),
            ),
            (
                "a fraction of nothing",
                Scale::Absolute,
                0.0,
                Margin::Relative(0.5),
                Some(0.5 * RATIO_FLOOR),
            ),
        ] {
            let mut noise = noise(0.01);
            let row = &mut noise.rows[0];
            (row.scale, row.unit) = (scale, Unit::Ratio);
            for session in &mut row.sessions {
                session.level = level;
            }
            let mut policy = Policy::default();
            policy.rules.push(gate_schema::policy::Rule {
                margin: Some(margin),
                line: 1,
                ..Default::default()
            });
            let found = resolutions(&noise, &policy, PLAN).expect("fits");
            let margins: Vec<f64> = found.iter().map(|r| r.margin).collect();
            let is_close = match (&margins[..], expected) {
                ([found], Some(expected)) => (found - expected).abs() < 1e-12,
                ([], None) => true,
                _ => false,
            };
            assert!(is_close, "{name}: {margins:?}, expected {expected:?}");
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
