//! Text from outside made harmless, one way per target.
//!
//! Names, ids, commits, environment values and budget texts may have been written by a hostile pull
//! request. On a terminal they must not move the cursor or reorder the line; in Markdown they must
//! not mention, link, close a cell or open a tag. There, code spans are the one place where GitHub
//! expands nothing.

use std::fmt::Write;

/// Longest text shown, in characters. No name is longer; a longer text is not worth a table.
const MAX_CHARS: usize = 120;

/// Longest line of another program's output, in characters: a panic message is worth two table cells.
const MAX_LINE_CHARS: usize = 240;

/// Longest command shown, in characters: a command that was cut would be another command.
const MAX_COMMAND_CHARS: usize = 400;

/// Stands for a tab in the output of another program, where it is layout and not a surprise.
const TAB: &str = "    ";

/// Where text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A terminal or file that may not understand more than ASCII.
    Ascii,
    /// A terminal that understands UTF-8.
    Unicode,
    /// Markdown outside a table.
    Markdown,
    /// Markdown inside a table cell, where `|` ends the cell even in a code span.
    MarkdownCell,
}

impl Target {
    /// `text` from outside, harmless and on one line.
    pub(crate) fn outside(self, text: &str) -> String {
        self.cut(text, MAX_CHARS)
    }

    fn cut(self, text: &str, most: usize) -> String {
        let visible = visible(text, self == Self::Ascii, most);
        match self {
            Self::Ascii | Self::Unicode => visible,
            Self::Markdown => code_span(&visible),
            Self::MarkdownCell => code_span(&without_pipes(&visible)),
        }
    }

    /// A command to paste, which may contain text from outside, in backticks.
    pub(crate) fn command(self, text: &str) -> String {
        let text = self.cut(text, MAX_COMMAND_CHARS);
        match self {
            Self::Ascii | Self::Unicode => format!("`{text}`"),
            Self::Markdown | Self::MarkdownCell => text,
        }
    }

    /// The last `most` lines of another program's output, each harmless and without blank lines
    /// around them. In Markdown they belong in a [`code_block`].
    pub(crate) fn last_lines(self, lines: &[String], most: usize) -> Vec<String> {
        let is_blank = |line: &&str| line.is_empty();
        let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
        let leading = lines.iter().take_while(|line| is_blank(line)).count();
        let trailing = lines.iter().rev().take_while(|line| is_blank(line)).count();
        let end = lines.len() - trailing;
        let lines = lines.get(leading..end).unwrap_or_default();
        let last = &lines[lines.len().saturating_sub(most)..];
        let harmless = |line: &&str| {
            visible(
                &line.replace('\t', TAB),
                self == Self::Ascii,
                MAX_LINE_CHARS,
            )
        };
        last.iter().map(harmless).collect()
    }

    /// Whether the target understands more than ASCII.
    pub(crate) fn is_unicode(self) -> bool {
        self != Self::Ascii
    }

    /// From baseline to candidate.
    pub(crate) fn arrow(self) -> &'static str {
        if self.is_unicode() { "\u{2192}" } else { "->" }
    }
}

/// `text` with everything that does not show as itself spelled out, cut to `most` characters.
pub(crate) fn visible(text: &str, ascii: bool, most: usize) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut length = 0;
    for c in text.chars() {
        let start = shown.len();
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_deceptive(c) || (ascii && !c.is_ascii()) => {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
        length += shown[start..].chars().count();
        if length > most {
            shown.truncate(start);
            shown.push_str("...");
            break;
        }
    }
    shown
}

/// Characters that act instead of showing: control characters, line and paragraph separators,
/// bidirectional controls, zero-width and other default-ignorable characters, blank fillers.
///
/// Source: Unicode 16 `Default_Ignorable_Code_Point`, and Trojan Source (CVE-2021-42574) for the
/// bidirectional ones; U+FFFE and U+FFFF are no characters, and forbidden in XML.
pub(crate) fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A pipe that GFM keeps inside the cell. Parsers disagree on a pipe after a backslash, so that one
/// is spelled out.
fn without_pipes(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' if cell.ends_with('\\') => cell.push_str("\\u{7c}"),
            '|' => cell.push_str("\\|"),
            c => cell.push(c),
        }
    }
    cell
}

/// Harmless lines as a Markdown code block, whose fence is longer than any run of backticks inside.
pub(crate) fn code_block(lines: &[String]) -> String {
    let longest = lines.iter().map(|line| backticks(line)).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}\n{}\n{fence}\n", lines.join("\n"))
}

/// Length of the longest run of backticks.
fn backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// `text` as a code span whose fence is longer than any run of backticks inside.
fn code_span(text: &str) -> String {
    let fence = "`".repeat(backticks(text) + 1);
    // One space on each side is taken off again by the parser, unless there is nothing else.
    let is_padded = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    match (text.trim().is_empty(), is_padded) {
        (true, _) => "` `".to_owned(),
        (false, true) => format!("{fence} {text} {fence}"),
        (false, false) => format!("{fence}{text}{fence}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_text_is_spelled_out_where_it_would_act() {
        use Target::*;
        for (target, text, expected) in [
            (Ascii, "vector/search/k10", "vector/search/k10"),
            (Ascii, "a\x1b[31mb", "a\\u{1b}[31mb"),
            (Ascii, "caf\u{e9}", "caf\\u{e9}"),
            (Unicode, "caf\u{e9}", "caf\u{e9}"),
            (Unicode, "a\nb\u{202e}c", "a\\nb\\u{202e}c"),
            (Unicode, "a|`b`", "a|`b`"),
            (Markdown, "@org/team", "`@org/team`"),
            (Markdown, "a`b", "``a`b``"),
            (Markdown, "`", "`` ` ``"),
            (Markdown, "a``", "``` a`` ```"),
            (Markdown, "", "` `"),
            (Markdown, "a|b", "`a|b`"),
            (MarkdownCell, "a|b", "`a\\|b`"),
            (MarkdownCell, "a\\|b", "`a\\\\u{7c}b`"),
            (MarkdownCell, "a||b", "`a\\|\\|b`"),
        ] {
            assert_eq!(target.outside(text), expected, "{text:?} for {target:?}");
        }
    }

    #[test]
    fn last_lines_keep_their_layout_and_nothing_that_acts() {
        let lines = ["", "one", "\ttwo  ", "", "a\u{1b}[31m```\nb", "", " "].map(str::to_owned);
        let shown = Target::Markdown.last_lines(&lines, 10);
        assert_eq!(shown, ["one", "    two", "", "a\\u{1b}[31m```\\nb"]);
        assert_eq!(Target::Ascii.last_lines(&lines, 1), shown[3..]);
        assert_eq!(
            code_block(&shown[1..]),
            "````\n    two\n\na\\u{1b}[31m```\\nb\n````\n"
        );
        assert!(Target::Ascii.last_lines(&lines[..1], 10).is_empty());
        let long = Target::Ascii.last_lines(&["x".repeat(300)], 1);
        assert_eq!(long, [format!("{}...", "x".repeat(240))]);
    }

    #[test]
    fn long_text_is_cut_where_a_character_ends() {
        assert_eq!(Target::Ascii.outside(&"x".repeat(120)).len(), 120);
        assert_eq!(
            Target::Ascii.outside(&"x".repeat(121)),
            format!("{}...", "x".repeat(120))
        );
        assert_eq!(
            Target::Unicode
                .outside(&"\u{e9}".repeat(500))
                .chars()
                .count(),
            123
        );
        assert!(
            Target::Ascii
                .outside(&"\u{e9}".repeat(500))
                .ends_with("\\u{e9}...")
        );
    }
}
