//! criterion's comparison with a saved baseline (criterion 0.8, `src/analysis/compare.rs`).
//!
//! Two bootstraps: the t statistic under the hypothesis of one distribution, from both samples mixed;
//! and the relative change of the mean, from each sample by itself. criterion draws 100,000 resamples
//! from a seed of its own for each run; here fewer, always the same ones.

use gate_core::estimate::mean;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::Samples;

/// Resamples of each bootstrap. criterion warns below 1,000; the error of a p-value near 0.05 is 0.005.
pub const RESAMPLES: usize = 2_000;

/// Share of the resamples inside the interval (`confidence_level`).
const CONFIDENCE: f64 = 0.95;

const SEED: u64 = 0x0c21_7e21;

/// The 95 % percentile interval of `mean(candidate) / mean(baseline) - 1`. Each side is resampled by
/// itself (`univariate::bootstrap`).
#[must_use]
pub fn change_interval(samples: Samples<'_>, resamples: usize) -> (f64, f64) {
    let mut rng = Pcg64Mcg::seed_from_u64(SEED);
    let mut changes: Vec<f64> = (0..resamples)
        .map(|_| {
            let candidate = resampled_mean(samples.candidate, &mut rng);
            candidate / resampled_mean(samples.baseline, &mut rng) - 1.0
        })
        .collect();
    changes.sort_by(f64::total_cmp);
    (
        percentile(&changes, (1.0 - CONFIDENCE) / 2.0),
        percentile(&changes, (1.0 + CONFIDENCE) / 2.0),
    )
}

/// Two-sided p-value of the bootstrap t-test (`mixed::bootstrap`, `Distribution::p_value`): the share
/// of resamples of both sides mixed whose t lies on the rarer side of the observed one, doubled.
#[must_use]
pub fn p_value(samples: Samples<'_>, resamples: usize) -> f64 {
    let observed = t(samples.candidate, samples.baseline);
    let mixed = [samples.candidate, samples.baseline].concat();
    let mut rng = Pcg64Mcg::seed_from_u64(SEED);
    let mut drawn = vec![0.0; mixed.len()];
    let (mut finite, mut below) = (0_usize, 0_usize);
    for _ in 0..resamples {
        for value in &mut drawn {
            *value = mixed[rng.random_range(0..mixed.len())];
        }
        let (candidate, baseline) = drawn.split_at(samples.candidate.len());
        let t = t(candidate, baseline);
        // A resample of one value only has no t; criterion leaves those out as well.
        if t.is_finite() {
            finite += 1;
            below += usize::from(t < observed);
        }
    }
    if finite == 0 {
        return 1.0;
    }
    2.0 * below.min(finite - below) as f64 / finite as f64
}

fn resampled_mean(values: &[f64], rng: &mut impl Rng) -> f64 {
    let n = values.len();
    let draws = (0..n).map(|_| values[rng.random_range(0..n)]);
    draws.sum::<f64>() / n as f64
}

/// Welch's t (`Sample::t`).
fn t(a: &[f64], b: &[f64]) -> f64 {
    let error2 = |values: &[f64]| {
        let centre = mean(values);
        let n = values.len() as f64;
        values.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / (n - 1.0) / n
    };
    (mean(a) - mean(b)) / (error2(a) + error2(b)).sqrt()
}

/// Linear between neighbours (`Percentiles::at`).
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let rank = share * last as f64;
    let at = (rank.floor() as usize).min(last);
    let ceiling = sorted[(at + 1).min(last)];
    sorted[at] + (ceiling - sorted[at]) * rank.fract()
}
