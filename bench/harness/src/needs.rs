//! What a scenario needs of the machine, and whether the machine has it.
//!
//! Found out before measuring: a process that the system kills for its memory after forty minutes
//! tells less than a refusal after none.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::group::Memory;

/// Share of the available memory that may be planned with. What estimates leave out (allocator
/// slack, page tables, the page cache of the files being read) has to fit into the rest.
const USABLE: f64 = 0.9;

/// An estimate of what something takes. The larger it may be wrong, the larger it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Needs {
    /// Peak resident memory, in bytes.
    pub memory_bytes: u64,
    /// Files, in bytes.
    pub disk_bytes: u64,
    /// Wall time on the reference machine, in seconds.
    pub seconds: f64,
}

impl Needs {
    /// Needs of `memory_bytes` and nothing else.
    #[must_use]
    pub fn memory(memory_bytes: u64) -> Self {
        Self {
            memory_bytes,
            ..Self::default()
        }
    }

    /// The same with files.
    #[must_use]
    pub fn with_disk(self, disk_bytes: u64) -> Self {
        Self { disk_bytes, ..self }
    }

    /// The same with wall time.
    #[must_use]
    pub fn with_seconds(self, seconds: f64) -> Self {
        Self { seconds, ..self }
    }

    /// What one after the other takes: memory is given back, files and time add up.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.max(next.memory_bytes),
            disk_bytes: self.disk_bytes + next.disk_bytes,
            seconds: self.seconds + next.seconds,
        }
    }
}

/// What the machine has to give. `None` where the system does not tell: nothing is refused then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Available {
    /// Memory that can be had without swapping, in bytes.
    pub memory_bytes: Option<u64>,
    /// Space for files, in bytes.
    pub disk_bytes: Option<u64>,
}

impl Available {
    /// What there is now, on the disk that holds `directory` or will hold it.
    #[must_use]
    pub fn now(directory: &Path) -> Self {
        let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let system = kibibytes(&text, "MemAvailable:");
        // A container may be allowed less than the machine has, and a part of it less still.
        let in_groups = Memory::of_groups().map(|memory| memory.most.saturating_sub(memory.taken));
        Self {
            memory_bytes: in_groups.chain(system).min(),
            disk_bytes: free_bytes(directory),
        }
    }

    /// Whether `needs` fit.
    ///
    /// # Errors
    /// What does not, with both figures.
    pub fn fit(&self, needs: &Needs) -> Result<(), Shortage> {
        let usable = self
            .memory_bytes
            .map(|bytes| (bytes as f64 * USABLE) as u64);
        for (what, needed, available) in [
            (Resource::Memory, needs.memory_bytes, usable),
            (Resource::Disk, needs.disk_bytes, self.disk_bytes),
        ] {
            if let Some(available) = available
                && needed > available
            {
                return Err(Shortage {
                    what,
                    needed,
                    available,
                });
            }
        }
        Ok(())
    }
}

/// A resource that a machine can have too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Resident memory.
    Memory,
    /// Space for prepared files.
    Disk,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Disk => "disk",
        })
    }
}

/// Something that the machine has too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("needs {} of {what}, and {} can be used", Size(*needed), Size(*available))]
pub struct Shortage {
    /// What there is too little of.
    pub what: Resource,
    /// Bytes that are needed.
    pub needed: u64,
    /// Bytes that can be used.
    pub available: u64,
}

/// Bytes as people read them, in powers of ten.
#[derive(Clone, Copy, Debug)]
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as f64;
        let (scaled, unit) = match self.0 {
            0..1_000 => return write!(f, "{} B", self.0),
            1_000..1_000_000 => (bytes / 1e3, "kB"),
            1_000_000..1_000_000_000 => (bytes / 1e6, "MB"),
            _ => (bytes / 1e9, "GB"),
        };
        let digits = if scaled < 10.0 { 2 } else { 0 };
        write!(f, "{scaled:.digits$} {unit}")
    }
}

fn kibibytes(text: &str, field: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(number * 1024)
}

/// Free bytes of the file system that holds `directory` or its nearest existing parent.
#[cfg(unix)]
fn free_bytes(directory: &Path) -> Option<u64> {
    let absolute = std::path::absolute(directory).ok()?;
    let existing = absolute.ancestors().find(|path| path.exists())?;
    let system = rustix::fs::statvfs(existing).ok()?;
    // A file system without blocks (proc, an overlay of some containers) does not tell.
    (system.f_blocks > 0).then_some(system.f_bavail * system.f_frsize)
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const AVAILABLE: Available = Available {
        memory_bytes: Some(1_000),
        disk_bytes: Some(500),
    };

    #[test]
    fn what_does_not_fit_is_named() {
        for (memory, disk, expected) in [
            (900, 500, None),
            (901, 500, Some(Resource::Memory)),
            (900, 501, Some(Resource::Disk)),
            (u64::MAX, u64::MAX, Some(Resource::Memory)),
        ] {
            let needs = Needs::memory(memory).with_disk(disk);
            let shortage = AVAILABLE.fit(&needs).err().map(|shortage| shortage.what);
            assert_eq!(shortage, expected, "{needs:?}");
            assert_eq!(Available::default().fit(&needs), Ok(()), "unknown");
        }
    }

    #[test]
    fn a_shortage_says_both_figures() {
        let available = Available {
            memory_bytes: Some(2_000_000_000),
            ..AVAILABLE
        };
        let shortage = available.fit(&Needs::memory(23_400_000_000));
        assert_eq!(
            shortage.expect_err("is too much").to_string(),
            "needs 23 GB of memory, and 1.80 GB can be used"
        );
    }

    #[test]
    fn one_after_the_other_gives_memory_back_and_keeps_files() {
        let build = Needs::memory(10).with_disk(5).with_seconds(2.0);
        let run = Needs::memory(7).with_disk(1).with_seconds(3.0);
        let both = build.then(run);
        assert_eq!(both, Needs::memory(10).with_disk(6).with_seconds(5.0));
    }

    #[test]
    fn this_machine_tells() {
        let meminfo = "MemTotal: 9 kB\nMemAvailable:    2 kB\n";
        assert_eq!(kibibytes(meminfo, "MemAvailable:"), Some(2_048));
        assert_eq!(kibibytes("MemAvailable: lots\n", "MemAvailable:"), None);
        #[cfg(target_os = "linux")]
        assert!(
            Available::now(Path::new("not/there/yet"))
                .disk_bytes
                .is_some()
        );
    }
}
