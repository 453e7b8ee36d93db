//! A small discovery engine, and the scenarios that measure it.
//!
//! The engine does what the systems do that `gate` is for: it answers searches by text and by vector,
//! puts feeds together, and counts what users do meanwhile. One folder per area, and in each the same
//! parts: a generator that makes any piece of the data from `(seed, id)` alone, an independent truth,
//! the component itself over a real engine, and one file per scenario. Nothing here knows `gate` but
//! through the harness.
//!
//! | Area | What it is | Engine |
//! |---|---|---|
//! | [`vector`] | nearest neighbours, filtered, updated, tuned | usearch |
//! | [`text`] | ranked full-text search, merging | tantivy |
//! | [`signals`] | decayed sums and windowed counts of what users do | dashmap |
//! | [`coengage`] | what is engaged with together, bounded | a map in order of last use |
//! | [`social`] | who follows and blocks whom | ascending lists |
//! | [`session`] | what users prefer, merged over sessions | dashmap |
//! | [`feed`] | feeds and searches over all of these | |

pub mod coengage;
pub mod engine;
pub mod estimate;
pub mod feed;
pub mod files;
mod hashing;
mod leak;
mod order;
mod random;
pub mod session;
pub mod signals;
pub mod social;
pub mod text;
pub mod tune;
pub mod vector;
mod words;

use bench_harness::{Scenario, Verb};

/// All scenarios, in the order they are listed and measured.
#[must_use]
pub fn scenarios() -> Vec<&'static dyn Scenario> {
    [
        vector::scenarios(),
        text::scenarios(),
        signals::scenarios(),
        coengage::scenarios(),
        social::scenarios(),
        session::scenarios(),
        feed::scenarios(),
    ]
    .concat()
}

/// The verbs of this suite beside those of the harness.
#[must_use]
pub fn verbs() -> Vec<&'static dyn Verb> {
    vec![&estimate::Estimate, &tune::Tune]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bench_harness::Tier;
    use bench_harness::document::{label, manifest};
    use bench_harness::scenario::name;

    use super::*;

    #[test]
    fn every_declaration_is_sound() {
        let mut ids = BTreeSet::new();
        for scenario in scenarios() {
            let id = scenario.id();
            assert!(ids.insert(id), "{id} appears twice");
            assert!(
                scenario.about().contains(". "),
                "{id}: one sentence sums up, the others explain"
            );
            for below in scenario.over() {
                let below = scenarios().into_iter().find(|other| other.id() == *below);
                let below = below.expect("what it is over is a scenario");
                let label = |of: &dyn Scenario| label(of, of.smallest_tier());
                assert!(label(below) < label(scenario), "{id} over {}", below.id());
            }
            let mut names = BTreeSet::new();
            for metric in scenario.metrics() {
                assert!(
                    names.insert(metric.name.clone()),
                    "{id}: {} twice",
                    metric.name
                );
            }
            for tier in Tier::ALL.into_iter().filter(|tier| scenario.is_on(*tier)) {
                assert!(!scenario.params(tier).is_empty(), "{id} on {tier}");
                let declared = format!("{:?} {}", scenario.params(tier), scenario.input(tier));
                let again = format!("{:?} {}", scenario.params(tier), scenario.input(tier));
                assert_eq!(declared, again, "{id} on {tier}");
            }
        }
    }

    #[test]
    fn what_several_ask_for_at_once_is_labelled_so() {
        let all = scenarios();
        let declared = manifest(&all, Tier::Nightly).scenarios;
        for (scenario, declared) in all.iter().zip(declared) {
            let (id, layer) = (scenario.id(), declared.params[&name("layer")].to_string());
            if scenario.traffic(Tier::Nightly).is_shared() {
                assert_eq!(layer, "D", "{id}");
            }
            if id == "signals/write/threads=1" {
                assert_eq!(layer, "B", "one client is alone");
            }
        }
    }
}
