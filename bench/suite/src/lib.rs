//! The engines under test and their scenarios.
//!
//! One folder per area, and in each the same parts: a generator that makes any piece of the data
//! from `(seed, id)` alone, an independent truth, the engine's index, and the scenario that puts
//! them together. Nothing here knows `gate` but through the harness.
//!
//! | Area | Engine | Generator | Truth | Scenario |
//! |---|---|---|---|---|
//! | [`vector`] | usearch | clustered rows | exact search | `vector/search/k10` |
//! | [`text`] | tantivy | topical documents | BM25 over plain postings | `text/search/two-terms` |
//! | [`signals`] | dashmap | skewed events | sequential replay | `signals/write` |

pub mod engine;
mod random;
pub mod signals;
pub mod text;
pub mod vector;
mod words;

use bench_harness::Scenario;

/// All scenarios, in the order they are listed and measured.
#[must_use]
pub fn scenarios() -> [&'static dyn Scenario; 3] {
    [
        &vector::VectorSearch,
        &text::TextSearch,
        &signals::SignalWrite,
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bench_harness::Tier;

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
            assert!(!scenario.metrics().is_empty(), "{id}");
            for pair in Tier::ALL.windows(2) {
                let differs = |of: fn(&dyn Scenario, Tier) -> String| {
                    of(scenario, pair[0]) != of(scenario, pair[1])
                };
                assert!(
                    differs(|s, tier| format!("{:?}", s.params(tier))),
                    "{id}: params of {}",
                    pair[1]
                );
                assert!(
                    differs(|s, tier| s.input(tier).to_string()),
                    "{id}: input of {}",
                    pair[1]
                );
                assert!(
                    differs(|s, tier| s.preparation(tier).to_string()),
                    "{id}: preparation of {}",
                    pair[1]
                );
            }
        }
    }
}
