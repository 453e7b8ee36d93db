//! The tables of `docs/verdict-quality.md` are those of the committed recordings.
//!
//! A table stands between two comments, of which the first says how its head starts. `GATE_BLESS=1`
//! writes the tables there; what the page says about them is for people to review.

use std::path::{Path, PathBuf};
use std::process::Command;

use gate_proof::real::record::{GateRecord, Recording};
use gate_schema::report::Outcome;

const OPEN: &str = "<!-- proof table: ";
const OPENED: &str = " -->\n";
const CLOSE: &str = "<!-- end of the table -->\n";

/// What `proof table` prints, table by table.
fn printed(recordings: &[PathBuf]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_proof"))
        .arg("table")
        .args(recordings)
        .output()
        .expect("the binary starts");
    let text = String::from_utf8(output.stdout).expect("tables are UTF-8");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let tables = text.trim_end().split("\n\n");
    tables
        .filter(|table| !table.is_empty())
        .map(|table| format!("{table}\n"))
        .collect()
}

/// The page with the tables between its comments, each exactly once. A comment for a table that was not
/// printed keeps none.
fn page_with(page: &str, tables: &[String]) -> Result<String, String> {
    let mut left: Vec<&String> = tables.iter().collect();
    let mut parts = page.split(OPEN);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (head, rest) =
            (part.split_once(OPENED)).ok_or_else(|| format!("`{OPEN}` without an end"))?;
        let (_, rest) = (rest.split_once(CLOSE))
            .ok_or_else(|| format!("`{OPEN}{head}` is followed by no `{}`", CLOSE.trim_end()))?;
        let at = left.iter().position(|table| table.starts_with(head));
        let table = at.map_or(String::new(), |at| format!("{}\n", left.remove(at)));
        written.push_str(&format!("{OPEN}{head}{OPENED}\n{table}{CLOSE}{rest}"));
    }
    match left.first().and_then(|table| table.lines().next()) {
        None => Ok(written),
        Some(head) => Err(format!("the page has no place for the table `{head}`")),
    }
}

#[test]
fn the_page_shows_what_the_recordings_hold() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let entries = std::fs::read_dir(top.join("gate/proof/recordings")).expect("readable");
    let mut recordings: Vec<PathBuf> = entries
        .map(|entry| entry.expect("readable").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    recordings.sort();
    let path = top.join("docs/verdict-quality.md");
    let page = std::fs::read_to_string(&path).expect("readable");
    let current = page_with(&page, &printed(&recordings)).expect("a place for every table");
    if std::env::var_os("GATE_BLESS").is_some() {
        std::fs::write(&path, current).expect("docs is writable");
    } else {
        assert!(
            page == current,
            "docs/verdict-quality.md is not current; run GATE_BLESS=1 cargo test -p gate-proof --test page \
             and review the change, the words around the tables as well"
        );
    }
}

#[test]
fn the_words_count_what_the_recordings_hold() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| std::fs::read_to_string(top.join(path)).expect("readable");
    let recording = Recording::parse(&read("gate/proof/recordings/unchanged-idle.json"));
    let gates = recording.expect("a recording").gates;
    let is_open = |gate: &&GateRecord| {
        let said = gate.said.as_ref();
        said.is_some_and(|said| said.outcome == Outcome::Undecided)
    };
    let open = gates.iter().filter(is_open).count();
    let said = format!("{open} of {} gates were undecided", gates.len());
    assert!(read("docs/verdict-quality.md").contains(&said), "{said}");
}

#[test]
fn tables_find_their_place_by_their_head() {
    let page = "before\n<!-- proof table: | A -->\nold\n<!-- end of the table -->\nbetween\n\
                <!-- proof table: | B | C -->\n<!-- end of the table -->\nafter\n";
    let tables = ["| B | C | D |\n| 1 |\n", "| A |\n| 2 |\n"].map(str::to_owned);
    let written = page_with(page, &tables).expect("both have a place");
    assert_eq!(
        written,
        "before\n<!-- proof table: | A -->\n\n| A |\n| 2 |\n\n<!-- end of the table -->\nbetween\n\
         <!-- proof table: | B | C -->\n\n| B | C | D |\n| 1 |\n\n<!-- end of the table -->\nafter\n"
    );
    assert_eq!(
        page_with(&written, &tables),
        Ok(written.clone()),
        "once more"
    );
    let emptied = page_with(&written, &tables[1..]).expect("the other has a place");
    assert!(emptied.contains("| C -->\n\n<!-- end") && !emptied.contains("| 1 |"));
    for (page, why) in [
        ("nothing", "no place for the table `| B | C | D |`"),
        ("<!-- proof table: | A", "without an end"),
        (
            "<!-- proof table: | A -->\nnever closed",
            "is followed by no",
        ),
    ] {
        let refused = page_with(page, &tables).expect_err("it is refused");
        assert!(refused.contains(why), "{refused}");
    }
}
