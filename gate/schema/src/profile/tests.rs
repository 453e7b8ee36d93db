use super::*;

fn about() -> About {
    let name = |text| Name::new(text).expect("a name");
    About {
        scenario: name("text/search/or2"),
        commit: Some("0123456789abcdef".to_owned()),
        profiler: Profiler {
            tool: name("perf"),
            event: name("cpu-clock"),
            reason: "no hardware counters here".to_owned(),
        },
        period_ns: Some(1_003_009.0),
        operations: Some(40_000),
        time_per_operation: Some(TimePerOperation {
            ns: 14_200.0,
            standard_error_ns: 90.0,
        }),
        other_below: None,
    }
}

fn stacks(lines: &[(&str, u64)]) -> Stacks {
    let mut builder = StacksBuilder::default();
    for (stack, samples) in lines {
        builder.add(stack.split(';'), *samples).expect("adds");
    }
    builder.build()
}

#[test]
fn stacks_are_sorted_and_joined() {
    let built = stacks(&[
        ("main;b", 2),
        ("main;a", 1),
        ("main", 1),
        ("main;b", 3),
        ("main;c", 0),
    ]);
    assert_eq!(built.to_folded(), "main 1\nmain;a 1\nmain;b 5\n");
    assert_eq!((built.len(), built.samples()), (3, 7));
    let again = stacks(&[("main;b", 5), ("main;a", 1), ("main", 1)]);
    assert_eq!(built.to_folded(), again.to_folded());
}

#[test]
fn samples_that_overflow_are_refused() {
    let mut builder = StacksBuilder::default();
    builder.add(["a"], u64::MAX).expect("adds");
    assert_eq!(builder.add(["b"], 1), Err(TooManySamples));
    assert_eq!(builder.build().to_folded(), format!("a {}\n", u64::MAX));
}

#[test]
fn what_is_stored_is_read_back() {
    let stacks = stacks(&[("main;search", 5), ("main;caf\u{e9}", 1)]);
    let bytes = encode(about(), &stacks);
    assert!(is_packed(&bytes));
    assert_eq!(bytes, encode(about(), &stacks));
    let (head, folded) = decode(&bytes).expect("decodes");
    let head = head.expect("has a head");
    assert_eq!((head.about, head.samples), (about(), 6));
    assert_eq!(folded, stacks.to_folded());
}

#[test]
fn what_was_cut_off_or_edited_is_refused() {
    let pack = |text: &str| compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
    let bytes = encode(about(), &stacks(&[("main;search", 5)]));
    let (_, folded) = decode(&bytes).expect("decodes");
    let text = unpack(&bytes, MAX_TEXT_BYTES).expect("unpacks");
    let edited = |from: &str, to: &str| decode(&pack(&text.replace(from, to)));
    assert!(matches!(
        decode(&bytes[..bytes.len() / 2]),
        Err(DecodeError::Packed(_))
    ));
    assert!(matches!(decode(b"plain"), Err(DecodeError::Packed(_))));
    assert_eq!(edited("search 5", "search 6"), Err(DecodeError::Changed));
    assert_eq!(
        edited("gate.profile/1", "gate.profile/2"),
        Err(DecodeError::Format("gate.profile/2".to_owned()))
    );
    assert!(matches!(
        edited("14200.0", "-1.0"),
        Err(DecodeError::Head(_))
    ));
    assert!(matches!(
        edited("\"samples\"", "\"unknown\""),
        Err(DecodeError::Head(_))
    ));
    // Of another tool: no head, nothing to hold the stacks to.
    assert_eq!(decode(&pack(&folded)), Ok((None, folded)));
    let binary = compress_to_vec([b'a', 0xff].as_slice(), CompressionLevel::Fastest);
    assert_eq!(decode(&binary), Err(DecodeError::Utf8(1)));
}

#[test]
fn a_bomb_goes_off_at_the_size_that_was_asked_for() {
    let bytes = encode(about(), &stacks(&[(&"x".repeat(5_000), 1)]));
    let text = unpack(&bytes, MAX_TEXT_BYTES).expect("unpacks");
    assert!(decode_within(&bytes, text.len()).is_ok());
    assert_eq!(
        decode_within(&bytes, text.len() - 1),
        Err(DecodeError::TooLarge(text.len() - 1))
    );
    // Blocks of 128 KiB of one letter, in four bytes each: a gigabyte.
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x38];
    for _ in 0..10_000 {
        bomb.extend(&((128_u32 << 10) << 3 | 1 << 1).to_le_bytes()[..3]);
        bomb.push(b'x');
    }
    assert_eq!(
        decode_within(&bomb, 1 << 20),
        Err(DecodeError::TooLarge(1 << 20))
    );
}
