//! The two sides of a row on one axis, and how they are compared there.

use gate_schema::policy::Margin;
use gate_schema::report::Scale;
use gate_schema::unit::{MAX_MAGNITUDE, Unit};

use crate::estimate::{Location, estimate, t_above};
use crate::evidence::{Comparison, Evidence, INTERVAL, MIN_REPETITIONS};
use crate::observe::{ObservedMetric, Paired, Queries};
use crate::paired::{History, SessionEvidence, pool};
use crate::row::{UNJUDGED_MARGIN, UNJUDGED_POINTS};
use crate::stored::{Baseline, Nature};

/// Smallest level of a ratio that a relative margin is a fraction of: of nothing, any fraction is
/// nothing.
pub const RATIO_FLOOR: f64 = 0.01;

/// Steps of clocks, in nanoseconds: seconds, milliseconds, microseconds and nanoseconds.
pub const CLOCK_STEPS: [f64; 4] = [1e9, 1e6, 1e3, 1.0];

/// Both sides of a comparable row.
pub(crate) struct Sides<'a> {
    pub(crate) baseline: &'a ObservedMetric,
    pub(crate) axis: Axis,
    pub(crate) history: Baseline,
    pub(crate) nature: Nature,
    /// The tolerated distance on the axis; `None` when the row is not judged.
    pub(crate) margin: Option<f64>,
}

/// A comparison and how it was made.
pub(crate) struct Compared {
    pub(crate) comparison: Comparison,
    pub(crate) how: How,
}

/// What a comparison rests on.
pub(crate) enum How {
    /// Stored sessions of both sides.
    Stored,
    /// Queries: sessions do not matter, because queries and not repetitions are the evidence.
    Queries,
    /// Interleaved pairs, session by session, with what calibration knew.
    Pairs {
        sessions: Vec<SessionEvidence>,
        history: Option<History>,
    },
}

impl Compared {
    /// The sessions of pairs it rests on; empty when it rests on something else.
    pub(crate) fn stages(&self) -> &[SessionEvidence] {
        match &self.how {
            How::Pairs { sessions, .. } => sessions,
            How::Stored | How::Queries => &[],
        }
    }

    /// Whether it rests on pairs of which no session has enough to decide anything, whatever history
    /// says about their noise.
    pub(crate) fn has_few_pairs(&self) -> bool {
        let stages = self.stages();
        !stages.is_empty() && stages.iter().all(|s| s.pairs < MIN_REPETITIONS)
    }
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
        let shift = shift(values(sides));
        let is_ratio = sides[1].unit() == Unit::Ratio;
        let logarithmic = match margin {
            // A shift of one is nothing to a counter and everything to a ratio.
            Margin::Relative(_) => !(shift > 0.0 && is_ratio),
            Margin::Absolute(_) => false,
            Margin::Unjudged => !is_ratio,
        };
        Self {
            sign: sides[1].direction().sign(),
            logarithmic,
            shift: if logarithmic { shift } else { 0.0 },
        }
    }

    pub(crate) fn scale(self) -> Scale {
        if self.logarithmic {
            Scale::Relative
        } else {
            Scale::Absolute
        }
    }

    pub(crate) fn place(self, value: f64) -> f64 {
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

    /// A distance on this axis as a change people read: a fraction, at most [`MAX_MAGNITUDE`], or a difference.
    pub(crate) fn change(self, worse: f64) -> f64 {
        let v = self.sign * worse;
        if self.logarithmic {
            // A report cannot hold infinity, to which numbers that may each be measured can lie apart.
            v.exp_m1().clamp(-1.0, MAX_MAGNITUDE)
        } else {
            v
        }
    }

    /// The margin as a distance on this axis; `baseline` is where the baseline stands on it.
    fn margin(self, margin: Margin, baseline: f64) -> Option<f64> {
        match margin {
            // A tenth less is farther on a logarithm than a tenth more; the margin is what people read.
            Margin::Relative(fraction) if self.logarithmic && self.sign < 0.0 && fraction < 1.0 => {
                Some(-(-fraction).ln_1p())
            }
            Margin::Relative(fraction) if self.logarithmic => Some(fraction.ln_1p()),
            Margin::Relative(fraction) => Some(fraction * baseline.abs().max(RATIO_FLOOR)),
            Margin::Absolute(difference) => Some(difference),
            Margin::Unjudged => None,
        }
    }

    /// Smallest step of a metric near `level`, on this axis. Percentiles come from histograms of
    /// three significant digits, times in steps of their clock; counts and bytes come in ones, unless they
    /// are means or factors.
    fn quantum(self, sides: [&ObservedMetric; 2], level: f64) -> f64 {
        let step = match sides[0].unit() {
            Unit::PerSecond | Unit::Ratio => 0.0,
            _ if sides[0].statistic.is_some() => level * 1e-3,
            Unit::Nanoseconds => step_of(sides, &CLOCK_STEPS),
            Unit::Bytes | Unit::Count => step_of(sides, &[1.0]),
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
            quantum: axis.quantum([baseline, candidate], level),
            may_be_exact: !candidate.unit().is_timing(),
        };
        let history = Baseline::new(&axis.place_all(baseline), nature);
        let margin = axis.margin(margin, history.centre);
        Self {
            baseline,
            axis,
            history,
            nature,
            margin,
        }
    }

    /// Whether some pair has both members: only then were both sides measured in turn. An id alone may
    /// be shared by chance.
    pub(crate) fn are_paired(sides: [&ObservedMetric; 2]) -> bool {
        sides[1].paired.iter().any(|session| {
            counterpart(sides[0], session).is_some_and(|there| {
                let there = there.by_pair();
                let mut pairs = session.values.iter();
                pairs.any(|(pair, _)| there.contains_key(pair))
            })
        })
    }

    /// Pairs with both members and pairs of the second side at all, over the sessions that both sides
    /// share. With the candidate first it is the baseline whose pairs are counted.
    pub(crate) fn complete_pairs(sides: [&ObservedMetric; 2]) -> (usize, usize) {
        let shared = sides[1].paired.iter().filter_map(|session| {
            let there = counterpart(sides[0], session)?.by_pair();
            let pairs = session.values.iter();
            let both = pairs.filter(|(pair, _)| there.contains_key(pair));
            Some((both.count(), session.values.len()))
        });
        shared.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// The distance on the axis by which the row may be worse and still count as no worse: its margin,
    /// or where policy does not judge it [`UNJUDGED_MARGIN`] or [`UNJUDGED_POINTS`].
    pub(crate) fn no_worse_within(&self) -> f64 {
        let unjudged = match self.axis.scale() {
            Scale::Relative => Margin::Relative(UNJUDGED_MARGIN),
            Scale::Absolute => Margin::Absolute(UNJUDGED_POINTS),
        };
        let unjudged = || self.axis.margin(unjudged, self.history.centre);
        self.margin.or_else(unjudged).unwrap_or(0.0)
    }

    /// Candidate minus baseline of every pair that both sides have, session by session.
    pub(crate) fn differences(&self, candidate: &ObservedMetric) -> Vec<(String, Vec<f64>)> {
        let place = |value| self.axis.place(value);
        self.pairs(candidate, |baseline, candidate| {
            place(candidate) - place(baseline)
        })
    }

    /// The level of every pair that both sides have, the mean of its members, session by session.
    pub(crate) fn levels(&self, candidate: &ObservedMetric) -> Vec<Vec<f64>> {
        let place = |value| self.axis.place(value);
        let sessions = self.pairs(candidate, |baseline, candidate| {
            f64::midpoint(place(baseline), place(candidate))
        });
        sessions.into_iter().map(|(_, levels)| levels).collect()
    }

    /// Both members, baseline first, of every pair that both sides have.
    pub(crate) fn members(&self, candidate: &ObservedMetric) -> Vec<[f64; 2]> {
        let sessions = self.pairs(candidate, |baseline, candidate| [baseline, candidate]);
        sessions.into_iter().flat_map(|(_, pairs)| pairs).collect()
    }

    /// What `of` makes of both members, baseline first, of every pair that both sides have; by session,
    /// in order of execution, none empty.
    fn pairs<T>(
        &self,
        candidate: &ObservedMetric,
        of: impl Fn(f64, f64) -> T,
    ) -> Vec<(String, Vec<T>)> {
        let of_session = |session: &Paired| {
            let there = counterpart(self.baseline, session)?.by_pair();
            let pairs: Vec<T> = session
                .values
                .iter()
                .filter_map(|(pair, value)| Some(of(*there.get(pair)?, *value)))
                .collect();
            (!pairs.is_empty()).then(|| (session.session.clone(), pairs))
        };
        candidate.paired.iter().filter_map(of_session).collect()
    }

    /// Compares query by query where every repetition of the candidate tells the same queries as the
    /// baseline, else in pairs where both sides were measured in turn, else with what is stored.
    pub(crate) fn compare(
        &self,
        candidate: &ObservedMetric,
        fleet_ratio: f64,
        history: Option<History>,
    ) -> Compared {
        if let (Some(baseline), Some(queries)) = (&self.baseline.queries, &candidate.queries)
            && !self.axis.logarithmic
            && baseline.ratios.len() == queries.ratios.len()
            // One query says nothing about others.
            && queries.ratios.len() > 1
            && queries.repetitions == candidate.values()
        {
            return Compared {
                comparison: by_query(baseline, queries, self.axis.sign),
                how: How::Queries,
            };
        }
        let placed = self.axis.place_all(candidate);
        if !Self::are_paired([self.baseline, candidate]) {
            return Compared {
                comparison: self.history.compare(&placed, fleet_ratio),
                how: How::Stored,
            };
        }
        let sessions: Vec<SessionEvidence> = self
            .differences(candidate)
            .iter()
            .map(|(_, d)| SessionEvidence::new(d, history.as_ref(), self.nature))
            .collect();
        Compared {
            comparison: self
                .history
                .compare_exactly(&placed)
                .unwrap_or_else(|| pool(&sessions)),
            how: How::Pairs { sessions, history },
        }
    }
}

/// The step in which the values of both sides come: the first of `steps` that divides all of them, largest
/// first. Zero where none does, as for a mean of many.
fn step_of(sides: [&ObservedMetric; 2], steps: &[f64]) -> f64 {
    let divides = |step: &f64| values(sides).all(|value| value % step == 0.0);
    steps.iter().copied().find(divides).unwrap_or(0.0)
}

/// What is added to values before their logarithms are taken: nothing, unless some are zero. Then one, or the least
/// other one where that is less: a count per operation may be far below one, and that would hide that it doubled.
pub(crate) fn shift(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let has_zeros = values.clone().any(|value| value <= 0.0);
    let least = values.filter(|value| *value > 0.0).fold(1.0, f64::min);
    if has_zeros { least } else { 0.0 }
}

/// Every value of both sides.
fn values(sides: [&ObservedMetric; 2]) -> impl Iterator<Item = f64> + Clone {
    let sessions = sides.into_iter().flat_map(|side| &side.sessions);
    sessions.flatten().copied()
}

/// The same session on the other side.
fn counterpart<'a>(there: &'a ObservedMetric, session: &Paired) -> Option<&'a Paired> {
    there.paired.iter().find(|s| s.session == session.session)
}

/// The difference query by query: three to five times tighter than two separate means, because the
/// same queries are hard on both sides.
///
/// Every query the same on both sides is exactly the same. Every query worse by the same is not: had
/// one of them differed by one hit from the others, nobody would be surprised.
fn by_query(baseline: &Queries, candidate: &Queries, sign: f64) -> Comparison {
    let pairs = baseline.ratios.iter().zip(&candidate.ratios);
    let is_same = pairs.clone().all(|(b, c)| b.total_cmp(c).is_eq());
    let differences: Vec<f64> = pairs.map(|(b, c)| sign * (c - b)).collect();
    let e = estimate(&differences, Location::Plain);
    if is_same && e.freedom > 0.0 {
        return Comparison {
            worse: 0.0,
            evidence: None,
            exact: true,
        };
    }
    let one_hit = baseline.step.max(candidate.step).powi(2) / e.n as f64;
    let error = (e.variance.max(one_hit) / e.n as f64).sqrt();
    let evidence = Evidence {
        error,
        freedom: e.freedom,
        level: INTERVAL,
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
