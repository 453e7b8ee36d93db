//! The table `[measure]`: how `gate check` builds and measures a project.

use std::time::Duration;

use gate_core::next::Plan;
use gate_schema::code::Code;
use toml::de::{DeTable, DeValue};

use super::fields::{Source, Wrong, text, whole};

const KEYS: [&str; 9] = [
    "build",
    "list",
    "command",
    "timeout",
    "warm-up-starts",
    "pairs",
    "rerun-pairs",
    "budget",
    "ignore-paths",
];

/// Fewest pairs: two differences have no scatter worth the name.
const MIN_PAIRS: u64 = 3;

/// Most pairs. Both rounds together stay far below the repetitions a run may hold.
const MAX_PAIRS: u32 = 1_000;

/// Most starts that are dropped: as many as anybody measures.
const MAX_WARM_UP_STARTS: u32 = 100;

/// How a project is built and measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    /// Makes a side ready; nothing to do without it.
    pub(crate) build: Option<String>,
    /// Prints the ids of all scenarios; without it one process measures all of them.
    pub(crate) list: Option<String>,
    /// Measures once.
    pub(crate) command: String,
    /// Longest time of one command; never zero.
    pub(crate) timeout: Duration,
    /// Starts of each scenario and side that are dropped before the first session. Never zero: the first
    /// tells what the scenario declares.
    pub(crate) warm_up_starts: u32,
    /// Pairs that every scenario is measured in.
    pub(crate) pairs: u32,
    /// Pairs that a suspected scenario is measured in again.
    pub(crate) rerun_pairs: u32,
    /// Time for all measuring; never zero.
    pub(crate) budget: Duration,
    /// Globs over paths of the repository. A change of nothing else is not worth measuring.
    pub(crate) ignore_paths: Vec<String>,
}

impl Measure {
    /// What holds when only the command is given. As `gate init` writes it, by test.
    pub(crate) fn new(command: String) -> Self {
        Self {
            build: None,
            list: None,
            command,
            timeout: Duration::from_secs(600),
            warm_up_starts: 1,
            pairs: 5,
            rerun_pairs: 10,
            budget: Duration::from_secs(600),
            ignore_paths: Vec::new(),
        }
    }

    /// How many pairs its steps measure.
    pub(crate) fn plan(&self) -> Plan {
        Plan {
            pairs: self.pairs,
            rerun_pairs: self.rerun_pairs,
        }
    }
}

/// Reads the table. `None` when it is absent or lacks a sound command, which is reported.
pub(super) fn measure(table: &DeTable<'_>, source: &mut Source<'_>) -> Option<Measure> {
    let value = table.get("measure")?;
    let Some(table) = value.get_ref().as_table() else {
        let message = format!("expected a table, found {}", value.get_ref().type_str());
        let hint = "write [measure] with single brackets";
        source.problem(Code::PolicyValue, message, value.span(), hint);
        return None;
    };
    source.refuse_unknown(table, &KEYS);
    if table.get("command").is_none() {
        let message = "a [measure] without `command`".to_owned();
        let hint = "write command = \"...\": it measures $GATE_SCENARIO into $GATE_OUT";
        source.problem(Code::PolicyValue, message, value.span(), hint);
    }
    let usual = Measure::new(String::new());
    let command = source.take(table, "command", line);
    let build = source.take(table, "build", line);
    let list = source.take(table, "list", line);
    let timeout = source.take(table, "timeout", time);
    let warm_up_starts = source.take(table, "warm-up-starts", starts);
    let first = source.take(table, "pairs", pairs);
    let rerun = source.take(table, "rerun-pairs", pairs);
    let budget = source.take(table, "budget", time);
    let ignore_paths = source.take(table, "ignore-paths", globs);
    Some(Measure {
        build,
        list,
        command: command?,
        timeout: timeout.unwrap_or(usual.timeout),
        warm_up_starts: warm_up_starts.unwrap_or(usual.warm_up_starts),
        pairs: first.unwrap_or(usual.pairs),
        rerun_pairs: rerun.unwrap_or(usual.rerun_pairs),
        budget: budget.unwrap_or(usual.budget),
        ignore_paths: ignore_paths.unwrap_or(usual.ignore_paths),
    })
}

/// Something for `sh -c`.
fn line(value: &DeValue<'_>) -> Result<String, Wrong> {
    let given = text(value, "\"cargo build --release\"")?.trim();
    if given.is_empty() || given.contains('\0') {
        let hint = "write a shell command, or leave out the key";
        return Err(Wrong::new("an empty command", hint));
    }
    Ok(given.to_owned())
}

fn time(value: &DeValue<'_>) -> Result<Duration, Wrong> {
    let hint = "write a time with its unit, such as \"90s\" or \"10m\"";
    match humantime::parse_duration(text(value, "\"10m\"")?) {
        Ok(time) if time.is_zero() => Err(Wrong::new("no time at all", hint)),
        Ok(time) => Ok(time),
        Err(error) => Err(Wrong::new(format!("not a time: {error}"), hint)),
    }
}

fn globs(value: &DeValue<'_>) -> Result<Vec<String>, Wrong> {
    let wrong = || {
        let hint = "write it as [\"docs/**\", \"**/*.md\"]";
        Wrong::new("expected a list of globs over paths", hint)
    };
    let list = value.as_array().ok_or_else(wrong)?;
    let glob = |value: &str| (!value.is_empty()).then(|| value.to_owned());
    let globs = list
        .iter()
        .map(|item| item.get_ref().as_str().and_then(glob));
    globs.collect::<Option<Vec<_>>>().ok_or_else(wrong)
}

fn pairs(value: &DeValue<'_>) -> Result<u32, Wrong> {
    at_most(MAX_PAIRS, whole(value, MIN_PAIRS)?, "pairs")
}

fn starts(value: &DeValue<'_>) -> Result<u32, Wrong> {
    at_most(MAX_WARM_UP_STARTS, whole(value, 1)?, "starts")
}

fn at_most(most: u32, number: u64, what: &str) -> Result<u32, Wrong> {
    match u32::try_from(number) {
        Ok(number) if number <= most => Ok(number),
        _ => Err(Wrong::new(
            format!("more {what} than anybody waits for"),
            format!("write a whole number of at most {most}"),
        )),
    }
}
