//! Commands that outlive a killed `gate`: noted down while they run, ended by the next start.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::GRACE;

/// Time between two looks at whether a killed group is gone.
const POLL: Duration = Duration::from_millis(10);

/// First word of a note.
const RUNNING: &str = "running";

/// What tells a process group from a later one of the same number: the start of its first process, in
/// ticks since the machine was booted, and which boot that was.
#[derive(Debug, PartialEq)]
struct Identity {
    start: u64,
    boot: String,
}

impl Identity {
    /// Of a group whose first process is still there. `None` where the system does not say: then nothing
    /// is noted, and nothing ended.
    fn of(group: Pid) -> Option<Self> {
        let group = group.as_raw_pid();
        let stat = std::fs::read_to_string(format!("/proc/{group}/stat")).ok()?;
        // The name of a process stands in parentheses and may hold anything (proc_pid_stat(5)); behind
        // it are fields 3 and on. The fifth is the process group, the 22nd the start.
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        if fields.get(2)?.parse() != Ok(group) {
            return None;
        }
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(Self {
            start: fields.get(19)?.parse().ok()?,
            boot: boot.trim().to_owned(),
        })
    }
}

/// A line by which the next start knows this group.
pub(crate) fn note(group: Pid) -> Option<String> {
    let Identity { start, boot } = Identity::of(group)?;
    Some(format!("{RUNNING} {} {start} {boot}\n", group.as_raw_pid()))
}

/// Ends the groups that are noted in `text` and still run, and waits until they are gone: they would be
/// measured along. Other lines are passed over.
pub(crate) fn end(text: &str) {
    for (group, identity) in text.lines().filter_map(noted) {
        if Identity::of(group) != Some(identity) {
            continue;
        }
        // Fails when it ended just now, and then all is well.
        let _ = kill_process_group(group, Signal::KILL);
        let deadline = Instant::now() + GRACE;
        // Whoever adopted them may be slow to notice that they ended, or never do.
        while test_kill_process_group(group).is_ok() && Instant::now() < deadline {
            thread::sleep(POLL);
        }
    }
}

fn noted(line: &str) -> Option<(Pid, Identity)> {
    let words: Vec<&str> = line.split(' ').collect();
    let &[RUNNING, group, start, boot] = &words[..] else {
        return None;
    };
    let identity = Identity {
        start: start.parse().ok()?,
        boot: boot.to_owned(),
    };
    // Group 1 belongs to the system.
    let group = group.parse().ok().filter(|group| *group > 1)?;
    Some((Pid::from_raw(group)?, identity))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::Command;

    use super::*;

    #[test]
    fn only_the_group_that_was_noted_is_ended() {
        let mut sleeping = Command::new("sleep");
        let mut child = sleeping
            .arg("1000")
            .process_group(0)
            .spawn()
            .expect("starts");
        let group = Pid::from_child(&child);
        let note = note(group).expect("Linux says");
        let (_, Identity { start, boot }) = noted(note.trim_end()).expect("a note");
        let number = group.as_raw_pid();
        for other in [
            String::new(),
            format!("{number}\n"),
            format!("{RUNNING} {number} {} {boot}\n", start + 1),
            format!("{RUNNING} {number} {start} another-boot\n"),
            format!("{RUNNING} {number} {start}\n"),
            format!("{RUNNING} 1 {start} {boot}\n{RUNNING} -1 {start} {boot}\n"),
        ] {
            end(&other);
            assert!(child.try_wait().expect("a child").is_none(), "{other}");
        }
        let ended = thread::spawn(move || child.wait().expect("a child"));
        end(&format!("4711\n{note}"));
        assert!(test_kill_process_group(group).is_err());
        assert_eq!(ended.join().expect("no panic").signal(), Some(9));
    }
}
