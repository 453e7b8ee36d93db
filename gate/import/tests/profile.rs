//! Profiles of other tools: what perf printed, and whatever else a file may hold.

use gate_import::profile::{ProfileFault, read};
use gate_schema::id::Name;
use gate_schema::profile::{About, Profiler, encode};
use proptest::prelude::*;

/// As perf 6.1 printed it: samples of `cpu-clock` with kernel frames, recursion and libc.
const PERF: &[u8] = include_bytes!("fixtures/profile/perf-script.txt");

#[test]
fn perf_script_counts_samples_and_not_periods() {
    let profile = read(PERF).expect("reads");
    assert_eq!(profile.period, Some(1_003_009));
    assert_eq!(profile.stacks.samples(), 60);
    let folded = profile.stacks.to_folded();
    assert!(
        folded.lines().all(|line| line.starts_with("work;")),
        "{folded}"
    );
    assert!(
        folded.contains("search;walk;walk;walk;walk;walk;walk;score "),
        "{folded}"
    );
    assert!(folded.contains("asm_exc_page_fault_[k]"), "{folded}");
}

#[test]
fn perf_script_in_all_its_forms() {
    let stack = "\n\t 12 f+0x1 (/bin/x)\n\t 13 g (/bin/x)\n\n";
    for (name, event, expected) in [
        ("plain", "x 12 3.5: 1003009 cpu-clock:pppH: ", "x;g;f 1\n"),
        ("with cpu", "x 12/13 [001] 3.5:  1 cycles:u: ", "x;g;f 1\n"),
        ("no period", "x 12 3.5: cpu-clock: ", "x;g;f 1\n"),
        (
            "a thread with spaces",
            "V8 Worker 7 12 3.5: 1 cycles: ",
            "V8_Worker_7;g;f 1\n",
        ),
        (
            "comments",
            "# captured on: today\n\nx 12 3.5: 1 cycles: ",
            "x;g;f 1\n",
        ),
    ] {
        let read = read(format!("{event}{stack}").as_bytes()).expect(name);
        assert_eq!(read.stacks.to_folded(), expected, "{name}");
    }
    let nameless = b"x 1 3.5: 1 c:\n\t0 f (inlined)\n\t1 g (/x)\n\t2 [unknown] (/lib/libq.so.1)\n\t3 [unknown] ([unknown])\n\n";
    let nameless = read(nameless).expect("reads").stacks.to_folded();
    assert_eq!(nameless, "x;[unknown];[libq.so.1];g;f 1\n");
    let pointer = read(b"x 1 3.5: 1 c:\n\t1 call<u32 -> u32> (/x)\n\n").expect("reads");
    assert_eq!(pointer.stacks.to_folded(), "x;call<u32 => u32> 1\n");
    let mixed = read(b"x 1 3.5: 7 c:\n\t1 f (/x)\n\nx 1 3.6: 9 c:\n\t1 f (/x)\n\n").expect("reads");
    assert_eq!((mixed.period, mixed.stacks.samples()), (None, 2));
}

#[test]
fn folded_stacks_of_other_tools() {
    for (name, text, expected) in [
        ("plain", "a;b 3\na 1\n", "a 1\na;b 3\n"),
        ("twice", "a;b 3\na;b 4", "a;b 7\n"),
        ("comments, blank lines, CRLF", "# x\r\n\r\na 1\r\n", "a 1\n"),
        ("spaces in names", "main;fn (u8) 2", "main;fn (u8) 2\n"),
        ("nothing between", "a;;b 1", "a;[unknown];b 1\n"),
        (
            "control characters",
            "a\u{7};b\u{1b}[2J 1",
            "a\\u{7};b\\u{1b}[2J 1\n",
        ),
        ("a script", "<script>x</script> 1", "<script>x</script> 1\n"),
    ] {
        let profile = read(text.as_bytes()).expect(name);
        assert_eq!(profile.stacks.to_folded(), expected, "{name}");
    }
    let long = read(format!("a;{} 1", "x".repeat(1 << 20)).as_bytes()).expect("cuts");
    assert!(long.stacks.names().iter().all(|name| name.len() < 1100));
}

#[test]
fn what_is_no_profile_is_refused_with_its_place() {
    use ProfileFault::*;
    let deep = [&b"f;".repeat(1 << 16)[..], b"f 1\n"].concat();
    let bomb = b";".repeat(33 << 20);
    for (name, bytes, line, fault) in [
        ("empty", &b""[..], None, Empty),
        ("blank", b"\n\n", None, Empty),
        ("only zeros", b"a 0\n", None, Empty),
        ("cut off", b"a;b 3\na;b;c", Some(2), NoCount),
        ("cut off after a word", b"a;b 3\na;b c", Some(2), NoCount),
        ("a count alone", b"a 1\n17", Some(2), NoStack),
        ("negative", b"a -1", Some(1), NoCount),
        ("a fraction", b"a 1.5", Some(1), Count),
        ("too large", b"a 18446744073709551616", Some(1), Count),
        (
            "too large together",
            b"a 18446744073709551615\nb 1",
            Some(2),
            Count,
        ),
        ("too deep", &deep, Some(1), TooDeep),
        ("nothing but frames", &bomb, None, TooManyFrames),
        ("not UTF-8", b"a 1\n\xff\xfe 2", Some(2), NotUtf8),
        ("perf.data", b"PERFILE2\x00\x00\xff", Some(1), NotUtf8),
        ("perf cut off", b"x 1 3.5: 1 c:\n\t1 f (/x", Some(2), CutOff),
        ("perf without stacks", b"x 1 3.5: 1 c:\n\n", None, NoStacks),
        (
            "perf, then something else",
            b"x 1 3.5: 1 c:\n\t1 f (/x)\n\nhello\n",
            Some(4),
            NoStacks,
        ),
    ] {
        let error = read(bytes).expect_err(name);
        assert_eq!((error.line, &error.fault), (line, &fault), "{name}");
        assert!(!error.hint().is_empty() && !error.to_string().is_empty());
    }
    let packed = read(&[0x28, 0xb5, 0x2f, 0xfd, 0, 0]).expect_err("not zstd");
    assert!(matches!(packed.fault, Packed(_)));
}

#[test]
fn a_stored_profile_comes_back_with_its_head() {
    let stacks = read(PERF).expect("reads").stacks;
    let name = |text| Name::new(text).expect("a name");
    let about = About {
        scenario: name("text/search/or2"),
        commit: None,
        profiler: Profiler {
            tool: name("perf"),
            event: name("cpu-clock"),
            reason: "for a test".to_owned(),
        },
        period_ns: None,
        operations: None,
        time_per_operation: None,
        other_below: None,
    };
    let stored = read(&encode(about.clone(), &stacks)).expect("reads");
    assert_eq!(stored.stacks, stacks);
    assert_eq!(stored.head.map(|head| head.about), Some(about));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "([a-z;# \\t<&\u{1b}\u{e9}]{0,20} ?[0-9.]{0,22}\n){0,8}") {
        if let Ok(profile) = read(text.as_bytes()) {
            let folded = profile.stacks.to_folded();
            let again = read(folded.as_bytes()).expect("reads what it wrote");
            prop_assert_eq!(again.stacks, profile.stacks);
        }
    }

    #[test]
    fn anything_like_perf_is_read_or_refused(lines in prop::collection::vec(
        prop::sample::select(vec![
            "x 1 3.5: 1 c:", "x 1/2 [0] 3.5: c:u: 7 f (/x)", "\t1 f+0x1 (/x)", "\t1 [unknown] ([unknown])", "\t", "", "#",
            "x: 1 :", "\tf", "x 1 3.5: :", "java 1 3.5: 1 c:", "\t1 a->b (/tmp/perf-1.map)", "\t 1 () ()", "\t1 ( (x)",
        ]), 0..12)) {
        let _ = read(lines.join("\n").as_bytes());
    }
}
