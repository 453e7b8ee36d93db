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
        let known = ours.iter().find(|issue| issue.mark.key == key);
        let text = text(standing, known, nightly.night);
        let mark = Mark {
            key,
            green: 0,
            night: nightly.night.to_owned(),
            text: digest(&format!("{}\n{text}", standing.title)),
        };
        let done = match known {
            None if standing.is_new => IssueDone::Opened,
            None => continue,
            // A night that says the same needs no write; one that has been overtaken may not have any.
            Some(issue) if issue.mark.night > mark.night => continue,
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
    let stands = |issue: &&Ours<'_>| {
        let mut keys = nightly
            .standing
            .iter()
            .map(|standing| digest(&standing.key));
        keys.any(|key| key == issue.mark.key)
    };
    // Each night counts once, however often it is told.
    let gone = ours.iter().filter(|issue| !stands(issue));
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
mod tests {
    use serde_json::json;

    use super::*;

    const BOT: &str = "github-actions[bot]";

    fn standing(is_new: bool) -> Standing {
        Standing {
            key: "nightly demo/search latency".into(),
            title: "slower".into(),
            body: "by a tenth".into(),
            finding: None,
            is_new,
        }
    }

    fn issue(number: u64, login: &str, body: &str) -> Issue {
        let kind = if login.ends_with("[bot]") {
            "Bot"
        } else {
            "User"
        };
        let user = json!({"login": login, "type": kind});
        let issue = json!({"number": number, "title": "slower", "body": body, "user": user});
        serde_json::from_value(issue).expect("sound")
    }

    fn body(green: u32, night: &str, key: &str) -> String {
        let mark = Mark {
            key: digest(key),
            green,
            night: night.into(),
            text: digest("slower\nby a tenth"),
        };
        format!("{}\nby a tenth", mark.line())
    }

    fn done(issues: &[Issue], standing: &[Standing]) -> Vec<(Option<u64>, IssueDone)> {
        let nightly = Nightly {
            label: "perf-regression",
            night: "2026-11-20T03:17:00Z",
            standing,
        };
        plan(issues, BOT, &nightly)
            .into_iter()
            .map(|plan| (plan.number, plan.done))
            .collect()
    }

    #[test]
    fn one_issue_per_thing_from_its_first_night_to_its_third_without() {
        let key = standing(true).key;
        let ours = |green, night: &str| issue(4, BOT, &body(green, night, &key));
        let (before, now) = ("2026-11-19T03:17:00Z", "2026-11-20T03:17:00Z");
        for (name, issues, standing, expected) in [
            (
                "new",
                vec![],
                vec![standing(true)],
                vec![(None, IssueDone::Opened)],
            ),
            (
                "known, and closed by a person",
                vec![],
                vec![standing(false)],
                vec![],
            ),
            (
                "still there",
                vec![ours(0, before)],
                vec![standing(false)],
                vec![],
            ),
            (
                "back after a night without",
                vec![ours(1, before)],
                vec![standing(false)],
                vec![(Some(4), IssueDone::Updated)],
            ),
            (
                "said something else",
                vec![ours(0, before)],
                vec![Standing {
                    body: "by a fifth".into(),
                    ..standing(false)
                }],
                vec![(Some(4), IssueDone::Updated)],
            ),
            (
                "a night without",
                vec![ours(0, before)],
                vec![],
                vec![(Some(4), IssueDone::Green(1))],
            ),
            ("the same night again", vec![ours(1, now)], vec![], vec![]),
            (
                "the second",
                vec![ours(1, before)],
                vec![],
                vec![(Some(4), IssueDone::Green(2))],
            ),
            (
                "the third",
                vec![ours(2, before)],
                vec![],
                vec![(Some(4), IssueDone::Closed)],
            ),
            (
                "a night that was overtaken",
                vec![ours(0, "2026-11-21T03:17:00Z")],
                vec![],
                vec![],
            ),
            (
                "a mark that a person copied",
                vec![issue(4, "ann", &body(2, before, &key))],
                vec![],
                vec![],
            ),
            (
                "another thing",
                vec![issue(3, BOT, &body(0, before, "other"))],
                vec![standing(true)],
                vec![(None, IssueDone::Opened), (Some(3), IssueDone::Green(1))],
            ),
            ("of people", vec![issue(3, "ann", "slow")], vec![], vec![]),
        ] {
            assert_eq!(done(&issues, &standing), expected, "{name}");
        }
    }

    #[test]
    fn what_was_found_out_stays_until_the_step_is_another_one() {
        let (before, now) = ("2026-11-19T03:17:00Z", "2026-11-20T03:17:00Z");
        let key = standing(true).key;
        let found = |night: &str, finding: &str| {
            issue(
                4,
                BOT,
                &format!("{}\n{FINDING}\n{finding}\n", body(0, night, &key)),
            )
        };
        let standing = |is_new, finding: Option<&str>, body: &str| Standing {
            body: body.into(),
            finding: finding.map(str::to_owned),
            ..standing(is_new)
        };
        let hostile = format!("to `a`: `x {FINDING} @b`");
        for (name, issue, standing, expected) in [
            (
                "found out tonight",
                issue(4, BOT, &body(0, now, &key)),
                standing(true, Some("to `a`"), "by a tenth"),
                Some("by a tenth\n<!-- gate-finding -->\nto `a`\n"),
            ),
            (
                "told again on the same night",
                found(now, "to `a`"),
                standing(true, None, "by a fifth"),
                Some("by a fifth\n<!-- gate-finding -->\nto `a`\n"),
            ),
            (
                "a later night",
                found(before, "to `a`"),
                standing(false, None, "by a fifth"),
                Some("by a fifth\n<!-- gate-finding -->\nto `a`\n"),
            ),
            (
                "found out anew",
                found(before, "to `a`"),
                standing(false, Some("to `b`"), "by a fifth"),
                Some("by a fifth\n<!-- gate-finding -->\nto `b`\n"),
            ),
            (
                "another step",
                found(before, "to `a`"),
                standing(true, None, "by a fifth"),
                Some("by a fifth"),
            ),
            (
                "a finding that quotes the line before one",
                found(before, &hostile),
                standing(false, None, "by a fifth"),
                Some("by a fifth\n<!-- gate-finding -->\nto `a`: `x <!-- gate-finding --> @b`\n"),
            ),
        ] {
            let nightly = Nightly {
                label: "perf-regression",
                night: now,
                standing: &[standing],
            };
            let plans = plan(&[issue], BOT, &nightly);
            let text = plans.first().and_then(|plan| plan.body.split_once('\n'));
            assert_eq!(text.map(|(_, text)| text), expected, "{name}");
        }
        let told = standing(false, Some("to `a`"), "by a tenth");
        let nightly = |standing| Nightly {
            label: "perf-regression",
            night: now,
            standing,
        };
        let told = [told];
        let first = plan(
            &[issue(4, BOT, &body(0, before, &key))],
            BOT,
            &nightly(&told),
        );
        let silent = [standing(false, None, "by a tenth")];
        let again = plan(&[issue(4, BOT, &first[0].body)], BOT, &nightly(&silent));
        assert_eq!(again, [], "a night that says the same needs no write");
    }

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let text = body(2, "2026-11-19T03:17:00Z", "x");
        let mark = Mark::read(&text).expect("a mark");
        assert_eq!(
            (mark.green, mark.night.as_str()),
            (2, "2026-11-19T03:17:00Z")
        );
        assert_eq!(Mark::read(&format!("> {text}")), None);
        assert_eq!(Mark::read(""), None);
    }
}
