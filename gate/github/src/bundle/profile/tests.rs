//! Profiles that break one rule each. None of them costs the verdict.

use gate_schema::id::{Digest, Name};
use gate_schema::profile::{FORMAT, Head, Profiler, encode};
use proptest::prelude::*;
use serde_json::json;
use sha2::Digest as _;

use super::super::limits::ZIP_BYTES;
use super::super::tests::{Entry, HEAD, entry, with, zip};
use super::*;

const BASE: &str = "0123456789abcdef0123456789abcdef01234567";

fn about(scenario: &str, commit: &str) -> About {
    let name = |text| Name::new(text).expect("a name");
    About {
        scenario: name(scenario),
        commit: Some(commit.to_owned()),
        profiler: Profiler {
            tool: name("perf"),
            event: name("cpu-clock"),
            reason: "for a test".to_owned(),
        },
        period_ns: Some(1e6),
        operations: None,
        time_per_operation: None,
        other_below: None,
    }
}

fn folded(lines: &[(&str, u64)]) -> Stacks {
    let mut builder = StacksBuilder::default();
    for (stack, samples) in lines {
        builder.add(stack.split(';'), *samples).expect("adds");
    }
    builder.build()
}

/// A profile as gate stores it.
fn stored(scenario: &str, commit: &str) -> Vec<u8> {
    encode(
        about(scenario, commit),
        &folded(&[("main;sort", 5), ("main", 1)]),
    )
}

/// A frame of zstd with one stored block for each part of `text`, and nothing packed.
fn packed(text: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x38];
    let parts: Vec<&[u8]> = text.chunks(100_000).collect();
    for (at, part) in parts.iter().enumerate() {
        let is_last = usize::from(at + 1 == parts.len());
        let header = is_last | part.len() << 3;
        bytes.extend(&header.to_le_bytes()[..3]);
        bytes.extend(*part);
    }
    bytes
}

/// A sound head over stacks that are written as given.
fn written(text: &str, samples: u64) -> Vec<u8> {
    let head = Head {
        format: FORMAT.to_owned(),
        about: about("demo/search", HEAD),
        samples,
        digest: Digest::from_bytes(&sha2::Sha256::digest(text.as_bytes()).into()),
    };
    let head = serde_json::to_string(&head).expect("writes");
    packed(format!("# {head}\n{text}").as_bytes())
}

/// A bomb: blocks of 128 KiB in four bytes each, which zip cannot pack much further.
fn bomb(blocks: usize) -> Vec<u8> {
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x38];
    for at in 0..blocks {
        let header = usize::from(at + 1 == blocks) | 1 << 1 | (128 << 10) << 3;
        bytes.extend(&header.to_le_bytes()[..3]);
        bytes.push(b'a' + (at * at / 7 % 26) as u8);
    }
    bytes
}

/// An artifact with these entries beside two sound runs.
fn artifact(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let base = with(|d| d["source"]["commit"] = json!(BASE));
    let mut all = vec![
        entry("baseline.json", &base),
        entry("candidate.json", &with(|_| ())),
    ];
    let profiles = entries.iter().map(|(name, bytes)| {
        let name = format!("profiles/{name}.folded.zst");
        entry(&name, bytes)
    });
    all.extend(profiles.collect::<Vec<Entry>>());
    zip(&all)
}

/// What comes of a candidate's profile beside a sound one of the base.
fn refused(candidate: Vec<u8>) -> Option<Rule> {
    let baseline = stored("demo/search", BASE);
    let bytes = artifact(&[
        ("1-demo.search.baseline", baseline),
        ("1-demo.search.candidate", candidate),
    ]);
    assert!(bytes.len() < ZIP_BYTES, "{} bytes", bytes.len());
    let bundle = super::super::read(&bytes, HEAD).expect("the runs are sound");
    assert_eq!(bundle.profiles.is_empty(), bundle.refused.is_some());
    bundle.refused.map(|rejected| rejected.rule)
}

#[test]
fn profiles_of_both_sides_are_read() {
    let bytes = artifact(&[
        ("2-other.baseline.baseline", stored("demo/search", BASE)),
        ("2-demo.search.candidate", stored("demo/search", HEAD)),
    ]);
    let bundle = super::super::read(&bytes, HEAD).expect("sound");
    assert_eq!(bundle.refused, None);
    let [profiled] = &bundle.profiles[..] else {
        panic!("{:?}", bundle.profiles);
    };
    assert_eq!(profiled.scenario().as_str(), "demo/search");
    assert_eq!(
        profiled.candidate.stacks.to_folded(),
        "main 1\nmain;sort 5\n"
    );
}

#[test]
fn a_profile_that_lies_costs_the_frames_and_not_the_verdict() {
    use Rule::*;
    let long = "x".repeat(400);
    let many: String = (0..=PROFILE_STACKS)
        .map(|i| format!("{i:06} 1\n"))
        .collect();
    let mut state = 1_u32;
    let noise: String = (0..PROFILE_BYTES)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'a' + (state >> 24) as u8 % 26)
        })
        .collect();
    let without_commit = About {
        commit: None,
        ..about("demo/search", HEAD)
    };
    for (name, candidate, expected) in [
        ("sound", stored("demo/search", HEAD), None),
        ("written otherwise", written("main 1\n", 1), None),
        ("not packed", b"main 1\n".to_vec(), Some(ProfileForm)),
        ("empty", Vec::new(), Some(ProfileForm)),
        ("no head", packed(b"main 1\n"), Some(ProfileForm)),
        ("not UTF-8", packed(&[b'a', 0xff]), Some(ProfileForm)),
        ("no stacks", written("", 0), Some(ProfileForm)),
        ("another sum", written("main 1\n", 2), Some(ProfileForm)),
        ("not sorted", written("b 1\na 1\n", 2), Some(ProfileForm)),
        ("twice", written("a 1\na 1\n", 2), Some(ProfileForm)),
        ("no count", written("a\n", 1), Some(ProfileForm)),
        ("negative", written("a -1\n", 1), Some(ProfileForm)),
        ("fraction", written("a 1.0\n", 1), Some(ProfileForm)),
        ("leading zero", written("a 01\n", 1), Some(ProfileForm)),
        (
            "sum overflows",
            written(&format!("a {0}\nb {0}\n", u64::MAX), 1),
            Some(ProfileForm),
        ),
        ("no line end", written("a 1", 1), Some(ProfileForm)),
        (
            "acts on a terminal",
            written("a\u{1b}[31m 1\n", 1),
            Some(ProfileForm),
        ),
        ("a comment", written("# x 1\n", 1), None),
        (
            "packed too large",
            packed(noise.as_bytes()),
            Some(ProfileSize),
        ),
        ("bomb of 4 GiB", bomb(30_000), Some(ProfileSize)),
        (
            "another scenario",
            stored("demo/other", HEAD),
            Some(ProfileOf),
        ),
        ("of the base", stored("demo/search", BASE), Some(ProfileOf)),
        (
            "of no commit",
            encode(without_commit, &folded(&[("a", 1)])),
            Some(ProfileOf),
        ),
        ("a long name", written(&format!("{long} 1\n"), 1), None),
    ] {
        assert_eq!(refused(candidate), expected, "{name}");
    }
    // Packed they are within their size, and beyond it once more than that is unpacked.
    let candidate = encode(about("demo/search", HEAD), &folded(&[("a", 1)]));
    assert_eq!(refused(candidate), None);
    let stacks = stacks(&many).map_err(|rejected| rejected.rule);
    assert_eq!(stacks.err(), Some(ProfileSize));
}

#[test]
fn one_pair_for_each_scenario() {
    let side = |commit| stored("demo/search", commit);
    for (name, entries, sound, expected) in [
        ("no candidate", vec![("1-a.baseline", side(BASE))], 0, true),
        ("no base", vec![("1-a.candidate", side(HEAD))], 0, true),
        (
            "one scenario twice",
            vec![
                ("1-a.baseline", side(BASE)),
                ("1-a.candidate", side(HEAD)),
                ("5-b.baseline", side(BASE)),
                ("5-b.candidate", side(HEAD)),
            ],
            1,
            true,
        ),
        (
            "a sound one beside a broken one",
            vec![
                ("1-a.baseline", b"x".to_vec()),
                ("1-a.candidate", side(HEAD)),
                ("2-b.baseline", side(BASE)),
                ("2-b.candidate", side(HEAD)),
            ],
            1,
            true,
        ),
    ] {
        let bundle = super::super::read(&artifact(&entries), HEAD).expect(name);
        assert_eq!(bundle.profiles.len(), sound, "{name}");
        assert_eq!(bundle.refused.is_some(), expected, "{name}");
    }
}

#[test]
fn only_names_that_gate_check_gives_are_taken() {
    let long = "x".repeat(121);
    for name in [
        "0-a.baseline",
        "6-a.baseline",
        "01-a.baseline",
        "+1-a.baseline",
        "1-a.canary",
        "1-.baseline",
        "1-baseline",
        "1-a/b.baseline",
        "1-../a.baseline",
        "1-a b.baseline",
        "1-\u{202e}.baseline",
        &format!("1-{long}.baseline"),
    ] {
        let bytes = artifact(&[(name, stored("demo/search", BASE))]);
        let rejected = super::super::read(&bytes, HEAD).expect_err(name);
        assert_eq!(rejected.rule, Rule::ZipName, "{name}");
    }
}

#[test]
fn a_long_name_keeps_its_beginning_and_says_its_length() {
    let stacks = folded(&[(&"\u{e9}".repeat(301), 1), (&"y".repeat(300), 2)]);
    let shortened = shortened(&stacks).expect("sound");
    let mut expected = [
        format!("{}...(602 bytes)", "\u{e9}".repeat(300)),
        "y".repeat(300),
    ];
    expected.sort();
    assert_eq!(shortened.names(), expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Whatever is turned in a packed profile, it is refused or says the same, and nothing panics.
    #[test]
    fn a_turned_byte_never_says_something_else(at in any::<usize>(), bit in 0_u8..8) {
        let run: Run = serde_json::from_slice(&with(|_| ())).expect("sound");
        let mut bytes = stored("demo/search", HEAD);
        let sound = one(&bytes, &run).expect("sound");
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(profile) = one(&bytes, &run) {
            // The head has no digest of its own.
            prop_assert_eq!(profile.stacks, sound.stacks);
        }
    }
}
