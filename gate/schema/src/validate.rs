//! The rules that cross fields: what a parsed run must satisfy before anything else sees it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::defect::{Defect, Problem};
use crate::id::{MAX_DISTRIBUTION_NAME_BYTES, Name, ScenarioId};
use crate::run::{
    Declared, DeclaredMetric, FORMAT, Kind, Measured, Mode, Param, Repetition, Run, Session,
};
use crate::unit::Unit;

mod value;

/// Sizes above which a document is a mistake or an attack.
pub mod limits {
    /// Sessions in one run.
    pub const SESSIONS: usize = 1_000;
    /// Scenarios in one manifest.
    pub const SCENARIOS: usize = 200_000;
    /// Metrics in one scenario.
    pub const METRICS: usize = 200_000;
    /// Repetitions of one scenario in one session.
    pub const REPETITIONS: usize = 10_000;
    /// Points of one curve.
    pub const POINTS: usize = 10_000;
    /// Points of one series.
    pub const SERIES: usize = 1_000;
    /// Trials of one proportion. All repetitions of all sessions together still fit into 64 bits.
    pub const TRIALS: u64 = 1_000_000_000_000;
    /// Anomalies of one repetition.
    pub const ANOMALIES: usize = 20;
    /// Failed repetitions.
    pub const FAILURES: usize = 10_000;
    /// Lines of stderr kept of one failed repetition.
    pub const STDERR_LINES: usize = 20;
    /// Bytes of one text field.
    pub const TEXT_BYTES: usize = 400;
    /// Problems reported before the rest is cut off.
    pub const PROBLEMS: usize = 20;
}

impl Run {
    /// Checks everything that types cannot: the format, uniqueness, declarations, ranges, sizes.
    ///
    /// Histograms are not decoded here; [`Distribution::recorded`](crate::run::Distribution::recorded) does that and checks them
    /// against their count and sum, so that a large run decodes each one once and in parallel.
    ///
    /// # Errors
    /// All problems found, at most [`limits::PROBLEMS`], in document order.
    pub fn validate(&self) -> Result<(), Vec<Problem>> {
        let mut found = Found::default();
        if self.format != FORMAT {
            found.add("/format", Defect::Format(self.format.clone()));
            return found.into_result();
        }
        found.check("/id", showable(&self.id));
        found.check("/created", utc(&self.created));
        self.validate_source(&mut found);
        for (fields, at) in [
            (&self.environment.fingerprint, "fingerprint"),
            (&self.environment.soft, "soft"),
        ] {
            for (name, value) in fields {
                found.check_with(
                    || format!("/environment/{at}/{}", escape(name.as_str())),
                    showable(value),
                );
            }
        }
        found.check("/environment/tool", showable(&self.environment.tool));
        let declared = self.validate_manifest(&mut found);
        self.validate_sessions(&declared, &mut found);
        self.validate_failures(&mut found);
        self.validate_pooled(&declared, &mut found);
        found.into_result()
    }

    fn validate_source(&self, found: &mut Found) {
        let source = &self.source;
        for (at, text) in [
            ("repository", &source.repository),
            ("commit", &source.commit),
            ("branch", &source.branch),
        ] {
            if let Some(text) = text {
                found.check_with(|| format!("/source/{at}"), showable(text));
            }
        }
        for (field, texts) in [("planted", &source.planted), ("settings", &source.settings)] {
            for (at, text) in texts.iter().enumerate() {
                found.check_with(|| format!("/source/{field}/{at}"), showable(text));
            }
        }
        if let Some(provenance) = &self.provenance {
            found.check("/provenance/promoted_at", utc(&provenance.promoted_at));
            found.check("/provenance/promoted_by", showable(&provenance.promoted_by));
            for (at, text) in [
                ("reason", &provenance.reason),
                ("workflow_run", &provenance.workflow_run),
            ] {
                if let Some(text) = text {
                    found.check_with(|| format!("/provenance/{at}"), showable(text));
                }
            }
            for (at, text) in provenance.overridden.iter().enumerate() {
                found.check_with(|| format!("/provenance/overridden/{at}"), showable(text));
            }
        }
    }

    fn validate_manifest(&self, found: &mut Found) -> HashMap<&ScenarioId, &Declared> {
        let scenarios = &self.manifest.scenarios;
        let at = "/manifest/scenarios";
        found.check(at, sized(scenarios.len(), limits::SCENARIOS, "scenarios"));
        let mut declared = HashMap::with_capacity(scenarios.len());
        for (i, scenario) in scenarios.iter().enumerate() {
            if declared.insert(&scenario.scenario, scenario).is_some() {
                found.add_with(
                    || format!("{at}/{i}/scenario"),
                    duplicate(&scenario.scenario),
                );
            }
            found.check_with(
                || format!("{at}/{i}/metrics"),
                sized(scenario.metrics.len(), limits::METRICS, "metrics"),
            );
            let mut names = BTreeSet::new();
            for (k, metric) in scenario.metrics.iter().enumerate() {
                let fits = match (metric.kind, metric.at) {
                    (Kind::Curve, quality) => quality.is_some_and(|q| q > 0.0 && q <= 1.0),
                    (_, quality) => quality.is_none(),
                };
                if !fits {
                    found.add_with(
                        || format!("/manifest/scenarios/{i}/metrics/{k}/at"),
                        Defect::At,
                    );
                }
                if metric.kind == Kind::Proportion && metric.unit != Unit::Ratio {
                    found.add_with(
                        || format!("{at}/{i}/metrics/{k}/unit"),
                        Defect::ProportionUnit,
                    );
                }
                let is_distribution = metric.kind == Kind::Histogram;
                if is_distribution && metric.name.as_str().len() > MAX_DISTRIBUTION_NAME_BYTES {
                    found.add_with(
                        || format!("{at}/{i}/metrics/{k}/name"),
                        Defect::DistributionName,
                    );
                }
                if !names.insert(&metric.name) {
                    found.add_with(
                        || format!("{at}/{i}/metrics/{k}/name"),
                        duplicate(&metric.name),
                    );
                }
            }
            for (name, param) in &scenario.params {
                if let Param::Text(text) = param {
                    found.check_with(
                        || format!("{at}/{i}/params/{}", escape(name.as_str())),
                        showable(text),
                    );
                }
            }
            if found.is_full() {
                break;
            }
        }
        declared
    }

    fn validate_sessions(&self, declared: &HashMap<&ScenarioId, &Declared>, found: &mut Found) {
        if self.failures.is_empty() || !self.sessions.is_empty() {
            let sized = sized(self.sessions.len(), limits::SESSIONS, "sessions");
            found.check("/sessions", sized);
        }
        let mut ids = BTreeSet::new();
        for (s, session) in self.sessions.iter().enumerate() {
            let at = format!("/sessions/{s}");
            if !ids.insert(&session.id) {
                found.add_with(|| format!("{at}/id"), Defect::Duplicate(session.id.clone()));
            }
            found.check_with(|| format!("{at}/id"), showable(&session.id));
            found.check_with(|| format!("{at}/start"), utc(&session.start));
            session.validate(&at, declared, found);
            if found.is_full() {
                break;
            }
        }
    }

    fn validate_failures(&self, found: &mut Found) {
        if self.failures.len() > limits::FAILURES {
            found.add("/failures", Defect::TooMany(limits::FAILURES));
        }
        for (i, failure) in self.failures.iter().enumerate() {
            let lines = [&failure.how].into_iter().chain(&failure.session);
            for line in lines.chain(&failure.stderr) {
                found.check_with(|| format!("/failures/{i}"), showable(line));
            }
            if failure.stderr.len() > limits::STDERR_LINES {
                let at = || format!("/failures/{i}/stderr");
                found.add_with(at, Defect::TooMany(limits::STDERR_LINES));
            }
        }
    }

    fn validate_pooled(&self, declared: &HashMap<&ScenarioId, &Declared>, found: &mut Found) {
        for (i, pooled) in self.pooled.iter().enumerate() {
            let at = || format!("/pooled/{i}");
            match declared
                .get(&pooled.scenario)
                .and_then(|d| d.metric(&pooled.metric))
            {
                None => found.add_with(
                    at,
                    Defect::Undeclared(format!("{} {}", pooled.scenario, pooled.metric)),
                ),
                Some(metric) => {
                    found.check_with(
                        || format!("{}/distribution", at()),
                        pooled.distribution.check(metric.unit),
                    );
                }
            }
        }
    }
}

impl Session {
    fn validate(&self, at: &str, declared: &HashMap<&ScenarioId, &Declared>, found: &mut Found) {
        let mut seen = BTreeSet::new();
        for (k, measured) in self.scenarios.iter().enumerate() {
            let at = || format!("{at}/scenarios/{k}");
            let Some(declared) = declared.get(&measured.scenario) else {
                found.add_with(
                    || format!("{}/scenario", at()),
                    Defect::Undeclared(measured.scenario.to_string()),
                );
                continue;
            };
            if !seen.insert(&measured.scenario) {
                found.add_with(
                    || format!("{}/scenario", at()),
                    duplicate(&measured.scenario),
                );
            }
            measured.validate(&at, declared, self.mode, found);
            if found.is_full() {
                return;
            }
        }
    }
}

impl Measured {
    fn validate(
        &self,
        at: &dyn Fn() -> String,
        declared: &Declared,
        mode: Mode,
        found: &mut Found,
    ) {
        let limit = sized(self.repetitions.len(), limits::REPETITIONS, "repetitions");
        found.check_with(|| format!("{}/repetitions", at()), limit);
        if let Some(overhead) = self.recording_overhead_ns {
            found.check_with(
                || format!("{}/recording_overhead_ns", at()),
                Unit::Nanoseconds.check(overhead),
            );
        }
        let metrics: BTreeMap<&Name, &DeclaredMetric> =
            declared.metrics.iter().map(|m| (&m.name, m)).collect();
        let mut pairs = BTreeSet::new();
        for (r, repetition) in self.repetitions.iter().enumerate() {
            let at = || format!("{}/repetitions/{r}", at());
            if repetition.pair.is_some() != (mode == Mode::Paired) {
                found.add_with(at, Defect::Pairing);
            }
            if let Some(pair) = repetition.pair.filter(|&pair| !pairs.insert(pair)) {
                found.add_with(at, Defect::Duplicate(format!("pair {pair}")));
            }
            repetition.validate(&at, &metrics, found);
            if found.is_full() {
                return;
            }
        }
    }
}

impl Repetition {
    fn validate(
        &self,
        at: &dyn Fn() -> String,
        declared: &BTreeMap<&Name, &DeclaredMetric>,
        found: &mut Found,
    ) {
        if self.anomalies.len() > limits::ANOMALIES {
            let at = || format!("{}/anomalies", at());
            found.add_with(at, Defect::TooMany(limits::ANOMALIES));
        }
        for (i, anomaly) in self.anomalies.iter().enumerate() {
            let at = || format!("{}/anomalies/{i}/said", at());
            found.check_with(at, showable(&anomaly.said));
        }
        for (name, value) in &self.metrics {
            let at = || format!("{}/metrics/{}", at(), escape(name.as_str()));
            match declared.get(name) {
                None => found.add_with(at, Defect::Undeclared(name.to_string())),
                Some(metric) if metric.kind != value.kind() => {
                    found.add_with(at, Defect::Kind(metric.kind.as_str()));
                }
                Some(metric) => found.check_with(at, value.check(metric.unit)),
            }
        }
    }
}

/// Problems in document order, up to a limit.
#[derive(Default)]
struct Found(Vec<Problem>);

impl Found {
    fn add(&mut self, pointer: &str, defect: Defect) {
        self.add_with(|| pointer.to_owned(), defect);
    }

    fn add_with(&mut self, pointer: impl Fn() -> String, defect: Defect) {
        if !self.is_full() {
            self.0.push(Problem {
                pointer: pointer(),
                defect,
            });
        }
    }

    fn check(&mut self, pointer: &str, checked: Result<(), Defect>) {
        self.check_with(|| pointer.to_owned(), checked);
    }

    /// Builds the pointer only for a defect: a run has millions of sound values.
    fn check_with(&mut self, pointer: impl Fn() -> String, checked: Result<(), Defect>) {
        if let Err(defect) = checked {
            self.add_with(pointer, defect);
        }
    }

    fn is_full(&self) -> bool {
        self.0.len() >= limits::PROBLEMS
    }

    fn into_result(self) -> Result<(), Vec<Problem>> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0)
        }
    }
}

fn duplicate(name: &Name) -> Defect {
    Defect::Duplicate(name.to_string())
}

fn sized(len: usize, limit: usize, what: &'static str) -> Result<(), Defect> {
    match len {
        0 => Err(Defect::Empty(what)),
        n if n > limit => Err(Defect::TooMany(limit)),
        _ => Ok(()),
    }
}

fn showable(text: &str) -> Result<(), Defect> {
    if text.len() <= limits::TEXT_BYTES && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(Defect::Text)
    }
}

/// `YYYY-MM-DDTHH:MM:SS[.fff]Z` with every field in range. The calendar is left to its readers.
fn utc(text: &str) -> Result<(), Defect> {
    let shape = text.len() >= 20
        && text.len() <= 30
        && text
            .bytes()
            .zip("0000-00-00T00:00:00".bytes())
            .all(|(b, p)| {
                if p == b'0' {
                    b.is_ascii_digit()
                } else {
                    b == p
                }
            })
        && text.ends_with('Z');
    let fraction = text
        .get(19..text.len().saturating_sub(1))
        .unwrap_or_default();
    let fraction = fraction.is_empty()
        || (fraction.len() > 1
            && fraction.starts_with('.')
            && fraction[1..].bytes().all(|b| b.is_ascii_digit()));
    let field = |range: std::ops::Range<usize>| {
        text.get(range)
            .and_then(|t| t.parse::<u8>().ok())
            .unwrap_or(99)
    };
    let in_range = (1..=12).contains(&field(5..7))
        && (1..=31).contains(&field(8..10))
        && field(11..13) < 24
        && field(14..16) < 60
        && field(17..19) <= 60;
    if shape && fraction && in_range {
        Ok(())
    } else {
        Err(Defect::Time)
    }
}

/// Escapes a name for use in a JSON pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
