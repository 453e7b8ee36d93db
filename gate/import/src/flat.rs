//! A flat file: `{"search": {"p99_ns": 1.2e6, "ops_per_s": 5000, "rss_bytes": 1e6, "recall_ratio": 0.97}}`.
//!
//! The ending of a key gives unit and direction, the rest is the metric's name. An array of such
//! objects is one repetition per entry. This is the shape to write from a shell script.

use std::collections::BTreeSet;

use gate_schema::defect::Defect;
use gate_schema::id::Name;
use gate_schema::run::Run;
use gate_schema::unit::{Direction, Unit};

use crate::assemble::{Assembly, Number, Origin};
use crate::error::{Fault, ImportError};
use crate::json::{Entries, pointer_key};

/// Ending, base unit, direction and factor to the base unit; longest first where one ends in another.
const SUFFIXES: [(&str, Unit, Direction, f64); 9] = [
    ("_per_s", Unit::PerSecond, Direction::Higher, 1.0),
    ("_ns", Unit::Nanoseconds, Direction::Lower, 1.0),
    ("_us", Unit::Nanoseconds, Direction::Lower, 1e3),
    ("_ms", Unit::Nanoseconds, Direction::Lower, 1e6),
    ("_s", Unit::Nanoseconds, Direction::Lower, 1e9),
    ("_bytes", Unit::Bytes, Direction::Lower, 1.0),
    ("_b", Unit::Bytes, Direction::Lower, 1.0),
    ("_ratio", Unit::Ratio, Direction::Higher, 1.0),
    ("_count", Unit::Count, Direction::Lower, 1.0),
];

type Scenarios = Entries<Entries<f64>>;

/// A run of one session. `file` is the path of the file, for messages.
///
/// # Errors
/// Nothing to import, not JSON of this shape, names outside the alphabet of [`Name`], keys whose
/// ending does not say their unit, the same metric twice, impossible numbers.
pub fn to_run(file: &str, bytes: &[u8], origin: &Origin) -> Result<Run, ImportError> {
    let not_json = |source| ImportError::new(file, "", Fault::Json(source));
    let is_array = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let repetitions: Vec<Scenarios> = if is_array {
        serde_json::from_slice(bytes).map_err(not_json)?
    } else {
        vec![serde_json::from_slice(bytes).map_err(not_json)?]
    };
    let mut assembly = Assembly::default();
    for (at, Entries(scenarios)) in repetitions.iter().enumerate() {
        let repetition_pointer = if is_array {
            format!("/{at}")
        } else {
            String::new()
        };
        if scenarios.is_empty() {
            return Err(ImportError::new(
                file,
                repetition_pointer,
                Fault::Nothing("scenarios"),
            ));
        }
        for (scenario, Entries(numbers)) in scenarios {
            let pointer = format!("{repetition_pointer}/{}", pointer_key(scenario));
            let failed = |fault| ImportError::new(file, pointer.clone(), fault);
            let id = Name::new(scenario).map_err(|defect| failed(Fault::Defect(defect)))?;
            if numbers.is_empty() {
                return Err(failed(Fault::Nothing("metrics")));
            }
            let numbers = numbers_of(numbers).map_err(|(key, fault)| {
                ImportError::new(file, format!("{pointer}/{}", pointer_key(key)), fault)
            })?;
            assembly
                .add(at, &id, Default::default(), numbers)
                .map_err(failed)?;
        }
    }
    assembly
        .into_run(repetitions.len(), origin)
        .map_err(|error| match error.fault {
            Fault::Nothing(_) => ImportError::new(file, "", error.fault),
            _ => error,
        })
}

/// The metrics of one scenario in one repetition, or the key that is wrong.
fn numbers_of(entries: &[(String, f64)]) -> Result<Vec<Number>, (&str, Fault)> {
    let mut numbers = Vec::with_capacity(entries.len());
    let mut metrics = BTreeSet::new();
    for (key, value) in entries {
        let number = number(key, *value).map_err(|fault| (key.as_str(), fault))?;
        // Two keys can differ and still be one metric: `time_ns` and `time_us`.
        if !metrics.insert(number.metric.clone()) {
            return Err((key, Fault::Twice(number.metric.to_string())));
        }
        numbers.push(number);
    }
    Ok(numbers)
}

fn number(key: &str, value: f64) -> Result<Number, Fault> {
    let (metric, &(_, unit, direction, factor)) = SUFFIXES
        .iter()
        .find_map(|suffix| Some((key.strip_suffix(suffix.0)?, suffix)))
        .filter(|(metric, _)| !metric.is_empty())
        .ok_or(Fault::Suffix)?;
    let metric = Name::new(metric).map_err(Fault::Defect)?;
    let value = value * factor;
    match unit.check(value) {
        // The clock was set back or is too coarse; the whole run leaves such times out and says so.
        Err(Defect::Negative) if unit.is_timing() => {}
        Err(Defect::Zero) if unit == Unit::Nanoseconds => {}
        checked => checked.map_err(Fault::Defect)?,
    }
    Ok(Number {
        metric,
        unit,
        direction,
        value,
    })
}

/// The endings as one line for a hint.
pub(crate) fn suffixes() -> String {
    SUFFIXES.map(|(suffix, ..)| suffix).join(" ")
}
