//! Artifacts that break one rule each, and one that breaks none.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

pub(super) const HEAD: &str = "4f2c9e14f2c9e14f2c9e14f2c9e14f2c9e14f2c9";

fn document() -> Value {
    json!({
        "format": "gate.run/1", "id": "demo", "created": "2026-11-20T08:00:00Z",
        "source": {"commit": HEAD, "dirty": false},
        "environment": {"fingerprint": {"cores": "2"}, "tool": "demo 1"},
        "manifest": {"scenarios": [{"scenario": "demo/search", "metrics": [
            {"name": "recall@10", "kind": "value", "unit": "ratio", "direction": "higher"},
        ]}]},
        "sessions": [{"id": "s", "start": "2026-11-20T08:00:00Z", "mode": "single", "scenarios": [
            {"scenario": "demo/search", "check": "passed",
             "repetitions": [{"metrics": {"recall@10": 0.5}}]},
        ]}],
    })
}

pub(super) fn with(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut document = document();
    change(&mut document);
    document.to_string().into_bytes()
}

/// One entry of a zip file, with everything a writer can lie about.
#[derive(Clone)]
pub(super) struct Entry {
    name: Vec<u8>,
    data: Vec<u8>,
    flags: u16,
    attributes: u32,
    declared: Option<u32>,
    crc: Option<u32>,
    descriptor: bool,
}

pub(super) fn entry(name: &str, data: &[u8]) -> Entry {
    Entry {
        name: name.as_bytes().to_vec(),
        data: data.to_vec(),
        flags: 0,
        attributes: 0,
        declared: None,
        crc: None,
        descriptor: false,
    }
}

pub(super) fn zip(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::default());
        packer.write_all(&entry.data).expect("into memory");
        let packed = packer.finish().expect("into memory");
        let mut crc = Crc::new();
        crc.update(&entry.data);
        let crc = entry.crc.unwrap_or(crc.sum());
        let sizes = [
            packed.len() as u32,
            entry.declared.unwrap_or(entry.data.len() as u32),
        ];
        let flags = entry.flags | if entry.descriptor { 8 } else { 0 };
        let local = out.len() as u32;
        let told = if entry.descriptor {
            [0; 3]
        } else {
            [crc, sizes[0], sizes[1]]
        };
        let common = |told: [u32; 3]| {
            let mut head = Vec::new();
            for number in [20, flags, 8, 0, 0] {
                head.extend(number.to_le_bytes());
            }
            told.iter()
                .for_each(|number| head.extend(number.to_le_bytes()));
            head.extend((entry.name.len() as u16).to_le_bytes());
            head.extend(0_u16.to_le_bytes());
            head
        };
        out.extend(0x0403_4b50_u32.to_le_bytes());
        out.extend(common(told));
        out.extend(&entry.name);
        out.extend(&packed);
        if entry.descriptor {
            for number in [0x0807_4b50, crc, sizes[0], sizes[1]] {
                out.extend(number.to_le_bytes());
            }
        }
        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend(20_u16.to_le_bytes());
        directory.extend(common([crc, sizes[0], sizes[1]]));
        directory.extend([0; 6]);
        directory.extend(entry.attributes.to_le_bytes());
        directory.extend(local.to_le_bytes());
        directory.extend(&entry.name);
    }
    let (start, size) = (out.len() as u32, directory.len() as u32);
    out.extend(directory);
    out.extend(0x0605_4b50_u32.to_le_bytes());
    out.extend([0; 4]);
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

const BASE: &str = "0123456789abcdef0123456789abcdef01234567";

/// A run of this commit.
fn based(commit: Value) -> Vec<u8> {
    with(|d| d["source"]["commit"] = commit)
}

/// A zip of a sound baseline and this candidate.
fn artifact(candidate: &[u8]) -> Vec<u8> {
    zip(&[
        entry("baseline.json", &based(json!(BASE))),
        entry("candidate.json", candidate),
    ])
}

fn rule(bytes: &[u8]) -> Option<Rule> {
    read(bytes, HEAD).err().map(|rejected| rejected.rule)
}

#[test]
fn a_sound_artifact_is_read() {
    let streamed = Entry {
        descriptor: true,
        attributes: 0x81a4_0000,
        ..entry("candidate.json", &with(|_| ()))
    };
    let bundle = read(
        &zip(&[
            entry("baseline.json", &based(json!(BASE))),
            streamed,
            entry("verdict.json", b"never read"),
        ]),
        HEAD,
    )
    .expect("sound");
    assert_eq!(bundle.candidate.source.commit.as_deref(), Some(HEAD));
    assert_eq!(bundle.canary, None);
}

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
fn a_baseline_is_of_another_commit_than_the_head() {
    for (name, commit, expected) in [
        ("another", json!(BASE), None),
        ("the head", json!(HEAD), Some(Rule::Base)),
        (
            "the head in capitals",
            json!(HEAD.to_uppercase()),
            Some(Rule::Base),
        ),
        ("not told", json!(null), Some(Rule::Base)),
        ("short", json!("0123456"), Some(Rule::Base)),
        ("no commit", json!("../".repeat(13) + "x"), Some(Rule::Base)),
    ] {
        let bytes = zip(&[
            entry("baseline.json", &based(commit)),
            entry("candidate.json", &with(|_| ())),
        ]);
        assert_eq!(rule(&bytes), expected, "{name}");
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

#[test]
fn documents_that_lie() {
    use Rule::*;
    let text = |text: &str| text.as_bytes().to_vec();
    let sound = String::from_utf8(with(|_| ())).expect("UTF-8");
    let scenario = |name: &str| {
        let name = name.to_owned();
        with(move |d| {
            d["manifest"]["scenarios"][0]["scenario"] = json!(name);
            d["sessions"][0]["scenarios"][0]["scenario"] = json!(name);
        })
    };
    let value = |text: &str| sound.replace("0.5", text).into_bytes();
    let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
    for (name, candidate, expected) in [
        ("empty", text(""), JsonSyntax),
        ("not UTF-8", vec![b'"', 0xff, b'"'], JsonSyntax),
        ("nested deeply", text(&deep), JsonDepth),
        ("JSON bomb", text(&"[".repeat(100_000)), ZipInflate),
        (
            "key twice",
            text(&sound.replacen("\"cores\"", "\"cores\":\"1\",\"cores\"", 1)),
            JsonDuplicate,
        ),
        (
            "field twice",
            text(&sound.replacen("\"id\"", "\"id\":\"x\",\"id\"", 1)),
            JsonDuplicate,
        ),
        ("bytes behind", text(&format!("{sound}{{}}")), JsonSyntax),
        ("NaN", value("NaN"), JsonSyntax),
        ("1e400", value("1e400"), JsonSyntax),
        ("1e308", value("1e308"), Document),
        ("negative", value("-0.5"), Document),
        (
            "unknown field",
            with(|d| d["verdict"] = json!("pass")),
            Document,
        ),
        (
            "schema newer than gate",
            with(|d| d["format"] = json!("gate.run/2")),
            Document,
        ),
        ("name with a pipe", scenario("a|b"), Document),
        ("name with a newline", scenario("a\n# b"), Document),
        (
            "name with a bidi character",
            scenario("a\u{202e}b"),
            Document,
        ),
        (
            "name with an address",
            scenario("https://evil.example"),
            Document,
        ),
        ("name with @", scenario("@org/team"), Name),
        (
            "names that differ by case",
            with(|d| {
                let mut second = d["manifest"]["scenarios"][0].clone();
                second["scenario"] = json!("Demo/Search");
                d["manifest"]["scenarios"]
                    .as_array_mut()
                    .expect("a list")
                    .push(second);
            }),
            Name,
        ),
        (
            "failure of @",
            with(|d| d["failures"] = json!([{"scenario": "@a", "how": "x"}])),
            Name,
        ),
        (
            "long environment",
            with(|d| d["environment"]["fingerprint"]["cores"] = json!("x".repeat(161))),
            DocumentSize,
        ),
        (
            "a baseline",
            with(|d| {
                d["provenance"] = json!({
                    "promoted_by": "x", "promoted_at": "2026-11-20T08:00:00Z",
                    "promoted_document": format!("sha256:{}", "0".repeat(64)),
                })
            }),
            Provenance,
        ),
        (
            "another commit",
            with(|d| d["source"]["commit"] = json!("ffff")),
            Source,
        ),
        ("no commit", with(|d| d["source"] = json!({})), Source),
        (
            "uncommitted changes",
            with(|d| d["source"]["dirty"] = json!(true)),
            Source,
        ),
    ] {
        assert_eq!(rule(&artifact(&candidate)), Some(expected), "{name}");
    }
    assert_eq!(rule(&artifact(sound.as_bytes())), None);
    let unpacked = json::check("[".repeat(100_000).as_bytes());
    assert_eq!(
        unpacked.err().map(|rejected| rejected.rule),
        Some(JsonDepth)
    );
}

#[test]
fn more_scenarios_than_a_suite_has() {
    let scenarios = |count: usize| {
        with(|d| {
            let one = d["manifest"]["scenarios"][0].clone();
            let all = (0..count).map(|i| {
                let mut one = one.clone();
                one["scenario"] = json!(if i == 0 {
                    "demo/search".to_owned()
                } else {
                    format!("s{i}")
                });
                one
            });
            d["manifest"]["scenarios"] = all.collect();
        })
    };
    assert_eq!(rule(&artifact(&scenarios(2_000))), None);
    assert_eq!(rule(&artifact(&scenarios(2_001))), Some(Rule::DocumentSize));
}

#[test]
fn the_offset_points_at_the_byte() {
    let candidate = b"{\n  \"format\": NaN\n}";
    let rejected = read(&artifact(candidate), HEAD).expect_err("no JSON");
    assert_eq!(
        rejected,
        Rejected {
            rule: Rule::JsonSyntax,
            offset: 14
        }
    );
}

#[test]
fn the_page_lists_every_rule_and_its_sizes() {
    const PAGE: &str = include_str!("../../../../docs/publishing.md");
    let line = |rule: Rule| {
        let start = format!("| `{}` | ", rule.id());
        let found = PAGE.lines().find_map(|line| line.strip_prefix(&start));
        found.unwrap_or_else(|| panic!("{start} is not on the page"))
    };
    for rule in Rule::ALL {
        assert!(!line(rule).is_empty());
    }
    let kibibytes = |bytes: usize| format!("{} KiB", bytes >> 10);
    let mebibytes = |bytes: usize| format!("{} MiB", bytes >> 20);
    for (rule, size) in [
        (Rule::ZipSize, mebibytes(limits::ZIP_BYTES)),
        (Rule::ZipEntries, format!("at most {} ", limits::ENTRIES)),
        (Rule::ZipInflate, format!("at most {} times", limits::RATIO)),
        (Rule::ZipInflate, mebibytes(limits::INFLATED_BYTES)),
        (Rule::JsonSize, mebibytes(limits::JSON_BYTES)),
        (Rule::JsonDepth, format!("at most {} ", limits::JSON_DEPTH)),
        (
            Rule::DocumentSize,
            format!("{} scenarios", limits::SCENARIOS),
        ),
        (
            Rule::DocumentSize,
            format!("{} repetitions", limits::REPETITIONS),
        ),
        (
            Rule::DocumentSize,
            format!("{} bytes", limits::ENVIRONMENT_BYTES),
        ),
        (Rule::ProfileSize, kibibytes(limits::PROFILE_BYTES)),
        (Rule::ProfileSize, mebibytes(limits::PROFILE_TEXT_BYTES)),
        (
            Rule::ProfileSize,
            format!("{} stacks", limits::PROFILE_STACKS),
        ),
        (
            Rule::ProfileForm,
            format!("{} characters", limits::FRAME_CHARS),
        ),
    ] {
        assert!(line(rule).contains(&size), "{}: {size}", rule.id());
    }
}

#[test]
fn ids_of_rules_are_plain_and_unique() {
    let mut ids: Vec<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    assert!(
        ids.iter()
            .all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
    );
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), Rule::ALL.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_are_too_strange_to_refuse(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read(&bytes, HEAD).is_err());
    }

    /// Whatever single byte is turned, the artifact is refused or says the same.
    #[test]
    fn a_turned_byte_never_says_something_else(at in 0_usize..2_000, bit in 0_u8..8) {
        let mut bytes = artifact(&with(|_| ()));
        let sound = read(&bytes, HEAD).expect("sound");
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(read) = read(&bytes, HEAD) {
            prop_assert_eq!(read, sound);
        }
    }
}
