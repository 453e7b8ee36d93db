//! The last lines that a command printed, fit for a document and for display.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// Lines kept: what `gate.run/1` takes of one failure.
const LINES: usize = 20;

/// Bytes kept of one line; well within what `gate.run/1` takes of a text.
const LINE_BYTES: usize = 300;

/// Bytes looked at: enough for [`LINES`] long lines, and no more of an output of gigabytes.
const WINDOW: u64 = 64 * 1024;

/// The last lines of a file, of those behind `from`.
///
/// A file that cannot be read has none: the tail explains a failure and must not become one.
pub(super) fn read(file: &File, from: u64) -> Vec<String> {
    let Ok(length) = file.metadata().map(|metadata| metadata.len()) else {
        return Vec::new();
    };
    let start = from.max(length.saturating_sub(WINDOW));
    let mut bytes = vec![0; usize::try_from(length.saturating_sub(start)).unwrap_or(0)];
    if file.read_exact_at(&mut bytes, start).is_err() {
        return Vec::new();
    }
    // The first line is cut in two when the window starts inside of it.
    let whole = match bytes.iter().position(|&b| b == b'\n') {
        Some(end) if start > from => &bytes[end + 1..],
        _ => &bytes[..],
    };
    lines(whole)
}

/// The last lines that are not blank: at most 20, each of at most 300 bytes and without control
/// characters.
pub(crate) fn lines(bytes: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = bytes
        .rsplit(|&b| b == b'\n')
        .map(|line| shown(&String::from_utf8_lossy(line)))
        .filter(|line| !line.is_empty())
        .take(LINES)
        .collect();
    lines.reverse();
    lines
}

/// A line as a terminal would show it in the end: escape sequences are gone, and so is what a carriage
/// return lets the rest of the line overwrite.
fn shown(line: &str) -> String {
    let line = line.trim_end();
    let line = line.rsplit('\r').next().unwrap_or(line);
    let mut shown = String::new();
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let character = match character {
            '\u{1b}' => {
                skip_escape(&mut characters);
                continue;
            }
            '\t' => ' ',
            other if other.is_control() => continue,
            other => other,
        };
        if shown.len() + character.len_utf8() > LINE_BYTES {
            break;
        }
        shown.push(character);
    }
    shown
}

/// Skips the rest of an escape sequence (ECMA-48, 5.4 and 5.6).
fn skip_escape(characters: &mut std::str::Chars<'_>) {
    match characters.next() {
        Some('[') => {
            let _ = characters.find(|c| ('\u{40}'..='\u{7e}').contains(c));
        }
        // A title or a link, up to BEL or ESC \.
        Some(']') => {
            let end = characters.find(|&c| c == '\u{7}' || c == '\u{1b}');
            if end == Some('\u{1b}') {
                let _ = characters.next();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE_BYTES, LINES, lines};

    #[test]
    fn lines_are_shown_as_a_terminal_would() {
        let cases: [(&str, &[u8], &[&str]); 9] = [
            ("nothing", b"", &[]),
            ("blank lines", b"\n\n a\n\n  \nb\n\n", &[" a", "b"]),
            ("no end of line", b"a\nb", &["a", "b"]),
            ("colours", b"\x1b[1;31merror\x1b[0m: no", &["error: no"]),
            (
                "a link",
                b"\x1b]8;;http://a\x1b\\b\x1b]0;title\x07c",
                &["bc"],
            ),
            ("a progress bar", b"10 %\r20 %\rdone\r\n", &["done"]),
            ("tabs and bells", b"a\tb\x07c\x00", &["a bc"]),
            ("no UTF-8", b"a\xffb", &["a\u{fffd}b"]),
            ("a sequence without end", b"a\x1b[31", &["a"]),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(lines(bytes), expected, "{name}");
        }
    }

    #[test]
    fn the_tail_is_bounded() {
        let text: String = (0..1000)
            .map(|i| format!("{i} {}\n", "ü".repeat(400)))
            .collect();
        let lines = lines(text.as_bytes());
        assert_eq!(lines.len(), LINES);
        assert!(lines[0].starts_with("980 ") && lines[LINES - 1].starts_with("999 "));
        // 300 bytes are 4 of the number and 148 characters of two.
        assert!(
            lines.iter().all(|line| line.len() == LINE_BYTES),
            "{lines:?}"
        );
    }
}
