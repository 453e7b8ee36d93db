//! What a terminal shows for every report of the shared set.

mod reports;

use gate_render::{Style, terminal};

fn ascii(width: usize) -> Style {
    Style {
        width,
        ..Style::default()
    }
}

/// Columns of a line without colour. Everything we write is one column wide, but for outside text
/// on UTF-8 terminals, which no report here has.
fn columns(line: &str) -> usize {
    line.chars().count()
}

#[test]
fn every_report_in_plain_ascii() {
    for (name, report) in reports::all() {
        insta::assert_snapshot!(format!("{name}-100"), terminal(&report, &ascii(100)));
    }
}

#[test]
fn narrow_and_wide_terminals() {
    for (name, report) in [
        ("mixed", reports::mixed()),
        ("other_machine", reports::other_machine()),
    ] {
        for width in [60, 80, 120, 200] {
            insta::assert_snapshot!(format!("{name}-{width}"), terminal(&report, &ascii(width)));
        }
    }
}

#[test]
fn colour_unicode_and_all_rows() {
    let style = Style {
        width: 120,
        colour: true,
        unicode: true,
        all: true,
    };
    insta::assert_snapshot!(
        "mixed-colour-unicode-all",
        terminal(&reports::mixed(), &style)
    );
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for (name, report) in reports::all() {
        for width in [40, 60, 80, 100, 120, 200, 400] {
            for all in [false, true] {
                let style = Style {
                    all,
                    unicode: !name.ends_with("hostile"),
                    ..ascii(width)
                };
                for line in terminal(&report, &style).lines() {
                    assert!(
                        columns(line) <= width,
                        "{name} at {width}: {} columns\n{line}",
                        columns(line)
                    );
                    assert_eq!(
                        line,
                        line.trim_end(),
                        "{name} at {width}: blanks at the end"
                    );
                }
            }
        }
    }
}

#[test]
fn plain_style_writes_nothing_but_ascii() {
    for (name, report) in reports::all() {
        let text = terminal(&report, &ascii(100));
        assert!(
            text.bytes()
                .all(|b| b == b'\n' || (b' '..=b'~').contains(&b)),
            "{name}:\n{text}"
        );
    }
}

#[test]
fn colour_adds_sequences_and_nothing_else() {
    for (name, report) in reports::all() {
        for width in [60, 100, 200] {
            let plain = terminal(&report, &ascii(width));
            let coloured = terminal(
                &report,
                &Style {
                    colour: true,
                    ..ascii(width)
                },
            );
            let stripped = ["\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"]
                .iter()
                .fold(coloured.clone(), |text, sequence| {
                    text.replace(sequence, "")
                });
            assert_eq!(stripped, plain, "{name}");
        }
    }
}

#[test]
fn nothing_is_red_that_did_not_fail() {
    for report in [
        reports::pass(),
        reports::inconclusive(),
        reports::other_machine(),
        reports::empty(),
        reports::paired::pass(),
        reports::paired::open(),
        reports::paired::unsteady(),
        reports::paired::crashed_baseline(),
        reports::paired::already_on_base(),
    ] {
        let text = terminal(
            &report,
            &Style {
                colour: true,
                all: true,
                ..ascii(100)
            },
        );
        assert!(!text.contains("\x1b[31m"), "{text}");
    }
}

#[test]
fn a_report_without_rows_never_reads_as_a_pass() {
    let mut report = reports::empty();
    report.outcome = gate_schema::report::Outcome::Pass;
    assert!(terminal(&report, &ascii(100)).starts_with("UNDECIDED  nothing was measured"));
}

#[test]
fn every_row_is_shown_or_counted() {
    for (name, report) in reports::all() {
        let text = terminal(
            &report,
            &Style {
                all: true,
                ..ascii(200)
            },
        );
        for row in &report.rows {
            if name != "long_names" {
                assert!(
                    text.contains(row.scenario.as_str()),
                    "{name}: {} is gone\n{text}",
                    row.scenario
                );
            }
        }
    }
}

/// A name that was broken over lines is still the whole name.
#[test]
fn wrapped_names_lose_no_character() {
    for width in 84..110 {
        let text = terminal(&reports::mixed(), &ascii(width));
        let found = text
            .lines()
            .any(|line| line.contains("map/mixed/8-threads"))
            || text.contains("  8-threads");
        assert!(found && text.contains("map/mixed/"), "at {width}\n{text}");
    }
    let scenario = format!("{}/x", "z".repeat(40));
    let report = reports::report(vec![reports::row(&scenario, "p50", 1e3, 0.0)]);
    for width in 40..140 {
        let text = terminal(
            &report,
            &Style {
                all: true,
                ..ascii(width)
            },
        );
        assert_eq!(text.matches('z').count(), 40, "at {width}\n{text}");
    }
}

/// Takes seconds where something is quadratic, and a blink otherwise.
#[test]
fn five_thousand_rows_are_no_burden() {
    let rows = (0..5_000)
        .map(|at| reports::row(&format!("suite/case-{at}"), "latency.p50", 1e3, 0.001))
        .collect();
    let report = reports::report(rows);
    for width in [60, 100, 200] {
        let text = terminal(
            &report,
            &Style {
                all: true,
                ..ascii(width)
            },
        );
        assert!(text.lines().count() > 5_000);
    }
}
