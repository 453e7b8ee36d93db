//! What `gate check` refuses: exit 2, a code, a place, a way out, and nothing left behind.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::project::Project;

/// A refused check: its errors, after making sure that nothing was decided and nothing is left.
fn refused(project: &Project, arguments: &[&str]) -> String {
    let before = project.state();
    let ran = project.check(arguments);
    let name = format!("{arguments:?}: {}{}", ran.stdout, ran.stderr);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{name}");
    assert!(ran.errors().contains("\n  hint: "), "{name}");
    assert_eq!(project.state(), before, "{name}");
    assert!(!project.outside("runs/verdict.json").exists(), "{name}");
    project.shown(ran.errors())
}

/// All errors one after the other: how they read is the point.
#[derive(Default)]
struct Page(String);

impl Page {
    fn add(&mut self, name: &str, errors: &str) {
        writeln!(self.0, "# {name}\n{errors}").expect("into a String");
    }
}

#[test]
fn what_cannot_be_checked_out_is_said() {
    let project = Project::new();
    let mut page = Page::default();
    for arguments in [
        &["--base=nowhere"][..],
        &["--base=HEAD", "--candidate=nowhere"],
        // Git must not take it for an option.
        &["--base=HEAD", "--candidate=--orphan"],
    ] {
        let ran = project.gate(&[&["check"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        page.add(&arguments.join(" "), &project.shown(&ran.stderr));
    }
    insta::assert_snapshot!(page.0);
}

#[test]
fn without_a_repository_there_is_nothing_to_check() {
    let project = Project::new();
    for verb in [&["check", "--base", "HEAD"][..], &["calibrate"]] {
        let mut gate = project.command(verb);
        gate.current_dir(project.outside("bin"));
        let ran = crate::project::ran(gate.output().expect("runs"));
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{verb:?}");
        // Between the lines are git's own words, which each version chooses for itself.
        let said = ran.stderr.as_str();
        assert!(
            said.starts_with("error[G601]: no git repository here\n  --> .\n  | fatal: "),
            "{verb:?}: {said}"
        );
        assert!(
            said.ends_with("  hint: start it inside the work tree of a git repository\n"),
            "{verb:?}: {said}"
        );
    }
    assert_eq!(project.names("cache"), [""; 0]);
}

#[test]
fn a_side_that_does_not_build_is_named_with_its_last_words() {
    let broken = "build = 'echo compiling; sh build.sh'\ncommand = \"sh bench.sh\"";
    let fails = "echo 'error: expected a semicolon' >&2\nexit 101\n";
    let mut page = Page::default();

    let project = Project::new();
    project.measure(broken).write("build.sh", fails);
    project.commit("does not build");
    project.write("build.sh", "true\n");
    page.add("the baseline", &refused(&project, &[]));
    let log = project.outside(&format!("{}/build/base.log", project.cache()));
    assert_eq!(
        std::fs::read_to_string(log).expect("kept"),
        "compiling\nerror: expected a semicolon\n"
    );

    let project = Project::new();
    project.measure(broken).write("build.sh", "true\n");
    project.commit("builds");
    project.write("build.sh", fails);
    page.add("the candidate", &refused(&project, &[]));
    insta::assert_snapshot!(page.0);
}

/// A document of `time` of `sort/numbers` with this many repetitions.
fn document(repetitions: usize) -> Value {
    json!({
        "format": "gate.run/1",
        "id": "made up",
        "created": "2026-11-20T08:00:00Z",
        "source": {},
        "environment": {"fingerprint": {}, "tool": "made up"},
        "manifest": {"scenarios": [{
            "scenario": "sort/numbers",
            "metrics": [{"name": "time", "kind": "value", "unit": "ns", "direction": "lower"}],
        }]},
        "sessions": [{
            "id": "s", "start": "2026-11-20T08:00:00Z", "mode": "single",
            "scenarios": [{
                "scenario": "sort/numbers",
                "check": "none",
                "repetitions": vec![json!({"metrics": {"time": 1e6}}); repetitions],
            }],
        }],
    })
}

#[test]
fn a_measuring_command_that_breaks_its_contract_is_refused_before_any_pair() {
    let other_version = || {
        let mut document = document(1);
        document["format"] = json!("gate.run/9");
        document.to_string()
    };
    let without_manifest = || {
        let mut document = document(1);
        document
            .as_object_mut()
            .expect("an object")
            .remove("manifest");
        document.to_string()
    };
    let cut = || {
        let mut text = document(1).to_string();
        text.truncate(200);
        text
    };
    let mut page = Page::default();
    for (name, lines, document) in [
        ("it writes nothing", "command = 'true'", String::new()),
        (
            "it fails",
            "command = 'echo \"no such engine\" >&2; exit 4'",
            String::new(),
        ),
        ("garbage", COPY, "garbage\n".to_owned()),
        ("an empty file", COPY, String::new()),
        ("another version", COPY, other_version()),
        ("half a document", COPY, cut()),
        ("a document without a field", COPY, without_manifest()),
        (
            "nothing is listed",
            "command = 'true'\nlist = 'true'",
            String::new(),
        ),
        (
            "prose is listed",
            "command = 'true'\nlist = 'echo usage: bench VERB'",
            String::new(),
        ),
        (
            "listing fails",
            "command = 'true'\nlist = 'echo \"no such verb\" >&2; exit 2'",
            String::new(),
        ),
        (
            "a pipe instead of a list",
            "command = 'true'\nlist = 'cd \"$GATE_BUILD_CACHE\"; rm list; mkfifo list'",
            String::new(),
        ),
        (
            "listing hangs",
            "command = 'true'\nlist = 'exec tail -f /dev/null'\ntimeout = '50ms'",
            String::new(),
        ),
    ] {
        let project = Project::new();
        project.measure(lines).write("document", &document);
        project.commit("breaks its contract");
        page.add(name, &refused(&project, &[]));
    }
    insta::assert_snapshot!(page.0);
}

/// Hands out the document that is committed.
const COPY: &str = "command = 'cp document \"$GATE_OUT\"'";

#[test]
fn without_a_table_that_says_how_nothing_is_measured() {
    let mut page = Page::default();
    let project = Project::new();
    std::fs::remove_file(project.path("baselines/gate.toml")).expect("it exists");
    page.add("no policy", &refused(&project, &[]));
    project.write("baselines/gate.toml", "machine = \"shared\"\n");
    page.add("no table", &refused(&project, &[]));
    project.measure("pears = 5");
    page.add("no command", &refused(&project, &[]));
    insta::assert_snapshot!(page.0);
}

#[test]
fn what_cannot_be_kept_or_chosen_is_said() {
    let mut page = Page::default();
    let project = Project::new();
    page.add("--only", &refused(&project, &["--only", "hash/**"]));
    let output = &["--output", "nowhere/verdict.json"];
    page.add("--output", &refused(&project, output));
    // Inside the repository it would be found by build tools, and be part of the next snapshot.
    page.add("--cache", &refused(&project, &["--cache", "cache"]));
    let ran = project.gate(&["check", "--base", "HEAD", "--runs", "level/runs"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    page.add("--runs", &project.shown(&ran.stderr));
    insta::assert_snapshot!(page.0);
}
