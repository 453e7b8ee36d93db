//! Generated text that is committed: compared by every test run, rewritten with `GATE_BLESS=1`.

use std::path::Path;

#[expect(
    clippy::disallowed_methods,
    reason = "a test that compares and rewrites committed files"
)]
pub(crate) fn check(name: &str, generated: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name);
    if std::env::var_os("GATE_BLESS").is_some() {
        std::fs::write(&path, generated).expect("docs is writable");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "docs/{name} is not current; run GATE_BLESS=1 ./scripts/test and review the change"
    );
}
