//! What a pull request shows.

mod reports;

use gate_render::{Notice, Occasion, comment, notice, notice_title, summary, title};
use gate_schema::report::{Reason, Row, Verdict};
use gate_schema::run::{Declared, DeclaredMetric, Kind, Manifest};
use gate_schema::unit::{Direction, Unit};

/// GitHub's limit for a comment, as this product keeps it.
const COMMENT_BYTES: usize = 60_000;

/// GitHub's limit for a step summary is 1,024 KiB; a larger one is dropped whole.
const SUMMARY_BYTES: usize = 900 << 10;

const OCCASION: Occasion<'static> = Occasion {
    repository: "https://github.com/owner/name",
    run: 19_283_746,
    attempt: 1,
    head: "4f2c9e14f2c9e14f2c9e14f2c9e14f2c9e14f2c9",
    artifact: Some(11),
    publisher: Some(19_283_800),
    has_page: true,
    is_fork: true,
    edits_policy: false,
    declared: None,
};

#[test]
fn comments() {
    for name in ["pass", "regressed", "mixed", "hostile", "paired_open"] {
        let reports = reports::all();
        let (_, report) = reports
            .iter()
            .find(|(known, _)| *known == name)
            .expect(name);
        let shown = format!(
            "{}\n---\n{}",
            title(report),
            comment(report, &OCCASION, COMMENT_BYTES)
        );
        insta::assert_snapshot!(name, shown);
    }
}

#[test]
fn notices() {
    let occasion = Occasion {
        artifact: None,
        publisher: None,
        has_page: false,
        is_fork: false,
        edits_policy: true,
        ..OCCASION
    };
    let all = [
        Notice::Rejected("zip-size"),
        Notice::Expired,
        Notice::NothingMeasured,
        Notice::NothingToMeasure,
        Notice::Failed,
        Notice::Cancelled,
        Notice::TimedOut,
        Notice::NeedsApproval,
        Notice::Unjudgeable,
        Notice::OtherTier,
        Notice::Unusable("G401"),
    ];
    let shown: Vec<String> = all
        .iter()
        .map(|&what| format!("{}\n---\n{}", notice_title(what), notice(what, &occasion)))
        .collect();
    insta::assert_snapshot!("notices", shown.join("\n"));
}

#[test]
fn the_full_report_is_the_page_where_one_is_kept_and_else_the_summary() {
    let report = reports::regressed();
    let here = "https://github.com/owner/name/actions/runs/19283800";
    let (page, summary_alone) = (
        format!("<sub>[full report]({here}#artifacts) \u{b7} [summary]({here}) \u{b7} [run "),
        format!("<sub>[full report]({here}) \u{b7} [run "),
    );
    for (has_page, publisher, expected) in [
        (true, OCCASION.publisher, page.as_str()),
        (false, OCCASION.publisher, summary_alone.as_str()),
        (true, None, "<sub>[run "),
    ] {
        let occasion = Occasion {
            has_page,
            publisher,
            ..OCCASION
        };
        let texts = [
            comment(&report, &occasion, COMMENT_BYTES),
            summary(&report, &occasion, SUMMARY_BYTES),
            notice(Notice::Expired, &occasion),
        ];
        for text in texts {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }
}

/// Every title is a single line of words, and never a pass where nothing was judged.
#[test]
fn a_title_says_the_outcome() {
    for (name, report) in reports::all() {
        let title = title(&report);
        assert!(
            !title.contains(['\n', '`']) || name.contains("hostile"),
            "{name}: {title}"
        );
        assert!(
            ["PASS: ", "FAIL: ", "UNDECIDED: "]
                .iter()
                .any(|word| title.starts_with(word)),
            "{name}: {title}"
        );
    }
}

#[test]
fn five_thousand_rows_fit() {
    let mut rows = Vec::new();
    while rows.len() < 5_000 {
        rows.extend(reports::regressed().rows);
        rows.extend(reports::mixed().rows);
    }
    rows.truncate(5_000);
    let report = reports::report(rows);
    let (short, full) = (
        comment(&report, &OCCASION, COMMENT_BYTES),
        summary(&report, &OCCASION, SUMMARY_BYTES),
    );
    assert!(short.len() <= COMMENT_BYTES, "{} bytes", short.len());
    assert!(full.len() <= SUMMARY_BYTES, "{} bytes", full.len());
    assert!(
        full.len() > COMMENT_BYTES,
        "the summary says more: {} bytes",
        full.len()
    );
    for text in [short, full] {
        assert!(text.starts_with("### \u{274c} FAIL: "), "{}", &text[..200]);
        assert!(text.ends_with("</sub>\n"), "the frame is there");
    }
}

/// Rows of as many scenarios that got worse, each more than the one before.
fn regressed(scenarios: usize) -> Vec<Row> {
    let rows = (0..scenarios).map(|at| {
        let change = 0.1 + at as f64 / 1e5;
        let row = reports::row(&format!("case/{at}"), "latency.p99", 1e6, change);
        reports::verdict(row, Verdict::Regressed, Reason::BeyondMargin)
    });
    rows.rev().collect()
}

#[test]
fn five_thousand_rows_fit_with_the_frames_that_grew() {
    let frame = "|`@org/team` <img src=x>".repeat(12);
    let report = reports::profiled::of_rows(regressed(5_000), &frame);
    for declared in [
        None,
        Some(&Manifest {
            tier: None,
            scenarios: Vec::new(),
        }),
    ] {
        let occasion = Occasion {
            declared,
            ..OCCASION
        };
        let short = comment(&report, &occasion, COMMENT_BYTES);
        let full = summary(&report, &occasion, SUMMARY_BYTES);
        assert!(short.len() <= COMMENT_BYTES, "{} bytes", short.len());
        assert!(full.len() <= SUMMARY_BYTES, "{} bytes", full.len());
        for text in [short, full] {
            assert_eq!(text.matches("**Cause:**").count(), 5);
            assert_eq!(text.matches("- grew: ").count(), 15);
            assert!(text.contains("5000 regressed"), "{}", &text[..400]);
        }
    }
}

/// A baseline that declares these metrics of each scenario.
fn manifest(scenarios: &[(&str, &[&str])]) -> Manifest {
    let metric = |name: &&str| DeclaredMetric {
        name: reports::name(name),
        kind: Kind::Histogram,
        unit: Unit::Nanoseconds,
        direction: Direction::Lower,
        at: None,
    };
    let declared = scenarios.iter().map(|(scenario, metrics)| Declared {
        scenario: reports::name(scenario),
        params: Default::default(),
        input: None,
        metrics: metrics.iter().map(metric).collect(),
    });
    Manifest {
        tier: None,
        scenarios: declared.collect(),
    }
}

#[test]
fn names_that_the_default_branch_does_not_know_are_told_apart() {
    let rows = ["latency.p99", "latency", "latency_ns"]
        .map(|metric| reports::row("known/a", metric, 1e6, 0.0));
    let mut rows: Vec<Row> = rows.into();
    rows.push(reports::row("new/b", "latency.p99", 1e6, 0.0));
    rows.push(reports::row("new/b", "latency.p50", 1e6, 0.0));
    let report = reports::report(rows);
    let known = manifest(&[("known/a", &["latency"]), ("gone", &["latency"])]);
    let occasion = Occasion {
        declared: Some(&known),
        ..OCCASION
    };
    let frame = "<details><summary>New to the default branch: 2 names</summary>\n\n\
                 - `known/a` `latency_ns`\n- `new/b`\n\n</details>\n\n<sub>";
    let text = comment(&report, &occasion, COMMENT_BYTES);
    assert!(text.contains(frame), "{text}");
    let unknown = comment(&report, &OCCASION, COMMENT_BYTES);
    assert!(
        !unknown.contains("New to"),
        "there is no baseline: {unknown}"
    );
}

#[test]
fn of_names_that_are_new_fifty_are_shown() {
    let mut rows = regressed(60);
    let second = rows.iter().take(1).map(|row| Row {
        metric: reports::name("latency.p50"),
        ..row.clone()
    });
    rows.extend(second.collect::<Vec<_>>());
    let known = manifest(&[]);
    let occasion = Occasion {
        declared: Some(&known),
        ..OCCASION
    };
    let report = reports::report(rows);
    let text = comment(&report, &occasion, COMMENT_BYTES);
    for expected in [
        "New to the default branch: 60 names",
        "10 more, with 10 rows, are counted above",
        "61 regressed",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    for at in 0..60 {
        let is_shown = text.contains(&format!("`case/{at}`"));
        assert_eq!(is_shown, at >= 10, "case/{at}");
    }
    // What failed is named, too.
    let text = comment(&reports::paired::crashed(), &occasion, COMMENT_BYTES);
    assert!(text.contains("New to the default branch: "), "{text}");
}

#[test]
fn a_comment_is_shortened_to_any_limit_that_holds_its_heading() {
    let report = reports::many_rows();
    for most in [60_000, 30_000, 10_000, 3_000, 1_500] {
        let text = comment(&report, &OCCASION, most);
        assert!(text.len() <= most, "{} bytes of {most}", text.len());
    }
}
