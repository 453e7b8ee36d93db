//! Memory, permissions and space.

use super::root::{Root, chosen};
use super::{Finding, Setting};

/// Two builds of a large project, their caches and the data of the largest tier.
const MIN_FREE: u64 = 20_000_000_000;

/// Addresses of program, stack, heap and libraries are all drawn anew for each process.
const FULL_ASLR: u64 = 2;

/// From here on a user may not see where the kernel spends time.
const MAX_PARANOID: i64 = 1;

/// Free space where builds and data go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disk {
    /// In bytes, for a user without privileges; `None` where the system does not tell.
    pub(crate) free: Option<u64>,
}

pub(super) fn aslr(root: &Root) -> Finding {
    let setting = Setting {
        name: "aslr",
        why: "one fixed layout of memory is measured again and again, and its luck looks like an effect",
        fix: "sudo sysctl kernel.randomize_va_space=2",
    };
    match root.number("proc/sys/kernel/randomize_va_space") {
        Some(FULL_ASLR) => setting.found(true, "on"),
        Some(level) => setting.found(false, format!("level {level} of {FULL_ASLR}")),
        None => setting.unknown("the system does not tell"),
    }
}

pub(super) fn hugepages(root: &Root) -> Finding {
    let setting = Setting {
        name: "huge pages",
        why: "the kernel makes huge pages whenever it finds room, so memory and speed depend on what ran earlier",
        fix: "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled",
    };
    match root.line("sys/kernel/mm/transparent_hugepage/enabled") {
        Some(options) => {
            let mode = chosen(&options);
            setting.found(matches!(mode, "madvise" | "never"), mode)
        }
        None => setting.unknown("the system does not tell"),
    }
}

pub(super) fn perf(root: &Root) -> Finding {
    let setting = Setting {
        name: "perf",
        why: "profiles of what regressed miss the kernel's part, or cannot be taken at all",
        fix: "sudo sysctl kernel.perf_event_paranoid=1",
    };
    let path = "proc/sys/kernel/perf_event_paranoid";
    let level: Option<i64> = root.line(path).and_then(|line| line.parse().ok());
    match level {
        Some(level) => setting.found(
            level <= MAX_PARANOID,
            format!("perf_event_paranoid is {level}"),
        ),
        None => setting.unknown("this kernel has no perf events"),
    }
}

pub(super) fn disk(disk: Disk) -> Finding {
    let setting = Setting {
        name: "disk",
        why: "a full disk ends a measurement halfway, a nearly full one slows down writing",
        fix: "make room: du -xh --max-depth=2 ~/.cache | sort -h | tail",
    };
    match disk.free {
        Some(free) => {
            let gigabytes = free / 1_000_000_000;
            setting.found(free >= MIN_FREE, format!("{gigabytes} GB free"))
        }
        None => setting.unknown("the system does not tell"),
    }
}
