//! The `proof` command: simulates, runs real gates, records and prints.

mod check;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use clap::{Parser, Subcommand};
use gate_core::next::Plan;
use gate_proof::judge::Gate;
use gate_proof::noise::{Regime, Shape};
use gate_proof::outcomes::{FORMAT, Outcomes, Recording};
use gate_proof::parts;
use gate_proof::real::{neighbour, record};
use gate_proof::rivals::Rival;
use gate_proof::simulate::{FIRST_SESSION, Settings, Stored, simulate};
use gate_proof::table;
use gate_proof::targets::{self, Kept};
use gate_proof::versus::{Layout, versus};
use gate_proof::workload::Workload;

/// How often gate is wrong, and how often it is right: simulated gate runs, and the rules of other
/// tools on the same repetitions.
#[derive(Parser)]
#[command(name = "proof", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Simulate whole gate runs and print how they ended.
    Simulate(Simulate),
    /// Simulate what gate promises, print whether it was kept, and exit with 1 where it was not.
    Targets {
        /// Gate runs of each setting in which nothing is planted.
        #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
        gates: u64,
        /// Seeds everything.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Look at the parts of a verdict one at a time: the level of one test, statistics of the tail, the
    /// order of measuring.
    Parts {
        /// Rows that each test decides; statistics of the tail get a hundredth of them, orders a tenth.
        #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
        trials: u64,
        /// Seeds everything.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Run whole gates of the real binaries on this machine and print how they ended.
    Check(check::Check),
    /// Let today's rules of other tools judge the kept documents of a recording once more.
    Rivals {
        /// The recording; what it says of rules is replaced.
        recording: PathBuf,
        /// Where `proof check --keep` put the documents.
        kept: PathBuf,
    },
    /// Be a noisy neighbour until standard input ends.
    #[command(hide = true)]
    Neighbour {
        /// Seeds its bursts.
        #[arg(long)]
        seed: u64,
    },
    /// Print the tables of recordings once more.
    Table {
        /// Recordings, as `proof simulate` and `proof check` write them with `--out`.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

#[derive(clap::Args)]
struct Simulate {
    /// Gate runs of each setting.
    #[arg(long, default_value_t = 200)]
    gates: u64,
    /// Scenarios of each gate, one metric each.
    #[arg(long, default_value_t = 200, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    scenarios: usize,
    /// Machine to simulate; may be given several times.
    #[arg(long = "regime", value_parser = regimes(), default_value = "quiet")]
    regimes: Vec<Regime>,
    /// One shape of noise for all metrics instead of a mixture.
    #[arg(long, value_parser = shapes())]
    shape: Option<Shape>,
    /// What the scenarios measure.
    #[arg(long, value_parser = workloads(), default_value = "latency")]
    workload: Workload,
    /// Effect to plant, such as 5%; 0% plants nothing. May be given several times.
    #[arg(long = "effect", value_parser = percentage, default_value = "0%", allow_hyphen_values = true)]
    effects: Vec<f64>,
    /// Scenarios that carry the effect.
    #[arg(long, default_value_t = 1)]
    planted: usize,
    /// Pairs of the first session.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pairs: u32,
    /// Pairs of each later session.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    rerun_pairs: u32,
    /// Time for measuring, in first sessions: what required pairs leave of it goes to undecided rows; 1
    /// leaves nothing.
    #[arg(long, default_value_t = 2.0, value_parser = multiple)]
    budget: f64,
    /// Calibration sessions that are known; 0 for none.
    #[arg(long, default_value_t = 10)]
    history: u64,
    /// Compare with so many stored sessions of the baseline, once, instead of measuring pairs.
    #[arg(long, value_name = "SESSIONS", conflicts_with_all = ["budget", "history", "rerun_pairs"],
          value_parser = clap::value_parser!(u64).range(1..FIRST_SESSION))]
    stored: Option<u64>,
    /// Sessions of the candidate that are compared with the stored ones.
    #[arg(long, default_value_t = 2, requires = "stored", value_parser = clap::value_parser!(u64).range(1..))]
    sessions: u64,
    /// Seeds everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Let the rules of other tools judge the same repetitions.
    #[arg(long)]
    rivals: bool,
    /// Write the recording to this file as well.
    #[arg(long)]
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    let mut is_kept = true;
    let answer = match Arguments::parse().verb {
        Verb::Simulate(arguments) => run(&arguments),
        Verb::Targets { gates, seed } => targets::promises(gates, seed)
            .map_err(|error| error.to_string())
            .map(|promises| {
                is_kept = promises.iter().all(|promise| promise.kept() != Kept::No);
                targets::table(&promises)
            }),
        Verb::Parts { trials, seed } => Ok(parts::tables(trials, seed)),
        Verb::Check(arguments) => check::run(&arguments).map(|recording| real(&recording.gates)),
        Verb::Rivals { recording, kept } => {
            check::rejudge(&recording, &kept).map(|recording| real(&recording.gates))
        }
        Verb::Neighbour { seed } => {
            neighbour::live(seed);
            Ok(String::new())
        }
        Verb::Table { files } => show(&files),
    };
    match answer.and_then(|text| print(&text)) {
        Ok(()) if is_kept => ExitCode::SUCCESS,
        Ok(()) => ExitCode::from(1),
        Err(why) => {
            // Nobody listening is not an error.
            let _ = writeln!(std::io::stderr(), "error: {why}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Simulate) -> Result<String, String> {
    if arguments.rivals && arguments.workload != Workload::Latency {
        return Err("--rivals needs --workload latency: no rival knows anything else".to_owned());
    }
    if arguments.planted > arguments.scenarios {
        let (planted, scenarios) = (arguments.planted, arguments.scenarios);
        return Err(format!(
            "--planted {planted} of --scenarios {scenarios}: there are not that many"
        ));
    }
    let mut outcomes = Vec::new();
    for &regime in &arguments.regimes {
        for &effect in &arguments.effects {
            let settings = settings(arguments, regime, effect);
            let runs = simulate(&settings, &Gate::of(settings.workload))
                .map_err(|error| error.to_string())?;
            outcomes.push(Outcomes::of_gate(&settings, &runs));
            if !arguments.rivals {
                continue;
            }
            for rival in Rival::ALL {
                for layout in Layout::ALL {
                    if rival.takes_reports() && layout == Layout::Paired {
                        continue;
                    }
                    let runs = versus(&settings, rival, layout);
                    outcomes.push(Outcomes::of_rival(&settings, rival, layout, &runs));
                }
            }
        }
    }
    let recording = Recording::new(outcomes);
    if let Some(path) = &arguments.out {
        let text = serde_json::to_string_pretty(&recording).map_err(|error| error.to_string())?;
        std::fs::write(path, text + "\n")
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(tables(&recording.outcomes))
}

fn settings(arguments: &Simulate, regime: Regime, effect: f64) -> Settings {
    let (budget, history) = match arguments.stored {
        // What is compared once has no time left and learns from no pairs.
        Some(_) => (1.0, 0),
        None => (arguments.budget, arguments.history),
    };
    Settings {
        seed: arguments.seed,
        gates: arguments.gates,
        scenarios: arguments.scenarios,
        regime,
        shape: arguments.shape,
        workload: arguments.workload,
        planted: if effect == 0.0 { 0 } else { arguments.planted },
        effect,
        plan: Plan {
            pairs: arguments.pairs,
            rerun_pairs: arguments.rerun_pairs,
        },
        budget,
        history,
        stored: arguments.stored.map(|baseline| Stored {
            baseline,
            candidate: arguments.sessions,
        }),
    }
}

fn show(files: &[PathBuf]) -> Result<String, String> {
    let (mut outcomes, mut gates) = (Vec::new(), Vec::new());
    for path in files {
        let wrong = |why: String| format!("{}: {why}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let known: Format =
            serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        match known.format.as_str() {
            FORMAT => outcomes.extend(Recording::parse(&text).map_err(wrong)?.outcomes),
            record::FORMAT => gates.extend(record::Recording::parse(&text).map_err(wrong)?.gates),
            other => {
                let known = format!("{FORMAT} or {}", record::FORMAT);
                return Err(wrong(format!("expected format {known}, found {other}")));
            }
        }
    }
    Ok(join([tables(&outcomes), real(&gates)]))
}

/// Of any recording.
#[derive(serde::Deserialize)]
struct Format {
    format: String,
}

fn tables(outcomes: &[Outcomes]) -> String {
    join([table::false_alarms, table::power, table::effort].map(|table| table(outcomes)))
}

fn real(gates: &[record::GateRecord]) -> String {
    use gate_proof::real::table::{planted, unchanged, versus};
    join([unchanged, planted, versus].map(|table| table(gates)))
}

/// With a blank line between tables.
fn join<const N: usize>(mut tables: [String; N]) -> String {
    let tables = tables.iter_mut().filter(|text| !text.is_empty());
    let tables: Vec<String> = tables.map(std::mem::take).collect();
    tables.join("\n")
}

fn print(text: &str) -> Result<(), String> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("stdout: {error}")),
        _ => Ok(()),
    }
}

/// `5%` as 0.05. A number without the sign is refused, because 5 could be meant either way.
fn percentage(text: &str) -> Result<f64, String> {
    let number = text
        .trim()
        .strip_suffix('%')
        .and_then(|n| n.trim().parse::<f64>().ok());
    match number {
        Some(percent) if percent.is_finite() && percent > -100.0 => Ok(percent / 100.0),
        _ => Err("write a percentage above -100%, such as 5%".to_owned()),
    }
}

fn multiple(text: &str) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok();
    number
        .filter(|n| n.is_finite() && *n >= 1.0)
        .ok_or_else(|| {
            "write how many first sessions there is time for, such as 2 or 1.5".to_owned()
        })
}

fn regimes() -> impl clap::builder::TypedValueParser<Value = Regime> {
    named(&Regime::ALL, Regime::as_str)
}

fn shapes() -> impl clap::builder::TypedValueParser<Value = Shape> {
    named(&Shape::ALL, Shape::as_str)
}

fn workloads() -> impl clap::builder::TypedValueParser<Value = Workload> {
    named(&Workload::ALL, Workload::as_str)
}

/// A parser that takes one of `all` by its name and lists them in the help.
fn named<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl clap::builder::TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|&value| name(value))).try_map(move |text| {
        all.iter()
            .copied()
            .find(|&value| name(value) == text)
            .ok_or_else(|| format!("`{text}` is not one of them"))
    })
}
