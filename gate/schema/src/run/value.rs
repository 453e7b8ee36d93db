//! One metric of one repetition, in its five shapes.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::defect::Defect;
use crate::hdr;
use crate::run::Kind;
use crate::run::curve::Curve;
use crate::run::series::Series;

/// What one repetition measured for one metric.
///
/// In JSON a plain number is a [`MetricValue::Value`]; the fields of an object tell the rest apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum MetricValue {
    /// One number in the declared unit.
    Value(f64),
    /// A distribution of single operations.
    Distribution(Box<Distribution>),
    /// Hits out of trials.
    Proportion(Box<Proportion>),
    /// Cost or rate by quality.
    Curve(Box<Curve>),
    /// A figure over time.
    Series(Box<Series>),
}

impl MetricValue {
    /// The kind a manifest must declare for this value.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Value(_) => Kind::Value,
            Self::Distribution(_) => Kind::Histogram,
            Self::Proportion(_) => Kind::Proportion,
            Self::Curve(_) => Kind::Curve,
            Self::Series(_) => Kind::Series,
        }
    }
}

/// A distribution of single operations, with its exact count and sum.
///
/// Exactly one of `hdr` and `summary` is present: a fresh run carries the histogram, a promoted
/// baseline the statistics a verdict needs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Distribution {
    /// Number of operations, at least 1.
    pub count: u64,
    /// Exact sum of all operations, in the declared unit. Histogram means carry bucket error.
    pub sum: f64,
    /// HDR histogram, V2 compressed, base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hdr: Option<String>,
    /// Statistics of the distribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
}

impl Distribution {
    /// Encodes a recorded histogram with the exact sum of what was recorded.
    ///
    /// # Errors
    /// [`Defect::Empty`] when nothing was recorded, [`Defect::HistogramSum`] when the sum cannot
    /// belong to it, [`Defect::Histogram`] when it cannot be encoded.
    pub fn from_histogram(histogram: &hdr::Histogram, sum: f64) -> Result<Self, Defect> {
        if histogram.is_empty() {
            return Err(Defect::Empty("samples"));
        }
        let distribution = Self {
            count: histogram.len(),
            sum,
            hdr: Some(hdr::encode(histogram)?),
            summary: None,
        };
        // What is written must be readable.
        distribution.recorded()?;
        Ok(distribution)
    }
}

/// Statistics of one repetition's distribution, in the declared unit.
///
/// A percentile that had too few samples is absent, not zero.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// Median.
    pub p50: f64,
    /// Mean of the operations between the 98th and the 99.8th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<f64>,
    /// 99th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
    /// 99.9th percentile.
    #[serde(rename = "p99.9", default, skip_serializing_if = "Option::is_none")]
    pub p999: Option<f64>,
}

/// Hits out of trials, for example recall@10 over a fixed set of queries.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct Proportion {
    /// Successes.
    pub hits: u64,
    /// Attempts, at least 1.
    pub trials: u64,
    /// Hits of each query in query order, so that two runs can be compared query by query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_query: Option<Vec<u16>>,
}

impl Proportion {
    /// Sums the hits of each query, each of `trials_per_query` attempts.
    ///
    /// # Errors
    /// [`Defect::Empty`] without queries, [`Defect::PerQuery`] when a query has more hits than trials.
    pub fn from_queries(per_query: Vec<u16>, trials_per_query: u16) -> Result<Self, Defect> {
        if per_query.is_empty() || trials_per_query == 0 {
            return Err(Defect::Empty("queries"));
        }
        if per_query.iter().any(|&hits| hits > trials_per_query) {
            return Err(Defect::PerQuery);
        }
        let hits = per_query.iter().map(|&h| u64::from(h)).sum();
        let trials = per_query.len() as u64 * u64::from(trials_per_query);
        Ok(Self {
            hits,
            trials,
            per_query: Some(per_query),
        })
    }

    /// Hits over trials.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.hits as f64 / self.trials as f64
    }
}

impl<'de> Deserialize<'de> for MetricValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

impl<'de> Deserialize<'de> for Distribution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match MetricValue::deserialize(deserializer)? {
            MetricValue::Distribution(distribution) => Ok(*distribution),
            _ => Err(de::Error::custom(
                "expected a distribution with count, sum and hdr",
            )),
        }
    }
}

/// Reads the five shapes without serde's untagged buffering, which would copy every histogram.
struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = MetricValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a number, or an object with count, sum and hdr, with hits and trials, with points, or with series",
        )
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<MetricValue, E> {
        Ok(MetricValue::Value(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<MetricValue, E> {
        Ok(MetricValue::Value(value as f64))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<MetricValue, E> {
        Ok(MetricValue::Value(value as f64))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MetricValue, A::Error> {
        let fields = Fields::deserialize(de::value::MapAccessDeserializer::new(map))?;
        match fields {
            Fields {
                count: Some(count),
                sum: Some(sum),
                hdr,
                summary,
                hits: None,
                trials: None,
                per_query: None,
                points: None,
                series: None,
            } if hdr.is_some() != summary.is_some() => {
                Ok(MetricValue::Distribution(Box::new(Distribution {
                    count,
                    sum,
                    hdr,
                    summary,
                })))
            }
            Fields {
                hits: Some(hits),
                trials: Some(trials),
                per_query,
                count: None,
                sum: None,
                hdr: None,
                summary: None,
                points: None,
                series: None,
            } => Ok(MetricValue::Proportion(Box::new(Proportion {
                hits,
                trials,
                per_query,
            }))),
            Fields {
                points: Some(points),
                count: None,
                sum: None,
                hdr: None,
                summary: None,
                hits: None,
                trials: None,
                per_query: None,
                series: None,
            } => Ok(MetricValue::Curve(Box::new(Curve { points }))),
            Fields {
                series: Some(series),
                count: None,
                sum: None,
                hdr: None,
                summary: None,
                hits: None,
                trials: None,
                per_query: None,
                points: None,
            } => Ok(MetricValue::Series(Box::new(Series { series }))),
            _ => Err(de::Error::custom(
                "expected either count, sum and one of hdr and summary, or hits and trials, or points, or series",
            )),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    count: Option<u64>,
    sum: Option<f64>,
    hdr: Option<String>,
    summary: Option<Summary>,
    hits: Option<u64>,
    trials: Option<u64>,
    per_query: Option<Vec<u16>>,
    points: Option<Vec<(f64, f64)>>,
    series: Option<Vec<(f64, f64)>>,
}

/// A JSON object as a sorted vector: a tenth of the memory of a tree for the usual handful of
/// metrics, and duplicate keys are refused.
pub(super) mod sorted_map {
    use super::MetricValue;
    use crate::id::MetricName;
    use serde::de::{self, MapAccess, Visitor};
    use serde::{Deserializer, Serializer};
    use std::fmt;

    pub(in crate::run) fn serialize<S: Serializer>(
        metrics: &[(MetricName, MetricValue)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(metrics.iter().map(|(name, value)| (name, value)))
    }

    pub(in crate::run) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(MetricName, MetricValue)>, D::Error> {
        struct MapVisitor;
        impl<'de> Visitor<'de> for MapVisitor {
            type Value = Vec<(MetricName, MetricValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object from metric names to values")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut metrics: Self::Value = Vec::with_capacity(map.size_hint().unwrap_or(1));
                while let Some(entry) = map.next_entry()? {
                    metrics.push(entry);
                }
                metrics.sort_by(|a, b| a.0.cmp(&b.0));
                match metrics.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                    Some(pair) => Err(de::Error::custom(format_args!(
                        "`{}` appears twice",
                        pair[0].0
                    ))),
                    None => Ok(metrics),
                }
            }
        }
        deserializer.deserialize_map(MapVisitor)
    }
}
