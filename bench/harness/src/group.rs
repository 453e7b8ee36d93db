//! The control group of this process, which may be allowed less than the machine has: a container, a service.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Where groups of version 2 are. Version 1 has no pressure.
const ROOT: &str = "/sys/fs/cgroup";

/// The folder of this process's group.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let path = groups.lines().find_map(|line| line.strip_prefix("0::/"));
        Path::new(ROOT).join(path.unwrap_or_default())
    })
}

/// Memory of a group that has a limit, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// What it may have; never 0.
    pub(crate) most: u64,
    /// What it has and cannot give back.
    pub(crate) taken: u64,
}

impl Memory {
    /// That of this process's group and of those around it, as far as they have limits.
    pub(crate) fn of_groups() -> impl Iterator<Item = Self> {
        let folders = folder().ancestors();
        let folders = folders.take_while(|folder| folder.starts_with(ROOT));
        folders.filter_map(|folder| {
            let files = ["memory.max", "memory.current", "memory.stat"];
            let [most, current, stat] =
                files.map(|file| fs::read_to_string(folder.join(file)).unwrap_or_default());
            Self::read(&most, &current, &stat)
        })
    }

    /// From its files; `None` where it may have all there is. Pages of files can be had back: with them, whoever has
    /// read what was prepared would seem to have no memory left.
    fn read(most: &str, current: &str, stat: &str) -> Option<Self> {
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let field = |name: &str| {
            let mut lines = stat.lines();
            lines.find_map(|line| number(line.strip_prefix(name)?))
        };
        // Files of memory count as files, and stay.
        let [files, in_memory] = ["file ", "shmem "].map(|name| field(name).unwrap_or_default());
        let held = number(current).unwrap_or_default();
        Some(Self {
            most: number(most).filter(|most| *most > 0)?,
            taken: held.saturating_sub(files.saturating_sub(in_memory)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_files_are_not_taken() {
        let stat = "anon 200\nfile 700\nkernel 9\nshmem 100\nfile_mapped 5\n";
        for (most, current, stat, taken) in [
            ("1000\n", "900\n", stat, Some(300)),
            ("1000\n", "900\n", "", Some(900)),
            ("1000\n", "500\n", stat, Some(0)),
            ("1000\n", "", "", Some(0)),
            ("max\n", "900\n", stat, None),
            ("0\n", "900\n", stat, None),
            ("", "", "", None),
        ] {
            let memory = Memory::read(most, current, stat);
            assert_eq!(
                memory.map(|memory| memory.taken),
                taken,
                "{most:?} {current:?}"
            );
        }
    }
}
