//! `gate report` and `--report`: the page for people.

use crate::scratch::{BASELINE, Engine, Scratch, demo};

/// A regressed comparison whose report was written to the folder `out`.
fn compared() -> Scratch {
    let slower = Engine {
        latency_ns: 60_000.0,
        sessions: 2,
        ..BASELINE
    };
    let folder = demo(slower);
    let ran = folder.gate(&[
        "compare",
        "main.json",
        "out.json",
        "--report",
        "report/of/today",
    ]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    folder
}

#[test]
fn the_folder_holds_the_page_and_what_it_was_made_from() {
    let folder = compared();
    let page = folder.read("report/of/today/report.html");
    assert!(page.starts_with("<!doctype html>"), "{page}");
    assert!(page.contains("<span class=\"word\">FAIL</span> demo/search latency"));
    let ran = folder.gate(&[
        "report",
        "report/of/today/verdict.json",
        "--html",
        "again.html",
    ]);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, "", "")
    );
    assert!(
        folder.read("again.html") == page,
        "the same report gives the same page"
    );
}

#[test]
fn the_page_is_also_an_output_like_any_other() {
    let folder = compared();
    let arguments = [
        "compare",
        "main.json",
        "out.json",
        "--output",
        "page.html",
        "--format",
        "html",
    ];
    let ran = folder.gate(&arguments);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(folder.read("page.html") == ran.stdout);
}

#[test]
fn distributions_of_both_sides_are_in_the_report() {
    let folder = compared();
    let report: serde_json::Value =
        serde_json::from_str(&folder.read("report/of/today/verdict.json")).expect("JSON");
    let ranks = report["distributions"]["ranks"]
        .as_array()
        .expect("ranks")
        .len();
    let metrics = report["distributions"]["metrics"]
        .as_array()
        .expect("metrics");
    assert_eq!(metrics.len(), 1, "one histogram, however many rows it has");
    assert_eq!(
        (&metrics[0]["metric"], &metrics[0]["unit"]),
        (&"latency".into(), &"ns".into())
    );
    for (side, median) in [("baseline", 50_000.0), ("candidate", 60_000.0)] {
        let values = metrics[0][side]["values"].as_array().expect("values");
        assert!((12..=ranks).contains(&values.len()), "{values:?}");
        let found = values[11].as_f64().expect("a number");
        assert!((found / median - 1.0_f64).abs() < 0.05, "{side}: {found}");
    }
}

#[test]
fn what_cannot_be_rendered_is_said() {
    let folder = compared();
    folder
        .write("broken.json", "{\"format\": ")
        .write("noise.json", "{\"format\": \"gate.noise/1\"}")
        .write("main2.json", folder.read("main.json"));
    for (name, arguments, said) in [
        (
            "no file",
            ["report", "none.json", "--html", "a.html"],
            "cannot read",
        ),
        (
            "cut off",
            ["report", "broken.json", "--html", "a.html"],
            "not a verdict report",
        ),
        (
            "a run",
            ["report", "main2.json", "--html", "a.html"],
            "a run document (`gate.run/1`), not a verdict report",
        ),
        (
            "a run, and what to do",
            ["report", "main2.json", "--html", "a.html"],
            "hint: judge it first: `gate compare BASELINE RUN --output verdict.json`",
        ),
        (
            "no file, and what to do",
            ["report", "none.json", "--html", "a.html"],
            "hint: `gate check` says at its end where its verdict.json is",
        ),
        (
            "a folder",
            ["report", "report", "--html", "a.html"],
            "hint: name a file in that directory",
        ),
        (
            "another document",
            ["report", "noise.json", "--html", "a.html"],
            "not a verdict report: its format is `gate.noise/1`",
        ),
        (
            "onto itself",
            ["report", "broken.json", "--html", "broken.json"],
            "the output is also an input",
        ),
        (
            "no folder",
            [
                "report",
                "report/of/today/verdict.json",
                "--html",
                "no/where/a.html",
            ],
            "cannot write",
        ),
    ] {
        let ran = folder.gate(&arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{name}");
        assert!(ran.stderr.contains(said), "{name}: {}", ran.stderr);
        assert!(!folder.names().contains(&"a.html".to_owned()), "{name}");
    }
}
