//! What can be wrong with another tool's output: the place, the fault, the way out.

use std::error::Error;
use std::fmt;

use gate_schema::defect::Defect;

/// Why nothing was imported. [`fmt::Display`] says what is wrong, [`ImportError::location`] where,
/// [`ImportError::hint`] what to do.
#[derive(Debug)]
pub struct ImportError {
    /// Path of the file as the caller named it; empty when no single file is at fault.
    pub file: String,
    /// JSON pointer (RFC 6901) into that file; empty for the whole file.
    pub pointer: String,
    /// What is wrong there.
    pub fault: Fault,
}

impl ImportError {
    pub(crate) fn new(file: &str, pointer: impl Into<String>, fault: Fault) -> Self {
        Self {
            file: file.to_owned(),
            pointer: pointer.into(),
            fault,
        }
    }

    /// The place as `file#/json/pointer`; `None` when no single file is at fault.
    #[must_use]
    pub fn location(&self) -> Option<String> {
        match (self.file.as_str(), self.pointer.as_str()) {
            ("", _) => None,
            (file, "") => Some(file.to_owned()),
            (file, pointer) => Some(format!("{file}#{pointer}")),
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match &self.fault {
            Fault::Json(_) => {
                "run the benchmark again; the file is not as its tool writes it".into()
            }
            Fault::Nothing(_) => {
                "run the benchmark first, then point `gate import` at the folder or file it wrote"
                    .into()
            }
            Fault::Lengths { .. } => {
                "run the benchmark again; the file was cut off or edited".into()
            }
            Fault::Iterations => {
                "run the benchmark again; every sample needs at least one iteration".into()
            }
            Fault::Twice(_) => "give every benchmark a name of its own".into(),
            Fault::Collision { .. } => {
                "rename one of them; names become A-Z a-z 0-9 _ . : / + - [ ] ( ) @ = ,".into()
            }
            Fault::Throughput => {
                "import only repetitions of the same benchmark code together".into()
            }
            Fault::Suffix => format!("end the key in one of {}", crate::flat::suffixes()),
            Fault::Unit(name) => format!("write `{name}` with the same unit in every repetition"),
            Fault::Defect(defect) => defect.hint(),
        }
    }
}

/// One kind of mistake.
#[derive(Debug)]
pub enum Fault {
    /// Not JSON, cut off, or JSON of another shape; line and column are in the message.
    Json(serde_json::Error),
    /// There is nothing to import; carries what is missing.
    Nothing(&'static str),
    /// A sample with another number of times than of iteration counts.
    Lengths {
        /// Iteration counts in the file.
        iterations: usize,
        /// Times in the file.
        times: usize,
    },
    /// A sample of zero, negative or broken iterations.
    Iterations,
    /// The same benchmark or metric twice in one repetition; carries its name.
    Twice(String),
    /// Two benchmarks whose names become the same scenario.
    Collision {
        /// The name seen first.
        first: String,
        /// The name that became the same.
        second: String,
    },
    /// A benchmark that declares another amount of work than in an earlier repetition.
    Throughput,
    /// A key whose ending does not say its unit.
    Suffix,
    /// A metric with another unit than in an earlier repetition; carries its name.
    Unit(String),
    /// A name or number that no run document may hold.
    Defect(Defect),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            Fault::Json(source) if source.is_eof() => write!(f, "the file is cut off: {source}"),
            Fault::Json(source) if source.is_data() => {
                write!(f, "not the expected shape: {source}")
            }
            Fault::Json(source) => write!(f, "not JSON: {source}"),
            Fault::Nothing(what) => write!(f, "no {what}"),
            Fault::Lengths { iterations, times } => {
                write!(f, "{iterations} iteration counts but {times} times")
            }
            Fault::Iterations => f.write_str("a sample without a positive number of iterations"),
            Fault::Twice(name) => write!(
                f,
                "`{}` appears twice in one repetition",
                name.escape_debug()
            ),
            Fault::Collision { first, second } => {
                write!(
                    f,
                    "`{}` and `{}` become the same scenario",
                    first.escape_debug(),
                    second.escape_debug()
                )
            }
            Fault::Throughput => f.write_str("another throughput than in an earlier repetition"),
            Fault::Suffix => f.write_str("the key does not end in a unit"),
            Fault::Unit(name) => write!(
                f,
                "`{}` has another unit than in an earlier repetition",
                name.escape_debug()
            ),
            Fault::Defect(defect) => defect.fmt(f),
        }
    }
}

impl Error for ImportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.fault {
            Fault::Json(source) => Some(source),
            Fault::Defect(defect) => Some(defect),
            _ => None,
        }
    }
}
