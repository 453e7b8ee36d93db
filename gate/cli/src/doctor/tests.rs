use std::path::Path;

use tempfile::TempDir;

use super::*;

const PLENTY: Disk = Disk {
    free: Some(200_000_000_000),
};

/// A machine that tells everything, as it should be.
const TUNED: [(&str, &str); 12] = [
    (
        "sys/devices/system/cpu/cpufreq/policy0/scaling_governor",
        "performance\n",
    ),
    (
        "sys/devices/system/cpu/cpufreq/policy10/scaling_governor",
        "performance\n",
    ),
    ("sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"),
    (
        "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count",
        "0\n",
    ),
    (
        "sys/devices/system/clocksource/clocksource0/current_clocksource",
        "tsc\n",
    ),
    ("sys/devices/system/cpu/smt/active", "0\n"),
    ("proc/loadavg", "0.08 0.03 0.01 1/123 4567\n"),
    (
        "proc/stat",
        "cpu  100 0 50 9840 5 0 1 4 0 0\ncpu0 1 0 0 0 0 0 0 9 0 0\n",
    ),
    ("proc/sys/kernel/randomize_va_space", "2\n"),
    ("proc/sys/kernel/perf_event_paranoid", "-1\n"),
    (
        "sys/kernel/mm/transparent_hugepage/enabled",
        "always [madvise] never\n",
    ),
    ("sys/devices/system/cpu/cpufreq/boost", "1\n"),
];

fn machine(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    for (path, content) in files {
        write(folder.path(), path, content);
    }
    folder
}

fn write(root: &Path, path: &str, content: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("below the root")).expect("writable");
    std::fs::write(path, content).expect("writable");
}

fn look(root: &Path, disk: Disk) -> Vec<Finding> {
    findings(&Root(root.to_owned()), disk)
}

#[test]
fn a_tuned_machine_is_fine() {
    let folder = machine(&TUNED);
    insta::assert_snapshot!(show(&look(folder.path(), PLENTY)));
}

#[test]
fn everything_that_disturbs_is_explained() {
    let folder = machine(&[
        (
            "sys/devices/system/cpu/cpufreq/policy0/scaling_governor",
            "powersave\n",
        ),
        (
            "sys/devices/system/cpu/cpufreq/policy1/scaling_governor",
            "performance\n",
        ),
        ("sys/devices/system/cpu/cpufreq/boost", "1\n"),
        (
            "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count",
            "3\n",
        ),
        (
            "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count",
            "17\n",
        ),
        (
            "sys/devices/system/clocksource/clocksource0/current_clocksource",
            "hpet\n",
        ),
        ("sys/devices/system/cpu/smt/active", "1\n"),
        ("proc/loadavg", "2.51 1.00 0.50 3/123 4567\n"),
        ("proc/stat", "cpu  100 0 50 800 0 0 0 50 0 0\n"),
        ("proc/sys/kernel/randomize_va_space", "0\n"),
        ("proc/sys/kernel/perf_event_paranoid", "4\n"),
        (
            "sys/kernel/mm/transparent_hugepage/enabled",
            "[always] madvise never\n",
        ),
    ]);
    let disk = Disk {
        free: Some(3_999_999_999),
    };
    insta::assert_snapshot!(show(&look(folder.path(), disk)));
}

#[test]
fn what_the_system_does_not_tell_is_unknown() {
    let folder = machine(&[]);
    insta::assert_snapshot!(show(&look(folder.path(), Disk { free: None })));
}

#[test]
fn what_is_not_a_setting_is_unknown() {
    for (name, path, content) in [
        (
            "turbo",
            "sys/devices/system/cpu/intel_pstate/no_turbo",
            "yes",
        ),
        ("load", "proc/loadavg", "busy"),
        ("steal", "proc/stat", "cpu  1 2 3"),
        ("steal", "proc/stat", "cpu  0 0 0 0 0 0 0 0"),
        ("smt", "sys/devices/system/cpu/smt/active", "\n"),
        ("perf", "proc/sys/kernel/perf_event_paranoid", "no"),
        (
            "throttling",
            "sys/devices/system/cpu/cpufreq/thermal_throttle/core_throttle_count",
            "9",
        ),
    ] {
        let folder = machine(&[(path, content)]);
        let findings = look(folder.path(), PLENTY);
        let finding = findings.iter().find(|f| f.name == name).expect(name);
        assert_eq!(finding.state, State::Unknown, "{path}: {content:?}");
    }
}

#[test]
fn limits_are_on_the_side_of_fine() {
    for (name, path, fine, disturbs) in [
        ("load", "proc/loadavg", "0.50 0 0", "0.51 0 0"),
        (
            "steal",
            "proc/stat",
            "cpu  0 0 0 99 0 0 0 1",
            "cpu  0 0 0 98 0 0 0 1",
        ),
        ("perf", "proc/sys/kernel/perf_event_paranoid", "1", "2"),
        ("aslr", "proc/sys/kernel/randomize_va_space", "2", "1"),
        (
            "huge pages",
            "sys/kernel/mm/transparent_hugepage/enabled",
            "always madvise [never]",
            "[always] madvise never",
        ),
        ("turbo", "sys/devices/system/cpu/cpufreq/boost", "0", "1"),
    ] {
        for (content, expected) in [(fine, State::Fine), (disturbs, State::Disturbs)] {
            let folder = machine(&[(path, content)]);
            let findings = look(folder.path(), PLENTY);
            let finding = findings.iter().find(|f| f.name == name).expect(name);
            assert_eq!(finding.state, expected, "{path}: {content:?}");
        }
    }
    for (free, expected) in [
        (20_000_000_000, State::Fine),
        (19_999_999_999, State::Disturbs),
    ] {
        let found = room::disk(Disk { free: Some(free) });
        assert_eq!(found.state, expected, "{free}");
    }
}
