//! The policy of this repository asks the suite for what it then measures.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::tempdir;

/// `list` of `[measure]`, as `gate check` hands it to a shell.
fn list() -> String {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../baselines/gate.toml");
    let text = fs::read_to_string(policy).expect("is there");
    let line = text.lines().find_map(|line| line.strip_prefix("list = '"));
    let line = line.and_then(|line| line.strip_suffix('\''));
    line.expect("is one literal string").to_owned()
}

#[test]
fn what_is_listed_is_of_the_tier_that_is_measured() {
    let checkout = tempdir().expect("is made");
    let bench = env!("CARGO_BIN_EXE_bench");
    fs::create_dir(checkout.path().join("target")).expect("is made");
    symlink(bench, checkout.path().join("target/bench")).expect("is made");
    let printed = |command: &mut Command| {
        let output = command.output().expect("runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("is text")
    };
    for (asked, measured) in [(None, "smoke"), (Some("nightly"), "nightly")] {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(list()).current_dir(checkout.path());
        shell.env_remove("BENCH_TIER");
        shell.envs(asked.map(|tier| ("BENCH_TIER", tier)));
        let mut direct = Command::new(bench);
        direct.args(["list", "--tier", measured, "--ids"]);
        assert_eq!(printed(&mut shell), printed(&mut direct), "{measured}");
    }
}
