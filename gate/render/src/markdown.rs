//! The report for a pull request or a job summary, in GitHub's Markdown.

use gate_schema::policy::{Machine, Undecided};
use gate_schema::report::{Hotspot, Report, Row, ScenarioProfile};
use gate_schema::run::Mode;
use gate_schema::unit::Unit;

use crate::cells::Cells;
use crate::escape::Target;
use crate::fold::{self, Folded, rows_of, scenarios_of};
use crate::quantity;
use crate::{cause, escape, failure, heading, next, sentence, together};

mod detail;
mod icon;
use detail::{Detail, LADDER};

/// How much fits where the Markdown goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkdownOptions {
    /// Bytes that must not be exceeded. Details are left out, least important first, until the
    /// report fits; the outcome, the counts and what to do always stay.
    pub max_bytes: usize,
    /// Whether each verdict word has a picture in front of it.
    pub icons: bool,
}

impl Default for MarkdownOptions {
    /// What fits into a comment: GitHub takes 65,536 characters, and the publisher adds a frame.
    fn default() -> Self {
        Self {
            max_bytes: 60_000,
            icons: false,
        }
    }
}

/// The report as Markdown that ends in a newline. The first line is a heading with the outcome.
///
/// Text from the report stands in code spans and code blocks only, but for paths of flamegraphs, whose
/// alphabet is harmless. The only HTML is `details` and `summary`.
#[must_use]
pub fn markdown(report: &Report, options: &MarkdownOptions) -> String {
    below(&head(report, options.icons), report, options)
}

/// The report as Markdown below a heading of its own, which may be of more rows than are shown.
pub(crate) fn below(head: &str, report: &Report, options: &MarkdownOptions) -> String {
    let mut shortest = String::new();
    for detail in &LADDER {
        shortest = write(head, report, detail, options.icons);
        if shortest.len() <= options.max_bytes {
            break;
        }
    }
    shortest
}

/// The outcome as a heading, and the counts.
pub(crate) fn head(report: &Report, icons: bool) -> String {
    let sentence = sentence::outcome(report, Target::Markdown);
    let icon = if icons {
        icon::of_outcome(sentence.outcome)
    } else {
        ""
    };
    let (word, text) = (sentence.word, sentence.text);
    format!(
        "### {icon}{word}: {text}\n\n{}\n\n",
        heading::counts(report)
    )
}

fn write(head: &str, report: &Report, detail: &Detail, icons: bool) -> String {
    let target = Target::Markdown;
    let mut out = head.to_owned();
    let [baseline, candidate] = heading::sides(report, target);
    let judged =
        heading::judged(report, target).map_or(String::new(), |judged| format!("; {judged}"));
    out.push_str(&format!(
        "Baseline {baseline} {} candidate {candidate}{judged}\n\n",
        target.arrow()
    ));
    if let Some(canaries) = together::unsteady(report) {
        let note = together::unsteady_note(canaries, target);
        out.push_str(&format!("**Unsteady:** {note}\n\n"));
    }
    for note in together::notes(report, sentence::is_about_together(report), target) {
        out.push_str(&format!("**Together:** {note}\n\n"));
    }
    put_failures(&mut out, report, detail);
    let differences = heading::environment_differences(report, target);
    if !differences.is_empty() {
        out.push_str("**Environment differs:**\n\n");
        put_some(&mut out, &differences, detail, |line| format!("- {line}\n"));
        out.push('\n');
    }
    let warnings = heading::warnings(report, target);
    put_some(&mut out, &warnings, detail, |line| {
        format!("**Warning:** {line}\n\n")
    });
    let waivers = heading::waivers(report, target);
    put_some(&mut out, &waivers, detail, |line| {
        format!("**Waiver:** {line}\n\n")
    });
    for step in next::steps(report, target) {
        out.push_str(&format!("**Next:** {step}\n\n"));
    }
    put_rows(&mut out, report, detail, icons);
    if detail.hotspots {
        put_hotspots(&mut out, report);
    }
    if detail.environment {
        put_environment(&mut out, report);
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// As many of these lines as the detail allows, and how many more there are.
fn put_some(out: &mut String, lines: &[String], detail: &Detail, written: impl Fn(&str) -> String) {
    out.extend(lines.iter().take(detail.lines).map(|line| written(line)));
    if let Some(more @ 1..) = lines.len().checked_sub(detail.lines) {
        out.push_str(&written(&format!("{more} more in the full report")));
    }
}

/// What crashed or hung, with its last words in a code block: the only text from outside that is
/// not in a code span.
fn put_failures(out: &mut String, report: &Report, detail: &Detail) {
    let (lines, groups) = (detail.stderr, detail.failures);
    for failed in failure::quoted(report, lines, groups, Target::Markdown) {
        out.push_str(&format!("**Failed:** {}\n\n", failed.line));
        if !failed.stderr.is_empty() {
            out.push_str(&escape::code_block(&failed.stderr));
            out.push('\n');
        }
    }
}

fn put_rows(out: &mut String, report: &Report, detail: &Detail, icons: bool) {
    let mode = report.method.mode;
    let folded = Folded::of(report, false);
    let shown = &folded.shown[..folded.shown.len().min(detail.rows)];
    put_table(out, shown, mode, icons);
    put_causes(out, report, &shown[..shown.len().min(detail.causes)]);
    if shown.len() < folded.shown.len() {
        let left_out = rows_of(folded.shown.len() - shown.len());
        out.push_str(&format!(
            "{left_out} left out for length, none of them worse than those above\n\n"
        ));
    }
    if !folded.failed.is_empty() {
        out.push_str(&format!("{}\n\n", failure::rows_line(&folded.failed)));
    }
    if !folded.incomparable.is_empty() {
        // The reasons name fields from outside, so they stand below the summary and not in it.
        let put_reasons = |out: &mut String| {
            let lines = fold::incomparable_lines(&folded.incomparable, mode, Target::Markdown);
            out.extend(lines.iter().map(|line| format!("- {line}\n")));
            out.push('\n');
        };
        if detail.incomparable {
            let summary = format!("{} not compared", fold::kind_of_rows(&folded.incomparable));
            put_details(out, &summary, |out| {
                put_reasons(out);
                put_table(out, &folded.incomparable, mode, icons);
            });
        } else {
            put_reasons(out);
        }
    }
    if !folded.passing.is_empty() {
        let line = fold::passing_line(&folded.passing);
        if detail.passing {
            put_details(out, &line, |out| {
                put_table(out, &folded.passing, mode, icons)
            });
        } else {
            out.push_str(&format!("{line}\n\n"));
        }
    }
}

/// Why rows got worse, once per scenario. Paths are the only links in a report: their type holds
/// nothing that could leave the folder of the report.
fn put_causes(out: &mut String, report: &Report, shown: &[&Row]) {
    let target = Target::Markdown;
    for row in shown {
        let Some(cause) = cause::of_row(report, shown, row, target) else {
            continue;
        };
        let scenario = target.outside(row.scenario.as_str());
        let picture = cause
            .picture
            .map(|path| format!(" ([flamegraph]({}))", path.as_str()));
        out.push_str(&format!(
            "**Cause:** {scenario}{}\n\n",
            picture.unwrap_or_default()
        ));
        out.extend(cause.lines.iter().map(|line| format!("- {line}\n")));
        out.push('\n');
    }
}

/// Where the candidate spends its time, of stored runs: of pairs, what grew says it all.
fn put_hotspots(out: &mut String, report: &Report) {
    let lines: Vec<String> = report
        .profiles
        .iter()
        .flat_map(|profile| {
            let hotspots = profile.profiles.hotspots().iter();
            hotspots.map(|hotspot| hotspot_line(profile, hotspot))
        })
        .collect();
    if lines.is_empty() || report.method.mode == Mode::Paired {
        return;
    }
    let functions = match lines.len() {
        1 => "1 function".to_owned(),
        many => format!("{many} functions"),
    };
    let summary = format!("Hotspots: {functions} with more than 10% of a scenario's time");
    put_details(out, &summary, |out| {
        out.push_str("| Scenario | Function | Per operation | Share of the time |\n");
        out.push_str("|:--|:--|--:|--:|\n");
        out.extend(lines);
        out.push('\n');
    });
}

fn hotspot_line(profile: &ScenarioProfile, hotspot: &Hotspot) -> String {
    let cell = Target::MarkdownCell;
    let [time] = quantity::levels([hotspot.share.own_ns], Unit::Nanoseconds, None, cell);
    format!(
        "| {} | {} | {} | {} |\n",
        cell.outside(profile.scenario.as_str()),
        cell.outside(&hotspot.name),
        time.unwrap_or_else(|| "-".to_owned()),
        quantity::percent(hotspot.share.own)
    )
}

/// A folded part. `summary` must be our own words: Markdown is not read inside the tag.
fn put_details(out: &mut String, summary: &str, put: impl FnOnce(&mut String)) {
    out.push_str(&format!("<details><summary>{summary}</summary>\n\n"));
    put(out);
    out.push_str("</details>\n\n");
}

fn put_table(out: &mut String, rows: &[&Row], mode: Mode, icons: bool) {
    if rows.is_empty() {
        return;
    }
    out.push_str("| Verdict | Scenario | Metric | Baseline | Candidate | Change | Limit | Why |\n");
    out.push_str("|:--|:--|:--|--:|--:|:--|:--|:--|\n");
    for row in rows {
        let cells = Cells::of(row, mode, Target::MarkdownCell);
        let (limit, verdict) = (cells.limit(), cells.verdict.as_str());
        let icon = if icons {
            icon::of_verdict(cells.verdict)
        } else {
            ""
        };
        let Cells {
            scenario,
            metric,
            baseline,
            candidate,
            change,
            why,
            ..
        } = &cells;
        // An interval that breaks over two lines is two numbers; no-break spaces keep it one.
        let interval = change.interval.replace(' ', "\u{a0}");
        let change = format!("{} {interval}", change.estimate);
        let change = change.trim_end();
        out.push_str(&format!(
            "| {icon}**{verdict}** | {scenario} | {metric} | {baseline} | {candidate} | {change} | {limit} | {why} |\n"
        ));
    }
    out.push('\n');
}

fn put_environment(out: &mut String, report: &Report) {
    put_details(out, "Environment and method", |out| {
        let cell = |text: Option<&String>| {
            text.map_or("-".to_owned(), |text| Target::MarkdownCell.outside(text))
        };
        let (baseline, candidate) = (&report.baseline.environment, &report.candidate.environment);
        let mut fields: Vec<_> = baseline.keys().chain(candidate.keys()).collect();
        fields.sort();
        fields.dedup();
        if !fields.is_empty() {
            out.push_str("| Field | Baseline | Candidate |\n|:--|:--|:--|\n");
        }
        for field in fields {
            let name = Target::MarkdownCell.outside(field.as_str());
            let sides = [baseline.get(field), candidate.get(field)];
            let same = if sides[0] == sides[1] {
                "the same".to_owned()
            } else {
                cell(sides[1])
            };
            out.push_str(&format!("| {name} | {} | {same} |\n", cell(sides[0])));
        }
        out.push('\n');
        out.push_str(&format!("{}\n\n", method(report)));
    });
}

/// How the verdicts were reached, in three sentences.
pub(crate) fn method(report: &Report) -> String {
    let method = &report.method;
    let meaning = |undecided| match undecided {
        Undecided::Fail => "fail",
        Undecided::Report => "are reported with exit code 3",
        Undecided::Pass => "do not fail",
    };
    let measured = match (method.mode, method.machine) {
        (Mode::Paired, _) => paired(report),
        (Mode::Single, Machine::Dedicated) => {
            "Measured on a dedicated machine, whose stored timings may fail a row.".into()
        }
        (Mode::Single, Machine::Shared) => {
            "Measured on a shared machine, whose stored timings may raise suspicion only.".into()
        }
    };
    format!(
        "At most {} of the claimed regressions are expected to be false, over a family of {}. \
         Intervals are 90% (each end 95%). Inconclusive rows {}, incomparable rows {}. {measured}",
        quantity::percent(method.false_discovery),
        rows_of(method.family),
        meaning(method.inconclusive),
        meaning(method.incomparable),
    )
}

/// How both sides were measured in turn.
fn paired(report: &Report) -> String {
    let noise = match report.method.calibration_sessions {
        0 => "these pairs alone, as this machine was never calibrated".to_owned(),
        1 => "these pairs and 1 calibration session of this machine".to_owned(),
        sessions => format!("these pairs and {sessions} calibration sessions of this machine"),
    };
    let steady = match &report.canaries {
        Some(canaries) if canaries.are_steady() => format!(
            " The baseline, measured against itself on {}, did not differ.",
            scenarios_of(canaries.scenarios.len())
        ),
        _ => String::new(),
    };
    format!(
        "Both sides were measured in turn on one machine, in {}; the noise is known from \
         {noise}.{steady}",
        heading::pairs(report)
    )
}
