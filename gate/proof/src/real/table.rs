//! Recordings of real gates as Markdown tables.

use std::collections::BTreeMap;

use gate_core::estimate::median;
use gate_schema::report::{Outcome, Verdict};

use crate::interval::Rate;
use crate::real::case::{Case, Claim, Plant};
use crate::real::record::{GateRecord, Said, Starts};
use crate::table::{interval, percent, table};

/// False alarms and effort: gates in which nothing was planted. Empty without any. Broken gates count as
/// gates; what a gate would have said is left out of the medians.
#[must_use]
pub fn unchanged(gates: &[GateRecord]) -> String {
    let conditions = [false, true].map(|neighbour| {
        let of = |gate: &&GateRecord| gate.case == Case::Unchanged && gate.neighbour == neighbour;
        gates.iter().filter(of).collect::<Vec<_>>()
    });
    table(
        "| A/A, machine | Gates | Failed | 95 % interval | Broken | Undecided | Rows failed | Undecided rows, median | Starts measured again | Median seconds |\n\
         |---|---:|---:|---|---:|---:|---|---:|---:|---:|\n",
        conditions
            .iter()
            .filter(|gates| !gates.is_empty())
            .map(|gates| {
                let failed = rate(gates, has_failed);
                let sound = gates
                    .iter()
                    .filter_map(|gate| Some((gate, gate.said.as_ref()?)));
                let sound: Vec<_> = sound.filter(|(gate, _)| !gate.is_broken()).collect();
                let middle = |of: &dyn Fn(&GateRecord, &Said) -> f64| {
                    let values: Vec<f64> =
                        sound.iter().map(|(gate, said)| of(gate, said)).collect();
                    median(&values)
                };
                let undecided =
                    middle(&|_, said| 100.0 * said.undecided as f64 / said.rows.max(1) as f64);
                let seconds = middle(&|gate, _| gate.seconds);
                let sum = |of: fn(Starts) -> usize| {
                    sound.iter().map(|(_, said)| of(said.starts)).sum::<usize>()
                };
                let again = sum(|starts| starts.again) as f64;
                let all = sum(Starts::all);
                let again = (all > 0).then(|| 100.0 * again / all as f64);
                format!(
                    "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                    machine(gates),
                    gates.len(),
                    percent(&failed),
                    interval(&failed),
                    broken(gates),
                    percent(&rate(gates, is_undecided)),
                    rows(gates, &[Claim::Wrong, Claim::Missing]),
                    number(undecided, 1, " %"),
                    number(again, 1, " %"),
                    number(seconds, 0, ""),
                )
            }),
    )
}

/// Power: gates in which something was planted. Empty without any.
#[must_use]
pub fn planted(gates: &[GateRecord]) -> String {
    let groups = groups(gates.iter().filter(|gate| gate.case != Case::Unchanged));
    table(
        "| Planted | Machine | Gates | Failed rightly | 95 % interval | Failed | Broken | Undecided | Wrong rows | Right rows |\n\
         |---|---|---:|---:|---|---:|---:|---:|---|---|\n",
        groups.values().map(|gates| {
            let rightly = rate(gates, has_failed_rightly);
            format!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                gates[0].plant(),
                machine(gates),
                gates.len(),
                percent(&rightly),
                interval(&rightly),
                percent(&rate(gates, has_failed)),
                broken(gates),
                percent(&rate(gates, is_undecided)),
                rows(gates, &[Claim::Wrong, Claim::Missing]),
                rows(gates, &[Claim::Right]),
            )
        }),
    )
}

/// Gate and the rules of other tools on the same repetitions: the share of gates failed, and of planted
/// ones the share failed for a row that the plant is meant to move. Gates that broke before there was
/// anything to judge are in the other tables alone. Empty unless rivals were asked.
#[must_use]
pub fn versus(gates: &[GateRecord]) -> String {
    let asked = groups(gates.iter().filter(|gate| !gate.rivals.is_empty()));
    let mut rules: Vec<&str> = Vec::new();
    for rival in asked.values().flatten().flat_map(|gate| &gate.rivals) {
        if !rules.contains(&rival.rule.as_str()) {
            rules.push(&rival.rule);
        }
    }
    if rules.is_empty() {
        return String::new();
    }
    let columns: String = (asked.values())
        .map(|gates| {
            let of = if gates[0].case == Case::Unchanged {
                ""
            } else {
                ": all / rightly"
            };
            let plant = gates[0].plant();
            format!(" {plant}, {} ({}){of} |", machine(gates), gates.len())
        })
        .collect();
    // Of the gates that tell.
    let shares = |fails: &dyn Fn(&GateRecord) -> [Option<bool>; 2]| -> String {
        let share = |gates: &[&GateRecord], at: usize| {
            let told: Vec<bool> = gates.iter().filter_map(|gate| fails(gate)[at]).collect();
            let hits = told.iter().filter(|&&fails| fails).count();
            percent(&Rate::new(hits as u64, told.len() as u64))
        };
        (asked.values())
            .map(|gates| match gates[0].case {
                Case::Unchanged => format!(" {} |", share(gates, 0)),
                _ => format!(" {} / {} |", share(gates, 0), share(gates, 1)),
            })
            .collect()
    };
    let head = format!(
        "| Gates failed by |{columns}\n|---|{}\n",
        "---:|".repeat(asked.len())
    );
    let ours = format!(
        "| **gate** |{}\n",
        shares(&|gate| [has_failed(gate), has_failed_rightly(gate)].map(Some))
    );
    let theirs = rules.iter().map(|rule| {
        let fails = |gate: &GateRecord| {
            let rival = gate.rivals.iter().find(|rival| rival.rule == *rule);
            let counts = rival.map_or([None; 2], |rival| [Some(rival.failed), rival.right]);
            counts.map(|count| count.map(|rows| rows > 0))
        };
        format!("| {rule}, same pairs |{}\n", shares(&fails))
    });
    table(&head, std::iter::once(ours).chain(theirs))
}

fn groups<'a>(
    gates: impl Iterator<Item = &'a GateRecord>,
) -> BTreeMap<(Plant<'a>, bool), Vec<&'a GateRecord>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for gate in gates {
        let group = groups.entry((gate.plant(), gate.neighbour)).or_default();
        group.push(gate);
    }
    groups
}

fn machine(gates: &[&GateRecord]) -> &'static str {
    if gates.iter().any(|gate| gate.neighbour) {
        "neighbour"
    } else {
        "idle"
    }
}

/// Gates that are none as they should be.
fn broken(gates: &[&GateRecord]) -> usize {
    gates.iter().filter(|gate| gate.is_broken()).count()
}

/// Broken or not: whoever asked for the gate saw it fail.
fn has_failed(gate: &GateRecord) -> bool {
    gate.exit_code == 1
}

fn has_failed_rightly(gate: &GateRecord) -> bool {
    !gate.is_broken() && claims(gate).any(|(_, claim)| claim == Claim::Right)
}

fn is_undecided(gate: &GateRecord) -> bool {
    let outcome = gate.said.as_ref().map(|said| said.outcome);
    outcome == Some(Outcome::Undecided)
}

/// A number with its unit; a dash where no gate said anything.
fn number(value: Option<f64>, decimals: usize, unit: &str) -> String {
    value.map_or_else(|| "-".to_owned(), |v| format!("{v:.decimals$}{unit}"))
}

fn rate(gates: &[&GateRecord], is: impl Fn(&GateRecord) -> bool) -> Rate {
    let hits = gates.iter().filter(|gate| is(gate)).count();
    Rate::new(hits as u64, gates.len() as u64)
}

/// Everything a gate failed for, by name, and what that says about the gate; nothing when it did not
/// fail.
fn claims(gate: &GateRecord) -> impl Iterator<Item = (String, Claim)> {
    let said = gate.said.iter().filter(|_| has_failed(gate));
    said.flat_map(|said| {
        let rows = said.failed.iter().map(|row| {
            let (scenario, metric) = (&row.scenario, &row.metric);
            let claim = gate.plant().claim(Some(scenario), metric, row.verdict);
            let how = if claim == Claim::Missing {
                " missing"
            } else {
                ""
            };
            (format!("{scenario} {metric}{how}"), claim)
        });
        let together = said.uniform.iter().map(|finding| {
            let metric = &finding.metric;
            let claim = gate.plant().claim(None, metric, Verdict::Regressed);
            (format!("all together {metric}"), claim)
        });
        rows.chain(together)
    })
}

/// The failed rows of some claims and in how many gates each, most frequent first.
fn rows(gates: &[&GateRecord], wanted: &[Claim]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (name, claim) in gates.iter().flat_map(|gate| claims(gate)) {
        if wanted.contains(&claim) {
            *counts.entry(name).or_default() += 1;
        }
    }
    if counts.is_empty() {
        return "none".to_owned();
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let named = counts
        .iter()
        .map(|(name, count)| format!("`{name}` {count}"));
    named.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
