//! Memory as the system reports it: the peak of a process, what it has resident, and what the
//! allocator handed out.

use std::fs;

/// The high-water mark of this process's resident memory, counted from a chosen moment.
#[derive(Debug)]
pub struct PeakRss {
    // Only `reset` makes one, so a peak that still contains the loading cannot be read.
    _reset: (),
}

impl PeakRss {
    /// Forgets the peak so far; `None` where the system cannot.
    #[must_use]
    pub fn reset() -> Option<Self> {
        // `5` resets the high-water mark, see proc(5).
        fs::write("/proc/self/clear_refs", "5").ok()?;
        Some(Self { _reset: () })
    }

    /// The peak since the reset, in bytes; `None` where the system does not tell.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        bytes_of("VmHWM:", &fs::read_to_string("/proc/self/status").ok()?)
    }
}

/// Bytes of this process that are in memory now; `None` where the system does not tell.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    bytes_of("VmRSS:", &fs::read_to_string("/proc/self/status").ok()?)
}

/// Bytes that the allocator has handed out and not got back, the rounding of single blocks
/// included: the same in every run of the same program, within a few bytes.
/// `None` with an allocator that does not tell.
#[must_use]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn allocated_bytes() -> Option<u64> {
    #[expect(
        unsafe_code,
        reason = "the standard library does not expose the allocator's statistics"
    )]
    // SAFETY: mallinfo2 takes no arguments, only reads the allocator's counters under its own
    // locks, and returns them by value.
    let statistics = unsafe { libc::mallinfo2() };
    // Small blocks come from the arenas, large ones are mapped one by one.
    Some((statistics.uordblks + statistics.hblkhd) as u64)
}

/// Bytes that the allocator has handed out and not got back, the rounding of single blocks
/// included: the same in every run of the same program, within a few bytes.
/// `None` with an allocator that does not tell.
#[must_use]
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn allocated_bytes() -> Option<u64> {
    None
}

/// A field of a `/proc/<pid>/status`, in bytes.
fn bytes_of(field: &str, status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    (kibibytes > 0).then_some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_or_absent() {
        for (status, expected) in [
            (
                "VmPeak:\t 9 kB\nVmHWM:\t    1024 kB\nVmRSS:\t 1 kB\n",
                Some(1_048_576),
            ),
            ("VmHWM:\t 0 kB\n", None),
            ("VmHWM:\t many kB\n", None),
            ("VmRSS:\t 1 kB\n", None),
            ("", None),
        ] {
            assert_eq!(bytes_of("VmHWM:", status), expected, "{status:?}");
        }
    }
}
