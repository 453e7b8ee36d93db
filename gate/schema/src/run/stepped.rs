//! Times that a clock measured which was set back meanwhile.

use std::collections::BTreeMap;

use super::{Anomaly, AnomalyKind, Declared, Repetition, Run};
use crate::defect::Defect;
use crate::id::ScenarioId;

impl Run {
    /// Leaves out times and rates below zero. Nothing takes less than no time: the clock was set back
    /// between two readings, which is no fault of what was measured. Each repetition that loses one says
    /// so.
    ///
    /// Zero stays, to be refused: it mostly means "not measured".
    pub fn leave_out_stepped(&mut self) {
        let declared = self.manifest.scenarios.iter();
        let declared: BTreeMap<&ScenarioId, &Declared> = declared
            .map(|declared| (&declared.scenario, declared))
            .collect();
        for measured in self.sessions.iter_mut().flat_map(|s| &mut s.scenarios) {
            if let Some(declared) = declared.get(&measured.scenario) {
                for repetition in &mut measured.repetitions {
                    repetition.leave_out_stepped(declared);
                }
            }
        }
    }

    /// Whether a clock was set back in any repetition.
    #[must_use]
    pub fn has_stepped(&self) -> bool {
        let measured = self.sessions.iter().flat_map(|s| &s.scenarios);
        let mut repetitions = measured.flat_map(|m| &m.repetitions);
        repetitions.any(Repetition::has_stepped)
    }
}

impl Repetition {
    fn leave_out_stepped(&mut self, declared: &Declared) {
        let mut first = None;
        self.metrics.retain(|(name, value)| {
            let unit = declared.metric(name).map(|metric| metric.unit);
            let has_stepped = unit
                .is_some_and(|unit| unit.is_timing() && value.check(unit) == Err(Defect::Negative));
            if has_stepped {
                first.get_or_insert_with(|| name.clone());
            }
            !has_stepped
        });
        if let Some(name) = first {
            self.anomalies.push(Anomaly {
                kind: AnomalyKind::ClockStepped,
                said: format!("{name} is below zero"),
            });
        }
    }

    /// Whether the clock was set back meanwhile.
    #[must_use]
    pub fn has_stepped(&self) -> bool {
        let mut anomalies = self.anomalies.iter();
        anomalies.any(|anomaly| anomaly.kind == AnomalyKind::ClockStepped)
    }
}
