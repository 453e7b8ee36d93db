//! `gate verify-baseline` of one baseline alone: held against its own content, and against git.

use serde_json::{Value, json};

use crate::scratch::{Ran, Scratch};
use crate::verify_baseline::{git, promote, promoted, verify};

/// Changes one text in the baseline, which is otherwise byte for byte what `gate promote` wrote.
fn change(scratch: &Scratch, from: &str, to: &str) {
    let text = scratch.read("main.json");
    assert!(text.contains(from), "{from}");
    scratch.write("main.json", text.replacen(from, to, 1));
}

#[test]
fn an_edit_by_hand_shows_without_another_baseline() {
    for (name, from, to) in [
        ("who", "\"tester\"", "\"somebody\""),
        ("when", "\"promoted_at\": \"2", "\"promoted_at\": \"1"),
        ("a session", "\"id\": \"s3-50000\"", "\"id\": \"t3-50000\""),
        (
            "a number",
            "\"peak_rss\":50000000.0",
            "\"peak_rss\":40000000.0",
        ),
        ("the machine", "AMD EPYC 9B45", "AMD EPYC 9B46"),
    ] {
        let scratch = promoted();
        assert_eq!(verify(&scratch, &[]).code, 0, "{name}: before");
        change(&scratch, from, to);
        let ran = verify(&scratch, &[]);
        assert_eq!(ran.code, 2, "{name}: {}", ran.stdout);
        let said = "error[G403]: edited by hand: its content is not what was promoted";
        assert!(ran.stderr.contains(said), "{name}: {}", ran.stderr);
    }
}

/// What is done to a baseline.
type Forgery<'a> = &'a dyn Fn(&mut Value);

/// Edits the baseline as somebody does who computes the digest anew: what is left is what contradicts itself or git.
fn forge(scratch: &Scratch, forgery: impl FnOnce(&mut Value)) -> Ran {
    let mut value: Value = serde_json::from_str(&scratch.read("main.json")).expect("JSON");
    value["provenance"]
        .as_object_mut()
        .expect("a promoted one")
        .remove("content");
    forgery(&mut value);
    scratch.json("main.json", &value);
    verify(scratch, &[])
}

#[test]
fn what_a_baseline_says_of_itself_holds_together() {
    let invented = "0123456789abcdef0123456789abcdef01234567";
    let cases: [(&str, Forgery<'_>); 10] = [
        ("it has no digest of its content", &|_| ()),
        (
            "0123456789 is not in the history of what is checked out here",
            &|v| {
                v["source"]["commit"] = json!(invented);
            },
        ),
        ("measured before its commit", &|v| {
            v["created"] = json!("2020-01-01T06:59:59Z");
        }),
        ("measured after it was promoted", &|v| {
            v["created"] = json!("2999-01-01T00:00:00Z");
        }),
        ("session s0-50000 started after it was promoted", &|v| {
            v["sessions"][0]["start"] = json!("2999-01-01T00:00:00Z");
        }),
        (
            "rules of promotion were overridden, and nobody says why",
            &|v| {
                v["provenance"]["overridden"] = json!(["a rule"]);
            },
        ),
        (
            "promoted against the rules: the work tree had uncommitted changes",
            &|v| {
                v["source"]["dirty"] = json!(true);
                v["provenance"]["reason"] = json!("for something else");
            },
        ),
        (
            "promoted against the rules: nobody knows which commit",
            &|v| {
                v["source"] = json!({});
            },
        ),
        (
            "promoted against the rules: the baseline would hold 2 sessions of demo/search",
            &|v| {
                v["sessions"].as_array_mut().expect("sessions").truncate(2);
            },
        ),
        (
            "promoted against the rules: demo/search gave a wrong answer",
            &|v| {
                v["sessions"][1]["scenarios"][0]["check"] = json!("failed");
            },
        ),
    ];
    for (said, forgery) in cases {
        let ran = forge(&promoted(), forgery);
        assert_eq!(ran.code, 2, "{said}: {}", ran.stdout);
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    let scratch = promoted();
    let early = forge(&scratch, |v| v["created"] = json!("2020-01-01T07:00:00Z"));
    let said = "measured before";
    assert!(
        !early.stderr.contains(said),
        "clocks differ: {}",
        early.stderr
    );
    // Nobody has to promote again what a change leaves alone.
    git(
        &scratch,
        &["commit", "--quiet", "--all", "--message", "older"],
    );
    let canonical = "not in the form";
    let ran = verify(&scratch, &["--base", "HEAD", "--max-age", "1s"]);
    assert_eq!(ran.stderr.matches("error[").count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains(canonical), "{}", ran.stderr);
}

#[test]
fn what_was_accepted_for_a_reason_may_be_there() {
    let scratch = promoted();
    git(&scratch, &["switch", "--quiet", "--create", "side"]);
    git(
        &scratch,
        &["commit", "--quiet", "--allow-empty", "--message", "aside"],
    );
    promote(&scratch, 50_100.0, &[]);
    let aside = scratch.read("out.json");
    git(&scratch, &["switch", "--quiet", "--force", "main"]);
    let mut run: Value = serde_json::from_str(&aside).expect("JSON");
    run["source"]["dirty"] = json!(true);
    scratch.json("out.json", &run);
    let why = ["--reason", "squashed", "--accept", "history,source"];
    let to = [
        "promote",
        "out.json",
        "--baseline",
        "main.json",
        "--by",
        "me",
    ];
    let ran = scratch.gate(&[&to[..], &why[..]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for base in [&[][..], &["--base", "HEAD"]] {
        let ran = verify(&scratch, base);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
}

#[test]
fn a_shallow_clone_says_what_it_lacks() {
    let scratch = promoted();
    git(
        &scratch,
        &["commit", "--quiet", "--allow-empty", "--message", "later"],
    );
    let origin = format!("file://{}", scratch.path("").display());
    let clone = ["clone", "--quiet", "--depth", "1", &origin, "clone"];
    git(&scratch, &clone);
    let shallow = crate::scratch::gate(&scratch.path("clone"))
        .args(["verify-baseline", "main.json"])
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&shallow.stderr);
    assert_eq!(shallow.status.code(), Some(2), "{said}");
    assert!(said.contains("is not in the history"), "{said}");
    assert!(said.contains("git fetch --unshallow"), "{said}");
}
