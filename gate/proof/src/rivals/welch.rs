//! Welch's t test (Welch 1947; degrees of freedom after Satterthwaite 1946).

use gate_core::estimate::{mean, t_above};

use super::Samples;

/// One-sided p-value of "the candidate is slower"; 1 when either side has fewer than two values. Sides
/// without any scatter decide by their means.
#[must_use]
pub fn p_slower(samples: Samples<'_>) -> f64 {
    let (Some(b), Some(c)) = (moments(samples.baseline), moments(samples.candidate)) else {
        return 1.0;
    };
    let error = b.error2 + c.error2;
    let slower = c.mean - b.mean;
    if error == 0.0 {
        return if slower > 0.0 { 0.0 } else { 1.0 };
    }
    let freedom = error.powi(2) / (b.error2.powi(2) / (b.n - 1.0) + c.error2.powi(2) / (c.n - 1.0));
    t_above(slower / error.sqrt(), freedom)
}

struct Moments {
    n: f64,
    mean: f64,
    /// Squared standard error of the mean.
    error2: f64,
}

fn moments(values: &[f64]) -> Option<Moments> {
    let n = values.len() as f64;
    let centre = mean(values);
    let squares: f64 = values.iter().map(|v| (v - centre).powi(2)).sum();
    (values.len() >= 2).then(|| Moments {
        n,
        mean: centre,
        error2: squares / (n - 1.0) / n,
    })
}
