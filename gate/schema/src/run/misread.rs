//! Times that no clock can have meant: those of one that was set back meanwhile, or that is too coarse.

use std::collections::BTreeMap;

use super::{Anomaly, AnomalyKind, MetricValue, Repetition, Run};
use crate::defect::Defect;
use crate::id::{MetricName, ScenarioId};
use crate::unit::Unit;
use crate::validate::limits;

type Units<'a> = BTreeMap<&'a MetricName, Unit>;

impl Run {
    /// Leaves out times that the clock misread, which is no fault of what was measured: times and rates
    /// below zero, because it was set back between two readings, and times of zero, because it is too
    /// coarse. Each repetition that loses one says so.
    ///
    /// Sizes and rates of zero stay, to be refused: they mean "not measured".
    pub fn leave_out_misread(&mut self) {
        let scenarios = self.manifest.scenarios.iter();
        let declared: BTreeMap<&ScenarioId, Units<'_>> = scenarios
            .map(|declared| {
                let metrics = declared.metrics.iter();
                let units = metrics.map(|metric| (&metric.name, metric.unit));
                (&declared.scenario, units.collect())
            })
            .collect();
        for measured in self.sessions.iter_mut().flat_map(|s| &mut s.scenarios) {
            if let Some(units) = declared.get(&measured.scenario) {
                for repetition in &mut measured.repetitions {
                    repetition.leave_out_misread(units);
                }
            }
        }
    }

    /// Whether something of `kind` happened in any repetition.
    #[must_use]
    pub fn has(&self, kind: AnomalyKind) -> bool {
        let measured = self.sessions.iter().flat_map(|s| &s.scenarios);
        let mut repetitions = measured.flat_map(|m| &m.repetitions);
        repetitions.any(|repetition| repetition.has(kind))
    }
}

impl Repetition {
    fn leave_out_misread(&mut self, units: &Units<'_>) {
        let mut said: BTreeMap<AnomalyKind, String> = BTreeMap::new();
        self.metrics.retain(|(name, value)| {
            let misread = units.get(name).and_then(|unit| misread(value, *unit));
            if let Some((kind, what)) = misread {
                said.entry(kind).or_insert_with(|| format!("{name} {what}"));
            }
            misread.is_none()
        });
        if !said.is_empty() {
            // A repetition tells no more than so many, and why times are missing is worth telling.
            self.anomalies.truncate(limits::ANOMALIES - said.len());
        }
        let anomaly = |(kind, said)| Anomaly { kind, said };
        self.anomalies.extend(said.into_iter().map(anomaly));
    }

    /// Whether something of `kind` happened meanwhile.
    #[must_use]
    pub fn has(&self, kind: AnomalyKind) -> bool {
        self.anomalies.iter().any(|anomaly| anomaly.kind == kind)
    }
}

/// What the clock did to a value in `unit`, in words too; `None` for what it may have meant.
fn misread(value: &MetricValue, unit: Unit) -> Option<(AnomalyKind, &'static str)> {
    match value.check(unit) {
        Err(Defect::Negative) if unit.is_timing() => {
            Some((AnomalyKind::ClockStepped, "is below zero"))
        }
        Err(Defect::Zero) if unit == Unit::Nanoseconds => {
            Some((AnomalyKind::ClockCoarse, "is zero"))
        }
        _ => None,
    }
}
