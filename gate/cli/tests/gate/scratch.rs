//! A temporary folder with run documents, and the binary run inside it.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use gate_schema::hdr::Histogram;
use gate_schema::run::Distribution;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::project::isolated;

pub(crate) struct Scratch(TempDir);

/// What one invocation left behind.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("inside the folder")).expect("writable");
        std::fs::write(path, content).expect("writable");
        self
    }

    pub(crate) fn json(&self, name: &str, value: &Value) -> &Self {
        self.write(name, value.to_string())
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Names of everything in the folder, to prove that nothing was left behind.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("readable");
        let mut names: Vec<_> = entries
            .map(|e| {
                e.expect("readable")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    /// `gate` with `arguments`, in the folder, as in a job without a terminal.
    pub(crate) fn gate(&self, arguments: &[&str]) -> Ran {
        let output = gate(self.0.path()).args(arguments).output().expect("runs");
        Ran {
            code: output.status.code().expect("not killed"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

pub(crate) fn gate(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("gate").expect("the binary is built");
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

/// When git commits: long before anybody runs this.
const COMMITTED: &str = "2020-01-01T08:00:00Z";

/// What git prints in a folder, without the settings of whoever runs the tests.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let somebody = ["user.name=somebody", "user.email=somebody@localhost"];
    let output = isolated(std::process::Command::new("git"))
        .current_dir(folder)
        .env("GIT_COMMITTER_DATE", COMMITTED)
        .args(somebody.into_iter().flat_map(|setting| ["-c", setting]))
        .args(arguments)
        .output()
        .expect("git is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    printed.trim().to_owned()
}

/// How fast and how good the one scenario of a document is.
#[derive(Clone, Copy)]
pub(crate) struct Engine {
    pub(crate) latency_ns: f64,
    pub(crate) hits_of_ten: u16,
    pub(crate) sessions: usize,
}

pub(crate) const BASELINE: Engine = Engine {
    latency_ns: 50_000.0,
    hits_of_ten: 10,
    sessions: 6,
};

/// A run of `demo/search`, five repetitions per session with a small, fixed scatter.
pub(crate) fn run(engine: Engine) -> Value {
    let sessions: Vec<Value> = (0..engine.sessions)
        .map(|s| {
            let repetitions: Vec<Value> = (0..5).map(|r| repetition(engine, s, r)).collect();
            json!({
                "id": format!("s{s}-{}", engine.latency_ns), "start": "2026-11-20T08:00:00Z", "mode": "single",
                "scenarios": [{"scenario": "demo/search", "check": "passed", "repetitions": repetitions}],
            })
        })
        .collect();
    json!({
        "format": "gate.run/1",
        "id": "demo",
        "created": "2026-11-20T08:00:00Z",
        "source": {"commit": "0123456789abcdef0123456789abcdef01234567", "dirty": false},
        "environment": {"fingerprint": {"cpu_model": "AMD EPYC 9B45", "cores": "2"}, "tool": "demo 1"},
        "manifest": {"tier": "smoke", "scenarios": [{
            "scenario": "demo/search",
            "params": {"items": 10000},
            "metrics": [
                {"name": "latency", "kind": "histogram", "unit": "ns", "direction": "lower"},
                {"name": "peak_rss", "kind": "value", "unit": "B", "direction": "lower"},
                {"name": "recall@10", "kind": "proportion", "unit": "ratio", "direction": "higher"},
            ],
        }]},
        "sessions": sessions,
    })
}

fn repetition(engine: Engine, session: usize, repetition: usize) -> Value {
    let scatter = 1.0 + [0.0, 0.004, -0.006, 0.009, -0.003][(session * 2 + repetition) % 5];
    let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("valid bounds");
    let mut sum = 0.0;
    for i in 0_u32..2_000 {
        // A ramp from half to one and a half times the level.
        let value = (engine.latency_ns * scatter * (0.5 + f64::from(i) / 2_000.0)).round();
        sum += value;
        histogram.record(value as u64).expect("in bounds");
    }
    let latency = Distribution::from_histogram(&histogram, sum).expect("sound");
    let queries = vec![engine.hits_of_ten; 100];
    let hits: u64 = queries.iter().map(|&h| u64::from(h)).sum();
    json!({"metrics": {
        "latency": latency,
        "peak_rss": 50_000_000 + 4096 * (repetition % 2),
        "recall@10": {"hits": hits, "trials": 1000, "per_query": queries},
    }})
}

/// The budgets of the demo.
pub(crate) const POLICY: &str = r#"
[[rule]]
metric = "p99"
budget = "<= 1ms"

[[rule]]
metric = "recall@10"
budget = ">= 0.95"

[[rule]]
metric = "peak_rss"
budget = "< 10GB"
"#;

/// A folder with `main.json`, `gate.toml` and the candidate `out.json`.
pub(crate) fn demo(candidate: Engine) -> Scratch {
    let scratch = Scratch::new();
    scratch
        .json("main.json", &run(BASELINE))
        .json("out.json", &run(candidate))
        .write("gate.toml", POLICY);
    scratch
}
