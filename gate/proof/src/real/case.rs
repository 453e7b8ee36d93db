//! What is planted in the candidate, and which rows should tell.

use gate_schema::report::Verdict;
use serde::{Deserialize, Serialize};

/// Scenarios whose recall the plant lowers.
const VECTOR: &str = "vector/";

/// What the candidate of a gate differs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// In nothing.
    Unchanged,
    /// Every operation does 5 % more work.
    #[serde(rename = "work-5")]
    Work5,
    /// Every operation does 10 % more work.
    #[serde(rename = "work-10")]
    Work10,
    /// Every operation does 20 % more work.
    #[serde(rename = "work-20")]
    Work20,
    /// The slowest operations, one in fifty, do 10 % more work.
    #[serde(rename = "tail-10")]
    Tail10,
    /// The loaded process holds 20 % more memory.
    #[serde(rename = "memory-20")]
    Memory20,
    /// Vector search looks at fewer nodes: about one point of recall.
    #[serde(rename = "recall-1")]
    Recall1,
}

/// What a failed row says about the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It names what was planted.
    Right,
    /// The plant moves this row as well, without being meant to.
    Touched,
    /// The plant does not touch this row.
    Wrong,
    /// The row was not measured, which no plant is meant to do: a crash names nothing.
    Missing,
}

impl Case {
    /// All cases, in the order of the tables.
    pub const ALL: [Self; 7] = [
        Self::Unchanged,
        Self::Work5,
        Self::Work10,
        Self::Work20,
        Self::Tail10,
        Self::Memory20,
        Self::Recall1,
    ];

    /// The name in recordings, tables and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Work5 => "work-5",
            Self::Work10 => "work-10",
            Self::Work20 => "work-20",
            Self::Tail10 => "tail-10",
            Self::Memory20 => "memory-20",
            Self::Recall1 => "recall-1",
        }
    }

    /// The plant, as `BENCH_PLANT` takes it; `None` for none. `expansion` is the number of nodes that
    /// [`Case::Recall1`] lets a search look at.
    #[must_use]
    pub fn plant(self, expansion: u32) -> Option<String> {
        let plant = match self {
            Self::Unchanged => return None,
            Self::Work5 => "**:work=5%",
            Self::Work10 => "**:work=10%",
            Self::Work20 => "**:work=20%",
            Self::Tail10 => "**:tail=10%",
            Self::Memory20 => "**:memory=20%",
            Self::Recall1 => return Some(format!("{VECTOR}**:expansion={expansion}")),
        };
        Some(plant.to_owned())
    }

    /// What it says that the row `metric` of `scenario` failed with `verdict`. Findings about all scenarios
    /// together have no scenario.
    #[must_use]
    pub fn claim(self, scenario: Option<&str>, metric: &str, verdict: Verdict) -> Claim {
        if verdict == Verdict::Missing {
            return Claim::Missing;
        }
        let is_timing = metric.starts_with("latency") || metric == "throughput";
        let (is_right, is_touched) = match self {
            Self::Unchanged => (false, false),
            Self::Work5 | Self::Work10 | Self::Work20 => (is_timing, is_timing),
            // One operation in fifty is far above the median.
            Self::Tail10 => (
                metric == "latency.tail",
                is_timing && metric != "latency.p50",
            ),
            Self::Memory20 => (metric == "peak_rss", false),
            Self::Recall1 => {
                let is_vector = scenario.is_none_or(|id| id.starts_with(VECTOR));
                (
                    is_vector && metric == "recall@10",
                    is_vector && (is_timing || metric == "peak_rss"),
                )
            }
        };
        match (is_right, is_touched) {
            (true, _) => Claim::Right,
            (false, true) => Claim::Touched,
            (false, false) => Claim::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_recordings() {
        for case in Case::ALL {
            let json = serde_json::to_string(&case).unwrap();
            assert_eq!(json, format!("\"{}\"", case.as_str()));
            assert_eq!(serde_json::from_str::<Case>(&json).unwrap(), case);
        }
    }

    #[test]
    fn plants_are_written_as_the_bench_reads_them() {
        let plants = Case::ALL.map(|case| case.plant(14).unwrap_or_default());
        assert_eq!(
            plants,
            [
                "",
                "**:work=5%",
                "**:work=10%",
                "**:work=20%",
                "**:tail=10%",
                "**:memory=20%",
                "vector/**:expansion=14"
            ]
        );
    }

    #[test]
    fn rows_are_right_touched_or_wrong() {
        use Claim::{Right, Touched, Wrong};
        let vector = Some("vector/search/k10");
        let text = Some("text/search/two-terms");
        for (case, scenario, metric, expected) in [
            (Case::Unchanged, text, "latency.p50", Wrong),
            (Case::Unchanged, vector, "recall@10", Wrong),
            (Case::Work5, text, "latency.mean", Right),
            (Case::Work10, Some("signals/write"), "throughput", Right),
            (Case::Work20, vector, "latency.p99", Right),
            (Case::Work20, None, "latency.p50", Right),
            (Case::Work20, vector, "recall@10", Wrong),
            (Case::Work20, text, "index_bytes", Wrong),
            (Case::Work20, text, "segments", Wrong),
            (Case::Work20, text, "peak_rss", Wrong),
            (Case::Work20, vector, "bytes_per_entity", Wrong),
            (Case::Tail10, text, "latency.tail", Right),
            (Case::Tail10, text, "latency.mean", Touched),
            (Case::Tail10, text, "latency.p99", Touched),
            (Case::Tail10, text, "throughput", Touched),
            (Case::Tail10, text, "latency.p50", Wrong),
            (Case::Tail10, text, "peak_rss", Wrong),
            (Case::Memory20, text, "peak_rss", Right),
            (Case::Memory20, text, "bytes_per_entity", Wrong),
            (Case::Memory20, text, "latency.p50", Wrong),
            (Case::Recall1, vector, "recall@10", Right),
            (Case::Recall1, vector, "latency.p50", Touched),
            (Case::Recall1, vector, "index_bytes", Wrong),
            (Case::Recall1, text, "recall@10", Wrong),
            (Case::Recall1, text, "latency.p50", Wrong),
        ] {
            let claim = |verdict| case.claim(scenario, metric, verdict);
            for verdict in [Verdict::Regressed, Verdict::OverBudget] {
                assert_eq!(claim(verdict), expected, "{case:?} {scenario:?} {metric}");
            }
            assert_eq!(claim(Verdict::Missing), Claim::Missing);
        }
    }
}
