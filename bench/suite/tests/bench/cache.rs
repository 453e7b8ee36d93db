//! The cache of prepared files: damage, leftovers, what is no longer used.

use std::fs;
use std::path::{Path, PathBuf};

use bench_harness::{Scenario, Tier};
use sha2::{Digest, Sha256};

use crate::{bench, code_and_stderr, directory, document, prepared_file};

const SELECTION: [&str; 6] = [
    "--tier",
    "tiny",
    "--only",
    "text/search/two-terms",
    "--cache",
    "own-cache",
];

/// Puts other bytes in the place of a prepared file, as if they had been prepared.
pub(crate) fn replace(path: &Path, bytes: &[u8]) {
    let described = path.with_file_name("contents.txt");
    let text = fs::read_to_string(&described).expect("is described");
    let digest = |bytes: &[u8]| -> String {
        let digest = Sha256::digest(bytes);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let found = fs::read(path).expect("is there");
    let replaced = text.replace(&digest(&found), &digest(bytes));
    assert_ne!(replaced, text);
    fs::write(described, replaced).expect("is writable");
    fs::write(path, bytes).expect("is writable");
}

/// The entries that a scenario of the tiny tier uses.
fn keys(id: &str) -> Vec<String> {
    let suite = bench_suite::scenarios();
    let scenario: &&dyn Scenario = suite
        .iter()
        .find(|scenario| scenario.id() == id)
        .expect("is a scenario");
    let artifacts = scenario.artifacts(Tier::Tiny);
    artifacts.iter().map(|artifact| artifact.key()).collect()
}

#[test]
fn damage_that_keeps_the_size_is_found_and_built_again() {
    let directory = directory();
    let call = |verb: &[&str]| bench(directory.path(), &[verb, &SELECTION].concat());
    assert_eq!(call(&["verify"]).status.code(), Some(0));
    let truth = prepared_file(&directory.path().join("own-cache"), "two-terms.words");
    let whole = fs::read(&truth).expect("is there");
    let mut bytes = whole.clone();
    bytes[1] ^= 1;
    fs::write(&truth, bytes).expect("is writable");

    let (code, stderr) = code_and_stderr(&call(&["verify"]));
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stderr.contains("text/truth: two-terms.words was damaged after it was prepared"),
        "{stderr}"
    );
    assert_eq!(fs::read(&truth).expect("is there"), whole);
}

#[test]
fn what_cannot_be_prepared_stands_in_the_document_and_the_others_go_on() {
    let directory = directory();
    let root = directory.path().join("own-cache");
    // Where the lock of the index should be, so that nobody can build it.
    let [index, ..] = &keys("text/search/two-terms")[..] else {
        panic!("it prepares an index")
    };
    fs::create_dir_all(root.join(format!("{index}.lock"))).expect("a directory");
    let more = ["--only", "signals/write", "--only", "text/search/two-terms"];
    let run = [
        "run",
        "--out",
        "out.json",
        "--sessions",
        "1",
        "--repetitions",
        "1",
    ];
    let (code, stderr) = code_and_stderr(&bench(
        directory.path(),
        &[&run[..], &SELECTION, &more].concat(),
    ));
    assert_eq!(code, Some(1), "{stderr}");
    let run = document(directory.path());
    assert_eq!(run.validate(), Ok(()));
    assert_eq!(run.sessions[0].scenarios.len(), 1);
    assert_eq!(run.failures.len(), 1);
    let failure = &run.failures[0];
    assert_eq!(failure.scenario.as_str(), "text/search/two-terms");
    assert!(failure.how.starts_with("not prepared: "), "{}", failure.how);
}

#[test]
fn what_killed_repetitions_left_is_removed_and_what_nobody_uses_on_demand() {
    let directory = directory();
    let root = directory.path().join("own-cache");
    let call = |arguments: &[&str]| -> String {
        let output = bench(directory.path(), arguments);
        let (code, stderr) = code_and_stderr(&output);
        assert_eq!(code, Some(0), "{stderr}");
        String::from_utf8(output.stdout).expect("is text")
    };
    let verify = [&["verify"][..], &SELECTION].concat();
    call(&verify);
    let [current, ..] = &keys("text/search/two-terms")[..] else {
        panic!("it prepares an index")
    };
    let earlier = root.join("text-index-0123456789abcdef");
    let scratch = root.join(".tmpAbCdEf.scratch");
    copy(&root.join(current), &earlier);
    fs::create_dir(&scratch).expect("a directory");

    call(&verify);
    assert!(!scratch.exists() && earlier.exists());
    let show = ["cache", "--cache", "own-cache"];
    let text = call(&show);
    let line = |key: &str| text.lines().find(|line| line.starts_with(key));
    assert!(
        line(current).is_some_and(|line| line.ends_with("current")),
        "{text}"
    );
    let unused = line("text-index-0123456789abcdef");
    assert!(
        unused.is_some_and(|line| line.ends_with("unused")),
        "{text}"
    );
    let text = call(&[&show[..], &["--prune"]].concat());
    assert!(!earlier.exists() && root.join(current).exists());
    assert!(text.ends_with(" current, 0 B unused\n"), "{text}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a directory");
    for file in fs::read_dir(from).expect("is there") {
        let file: PathBuf = file.expect("is readable").path();
        let name = file.file_name().expect("has a name");
        fs::copy(&file, to.join(name)).expect("is writable");
    }
}
