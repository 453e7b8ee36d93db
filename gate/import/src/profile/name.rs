//! Names of functions, made comparable and harmless.

use std::borrow::Cow;
use std::fmt::Write;

/// Longest name kept, in characters. Instances of C++ templates reach thousands, of which nobody reads
/// more; what is longer is cut and says how long it was, so that it stays another name.
const MAX_CHARS: usize = 1000;

/// Stands for a frame without a name, as perf writes it.
const UNKNOWN: &str = "[unknown]";

/// The name of one frame: demangled, without what differs from build to build, without characters
/// that act on a terminal or are forbidden in XML, on one line.
pub(super) fn harmless(raw: &str) -> Cow<'_, str> {
    let raw = raw.trim();
    if raw.is_empty() {
        return Cow::Borrowed(UNKNOWN);
    }
    let mut name = Cow::Borrowed(raw);
    // Demanglers recurse and answer with more than they are given: only what a linker would write.
    let is_mangled = raw.starts_with("_R") || raw.starts_with("_ZN");
    if is_mangled
        && raw.len() <= 4 * MAX_CHARS
        && let Ok(demangled) = rustc_demangle::try_demangle(raw)
    {
        name = Cow::Owned(format!("{demangled:#}"));
    }
    if let Some(kept) = without_build(&name) {
        name = Cow::Owned(kept.to_owned());
    }
    if name
        .bytes()
        .all(|b| (b' '..=b'~').contains(&b) && b != b';')
        && name.len() <= MAX_CHARS
    {
        return name;
    }
    Cow::Owned(spelled_out(&name))
}

/// The name without the suffixes that compilers number anew in each build: `::h` and 16 digits of
/// rustc's hash, `.llvm.` and a module's number. `None` when it has neither.
fn without_build(name: &str) -> Option<&str> {
    let mut kept = name;
    if let Some((front, number)) = kept.rsplit_once(".llvm.")
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
    {
        kept = front;
    }
    if let Some((front, hash)) = kept.rsplit_once("::h")
        && hash.len() == 16
        && hash.bytes().all(|b| b.is_ascii_hexdigit())
    {
        kept = front;
    }
    (kept.len() < name.len() && !kept.is_empty()).then_some(kept)
}

fn spelled_out(name: &str) -> String {
    let mut shown = String::with_capacity(name.len().min(2 * MAX_CHARS));
    for (at, c) in name.chars().enumerate() {
        if at == MAX_CHARS {
            // Writing to a String cannot fail.
            let _ = write!(shown, "...({} bytes)", name.len());
            break;
        }
        match c {
            // `;` separates frames; a demangled `[u8; 8]` may hold one.
            ';' => shown.push(','),
            '\t' => shown.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_comparable_and_harmless() {
        let long = "x".repeat(1_000_000);
        let cut = format!("{}...(1000000 bytes)", "x".repeat(1000));
        for (raw, expected) in [
            ("main", "main"),
            ("", "[unknown]"),
            (" memcpy ", "memcpy"),
            ("_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write"),
            ("engine::run::h0123456789abcdef", "engine::run"),
            ("engine::run::hello", "engine::run::hello"),
            ("engine::run.llvm.1234567", "engine::run"),
            ("_RNvC6engine3run", "engine::run"),
            ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
            ("caf\u{e9}<script>", "caf\u{e9}<script>"),
            ("a\u{ffff}", "a\\u{ffff}"),
            (&long, &cut),
        ] {
            assert_eq!(harmless(raw), expected, "{}", &raw[..raw.len().min(80)]);
        }
    }
}
