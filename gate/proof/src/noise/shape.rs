//! The shapes in which repetitions of one benchmark scatter.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Gamma, StandardNormal, StudentT};

/// Shape parameter of the skewed noise: a skewness of 2 / sqrt(2) = 1.4.
const GAMMA_SHAPE: f64 = 2.0;

/// Share of bad repetitions in the contaminated noise.
const BAD_SHARE: f64 = 0.1;

/// How far a bad repetition scatters upwards, in standard deviations of a good one: with 1 % noise, 8 %.
const BAD_REACH: f64 = 8.0;

/// Half the distance of the two modes, in standard deviations of the whole.
const MODE: f64 = 0.95;

/// Degrees of freedom of the heavy-tailed noise, the fewest with a finite variance.
const HEAVY_FREEDOM: f64 = 3.0;

/// Clock step of [`Shape::Quantised`], and the level that is read with it.
pub(crate) const CLOCK_NS: f64 = 1_000.0;
pub(crate) const QUANTISED_LEVEL_NS: f64 = 40_000.0;

/// How repetitions of one metric scatter. All are scaled to mean 0 and standard deviation 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Gaussian.
    Normal,
    /// Gamma: a lower bound that is often reached, a long way up.
    Skewed,
    /// One repetition in ten is bad: eight times as far out, and always slower.
    Contaminated,
    /// Student's t with three degrees of freedom.
    HeavyTailed,
    /// Two modes of equal weight, as from two layouts of memory.
    Bimodal,
    /// Gaussian, read from a clock of 1 us when the operation takes 40 us.
    Quantised,
}

impl Shape {
    /// All shapes.
    pub const ALL: [Self; 6] = [
        Self::Normal,
        Self::Skewed,
        Self::Contaminated,
        Self::HeavyTailed,
        Self::Bimodal,
        Self::Quantised,
    ];

    /// The name a command line takes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Skewed => "skewed",
            Self::Contaminated => "contaminated",
            Self::HeavyTailed => "heavy-tailed",
            Self::Bimodal => "bimodal",
            Self::Quantised => "quantised",
        }
    }

    /// What the clock makes of a latency in nanoseconds; at least one of its steps, because nothing real
    /// takes no time.
    pub(crate) fn read(self, latency: f64) -> f64 {
        if self == Self::Quantised {
            (latency / CLOCK_NS).round().max(1.0) * CLOCK_NS
        } else {
            latency
        }
    }

    /// One repetition's distance from its centre, in standard deviations. Rounding to the clock is
    /// done where the level is known.
    pub(crate) fn draw(self, rng: &mut impl Rng) -> f64 {
        let normal = |rng: &mut _| -> f64 { StandardNormal.sample(rng) };
        match self {
            Self::Normal | Self::Quantised => normal(rng),
            Self::Skewed => {
                let gamma = Gamma::new(GAMMA_SHAPE, 1.0).expect("shape and scale are positive");
                (gamma.sample(rng) - GAMMA_SHAPE) / GAMMA_SHAPE.sqrt()
            }
            Self::Contaminated => {
                let good = normal(rng);
                let reach: f64 = BAD_REACH * normal(rng).abs();
                let is_bad = rng.random_bool(BAD_SHARE);
                // E|N| = sqrt(2/pi); the squares of good and bad add.
                let mean = BAD_SHARE * BAD_REACH * (2.0 / std::f64::consts::PI).sqrt();
                let variance = 1.0 + BAD_SHARE * BAD_REACH * BAD_REACH - mean * mean;
                (good + if is_bad { reach } else { 0.0 } - mean) / variance.sqrt()
            }
            Self::HeavyTailed => {
                let student = StudentT::new(HEAVY_FREEDOM).expect("the freedom is positive");
                student.sample(rng) / (HEAVY_FREEDOM / (HEAVY_FREEDOM - 2.0)).sqrt()
            }
            Self::Bimodal => {
                let mode = if rng.random_bool(0.5) { MODE } else { -MODE };
                mode + normal(rng) * (1.0 - MODE * MODE).sqrt()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    use super::*;

    #[test]
    fn every_shape_has_mean_zero_and_deviation_one() {
        for shape in Shape::ALL {
            let mut rng = Pcg64Mcg::seed_from_u64(11);
            let draws: Vec<f64> = (0..200_000).map(|_| shape.draw(&mut rng)).collect();
            let n = draws.len() as f64;
            let mean = draws.iter().sum::<f64>() / n;
            let deviation = (draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
            // t3 has no fourth moment, so its deviation settles slowly.
            let tolerance = if shape == Shape::HeavyTailed {
                0.1
            } else {
                0.015
            };
            assert!(
                mean.abs() < 0.01 && (deviation - 1.0).abs() < tolerance,
                "{shape:?}: mean {mean}, deviation {deviation}"
            );
        }
    }

    #[test]
    fn shapes_differ_where_they_should() {
        let skewness = |shape: Shape| {
            let mut rng = Pcg64Mcg::seed_from_u64(12);
            (0..100_000)
                .map(|_| shape.draw(&mut rng).powi(3))
                .sum::<f64>()
                / 1e5
        };
        assert!((skewness(Shape::Skewed) - 1.41).abs() < 0.1);
        assert!(skewness(Shape::Contaminated) > 2.0);
        assert!(skewness(Shape::Normal).abs() < 0.05 && skewness(Shape::Bimodal).abs() < 0.05);
        let mut rng = Pcg64Mcg::seed_from_u64(13);
        let central = (0..10_000).filter(|_| Shape::Bimodal.draw(&mut rng).abs() < 0.3);
        assert!(central.count() < 400, "two modes leave the middle empty");
    }
}
