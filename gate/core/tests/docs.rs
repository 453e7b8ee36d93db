//! `docs/verdict.md` quotes the constants of the code; this holds both equal.

use std::collections::BTreeMap;

use gate_core::{
    assess, estimate, evidence, modes, next, paired, resolution, row, sides, statistic, stored,
    together, uniform, warm_up,
};

const PAGE: &str = include_str!("../../../docs/verdict.md");

/// The rows of the table of constants: name to value.
fn quoted() -> BTreeMap<&'static str, &'static str> {
    let (_, table) = PAGE
        .split_once("## Constants")
        .expect("the page has the section");
    table
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            Some((cells.next()?.trim_end_matches('`'), cells.next()?))
        })
        .collect()
}

#[test]
fn every_constant_of_the_page_is_the_one_in_the_code() {
    let (from, to) = statistic::TAIL_RANKS;
    let [first, later] = paired::LOOKS;
    let in_code: BTreeMap<&str, String> = [
        ("TRIM", estimate::TRIM.to_string()),
        ("TRIM_FROM", estimate::TRIM_FROM.to_string()),
        ("TAIL_RANKS", format!("{from} to {to}")),
        ("MIN_SAMPLES_P99", statistic::MIN_SAMPLES_P99.to_string()),
        ("MIN_SAMPLES_P999", statistic::MIN_SAMPLES_P999.to_string()),
        ("MAX_SESSIONS", stored::MAX_SESSIONS.to_string()),
        ("MIN_HISTORY", stored::MIN_HISTORY.to_string()),
        ("MIN_EXACT", stored::MIN_EXACT.to_string()),
        ("MIN_REPETITIONS", evidence::MIN_REPETITIONS.to_string()),
        (
            "MAX_HISTORY_FREEDOM",
            stored::MAX_HISTORY_FREEDOM.to_string(),
        ),
        ("PRIOR_FREEDOM", stored::PRIOR_FREEDOM.to_string()),
        ("MIN_FLEET_RATIO", stored::MIN_FLEET_RATIO.to_string()),
        ("MIN_BETWEEN", stored::MIN_BETWEEN.to_string()),
        ("NOISY", evidence::NOISY.to_string()),
        ("AGREES", evidence::AGREES.to_string()),
        ("AGREES_OF_TWO", stored::AGREES_OF_TWO.to_string()),
        ("INTERVAL", evidence::INTERVAL.to_string()),
        ("POWER", evidence::POWER.to_string()),
        ("MACHINE_WIDE", together::MACHINE_WIDE.to_string()),
        ("MIN_SCENARIOS", together::MIN_SCENARIOS.to_string()),
        ("IMPROVED_DISCOVERY", assess::IMPROVED_DISCOVERY.to_string()),
        ("SUSPICIOUS", row::SUSPICIOUS.to_string()),
        ("SUSPICIOUS_SHARE", row::SUSPICIOUS_SHARE.to_string()),
        ("MIN_AGREEING", evidence::MIN_AGREEING.to_string()),
        ("MAX_PAIRED_FREEDOM", paired::MAX_PAIRED_FREEDOM.to_string()),
        ("MAX_RERUN", next::MAX_RERUN.to_string()),
        ("MIN_RERUN", next::MIN_RERUN.to_string()),
        ("MANY_SUSPICIOUS", next::MANY_SUSPICIOUS.to_string()),
        ("MIN_SUSPICIOUS", next::MIN_SUSPICIOUS.to_string()),
        ("CANARIES", next::CANARIES.to_string()),
        ("MAX_LOOKS", next::MAX_LOOKS.to_string()),
        ("LOOKS", format!("{first}, then {later}")),
        ("RATIO_FLOOR", sides::RATIO_FLOOR.to_string()),
        ("UNJUDGED_MARGIN", row::UNJUDGED_MARGIN.to_string()),
        ("UNJUDGED_POINTS", row::UNJUDGED_POINTS.to_string()),
        ("MAX_NEEDED", row::MAX_NEEDED.to_string()),
        (
            "MIN_UNIFORM_SCENARIOS",
            uniform::MIN_UNIFORM_SCENARIOS.to_string(),
        ),
        ("UNIFORM_MARGIN", uniform::UNIFORM_MARGIN.to_string()),
        ("UNIFORM_SHARE", uniform::UNIFORM_SHARE.to_string()),
        ("VISIBLE", warm_up::VISIBLE.to_string()),
        ("MAX_EXCESS", warm_up::MAX_EXCESS.to_string()),
        ("MIN_MODE_VALUES", modes::MIN_MODE_VALUES.to_string()),
        ("MIN_IN_MODE", modes::MIN_IN_MODE.to_string()),
        ("MIN_MODE_SHARE", modes::MIN_MODE_SHARE.to_string()),
        ("MODES_APART", modes::MODES_APART.to_string()),
        ("MODES_APART_WIDER", modes::MODES_APART_WIDER.to_string()),
        ("MODES_SHARED", modes::MODES_SHARED.to_string()),
        ("MODES_SETTLED", modes::MODES_SETTLED.to_string()),
        ("MIN_MODE_CHANGES", modes::MIN_MODE_CHANGES.to_string()),
        ("GATEABLE", resolution::GATEABLE.to_string()),
        ("GATEABLE_MARGINS", resolution::GATEABLE_MARGINS.to_string()),
    ]
    .into();
    let quoted: BTreeMap<&str, String> = quoted()
        .into_iter()
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    assert_eq!(quoted, in_code);
}

#[test]
fn the_defaults_of_the_policy_are_quoted_as_they_are() {
    let policy = gate_schema::policy::Policy::default();
    assert!(PAGE.contains(&format!("(default {} %)", policy.false_discovery * 100.0)));
    assert!(PAGE.contains(&format!("at least {} sessions", policy.min_sessions)));
}
