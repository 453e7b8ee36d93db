//! The page: what it shows, and that no text from outside becomes a part of it.

mod reports;

use gate_render::{Figure, html};
use gate_schema::profile::{Profiler, TimePerOperation};
use gate_schema::report::{
    Course, Distribution, Distributions, FrameChange, FrameShare, FrameTime, Hotspot,
    ProfileChange, ProfileFiles, ProfiledSide, Profiles, Quantiles, Report, ScenarioProfile,
    Series,
};
use gate_schema::unit::{Direction, Unit};
use proptest::prelude::*;
use reports::name;

/// The page without the style and the script, which are files of their own.
fn page(report: &Report) -> String {
    let mut page = html(report, &[]);
    for (text, shown) in [
        (include_str!("../src/html/page.css"), "page.css"),
        (include_str!("../src/html/page.js"), "page.js"),
    ] {
        assert_eq!(
            page.matches(text).count(),
            1,
            "{shown} is in the page as it is"
        );
        page = page.replace(text, shown);
    }
    let policy = page
        .lines()
        .find(|line| line.contains("Content-Security-Policy"));
    let policy = policy.expect("a policy").to_owned();
    assert_eq!(policy.matches("'sha256-").count(), 2, "{policy}");
    page.replace(&policy, "<policy>")
}

/// The page before, in and after the embedded rows.
fn parts(page: &str) -> [&str; 3] {
    let (before, rest) = page.split_once("id=\"report\">").expect("the rows");
    let (json, after) = rest.split_once("</script>").expect("their end");
    [before, json, after]
}

fn embedded(report: &Report) -> serde_json::Value {
    let page = page(report);
    let [_, json, _] = parts(&page);
    serde_json::from_str(json).expect("JSON")
}

fn series(scenario: &str, metric: &str, unit: Unit, sides: [&[f64]; 2]) -> Series {
    let [baseline, candidate] = sides.map(|figures| {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        let points = (1..).map(f64::from).zip(figures.iter().copied());
        (!figures.is_empty()).then(|| Course {
            repetitions: 5,
            median: sorted[sorted.len() / 2],
            points: points.collect(),
        })
    });
    let direction = match unit {
        Unit::Bytes => Direction::Lower,
        _ => Direction::Higher,
    };
    Series {
        scenario: name(scenario),
        metric: name(metric),
        unit,
        direction,
        baseline,
        candidate,
    }
}

/// A scenario that was watched, with one side or both.
fn over_time(scenario: &str) -> Vec<Series> {
    let series = |metric, unit, sides: [&[f64]; 2]| series(scenario, metric, unit, sides);
    vec![
        series(
            "recall_over_time",
            Unit::Ratio,
            [&[0.97, 0.968, 0.966], &[0.969, 0.957, 0.95]],
        ),
        series("segments", Unit::Count, [&[4.0, 9.0, 3.0], &[]]),
        series(
            "timeline.memory",
            Unit::Bytes,
            [&[4e8, 4.02e8, 4.01e8], &[4e8, 4.3e8, 4.7e8, 5e8]],
        ),
        series("timeline.requests", Unit::Count, [&[], &[12.0]]),
        series("unseen", Unit::Count, [&[], &[]]),
    ]
}

/// The part of the page about figures over time.
fn section(report: &Report) -> Option<String> {
    let page = page(report);
    let (_, rest) = page.split_once("<section class=\"series\"")?;
    let (section, _) = rest.split_once("</section>").expect("its end");
    Some(section.to_owned())
}

/// The regressed report with what a run measured and profiled in full.
fn full(text: &str) -> Report {
    let mut report = reports::paired::regressed();
    let row = report.rows[0].clone();
    let (metric, _) = row.metric.as_str().rsplit_once('.').expect("a statistic");
    let side = |level: f64| {
        Some(Quantiles {
            count: 50_000,
            values: [0.5, 0.9, 1.0, 1.3, 2.0, 4.0]
                .map(|factor| factor * level)
                .to_vec(),
        })
    };
    report.distributions = Some(Distributions {
        ranks: vec![0.01, 0.25, 0.5, 0.9, 0.99, 0.999],
        metrics: vec![Distribution {
            scenario: row.scenario.clone(),
            metric: name(metric),
            unit: Unit::Nanoseconds,
            baseline: side(20e3),
            candidate: side(22e3),
        }],
    });
    report.series = over_time(row.scenario.as_str());
    let share = |own: f64| FrameShare {
        own,
        total: own,
        own_ns: Some(own * 20e3),
        total_ns: Some(own * 20e3),
    };
    let profiled = |ns| ProfiledSide {
        samples: 12_000,
        period_ns: Some(1e6),
        time_per_operation: Some(TimePerOperation {
            ns,
            standard_error_ns: 10.0,
        }),
    };
    report.profiles = vec![
        ScenarioProfile {
            scenario: row.scenario.clone(),
            profiles: Profiles::Compared(Box::new(ProfileChange {
                profiler: Profiler {
                    tool: name("perf"),
                    event: name("cpu-clock"),
                    reason: text.into(),
                },
                baseline: profiled(20e3),
                candidate: profiled(22e3),
                grew: vec![FrameChange {
                    name: text.into(),
                    by: FrameTime::Own,
                    baseline: share(0.11),
                    candidate: share(0.23),
                    change: 0.12,
                    standard_error: 0.01,
                    beyond_noise: true,
                    caller: Some(text.into()),
                    through: Some("memcpy".into()),
                }],
                shrank: Vec::new(),
                hotspots: vec![Hotspot {
                    name: text.into(),
                    share: share(0.23),
                    standard_error: 0.01,
                }],
                files: ProfileFiles::default(),
            })),
        },
        ScenarioProfile {
            scenario: name("zoo/not-profiled"),
            profiles: Profiles::Absent {
                reason: text.into(),
                command: Some("sysctl kernel.perf_event_paranoid=1".into()),
            },
        },
    ];
    report
}

/// What is there without the script; the rows have a test of their own.
#[test]
fn pages() {
    let mut all = reports::all();
    all.push(("crashed", reports::paired::crashed()));
    for (name, report) in all {
        if ["pass", "mixed", "empty", "hostile", "warnings", "crashed"].contains(&name) {
            let page = page(&report);
            let [before, _, after] = parts(&page);
            insta::assert_snapshot!(format!("html_{name}"), format!("{before}rows{after}"));
        }
    }
}

#[test]
fn a_row_unfolds_to_everything_known_about_it() {
    let embedded = embedded(&full("Segment::block_max_wand"));
    let row = serde_json::to_string_pretty(&embedded["rows"][0]).expect("JSON");
    insta::assert_snapshot!("html_row", row);
    let drawn = serde_json::to_string_pretty(&embedded["curves"]).expect("JSON");
    insta::assert_snapshot!("html_curves", drawn);
    let causes = serde_json::to_string_pretty(&embedded["causes"]).expect("JSON");
    insta::assert_snapshot!("html_causes", causes);
}

#[test]
fn figures_over_time_stand_below_the_rows_and_need_no_script() {
    let mut report = reports::regressed();
    assert_eq!(section(&report), None, "nothing was watched");
    report.series = over_time("map/get/hot");
    let drawn = section(&report).expect("drawn");
    insta::assert_snapshot!("html_series", drawn);
    let page = page(&report);
    let [before, _, _] = parts(&page);
    let [rows, series] = ["id=\"rows\"", "id=\"series\""].map(|id| before.find(id));
    assert!(rows.expect("rows") < series.expect("series"));
}

#[test]
fn a_baseline_without_series_is_explained() {
    let mut report = reports::regressed();
    let explanation = "a promoted baseline leaves series out";
    report.series = over_time("map/get/hot");
    assert!(!section(&report).expect("drawn").contains(explanation));
    for series in &mut report.series {
        series.baseline = None;
    }
    assert!(section(&report).expect("drawn").contains(explanation));
}

/// However many series a report holds, the page draws some and says how many it leaves out.
#[test]
fn drawings_over_time_are_bounded() {
    let mut report = reports::regressed();
    let figures: Vec<f64> = (0..Course::MOST_POINTS).map(|at| 1e8 + at as f64).collect();
    for scenario in 0..50 {
        report.series.extend((0..20).map(|metric| {
            let (scenario, metric) = (format!("s/{scenario}"), format!("m{metric}"));
            series(&scenario, &metric, Unit::Bytes, [&figures, &figures])
        }));
    }
    let drawn = section(&report).expect("drawn");
    assert_eq!(drawn.matches("<details>").count(), 40);
    assert_eq!(drawn.matches("8 of 20 series").count(), 40);
    assert_eq!(drawn.matches("<svg").count(), 40 * 8);
    assert!(drawn.contains("10 more scenarios with series in the report"));
    assert!(drawn.len() < 2_000_000, "{} bytes", drawn.len());
    // What gate never writes is not drawn.
    for series in &mut report.series {
        let side = series.candidate.as_mut().expect("a side");
        side.points = vec![(1.0, 1.0); Course::MOST_POINTS + 1];
        series.baseline = None;
    }
    assert_eq!(section(&report), None);
}

#[test]
fn the_first_words_are_those_of_the_terminal() {
    for (name, report) in reports::all() {
        let terminal = gate_render::terminal(
            &report,
            &gate_render::Style {
                width: 10_000,
                unicode: true,
                ..Default::default()
            },
        );
        let first = terminal.lines().next().expect("a line");
        let (word, sentence) = first.split_once("  ").expect("word and sentence");
        let page = page(&report);
        let (_, rest) = page.split_once("<h1>").expect("a heading");
        let (heading, _) = rest.split_once("</h1>").expect("its end");
        let heading = heading.replace("<code>", "`").replace("</code>", "`");
        let heading = [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&#39;", "'"),
            ("&amp;", "&"),
        ]
        .iter()
        .fold(heading, |text, (from, to)| text.replace(from, to));
        let expected = format!("<span class=\"word\">{word}</span> {sentence}");
        assert_eq!(heading, expected, "{name}");
    }
}

#[test]
fn every_row_is_there_and_the_worst_comes_first() {
    for (name, report) in reports::all() {
        if report.rows.is_empty() {
            continue;
        }
        let embedded = embedded(&report);
        let rows = embedded["rows"].as_array().expect("rows");
        assert_eq!(rows.len(), report.rows.len(), "{name}");
        let counted = embedded["verdicts"].as_array().expect("counts").iter();
        let counted: u64 = counted
            .map(|count| count["rows"].as_u64().expect("a number"))
            .sum();
        assert_eq!(counted, report.rows.len() as u64, "{name}");
    }
    let first = &embedded(&reports::mixed())["rows"][0];
    assert_eq!(first["verdict"], "over budget");
}

#[test]
fn a_figure_stays_data() {
    let report = reports::regressed();
    let figure = Figure {
        scenario: report.rows[0].scenario.clone(),
        title: "Flamegraph".into(),
        svg: Some("<svg><script>alert(1)</script></svg>".into()),
        link: Some("profiles/a.svg".into()),
    };
    let page = html(&report, std::slice::from_ref(&figure));
    assert!(!page.contains("<svg><script>"));
    assert!(page.contains("\\u003csvg\\u003e\\u003cscript\\u003ealert(1)"));
}

/// Two hundred rows with their distributions stay far below two megabytes.
#[test]
fn two_hundred_rows_are_small() {
    let mut report = reports::many_rows();
    let ranks: Vec<f64> = (1..=40).map(|at| f64::from(at) / 41.0).collect();
    let metrics = report.rows.iter().map(|row| Distribution {
        scenario: row.scenario.clone(),
        metric: name("latency"),
        unit: Unit::Nanoseconds,
        baseline: Some(Quantiles {
            count: 1_000,
            values: (1..=40).map(f64::from).collect(),
        }),
        candidate: Some(Quantiles {
            count: 1_000,
            values: (1..=40).map(f64::from).collect(),
        }),
    });
    report.distributions = Some(Distributions {
        metrics: metrics.collect(),
        ranks,
    });
    let page = html(&report, &[]);
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
}

/// The tags of a page in order, but for those around commands, which backticks of any origin make.
fn tags(page: &str) -> Vec<&str> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some((_, tag)) = rest.split_once('<') {
        let (tag, after) = tag.split_once('>').expect("a tag ends");
        if !["code", "/code"].contains(&tag) {
            tags.push(tag);
        }
        rest = after;
    }
    tags
}

fn check(text: &str) {
    for make in [reports::hostile, reports::paired::hostile, full] {
        let (harmless, hostile) = (page(&make("harmless")), page(&make(text)));
        // The drawings of budgets and the classes stand in tags, the texts never do.
        assert_eq!(tags(&hostile), tags(&harmless), "{text:?}");
        let is_acting =
            |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
        assert!(!hostile.contains(is_acting), "{text:?}");
    }
}

#[test]
fn known_attacks_stay_text() {
    for text in [
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "\" onmouseover=\"alert(1)",
        "' autofocus onfocus='alert(1)",
        "<!-- --> <!--<script>",
        "</title><svg onload=alert(1)>",
        "&lt;script&gt; &#60;b&#62;",
        "]]></style><style>*{display:none}",
        "javascript:alert(1)",
        "\u{202e}\u{2028}\u{2029}\u{0}\x1b[31m",
        "`<b>` ` <i>",
    ] {
        check(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_text_becomes_markup(text in "[<>/&\"'`=!a-z -]{1,24}") {
        check(&text);
    }
}
