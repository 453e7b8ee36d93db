//! The page of workloads is what the scenarios say.

use std::path::Path;

#[test]
fn the_page_is_current() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/workloads.md");
    let expected = bench_harness::workloads(&bench_suite::scenarios());
    if std::env::var_os("GATE_BLESS").is_some() {
        std::fs::write(&page, &expected).expect("is writable");
    }
    let found = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        found == expected,
        "docs/workloads.md is not what `bench list --markdown` prints\n  hint: run this test with \
         GATE_BLESS=1"
    );
}
