//! No text from outside can leave its place: proven with a parser, not with a list of characters.

mod reports;

use comrak::nodes::{Node, NodeValue};
use comrak::{Arena, Options, parse_document};
use gate_render::{
    MarkdownOptions, Occasion, Style, comment, explain, explain_failed, markdown, promotion,
    summary, terminal, title, trend_host, trend_issues,
};
use gate_schema::bisect::{Bisection, Found};
use gate_schema::quantity::Quantity;
use gate_schema::report::Report;
use gate_schema::run::{Manifest, Run};
use gate_schema::trend::{Improvement, Night, Promoted, Step, Suspect, Trend, Way};
use gate_schema::unit::Unit;
use proptest::prelude::*;

/// Stands in every hostile text; must be found in code spans only.
const MARK: &str = "EVIL";

/// Where our own links point to.
const OURS: &str = "https://github.example/owner/name/actions/runs/";

/// A comment on what a fork measured, with everything a frame can hold.
const OCCASION: Occasion<'static> = Occasion {
    repository: "https://github.example/owner/name",
    run: 7,
    attempt: 2,
    head: "4f2c9e14f2c9e14f2c9e14f2c9e14f2c9e14f2c9",
    artifact: Some(11),
    publisher: Some(8),
    has_page: true,
    is_fork: true,
    edits_policy: true,
    declared: Some(&EMPTY),
};

/// A baseline to which everything is new.
static EMPTY: Manifest = Manifest {
    tier: None,
    scenarios: Vec::new(),
};

const FIXED: [&str; 16] = [
    "EVIL@org/team",
    "@org EVIL #12 org/repo#12 GH-12",
    "EVIL|EVIL\\|EVIL\\\\|EVIL||",
    "`EVIL`` ```EVIL",
    "` | ` EVIL ` |",
    "EVIL\n| a | b |\n\n# EVIL\n",
    "EVIL\r\n\r\n<details><summary>EVIL",
    "<script>alert('EVIL')</script>",
    "</summary></details><img src=x onerror=EVIL>",
    "<!-- EVIL -->",
    "[EVIL](https://evil.example) ![EVIL](x) https://evil.example/EVIL www.evil.example",
    "EVIL &lt; &#64;org :tada: ~~EVIL~~ **EVIL** $EVIL$",
    "\u{202e}EVIL\u{2066}\u{200b}\u{feff}\u{ad}\u{e0041}",
    "\x1b[31mEVIL\x1b]8;;https://evil.example\x07 \u{9b}31m\x08\x7f",
    "EVIL\\",
    "   EVIL   ",
];

fn github() -> Options<'static> {
    let mut options = Options::default();
    let extension = &mut options.extension;
    extension.table = true;
    extension.autolink = true;
    extension.strikethrough = true;
    extension.tasklist = true;
    extension.footnotes = true;
    extension.shortcodes = true;
    extension.math_dollars = true;
    extension.math_code = true;
    extension.alerts = true;
    options
}

/// Holds for every report: what is not ours stands in code, every row has the cells of its table,
/// and the only HTML is ours.
fn check(text: &str) {
    let arena = Arena::new();
    let root = parse_document(&arena, text, &github());
    for node in root.descendants() {
        let value = node.data().value.clone();
        match value {
            NodeValue::Text(words) => assert!(
                !words.contains(MARK) && !words.contains('@'),
                "outside text {words:?}\n{text}"
            ),
            NodeValue::HtmlBlock(html) => {
                let is_ours = html.literal.lines().all(|line| {
                    line.is_empty()
                        || line == "</details>"
                        || (line.starts_with("<details><summary>")
                            && line.ends_with("</summary>")
                            && !line.contains(MARK))
                });
                assert!(is_ours, "HTML {:?}\n{text}", html.literal);
            }
            NodeValue::Table(table) => {
                let rows: Vec<Node> = node.children().collect();
                assert!(
                    matches!(table.num_columns, 3 | 4 | 6 | 8),
                    "{} columns\n{text}",
                    table.num_columns
                );
                for row in rows {
                    let cells: Vec<Node> = row.children().collect();
                    assert_eq!(cells.len(), table.num_columns, "{text}");
                    let last = cells.last().and_then(|cell| cell.first_child());
                    assert!(
                        last.is_some(),
                        "a row with an empty last cell was split\n{text}"
                    );
                }
            }
            NodeValue::Link(link) => assert!(
                (link.url.starts_with(OURS) || link.url == "profiles/1-vector.search.k10.svg")
                    && link.title.is_empty(),
                "a link that is not ours: {link:?}\n{text}"
            ),
            NodeValue::HtmlInline(html) => assert!(
                html == "<sub>" || html == "</sub>",
                "inline HTML {html:?}\n{text}"
            ),
            NodeValue::CodeBlock(block) => assert!(
                block.fenced && block.fence_char == b'`' && block.info.is_empty(),
                "a block of code that is not ours: {block:?}\n{text}"
            ),
            NodeValue::Document
            | NodeValue::Heading(_)
            | NodeValue::Paragraph
            | NodeValue::Code(_)
            | NodeValue::Strong
            | NodeValue::SoftBreak
            | NodeValue::List(_)
            | NodeValue::Item(_)
            | NodeValue::TableRow(_)
            | NodeValue::TableCell => {}
            other => panic!("{other:?} in\n{text}"),
        }
    }
    assert!(
        !text.chars().any(|c| c != '\n' && is_invisible(c)),
        "{text:?}"
    );
}

/// Characters a reader cannot see, as a list of its own: written from what may not survive, not
/// from what is escaped.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The reports of the shared set that carry `text`.
fn hostile(text: &str) -> [Report; 5] {
    let [compared, absent, hotspots] = reports::profiled::hostile(text);
    [
        reports::hostile(text),
        reports::paired::hostile(text),
        compared,
        absent,
        hotspots,
    ]
}

/// The texts of all code spans.
fn codes(text: &str) -> Vec<String> {
    let arena = Arena::new();
    let root = parse_document(&arena, text, &github());
    let code = |node: Node| match &node.data().value {
        NodeValue::Code(code) => Some(code.literal.clone()),
        _ => None,
    };
    root.descendants().filter_map(code).collect()
}

/// How many links a reader sees.
fn links(text: &str) -> usize {
    let arena = Arena::new();
    let root = parse_document(&arena, text, &github());
    let is_link = |node: &Node| matches!(node.data().value, NodeValue::Link(_));
    root.descendants().filter(is_link).count()
}

#[test]
fn known_attacks_stay_in_their_code_span() {
    for text in FIXED {
        for report in hostile(text) {
            for max_bytes in [60_000, 4_000, 0] {
                check(&markdown(
                    &report,
                    &MarkdownOptions {
                        max_bytes,
                        icons: false,
                    },
                ));
                check(&comment(&report, &OCCASION, max_bytes));
                check(&summary(&report, &OCCASION, max_bytes));
            }
        }
    }
}

/// The frozen bisection and a trend with the step it is about, with `text` wherever a commit or an error is quoted.
fn searched(text: &str) -> (Bisection, Trend) {
    let read = include_str!("../../schema/tests/frozen/bisect.v1.json");
    let mut bisection: Bisection = serde_json::from_str(read).expect("parses");
    for step in &mut bisection.steps {
        (step.revision.subject, step.how) = (text.to_owned(), Some(text.to_owned()));
    }
    bisection.to.subject = text.to_owned();
    let night = |commit: &str| Night {
        created: "2026-11-20T03:17:00Z".to_owned(),
        commit: Some(commit.to_owned()),
    };
    let level = |value| Quantity {
        value,
        unit: Unit::Nanoseconds,
    };
    let read = include_str!("../../schema/tests/frozen/trend.v1.json");
    let mut trend: Trend = serde_json::from_str(read).expect("parses");
    trend.steps = vec![Step {
        scenario: bisection.scenario.clone(),
        metric: bisection.metric.clone(),
        way: Way::Worse,
        suspect: Suspect::Code,
        is_new: true,
        score: 9.0,
        from: level(1e6),
        to: level(1.2e6),
        good: night(&bisection.good.commit),
        bad: night(&bisection.bad.commit),
    }];
    (bisection, trend)
}

#[test]
fn no_subject_of_a_commit_leaves_an_issue() {
    for text in FIXED {
        for found in [Found::Commit, Found::Range, Found::NotConfirmed] {
            let (mut bisection, trend) = searched(text);
            bisection.found = found;
            let issues = trend_issues(
                &trend,
                "https://github.example/o/n",
                std::slice::from_ref(&bisection),
            );
            let finding = issues[0].finding.as_deref().expect("it is about this step");
            assert_eq!(finding.lines().count(), 1, "{finding:?}");
            check(finding);
            let shown = gate_render::bisection(&bisection);
            assert!(
                shown.chars().all(|c| c == '\n' || (' '..='~').contains(&c)),
                "{shown:?}"
            );
        }
    }
    let (mut bisection, trend) = searched("x");
    let many = bisection
        .steps
        .iter()
        .cycle()
        .take(1_000)
        .cloned()
        .collect();
    bisection.steps = many;
    let issues = trend_issues(
        &trend,
        "https://github.example/o/n",
        std::slice::from_ref(&bisection),
    );
    let finding = issues[0].finding.as_deref().expect("it is about this step");
    assert!(finding.len() < 20_000, "{}", finding.len());
    assert!(finding.ends_with("and 980 more."), "{finding}");
    bisection.good.commit = "a".repeat(40);
    let issues = trend_issues(
        &trend,
        "https://github.example/o/n",
        std::slice::from_ref(&bisection),
    );
    assert_eq!(issues[0].finding, None, "it searched somewhere else");
}

#[test]
fn no_word_of_a_night_leaves_an_issue() {
    let worst = reports::name("a@org/team:tada:[x](y)_z_");
    for text in FIXED {
        for suspect in [Suspect::Code, Suspect::SameCommit, Suspect::Everything] {
            let (_, mut trend) = searched("x");
            let night = Night {
                created: text.to_owned(),
                commit: Some(text.to_owned()),
            };
            let (step, drift) = (&mut trend.steps[0], &mut trend.drifts[0]);
            (step.scenario, step.metric) = (worst.clone(), worst.clone());
            (step.suspect, step.good, step.bad) = (suspect, night.clone(), night.clone());
            (drift.suspect, drift.metric, drift.since) = (suspect, worst.clone(), night.clone());
            (trend.newest, trend.machines[0].night) = (night.clone(), night);
            trend.machines[0].fields[0].field = worst.clone();
            let of_code = trend_issues(&trend, OURS, &[]);
            let of_machine = trend_host(&trend);
            let issues: Vec<_> = of_code.into_iter().chain(of_machine).collect();
            let expected = if suspect.is_code() { 2 } else { 1 };
            assert_eq!(issues.len(), expected, "{suspect:?}");
            for issue in issues {
                check(&issue.body);
                assert!(!issue.title.chars().any(is_invisible), "{:?}", issue.title);
            }
        }
    }
}

#[test]
fn no_name_of_a_baseline_moves_the_cursor() {
    let (_, mut trend) = searched("x");
    let step = &trend.steps[0];
    let improvement = Improvement {
        scenario: step.scenario.clone(),
        metric: step.metric.clone(),
        from: step.to.clone(),
        to: step.from.clone(),
    };
    for text in FIXED {
        trend.promoted = Some(Promoted {
            baseline: text.to_owned(),
            rows: 1,
            nights: 7,
            improvements: vec![improvement.clone()],
        });
        for suspect in [Suspect::Code, Suspect::SameCommit, Suspect::Everything] {
            trend.drifts[0].suspect = suspect;
            let shown = gate_render::trend(&trend);
            assert!(
                shown.chars().all(|c| c == '\n' || (' '..='~').contains(&c)),
                "{shown:?}"
            );
            let told = match suspect {
                Suspect::Code => "since 2026-11-1\n",
                Suspect::SameCommit => "since 2026-11-1: not of the code",
                Suspect::Everything => "since 2026-11-1, as most timings: look at the machine",
            };
            assert!(shown.contains(told), "{shown}");
        }
    }
}

/// The frozen baseline with `text` wherever a promotion quotes one.
fn promoted(text: &str) -> String {
    let read = include_str!("../../schema/tests/frozen/baseline.v1.json");
    let mut baseline: Run = serde_json::from_str(read).expect("parses");
    let provenance = baseline.provenance.as_mut().expect("it was promoted");
    provenance.overridden = vec![text.to_owned(), text.to_owned()];
    promotion(&baseline, 1, text)
}

#[test]
fn no_word_of_a_promotion_leaves_its_place() {
    for text in FIXED {
        check(&promoted(text));
    }
}

#[test]
fn the_checker_sees_attacks() {
    for text in [
        "EVIL",
        "<b>x</b>",
        "[x](http://evil.example)",
        "http://evil.example",
        "*x*",
        ":tada:",
        "@org",
        "a\u{200b}",
    ] {
        let caught = std::panic::catch_unwind(|| check(text));
        assert!(caught.is_err(), "{text:?} went unseen");
    }
}

#[test]
fn harmless_text_is_shown_as_it_is() {
    let shown = codes(&markdown(
        &reports::hostile("Intel(R) Xeon|a`b \\x"),
        &MarkdownOptions::default(),
    ));
    assert!(
        shown
            .iter()
            .filter(|code| *code == "Intel(R) Xeon|a`b \\x")
            .count()
            > 6,
        "{shown:#?}"
    );
}

/// Text of the characters that mean something to Markdown, to a terminal, or to neither.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[|`\\\\ @#<>&\\[\\]()*_~:!$\n\r\t-]",
        2 => Just(MARK.to_owned()),
        1 => "\\PC{1,3}",
        1 => any::<char>().prop_map(String::from),
        1 => prop::sample::select(vec!["</details>", "<!--", "http://e.example", "| |", "``", "\\|", "\u{202e}", "\u{200b}", "\x1b[2J"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_text_leaves_its_code_span(text in nasty()) {
        for report in hostile(&text) {
            check(&markdown(&report, &MarkdownOptions::default()));
        }
    }

    #[test]
    fn no_text_leaves_a_promotion(text in nasty()) {
        check(&promoted(&text));
    }

    #[test]
    fn no_text_leaves_a_comment(text in nasty()) {
        for report in hostile(&text) {
            let shown = comment(&report, &OCCASION, 60_000);
            check(&shown);
            prop_assert_eq!(links(&shown), 4);
            prop_assert!(!shown.contains("profiles/1-vector.search.k10.svg"));
            prop_assert!(!title(&report).chars().any(is_invisible));
        }
    }

    #[test]
    fn no_text_moves_the_cursor(text in nasty(), width in 40_usize..220, unicode: bool) {
        for report in hostile(&text) {
            let shown = terminal(&report, &Style { width, colour: false, unicode, all: true });
            for line in shown.lines() {
                prop_assert!(!line.chars().any(is_invisible), "{line:?}");
                prop_assert!(unicode || line.is_ascii());
                prop_assert!(line.chars().count() <= width, "{line}");
            }
        }
    }

    #[test]
    fn no_explanation_moves_the_cursor(text in nasty()) {
        let report = reports::paired::hostile(&text);
        let mut shown: String = report.rows.iter().take(6).map(|row| explain(&report, row)).collect();
        shown.extend(explain_failed(&report, &report.failures[0].failure.scenario));
        prop_assert!(shown.chars().all(|c| c == '\n' || (' '..='~').contains(&c)), "{shown:?}");
    }
}
