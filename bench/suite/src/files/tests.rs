//! Every format gives the same rows; every defect is named with its place.

use std::fs;

use tempfile::TempDir;

use super::*;

const ROWS: [[f32; 3]; 2] = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];

/// Writes `bytes` to a file of that name and reads all its rows.
fn read(name: &str, bytes: &[u8]) -> Result<Vec<Vec<f32>>, FileError> {
    let directory = tempfile::tempdir().expect("a directory");
    read_all(&written(&directory, name, bytes))
}

fn written(directory: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, bytes).expect("is writable");
    path
}

fn read_all(path: &Path) -> Result<Vec<Vec<f32>>, FileError> {
    let mut file = VectorFile::open(path, None)?;
    let mut rows = Vec::new();
    let mut row = vec![0.0; file.shape().dimensions];
    while file.read(&mut row)? {
        rows.push(row.clone());
    }
    assert_eq!(rows.len(), file.shape().rows);
    Ok(rows)
}

fn expected() -> Vec<Vec<f32>> {
    ROWS.iter().map(|row| row.to_vec()).collect()
}

/// Rows that each say their dimensions, numbers encoded by `encode`.
fn vecs<const N: usize>(encode: impl Fn(f32) -> [u8; N]) -> Vec<u8> {
    let row = |row: &[f32; 3]| {
        let numbers = row.iter().flat_map(|value| encode(*value));
        3_i32.to_le_bytes().into_iter().chain(numbers).collect()
    };
    ROWS.iter().map(row).collect::<Vec<Vec<u8>>>().concat()
}

/// The shape, then the numbers.
fn bin<const N: usize>(encode: impl Fn(f32) -> [u8; N]) -> Vec<u8> {
    let numbers = ROWS.iter().flatten().flat_map(|value| encode(*value));
    let shape = [2_u32, 3].into_iter().flat_map(u32::to_le_bytes);
    shape.chain(numbers).collect()
}

fn npy(descr: &str, shape: &str, order: bool, numbers: &[u8]) -> Vec<u8> {
    let order = if order { "True" } else { "False" };
    let text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    let padded = format!("{text:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((padded.len() as u16).to_le_bytes());
    bytes.extend(padded.as_bytes());
    bytes.extend(numbers);
    bytes
}

fn floats() -> Vec<u8> {
    let numbers = ROWS.iter().flatten();
    numbers.flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn every_format_gives_the_same_rows() {
    let half = |value| half::f16::from_f32(value).to_le_bytes();
    let doubles: Vec<u8> = ROWS
        .iter()
        .flatten()
        .flat_map(|value| f64::from(*value).to_le_bytes())
        .collect();
    for (name, bytes) in [
        ("a.fvecs", vecs(f32::to_le_bytes)),
        ("a.bvecs", vecs(|value| [value as u8])),
        ("a.ivecs", vecs(|value| (value as i32).to_le_bytes())),
        ("a.fbin", bin(f32::to_le_bytes)),
        ("a.hbin", bin(half)),
        ("a.u8bin", bin(|value| [value as u8])),
        ("a.i8bin", bin(|value| (value as i8).to_le_bytes())),
        ("a.ibin", bin(|value| (value as i32).to_le_bytes())),
        ("a.npy", npy("<f4", "(2, 3)", false, &floats())),
        ("b.npy", npy("<f8", "(2, 3)", false, &doubles)),
        ("c.npy", npy("|u1", "(2, 3)", false, &[1, 2, 3, 4, 5, 6])),
        ("a.jsonl", b"[1, 2, 3]\n[4.0, 5, 6e0]\n".to_vec()),
        (
            "b.jsonl",
            b"{\"id\": 7, \"vector\": [1, 2, 3]}\n{\"vector\": [4, 5, 6]}".to_vec(),
        ),
        ("c.jsonl", b"\n[1, 2, 3]\r\n \n[4, 5, 6]\n\n".to_vec()),
    ] {
        assert_eq!(read(name, &bytes).expect(name), expected(), "{name}");
    }
}

#[test]
#[cfg(feature = "hdf5")]
fn hdf5_gives_the_same_rows() {
    // Written by h5py 3: `train` chunked and compressed, `test` contiguous, `flat` of one dimension.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/two-rows.hdf5");
    for dataset in ["train", "test"] {
        let mut file = VectorFile::open(&path, Some(dataset)).expect(dataset);
        let mut row = [0.0; 3];
        for expected in ROWS {
            assert!(file.read(&mut row).expect(dataset));
            assert_eq!(row.to_vec(), expected.to_vec(), "{dataset}");
        }
        assert!(!file.read(&mut row).expect(dataset));
    }
    let directory = tempfile::tempdir().expect("a directory");
    let bytes = fs::read(&path).expect("is there");
    let cut = written(&directory, "cut.hdf5", &bytes[..bytes.len() - 1]);
    let cut = VectorFile::open(&cut, Some("train")).expect_err("was cut");
    assert!(
        cut.to_string()
            .contains("12207 bytes long, its shape says 12208"),
        "{cut}"
    );
    let flat = VectorFile::open(&path, Some("flat")).expect_err("is no matrix");
    assert!(
        flat.to_string().contains("a dataset of 1 dimensions"),
        "{flat}"
    );
    assert!(VectorFile::open(&path, Some("absent")).is_err());
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let mut not_a_number = bin(f32::to_le_bytes);
    not_a_number[8 + 16..8 + 20].copy_from_slice(&f32::NAN.to_le_bytes());
    let mut other_dimensions = vecs(f32::to_le_bytes);
    other_dimensions[16..20].copy_from_slice(&4_i32.to_le_bytes());
    let cut = |mut bytes: Vec<u8>| {
        bytes.pop();
        bytes
    };
    let huge = [u32::MAX, u32::MAX].map(u32::to_le_bytes).concat();
    for (name, bytes, said) in [
        ("a.txt", vec![], "a.txt: unknown format"),
        ("a.fvecs", vec![], "a.fvecs: there is no row"),
        ("a.fbin", vec![], "0 bytes long, its shape says 8"),
        (
            "a.fbin",
            [0_u32, 3].map(u32::to_le_bytes).concat(),
            "there is no row",
        ),
        (
            "a.fvecs",
            cut(vecs(f32::to_le_bytes)),
            "31 bytes long, its shape says 32",
        ),
        (
            "a.fbin",
            cut(bin(f32::to_le_bytes)),
            "31 bytes long, its shape says 32",
        ),
        (
            "a.fbin",
            [bin(f32::to_le_bytes), vec![0]].concat(),
            "33 bytes long",
        ),
        ("a.fbin", huge, "4294967295 dimensions, must be 1 to 65536"),
        ("a.fvecs", (-1_i32).to_le_bytes().to_vec(), "-1 dimensions"),
        (
            "a.fbin",
            not_a_number,
            "a.fbin, row 1: dimension 1 is not a finite number",
        ),
        (
            "a.fvecs",
            other_dimensions,
            "row 1: 4 dimensions, the rows before have 3",
        ),
        ("a.npy", b"PK\x03\x04".to_vec(), "a.npy: "),
        (
            "a.npy",
            npy("<f4", "(6,)", false, &floats()),
            "an array of 1 dimensions",
        ),
        (
            "a.npy",
            npy("<f4", "(2, 3)", true, &floats()),
            "column after column",
        ),
        (
            "a.npy",
            npy("<c8", "(2, 3)", false, &[floats(), floats()].concat()),
            "numbers of type",
        ),
        (
            "a.npy",
            cut(npy("<f4", "(2, 3)", false, &floats())),
            "151 bytes long, its shape says 152",
        ),
        (
            "a.npy",
            [npy("<f4", "(2, 3)", false, &floats()), vec![0]].concat(),
            "153 bytes long, its shape says 152",
        ),
        (
            "a.npy",
            npy("<f4", "(1000000000, 3)", false, &floats()),
            "152 bytes long, its shape says 12000000128",
        ),
        (
            "a.jsonl",
            b"[1, 2, 3]\n[4, 5]\n".to_vec(),
            "row 1: 2 dimensions",
        ),
        (
            "a.jsonl",
            b"[1, 2, 3]\n[4, 5, null]\n".to_vec(),
            "row 1: line 2 is not an array",
        ),
        (
            "a.jsonl",
            b"[1, 2, 3]\n\n[4, 5, 6}\n".to_vec(),
            "row 1: line 3 is not an array",
        ),
        (
            "a.jsonl",
            [b"[1, 2, 3]\n".to_vec(), vec![b' '; 5 << 20]].concat(),
            "a.jsonl: line 2 is longer than 4 MiB",
        ),
        (
            "a.jsonl",
            b"[1, 2, 1e99]\n".to_vec(),
            "row 0: dimension 2 is not a finite number",
        ),
        (
            "a.jsonl",
            b"{\"vector\": \"x\"}\n".to_vec(),
            "not an array of numbers",
        ),
    ] {
        let error = read(name, &bytes).expect_err(said).to_string();
        assert!(error.contains(said), "{name}: {error}, expected {said}");
    }
    let missing = VectorFile::open(Path::new("not/there.fbin"), None).expect_err("is missing");
    assert!(
        missing.to_string().starts_with("not/there.fbin: "),
        "{missing}"
    );
}

#[test]
fn what_is_written_is_read_again() {
    let shape = Shape {
        rows: 2,
        dimensions: 3,
    };
    let mut bytes = Vec::new();
    write_fbin(&mut bytes, shape, ROWS.iter().map(|row| &row[..])).expect("is written");
    assert_eq!(read("a.fbin", &bytes).expect("is read"), expected());

    let neighbours = vec![vec![7, 3], vec![0, u32::MAX >> 1]];
    let mut bytes = Vec::new();
    write_ibin(&mut bytes, &neighbours).expect("is written");
    let directory = tempfile::tempdir().expect("a directory");
    let ids = |name: &str, bytes: &[u8]| read_ids(&written(&directory, name, bytes));
    assert_eq!(ids("a.ibin", &bytes).expect("is read"), neighbours);
    // Other programs write the distances behind the ids.
    let with_distances = [&bytes[..], &[0; 16]].concat();
    assert_eq!(ids("b.ibin", &with_distances).expect("is read"), neighbours);
    let row = |ids: [i32; 2]| [2, ids[0], ids[1]].map(i32::to_le_bytes).concat();
    let ivecs = [row([7, 3]), row([0, i32::MAX])].concat();
    assert_eq!(ids("a.ivecs", &ivecs).expect("is read"), neighbours);
    let negative = ids("b.ivecs", &row([7, -3])).expect_err("is no id");
    assert!(
        negative.to_string().ends_with("-3 is not an id"),
        "{negative}"
    );
    assert!(ids("a.fbin", &bytes).is_err());
}
