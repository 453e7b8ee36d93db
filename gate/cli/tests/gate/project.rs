//! A project that is not ours: a git repository measured by the shell script of
//! `docs/measuring-command.md`, with a clock that the test sets.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::scratch::{Ran, Scratch};

/// Nanoseconds that sorting takes.
pub(crate) const LEVEL: u64 = 1_000_000;

/// The machine, for a measuring command that knows it.
pub(crate) const ENVIRONMENT: &str =
    r#"{"fingerprint": {"cpu_model": "Zen 5", "cores": "2"}, "tool": "sort 9.7"}"#;

/// As few as there can be: what the tests wait for most.
const FEW_PAIRS: &str = "pairs = 3\nrerun-pairs = 3\n";

const CLOCK: &str = include_str!("project/date.sh");

/// A folder with the repository, a cache directory, and a `date` that is not the time.
pub(crate) struct Project(Scratch);

impl Project {
    /// The example of the page, committed.
    pub(crate) fn new() -> Self {
        let (script, policy) = (script(), policy());
        Self::with(&[("bench.sh", &script), ("baselines/gate.toml", &policy)])
    }

    /// The example with as few pairs as there can be.
    pub(crate) fn quick() -> Self {
        let policy = policy() + FEW_PAIRS;
        Self::with(&[("bench.sh", &script()), ("baselines/gate.toml", &policy)])
    }

    /// The same, and its documents say which machine they are from.
    pub(crate) fn of_a_known_machine() -> Self {
        let script = script().replace("--out", "--environment env.json --out");
        let policy = policy() + FEW_PAIRS;
        Self::with(&[
            ("bench.sh", &script),
            ("env.json", ENVIRONMENT),
            ("baselines/gate.toml", &policy),
        ])
    }

    /// A project of several scenarios: `NAME.sh` measures scenario `NAME`, and a file lists them.
    pub(crate) fn of_scenarios(names: &[&str]) -> Self {
        let scripts: Vec<(String, String)> = (names.iter())
            .map(|name| (format!("{name}.sh"), scenario(name)))
            .collect();
        let list: String = names.iter().map(|name| format!("{name}\n")).collect();
        let commands = "list = \"cat scenarios\"\ncommand = 'exec sh \"$GATE_SCENARIO.sh\"'\n";
        let policy = format!("[measure]\n{commands}{FEW_PAIRS}");
        let mut files = vec![("scenarios", &*list), ("baselines/gate.toml", &*policy)];
        files.extend(scripts.iter().map(|(name, text)| (&**name, &**text)));
        Self::with(&files)
    }

    fn with(files: &[(&str, &str)]) -> Self {
        let project = Self(Scratch::new());
        project.0.write("bin/date", CLOCK);
        project.run("chmod", &["+x", "bin/date"]);
        project
            .write("numbers.txt", "3\n1\n2\n")
            .level(LEVEL)
            .git(&["init", "--quiet", "--initial-branch=main"]);
        for (name, content) in files {
            project.write(name, content);
        }
        project.commit("first");
        project
    }

    /// A path inside the work tree.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path("project").join(name)
    }

    /// A path outside of the work tree.
    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> &Self {
        self.0.write(&format!("project/{name}"), content);
        self
    }

    /// Replaces `[measure]`, and everything else of the policy.
    pub(crate) fn measure(&self, lines: &str) -> &Self {
        self.write("baselines/gate.toml", &format!("[measure]\n{lines}\n"))
    }

    /// Lets measured code take this many nanoseconds.
    pub(crate) fn level(&self, nanoseconds: u64) -> &Self {
        self.write("level", &format!("{nanoseconds}\n"))
    }

    pub(crate) fn read(&self, name: &str) -> String {
        self.0.read(&format!("project/{name}"))
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).expect("JSON")
    }

    /// A document that a check keeps, in `runs/` beside the work tree.
    pub(crate) fn kept(&self, name: &str) -> Value {
        serde_json::from_str(&self.0.read(&format!("runs/{name}"))).expect("JSON")
    }

    /// Names of everything in a folder beside the work tree; none when there is no such folder.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.outside(folder));
        let mut names: Vec<String> = (entries.into_iter().flatten())
            .map(|entry| entry.expect("readable").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The one directory in the cache.
    pub(crate) fn cache(&self) -> String {
        match &self.names("cache")[..] {
            [one] => format!("cache/{one}"),
            many => panic!("one repository, not {many:?}"),
        }
    }

    /// `git` in the work tree, by nobody in particular and always at one time.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.run("git", &[&["-C", "project"], arguments].concat())
    }

    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Everything of the repository that a check must not change.
    pub(crate) fn state(&self) -> [String; 5] {
        [
            self.git(&["status", "--porcelain", "--ignored"]),
            self.git(&["worktree", "list", "--porcelain"]),
            self.git(&["for-each-ref"]),
            self.git(&["config", "--local", "--list"]),
            self.git(&["stash", "list"]),
        ]
    }

    /// `gate` in the work tree.
    pub(crate) fn gate(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output().expect("runs"))
    }

    /// `gate check --base HEAD`, everything it leaves beside the work tree.
    pub(crate) fn check(&self, arguments: &[&str]) -> Ran {
        ran(self.checking(arguments).output().expect("runs"))
    }

    /// The same, not yet started.
    pub(crate) fn checking(&self, arguments: &[&str]) -> Command {
        let common = [
            "check",
            "--base",
            "HEAD",
            "--runs",
            "../runs",
            "--no-profile",
        ];
        self.command(&[&common, arguments].concat())
    }

    /// `gate` in the work tree, not yet started. Its commands find the clock, and `gate` itself.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let gate = PathBuf::from(env!("CARGO_BIN_EXE_gate"));
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let mut path = vec![self.outside("bin"), gate.with_file_name("")];
        path.extend(std::env::split_paths(&usual));
        let mut command = isolated(Command::new(gate));
        command
            .env("PATH", std::env::join_paths(path).expect("no colons"))
            .env("GATE_CACHE", self.outside("cache"))
            .current_dir(self.path(""))
            .args(arguments);
        command
    }

    /// What another program printed, beside the work tree; it has to succeed.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = isolated(Command::new(program));
        command.args(arguments).current_dir(self.outside("."));
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "somebody")
                .env(format!("GIT_{role}_EMAIL"), "somebody@localhost")
                .env(format!("GIT_{role}_DATE"), "2026-11-20T08:00:00Z");
        }
        let output = command.output().expect("runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {said}");
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// The answer of the last check, without commits: they change whenever a script here does.
    pub(crate) fn answer(&self, ran: &Ran) -> String {
        let verdict = self.kept("verdict.json");
        let mut answer = ran.stdout.clone();
        for (side, name) in [("baseline", "BASELINE"), ("candidate", "CANDIDATE")] {
            let commit = verdict[side]["commit"].as_str().expect("known");
            answer = answer.replace(&commit[..10], name);
        }
        answer
    }

    /// What was said, without the paths of this folder.
    pub(crate) fn shown(&self, text: &str) -> String {
        let folder = std::fs::canonicalize(self.outside(".")).expect("it exists");
        let mut shown = text.replace(&folder.display().to_string(), "");
        if let [one] = &self.names("cache")[..] {
            shown = shown.replace(one, "project-DIGEST");
        }
        shown
    }
}

/// A command without the environment and the git settings of whoever runs the tests.
pub(crate) fn isolated(mut command: Command) -> Command {
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::null());
    command
}

/// What is left of a process that has ended.
pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().expect("not killed"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

impl Ran {
    /// The errors, without the talk before them.
    pub(crate) fn errors(&self) -> &str {
        self.stderr
            .find("error[")
            .map_or("", |at| &self.stderr[at..])
    }

    pub(crate) fn first_line(&self) -> &str {
        self.stdout.lines().next().unwrap_or_default()
    }
}

/// The script that measures `name`, as long as the level says.
pub(crate) fn scenario(name: &str) -> String {
    script().replace("sort/numbers", name)
}

/// `bench.sh` of the page.
pub(crate) fn script() -> String {
    let script = blocks().into_iter().find(|b| b.starts_with("# bench.sh:"));
    script.expect("the page has it")
}

/// `baselines/gate.toml` of the page: the block after the script.
pub(crate) fn policy() -> String {
    let mut after = blocks()
        .into_iter()
        .skip_while(|b| !b.starts_with("# bench.sh:"));
    let policy = after.nth(1).expect("the page has it");
    assert!(policy.starts_with("[measure]\n"), "{policy}");
    policy
}

/// The fenced blocks of the page.
fn blocks() -> Vec<String> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/measuring-command.md"
    );
    let page = std::fs::read_to_string(path).expect("readable");
    let fenced = page.split("```").skip(1).step_by(2);
    fenced
        .map(|block| {
            let (_language, text) = block.split_once('\n').expect("a fence stands alone");
            text.to_owned()
        })
        .collect()
}
