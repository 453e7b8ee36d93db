//! `gate doctor`, and `scripts/runner/` that does what it asks for.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use walk::files;

use crate::scratch::{Ran, Scratch};

/// A machine as it is delivered, with everything that `tune` changes.
const DELIVERED: [(&str, &str); 12] = [
    ("sys/devices/system/cpu/smt/control", "on\n"),
    ("sys/devices/system/cpu/intel_pstate/no_turbo", "0\n"),
    (
        "sys/devices/system/cpu/cpufreq/policy0/scaling_governor",
        "powersave\n",
    ),
    (
        "sys/devices/system/cpu/cpufreq/policy1/scaling_governor",
        "performance\n",
    ),
    (
        "sys/kernel/mm/transparent_hugepage/enabled",
        "[always] madvise never\n",
    ),
    ("proc/sys/kernel/randomize_va_space", "1\n"),
    ("proc/sys/kernel/perf_event_paranoid", "3\n"),
    ("proc/sys/kernel/random/boot_id", "first\n"),
    ("proc/loadavg", "0.01 0 0 1/99 1\n"),
    ("proc/stat", "cpu  1 0 1 98 0 0 0 0 0 0\n"),
    (
        "sys/devices/system/clocksource/clocksource0/current_clocksource",
        "tsc\n",
    ),
    (
        "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count",
        "0\n",
    ),
];

/// What `tune` changes of it.
const TUNED: [(&str, &str); 6] = [
    ("sys/devices/system/cpu/smt/control", "off"),
    ("sys/devices/system/cpu/intel_pstate/no_turbo", "1"),
    (
        "sys/devices/system/cpu/cpufreq/policy0/scaling_governor",
        "performance",
    ),
    ("sys/kernel/mm/transparent_hugepage/enabled", "madvise"),
    ("proc/sys/kernel/randomize_va_space", "2"),
    ("proc/sys/kernel/perf_event_paranoid", "1"),
];

mod walk {
    use super::*;

    /// Every file below a folder with its content, ends of lines trimmed.
    pub(super) fn files(folder: &Path) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        visit(folder, folder, &mut all);
        all
    }

    fn visit(top: &Path, folder: &Path, all: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                visit(top, &path, all);
            } else {
                let name = path.strip_prefix(top).expect("below").display().to_string();
                let text = std::fs::read_to_string(&path).expect("text");
                all.insert(name, text.trim_end().to_owned());
            }
        }
    }
}

fn delivered() -> Scratch {
    let machine = Scratch::new();
    for (path, content) in DELIVERED {
        machine.write(&format!("root/{path}"), content);
    }
    machine
}

fn script(machine: &Scratch, name: &str, options: &[&str]) -> Ran {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/runner");
    let output = Command::new(scripts.join(name))
        .arg("--root")
        .arg(machine.path("root"))
        .args(options)
        .output()
        .expect("runs");
    Ran {
        code: output.status.code().expect("not killed"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// What the machine looks like, without what `tune` remembers.
fn settings(machine: &Scratch) -> BTreeMap<String, String> {
    let mut files = files(&machine.path("root"));
    files.retain(|name, _| !name.starts_with("var/"));
    files
}

fn after_tuning() -> BTreeMap<String, String> {
    let mut expected = settings(&delivered());
    expected.extend(TUNED.map(|(path, value)| (path.to_owned(), value.to_owned())));
    expected
}

/// The same with the option chosen shown in brackets no more: a plain file keeps what was written.
fn after_undoing() -> BTreeMap<String, String> {
    let mut expected = settings(&delivered());
    let pages = "sys/kernel/mm/transparent_hugepage/enabled";
    expected.insert(pages.to_owned(), "always".to_owned());
    expected
}

#[test]
fn only_strict_fails_and_only_on_what_disturbs() {
    let machine = delivered();
    let disturbed = machine.gate(&["doctor", "--root", "root", "--strict"]);
    assert_eq!(disturbed.code, 1, "{}", disturbed.stderr);
    assert!(
        disturbed
            .stdout
            .contains("disturbs  governor      performance, powersave\n")
    );
    assert_eq!(machine.gate(&["doctor", "--root", "root"]).code, 0);
    // Nothing is known of an empty machine but its disk, and that is on this one.
    let unknown = machine.gate(&[
        "doctor", "--root", "nowhere", "--disk", "nowhere", "--strict",
    ]);
    assert_eq!(unknown.code, 0, "{}", unknown.stdout);
    assert!(
        unknown.stdout.contains("; 11 cannot be told\n"),
        "{}",
        unknown.stdout
    );
}

#[test]
fn tuning_does_what_the_doctor_asks_for_and_undoing_takes_it_back() {
    let machine = delivered();
    let tuned = script(&machine, "tune", &[]);
    assert_eq!(tuned.code, 0, "{}", tuned.stderr);
    insta::assert_snapshot!(tuned.stdout);
    assert_eq!(settings(&machine), after_tuning());
    // The kernel keeps this one beside the switch.
    machine.write("root/sys/devices/system/cpu/smt/active", "0\n");
    let strict = ["doctor", "--root", "root", "--disk", "nowhere", "--strict"];
    let doctor = machine.gate(&strict);
    assert_eq!(doctor.code, 0, "{}", doctor.stdout);
    std::fs::remove_file(machine.path("root/sys/devices/system/cpu/smt/active")).expect("there");

    let undone = script(&machine, "undo", &[]);
    assert_eq!(undone.code, 0, "{}", undone.stderr);
    assert_eq!(settings(&machine), after_undoing());
    assert!(!machine.path("root/var/lib/gate/tuned").exists());
    assert_eq!(
        script(&machine, "undo", &[]).stdout,
        "0 settings put back\n"
    );
}

#[test]
fn tuning_twice_remembers_the_machine_as_it_was() {
    let machine = delivered();
    script(&machine, "tune", &[]);
    assert_eq!(script(&machine, "tune", &[]).stdout, "0 settings changed\n");
    script(&machine, "undo", &[]);
    assert_eq!(settings(&machine), after_undoing());
}

#[test]
fn a_dry_run_changes_nothing() {
    let machine = delivered();
    let before = files(&machine.path("root"));
    let said = script(&machine, "tune", &["--dry-run"]);
    assert!(
        said.stdout.ends_with("\n6 settings would be changed\n"),
        "{}",
        said.stdout
    );
    assert_eq!(files(&machine.path("root")), before);
    script(&machine, "tune", &[]);
    let tuned = files(&machine.path("root"));
    let said = script(&machine, "undo", &["--dry-run"]);
    assert!(
        said.stdout.ends_with("\n6 settings would be put back\n"),
        "{}",
        said.stdout
    );
    assert_eq!(files(&machine.path("root")), tuned);
}

#[test]
fn what_somebody_changed_since_is_left_alone() {
    let machine = delivered();
    script(&machine, "tune", &[]);
    let path = "sys/devices/system/cpu/cpufreq/policy0/scaling_governor";
    machine.write(&format!("root/{path}"), "schedutil\n");
    let undone = script(&machine, "undo", &[]);
    assert!(
        undone.stderr.contains("left at schedutil"),
        "{}",
        undone.stderr
    );
    let mut expected = after_undoing();
    expected.insert(path.to_owned(), "schedutil".to_owned());
    assert_eq!(settings(&machine), expected);
}

#[test]
fn what_another_boot_remembers_is_forgotten() {
    let machine = delivered();
    script(&machine, "tune", &[]);
    // As the machine is delivered again by a reboot.
    for (path, content) in DELIVERED {
        machine.write(&format!("root/{path}"), content);
    }
    machine.write("root/proc/sys/kernel/random/boot_id", "second\n");
    let rebooted = settings(&machine);
    let undone = script(&machine, "undo", &[]);
    assert_eq!(undone.stdout, "0 settings put back\n");
    assert!(undone.stderr.contains("is forgotten"), "{}", undone.stderr);
    assert_eq!(settings(&machine), rebooted);
}

#[test]
fn an_unknown_option_changes_nothing() {
    for name in ["tune", "undo"] {
        let machine = delivered();
        let before = files(&machine.path("root"));
        assert_eq!(script(&machine, name, &["--dryrun"]).code, 2);
        assert_eq!(files(&machine.path("root")), before);
    }
}
