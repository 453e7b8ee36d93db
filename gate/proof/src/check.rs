//! `proof check`: whole gates of the real binaries.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use gate_proof::real::case::{Case, Plant};
use gate_proof::real::neighbour::Neighbour;
use gate_proof::real::policy::{POLICY, Policy};
use gate_proof::real::read::Left;
use gate_proof::real::record::{GateRecord, Recording, Settings};
use gate_proof::real::start::{Interrupt, LOG, Ran, Starter};
use gate_schema::id::Digest;
use sha2::{Digest as _, Sha256};

/// Broken gates in a row after which the next would break as well.
const MAX_BROKEN: usize = 3;

/// Lines of a broken gate's log that are shown.
const LAST_LINES: usize = 12;

/// What is run, how often and where it is recorded.
#[derive(clap::Args)]
pub(crate) struct Check {
    /// Gates of each case. Those already in the recording count.
    #[arg(long)]
    gates: usize,
    /// What is planted; may be given several times [default: every case].
    #[arg(long = "case", value_parser = super::named(&Case::ALL, Case::as_str))]
    cases: Vec<Case>,
    /// Plant it in the scenarios that match this glob alone and spare the others: their rows must not fail.
    /// Of several areas: '{text,feed}/**'.
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    plant_only: Option<String>,
    /// Run a neighbour beside, busy for 1 to 20 s and idle for 1 to 20 s by turns.
    #[arg(long)]
    neighbour: bool,
    /// Time for measuring of each gate.
    #[arg(long, default_value = "60s", value_parser = budget)]
    budget: String,
    /// Only scenarios that match this glob; may be given several times.
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,
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
    let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
    // Copies, because a build in between would exchange the programs under the gates.
    let [bench, gate] =
        [(&arguments.bench, "bench"), (&arguments.gate, "gate")].map(|(from, name)| {
            let to = temporary.path().join(name);
            let copied = fs::copy(from, &to);
            copied.map(|_| to).map_err(|error| at(from, error))
        });
    let (bench, gate) = (bench?, gate?);
    let policy = Policy::read(Path::new(POLICY))?;
    let settings = Settings {
        budget: arguments.budget.clone(),
        only: arguments.only.clone(),
        expansion: arguments.expansion,
        seed: arguments.seed,
        bench: digest(&bench)?,
        gate: digest(&gate)?,
        policy: policy.digest(),
    };
    let mut recording = Recording::resume(&arguments.out, settings)?;
    let starter = Starter {
        gate,
        policy: policy.write(&temporary.path().join("baselines"), &bench)?,
        budget: arguments.budget.clone(),
        only: arguments.only.clone(),
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
    let only = arguments.plant_only.as_deref();
    let plants: Vec<Plant<'_>> = cases.iter().map(|&case| Plant::new(case, only)).collect();
    let interrupted = || {
        let path = arguments.out.display();
        Err(format!("interrupted; {path} holds every gate that ended"))
    };
    let mut neighbour = None;
    let mut broken_in_a_row = 0;
    while let Some(plant) = recording.next(&plants, arguments.gates, arguments.neighbour) {
        if interrupt.has_fired() {
            return interrupted();
        }
        if broken_in_a_row == MAX_BROKEN {
            let path = arguments.out.display();
            return Err(format!(
                "{MAX_BROKEN} gates in a row broke, and the next would; {path} holds them"
            ));
        }
        if arguments.neighbour && neighbour.is_none() {
            neighbour = Some(start_neighbour(arguments.seed, recording.gates.len())?);
        }
        let directory = kept.join(name(recording.gates.len(), plant.case()));
        // What an interrupted gate left must not be taken for this one's.
        let _ = fs::remove_dir_all(&directory);
        let ran = match starter.run(plant, &directory, &interrupt) {
            Err(_) if interrupt.has_fired() => return interrupted(),
            ran => ran?,
        };
        if ran.was_told && ran.broken.is_some() {
            return interrupted();
        }
        let mut gate = record(arguments, plant, ran, &directory);
        if neighbour.as_mut().is_some_and(|n| !n.is_alive()) {
            // The next gate gets another one.
            neighbour = None;
            let why = || "the neighbour ended before the gate did".to_owned();
            gate.broken.get_or_insert_with(why);
        }
        broken_in_a_row = if gate.is_broken() {
            broken_in_a_row + 1
        } else {
            0
        };
        recording.gates.push(gate);
        recording.write(&arguments.out)?;
        tell(recording, &directory);
        if arguments.keep.is_none() {
            let _ = fs::remove_dir_all(&directory);
        }
    }
    Ok(())
}

/// Lets today's rules of other tools judge the documents in `kept` of all gates of the recording at `path`,
/// which is written again.
pub(crate) fn rejudge(path: &Path, kept: &Path) -> Result<Recording, String> {
    let text = fs::read_to_string(path).map_err(|error| at(path, error))?;
    let mut recording = Recording::parse(&text).map_err(|why| at(path, why))?;
    for (index, gate) in recording.gates.iter_mut().enumerate() {
        if !gate.is_broken() {
            let directory = kept.join(name(index, gate.case));
            let left = Left::read(&directory).map_err(|why| at(&directory, why))?;
            gate.rivals = left.rivals(gate.plant())?;
        }
    }
    recording.write(path)?;
    Ok(recording)
}

/// Where the documents of a gate are kept, by its place in the recording.
fn name(index: usize, case: Case) -> String {
    format!("{:04}-{}", index + 1, case.as_str())
}

/// What became of a gate that ran. Nothing about it is an error: a gate that crashes, or leaves what
/// nobody can read, is what the recording is for.
fn record(arguments: &Check, plant: Plant<'_>, ran: Ran, directory: &Path) -> GateRecord {
    let mut gate = GateRecord {
        case: plant.case(),
        plant_only: plant.only().map(str::to_owned),
        neighbour: arguments.neighbour,
        started: ran.started,
        seconds: ran.seconds,
        exit_code: ran.exit_code,
        broken: ran.broken,
        said: None,
        rivals: Vec::new(),
    };
    if gate.broken.is_some() {
        return gate;
    }
    match Left::read(directory) {
        Ok(left) => {
            gate.said = Some(left.said());
            gate.broken = left.unplanted(plant);
            if arguments.rivals {
                match left.rivals(plant) {
                    Ok(rivals) => gate.rivals = rivals,
                    Err(why) => gate.broken = gate.broken.or(Some(why)),
                }
            }
        }
        Err(why) => gate.broken = Some(why),
    }
    gate
}

/// What it does next must not repeat what it did before the recording was continued.
fn start_neighbour(seed: u64, gates: usize) -> Result<Neighbour, String> {
    let proof = std::env::current_exe().map_err(|error| error.to_string())?;
    let seed = seed.wrapping_add((gates as u64) << 32);
    Neighbour::start(&proof, seed).map_err(|error| format!("the neighbour: {error}"))
}

/// One line about the newest gate, and the end of its log when it broke.
fn tell(recording: &Recording, directory: &Path) {
    let Some(gate) = recording.gates.last() else {
        return;
    };
    let mut text = format!(
        "{} {}{}: exit {}, {:.0} s",
        recording.gates.len(),
        gate.plant(),
        if gate.neighbour { ", neighbour" } else { "" },
        gate.exit_code,
        gate.seconds,
    );
    // Writing to a string cannot fail.
    if let Some(said) = &gate.said {
        let failed = said
            .failed
            .iter()
            .map(|row| format!("{} {}", row.scenario, row.metric));
        let failed = failed.collect::<Vec<_>>().join(", ");
        let failed = if failed.is_empty() { "none" } else { &failed };
        let (undecided, rows) = (said.undecided, said.rows);
        let _ = write!(
            text,
            ", {undecided} of {rows} rows undecided; failed: {failed}"
        );
    }
    if let Some(why) = &gate.broken {
        let log = fs::read_to_string(directory.join(LOG)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n  ");
        let _ = write!(text, "; broken: {why}\n  {last}");
    }
    // Nobody listening is not an error.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn digest(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| at(path, error))?;
    Ok(Digest::from_bytes(&Sha256::digest(bytes).into()).to_string())
}

fn at(path: &Path, error: impl std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

fn glob(text: &str) -> Result<String, String> {
    let is_glob = !text.is_empty() && fast_glob::validate(text).is_ok();
    let why = || "write a glob over scenario names, such as 'text/**'".to_owned();
    is_glob.then(|| text.to_owned()).ok_or_else(why)
}

fn budget(text: &str) -> Result<String, String> {
    humantime::parse_duration(text)
        .map(|_| text.to_owned())
        .map_err(|error| format!("{error}; write it as 10m or 90s"))
}
