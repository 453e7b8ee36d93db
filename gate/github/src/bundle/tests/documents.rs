//! Documents that break one rule each.

use serde_json::json;

use super::super::{Rule, json};
use super::{artifact, rule, with};

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
