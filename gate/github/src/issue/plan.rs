//! What to write, given the issues that are there. Pure.

use super::mark::{Mark, digest};
use super::{GREEN_NIGHTS, IssueDone, Nightly, Standing};
use crate::wire::Issue;

/// Stands alone on the line before a finding.
const FINDING: &str = "<!-- gate-finding -->";

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The issue; `None` for a new one.
    pub(super) number: Option<u64>,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) done: IssueDone,
}

/// An issue of ours.
struct Ours<'a> {
    number: u64,
    is_open: bool,
    mark: Mark,
    title: &'a str,
    /// Without the mark.
    text: &'a str,
}

/// A mark anyone can copy, an author nobody can.
fn ours<'a>(issue: &'a Issue, author: &str) -> Option<Ours<'a>> {
    let user = issue.user.as_ref()?;
    let is_ours = user.login.as_deref() == Some(author) && user.kind.as_deref() == Some("Bot");
    let body = issue
        .body
        .as_deref()
        .filter(|_| is_ours && issue.pull_request.is_none())?;
    Some(Ours {
        number: issue.number,
        is_open: issue.state.as_deref() != Some("closed"),
        mark: Mark::read(body)?,
        title: issue.title.as_deref().unwrap_or_default(),
        text: body.split_once('\n').map_or("", |(_, text)| text),
    })
}

pub(super) fn plan(issues: &[Issue], author: &str, nightly: &Nightly<'_>) -> Vec<Plan> {
    let mut ours: Vec<Ours<'_>> = issues
        .iter()
        .filter_map(|issue| ours(issue, author))
        .collect();
    ours.sort_by_key(|issue| issue.number);
    let mut plans = Vec::new();
    for standing in nightly.standing {
        let key = digest(&standing.key);
        let known = known(&ours, &key, &standing.bad);
        let text = text(standing, known, nightly.night);
        let mark = Mark {
            key,
            green: 0,
            night: nightly.night.to_owned(),
            text: digest(&format!("{}\n{text}", standing.title)),
            seen: nightly.night.to_owned(),
        };
        let opened = |done| match standing.may_open {
            true => done,
            false => IssueDone::Held,
        };
        let done = match known {
            None => opened(IssueDone::Opened),
            // A night that has been overtaken may not say anything any more.
            Some(issue) if issue.mark.night > mark.night => continue,
            // We closed it three nights after the thing was gone, a person whenever the level was accepted.
            Some(issue) if !issue.is_open && issue.mark.green >= GREEN_NIGHTS => {
                opened(IssueDone::Reopened)
            }
            Some(issue) if !issue.is_open => continue,
            // A night that says the same needs no write.
            Some(issue) if issue.mark.text == mark.text && issue.mark.green == 0 => continue,
            Some(_) => IssueDone::Updated,
        };
        plans.push(Plan {
            number: known.map(|issue| issue.number),
            title: standing.title.clone(),
            body: format!("{}\n{text}", mark.line()),
            done,
        });
    }
    let is_gone = |issue: &&Ours<'_>| {
        let mut gone = nightly.gone.iter();
        issue.is_open
            && gone.any(|gone| gone.since <= issue.mark.seen && digest(&gone.key) == issue.mark.key)
    };
    let gone = ours.iter().filter(is_gone);
    // Each night counts once, however often it is told.
    for issue in gone.filter(|issue| issue.mark.night.as_str() < nightly.night) {
        let green = issue.mark.green + 1;
        let is_over = green >= GREEN_NIGHTS;
        let mark = Mark {
            green,
            night: nightly.night.to_owned(),
            ..issue.mark.clone()
        };
        let end = if is_over {
            let day = nightly.night.split('T').next().unwrap_or_default();
            format!("\n\nRecovered: not seen in {green} nights, the last of them {day}.\n")
        } else {
            String::new()
        };
        plans.push(Plan {
            number: Some(issue.number),
            title: issue.title.to_owned(),
            body: format!("{}\n{}{end}", mark.line(), issue.text),
            done: if is_over {
                IssueDone::Closed
            } else {
                IssueDone::Green(green)
            },
        });
    }
    plans
}

/// The issue of what stands: the open one, whatever it was told of last, else a closed one that was told of the night
/// `bad`; before all others one that a person closed.
fn known<'a, 'b>(ours: &'b [Ours<'a>], key: &str, bad: &str) -> Option<&'b Ours<'a>> {
    let same = || ours.iter().filter(|issue| issue.mark.key == key);
    let closed = same().filter(|issue| !issue.is_open && bad <= issue.mark.seen.as_str());
    let open = same().find(|issue| issue.is_open);
    open.or_else(|| closed.min_by_key(|issue| (issue.mark.green, std::cmp::Reverse(issue.number))))
}

/// What an issue says, with what was found out tonight or before. A step that is new tonight is another one than that
/// of an earlier night.
fn text(standing: &Standing, known: Option<&Ours<'_>>, night: &str) -> String {
    let same = known.filter(|issue| !standing.is_new || issue.mark.night == night);
    let earlier = same.and_then(|issue| {
        let mut lines = issue
            .text
            .lines()
            .skip_while(|line| line.trim_end() != FINDING);
        lines.nth(1)
    });
    match standing.finding.as_deref().or(earlier) {
        Some(finding) => format!("{}\n{FINDING}\n{}\n", standing.body, finding.trim_end()),
        None => standing.body.clone(),
    }
}

#[cfg(test)]
mod tests;
