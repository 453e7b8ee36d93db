//! The parts of the page that are there without its script.

use std::fmt::Write;

use gate_schema::report::{BudgetCheck, BudgetStatus, Report, Row, Warning};

use super::markup::{escaped, prose};
use crate::cells::{Cells, Tone};
use crate::escape::Target;
use crate::fold::rows_of;
use crate::{failure, heading, markdown, next, quantity, sentence, together};

const TARGET: Target = Target::Unicode;

/// Budgets in the panel; the rows show all of them.
const MOST_BUDGETS: usize = 12;

/// Notes shown at once; the others unfold, because rows should be seen without scrolling.
const MOST_NOTES: usize = 3;

/// Groups of failed scenarios that ended alike.
const ALIKE: usize = 20;

// Writing to a String cannot fail, so that its answers are dropped in this file.

/// Counts, and both sides as a reader recognises them.
pub(super) fn put_sides(page: &mut String, report: &Report) {
    let _ = writeln!(
        page,
        "<p class=\"counts\">{}</p>",
        escaped(&heading::counts(report))
    );
    let [baseline, candidate] = heading::sides(report, TARGET);
    page.push_str("<dl class=\"sides\">\n");
    for (name, text) in [("Baseline", baseline), ("Candidate", candidate)] {
        let _ = writeln!(
            page,
            "<div><dt>{name}</dt><dd>{}</dd></div>",
            escaped(&text)
        );
    }
    if let Some(judged) = heading::judged(report, TARGET) {
        let judged = judged.trim_start_matches("judged on ");
        let _ = writeln!(
            page,
            "<div><dt>Judged on</dt><dd>{}</dd></div>",
            escaped(judged)
        );
    }
    page.push_str("</dl>\n");
}

/// What to do, most urgent first.
pub(super) fn put_steps(page: &mut String, report: &Report) {
    let steps = next::steps(report, TARGET);
    if steps.is_empty() {
        return;
    }
    page.push_str("<section class=\"next\" aria-labelledby=\"next\">\n<h2 id=\"next\">What to do next</h2>\n<ol>\n");
    for step in steps {
        let _ = writeln!(page, "<li>{}</li>", prose(&step));
    }
    page.push_str("</ol>\n</section>\n");
}

/// What a reader must know before trusting the rows.
pub(super) fn put_notes(page: &mut String, report: &Report) {
    let mut notes: Vec<(&str, String)> = Vec::new();
    if let Some(canaries) = together::unsteady(report) {
        notes.push(("Unsteady", together::unsteady_note(canaries, TARGET)));
    }
    let is_said = sentence::is_about_together(report);
    let together = together::notes(report, is_said, TARGET);
    notes.extend(together.into_iter().map(|note| ("Together", note)));
    let differs = heading::environment_differences(report, TARGET);
    notes.extend(differs.into_iter().map(|note| ("Differs", note)));
    let waivers = heading::waivers(report, TARGET);
    notes.extend(waivers.into_iter().map(|note| ("Waiver", note)));
    let warnings = report
        .warnings
        .iter()
        .zip(heading::warnings(report, TARGET));
    let mut warnings: Vec<_> = warnings.collect();
    // What is wrong with the policy can wait for what is wrong with the runs.
    warnings.sort_by_key(|(warning, _)| matches!(warning, Warning::RuleMatchesNothing { .. }));
    notes.extend(warnings.into_iter().map(|(_, note)| ("Warning", note)));
    if notes.is_empty() {
        return;
    }
    page.push_str("<section class=\"notes\" aria-labelledby=\"notes\">\n<h2 id=\"notes\">Before you trust the rows</h2>\n");
    let rest = notes.split_off(notes.len().min(MOST_NOTES));
    put_list(page, &notes);
    if !rest.is_empty() {
        let _ = writeln!(page, "<details>\n<summary>{} more</summary>", rest.len());
        put_list(page, &rest);
        page.push_str("</details>\n");
    }
    page.push_str("</section>\n");
}

fn put_list(page: &mut String, notes: &[(&str, String)]) {
    page.push_str("<ul>\n");
    for (kind, note) in notes {
        let _ = writeln!(
            page,
            "<li><strong>{kind}</strong> <span>{}</span></li>",
            prose(note)
        );
    }
    page.push_str("</ul>\n");
}

/// What crashed or hung, with its last words.
pub(super) fn put_failures(page: &mut String, report: &Report) {
    if report.failures.is_empty() {
        return;
    }
    page.push_str(
        "<section aria-labelledby=\"failed\">\n<h2 id=\"failed\">Failed scenarios</h2>\n",
    );
    for failed in failure::quoted(report, usize::MAX, ALIKE, TARGET) {
        let _ = writeln!(page, "<p>{}</p>", escaped(&failed.line));
        if !failed.stderr.is_empty() {
            let _ = writeln!(
                page,
                "<pre tabindex=\"0\" role=\"group\" aria-label=\"stderr\">{}</pre>",
                escaped(&failed.stderr.join("\n"))
            );
        }
    }
    page.push_str("</section>\n");
}

/// The frame that the script fills with rows.
pub(super) fn put_rows(page: &mut String, report: &Report) {
    page.push_str("<section aria-labelledby=\"rows\">\n<h2 id=\"rows\">Rows</h2>\n");
    if report.rows.is_empty() {
        page.push_str("<p>Nothing was measured, so there is nothing to show.</p>\n</section>\n");
        return;
    }
    page.push_str(concat!(
        "<noscript><p>The rows need the script of this page; <code>gate explain SCENARIO</code> shows them without.</p></noscript>\n",
        "<div class=\"tools\" id=\"tools\" hidden>\n",
        "<label for=\"filter\">Filter</label>\n",
        "<input id=\"filter\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" placeholder=\"scenario, metric or reason\">\n",
        "<div class=\"chips\" id=\"chips\" role=\"group\" aria-label=\"Verdicts shown\"></div>\n",
        "<p id=\"count\" role=\"status\"></p>\n",
        "</div>\n",
        "<p class=\"keys\" id=\"keys\" hidden><kbd>/</kbd> filter <kbd>&uarr;</kbd> <kbd>&darr;</kbd> move <kbd>Enter</kbd> unfold</p>\n",
        "<div id=\"table\"></div>\n",
        "<p class=\"more\" id=\"more\" hidden></p>\n</section>\n",
    ));
}

/// The tightest budgets and what is left of each.
pub(super) fn put_budgets(page: &mut String, report: &Report) {
    let rows = report.rows.iter();
    let mut held: Vec<(&Row, &BudgetCheck)> = rows
        .filter_map(|row| Some((row, row.budget.as_ref()?)))
        .collect();
    if held.is_empty() {
        return;
    }
    held.sort_by(|(_, a), (_, b)| {
        b.status
            .cmp(&a.status)
            .then(a.headroom.total_cmp(&b.headroom))
    });
    page.push_str(concat!(
        "<section aria-labelledby=\"budgets\">\n<h2 id=\"budgets\">Budgets</h2>\n",
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"budgets\">\n<table class=\"budgets\">\n",
        "<thead><tr><th scope=\"col\">Status</th><th scope=\"col\">Scenario</th><th scope=\"col\">Metric</th>",
        "<th scope=\"col\" class=\"number\">Candidate</th><th scope=\"col\">Budget</th>",
        "<th scope=\"col\" class=\"number\">Headroom</th><th scope=\"col\">Used</th></tr></thead>\n<tbody>\n",
    ));
    for (row, check) in held.iter().take(MOST_BUDGETS) {
        put_budget(page, report, row, check);
    }
    page.push_str("</tbody>\n</table>\n</div>\n");
    if let Some(more) = held
        .len()
        .checked_sub(MOST_BUDGETS)
        .filter(|&more| more > 0)
    {
        let _ = writeln!(
            page,
            "<p class=\"muted\">{} with more headroom stand among the rows.</p>",
            rows_of(more)
        );
    }
    page.push_str("</section>\n");
}

fn put_budget(page: &mut String, report: &Report, row: &Row, check: &BudgetCheck) {
    let cells = Cells::of(row, report.method.mode, TARGET);
    let counts = cells.counts;
    let (status, tone) = match check.status {
        BudgetStatus::Within => ("within", Tone::Good),
        BudgetStatus::AtLimit => ("at the limit", Tone::Unsure),
        BudgetStatus::Over if counts => ("over", Tone::Bad),
        BudgetStatus::Over => ("over", Tone::Unsure),
    };
    let headroom = quantity::headroom(check).unwrap_or_else(|| "-".into());
    let _ = writeln!(
        page,
        "<tr><td><span class=\"verdict {}\">{status}</span></td><th scope=\"row\" class=\"name\">{}</th>\
         <td class=\"name\">{}</td><td class=\"number\">{}</td><td class=\"limit\">{}</td><td class=\"number\">{headroom}</td>\
         <td>{}</td></tr>",
        tone_class(tone),
        breakable(&cells.scenario),
        breakable(&cells.metric),
        escaped(&cells.candidate),
        escaped(&TARGET.outside(&check.budget.text)),
        bar(check),
    );
}

/// How much of a limit is used, as a bar whose notch is the limit.
fn bar(check: &BudgetCheck) -> String {
    if quantity::headroom(check).is_none() {
        return String::new();
    }
    let used = ((1.0 - check.headroom) * 100.0).clamp(0.0, 125.0);
    let over = (used - 100.0).max(0.0);
    let within = used - over;
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 125 10\" width=\"125\" height=\"10\" aria-hidden=\"true\">\
         <rect class=\"track\" width=\"100\" height=\"10\" rx=\"2\"/><rect class=\"used\" width=\"{within:.1}\" height=\"10\" rx=\"2\"/>\
         <rect class=\"over\" x=\"100\" width=\"{over:.1}\" height=\"10\"/><rect class=\"notch\" x=\"99\" y=\"-1\" width=\"2\" height=\"12\"/></svg>"
    )
}

/// What measured, and how verdicts were reached.
pub(super) fn put_environment(page: &mut String, report: &Report) {
    page.push_str("<section aria-labelledby=\"environment\">\n<h2 id=\"environment\">Environment and method</h2>\n");
    let _ = writeln!(
        page,
        "<p class=\"method\">{}</p>",
        escaped(&markdown::method(report))
    );
    let (baseline, candidate) = (&report.baseline, &report.candidate);
    let mut fields: Vec<_> = baseline
        .environment
        .keys()
        .chain(candidate.environment.keys())
        .collect();
    fields.sort();
    fields.dedup();
    page.push_str(concat!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"environment\">\n<table class=\"environment\">\n<thead><tr><th scope=\"col\">Field</th>",
        "<th scope=\"col\">Baseline</th><th scope=\"col\">Candidate</th></tr></thead>\n<tbody>\n",
    ));
    let id = [&baseline.id, &candidate.id].map(|id| Some(TARGET.outside(id)));
    let created = [&baseline.created, &candidate.created].map(|time| Some(TARGET.outside(time)));
    put_field(page, "run", id);
    put_field(page, "written", created);
    for field in fields {
        let side = |environment: &std::collections::BTreeMap<_, String>| {
            environment.get(field).map(|value| TARGET.outside(value))
        };
        let sides = [side(&baseline.environment), side(&candidate.environment)];
        put_field(page, &TARGET.outside(field.as_str()), sides);
    }
    page.push_str("</tbody>\n</table>\n</div>\n</section>\n");
}

fn put_field(page: &mut String, name: &str, [baseline, candidate]: [Option<String>; 2]) {
    let _ = write!(page, "<tr><th scope=\"row\">{}</th>", escaped(name));
    if baseline == candidate {
        let _ = write!(
            page,
            "<td colspan=\"2\">{}</td>",
            escaped(&baseline.unwrap_or_default())
        );
    } else {
        for side in [baseline, candidate] {
            let _ = write!(page, "<td>{}</td>", escaped(side.as_deref().unwrap_or("-")));
        }
    }
    page.push_str("</tr>\n");
}

/// A name that may break after its slashes and dots, and nowhere else.
pub(super) fn breakable(name: &str) -> String {
    escaped(name).replace('/', "/<wbr>")
}

pub(super) fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "bad",
        Tone::Unsure => "unsure",
        Tone::Plain => "plain",
        Tone::Good => "good",
    }
}
