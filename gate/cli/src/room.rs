//! Whether what failed did so for want of room on a disk, which is no side's fault.

use std::path::{Path, PathBuf};

use gate_schema::code::Code;
use gate_schema::quantity::Quantity;
use gate_schema::unit::Unit;

use crate::diagnostic::{Diagnostic, Place};
use crate::process::shell_word;

/// Less than this is no room at all: whatever a program writes, it fails soon.
const LEAST: u64 = 1 << 20;

/// How the C library words it, and with it shells, compilers and Rust programs.
const WORDS: &str = "No space left on device";

/// How git begins where a file of a tree did not fit: it tells no reason, and has taken away by then what it wrote.
const OF_GIT: &str = "error: unable to write file ";

/// What the file system of a directory has left.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Room {
    directory: PathBuf,
    /// In bytes, for a user without privileges; `None` where the system does not tell.
    free: Option<u64>,
    /// Whether it takes no further file, however many bytes are free.
    is_out_of_files: bool,
}

impl Room {
    pub(crate) fn of(directory: &Path) -> Self {
        let volume = rustix::fs::statvfs(directory).ok();
        // What has no blocks at all, such as /proc, has none free and is not full.
        let volume = volume.filter(|volume| volume.f_blocks > 0);
        Self {
            directory: directory.to_owned(),
            // Some file systems do not count files: they say 0 of 0.
            is_out_of_files: (volume.as_ref())
                .is_some_and(|volume| volume.f_files > 0 && volume.f_favail == 0),
            free: volume.map(|volume| volume.f_bavail.saturating_mul(volume.f_frsize)),
        }
    }

    fn is_full(&self) -> bool {
        self.is_out_of_files || self.free.is_some_and(|free| free < LEAST)
    }

    /// `0 B are free in /tmp`.
    fn told(&self) -> String {
        let directory = self.directory.display();
        match self.free {
            Some(_) if self.is_out_of_files => format!("no further file fits in {directory}"),
            Some(free) => {
                let free = gate_render::quantity(&Quantity {
                    value: free as f64,
                    unit: Unit::Bytes,
                });
                format!("{free} are free in {directory}")
            }
            None => format!("nobody knows what is free in {directory}"),
        }
    }
}

/// The disk that explains a failure: one of `rooms` that is full. Else, where what failed `said` that one
/// is, the first of them, whatever it has left by now: a command that fails takes its files away with it.
pub(crate) fn full<'a>(
    rooms: &'a [Room],
    mut said: impl Iterator<Item = &'a str>,
) -> Option<&'a Room> {
    let is_said = said.any(|line| line.contains(WORDS) || line.starts_with(OF_GIT));
    let of_words = rooms.first().filter(|_| is_said);
    rooms.iter().find(|room| room.is_full()).or(of_words)
}

/// What stops a measurement: `what` failed, in this way, on a full disk. `builds` can be made again.
pub(crate) fn diagnostic(what: &str, rooms: &[Room], at: &Room, builds: &Path) -> Diagnostic {
    let told: Vec<String> = rooms.iter().map(Room::told).collect();
    let builds = shell_word(&builds.to_string_lossy());
    Diagnostic::new(
        Code::DiskFull,
        format!("a disk is full, which is no side's fault: {what}"),
        Place::File(at.directory.clone()),
        format!(
            "{}; make room (`rm -rf {builds}` takes away what can be built again), or measure on another \
             disk: --cache DIR for checkouts and builds, TMPDIR=DIR for temporary files",
            told.join(", ")
        ),
    )
}

/// What to do where a file of `directory` could not be written because its disk is full.
pub(crate) fn hint(directory: &Path) -> String {
    let told = Room::of(directory).told();
    format!("{told}; make room, or name a path on another disk; nothing was half-written")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(directory: &str, free: Option<u64>, is_out_of_files: bool) -> Room {
        Room {
            directory: directory.into(),
            free,
            is_out_of_files,
        }
    }

    #[test]
    fn a_failure_is_a_full_disks_where_the_disk_or_the_failure_says_so() {
        let cat = "cat: write error: No space left on device";
        let rust = "Error: No space left on device (os error 28)";
        let git = "error: unable to write file src/lib.rs";
        let wide = room("/cache", Some(1 << 40), false);
        let full_one = |free| room("/tmp", free, false);
        type Case<'a> = (&'a str, Room, &'a [&'a str], Option<&'a str>);
        let cases: [Case<'_>; 11] = [
            (
                "room and another failure",
                full_one(Some(1 << 40)),
                &["index out of range"],
                None,
            ),
            ("room and nothing said", full_one(Some(1 << 40)), &[], None),
            (
                "no room at all",
                full_one(Some(0)),
                &["index out of range"],
                Some("/tmp"),
            ),
            ("next to none", full_one(Some(LEAST - 1)), &[], Some("/tmp")),
            ("just enough", full_one(Some(LEAST)), &[], None),
            (
                "no further file",
                room("/tmp", Some(1 << 40), true),
                &[],
                Some("/tmp"),
            ),
            (
                "room nobody knows of",
                full_one(None),
                &["index out of range"],
                None,
            ),
            (
                "room again, and it was said",
                full_one(Some(1 << 40)),
                &["reading", cat],
                Some("/cache"),
            ),
            (
                "git did not fit a tree, and has taken it away",
                full_one(Some(1 << 40)),
                &[git, "fatal: Could not reset index file to revision 'HEAD'."],
                Some("/cache"),
            ),
            (
                "a program may not write",
                full_one(Some(1 << 40)),
                &["open: unable to write file out: Permission denied"],
                None,
            ),
            (
                "said, and it is known where",
                full_one(Some(0)),
                &[rust],
                Some("/tmp"),
            ),
        ];
        for (name, second, said, expected) in cases {
            let rooms = [wide.clone(), second];
            let found = full(&rooms, said.iter().copied());
            let found = found.map(|room| room.directory.to_string_lossy().into_owned());
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn the_system_is_asked_and_what_has_no_size_is_not_full() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let here = Room::of(folder.path());
        assert!(here.free.is_some_and(|free| free > 0), "{here:?}");
        for unknown in ["/proc", "/nowhere/at/all"] {
            let unknown = Room::of(Path::new(unknown));
            assert_eq!((unknown.free, unknown.is_full()), (None, false));
        }
    }

    #[test]
    fn what_is_said_names_the_directory_what_is_free_and_the_ways_out() {
        let rooms = [
            room("/cache/it's/build", Some(5_000), false),
            room("/tmp", Some(12_000_000_000), false),
        ];
        let builds = Path::new("/cache/it's/build");
        let said = diagnostic("`command` failed", &rooms, &rooms[0], builds);
        assert_eq!(said.code, Code::DiskFull);
        assert_eq!(said.place, Place::File("/cache/it's/build".into()));
        let told =
            "5.00 kB are free in /cache/it's/build, 12.0 GB are free in /tmp; make room (`rm -rf ";
        assert!(said.hint.starts_with(told), "{}", said.hint);
        assert!(
            said.hint.contains(r"'/cache/it'\''s/build'"),
            "{}",
            said.hint
        );
        for way_out in ["--cache DIR", "TMPDIR=DIR"] {
            assert!(said.hint.contains(way_out), "{}", said.hint);
        }
        assert_eq!(
            room("/cache", Some(1), true).told(),
            "no further file fits in /cache"
        );
    }
}
