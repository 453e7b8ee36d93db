//! A policy under which both sides run one and the same program.

use std::path::{Path, PathBuf};
use std::{fs, io};

use toml::de::{DeTable, DeValue};

/// The policy of the repository, from its top.
pub const POLICY: &str = "baselines/gate.toml";

/// Copies the policy at `from`, the calibrations and the waivers beside it into `into`, with its build
/// replaced by copying `bench`. The promoted baseline stays behind: it was measured elsewhere.
/// Returns where the copy is.
///
/// # Errors
/// A file that cannot be read or written, and a policy that says nothing of building.
pub fn copy(from: &Path, into: &Path, bench: &Path) -> Result<PathBuf, String> {
    let wrong = |path: &Path, why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let text = fs::read_to_string(from).map_err(|error| wrong(from, &error))?;
    let text = with_build(&text, bench).map_err(|why| wrong(from, &why))?;
    let policy = into.join("gate.toml");
    copy_beside(from, into)
        .and_then(|()| fs::write(&policy, text))
        .map_err(|error| wrong(into, &error))?;
    Ok(policy)
}

fn copy_beside(from: &Path, into: &Path) -> io::Result<()> {
    fs::create_dir_all(into.join("noise"))?;
    let waivers = from.with_file_name("waivers.toml");
    if waivers.exists() {
        fs::copy(waivers, into.join("waivers.toml"))?;
    }
    let noise = from.with_file_name("noise");
    if noise.is_dir() {
        for entry in fs::read_dir(noise)? {
            let path = entry?.path();
            if let Some(name) = path.file_name().filter(|_| path.is_file()) {
                fs::copy(&path, into.join("noise").join(name))?;
            }
        }
    }
    Ok(())
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
        let policy = copy(&from, into.path(), Path::new("/bench")).unwrap();
        let text = fs::read_to_string(policy).unwrap();
        assert!(text.contains("cp '/bench' target/bench") && text.contains("command = "));
        assert!(!into.path().join("main.json").exists());
    }
}
