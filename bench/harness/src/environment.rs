//! Where a run was measured: the fingerprint that must be equal before timings are compared, and
//! softer fields for the person who reads it. What cannot be read is left out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

use gate_schema::id::Name;
use gate_schema::run::Environment;
use gate_schema::run::limits::TEXT_BYTES;

use crate::processor::ticks;
use crate::recipe::digest;
use crate::scenario::name;

/// The program that measured, as documents name it.
pub const TOOL: &str = concat!("bench ", env!("CARGO_PKG_VERSION"));

/// Hexadecimal digits of the machine's digest: enough to tell machines apart, too few to matter.
const MACHINE_DIGITS: usize = 16;

/// Reads the environment of this process.
#[must_use]
pub fn environment() -> Environment {
    let fingerprint = [
        ("machine", machine()),
        ("cpu_model", cpu_field("model name")),
        (
            "cores",
            available_parallelism().ok().map(|cores| cores.to_string()),
        ),
        (
            "smt",
            line("/sys/devices/system/cpu/smt/active").and_then(on_or_off),
        ),
        ("boost", boost()),
        (
            "governor",
            line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        ),
        ("numa_nodes", numa_nodes()),
        ("virtualisation", virtualisation()),
        ("kernel", line("/proc/sys/kernel/osrelease")),
        ("rustc", compiled(env!("BENCH_RUSTC"))),
        ("profile", compiled(env!("BENCH_PROFILE"))),
        // Empty flags are a fact, not an unknown.
        ("rustflags", Some(env!("BENCH_RUSTFLAGS").to_owned())),
        ("target_features", compiled(env!("BENCH_TARGET_FEATURES"))),
        ("allocator", Some(allocator().to_owned())),
        ("harness", Some(env!("CARGO_PKG_VERSION").to_owned())),
    ];
    let soft = [
        ("memory_total", meminfo("MemTotal:")),
        (
            "transparent_hugepages",
            line("/sys/kernel/mm/transparent_hugepage/enabled").and_then(chosen),
        ),
        ("aslr", line("/proc/sys/kernel/randomize_va_space")),
        ("load_average", load_average()),
        ("steal", steal()),
    ];
    Environment {
        fingerprint: known(fingerprint),
        soft: known(soft),
        tool: TOOL.to_owned(),
    }
}

/// Keeps what could be read, in a form that documents accept.
fn known<const N: usize>(fields: [(&'static str, Option<String>); N]) -> BTreeMap<Name, String> {
    fields
        .into_iter()
        .filter_map(|(field, text)| Some((name(field), showable(&text?))))
        .collect()
}

/// Long texts, such as the features of `target-cpu=native`, become their digest: it still tells
/// equal from different.
fn showable(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    if text.len() <= TEXT_BYTES {
        text
    } else {
        digest(text.as_bytes()).to_string()
    }
}

fn line(path: impl AsRef<Path>) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn compiled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A digest of the machine id: the id itself must not be published, see machine-id(5).
fn machine() -> Option<String> {
    let id = line("/etc/machine-id")?;
    let digest = digest(format!("gate environment {id}").as_bytes());
    Some(digest.as_str().trim_start_matches("sha256:")[..MACHINE_DIGITS].to_owned())
}

fn cpu_field(field: &str) -> Option<String> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").ok()?;
    let (_, value) = cpuinfo
        .lines()
        .find(|line| line.starts_with(field))?
        .split_once(':')?;
    Some(value.trim().to_owned())
}

fn on_or_off(switch: String) -> Option<String> {
    match switch.as_str() {
        "1" => Some("on".into()),
        "0" => Some("off".into()),
        _ => None,
    }
}

/// The generic switch, or Intel's, which says the opposite.
fn boost() -> Option<String> {
    line("/sys/devices/system/cpu/cpufreq/boost")
        .and_then(on_or_off)
        .or_else(|| {
            let no_turbo = line("/sys/devices/system/cpu/intel_pstate/no_turbo")?;
            on_or_off(if no_turbo == "0" {
                "1".into()
            } else {
                "0".into()
            })
        })
}

fn numa_nodes() -> Option<String> {
    let is_node = |file: &str| {
        file.strip_prefix("node")
            .is_some_and(|id| id.parse::<u32>().is_ok())
    };
    let entries = fs::read_dir("/sys/devices/system/node").ok()?;
    let nodes = entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(is_node))
        .count();
    (nodes > 0).then(|| nodes.to_string())
}

/// The hypervisor by its own name where it has one, else whether there is one.
fn virtualisation() -> Option<String> {
    let flags = cpu_field("flags")?;
    if !flags.split(' ').any(|flag| flag == "hypervisor") {
        return Some("none".into());
    }
    Some(line("/sys/class/dmi/id/product_name").unwrap_or_else(|| "hypervisor".into()))
}

fn allocator() -> &'static str {
    if cfg!(target_env = "gnu") {
        "system (glibc)"
    } else {
        "system"
    }
}

fn meminfo(field: &str) -> Option<String> {
    let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
    Some(
        meminfo
            .lines()
            .find_map(|line| line.strip_prefix(field))?
            .trim()
            .to_owned(),
    )
}

/// The one in brackets: `always [madvise] never`.
fn chosen(options: String) -> Option<String> {
    let (_, rest) = options.split_once('[')?;
    Some(rest.split_once(']')?.0.to_owned())
}

/// Load over 1, 5 and 15 minutes.
fn load_average() -> Option<String> {
    Some(
        line("/proc/loadavg")?
            .split(' ')
            .take(3)
            .collect::<Vec<_>>()
            .join(" "),
    )
}

/// Share of CPU time since boot that the hypervisor gave to others.
fn steal() -> Option<String> {
    let (all, stolen) = ticks()?;
    (all > 0).then(|| format!("{:.2}%", 100.0 * stolen as f64 / all as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_compiled_in_is_always_known() {
        let environment = environment();
        for field in ["rustc", "profile", "rustflags", "allocator", "harness"] {
            assert!(environment.fingerprint.contains_key(field), "{field}");
        }
        assert!(environment.fingerprint["rustc"].starts_with("rustc "));
    }

    #[test]
    fn the_machine_id_itself_is_not_published() {
        if let (Some(id), Some(shown)) = (line("/etc/machine-id"), machine()) {
            assert_eq!(shown.len(), MACHINE_DIGITS);
            assert!(!id.contains(&shown));
        }
    }

    #[test]
    fn odd_texts_are_made_showable() {
        assert_eq!(showable("a\u{1b}b"), "ab");
        assert!(showable(&"+avx512".repeat(100)).starts_with("sha256:"));
        assert_eq!(
            chosen("always [madvise] never".into()).as_deref(),
            Some("madvise")
        );
        assert_eq!(on_or_off("notsupported".into()), None);
    }
}
