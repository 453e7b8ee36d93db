//! The answer for people: what it takes, whether that fits, and what would.

use std::fmt::Write;

use bench_harness::Needs;
use bench_harness::needs::{Available, Size};
use usearch::ScalarKind;

use super::count::Count;
use crate::vector::footprint::Footprint;
use crate::vector::kinds::kind_name;

/// Fewest links per node that are proposed: with less, recall falls apart.
const MIN_CONNECTIVITY: u64 = 8;

/// What an index takes on this machine.
pub(super) fn answer(footprint: &Footprint, available: &Available) -> String {
    let mut text = format!(
        "{} vectors of {} dimensions, {}, {} links per node\n\n",
        Count(footprint.items),
        footprint.dimensions,
        kind_name(footprint.kind),
        footprint.connectivity,
    );
    for (part, bytes, note) in [
        ("rows", footprint.rows_bytes(), ""),
        ("graph", footprint.graph_bytes(), ""),
        ("keys", footprint.keys_bytes(), ""),
        ("memory", footprint.resident_bytes(), "to search it"),
        (
            "reserve",
            footprint.reserve_bytes(),
            "address space beyond that, memory only once it is used",
        ),
        (
            "source",
            footprint.source_bytes(),
            "more while building from rows that are all held in memory",
        ),
        ("disk", footprint.file_bytes(), "the index as a file"),
    ] {
        let per_vector = bytes as f64 / footprint.items as f64;
        let line = format!(
            "{part:<8} {:>8} {per_vector:>7.0} B each  {note}",
            size(bytes)
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push('\n');
    text.push_str(&verdict(footprint, available));
    text
}

fn needs(footprint: &Footprint) -> Needs {
    Needs::memory(footprint.resident_bytes()).with_disk(footprint.file_bytes())
}

fn verdict(footprint: &Footprint, available: &Available) -> String {
    match available.fit(&needs(footprint)) {
        Ok(()) if *available == Available::default() => {
            "This system does not tell what it has.\n".to_owned()
        }
        Ok(()) => "It fits this machine.\n".to_owned(),
        Err(shortage) => format!(
            "It does not fit: it {shortage}.\n{}",
            remedies(footprint, available)
        ),
    }
}

/// What would fit, each in a line with the memory it takes.
fn remedies(footprint: &Footprint, available: &Available) -> String {
    let mut text = String::from("What would fit, with the memory it takes:\n");
    for (option, bytes) in options(footprint, available) {
        let _ = writeln!(text, "  {:>8}  {option}", size(bytes));
    }
    text
}

/// What would make it fit and the memory that takes, the least loss first.
fn options(footprint: &Footprint, available: &Available) -> Vec<(String, u64)> {
    let fits = |other: &Footprint| available.fit(&needs(other)).is_ok();
    let mut lines: Vec<(String, u64)> = narrower(footprint)
        .into_iter()
        .filter(fits)
        .map(|other| {
            let note = match other.kind {
                ScalarKind::B1 => " (candidates only: compare them again by wider rows)",
                ScalarKind::I8 => " (measure its recall)",
                _ => "",
            };
            let option = format!("--quantization {}{note}", kind_name(other.kind));
            (option, other.resident_bytes())
        })
        .collect();
    let fewer = Footprint {
        connectivity: (footprint.connectivity / 2).max(MIN_CONNECTIVITY),
        ..*footprint
    };
    if fewer.connectivity < footprint.connectivity && fits(&fewer) {
        let option = format!("--connectivity {} (measure its recall)", fewer.connectivity);
        lines.push((option, fewer.resident_bytes()));
    }
    let mapped = Needs::memory(footprint.keys_bytes()).with_disk(footprint.file_bytes());
    if available.fit(&mapped).is_ok() {
        let option = "a memory-mapped file (cold searches wait for the disk)".to_owned();
        lines.push((option, footprint.keys_bytes()));
    }
    let share = shards(footprint, &fits);
    lines.push((
        format!("{share} shards on as many machines like this"),
        at_most(footprint, share).resident_bytes(),
    ));
    lines
}

/// The same rows with fewer bits per scalar, widest first.
fn narrower(footprint: &Footprint) -> Vec<Footprint> {
    [ScalarKind::BF16, ScalarKind::I8, ScalarKind::B1]
        .into_iter()
        .map(|kind| Footprint { kind, ..*footprint })
        .filter(|other| other.rows_bytes() < footprint.rows_bytes())
        .collect()
}

/// The fewest equal parts that each fit, at least two: the more there are, the smaller they are.
fn shards(footprint: &Footprint, fits: &impl Fn(&Footprint) -> bool) -> u64 {
    let (mut few, mut enough) = (1, footprint.items.max(2));
    while few + 1 < enough {
        let parts = few + (enough - few) / 2;
        if fits(&at_most(footprint, parts)) {
            enough = parts;
        } else {
            few = parts;
        }
    }
    enough
}

fn at_most(footprint: &Footprint, parts: u64) -> Footprint {
    Footprint {
        items: footprint.items.div_ceil(parts),
        ..*footprint
    }
}

fn size(bytes: u64) -> String {
    Size(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_MILLION: Footprint = Footprint {
        items: 10_000_000,
        dimensions: 384,
        kind: ScalarKind::F32,
        connectivity: 16,
    };

    #[test]
    fn shards_are_as_few_as_fit() {
        for parts in [2, 3, 10, 11, 1_000] {
            let fits = |part: &Footprint| part.items <= TEN_MILLION.items.div_ceil(parts);
            assert_eq!(shards(&TEN_MILLION, &fits), parts);
        }
        let nothing = |_: &Footprint| false;
        assert_eq!(shards(&TEN_MILLION, &nothing), TEN_MILLION.items);
    }

    fn machine(memory_gb: u64) -> Available {
        Available {
            memory_bytes: Some(memory_gb * 1_000_000_000),
            disk_bytes: Some(100_000_000_000),
        }
    }

    #[test]
    fn what_fits_is_said_in_a_line() {
        let expected = "\
10M vectors of 384 dimensions, f32, 16 links per node

rows        15 GB    1536 B each
graph     1.96 GB     196 B each
keys       433 MB      43 B each
memory      18 GB    1776 B each  to search it
reserve   1.99 GB     199 B each  address space beyond that, memory only once it is used
source      15 GB    1536 B each  more while building from rows that are all held in memory
disk        17 GB    1685 B each  the index as a file

It fits this machine.
";
        assert_eq!(answer(&TEN_MILLION, &machine(64)), expected);
    }

    #[test]
    fn what_does_not_fit_says_what_would() {
        let expected = "\
It does not fit: it needs 18 GB of memory, and 11 GB can be used.
What would fit, with the memory it takes:
     10 GB  --quantization bf16
   6.24 GB  --quantization i8 (measure its recall)
   2.88 GB  --quantization b1 (candidates only: compare them again by wider rows)
    433 MB  a memory-mapped file (cold searches wait for the disk)
   8.88 GB  2 shards on as many machines like this
";
        assert_eq!(verdict(&TEN_MILLION, &machine(12)), expected);
        let narrow = Footprint {
            kind: ScalarKind::B1,
            ..TEN_MILLION
        };
        let expected = "\
It does not fit: it needs 2.88 GB of memory, and 900 MB can be used.
What would fit, with the memory it takes:
    433 MB  a memory-mapped file (cold searches wait for the disk)
    719 MB  4 shards on as many machines like this
";
        assert_eq!(verdict(&narrow, &machine(1)), expected);
    }

    #[test]
    fn a_system_that_does_not_tell_refuses_nothing() {
        assert_eq!(
            verdict(&TEN_MILLION, &Available::default()),
            "This system does not tell what it has.\n"
        );
    }
}
