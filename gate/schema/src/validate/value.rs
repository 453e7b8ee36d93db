//! What the numbers of one metric must satisfy.

use super::{limits, sized};
use crate::defect::Defect;
use crate::hdr;
use crate::run::{Curve, Distribution, MetricValue, Proportion, Series};
use crate::unit::Unit;

impl MetricValue {
    /// Checks the numbers against the unit they were declared in, without decoding histograms.
    ///
    /// # Errors
    /// The first defect.
    pub fn check(&self, unit: Unit) -> Result<(), Defect> {
        match self {
            Self::Value(value) => unit.check(*value),
            Self::Distribution(distribution) => distribution.check(unit),
            Self::Proportion(proportion) => proportion.check(),
            Self::Curve(curve) => curve.check(unit),
            Self::Series(series) => series.check(unit),
        }
    }
}

impl Distribution {
    pub(super) fn check(&self, unit: Unit) -> Result<(), Defect> {
        if self.count == 0 {
            return Err(Defect::Empty("samples"));
        }
        unit.check(self.sum / self.count as f64)?;
        if let Some(summary) = &self.summary {
            for value in [Some(summary.p50), summary.tail, summary.p99, summary.p999]
                .into_iter()
                .flatten()
            {
                unit.check(value)?;
            }
        }
        Ok(())
    }

    /// Decodes the buckets of the histogram and holds them against the exact count and sum. `None` for
    /// a distribution that carries a summary instead.
    ///
    /// # Errors
    /// A histogram that does not decode, or belongs to another count or sum.
    pub fn recorded(&self) -> Result<Option<hdr::Recorded>, Defect> {
        let Some(text) = &self.hdr else {
            return Ok(None);
        };
        let recorded = hdr::Recorded::decode(text)?;
        if recorded.count != self.count {
            return Err(Defect::HistogramCount {
                declared: self.count,
                decoded: recorded.count,
            });
        }
        recorded.check_sum(self.sum)?;
        Ok(Some(recorded))
    }
}

impl Proportion {
    fn check(&self) -> Result<(), Defect> {
        if self.trials == 0 || self.trials > limits::TRIALS || self.hits > self.trials {
            return Err(Defect::Proportion);
        }
        let Some(queries) = &self.per_query else {
            return Ok(());
        };
        let sum: u64 = queries.iter().map(|&hits| u64::from(hits)).sum();
        let per_query = self.trials / (queries.len() as u64).max(1);
        let fits = sum == self.hits
            && per_query * queries.len() as u64 == self.trials
            && queries.iter().all(|&hits| u64::from(hits) <= per_query);
        if fits { Ok(()) } else { Err(Defect::PerQuery) }
    }
}

impl Series {
    fn check(&self, unit: Unit) -> Result<(), Defect> {
        sized(self.series.len(), limits::SERIES, "points")?;
        let mut latest = 0.0;
        for &(at, number) in &self.series {
            // Nobody measures for a year; the first point may be at once.
            Unit::Count.check(at)?;
            if at < latest {
                return Err(Defect::Order);
            }
            latest = at;
            unit.check(number)?;
        }
        Ok(())
    }
}

impl Curve {
    fn check(&self, unit: Unit) -> Result<(), Defect> {
        sized(self.points.len(), limits::POINTS, "points")?;
        for &(quality, number) in &self.points {
            Unit::Ratio.check(quality)?;
            unit.check(number)?;
        }
        Ok(())
    }
}
