//! `bench tune vectors` on files of the user's own, in every format.

use std::fs;
use std::path::Path;

use crate::{bench, code_and_stderr, directory};

const ROWS: usize = 300;
const DIMENSIONS: usize = 8;

/// Whole numbers from 1 to 250, so that every format holds the same. As good as random (splitmix64):
/// among rows that lie on a grid, neighbours are alike and recall says nothing.
fn number(row: usize, dimension: usize) -> u8 {
    let mut mixed = ((row * DIMENSIONS + dimension) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) % 250) as u8 + 1
}

fn numbers(row: usize) -> impl Iterator<Item = u8> {
    (0..DIMENSIONS).map(move |dimension| number(row, dimension))
}

/// Rows that each say their dimensions.
fn vecs<const N: usize>(encode: fn(u8) -> [u8; N]) -> Vec<u8> {
    let row = |row| {
        let head = (DIMENSIONS as i32).to_le_bytes();
        head.into_iter().chain(numbers(row).flat_map(encode))
    };
    (0..ROWS).flat_map(row).collect()
}

/// The shape, then all rows.
fn bin<const N: usize>(encode: fn(u8) -> [u8; N]) -> Vec<u8> {
    let shape = [ROWS as u32, DIMENSIONS as u32];
    let rows = (0..ROWS).flat_map(numbers).flat_map(encode);
    shape
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .chain(rows)
        .collect()
}

fn npy() -> Vec<u8> {
    let shape = format!("({ROWS}, {DIMENSIONS})");
    let head = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    let head = format!("{head:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((head.len() as u16).to_le_bytes());
    bytes.extend(head.as_bytes());
    bytes.extend((0..ROWS).flat_map(numbers).flat_map(float));
    bytes
}

fn jsonl() -> Vec<u8> {
    let row = |row| format!("{:?}\n", numbers(row).collect::<Vec<u8>>());
    (0..ROWS).map(row).collect::<String>().into_bytes()
}

fn float(number: u8) -> [u8; 4] {
    f32::from(number).to_le_bytes()
}

fn integer(number: u8) -> [u8; 4] {
    i32::from(number).to_le_bytes()
}

fn byte(number: u8) -> [u8; 1] {
    [number]
}

/// A grid of one index and two expansions over `rows`.
fn tune(directory: &Path, rows: &str, more: &[&str]) -> (Option<i32>, String) {
    let grid = ["--connectivity", "8", "--expansion-add", "32"];
    let searches = ["--expansion-search", "16,64", "--out", "tune.json"];
    let rows = ["tune", "vectors", "--rows", rows];
    let arguments = [&rows[..], &grid, &searches, more].concat();
    code_and_stderr(&bench(directory, &arguments))
}

#[test]
fn every_format_is_tuned_on() {
    for (name, bytes) in [
        ("rows.fvecs", vecs(float)),
        ("rows.bvecs", vecs(byte)),
        ("rows.ivecs", vecs(integer)),
        ("rows.fbin", bin(float)),
        ("rows.u8bin", bin(byte)),
        ("rows.ibin", bin(integer)),
        ("rows.npy", npy()),
        ("rows.jsonl", jsonl()),
    ] {
        let directory = directory();
        fs::write(directory.path().join(name), bytes).expect("is writable");
        let (code, stderr) = tune(directory.path(), name, &[]);
        assert_eq!(code, Some(0), "{name}: {stderr}");
        let text = fs::read(directory.path().join("tune.json")).expect("was written");
        let document: serde_json::Value = serde_json::from_slice(&text).expect("is JSON");
        assert_eq!(document["file"], name);
        // A tenth is held out.
        assert_eq!(
            (document["items"].as_u64(), document["queries"].as_u64()),
            (Some(270), Some(30))
        );
        let recall = document["points"][1]["recall"]
            .as_f64()
            .expect("was measured");
        // Rows of a few small numbers are near to many others, and bf16 does not tell all of them apart.
        assert!(recall > 0.8, "{name}: {recall}");
    }
}

#[test]
fn queries_of_a_file_are_asked_by_any_metric() {
    let directory = directory();
    fs::write(directory.path().join("rows.fbin"), bin(float)).expect("is writable");
    fs::write(directory.path().join("queries.bvecs"), vecs(byte)).expect("is writable");
    for metric in ["cos", "ip", "l2"] {
        let more = ["--queries", "queries.bvecs", "--metric", metric];
        let (code, stderr) = tune(directory.path(), "rows.fbin", &more);
        assert_eq!(code, Some(0), "{metric}: {stderr}");
    }
}

#[test]
fn files_that_cannot_be_tuned_on_are_refused_with_their_place() {
    let directory = directory();
    let write = |name: &str, bytes: &[u8]| {
        fs::write(directory.path().join(name), bytes).expect("is writable");
    };
    let mut odd = bin(float);
    // The head, then row 2, dimension 1.
    let at = 8 + 4 * (2 * DIMENSIONS + 1);
    odd[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    write("nan.fbin", &odd);
    write("rows.fbin", &bin(float));
    write("cut.fbin", &bin(float)[..100]);
    write("few.jsonl", b"[1, 2]\n[3, 4]\n");
    write("ragged.jsonl", b"[1, 2]\n[3, 4, 5]\n");
    write("rows.csv", b"1,2\n");
    for (rows, more, expected) in [
        (
            "nan.fbin",
            &[][..],
            "nan.fbin, row 2: dimension 1 is not a finite number",
        ),
        ("cut.fbin", &[], "cut.fbin: 100 bytes long"),
        (
            "few.jsonl",
            &[],
            "2 rows are too few to tune on, at least 100",
        ),
        ("ragged.jsonl", &[], "3 dimensions, the rows before have 2"),
        ("rows.csv", &[], "unknown format"),
        ("gone.fbin", &[], "No such file"),
        (
            "rows.fbin",
            &["--queries", "few.jsonl"],
            "few.jsonl has 2 dimensions, and rows.fbin has 8",
        ),
    ] {
        let (code, stderr) = tune(directory.path(), rows, more);
        assert_eq!(code, Some(2), "{rows}: {stderr}");
        assert!(stderr.contains(expected), "{rows}: {stderr}");
    }
}

#[test]
fn points_are_not_written_where_their_plot_goes() {
    let directory = directory();
    fs::write(directory.path().join("a.fbin"), bin(float)).expect("is writable");
    let arguments = ["tune", "vectors", "--rows", "a.fbin", "--out", "a.svg"];
    let (code, stderr) = code_and_stderr(&bench(directory.path(), &arguments));
    assert_eq!(code, Some(2), "{stderr}");
    let expected = "a.svg is where the plot goes";
    assert!(stderr.contains(expected), "{stderr}");
    assert!(!directory.path().join("a.svg").exists());
}

#[test]
fn data_sets_of_ann_benchmarks_are_read_by_builds_that_can() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/two-rows.hdf5");
    let (code, stderr) = tune(directory().path(), file, &[]);
    assert_eq!(code, Some(2), "{stderr}");
    let expected = match cfg!(feature = "hdf5") {
        true => "2 rows are too few to tune on",
        false => "built with --features hdf5",
    };
    assert!(stderr.contains(expected), "{stderr}");
}
