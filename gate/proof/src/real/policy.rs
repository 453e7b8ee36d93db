//! A policy under which both sides run one and the same program.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use gate_schema::id::Digest;
use sha2::{Digest as _, Sha256};
use toml::de::{DeTable, DeValue};

/// The policy of the repository, from its top.
pub const POLICY: &str = "baselines/gate.toml";

/// The name of the policy among the files that gates are judged by.
const NAME: &str = "gate.toml";

/// Everything that gates are judged by, as it was when it was read: the policy, the calibrations and the
/// waivers beside it. Not the promoted baseline, which was measured elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// By path from the directory of the policy.
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Policy {
    /// Reads the policy at `from` and what stands beside it.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(from: &Path) -> Result<Self, String> {
        let mut files = BTreeMap::new();
        let mut read = |name: PathBuf, path: &Path| {
            let bytes = fs::read(path).map_err(|error| wrong(path, &error))?;
            files.insert(name, bytes);
            Ok::<(), String>(())
        };
        read(NAME.into(), from)?;
        let waivers = from.with_file_name("waivers.toml");
        if waivers.exists() {
            read("waivers.toml".into(), &waivers)?;
        }
        let noise = from.with_file_name("noise");
        for path in files_in(&noise).map_err(|error| wrong(&noise, &error))? {
            let name = path.file_name().unwrap_or_default();
            read(Path::new("noise").join(name), &path)?;
        }
        Ok(Self { files })
    }

    /// Of the names and the bytes of all files: what differs in any judges differently.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (name, bytes) in &self.files {
            // With their lengths, so that nothing can move from one to the next.
            for part in [name.as_os_str().as_encoded_bytes(), bytes] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        }
        Digest::from_bytes(&hash.finalize().into()).to_string()
    }

    /// Writes all files into the directory `into`, with the policy's build replaced by copying `bench`.
    /// Returns where the policy is.
    ///
    /// # Errors
    /// A file that cannot be written, and a policy that says nothing of building.
    pub fn write(&self, into: &Path, bench: &Path) -> Result<PathBuf, String> {
        for (name, bytes) in &self.files {
            let path = into.join(name);
            let bytes = if name == Path::new(NAME) {
                let text = str::from_utf8(bytes).map_err(|error| wrong(name, &error))?;
                let text = with_build(text, bench).map_err(|why| wrong(name, &why))?;
                Cow::Owned(text.into_bytes())
            } else {
                Cow::Borrowed(bytes)
            };
            fs::create_dir_all(path.parent().unwrap_or(into))
                .and_then(|()| fs::write(&path, &*bytes))
                .map_err(|error| wrong(&path, &error))?;
        }
        Ok(into.join(NAME))
    }
}

fn wrong(path: &Path, why: &dyn std::fmt::Display) -> String {
    format!("{}: {why}", path.display())
}

/// The files of a directory; none where there is no directory.
fn files_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let paths = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    let paths: io::Result<Vec<PathBuf>> = paths.collect();
    Ok(paths?.into_iter().filter(|path| path.is_file()).collect())
}

/// The policy with the value of `measure.build` replaced and nothing else touched.
fn with_build(policy: &str, bench: &Path) -> Result<String, String> {
    let bench = bench.display().to_string();
    if bench.contains(['\'', '\n']) {
        return Err(format!("`{bench}` cannot be quoted in a policy"));
    }
    let table = DeTable::parse(policy).map_err(|error| error.to_string())?;
    let build = table.get_ref().get("measure").and_then(|measure| {
        let DeValue::Table(measure) = measure.get_ref() else {
            return None;
        };
        Some(measure.get("build")?.span())
    });
    let build = build.ok_or("there is no [measure] table with a `build` to replace")?;
    let (before, after) = (&policy[..build.start], &policy[build.end..]);
    Ok(format!(
        "{before}'''\nmkdir -p target && cp '{bench}' target/bench\n'''{after}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_build_is_replaced() {
        let bench = Path::new("/somewhere/bench");
        let new = "'''\nmkdir -p target && cp '/somewhere/bench' target/bench\n'''";
        for (name, before, after) in [
            ("one line", "[measure]\nbuild = \"make\"", ""),
            (
                "several",
                "# build = 1\n[measure]\nlist = \"build\"\nbuild = '''\na &&\nb\n'''",
                "\ncommand = \"c\"\n",
            ),
            (
                "inline",
                "measure = { build = \"make\"",
                ", command = \"c\" }\n",
            ),
        ] {
            let text = with_build(&format!("{before}{after}"), bench).unwrap();
            let at = before
                .find("build = \"")
                .or_else(|| before.find("build = '"))
                .unwrap();
            let expected = format!("{}build = {new}{after}", &before[..at]);
            assert_eq!(text, expected, "{name}");
        }
        for (policy, bench) in [
            ("", "/bench"),
            ("[measure]\ncommand = \"c\"", "/bench"),
            ("[measure]\nbuild = \"b\"", "/it's/bench"),
            ("[measure", "/bench"),
        ] {
            assert!(with_build(policy, Path::new(bench)).is_err(), "{policy:?}");
        }
    }

    #[test]
    fn the_policy_of_this_repository_can_be_copied() {
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(POLICY);
        let into = tempfile::tempdir().unwrap();
        let policy = Policy::read(&from).unwrap();
        let copy = policy.write(into.path(), Path::new("/bench")).unwrap();
        let text = fs::read_to_string(copy).unwrap();
        assert!(text.contains("cp '/bench' target/bench") && text.contains("command = "));
        assert!(!into.path().join("main.json").exists());
        let noise = files_in(&from.with_file_name("noise")).unwrap().len();
        assert_eq!(files_in(&into.path().join("noise")).unwrap().len(), noise);
    }

    #[test]
    fn the_digest_is_of_everything_that_judges() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let digest = || Policy::read(&path("gate.toml")).unwrap().digest();
        let mut seen = Vec::new();
        for (name, text) in [
            ("gate.toml", "a"),
            ("gate.toml", "b"),
            ("waivers.toml", "a"),
            ("noise/one.json", "a"),
            ("noise/one.json", "b"),
            ("noise/two.json", "a"),
        ] {
            fs::create_dir_all(path(name).parent().unwrap()).unwrap();
            fs::write(path(name), text).unwrap();
            assert!(!seen.contains(&digest()), "{name} {text}");
            seen.push(digest());
        }
        // The promoted baseline is not copied.
        fs::write(path("main.json"), "a").unwrap();
        assert_eq!(seen.last(), Some(&digest()));
        fs::rename(path("noise/two.json"), path("noise/three.json")).unwrap();
        assert!(!seen.contains(&digest()), "a name");
    }
}
