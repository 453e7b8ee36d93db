//! The table of a terminal: the widest layout that fits, and what did not fit on lines below.

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width,
};
use gate_schema::report::Verdict;

use crate::cells::Cells;
use crate::escape::Target;
use crate::wrap::{self, width};

mod paragraph;

/// Columns between two columns of the table.
const GAP: usize = 2;

/// Narrowest column of scenarios that is still readable when names wrap at their slashes.
const NARROW_SCENARIO: usize = 16;

/// One line, with the verdict of the row that starts on it and whether it counts for the outcome.
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) starts: Option<(Verdict, bool)>,
}

/// What stands in the table; the rest of a row follows on indented lines. Where not even
/// [`Layout::Change`] fits, rows are paragraphs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layout {
    /// Everything.
    Why,
    /// All but why.
    Limit,
    /// Up to the margin, which is short; budget and why follow.
    Margin,
    /// Up to the change.
    Change,
}

impl Layout {
    /// The columns that stand in the table.
    fn header(self) -> &'static [&'static str] {
        match self {
            Self::Why => &[
                "verdict",
                "scenario",
                "metric",
                "baseline",
                "candidate",
                "change",
                "limit",
                "why",
            ],
            Self::Limit => &[
                "verdict",
                "scenario",
                "metric",
                "baseline",
                "candidate",
                "change",
                "limit",
            ],
            Self::Margin => &[
                "verdict",
                "scenario",
                "metric",
                "baseline",
                "candidate",
                "change",
                "margin",
            ],
            Self::Change => &[
                "verdict",
                "scenario",
                "metric",
                "baseline",
                "candidate",
                "change",
            ],
        }
    }
}

/// The rows as lines no wider than `most`, with a header where there are columns.
pub(crate) fn lines(rows: &[Cells], most: usize, target: Target) -> Vec<Line> {
    if rows.is_empty() {
        return Vec::new();
    }
    let estimate = rows
        .iter()
        .filter(|row| !row.change.interval.is_empty())
        .map(|row| width(&row.change.estimate));
    let estimate = estimate.max().unwrap_or(0);
    let layouts = [Layout::Why, Layout::Limit, Layout::Margin, Layout::Change];
    let fitting = layouts
        .into_iter()
        .find_map(|layout| Some((layout, Columns::of(rows, layout, estimate).fit(most)?)));
    match fitting {
        Some((layout, columns)) => with_lines_below(
            rows,
            &columns.table(most, target),
            columns.widths[0],
            layout,
            most,
        ),
        None => paragraph::lines(rows, most, target),
    }
}

/// The cells of a table by column, with the header and the width of each column.
struct Columns {
    header: &'static [&'static str],
    texts: Vec<Vec<String>>,
    widths: Vec<usize>,
}

impl Columns {
    /// The columns of `layout`; estimates are padded to `estimate` columns, so that signs line up.
    fn of(rows: &[Cells], layout: Layout, estimate: usize) -> Self {
        let header = layout.header();
        let text = |row: &Cells, column: &&str| match *column {
            "verdict" => row.verdict.as_str().to_owned(),
            "scenario" => row.scenario.clone(),
            "metric" => row.metric.clone(),
            "baseline" => row.baseline.clone(),
            "candidate" => row.candidate.clone(),
            "change" => format!("{:>estimate$} {}", row.change.estimate, row.change.interval)
                .trim_end()
                .to_owned(),
            "limit" => row.limit(),
            "margin" => row.margin.clone(),
            _ => row.why.clone(),
        };
        let texts: Vec<Vec<String>> = rows
            .iter()
            .map(|row| header.iter().map(|column| text(row, column)).collect())
            .collect();
        let widest = |at: usize| {
            texts
                .iter()
                .map(|row| width(&row[at]))
                .max()
                .unwrap_or(0)
                .max(header[at].len())
        };
        let widths = (0..header.len()).map(widest).collect();
        Self {
            header,
            texts,
            widths,
        }
    }

    /// These columns if they fit into `most`. Only the last layouts, which have nothing left to
    /// move below, may wrap the scenario.
    fn fit(mut self, most: usize) -> Option<Self> {
        let needed = self.widths.iter().sum::<usize>() + GAP * (self.widths.len() - 1);
        let excess = needed.saturating_sub(most);
        let may_wrap = !self.header.contains(&"limit");
        if excess == 0 {
            Some(self)
        } else if may_wrap && self.widths[SCENARIO] >= NARROW_SCENARIO + excess {
            self.widths[SCENARIO] -= excess;
            for row in &mut self.texts {
                row[SCENARIO] = at_slashes(&row[SCENARIO], self.widths[SCENARIO]);
            }
            Some(self)
        } else {
            None
        }
    }

    fn table(&self, most: usize, target: Target) -> Table {
        let mut table = Table::new();
        let rule = if target.is_unicode() { '\u{2500}' } else { '-' };
        table.load_style(TableStyle::new().header_separator(LineStyle::none().fill(rule)));
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(most).unwrap_or(u16::MAX));
        table.set_header(self.header);
        for row in &self.texts {
            table.add_row(row.iter().map(Cell::new));
        }
        for (at, column) in table.column_iter_mut().enumerate() {
            let gap = if at + 1 < self.header.len() { GAP } else { 0 };
            let columns = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
            column.set_padding((0, columns(gap)));
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(columns(
                self.widths[at] + gap,
            ))));
            if matches!(self.header[at], "baseline" | "candidate") {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}

/// `name` on lines of at most `most` columns, broken after its slashes. The table would drop the
/// character it breaks at, and a name without its slash is another name.
fn at_slashes(name: &str, most: usize) -> String {
    let mut lines = String::with_capacity(name.len() + 4);
    let mut column = 0;
    for level in name.split_inclusive('/') {
        if column > 0 && column + width(level) > most {
            lines.push('\n');
            column = 0;
        }
        // A level longer than a line is left to the table, which cuts it without losing anything.
        lines.push_str(level);
        column += width(level);
    }
    lines
}

/// Position of the scenario in every layout.
const SCENARIO: usize = 1;

/// The lines of `table`, and under each row what its layout had no column for.
fn with_lines_below(
    rows: &[Cells],
    table: &Table,
    verdict: usize,
    layout: Layout,
    most: usize,
) -> Vec<Line> {
    let indent = " ".repeat(verdict + GAP);
    let mut lines = Vec::with_capacity(rows.len() * 2 + 2);
    let mut next = rows.iter();
    let mut open: Option<&Cells> = None;
    for (at, line) in table.lines().enumerate() {
        // Header and rule come first; after them only the first line of a row has a verdict.
        let starts = if at >= 2 && !line.starts_with(' ') {
            next.next()
        } else {
            None
        };
        if starts.is_some() {
            lines.extend(
                open.map(|row| below(row, layout, &indent, most))
                    .into_iter()
                    .flatten(),
            );
            open = starts;
        }
        let text = line.trim_end().to_owned();
        lines.push(Line {
            text,
            starts: starts.map(|row| (row.verdict, row.counts)),
        });
    }
    lines.extend(
        open.map(|row| below(row, layout, &indent, most))
            .into_iter()
            .flatten(),
    );
    lines
}

/// What the table had no room for.
fn below(row: &Cells, layout: Layout, indent: &str, most: usize) -> Vec<Line> {
    let mut parts = Vec::new();
    if layout >= Layout::Change {
        parts.extend(named("margin", &row.margin));
    }
    if layout >= Layout::Margin {
        parts.extend(named("budget", &row.budget));
    }
    if layout >= Layout::Limit && !row.unsaid.is_empty() {
        parts.push(row.unsaid.clone());
    }
    let mut lines = wrapped(indent, &parts.join("; "), most);
    lines.extend(causes(row, indent, most));
    lines
}

/// Why the row got worse, each line on its own.
fn causes(row: &Cells, indent: &str, most: usize) -> Vec<Line> {
    let lines = row.cause.iter();
    lines.flat_map(|line| wrapped(indent, line, most)).collect()
}

/// A limit with its name, kept on one line where it fits.
fn named(name: &str, text: &str) -> Option<String> {
    (!text.is_empty()).then(|| wrap::unbroken(&format!("{name} {text}")))
}

fn wrapped(indent: &str, text: &str, most: usize) -> Vec<Line> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut out = String::new();
    wrap::put(&mut out, indent, text, most);
    out.lines()
        .map(|text| Line {
            text: text.to_owned(),
            starts: None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_break_after_their_slashes_and_lose_nothing() {
        for (name, most, expected) in [
            ("map/get", 16, "map/get"),
            ("map/mixed/8-threads", 16, "map/mixed/\n8-threads"),
            ("a/b/c", 2, "a/\nb/\nc"),
            ("long-level/x", 4, "long-level/\nx"),
        ] {
            assert_eq!(at_slashes(name, most), expected);
        }
    }
}
