//! `bench estimate` from outside.

use crate::{bench, code_and_stderr, directory};

fn estimate(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = bench(directory().path(), &[&["estimate"], arguments].concat());
    let (code, stderr) = code_and_stderr(&output);
    let stdout = String::from_utf8(output.stdout).expect("is text");
    (code, stdout, stderr)
}

#[test]
fn an_index_is_estimated_without_being_built() {
    let (code, stdout, stderr) = estimate(&["--vectors", "1B", "--dim", "1536"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stdout.starts_with("1B vectors of 1536 dimensions, bf16, 16 links"),
        "{stdout}"
    );
    // Three terabytes: nobody tests on such a machine.
    assert!(stdout.contains("It does not fit: it needs 3"), "{stdout}");
    assert!(stdout.contains("shards on as many machines"), "{stdout}");
}

/// How far resident memory, which comes in pages and holds the program's own, may be from it.
const TOLERANCE_PERCENT: f64 = 10.0;

#[test]
#[cfg(target_os = "linux")]
fn a_real_index_takes_what_is_estimated() {
    for kind in ["f32", "i8"] {
        let arguments = ["--vectors", "1M", "--dim", "96", "--quantization", kind];
        let (code, stdout, stderr) = estimate(&[&arguments[..], &["--measure", "20K"]].concat());
        assert_eq!(code, Some(0), "{stderr}");
        let measured = stdout.split("Built 20K").nth(1).expect("is there");
        for part in ["memory", "keys", "disk"] {
            let line = measured.lines().find(|line| line.starts_with(part));
            let fields: Vec<&str> = line.expect("is a line").split_whitespace().collect();
            let off: f64 = fields[fields.len() - 2].parse().expect("a percentage");
            assert!(off.abs() <= TOLERANCE_PERCENT, "{kind}: {stdout}");
        }
    }
}

#[test]
fn nonsense_is_refused() {
    for (arguments, expected) in [
        (["--vectors", "lots", "--dim", "3"], "such as 250000, 10M"),
        (["--vectors", "0", "--dim", "3"], "at least 1"),
        (["--vectors", "5B", "--dim", "3"], "32 bits"),
        (["--vectors", "1K", "--dim", "0"], "1..=65536"),
        (["--vectors", "1K", "--dim", "many"], "invalid digit"),
    ] {
        let (code, _, stderr) = estimate(&arguments);
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
}
