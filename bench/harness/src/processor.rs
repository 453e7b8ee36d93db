//! What processors spent their time on.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What all threads of this process have spent up to now.
#[must_use]
pub fn processor_time() -> Duration {
    spent(ClockId::ProcessCPUTime)
}

/// What this thread has spent up to now.
pub(crate) fn thread_time() -> Duration {
    spent(ClockId::ThreadCPUTime)
}

fn spent(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(now.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}

/// Threads that this process has now. `None` where the system does not tell.
pub(crate) fn threads() -> Option<usize> {
    Some(fs::read_dir("/proc/self/task").ok()?.count())
}

/// Ticks of all processors since boot, and those of them that the hypervisor gave to others. `None`
/// where the system does not tell.
pub(crate) fn ticks() -> Option<(u64, u64)> {
    of(&fs::read_to_string("/proc/stat").ok()?)
}

/// The same from the first line of `/proc/stat`, see proc(5).
fn of(stat: &str) -> Option<(u64, u64)> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = fields
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    // User to steal; guest time behind them is in user time already.
    Some((ticks.iter().take(8).sum(), *ticks.get(7)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_read_or_absent() {
        let stat = "cpu  10 1 5 80 2 0 1 3 9 0\ncpu0 5 0 2 40 1 0 0 1 4 0\n";
        assert_eq!(of(stat), Some((102, 3)));
        assert_eq!(of("cpu  1 2 3"), None);
        assert_eq!(of(""), None);
    }
}
