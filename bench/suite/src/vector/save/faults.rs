//! Page faults of this process.

use std::fs;

/// How often this process met a page that was not mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Faults {
    /// The page was in memory.
    pub(super) minor: u64,
    /// The page came from the disk.
    pub(super) major: u64,
}

impl Faults {
    /// Those up to now, over all threads; `None` where the system does not tell.
    pub(super) fn now() -> Option<Self> {
        parse(&fs::read_to_string("/proc/self/stat").ok()?)
    }

    /// Those between an earlier moment and this.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            minor: self.minor.saturating_sub(earlier.minor),
            major: self.major.saturating_sub(earlier.major),
        }
    }
}

/// Fields 10 and 12 of `/proc/<pid>/stat`, see proc(5). The second field, the program's name, may
/// have spaces and parentheses in it, so fields are counted from its end.
fn parse(stat: &str) -> Option<Faults> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(7);
    Some(Faults {
        minor: fields.next()?.parse().ok()?,
        major: fields.nth(1)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_behind_the_name() {
        for (stat, expected) in [
            (
                "7 (a) b) R 1 7 7 0 -1 4194560 1234 5 6 8 9 10",
                Some(Faults {
                    minor: 1_234,
                    major: 6,
                }),
            ),
            ("7 (bench) R 1 7 7 0 -1 4194560 1234", None),
            ("7 (bench) R 1 7 7 0 -1 4194560 x 5 6", None),
            ("", None),
        ] {
            assert_eq!(parse(stat), expected, "{stat}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn touching_memory_is_counted() {
        let start = Faults::now().expect("Linux tells");
        // Larger than what an allocator keeps for later: glibc gives back what is above 32 MB.
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        let faults = Faults::now().expect("Linux tells").since(start);
        // One fault may map up to 2 MB.
        assert!(faults.minor >= (block.len() >> 21) as u64, "{faults:?}");
    }
}
