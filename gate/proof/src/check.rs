//! `proof check`: whole gates of the real binaries.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use gate_proof::real::case::Case;
use gate_proof::real::neighbour::Neighbour;
use gate_proof::real::policy::{self, POLICY};
use gate_proof::real::read::Left;
use gate_proof::real::record::{GateRecord, Recording, Settings};
use gate_proof::real::start::{Interrupt, Starter};
use gate_schema::id::Digest;
use sha2::{Digest as _, Sha256};

/// What is run, how often and where it is recorded.
#[derive(clap::Args)]
pub(crate) struct Check {
    /// Gates of each case. Those already in the recording count.
    #[arg(long)]
    gates: usize,
    /// What is planted; may be given several times [default: every case].
    #[arg(long = "case", value_parser = super::named(&Case::ALL, Case::as_str))]
    cases: Vec<Case>,
    /// Run a neighbour beside, busy for 1 to 20 s and idle for 1 to 20 s by turns.
    #[arg(long)]
    neighbour: bool,
    /// Time for measuring of each gate.
    #[arg(long, default_value = "60s", value_parser = budget)]
    budget: String,
    /// Nodes that vector search looks at under recall-1.
    #[arg(long, default_value_t = 46)]
    expansion: u32,
    /// Seeds the neighbour.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Let the rules of other tools judge the repetitions of the first sessions.
    #[arg(long)]
    rivals: bool,
    /// The recording; written after every gate, and continued where it exists.
    #[arg(long)]
    out: PathBuf,
    /// The program that both sides run.
    #[arg(long, default_value = "target/release/bench")]
    bench: PathBuf,
    /// The gate.
    #[arg(long, default_value = "target/release/gate")]
    gate: PathBuf,
    /// Keep the documents and the log of every gate here.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Runs what the recording lacks, at the top of the repository. Returns the finished recording.
pub(crate) fn run(arguments: &Check) -> Result<Recording, String> {
    let policy = Path::new(POLICY);
    let settings = Settings {
        budget: arguments.budget.clone(),
        expansion: arguments.expansion,
        seed: arguments.seed,
        bench: digest(&arguments.bench)?,
        gate: digest(&arguments.gate)?,
        policy: digest(policy)?,
    };
    let mut recording = Recording::resume(&arguments.out, settings)?;
    let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
    // Copies, because a build in between would exchange the programs under the gates.
    let [bench, gate] =
        [(&arguments.bench, "bench"), (&arguments.gate, "gate")].map(|(from, name)| {
            let to = temporary.path().join(name);
            let copied = fs::copy(from, &to);
            copied.map(|_| to).map_err(|error| at(from, error))
        });
    let starter = Starter {
        gate: gate?,
        policy: policy::copy(policy, &temporary.path().join("baselines"), &bench?)?,
        budget: arguments.budget.clone(),
        expansion: arguments.expansion,
    };
    let kept = match &arguments.keep {
        Some(directory) => std::path::absolute(directory).map_err(|error| at(directory, error))?,
        None => temporary.path().join("gates"),
    };
    gates(arguments, &starter, &kept, &mut recording)?;
    Ok(recording)
}

fn gates(
    arguments: &Check,
    starter: &Starter,
    kept: &Path,
    recording: &mut Recording,
) -> Result<(), String> {
    let interrupt = Interrupt::on_signals().map_err(|error| error.to_string())?;
    let cases = if arguments.cases.is_empty() {
        &Case::ALL[..]
    } else {
        &arguments.cases
    };
    let mut neighbour = None;
    while let Some(case) = recording.next(cases, arguments.gates, arguments.neighbour) {
        if arguments.neighbour && neighbour.is_none() {
            neighbour = Some(start_neighbour(arguments.seed, recording.gates.len())?);
        }
        let name = format!("{:04}-{}", recording.gates.len() + 1, case.as_str());
        let directory = kept.join(name);
        // What an interrupted gate left must not be taken for this one's.
        let _ = fs::remove_dir_all(&directory);
        let ran = starter.run(case, &directory, &interrupt);
        if interrupt.has_fired() {
            let path = arguments.out.display();
            return Err(format!("interrupted; {path} holds every gate that ended"));
        }
        let ran = ran?;
        if neighbour.as_mut().is_some_and(|n| !n.is_alive()) {
            return Err("the neighbour ended before the gate did".to_owned());
        }
        let left = Left::read(&directory)?;
        let rivals = if arguments.rivals {
            left.rivals(case)?
        } else {
            Vec::new()
        };
        recording.gates.push(GateRecord {
            case,
            neighbour: arguments.neighbour,
            started: ran.started,
            seconds: ran.seconds,
            exit_code: ran.exit_code,
            said: left.said(),
            rivals,
        });
        recording.write(&arguments.out)?;
        if arguments.keep.is_none() {
            let _ = fs::remove_dir_all(&directory);
        }
        tell(recording);
    }
    Ok(())
}

/// What it does next must not repeat what it did before the recording was continued.
fn start_neighbour(seed: u64, gates: usize) -> Result<Neighbour, String> {
    let proof = std::env::current_exe().map_err(|error| error.to_string())?;
    let seed = seed.wrapping_add((gates as u64) << 32);
    Neighbour::start(&proof, seed).map_err(|error| format!("the neighbour: {error}"))
}

/// One line about the newest gate.
fn tell(recording: &Recording) {
    let Some(gate) = recording.gates.last() else {
        return;
    };
    let failed: Vec<String> = (gate.said.failed.iter())
        .map(|row| format!("{} {}", row.scenario, row.metric))
        .collect();
    // Nobody listening is not an error.
    let _ = writeln!(
        std::io::stderr(),
        "{} {}{}: exit {}, {:.0} s, {} of {} rows undecided; failed: {}",
        recording.gates.len(),
        gate.case.as_str(),
        if gate.neighbour { ", neighbour" } else { "" },
        gate.exit_code,
        gate.seconds,
        gate.said.undecided,
        gate.said.rows,
        if failed.is_empty() {
            "none".to_owned()
        } else {
            failed.join(", ")
        },
    );
}

fn digest(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| at(path, error))?;
    Ok(Digest::from_bytes(&Sha256::digest(bytes).into()).to_string())
}

fn at(path: &Path, error: impl std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

fn budget(text: &str) -> Result<String, String> {
    humantime::parse_duration(text)
        .map(|_| text.to_owned())
        .map_err(|error| format!("{error}; write it as 10m or 90s"))
}
