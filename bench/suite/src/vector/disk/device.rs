//! What the system read from disks for this process.

use std::fs;

/// Bytes up to now, over all threads; `None` where the system does not tell. What was in the page cache is
/// not counted.
pub(super) fn read_bytes() -> Option<u64> {
    parse(&fs::read_to_string("/proc/self/io").ok()?)
}

/// `read_bytes` of `/proc/<pid>/io`, see proc(5).
fn parse(io: &str) -> Option<u64> {
    let lines = io.lines().filter_map(|line| line.split_once(": "));
    let (_, bytes) = lines.into_iter().find(|(name, _)| *name == "read_bytes")?;
    bytes.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found_by_its_whole_name() {
        for (io, expected) in [
            (
                "rchar: 5\nread_bytes: 4096\ncancelled_write_bytes: 7\n",
                Some(4_096),
            ),
            ("rchar: 5\n", None),
            ("read_bytes: many\n", None),
            ("", None),
        ] {
            assert_eq!(parse(io), expected, "{io}");
        }
    }
}
