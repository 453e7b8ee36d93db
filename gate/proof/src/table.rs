//! Recordings as Markdown tables.

use std::fmt::Write;

use crate::interval::Rate;
use crate::outcomes::{Conditions, Outcomes};

/// False alarms: gates in which nothing was planted. Empty without any.
#[must_use]
pub fn false_alarms(outcomes: &[Outcomes]) -> String {
    let rows = outcomes.iter().filter(|o| o.found.is_none());
    table(
        "| Rule | Conditions | Gates | Failed | 95 % interval | False rows per gate |\n\
         |---|---|---:|---:|---|---:|\n",
        rows.map(|o| {
            let per_gate =
                share(o.false_rows, o.runs, 1.0).map_or_else(String::new, |v| format!("{v:.2}"));
            format!(
                "| {} | {} | {} | {} | {} | {per_gate} |\n",
                rule(o),
                where_measured(&o.conditions, &o.layout),
                o.runs,
                percent(&o.false_failures),
                interval(&o.false_failures),
            )
        }),
    )
}

/// Power: planted changes found. Empty without any.
#[must_use]
pub fn power(outcomes: &[Outcomes]) -> String {
    let rows = outcomes.iter().filter_map(|o| Some((o, o.found?)));
    table(
        "| Rule | Conditions | Planted | Found | 95 % interval | sd < 1.6 % | 1.6-4 % | > 4 % | Gates failed | Falsely |\n\
         |---|---|---|---:|---|---:|---:|---:|---:|---:|\n",
        rows.map(|(o, found)| {
            let [quiet, middling, noisy] = found.by_class.map(|rate| percent(&rate));
            format!(
                "| {} | {} | {} | {} | {} | {quiet} | {middling} | {noisy} | {} | {} |\n",
                rule(o),
                where_measured(&o.conditions, &o.layout),
                planted(&o.conditions),
                percent(&found.all),
                interval(&found.all),
                percent(&o.failures),
                percent(&o.false_failures),
            )
        }),
    )
}

/// What gate spent on it and how much it could decide. Empty when only rivals judged.
#[must_use]
pub fn effort(outcomes: &[Outcomes]) -> String {
    let rows = outcomes.iter().filter_map(|o| Some((o, o.effort?)));
    table(
        "| Conditions | Planted | Scenarios re-run per gate | Extra pairs | In time left | Passed at once | Undecided at once | Undecided in the end | Canaries | All together |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
        rows.map(|(o, e)| {
            let of = |hits, of| {
                share(hits, of, 100.0).map_or_else(|| "-".to_owned(), |v| format!("{v:.1} %"))
            };
            let reruns = share(e.rerun_scenarios, o.runs, 1.0).unwrap_or(0.0);
            format!(
                "| {} | {} | {reruns:.1} | {} | {} | {} | {} | {} | {} | {} |\n",
                where_measured(&o.conditions, &o.layout),
                planted(&o.conditions),
                of(e.rerun_pairs, e.first_pairs),
                of(e.spare_pairs, e.first_pairs),
                of(e.passed_at_once, e.rows),
                of(e.undecided_at_once, e.rows),
                of(e.undecided, e.rows),
                of(e.canaries, o.runs),
                o.uniform.as_ref().map_or_else(|| "-".to_owned(), percent),
            )
        }),
    )
}

pub(crate) fn table(head: &str, rows: impl Iterator<Item = String>) -> String {
    let rows: String = rows.collect();
    if rows.is_empty() {
        String::new()
    } else {
        format!("{head}{rows}")
    }
}

fn rule(outcomes: &Outcomes) -> String {
    let c = &outcomes.conditions;
    if outcomes.effort.is_none() {
        return outcomes.name.clone();
    }
    if let Some(sessions) = c.sessions {
        return format!(
            "**gate**, {} sessions of {} against {} stored",
            sessions.candidate, c.pairs, sessions.baseline
        );
    }
    let mut text = format!("**gate**, {}+{} pairs", c.pairs, c.rerun_pairs);
    // Writing to a string cannot fail.
    if c.budget > 1.0 {
        let _ = write!(text, " in time for {} first sessions", c.budget);
    }
    let _ = match c.history {
        0 => write!(text, ", not calibrated"),
        known => write!(text, ", {known} calibration sessions"),
    };
    text
}

fn where_measured(conditions: &Conditions, layout: &str) -> String {
    let mut text = format!(
        "{}, {layout}, {} {} metrics",
        conditions.regime, conditions.scenarios, conditions.workload
    );
    if conditions.shape != "all" {
        // Writing to a string cannot fail.
        let _ = write!(text, ", {} noise", conditions.shape);
    }
    text
}

fn planted(conditions: &Conditions) -> String {
    match conditions.planted {
        0 => "nothing".to_owned(),
        n if n == conditions.scenarios => format!("{} in all", signed(conditions.effect)),
        n => format!("{} in {n}", signed(conditions.effect)),
    }
}

/// A fraction as a signed percentage: `+5 %`, `-1 %`.
fn signed(fraction: f64) -> String {
    let tenths = (fraction * 1_000.0).round() / 10.0;
    format!("{tenths:+} %")
}

fn share(hits: u64, of: u64, scale: f64) -> Option<f64> {
    (of > 0).then(|| scale * hits as f64 / of as f64)
}

pub(crate) fn percent(rate: &Rate) -> String {
    rate.share()
        .map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}

/// With two decimals where rates are small: 0.12 % and 0.1 % are not the same promise.
pub(crate) fn interval(rate: &Rate) -> String {
    if rate.of == 0 {
        return "-".to_owned();
    }
    let decimals = if rate.high < 0.05 { 2 } else { 1 };
    format!(
        "[{:.decimals$}, {:.decimals$}]",
        100.0 * rate.low,
        100.0 * rate.high
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::{Effort, Found, Recording, Sessions};

    fn outcomes(name: &str, found: Option<Found>, effort: Option<Effort>) -> Outcomes {
        Outcomes {
            name: name.to_owned(),
            layout: "paired".to_owned(),
            conditions: Conditions {
                regime: "quiet".to_owned(),
                shape: "all".to_owned(),
                workload: "latency".to_owned(),
                scenarios: 200,
                planted: usize::from(found.is_some()),
                effect: if found.is_some() { 0.05 } else { 0.0 },
                pairs: 5,
                rerun_pairs: 10,
                budget: 2.0,
                history: if effort.is_some() { 10 } else { 0 },
                sessions: None,
                seed: 1,
            },
            runs: 3_000,
            failures: Rate::new(if found.is_some() { 2_700 } else { 12 }, 3_000),
            false_failures: Rate::new(12, 3_000),
            false_rows: 15,
            found,
            uniform: effort.map(|_| Rate::new(0, 3_000)),
            effort,
        }
    }

    fn some() -> (Found, Effort) {
        let found = Found {
            all: Rate::new(87, 100),
            by_class: [Rate::new(50, 50), Rate::new(37, 44), Rate::new(0, 0)],
        };
        let effort = Effort {
            rerun_scenarios: 20_100,
            rerun_pairs: 201_000,
            spare_pairs: 1_500_000,
            first_pairs: 3_000_000,
            canaries: 0,
            rows: 600_000,
            passed_at_once: 486_000,
            undecided_at_once: 114_000,
            undecided: 108_000,
        };
        (found, effort)
    }

    #[test]
    fn tables_show_rates_with_their_intervals() {
        let (found, effort) = some();
        let all = [
            outcomes("gate", None, Some(effort)),
            outcomes("critcmp 5 %", Some(found), None),
        ];
        assert_eq!(
            false_alarms(&all),
            "| Rule | Conditions | Gates | Failed | 95 % interval | False rows per gate |\n\
             |---|---|---:|---:|---|---:|\n\
             | **gate**, 5+10 pairs in time for 2 first sessions, 10 calibration sessions | quiet, paired, 200 latency metrics | 3000 | 0.4 % | [0.21, 0.70] | 0.01 |\n"
        );
        assert_eq!(
            power(&all),
            "| Rule | Conditions | Planted | Found | 95 % interval | sd < 1.6 % | 1.6-4 % | > 4 % | Gates failed | Falsely |\n\
             |---|---|---|---:|---|---:|---:|---:|---:|---:|\n\
             | critcmp 5 % | quiet, paired, 200 latency metrics | +5 % in 1 | 87.0 % | [78.8, 92.9] | 100.0 % | 84.1 % | - | 90.0 % | 0.4 % |\n"
        );
        assert_eq!(
            self::effort(&all),
            "| Conditions | Planted | Scenarios re-run per gate | Extra pairs | In time left | Passed at once | Undecided at once | Undecided in the end | Canaries | All together |\n\
             |---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n\
             | quiet, paired, 200 latency metrics | nothing | 6.7 | 6.7 % | 50.0 % | 81.0 % | 19.0 % | 18.0 % | 0.0 % | 0.0 % |\n"
        );
    }

    #[test]
    fn what_compared_sessions_says_how_many() {
        let (_, effort) = some();
        let mut stored = outcomes("gate", None, Some(effort));
        stored.layout = "stored".to_owned();
        stored.conditions.sessions = Some(Sessions {
            baseline: 12,
            candidate: 2,
        });
        let row = false_alarms(&[stored]);
        let row = row.lines().last().unwrap();
        assert!(
            row.starts_with("| **gate**, 2 sessions of 5 against 12 stored | quiet, stored, "),
            "{row}"
        );
    }

    #[test]
    fn nothing_gives_no_table() {
        assert_eq!(false_alarms(&[]) + &power(&[]) + &effort(&[]), "");
    }

    #[test]
    fn a_recording_survives_json_to_the_last_bit() {
        let (found, effort) = some();
        let recording = Recording::new(vec![outcomes("gate", Some(found), Some(effort))]);
        let text = serde_json::to_string_pretty(&recording).unwrap();
        assert_eq!(serde_json::from_str::<Recording>(&text).unwrap(), recording);
    }
}
