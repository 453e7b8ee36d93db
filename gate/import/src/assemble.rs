//! Values of several repetitions into one run of one session.

use std::collections::BTreeMap;

use gate_schema::defect::Defect;
use gate_schema::id::{MetricName, Name, ScenarioId};
use gate_schema::run::{
    Check, Declared, DeclaredMetric, Environment, FORMAT, Kind, Manifest, Measured, MetricValue,
    Mode, Param, Repetition, Run, Session, Source,
};
use gate_schema::unit::{Direction, Unit};

use crate::error::{Fault, ImportError};

/// Most repetitions over all scenarios: a suite of 200,000 scenarios measured ten times.
///
/// Without it a small file of many repetitions with one scenario each would fill the memory with
/// empty repetitions.
const MAX_REPETITIONS: usize = 2_000_000;

/// What the files of another tool do not say: who measured what, where and when.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Id of the run document.
    pub id: String,
    /// When the document is written, RFC 3339 in UTC.
    pub created: String,
    /// When the measurements started, RFC 3339 in UTC.
    pub session_start: String,
    /// What was built.
    pub source: Source,
    /// Where it ran.
    pub environment: Environment,
}

/// One number of one repetition.
pub(crate) struct Number {
    pub(crate) metric: MetricName,
    pub(crate) unit: Unit,
    pub(crate) direction: Direction,
    pub(crate) value: f64,
}

/// One scenario over all repetitions. Collects in any order, returns everything sorted.
#[derive(Default)]
struct Collected {
    params: BTreeMap<Name, Param>,
    metrics: BTreeMap<MetricName, (Unit, Direction)>,
    repetitions: BTreeMap<usize, Vec<(MetricName, MetricValue)>>,
}

/// Gathers scenarios repetition by repetition.
#[derive(Default)]
pub(crate) struct Assembly(BTreeMap<ScenarioId, Collected>);

impl Assembly {
    /// Adds what `repetition` (counted from zero) measured for one scenario.
    ///
    /// # Errors
    /// A scenario given twice in one repetition, parameters or a unit that differ between repetitions.
    pub(crate) fn add(
        &mut self,
        repetition: usize,
        scenario: &ScenarioId,
        params: BTreeMap<Name, Param>,
        numbers: Vec<Number>,
    ) -> Result<(), Fault> {
        let is_first = !self.0.contains_key(scenario);
        let collected = self.0.entry(scenario.clone()).or_default();
        if is_first {
            collected.params = params;
        } else if collected.params != params {
            return Err(Fault::Throughput);
        }
        let mut metrics = Vec::with_capacity(numbers.len());
        for Number {
            metric,
            unit,
            direction,
            value,
        } in numbers
        {
            let declared = collected
                .metrics
                .entry(metric.clone())
                .or_insert((unit, direction));
            if *declared != (unit, direction) {
                return Err(Fault::Unit(metric.to_string()));
            }
            metrics.push((metric, MetricValue::Value(value)));
        }
        match collected.repetitions.insert(repetition, metrics) {
            Some(_) => Err(Fault::Twice(scenario.to_string())),
            None => Ok(()),
        }
    }

    /// The run of one session with `repetitions` process starts.
    ///
    /// A scenario that a repetition lacks has an empty repetition there, so that a report says
    /// "measured in 1 of 2 repetitions" and not "measured once".
    ///
    /// # Errors
    /// [`Fault::Nothing`] without any scenario, too many repetitions, and whatever [`Run::validate`]
    /// finds, which can only be about sizes and `origin`.
    pub(crate) fn into_run(self, repetitions: usize, origin: &Origin) -> Result<Run, ImportError> {
        let failed = |fault| ImportError::new("", "", fault);
        if self.0.is_empty() {
            return Err(failed(Fault::Nothing("benchmarks")));
        }
        if self.0.len().saturating_mul(repetitions) > MAX_REPETITIONS {
            return Err(failed(Fault::Defect(Defect::TooMany(MAX_REPETITIONS))));
        }
        let mut declared = Vec::with_capacity(self.0.len());
        let mut measured = Vec::with_capacity(self.0.len());
        for (scenario, mut collected) in self.0 {
            let repetitions: Result<Vec<Repetition>, _> = (0..repetitions)
                .map(|at| Repetition::new(collected.repetitions.remove(&at).unwrap_or_default()))
                .collect();
            measured.push(Measured {
                scenario: scenario.clone(),
                check: Check::None,
                recording_overhead_ns: None,
                repetitions: repetitions.map_err(|defect| failed(Fault::Defect(defect)))?,
            });
            let metric = |(name, (unit, direction))| DeclaredMetric {
                name,
                kind: Kind::Value,
                unit,
                direction,
                at: None,
            };
            let metrics = collected.metrics.into_iter().map(metric).collect();
            declared.push(Declared {
                scenario,
                params: collected.params,
                input: None,
                metrics,
            });
        }
        let mut run = Run {
            format: FORMAT.to_owned(),
            id: origin.id.clone(),
            created: origin.created.clone(),
            source: origin.source.clone(),
            environment: origin.environment.clone(),
            manifest: Manifest {
                tier: None,
                scenarios: declared,
            },
            sessions: vec![Session {
                // Unique among runs: a baseline keeps one session per id.
                id: format!("{}/1", origin.id),
                start: origin.session_start.clone(),
                mode: Mode::Single,
                scenarios: measured,
            }],
            failures: Vec::new(),
            pooled: Vec::new(),
            provenance: None,
        };
        run.leave_out_misread();
        match run.validate() {
            Ok(()) => Ok(run),
            Err(problems) => {
                let problem = problems
                    .into_iter()
                    .next()
                    .expect("a refusal names at least one problem");
                Err(ImportError::new(
                    "",
                    problem.pointer,
                    Fault::Defect(problem.defect),
                ))
            }
        }
    }
}
