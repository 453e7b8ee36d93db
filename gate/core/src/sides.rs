//! The two sides of a row on one axis, and how they are compared there.

use gate_schema::policy::Margin;
use gate_schema::unit::Unit;

use crate::estimate::{Location, estimate, t_above};
use crate::observe::ObservedMetric;
use crate::stored::{Baseline, Comparison, Evidence, Nature};

/// Both sides of a comparable row.
pub(crate) struct Sides<'a> {
    pub(crate) baseline: &'a ObservedMetric,
    pub(crate) axis: Axis,
    pub(crate) history: Baseline,
    /// The tolerated distance on the axis; `None` when the row is not judged.
    pub(crate) margin: Option<f64>,
}

/// A comparison and how it was made.
pub(crate) struct Compared {
    pub(crate) comparison: Comparison,
    /// Query by query: sessions do not matter, because queries and not repetitions are the evidence.
    pub(crate) by_query: bool,
}

/// Where values are compared: as logarithms when effects are fractions, as they are otherwise;
/// always such that larger is worse.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    sign: f64,
    pub(crate) logarithmic: bool,
    /// Added before taking logarithms, so that counters may be zero.
    shift: f64,
}

impl Axis {
    fn new(margin: Margin, sides: [&ObservedMetric; 2]) -> Self {
        let zeros = sides
            .iter()
            .flat_map(|side| side.sessions.iter().flatten())
            .any(|&v| v <= 0.0);
        let is_ratio = sides[1].unit() == Unit::Ratio;
        let logarithmic = match margin {
            // A shift of one is nothing to a counter and everything to a ratio.
            Margin::Relative(_) => !(zeros && is_ratio),
            Margin::Absolute(_) => false,
            Margin::Unjudged => !is_ratio,
        };
        let shift = if logarithmic && zeros { 1.0 } else { 0.0 };
        Self {
            sign: sides[1].direction().sign(),
            logarithmic,
            shift,
        }
    }

    fn place(self, value: f64) -> f64 {
        self.sign
            * if self.logarithmic {
                (value + self.shift).ln()
            } else {
                value
            }
    }

    fn place_all(self, metric: &ObservedMetric) -> Vec<Vec<f64>> {
        metric
            .sessions
            .iter()
            .map(|values| values.iter().map(|&v| self.place(v)).collect())
            .collect()
    }

    pub(crate) fn unplace(self, placed: f64) -> f64 {
        let v = self.sign * placed;
        if self.logarithmic {
            v.exp() - self.shift
        } else {
            v
        }
    }

    /// A distance on this axis as a change people read: a fraction, or a difference.
    pub(crate) fn change(self, worse: f64) -> f64 {
        let v = self.sign * worse;
        if self.logarithmic { v.exp_m1() } else { v }
    }

    /// The margin as a distance on this axis; `baseline` is where the baseline stands on it.
    fn margin(self, margin: Margin, baseline: f64) -> Option<f64> {
        match margin {
            Margin::Relative(fraction) if self.logarithmic => Some(fraction.ln_1p()),
            Margin::Relative(fraction) => Some(fraction * baseline.abs()),
            Margin::Absolute(difference) => Some(difference),
            Margin::Unjudged => None,
        }
    }

    /// Smallest step of a metric near `level`, on this axis. Percentiles come from histograms of
    /// three significant digits; counts, bytes and nanoseconds come in ones.
    fn quantum(self, metric: &ObservedMetric, level: f64) -> f64 {
        let step = match metric.unit() {
            Unit::PerSecond | Unit::Ratio => 0.0,
            _ if metric.statistic.is_some() => level * 1e-3,
            Unit::Nanoseconds | Unit::Bytes | Unit::Count => 1.0,
        };
        if self.logarithmic && level > 0.0 {
            step / level
        } else {
            step
        }
    }
}

impl<'a> Sides<'a> {
    /// Prepares a comparison. Neither side may be empty.
    pub(crate) fn new(
        baseline: &'a ObservedMetric,
        candidate: &ObservedMetric,
        margin: Margin,
    ) -> Self {
        let axis = Axis::new(margin, [baseline, candidate]);
        let level = baseline.sessions[0][0];
        let nature = Nature {
            quantum: axis.quantum(baseline, level),
            may_be_exact: !candidate.unit().is_timing(),
        };
        let history = Baseline::new(&axis.place_all(baseline), nature);
        let margin = axis.margin(margin, history.centre);
        Self {
            baseline,
            axis,
            history,
            margin,
        }
    }

    /// Compares query by query where every repetition of the candidate tells the same queries as the
    /// baseline, else by repetitions.
    pub(crate) fn compare(&self, candidate: &ObservedMetric, fleet_ratio: f64) -> Compared {
        match (&self.baseline.queries, &candidate.queries) {
            (Some(baseline), Some(queries))
                if !self.axis.logarithmic
                    && baseline.ratios.len() == queries.ratios.len()
                    && queries.repetitions == candidate.values() =>
            {
                let comparison = by_query(&baseline.ratios, &queries.ratios, self.axis.sign);
                Compared {
                    comparison,
                    by_query: true,
                }
            }
            _ => {
                let comparison = self
                    .history
                    .compare(&self.axis.place_all(candidate), fleet_ratio);
                Compared {
                    comparison,
                    by_query: false,
                }
            }
        }
    }
}

/// The difference query by query: three to five times tighter than two separate means, because the
/// same queries are hard on both sides.
fn by_query(baseline: &[f64], candidate: &[f64], sign: f64) -> Comparison {
    let differences: Vec<f64> = baseline
        .iter()
        .zip(candidate)
        .map(|(b, c)| sign * (c - b))
        .collect();
    let e = estimate(&differences, Location::Plain);
    let error = (e.variance / e.n as f64).sqrt();
    if error == 0.0 {
        return Comparison {
            worse: e.centre,
            evidence: None,
            exact: true,
        };
    }
    let evidence = Evidence {
        error,
        freedom: e.freedom,
        p_worse: t_above(e.centre / error, e.freedom),
        p_better: t_above(-e.centre / error, e.freedom),
        agreeing: 0,
        noisy: false,
    };
    Comparison {
        worse: e.centre,
        evidence: Some(evidence),
        exact: false,
    }
}
