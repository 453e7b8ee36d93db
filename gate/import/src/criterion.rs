//! criterion.rs: `target/criterion/<directories>/new/{benchmark.json,sample.json}`.
//!
//! Both files are as criterion 0.8 writes them with its default wall-clock measurement; another
//! measurement (cycles, instructions) leaves files of the same shape without naming its unit, so
//! they cannot be told apart and must not be imported.
//!
//! The estimates criterion derived are not read: the time of a repetition is the sum of its sample
//! times over the sum of its iterations. A declared throughput becomes a parameter of the scenario
//! and not a metric: it is the same number turned upside down, and as a second row it would be
//! judged twice. As a parameter it refuses to compare two benchmarks that did different work.

use std::collections::BTreeMap;

use gate_schema::defect::Defect;
use gate_schema::id::{Name, ScenarioId};
use gate_schema::run::{Param, Run};
use gate_schema::unit::{Direction, Unit};
use serde::Deserialize;

use crate::assemble::{Assembly, Number, Origin};
use crate::error::{Fault, ImportError};

/// The two files criterion leaves for one benchmark.
#[derive(Clone, Debug)]
pub struct BenchmarkFiles {
    /// Path of the folder that holds both files, for messages.
    pub folder: String,
    /// Bytes of `benchmark.json`.
    pub benchmark: Vec<u8>,
    /// Bytes of `sample.json`.
    pub sample: Vec<u8>,
}

/// A run of one session with the metric `time` for every benchmark.
///
/// `repetitions` has one entry per execution of `cargo bench`, in the order they ran; each holds the
/// benchmarks of that execution in any order. The scenario is criterion's full id, with every
/// character outside the alphabet of [`Name`] replaced by `_`.
///
/// # Errors
/// Nothing to import, files that are not as criterion writes them, impossible numbers, a benchmark
/// twice in one repetition, two benchmarks whose names become the same scenario.
pub fn to_run(repetitions: &[Vec<BenchmarkFiles>], origin: &Origin) -> Result<Run, ImportError> {
    if let Some(at) = repetitions.iter().position(Vec::is_empty) {
        let what = if at == 0 {
            "benchmarks"
        } else {
            "benchmarks in one of the repetitions"
        };
        return Err(ImportError::new("", "", Fault::Nothing(what)));
    }
    let mut assembly = Assembly::default();
    let mut full_ids: BTreeMap<ScenarioId, String> = BTreeMap::new();
    for (at, repetition) in repetitions.iter().enumerate() {
        for files in repetition {
            let file = |name: &str| format!("{}/{name}", files.folder.trim_end_matches('/'));
            let benchmark_file = file("benchmark.json");
            let in_benchmark =
                |pointer: &str, fault| ImportError::new(&benchmark_file, pointer, fault);
            let benchmark: Benchmark = serde_json::from_slice(&files.benchmark)
                .map_err(|source| in_benchmark("", Fault::Json(source)))?;
            let scenario = scenario(&benchmark.full_id)
                .map_err(|defect| in_benchmark("/full_id", Fault::Defect(defect)))?;
            let first = full_ids
                .entry(scenario.clone())
                .or_insert_with(|| benchmark.full_id.clone());
            if *first != benchmark.full_id {
                let fault = Fault::Collision {
                    first: first.clone(),
                    second: benchmark.full_id,
                };
                return Err(in_benchmark("/full_id", fault));
            }
            let value = time_per_iteration(&files.sample).map_err(|(pointer, fault)| {
                ImportError::new(&file("sample.json"), pointer, fault)
            })?;
            let number = Number {
                metric: name("time"),
                unit: Unit::Nanoseconds,
                direction: Direction::Lower,
                value,
            };
            let params = benchmark
                .throughput
                .map(Throughput::into_params)
                .unwrap_or_default();
            assembly
                .add(at, &scenario, params, vec![number])
                .map_err(|fault| match fault {
                    Fault::Throughput => in_benchmark("/throughput", fault),
                    _ => in_benchmark("/full_id", fault),
                })?;
        }
    }
    assembly.into_run(repetitions.len(), origin)
}

/// The part of `benchmark.json` we need.
#[derive(Deserialize)]
struct Benchmark {
    full_id: String,
    throughput: Option<Throughput>,
}

/// Work per iteration as the benchmark declares it.
#[derive(Deserialize)]
enum Throughput {
    Bits(u64),
    Bytes(u64),
    BytesDecimal(u64),
    Elements(u64),
    ElementsAndBytes { elements: u64, bytes: u64 },
}

impl Throughput {
    fn into_params(self) -> BTreeMap<Name, Param> {
        // More than 2^63 - 1 of anything per iteration is not work that was done.
        let amount = |count: u64| Param::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        let entries = match self {
            Self::Bits(count) => vec![("bits", count)],
            Self::Bytes(count) | Self::BytesDecimal(count) => vec![("bytes", count)],
            Self::Elements(count) => vec![("elements", count)],
            Self::ElementsAndBytes { elements, bytes } => {
                vec![("elements", elements), ("bytes", bytes)]
            }
        };
        entries
            .into_iter()
            .map(|(key, count)| (name(key), amount(count)))
            .collect()
    }
}

/// `sample.json`: `times[i]` nanoseconds for `iters[i]` iterations.
#[derive(Deserialize)]
struct Sample {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// Mean nanoseconds per iteration, or where the file is wrong.
fn time_per_iteration(bytes: &[u8]) -> Result<f64, (String, Fault)> {
    let Sample { iters, times } =
        serde_json::from_slice(bytes).map_err(|source| (String::new(), Fault::Json(source)))?;
    if iters.len() != times.len() {
        return Err((
            "/times".into(),
            Fault::Lengths {
                iterations: iters.len(),
                times: times.len(),
            },
        ));
    }
    if iters.is_empty() {
        return Err(("/iters".into(), Fault::Nothing("samples")));
    }
    if let Some(at) = iters
        .iter()
        .position(|&count| !(count.is_finite() && count > 0.0))
    {
        return Err((format!("/iters/{at}"), Fault::Iterations));
    }
    let wrong = |time: f64| Unit::Nanoseconds.check(time).err();
    if let Some((at, defect)) = times
        .iter()
        .enumerate()
        .find_map(|(at, &time)| Some((at, wrong(time)?)))
    {
        return Err((format!("/times/{at}"), Fault::Defect(defect)));
    }
    let mean = times.iter().sum::<f64>() / iters.iter().sum::<f64>();
    Unit::Nanoseconds
        .check(mean)
        .map_err(|defect| ("/times".into(), Fault::Defect(defect)))?;
    Ok(mean)
}

/// The full id in the alphabet of [`Name`].
fn scenario(full_id: &str) -> Result<ScenarioId, Defect> {
    let allowed = |c: char| Name::new(c.encode_utf8(&mut [0; 4])).is_ok() || c == '-';
    let mapped: String = full_id
        .chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .collect();
    // What a name may contain but not at its start, and the one sequence it may not contain.
    let mapped = if let Some(rest) = mapped.strip_prefix('-') {
        format!("_{rest}")
    } else {
        mapped
    };
    Name::new(&mapped.replace("://", ":__"))
}

fn name(text: &'static str) -> Name {
    Name::new(text).expect("our own names keep the alphabet")
}
