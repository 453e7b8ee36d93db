//! Whole-process cost of `gate compare` and `gate report`: wall time and peak memory over growing runs.
//!
//! `cargo bench -p gate-cli` writes made-up runs of each size to a temporary folder, runs the release
//! binary on them, and prints one row per size. The figures are quoted in `docs/performance.md`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gate_schema::hdr::Histogram;
use gate_schema::run::Distribution;

/// Timed executions per row; the median is printed.
const EXECUTIONS: usize = 7;

/// Operations behind each made-up histogram, the size the format was designed for.
const SAMPLES: u32 = 100_000;

/// A candidate run: ten repetitions in all.
const CANDIDATE: Sessions = Sessions {
    count: 2,
    repetitions: 5,
    mode: "single",
};

/// The same, measured in turn with the baseline.
const PAIRS: Sessions = Sessions {
    mode: "paired",
    ..CANDIDATE
};

/// A promoted baseline.
const PROMOTED: Sessions = Sessions {
    count: 20,
    ..CANDIDATE
};

/// How a made-up run was measured.
#[derive(Clone, Copy)]
struct Sessions {
    count: usize,
    /// Of each session.
    repetitions: usize,
    mode: &'static str,
}

/// 200 metrics, all of them histograms and as in this repository's own suite.
const MIXES: [(Shape, usize, &str); 2] = [
    (Shape::Histograms, 200, "200 histograms"),
    (Shape::Mixed, 40, "40 histograms and 160 numbers"),
];

/// What each metric of a made-up run holds.
#[derive(Clone, Copy)]
enum Shape {
    Histograms,
    Numbers,
    /// One histogram and four numbers per scenario, as in this repository's own suite.
    Mixed,
    /// All numbers in one scenario, as importers make of a flat file.
    Wide,
}

impl Shape {
    /// Kind of each metric of a scenario, in a run of so many.
    fn kinds(self, count: usize) -> Vec<&'static str> {
        match self {
            Self::Histograms => vec!["histogram"],
            Self::Numbers => vec!["value"],
            Self::Mixed => vec!["histogram", "value", "value", "value", "value"],
            Self::Wide => vec!["value"; count],
        }
    }

    /// Scenarios of a run of so many.
    fn scenarios(self, count: usize) -> usize {
        match self {
            Self::Histograms | Self::Numbers | Self::Mixed => count,
            Self::Wide => 1,
        }
    }
}

fn main() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    // `cargo bench -p gate-cli --bench compare pages` measures the pages alone.
    if std::env::args().any(|argument| argument == "pages") {
        return pages(folder.path());
    }
    let in_folder = |name: &str| folder.path().join(name);
    println!(
        "| runs compared | documents | wall, median of {EXECUTIONS} | min to max | peak memory |"
    );
    println!("|---|---|---|---|---|");
    for (shape, counts) in [
        (Shape::Histograms, &[200, 2_000, 10_000][..]),
        (Shape::Numbers, &[1_000, 10_000, 100_000]),
        (Shape::Wide, &[20_000]),
    ] {
        for &count in counts {
            let (a, b) = (in_folder("a.json"), in_folder("b.json"));
            write_run(&a, shape, count, CANDIDATE, 1.0)?;
            write_run(&b, shape, count, CANDIDATE, 1.001)?;
            let what = match shape {
                Shape::Histograms => "histograms",
                Shape::Numbers | Shape::Mixed => "numbers",
                Shape::Wide => "numbers of one scenario",
            };
            row(&format!("{count} {what} x 10"), &a, &b)?;
        }
    }
    for (shape, count, what) in MIXES {
        let (a, b) = (in_folder("a.json"), in_folder("b.json"));
        write_run(&a, shape, count, PAIRS, 1.0)?;
        write_run(&b, shape, count, PAIRS, 1.001)?;
        row(&format!("{what} x 10 in pairs"), &a, &b)?;
    }
    let mut sizes = Vec::new();
    for (shape, count, label) in MIXES {
        let (first, promoted, candidate) = (
            in_folder("first.json"),
            in_folder("main.json"),
            in_folder("out.json"),
        );
        write_run(&first, shape, count, PROMOTED, 1.0)?;
        let promote = [
            "promote",
            "first.json",
            "--baseline",
            "main.json",
            "--replace",
            "--by",
            "bench",
            "--reason",
            "made up",
            "--accept",
            "source,few",
        ];
        assert!(
            gate(folder.path(), &promote).status()?.success(),
            "{label}: promotion failed"
        );
        write_run(&candidate, shape, count, CANDIDATE, 1.001)?;
        row(
            &format!("{label} x 10 against a promoted baseline of 20 sessions x 5"),
            &promoted,
            &candidate,
        )?;
        sizes.push((label, promoted.metadata()?.len()));
    }
    println!();
    pages(folder.path())?;
    println!();
    for (label, bytes) in sizes {
        println!("promoted baseline of {label}, 20 sessions x 5: {bytes} bytes");
    }
    Ok(())
}

/// Times the page of reports of growing size; each histogram is five rows.
fn pages(folder: &Path) -> std::io::Result<()> {
    println!(
        "| page of | report | page | wall, median of {EXECUTIONS} | min to max | peak memory |"
    );
    println!("|---|---|---|---|---|---|");
    for histograms in [40, 200, 1_000, 5_000] {
        write_run(
            &folder.join("a.json"),
            Shape::Histograms,
            histograms,
            CANDIDATE,
            1.0,
        )?;
        write_run(
            &folder.join("b.json"),
            Shape::Histograms,
            histograms,
            CANDIDATE,
            1.05,
        )?;
        gate(
            folder,
            &["compare", "a.json", "b.json", "--output", "verdict.json"],
        )
        .status()?;
        let (walls, peak) = timed(|| gate(folder, &["report", "--html", "page.html"]), &[0])?;
        let size =
            |name: &str| Ok::<_, std::io::Error>(folder.join(name).metadata()?.len() as f64 / 1e6);
        println!(
            "| {} rows, {histograms} histograms | {:.1} MB | {:.1} MB | {walls} | {peak} MB |",
            histograms * 5,
            size("verdict.json")?,
            size("page.html")?,
        );
    }
    Ok(())
}

fn gate(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gate"));
    command
        .current_dir(folder)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn row(label: &str, baseline: &Path, candidate: &Path) -> std::io::Result<()> {
    let bytes = baseline.metadata()?.len() + candidate.metadata()?.len();
    let compare = || {
        let mut command = gate(Path::new("."), &["compare"]);
        command.arg(baseline).arg(candidate);
        command
    };
    let (walls, peak) = timed(compare, &[0, 1, 3])?;
    println!(
        "| {label} | {:.1} MB | {walls} | {peak} MB |",
        bytes as f64 / 1e6
    );
    std::io::stdout().flush()
}

/// Runs a command [`EXECUTIONS`] times: its wall time as two cells of a table, and its peak memory in MB.
fn timed(command: impl Fn() -> Command, codes: &[i32]) -> std::io::Result<(String, i64)> {
    let mut walls = Vec::new();
    let mut peak = 0;
    for _ in 0..EXECUTIONS {
        let start = Instant::now();
        let (code, kibibytes) = reap(command().spawn()?);
        walls.push(start.elapsed());
        peak = peak.max(kibibytes);
        assert!(codes.contains(&code), "exit code {code}");
    }
    walls.sort();
    let ms = |wall: Duration| format!("{:.0} ms", wall.as_secs_f64() * 1e3);
    let (median, least, most) = (
        ms(walls[EXECUTIONS / 2]),
        ms(walls[0]),
        ms(walls[EXECUTIONS - 1]),
    );
    Ok((
        format!("{median} | {least} to {most}"),
        peak * 1024 / 1_000_000,
    ))
}

/// Waits for a child; its exit code and peak resident memory in KiB.
#[expect(
    unsafe_code,
    reason = "the standard library does not report the memory of a finished child"
)]
fn reap(child: Child) -> (i32, i64) {
    let mut status = 0;
    // SAFETY: rusage is plain numbers, for which zero is valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are valid for writing, and the child is ours and not yet waited for.
    unsafe { libc::wait4(child.id().cast_signed(), &raw mut status, 0, &raw mut usage) };
    (libc::WEXITSTATUS(status), usage.ru_maxrss)
}

/// Writes a run of `count` scenarios, or of one with so many metrics.
fn write_run(
    path: &Path,
    shape: Shape,
    count: usize,
    sessions: Sessions,
    level: f64,
) -> std::io::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut random = Random(1);
    let (kinds, scenarios) = (shape.kinds(count), shape.scenarios(count));
    let has_histograms = kinds.contains(&"histogram");
    let pool: Vec<String> = (0..if has_histograms { 64 } else { 0 })
        .map(|_| histogram(&mut random, level))
        .collect();
    write!(
        file,
        r#"{{"format":"gate.run/1","id":"made-up","created":"2026-11-20T08:00:00Z","source":{{}},"environment":{{"fingerprint":{{"cpu_model":"any"}},"tool":"none"}},"manifest":{{"scenarios":["#
    )?;
    for scenario in 0..scenarios {
        let metrics: Vec<String> = kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| {
                format!(
                    r#"{{"name":"metric{at}","kind":"{kind}","unit":"ns","direction":"lower"}}"#
                )
            })
            .collect();
        let comma = if scenario == 0 { "" } else { "," };
        write!(
            file,
            r#"{comma}{{"scenario":"made/up/{scenario}","metrics":[{}]}}"#,
            metrics.join(",")
        )?;
    }
    write!(file, r#"]}},"sessions":["#)?;
    let mode = sessions.mode;
    for session in 0..sessions.count {
        let comma = if session == 0 { "" } else { "," };
        write!(
            file,
            r#"{comma}{{"id":"{session}","start":"2026-11-20T08:00:00Z","mode":"{mode}","scenarios":["#
        )?;
        for scenario in 0..scenarios {
            let comma = if scenario == 0 { "" } else { "," };
            write!(
                file,
                r#"{comma}{{"scenario":"made/up/{scenario}","check":"none","repetitions":["#
            )?;
            for repetition in 0..sessions.repetitions {
                let comma = if repetition == 0 { "" } else { "," };
                let pair = match mode {
                    "paired" => format!(r#""pair":{repetition},"#),
                    _ => String::new(),
                };
                let metrics: Vec<String> = kinds
                    .iter()
                    .enumerate()
                    .map(|(at, kind)| match *kind {
                        "histogram" => {
                            let value = &pool[(random.next() * pool.len() as f64) as usize];
                            format!(r#""metric{at}":{value}"#)
                        }
                        _ => format!(r#""metric{at}":{}"#, level * (1e6 + 1e4 * random.next())),
                    })
                    .collect();
                write!(
                    file,
                    r#"{comma}{{{pair}"metrics":{{{}}}}}"#,
                    metrics.join(",")
                )?;
            }
            write!(file, "]}}")?;
        }
        write!(file, "]}}")?;
    }
    write!(file, "]}}")?;
    file.flush()
}

/// A distribution as a run carries it: log-normal around 200 us, sigma 0.5.
fn histogram(random: &mut Random, level: f64) -> String {
    let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("valid bounds");
    let mut sum = 0.0;
    for _ in 0..SAMPLES {
        // The sum of twelve uniform draws is near enough to a normal one here.
        let normal: f64 = (0..12).map(|_| random.next()).sum::<f64>() - 6.0;
        let value = (level * 200_000.0 * (0.5 * normal).exp()).round();
        sum += value;
        histogram.record(value as u64).expect("in bounds");
    }
    let distribution = Distribution::from_histogram(&histogram, sum).expect("sound");
    serde_json::to_string(&distribution).expect("JSON")
}

/// A small seeded generator (splitmix64), so that every run of the benchmark compares the same bytes.
struct Random(u64);

impl Random {
    /// Uniform in 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
