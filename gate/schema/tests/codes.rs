//! `docs/codes.md` is generated from the exit and error codes.

mod committed;

use std::collections::BTreeSet;
use std::fmt::Write;

use gate_schema::code::Code;
use gate_schema::exit::ExitCode;

#[test]
fn the_page_of_codes_is_current() {
    let mut page = String::from(
        "# Exit codes and error codes\n\nGenerated from `gate/schema`; do not edit.\n\n\
         ## Exit codes of `gate`\n\n| Code | Meaning |\n|---|---|\n",
    );
    for code in ExitCode::ALL {
        writeln!(page, "| {} | {} |", code as u8, code.meaning()).expect("into a String");
    }
    page.push_str("\n## Error codes\n\nEvery error ends with exit code 2, unless it names another one, names its place and has a hint.\n\n");
    page.push_str("| Code | What happened | What to do |\n|---|---|---|\n");
    for code in Code::ALL {
        writeln!(
            page,
            "| `{}` | {} | {} |",
            code.as_str(),
            code.meaning(),
            code.way_out()
        )
        .expect("into a String");
    }
    committed::check("codes.md", &page);
}

#[test]
fn codes_are_unique_and_in_order() {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let unique: BTreeSet<&str> = codes.iter().copied().collect();
    assert_eq!(unique.into_iter().collect::<Vec<_>>(), codes);
}
