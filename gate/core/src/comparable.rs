//! Whether two sides measured the same thing, under the same conditions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gate_schema::id::{Name, ScenarioId};
use gate_schema::noise::Noise;
use gate_schema::report::{FieldDifference, Reason, SideName};
use gate_schema::run::{Declared, Environment, Measured, Mode, Run, Session};

use crate::observe::ObservedMetric;

/// Fingerprint fields that differ, sorted by name. A field known to one side only differs.
#[must_use]
pub fn environment_differences(
    baseline: &Environment,
    candidate: &Environment,
    ignored: &BTreeSet<String>,
) -> Vec<FieldDifference> {
    let fields: BTreeSet<&Name> = baseline
        .fingerprint
        .keys()
        .chain(candidate.fingerprint.keys())
        .collect();
    fields
        .into_iter()
        .filter(|field| !ignored.contains(field.as_str()))
        .map(|field| FieldDifference {
            field: field.clone(),
            baseline: baseline.fingerprint.get(field).cloned(),
            candidate: candidate.fingerprint.get(field).cloned(),
        })
        .filter(|difference| difference.baseline != difference.candidate)
        .collect()
}

/// Whether what calibration showed holds where a run was measured.
pub(crate) fn holds_for(noise: &Noise, run: &Environment, ignored: &BTreeSet<String>) -> bool {
    let calibrated = Environment {
        fingerprint: noise.fingerprint.clone(),
        ..Environment::default()
    };
    environment_differences(&calibrated, run, ignored).is_empty()
}

/// Whether some pair was measured on both sides, so that both ran on one machine in turn. A pair counts
/// whose second member failed.
pub(crate) fn are_in_turn(baseline: &Run, candidate: &Run) -> bool {
    let sessions = [baseline, candidate].map(paired);
    let has_failed_in = |run: &Run, sessions: &BTreeMap<&str, &Session>| {
        let mut ids = run.failures.iter().filter_map(|f| f.session.as_deref());
        ids.any(|id| sessions.contains_key(id))
    };
    sessions[1].iter().any(|(id, session)| {
        let there = sessions[0].get(id);
        there.is_some_and(|there| share_a_pair(there, session))
    }) || has_failed_in(candidate, &sessions[0])
        || has_failed_in(baseline, &sessions[1])
}

/// The sessions of pairs of one run, by id.
fn paired(run: &Run) -> BTreeMap<&str, &Session> {
    let sessions = run.sessions.iter().filter(|s| s.mode == Mode::Paired);
    sessions.map(|s| (s.id.as_str(), s)).collect()
}

/// Whether some pair of some scenario is on both sides of a session.
fn share_a_pair(baseline: &Session, candidate: &Session) -> bool {
    let pairs = |measured: &Measured| -> BTreeSet<u32> {
        measured.repetitions.iter().filter_map(|r| r.pair).collect()
    };
    let scenarios = baseline.scenarios.iter();
    let there: HashMap<&ScenarioId, &Measured> = scenarios.map(|m| (&m.scenario, m)).collect();
    candidate.scenarios.iter().any(|here| {
        let there = there.get(&here.scenario);
        there.is_some_and(|there| !pairs(there).is_disjoint(&pairs(here)))
    })
}

/// Whether a comparison of two runs may look at timings.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditions {
    /// Why not, if it may not.
    pub timing: Option<Reason>,
}

impl Conditions {
    /// Holds two environments against each other; `differences` come from
    /// [`environment_differences`].
    #[must_use]
    pub fn new(
        baseline: &Environment,
        candidate: &Environment,
        differences: &[FieldDifference],
    ) -> Self {
        let unknown = [
            (baseline, SideName::Baseline),
            (candidate, SideName::Candidate),
        ]
        .into_iter()
        .find(|(environment, _)| environment.fingerprint.is_empty())
        .map(|(_, side)| Reason::EnvironmentUnknown { side });
        let differs = most_telling(differences).map(|field| Reason::Environment { field });
        Self {
            timing: unknown.or(differs),
        }
    }

    /// Why two declared scenarios or metrics cannot be compared; `None` when they can.
    #[must_use]
    pub fn refuse(
        &self,
        declared: (&Declared, &Declared),
        metric: (&ObservedMetric, &ObservedMetric),
    ) -> Option<Reason> {
        let (baseline, candidate) = metric;
        if baseline.declared != candidate.declared {
            return Some(Reason::Declaration);
        }
        if let Some(parameter) = parameter_difference(declared.0, declared.1) {
            return Some(Reason::Parameter { parameter });
        }
        if declared.0.input != declared.1.input {
            return Some(Reason::Input);
        }
        if candidate.unit().is_timing() {
            self.timing.clone()
        } else {
            None
        }
    }
}

/// The difference a reader understands best: another processor says more than another machine id.
fn most_telling(differences: &[FieldDifference]) -> Option<Name> {
    const ORDER: [&str; 6] = [
        "cpu_model",
        "cores",
        "kernel",
        "rustc",
        "profile",
        "rustflags",
    ];
    let rank = |field: &Name| {
        ORDER
            .iter()
            .position(|name| *name == field.as_str())
            .unwrap_or(ORDER.len())
    };
    differences
        .iter()
        .map(|difference| &difference.field)
        .min_by_key(|field| (rank(field), field.as_str()))
        .cloned()
}

/// Whether the numbers of one are those of the other: a metric more or less does not change the workload.
pub(crate) fn is_same_workload(one: &Declared, other: &Declared) -> bool {
    one.params == other.params && one.input == other.input
}

/// The first parameter that differs, by name.
pub(crate) fn parameter_difference(baseline: &Declared, candidate: &Declared) -> Option<Name> {
    let names: BTreeMap<&Name, ()> = baseline
        .params
        .keys()
        .chain(candidate.params.keys())
        .map(|name| (name, ()))
        .collect();
    names
        .into_keys()
        .find(|name| baseline.params.get(*name) != candidate.params.get(*name))
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(fields: &[(&str, &str)]) -> Environment {
        let fingerprint = fields
            .iter()
            .map(|(k, v)| (Name::new(k).expect("name"), (*v).to_owned()))
            .collect();
        Environment {
            fingerprint,
            ..Environment::default()
        }
    }

    fn timing(
        baseline: &[(&str, &str)],
        candidate: &[(&str, &str)],
        ignored: &[&str],
    ) -> Option<Reason> {
        let (baseline, candidate) = (environment(baseline), environment(candidate));
        let ignored = ignored.iter().map(|s| (*s).to_owned()).collect();
        let differences = environment_differences(&baseline, &candidate, &ignored);
        Conditions::new(&baseline, &candidate, &differences).timing
    }

    #[test]
    fn timings_are_compared_only_on_the_same_machine() {
        let field = |name: &str| {
            Some(Reason::Environment {
                field: Name::new(name).expect("name"),
            })
        };
        let zen = [("cpu_model", "Zen 5"), ("machine", "a")];
        for (name, baseline, candidate, ignored, expected) in [
            ("equal", &zen[..], &zen[..], &[][..], None),
            (
                "another processor is named before another machine id",
                &zen,
                &[("cpu_model", "Xeon"), ("machine", "b")],
                &[],
                field("cpu_model"),
            ),
            (
                "another machine of the same kind",
                &zen,
                &[("cpu_model", "Zen 5"), ("machine", "b")],
                &[],
                field("machine"),
            ),
            (
                "known to one side only",
                &zen,
                &[("cpu_model", "Zen 5")],
                &[],
                field("machine"),
            ),
            (
                "ignored by policy",
                &zen,
                &[("cpu_model", "Zen 5")],
                &["machine"],
                None,
            ),
            (
                "unknown baseline",
                &[],
                &zen,
                &[],
                Some(Reason::EnvironmentUnknown {
                    side: SideName::Baseline,
                }),
            ),
            (
                "both unknown is not equal",
                &[],
                &[],
                &[],
                Some(Reason::EnvironmentUnknown {
                    side: SideName::Baseline,
                }),
            ),
        ] {
            assert_eq!(timing(baseline, candidate, ignored), expected, "{name}");
        }
    }
}
