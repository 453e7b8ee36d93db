//! What a pull request shows.

mod reports;

use gate_render::{Notice, Occasion, comment, notice, notice_title, summary, title};

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
    is_fork: true,
    edits_policy: false,
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
        is_fork: false,
        edits_policy: true,
        ..OCCASION
    };
    let all = [
        Notice::Rejected("zip-size"),
        Notice::Expired,
        Notice::NothingMeasured,
        Notice::Failed,
        Notice::Cancelled,
        Notice::TimedOut,
        Notice::NeedsApproval,
        Notice::Unjudgeable,
    ];
    let shown: Vec<String> = all
        .iter()
        .map(|&what| format!("{}\n---\n{}", notice_title(what), notice(what, &occasion)))
        .collect();
    insta::assert_snapshot!("notices", shown.join("\n"));
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

#[test]
fn a_comment_is_shortened_to_any_limit_that_holds_its_heading() {
    let report = reports::many_rows();
    for most in [60_000, 30_000, 10_000, 3_000, 1_500] {
        let text = comment(&report, &OCCASION, most);
        assert!(text.len() <= most, "{} bytes of {most}", text.len());
    }
}
