//! What a pull request shows for every report of the shared set.

mod reports;

use gate_render::{MarkdownOptions, Style, json, markdown, terminal};

#[test]
fn every_report() {
    for (name, report) in reports::all() {
        insta::assert_snapshot!(name, markdown(&report, &MarkdownOptions::default()));
    }
}

#[test]
fn the_heading_says_the_outcome_in_words() {
    for (name, report) in reports::all() {
        let text = markdown(&report, &MarkdownOptions::default());
        let word = text
            .strip_prefix("### ")
            .and_then(|rest| rest.split(':').next());
        assert!(
            matches!(word, Some("PASS" | "FAIL" | "UNDECIDED")),
            "{name}: {word:?}"
        );
    }
}

#[test]
fn details_go_before_the_limit_is_broken() {
    let mut rows = reports::many_rows().rows;
    for _ in 0..4 {
        rows.extend(reports::many_rows().rows);
    }
    let report = reports::report(rows);
    let heading = markdown(&report, &MarkdownOptions::default())
        .lines()
        .next()
        .map(str::to_owned);
    for max_bytes in [200_000, 60_000, 10_000, 8_000, 4_000, 1_500] {
        let text = markdown(&report, &MarkdownOptions { max_bytes });
        assert!(
            text.len() <= max_bytes,
            "{} bytes, wanted {max_bytes}",
            text.len()
        );
        assert_eq!(text.lines().next().map(str::to_owned), heading);
        assert!(
            text.contains("940 rows unchanged"),
            "the rows are still counted\n{text}"
        );
        assert!(text.contains("**Next:**"));
    }
}

#[test]
fn json_is_the_report() {
    for (name, report) in reports::all() {
        let text = json(&report);
        assert!(text.ends_with("}\n"), "{name}");
        let read: gate_schema::report::Report = serde_json::from_str(&text).expect(name);
        // serde_json reads numbers to within one unit in the last place, which nobody can see.
        assert_eq!(
            terminal(&read, &Style::default()),
            terminal(&report, &Style::default()),
            "{name}"
        );
    }
    insta::assert_snapshot!(
        "over_budget-json",
        json(&reports::over_budget())
            .lines()
            .take(60)
            .collect::<Vec<_>>()
            .join("\n")
    );
}
