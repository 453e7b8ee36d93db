//! What a search for a commit came to: outcome first, then what was measured.

use gate_schema::bisect::{Answer, Bisection, Found, Revision, Step, Why};

use crate::escape::Target;
use crate::heading::short;
use crate::quantity::{change, margin};

/// Commits that an issue lists: more than twice what halving takes, for those that were skipped.
const LISTED: usize = 20;

/// The search as text that ends in a newline, in ASCII.
#[must_use]
pub fn bisection(bisection: &Bisection) -> String {
    let mut lines = vec![outcome(bisection), row(bisection)];
    if bisection.found == Found::Range {
        let range = format!("{}..{}", id(&bisection.from), id(&bisection.to));
        lines.push(format!("see `git log --first-parent --oneline {range}`"));
    }
    lines.push(format!("\nMeasured, each against {}:", id(&bisection.good)));
    lines.extend(
        bisection
            .steps
            .iter()
            .map(|step| format!("  {}", bisect_step(step))),
    );
    lines.join("\n") + "\n"
}

/// A commit that is measured next, on one line.
#[must_use]
pub fn bisect_about(revision: &Revision) -> String {
    format!("commit {}", named(revision))
}

/// What one commit is, on one line.
#[must_use]
pub fn bisect_step(step: &Step) -> String {
    format!("{}: {}", named(&step.revision), told(step, Target::Ascii))
}

/// The answer about a commit, and what it rests on.
fn told(step: &Step, target: Target) -> String {
    let word = match step.answer {
        Answer::Worse => "worse",
        Answer::NotWorse => "not worse",
        Answer::CannotTell => "cannot tell",
        Answer::Skipped => "skipped",
    };
    let effect = step.row.as_ref().and_then(|row| {
        let effect = row.effect.as_ref()?;
        let change = change(effect, row.unit, row.direction, target);
        let margin = margin(effect, row.unit, row.direction, target);
        let margin = margin.map_or(String::new(), |margin| format!(", margin {margin}"));
        let text = format!("{} {}", change.estimate, change.interval);
        Some(format!("{}{margin}", text.trim_end()))
    });
    let how = step.how.as_deref().map(|how| target.outside(how));
    let why: Vec<String> = effect.into_iter().chain(how).collect();
    if why.is_empty() {
        word.to_owned()
    } else {
        format!("{word} ({})", why.join("; "))
    }
}

/// What it came to and what was measured, as a line of Markdown that mentions and links nothing.
pub(crate) fn in_markdown(bisection: &Bisection) -> String {
    let name = |revision: &Revision| Target::Markdown.outside(id(revision));
    let subject = |revision: &Revision| Target::Markdown.outside(&revision.subject);
    let outcome = match bisection.found {
        Found::Commit => format!(
            "Bisected to {}: {}.",
            name(&bisection.to),
            subject(&bisection.to)
        ),
        Found::Range => format!(
            "Narrowed by measuring to {} commits, {} to {}: {}.",
            bisection.suspects,
            name(&bisection.from),
            name(&bisection.to),
            why(bisection, Target::Markdown)
        ),
        Found::NotConfirmed => format!(
            "Not confirmed by a fresh measurement: {}.",
            why(bisection, Target::Markdown)
        ),
    };
    let steps = bisection.steps.iter().take(LISTED);
    let steps = steps.map(|step| {
        let told = told(step, Target::Markdown);
        format!("{} {told}", name(&step.revision))
    });
    let mut steps: Vec<String> = steps.collect();
    if bisection.steps.len() > LISTED {
        steps.push(format!("and {} more", bisection.steps.len() - LISTED));
    }
    if steps.is_empty() {
        return outcome;
    }
    let good = name(&bisection.good);
    format!(
        "{outcome} Measured, each against {good}: {}.",
        steps.join(", ")
    )
}

fn outcome(bisection: &Bisection) -> String {
    match bisection.found {
        Found::Commit => format!("BISECTED to {}", named(&bisection.to)),
        Found::Range => format!(
            "NARROWED to {} commits {}..{}: {}",
            bisection.suspects,
            id(&bisection.from),
            id(&bisection.to),
            why(bisection, Target::Ascii)
        ),
        Found::NotConfirmed => format!("NOT CONFIRMED: {}", why(bisection, Target::Ascii)),
    }
}

/// Why it is not one commit.
fn why(bisection: &Bisection, target: Target) -> String {
    let name = |revision: &Revision| target.outside(id(revision));
    let last = bisection.steps.last().map(|step| &step.revision);
    let last = name(last.unwrap_or(&bisection.bad));
    let is_end = bisection.found == Found::NotConfirmed;
    match bisection.why {
        Some(Why::NotWorse) => format!("{last} is not worse than {}", name(&bisection.good)),
        Some(Why::CannotTell) => {
            format!(
                "cannot tell whether {last} is worse than {}",
                name(&bisection.good)
            )
        }
        Some(Why::Skipped) if is_end => format!("{last} could not be measured"),
        Some(Why::Skipped) => "those between could not be measured".to_owned(),
        Some(Why::Time) => "the time was up".to_owned(),
        None => "all was measured".to_owned(),
    }
}

fn row(bisection: &Bisection) -> String {
    format!(
        "{} {}, {} commits {}..{}",
        Target::Ascii.outside(bisection.scenario.as_str()),
        Target::Ascii.outside(bisection.metric.as_str()),
        bisection.commits,
        id(&bisection.good),
        id(&bisection.bad)
    )
}

fn named(revision: &Revision) -> String {
    let subject = Target::Ascii.outside(&revision.subject);
    format!("{} {subject}", id(revision)).trim_end().to_owned()
}

/// The commit as people write it. A document may hold anything.
fn id(revision: &Revision) -> &str {
    let id = short(&revision.commit);
    let is_id = !id.is_empty() && id.len() <= 40 && id.bytes().all(|b| b.is_ascii_hexdigit());
    if is_id { id } else { "?" }
}
