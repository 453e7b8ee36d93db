//! What is planted in the candidate, where, and which rows should tell.

use std::fmt;

use fast_glob::glob_match;
use gate_schema::report::Verdict;
use serde::{Deserialize, Serialize};

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

    /// The scenarios that it is planted in, where nobody chose others.
    fn usual(self) -> &'static str {
        match self {
            Self::Recall1 => "vector/**",
            _ => "**",
        }
    }
}

/// What is planted, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Plant<'a> {
    case: Case,
    only: Option<&'a str>,
}

impl<'a> Plant<'a> {
    /// A `case` in the scenarios that match the glob `only`; in those it is made for where there is none.
    #[must_use]
    pub fn new(case: Case, only: Option<&'a str>) -> Self {
        Self {
            case,
            // Nothing is planted nowhere in particular.
            only: only.filter(|_| case != Case::Unchanged),
        }
    }

    /// What it is.
    #[must_use]
    pub fn case(self) -> Case {
        self.case
    }

    /// The glob that was chosen for it.
    #[must_use]
    pub fn only(self) -> Option<&'a str> {
        self.only
    }

    fn glob(self) -> &'a str {
        self.only.unwrap_or(self.case.usual())
    }

    /// Whether it is planted in `scenario`.
    #[must_use]
    pub fn reaches(self, scenario: &str) -> bool {
        self.case != Case::Unchanged && glob_match(self.glob(), scenario)
    }

    /// The plant, as `BENCH_PLANT` takes it; `None` for none. `expansion` is the number of nodes that
    /// [`Case::Recall1`] lets a search look at.
    #[must_use]
    pub fn text(self, expansion: u32) -> Option<String> {
        let fewer = format!("expansion={expansion}");
        let change = match self.case {
            Case::Unchanged => return None,
            Case::Work5 => "work=5%",
            Case::Work10 => "work=10%",
            Case::Work20 => "work=20%",
            Case::Tail10 => "tail=10%",
            Case::Memory20 => "memory=20%",
            Case::Recall1 => &fewer,
        };
        Some(format!("{}:{change}", self.glob()))
    }

    /// What it says that the row `metric` of `scenario` failed with `verdict`. Findings about all scenarios
    /// together have no scenario.
    #[must_use]
    pub fn claim(self, scenario: Option<&str>, metric: &str, verdict: Verdict) -> Claim {
        if verdict == Verdict::Missing {
            return Claim::Missing;
        }
        if scenario.is_some_and(|id| !self.reaches(id)) {
            return Claim::Wrong;
        }
        let is_timing = metric.starts_with("latency") || metric == "throughput";
        let is_memory = matches!(metric, "peak_rss" | "allocated");
        let (is_right, is_touched) = match self.case {
            Case::Unchanged => (false, false),
            Case::Work5 | Case::Work10 | Case::Work20 => (is_timing, is_timing),
            // One operation in fifty is far above the median.
            Case::Tail10 => (
                metric == "latency.tail",
                is_timing && metric != "latency.p50",
            ),
            Case::Memory20 => (is_memory, false),
            Case::Recall1 => (metric.starts_with("recall@"), is_timing || is_memory),
        };
        // Of all scenarios together some were spared: their mean moves, and nobody meant it to.
        let is_named = scenario.is_some() || self.only.is_none();
        match (is_right, is_touched) {
            (true, _) if is_named => Claim::Right,
            (false, false) => Claim::Wrong,
            _ => Claim::Touched,
        }
    }
}

impl fmt::Display for Plant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.case.as_str())?;
        match self.only {
            Some(glob) => write!(f, " in `{glob}`"),
            None => Ok(()),
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
        let plants =
            |only| Case::ALL.map(|case| Plant::new(case, only).text(14).unwrap_or_default());
        assert_eq!(
            plants(None),
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
        assert_eq!(
            plants(Some("feed/*")),
            [
                "",
                "feed/*:work=5%",
                "feed/*:work=10%",
                "feed/*:work=20%",
                "feed/*:tail=10%",
                "feed/*:memory=20%",
                "feed/*:expansion=14"
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
            (Case::Memory20, text, "allocated", Right),
            (Case::Memory20, text, "bytes_per_entity", Wrong),
            (Case::Memory20, text, "latency.p50", Wrong),
            (Case::Recall1, vector, "recall@10", Right),
            (Case::Recall1, vector, "latency.p50", Touched),
            (Case::Recall1, vector, "index_bytes", Wrong),
            (Case::Recall1, text, "recall@10", Wrong),
            (Case::Recall1, text, "latency.p50", Wrong),
        ] {
            let claim = |verdict| Plant::new(case, None).claim(scenario, metric, verdict);
            for verdict in [Verdict::Regressed, Verdict::OverBudget] {
                assert_eq!(claim(verdict), expected, "{case:?} {scenario:?} {metric}");
            }
            assert_eq!(claim(Verdict::Missing), Claim::Missing);
        }
    }

    #[test]
    fn spared_scenarios_fail_wrongly() {
        use Claim::{Right, Touched, Wrong};
        let vector = Some("vector/search/k10");
        let text = Some("text/search/two-terms");
        for (case, only, scenario, metric, expected) in [
            (Case::Work20, "text/**", text, "latency.p50", Right),
            (Case::Work20, "text/**", vector, "latency.p50", Wrong),
            (Case::Work20, "text/**", text, "recall@10", Wrong),
            (
                Case::Work20,
                "{text,vector}/**",
                vector,
                "latency.p50",
                Right,
            ),
            (Case::Work20, "text/**", None, "latency.p50", Touched),
            (Case::Work20, "text/**", None, "peak_rss", Wrong),
            (Case::Tail10, "text/**", vector, "latency.tail", Wrong),
            (Case::Tail10, "text/**", vector, "latency.mean", Wrong),
            (
                Case::Memory20,
                "vector/search/k10",
                vector,
                "peak_rss",
                Right,
            ),
            (Case::Memory20, "vector/search/k10", text, "peak_rss", Wrong),
            (
                Case::Recall1,
                "feed/**",
                Some("feed/search"),
                "recall@100",
                Right,
            ),
            (Case::Recall1, "feed/**", vector, "recall@10", Wrong),
            (Case::Unchanged, "text/**", text, "latency.p50", Wrong),
        ] {
            let claim = Plant::new(case, Some(only)).claim(scenario, metric, Verdict::Regressed);
            assert_eq!(claim, expected, "{case:?} in {only}: {scenario:?} {metric}");
        }
    }

    #[test]
    fn nothing_is_planted_nowhere_in_particular() {
        let unchanged = Plant::new(Case::Unchanged, Some("text/**"));
        assert_eq!(unchanged, Plant::new(Case::Unchanged, None));
        assert_eq!(unchanged.to_string(), "unchanged");
        let text = Plant::new(Case::Work5, Some("text/**"));
        assert_eq!(text.to_string(), "work-5 in `text/**`");
    }
}
