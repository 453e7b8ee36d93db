//! What a pull request shows for every report of the shared set.

mod reports;

use gate_render::{MarkdownOptions, Style, json, markdown, terminal};
use gate_schema::exit::ExitCode;
use gate_schema::id::Name;
use gate_schema::report::{FieldDifference, Outcome, Reason, Verdict};

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
        let text = markdown(
            &report,
            &MarkdownOptions {
                max_bytes,
                icons: false,
            },
        );
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

/// Last words are as long as a hostile build makes them; the outcome and what to do still fit.
#[test]
fn last_words_go_before_the_limit_is_broken() {
    let mut report = reports::paired::crashed_everywhere();
    for (at, failed) in report.failures.iter_mut().enumerate() {
        failed.failure.how = format!("{at} {}", "\u{1f4a5}".repeat(300));
        failed.failure.stderr = vec!["`\u{1f4a5}".repeat(500); 50];
    }
    let full = markdown(&report, &MarkdownOptions::default());
    assert!(full.len() <= 60_000, "{} bytes", full.len());
    assert_eq!(
        full.matches("````").count(),
        0,
        "fences as short as they can be"
    );
    assert_eq!(full.matches("```\n").count(), 6, "three blocks\n{full}");
    for max_bytes in [60_000, 20_000, 8_000, 5_000] {
        let text = markdown(
            &report,
            &MarkdownOptions {
                max_bytes,
                icons: false,
            },
        );
        assert!(
            text.len() <= max_bytes,
            "{} bytes of {max_bytes}",
            text.len()
        );
        assert_eq!(text.lines().next(), full.lines().next());
        assert!(
            text.contains("**Next:** fix `suite/case-01` and 29 more first"),
            "{text}"
        );
        assert!(text.contains("120 rows of 30 failed scenarios"), "{text}");
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

/// Reasons name fields of documents, and a hostile document has as many as it likes.
#[test]
fn reasons_are_counted_before_the_limit_is_broken() {
    const ROWS: usize = 5_000;
    const LINES: usize = 500;
    let long = |at: usize| reports::name(&format!("{at}-{}", "x".repeat(100)));
    let environment = |field| Reason::Environment { field };
    let parameter = |parameter| Reason::Parameter { parameter };
    let traded = |metric| Reason::TradedQuality { metric };
    type Of<'a> = &'a dyn Fn(Name) -> Reason;
    let cases: [(&str, Verdict, Of<'_>); 3] = [
        ("fields", Verdict::Incomparable, &environment),
        ("parameters", Verdict::Incomparable, &parameter),
        ("quality", Verdict::Inconclusive, &traded),
    ];
    for (name, verdict, reason) in cases {
        let row = |at| {
            let row = reports::row(&format!("suite/case-{at}"), "latency.p50", 1e6, 0.0);
            reports::verdict(row, verdict, reason(long(at)))
        };
        let mut undecided = reports::report((0..ROWS).map(row).collect());
        let differing = |at| FieldDifference {
            field: long(at),
            baseline: Some("y".repeat(200)),
            candidate: None,
        };
        undecided.environment_differences = (0..LINES).map(differing).collect();
        let waiver = reports::hostile("x").waivers.remove(0);
        undecided.waivers = vec![waiver; LINES];
        let mut pass = undecided.clone();
        (pass.outcome, pass.exit_code) = (Outcome::Pass, ExitCode::Pass);
        for (report, word) in [(undecided, "UNDECIDED"), (pass, "PASS")] {
            let text = markdown(&report, &MarkdownOptions::default());
            assert!(text.len() <= 60_000, "{name}: {} bytes", text.len());
            let heading = text.lines().next().expect("a heading");
            assert!(heading.starts_with(&format!("### {word}: ")), "{heading}");
            assert!(
                heading.ends_with("4990 more for other reasons"),
                "{heading}"
            );
            if verdict == Verdict::Incomparable {
                let rest = "- 4990 timing rows not compared for other reasons\n";
                assert!(text.contains(rest), "{name}: {text}");
            }
        }
    }
}

/// What a later job reads is what was written, profiles included.
#[test]
fn profiles_survive_json() {
    for (name, report) in reports::profiled::all() {
        let read: gate_schema::report::Report = serde_json::from_str(&json(&report)).expect(name);
        assert_eq!(read, report, "{name}");
    }
}
