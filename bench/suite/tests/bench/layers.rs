//! `bench layers` from outside.

use std::fs;

use crate::{bench, code_and_stderr, directory};

#[test]
fn what_a_document_holds_is_shown_and_what_it_lacks_is_said() {
    let directory = directory();
    let only = ["--only", "signals/write", "--sessions", "1"];
    let arguments = [
        &[
            "run",
            "--tier",
            "tiny",
            "--out",
            "out.json",
            "--repetitions",
            "1",
        ],
        &only[..],
    ];
    let (code, stderr) = code_and_stderr(&bench(directory.path(), &arguments.concat()));
    assert_eq!(code, Some(0), "{stderr}");
    let output = bench(directory.path(), &["layers", "out.json"]);
    let text = String::from_utf8(output.stdout).expect("is text");
    assert!(text.starts_with("signals/write\nlayer  p50"), "{text}");
    let line = |id: &str| text.lines().find(|line| line.ends_with(id));
    let raw = line(" signals/write/raw").expect("is a layer");
    assert!(raw.contains("not in the document"), "{text}");
    assert_eq!(line(" signals/write/engine"), None, "does less");
    let own = line(" signals/write").expect("is a layer");
    assert!(own.contains("x1.00"), "{text}");
}

#[test]
fn what_is_no_document_is_refused() {
    let directory = directory();
    fs::write(directory.path().join("odd.json"), "{\"format\": 1}").expect("is writable");
    for (file, expected) in [
        ("odd.json", "as a run document"),
        ("gone.json", "No such file"),
    ] {
        let (code, stderr) = code_and_stderr(&bench(directory.path(), &["layers", file]));
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
}
