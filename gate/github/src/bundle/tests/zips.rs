//! Zip files that break one rule each.

use super::super::{Rule, limits};
use super::{Entry, artifact, entry, rule, with, zip};

#[test]
fn zip_files_that_lie() {
    use Rule::*;
    let sound = with(|_| ());
    let baseline = entry("baseline.json", &sound);
    let candidate = entry("candidate.json", &sound);
    let pair = |odd: Entry| zip(&[baseline.clone(), odd]);
    let with_candidate = |change: fn(&mut Entry)| {
        let mut candidate = candidate.clone();
        change(&mut candidate);
        zip(&[baseline.clone(), candidate])
    };
    let mut trailing = artifact(&sound);
    trailing.push(0);
    let mut leading = vec![0];
    leading.extend(artifact(&sound));
    let mut cut = artifact(&sound);
    cut.truncate(cut.len() / 2);
    // The data descriptor says another size than the directory.
    let mut descriptor = with_candidate(|e| e.descriptor = true);
    let at = descriptor
        .windows(4)
        .position(|w| w == 0x0807_4b50_u32.to_le_bytes())
        .expect("there");
    descriptor[at + 12] ^= 1;
    // Both directory entries point at the same bytes.
    let mut overlapping = zip(&[
        baseline.clone(),
        Entry {
            name: b"candidate.json".to_vec(),
            ..baseline.clone()
        },
    ]);
    let second = overlapping
        .windows(4)
        .rposition(|w| w == 0x0201_4b50_u32.to_le_bytes())
        .expect("there");
    overlapping[second + 42..second + 46].fill(0);
    let many: Vec<Entry> = (0..15)
        .map(|i| entry(&format!("{i}.json"), b"{}"))
        .collect();
    // A directory that claims a million entries, as far as sixteen bits go.
    let mut claims = artifact(&sound);
    let end = claims.len() - 22;
    claims[end + 8..end + 12].fill(0xff);
    for (name, bytes, expected) in [
        ("empty", vec![], ZipForm),
        (
            "no zip",
            b"PK is what zip files start with".to_vec(),
            ZipForm,
        ),
        ("cut", cut, ZipForm),
        ("bytes behind", trailing, ZipForm),
        ("bytes before", leading, ZipForm),
        ("over the size", vec![0; limits::ZIP_BYTES + 1], ZipSize),
        (
            "zip slip",
            pair(entry("../../candidate.json", &sound)),
            ZipName,
        ),
        ("absolute", pair(entry("/candidate.json", &sound)), ZipName),
        ("directory", pair(entry("runs/", b"")), ZipName),
        ("script", pair(entry("flamegraph.svg", b"<svg/>")), ZipName),
        (
            "drawn profile",
            pair(entry("profiles/1-a.svg", b"<svg/>")),
            ZipName,
        ),
        (
            "two profiles of one side",
            zip(&[
                baseline.clone(),
                candidate.clone(),
                entry("profiles/1-a.baseline.folded.zst", b"x"),
                entry("profiles/1-b.baseline.folded.zst", b"x"),
            ]),
            ZipName,
        ),
        (
            "duplicate names",
            zip(&[baseline.clone(), baseline.clone()]),
            ZipName,
        ),
        ("fifteen entries", zip(&many), ZipEntries),
        ("10^6 entries", claims, ZipEntries),
        (
            "link",
            with_candidate(|e| e.attributes = 0xa1ff_0000),
            ZipKind,
        ),
        (
            "directory by its mode",
            with_candidate(|e| e.attributes = 0x41ed_0000),
            ZipKind,
        ),
        ("encrypted", with_candidate(|e| e.flags = 1), ZipKind),
        (
            "bomb by ratio",
            pair(entry("candidate.json", &vec![b' '; 4 << 20])),
            ZipInflate,
        ),
        (
            "declares more",
            with_candidate(|e| e.declared = Some(e.data.len() as u32 + 1)),
            ZipInflate,
        ),
        (
            "declares less",
            with_candidate(|e| e.declared = Some(e.data.len() as u32 - 1)),
            ZipInflate,
        ),
        (
            "wrong checksum",
            with_candidate(|e| e.crc = Some(1)),
            ZipInflate,
        ),
        ("lying descriptor", descriptor, ZipForm),
        ("shared bytes", overlapping, ZipForm),
        (
            "one run only",
            zip(std::slice::from_ref(&baseline)),
            Incomplete,
        ),
        ("nothing", zip(&[]), Incomplete),
    ] {
        assert_eq!(rule(&bytes), Some(expected), "{name}");
    }
}

#[test]
fn all_entries_together_keep_the_cap() {
    // Every entry keeps to its ratio, and all of them are too much.
    let mut state = 1_u32;
    let noise: Vec<u8> = (0..6 << 20)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state >> 24 < 4 { b'x' } else { b' ' }
        })
        .collect();
    let names = ["baseline.json", "candidate.json", "canary.json"];
    let bytes = zip(&names.map(|name| entry(name, &noise)));
    assert!(bytes.len() < limits::ZIP_BYTES, "{}", bytes.len());
    assert_eq!(rule(&bytes), Some(Rule::ZipInflate));
}
