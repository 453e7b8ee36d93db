//! What building an index took and what its audit found, kept beside the index.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bench_harness::Failure;

const FILE: &str = "built.txt";

/// How an index was built.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Built {
    /// Wall time of adding all rows.
    pub(crate) build: Duration,
    /// Wall time of looking for orphans once.
    pub(crate) audit: Duration,
    /// Rows that no search could find when all were added.
    pub(crate) orphans: usize,
    /// Those of them that are still not found after they were added again.
    pub(crate) orphans_left: usize,
}

impl Built {
    /// Orphans that are found now. Mending may lose other rows, so there may be more left than there were.
    pub(crate) fn mended(&self) -> usize {
        self.orphans.saturating_sub(self.orphans_left)
    }

    /// Writes it where the index is.
    pub(crate) fn save(&self, directory: &Path) -> Result<(), Failure> {
        let text = format!(
            "build ns: {}\naudit ns: {}\norphans: {}\norphans left: {}\n",
            self.build.as_nanos(),
            self.audit.as_nanos(),
            self.orphans,
            self.orphans_left
        );
        Ok(fs::write(directory.join(FILE), text)?)
    }

    /// Reads what [`Built::save`] wrote.
    pub(crate) fn load(directory: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(directory.join(FILE))?;
        let number = |name: &str| -> Result<u64, Failure> {
            let lines = text.lines().filter_map(|line| line.split_once(": "));
            let found = lines.into_iter().find(|(found, _)| *found == name);
            let (_, number) = found.ok_or_else(|| format!("{FILE} does not say {name}"))?;
            Ok(number.parse()?)
        };
        Ok(Self {
            build: Duration::from_nanos(number("build ns")?),
            audit: Duration::from_nanos(number("audit ns")?),
            orphans: number("orphans")? as usize,
            orphans_left: number("orphans left")? as usize,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let built = Built {
            build: Duration::from_millis(2_500),
            audit: Duration::from_micros(7),
            orphans: 3,
            orphans_left: 0,
        };
        built.save(directory.path()).expect("is writable");
        assert_eq!(Built::load(directory.path()).expect("is whole"), built);
        assert_eq!(built.mended(), 3);
        let lost = Built {
            orphans_left: 4,
            ..built
        };
        assert_eq!(lost.mended(), 0);
        fs::write(directory.path().join(FILE), "orphans: 3\n").expect("is writable");
        let error = Built::load(directory.path()).expect_err("is not whole");
        assert_eq!(error.to_string(), "built.txt does not say build ns");
    }
}
