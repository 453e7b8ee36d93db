//! What processors spent their time on.

use std::collections::BTreeMap;
use std::ffi::OsString;
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

/// What each thread of this process that has not ended has spent up to now. Empty where the system does not
/// tell.
pub(crate) fn by_thread() -> BTreeMap<OsString, Duration> {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten();
    let spent = threads.flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        let nanos = text.split_whitespace().next()?.parse().ok()?;
        Some((thread.file_name(), Duration::from_nanos(nanos)))
    });
    spent.collect()
}

/// How many threads spent more than `idle` from `before` to `after`, those that began in between included.
pub(crate) fn worked(
    before: &BTreeMap<OsString, Duration>,
    after: &BTreeMap<OsString, Duration>,
    idle: Duration,
) -> usize {
    let has_worked = |(thread, spent): &(&OsString, &Duration)| {
        let before = before.get(*thread).copied().unwrap_or_default();
        spent.saturating_sub(before) > idle
    };
    after.iter().filter(has_worked).count()
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
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    /// Threads by name, and the milliseconds that each has spent.
    fn spent<const N: usize>(threads: [(&str, u64); N]) -> BTreeMap<OsString, Duration> {
        let threads = threads.into_iter();
        threads
            .map(|(thread, ms)| (thread.into(), Duration::from_millis(ms)))
            .collect()
    }

    #[test]
    fn threads_that_worked_are_counted_and_idle_ones_are_not() {
        let before = spent([("worked", 70), ("idle", 500), ("ended", 80)]);
        let after = spent([("worked", 90), ("idle", 510), ("began", 11), ("waits", 10)]);
        assert_eq!(worked(&before, &after, Duration::from_millis(10)), 2);
        assert_eq!(worked(&before, &before, Duration::ZERO), 0);
        assert_eq!(worked(&BTreeMap::new(), &before, Duration::ZERO), 3);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_spends_what_it_works_and_nothing_while_it_waits() {
        fn here() -> Option<OsString> {
            let link = fs::read_link("/proc/thread-self").ok()?;
            link.file_name().map(OsString::from)
        }
        if fs::read("/proc/thread-self/schedstat").is_err() {
            // This kernel does not tell.
            return;
        }
        let (tell, told) = mpsc::channel();
        let (idle, until) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                tell.send(here()).expect("is heard");
                until.recv()
            });
            let waits = told.recv().expect("tells").expect("has a name");
            let works = here().expect("has a name");
            // A listing may lack a thread beside which another one ends.
            let both = || loop {
                let spent = by_thread();
                if let (Some(works), Some(waits)) = (spent.get(&works), spent.get(&waits)) {
                    return [*works, *waits];
                }
            };
            let before = both();
            let mut after = before;
            while after[0] < before[0] + Duration::from_millis(20) {
                after = both();
            }
            // It may still have been on its way to its wait.
            assert!(after[1] < before[1] + Duration::from_millis(10));
            drop(idle);
        });
    }

    #[test]
    fn ticks_are_read_or_absent() {
        let stat = "cpu  10 1 5 80 2 0 1 3 9 0\ncpu0 5 0 2 40 1 0 0 1 4 0\n";
        assert_eq!(of(stat), Some((102, 3)));
        assert_eq!(of("cpu  1 2 3"), None);
        assert_eq!(of(""), None);
    }
}
