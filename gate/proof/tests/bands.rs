//! A fast, seeded part of the proof, with bands that a change of the rules would leave. The bands are
//! about three binomial standard deviations wide; the page has the narrow numbers.

use gate_core::next::Plan;
use gate_proof::judge::Gate;
use gate_proof::noise::Regime;
use gate_proof::outcomes::{Effort, Outcomes};
use gate_proof::rivals::Rival;
use gate_proof::simulate::{Settings, Stored, simulate};
use gate_proof::versus::{Layout, versus};
use gate_proof::workload::Workload;

fn settings() -> Settings {
    Settings {
        seed: 20,
        gates: 150,
        scenarios: 20,
        regime: Regime::Quiet,
        shape: None,
        workload: Workload::Latency,
        planted: 0,
        effect: 0.0,
        plan: Plan {
            pairs: 5,
            rerun_pairs: 10,
        },
        budget: 2.0,
        history: 5,
        stored: None,
    }
}

fn outcomes(settings: &Settings) -> Outcomes {
    let runs = simulate(settings, &Gate::of(settings.workload)).expect("the simulator fits gate");
    Outcomes::of_gate(settings, &runs)
}

fn effort(outcomes: &Outcomes) -> Effort {
    outcomes.effort.expect("gate tells what it spent")
}

/// Share of the planted changes that were found.
fn found(outcomes: &Outcomes) -> f64 {
    let found = outcomes.found.expect("something was planted");
    found.all.share().expect("something was planted")
}

#[test]
fn an_unchanged_build_rarely_fails_on_any_machine() {
    // At a level of 1 % one or two of 150 are expected, and eight happen once in 5,000 times.
    for regime in Regime::ALL {
        let outcomes = outcomes(&Settings {
            regime,
            ..settings()
        });
        let failures = outcomes.failures.hits;
        assert!(failures < 8, "{regime:?}: {failures} of 150 gates failed");
    }
}

#[test]
fn an_unchanged_build_near_its_budgets_rarely_fails_on_any_machine() {
    for regime in Regime::ALL {
        let outcomes = outcomes(&Settings {
            regime,
            workload: Workload::Budget,
            ..settings()
        });
        let failures = outcomes.failures.hits;
        assert!(failures < 8, "{regime:?}: {failures} of 150 gates failed");
    }
}

#[test]
fn a_budget_that_a_slowdown_breaks_fails() {
    let outcomes = outcomes(&Settings {
        workload: Workload::Budget,
        planted: 1,
        effect: 0.3,
        ..settings()
    });
    // From a tenth below the limit to a sixth above it. What is counted in steps of the clock, a sixth of
    // them, stays far below.
    let found = found(&outcomes);
    assert!((0.75..0.9).contains(&found), "{found}");
}

#[test]
fn an_unchanged_build_mostly_passes_at_once_and_costs_little() {
    let outcomes = outcomes(&settings());
    let effort = effort(&outcomes);
    let passed = effort.passed_at_once as f64 / effort.rows as f64;
    let extra = effort.rerun_pairs as f64 / effort.first_pairs as f64;
    // 78 % and 2.5 % when this was written: 7 % while half of its margin made a row look worse.
    assert!((0.75..0.86).contains(&passed), "{passed}");
    assert!((0.005..0.05).contains(&extra), "{extra}");
}

#[test]
fn without_calibration_gate_is_careful_rather_than_wrong() {
    let outcomes = outcomes(&Settings {
        history: 0,
        ..settings()
    });
    let effort = effort(&outcomes);
    let passed = effort.passed_at_once as f64 / effort.rows as f64;
    assert!(outcomes.failures.hits < 8, "{outcomes:?}");
    // 55 % when this was written: 64 % before the looks at a row shared one level.
    assert!((0.50..0.61).contains(&passed), "{passed}");
}

#[test]
fn slowdowns_beyond_the_margin_are_found() {
    // 88 % and 98 % of them when this was written, less in larger gates.
    for (effect, at_least) in [(0.05, 0.82), (0.10, 0.94)] {
        let outcomes = outcomes(&Settings {
            planted: 1,
            effect,
            ..settings()
        });
        let found = found(&outcomes);
        assert!(found >= at_least, "+{effect}: {found}");
        assert!(outcomes.false_failures.hits < 8, "+{effect}: {outcomes:?}");
    }
}

#[test]
fn slowdowns_within_the_margin_pass() {
    // 2 % is below the 3 % of the policy: 1-3 % of them fail by design of the margin.
    let outcomes = outcomes(&Settings {
        planted: 1,
        effect: 0.02,
        ..settings()
    });
    let found = found(&outcomes);
    assert!(found < 0.08, "{found}");
}

#[test]
fn a_slowdown_of_the_tail_alone_is_found() {
    let outcomes = outcomes(&Settings {
        gates: 60,
        scenarios: 5,
        workload: Workload::Tail,
        planted: 1,
        effect: 0.10,
        ..settings()
    });
    assert!(found(&outcomes) >= 0.88, "{outcomes:?}");
}

#[test]
fn one_percent_everywhere_is_seen_by_all_scenarios_together() {
    let outcomes = outcomes(&Settings {
        gates: 60,
        scenarios: 40,
        planted: 40,
        effect: 0.01,
        ..settings()
    });
    let uniform = outcomes.uniform.expect("gate tests all scenarios together");
    assert!(uniform.hits >= 54, "{uniform:?}");
}

#[test]
fn a_point_of_recall_is_found_query_by_query() {
    for (effect, all) in [(-0.01, true), (0.0, false)] {
        let outcomes = outcomes(&Settings {
            gates: 40,
            scenarios: 3,
            workload: Workload::Recall,
            planted: usize::from(all),
            effect,
            ..settings()
        });
        let expected = if all { 40 } else { 0 };
        assert_eq!(outcomes.failures.hits, expected, "{effect}");
    }
}

#[test]
fn exact_counters_need_no_statistics() {
    for (effect, expected) in [(0.0, 0), (0.01, 0), (0.10, 10)] {
        let outcomes = outcomes(&Settings {
            gates: 10,
            scenarios: 3,
            workload: Workload::Counter,
            planted: 1,
            effect,
            ..settings()
        });
        assert_eq!(outcomes.failures.hits, expected, "+{effect}");
        assert_eq!(effort(&outcomes).rerun_pairs, 0, "+{effect}");
    }
}

#[test]
fn stored_sessions_are_as_rarely_wrong_and_find_less() {
    let stored = |candidate, effect: f64| {
        outcomes(&Settings {
            stored: Some(Stored {
                baseline: 12,
                candidate,
            }),
            planted: usize::from(effect > 0.0),
            effect,
            ..settings()
        })
    };
    assert!(stored(3, 0.0).failures.hits < 8);
    // 70 % and 95 % when this was written, less in larger gates.
    for (effect, at_least) in [(0.05, 0.55), (0.10, 0.88)] {
        let found = found(&stored(3, effect));
        assert!(found >= at_least, "+{effect}: {found}");
    }
    // One session agrees with nobody.
    assert_eq!(stored(1, 0.5).failures.hits, 0);
}

#[test]
fn rivals_fail_most_of_the_gates_that_gate_passes() {
    let settings = Settings {
        gates: 100,
        scenarios: 30,
        ..settings()
    };
    let failures = |rival, layout| {
        let runs = versus(&settings, rival, layout);
        Outcomes::of_rival(&settings, rival, layout, &runs)
            .failures
            .hits
    };
    let gate = outcomes(&settings).failures.hits;
    // 30 metrics; with 200 these are 97, 72, 100 and 42 of 100.
    for (rival, layout, at_least) in [
        (Rival::Critcmp { threshold: 0.05 }, Layout::Stored, 25),
        (Rival::Critcmp { threshold: 0.05 }, Layout::Paired, 8),
        (Rival::Benchstat { at_least: 0.0 }, Layout::Stored, 60),
        (Rival::WelchFamily, Layout::Stored, 2),
    ] {
        let failures = failures(rival, layout);
        assert!(
            failures >= at_least && failures > gate,
            "{} {layout:?}: {failures} of 100, gate {gate}",
            rival.name()
        );
    }
}
