use std::fs::File;
use std::path::Path;

use gate_schema::run::limits;
use tempfile::TempDir;

use super::{MAX_BYTES, read};

/// How a document at `out.json`, made by `make`, breaks the contract.
fn refused(make: impl FnOnce(&Path)) -> String {
    let folder = TempDir::new().expect("a temporary folder");
    let out = folder.path().join("out.json");
    make(&out);
    read(&out).expect_err("refused")
}

fn refused_text(text: &str) -> String {
    refused(|out| std::fs::write(out, text).expect("writable"))
}

/// What is said goes to standard error and into a document, whose texts have a limit.
#[test]
fn what_a_hostile_document_is_refused_with_is_one_short_harmless_line() {
    let long = "x".repeat(5_000);
    let escapes = "\\u001b[2J\\u001b]0;title\\u0007a\\nb\\rc";
    for (name, text) in [
        ("a long format", format!(r#"{{"format": "{long}"}}"#)),
        ("a hostile format", format!(r#"{{"format": "{escapes}"}}"#)),
        (
            "a long key",
            format!(r#"{{"format": "gate.run/1", "{long}": 1}}"#),
        ),
        (
            "a hostile key",
            format!(r#"{{"format": "gate.run/1", "{escapes}": 1}}"#),
        ),
        (
            "a hostile pointer",
            format!(
                r#"{{"format": "gate.run/1", "environment": {{"fingerprint": {{"{escapes}": 1}}}}}}"#
            ),
        ),
    ] {
        let how = refused_text(&text);
        assert!(
            how.starts_with("wrote an unusable document: "),
            "{name}: {how:?}"
        );
        assert!(how.ends_with(']'), "{name}: {how:?}");
        assert!(
            how.len() <= limits::TEXT_BYTES,
            "{name}: {} bytes",
            how.len()
        );
        assert!(!how.chars().any(char::is_control), "{name}: {how:?}");
    }
}

#[test]
fn only_a_file_of_reasonable_size_is_read() {
    assert_eq!(refused(|_| {}), "wrote no document to $GATE_OUT");
    let folder = refused(|out| std::fs::create_dir(out).expect("writable"));
    assert_eq!(folder, "left something else than a file at $GATE_OUT");
    let pipe = refused(|out| {
        let made = std::process::Command::new("mkfifo").arg(out).status();
        assert!(made.expect("mkfifo runs").success());
    });
    assert_eq!(pipe, folder);
    let of = |bytes| {
        refused(|out| {
            let file = File::create(out).expect("writable");
            file.set_len(bytes).expect("a file of nothing but holes");
        })
    };
    assert_eq!(of(MAX_BYTES + 1), "wrote a document of more than 256 MiB");
    assert_eq!(
        of(MAX_BYTES),
        "wrote an unusable document: not a JSON object [G102]"
    );
}
