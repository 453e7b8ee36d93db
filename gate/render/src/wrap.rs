//! Lines that keep to a width.

/// Columns that `text` takes on a terminal, never too few: characters that some terminals show two
/// columns wide count as two. Text outside our own words is rarely anything but ASCII.
pub(crate) fn width(text: &str) -> usize {
    let columns = |c: char| {
        if matches!(u32::from(c), 0..0x1100 | 0x2010..0x2300 | 0x2500..0x2580) {
            1
        } else {
            2
        }
    };
    text.chars().map(columns).sum()
}

/// Stands for a space at which no line breaks.
const UNBREAKABLE: char = '\u{a0}';

/// `text` as one word for [`put`].
pub(crate) fn unbroken(text: &str) -> String {
    text.replace(' ', &UNBREAKABLE.to_string())
}

/// `text` with the commands in it, which stand between backticks, kept on one line: a command that
/// was broken cannot be pasted.
pub(crate) fn with_whole_commands(text: &str) -> String {
    let part = |(at, part): (usize, &str)| {
        if at % 2 == 1 {
            unbroken(part)
        } else {
            part.to_owned()
        }
    };
    text.split('`')
        .enumerate()
        .map(part)
        .collect::<Vec<_>>()
        .join("`")
}

/// Appends `first` and `text`, broken at spaces so that no line is wider than `most`; the lines
/// after the first are indented by the width of `first`, at most by a quarter of the line.
pub(crate) fn put(out: &mut String, first: &str, text: &str, most: usize) {
    let indent = width(first).min(most / 4);
    out.push_str(first);
    let mut column = width(first);
    let mut is_start = true;
    for word in text.split(' ') {
        let needed = width(word) + usize::from(!is_start);
        if column + needed > most && column > indent {
            start_line(out, indent);
            column = indent;
        } else if !is_start {
            out.push(' ');
            column += 1;
        }
        column = put_word(out, word, column, indent, most);
        is_start = false;
    }
    out.push('\n');
}

/// Appends one word, cut where it is longer than a whole line. Returns the column after it.
fn put_word(out: &mut String, word: &str, mut column: usize, indent: usize, most: usize) -> usize {
    for c in word.chars() {
        let columns = width(c.encode_utf8(&mut [0; 4]));
        if column + columns > most {
            start_line(out, indent);
            column = indent;
        }
        out.push(if c == UNBREAKABLE { ' ' } else { c });
        column += columns;
    }
    column
}

fn start_line(out: &mut String, indent: usize) {
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_hang_under_the_first() {
        for (first, text, most, expected) in [
            ("", "a b c", 40, "a b c\n"),
            ("FAIL  ", "one two three", 12, "FAIL  one\n   two three\n"),
            (
                "next: ",
                "one two three four",
                24,
                "next: one two three four\n",
            ),
            (
                "next: ",
                "one two three four",
                23,
                "next: one two three\n     four\n",
            ),
            ("", "aa b\u{a0}c dd", 5, "aa\nb c\ndd\n"),
            ("", "0123456789ab", 8, "01234567\n89ab\n"),
            ("x ", "0123456789ab", 8, "x 012345\n  6789ab\n"),
        ] {
            let mut out = String::new();
            put(&mut out, first, text, most);
            assert_eq!(out, expected, "{first:?} {text:?}");
        }
    }
}
