//! `gate flame`: from profiles to a picture.

use crate::scratch::Scratch;

#[test]
fn one_profile_and_two() {
    let scratch = Scratch::new();
    scratch
        .write("a.folded", "main;f 90\nmain;g 10\n")
        .write("b.folded", "main;f 90\nmain;g 60\n");
    let one = scratch.gate(&["flame", "a.folded", "--out", "a.svg", "--title", "Search"]);
    assert_eq!((one.code, one.stderr.as_str()), (0, ""));
    assert_eq!(one.stdout, "wrote a.svg: 100 samples\n");
    assert!(scratch.read("a.svg").contains(">Search<"));
    let two = scratch.gate(&["flame", "a.folded", "b.folded", "--out", "ab.svg"]);
    assert_eq!((two.code, two.stderr.as_str()), (0, ""));
    assert_eq!(two.stdout, "wrote ab.svg: 100 -> 150 samples\n");
    let svg = scratch.read("ab.svg");
    assert!(svg.contains("baseline -&gt; candidate"), "{svg}");
    // A browser that opens it asks nobody for anything.
    for asking in [
        "href=",
        "src=",
        "@import",
        "url(h",
        "fetch(",
        "XMLHttpRequest",
    ] {
        assert!(!svg.contains(asking), "{asking}");
    }
}

#[test]
fn what_cannot_be_drawn_is_refused_with_its_place() {
    let scratch = Scratch::new();
    scratch
        .write("good.folded", "main;f 90\n")
        .write("cut.folded", "main;f 90\nmain;\u{1b}[2Jg")
        .write("empty.folded", "")
        .write("binary.folded", b"\xff\xfe\x00");
    let mut said = String::new();
    for arguments in [
        &["cut.folded", "empty.folded"][..],
        &["binary.folded"],
        &["nowhere.folded"],
    ] {
        let ran = scratch.gate(&[&["flame", "--out", "x.svg"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        said.push_str(&ran.stderr);
    }
    insta::assert_snapshot!(said);
    let over = scratch.gate(&["flame", "good.folded", "--out", "good.folded"]);
    assert_eq!(over.code, 2);
    assert!(over.stderr.contains("G302"), "{}", over.stderr);
    assert!(!scratch.names().contains(&"x.svg".to_owned()));
}
