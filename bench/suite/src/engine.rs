//! Versions of the engines under test.
//!
//! They are part of every preparation recipe: an index built by another version is another index.

/// The vector engine.
pub const USEARCH: &str = "2.26.6";

/// The text engine.
pub const TANTIVY: &str = "0.27.0";

/// The map.
pub const DASHMAP: &str = "6.2.1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_lock_file() {
        let lock = include_str!("../../../Cargo.lock");
        for (engine, version) in [
            ("usearch", USEARCH),
            ("tantivy", TANTIVY),
            ("dashmap", DASHMAP),
        ] {
            let entry = format!("name = \"{engine}\"\nversion = \"{version}\"\n");
            assert!(
                lock.contains(&entry),
                "{engine} {version} is not what Cargo.lock builds"
            );
        }
    }
}
