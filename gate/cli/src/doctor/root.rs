//! Reading one-line files of the kernel, below a root that tests choose.

use std::path::PathBuf;

/// Where `/proc` and `/sys` are: `/`, or a copy of a few of their files.
pub(crate) struct Root(pub(crate) PathBuf);

impl Root {
    /// The first line of a file, trimmed; `None` where it is missing, empty or not to be read.
    pub(super) fn line(&self, path: &str) -> Option<String> {
        let text = std::fs::read_to_string(self.0.join(path)).ok()?;
        let line = text.lines().next()?.trim();
        (!line.is_empty()).then(|| line.to_owned())
    }

    /// The number on the first line of a file.
    pub(super) fn number(&self, path: &str) -> Option<u64> {
        self.line(path)?.parse().ok()
    }

    /// Entries of a directory named `prefix` and a number, in the order of the numbers.
    pub(super) fn numbered(&self, directory: &str, prefix: &str) -> Vec<String> {
        let number = |name: &str| name.strip_prefix(prefix)?.parse::<u32>().ok();
        let entries = std::fs::read_dir(self.0.join(directory));
        let names = entries.into_iter().flatten().flatten();
        let mut names: Vec<String> = names
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| number(name).is_some())
            .collect();
        names.sort_by_key(|name| number(name));
        names
    }
}

/// The one in brackets: `always [madvise] never`; the whole text where there are none.
pub(super) fn chosen(options: &str) -> &str {
    let inside = options
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    inside.map_or(options, |(chosen, _)| chosen)
}
