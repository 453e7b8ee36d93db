//! Chooses the scenarios of a run by glob.

use crate::scenario::Scenario;
use crate::tier::Tier;

/// Most ids suggested for a mistyped glob.
const SUGGESTIONS: usize = 3;

/// Why nothing could be selected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A malformed glob.
    #[error("`{0}` is not a glob")]
    Glob(String),
    /// A glob that matches no scenario; a silent skip would look like a pass.
    #[error("no scenario matches `{glob}`\n  hint: did you mean {}? `bench list` shows all", nearest.join(" or "))]
    NoMatch {
        /// The glob as written.
        glob: String,
        /// The ids closest to it, closest first.
        nearest: Vec<&'static str>,
    },
    /// A glob whose scenarios are all measured on other tiers only.
    #[error(
        "`{glob}` is not measured on tier {tier}\n  hint: --tier {smallest} is the smallest that does"
    )]
    NotOnTier {
        /// The glob as written.
        glob: String,
        /// The tier that was asked for.
        tier: Tier,
        /// The smallest that measures something of it.
        smallest: Tier,
    },
}

/// The scenarios that are measured on `tier`, in the order of the suite.
#[must_use]
pub fn on_tier<'s>(suite: &[&'s dyn Scenario], tier: Tier) -> Vec<&'s dyn Scenario> {
    let is_measured = |scenario: &&dyn Scenario| scenario.is_on(tier);
    suite.iter().copied().filter(is_measured).collect()
}

/// The scenarios of `tier` that any of `globs` matches, in the order of the suite; all of the tier
/// without globs.
///
/// # Errors
/// See [`SelectionError`]; every glob must match something.
pub fn select<'s>(
    suite: &[&'s dyn Scenario],
    tier: Tier,
    globs: &[String],
) -> Result<Vec<&'s dyn Scenario>, SelectionError> {
    for glob in globs {
        fast_glob::validate(glob).map_err(|_| SelectionError::Glob(glob.clone()))?;
        let matching = suite
            .iter()
            .filter(|scenario| fast_glob::glob_match(glob, scenario.id()));
        let matching: Vec<&dyn Scenario> = matching.copied().collect();
        let Some(smallest) = matching.iter().map(|each| each.smallest_tier()).min() else {
            return Err(SelectionError::NoMatch {
                glob: glob.clone(),
                nearest: nearest(suite, glob),
            });
        };
        if !matching.iter().any(|scenario| scenario.is_on(tier)) {
            return Err(SelectionError::NotOnTier {
                glob: glob.clone(),
                tier,
                smallest,
            });
        }
    }
    let is_selected =
        |id: &str| globs.is_empty() || globs.iter().any(|glob| fast_glob::glob_match(glob, id));
    Ok(on_tier(suite, tier)
        .into_iter()
        .filter(|scenario| is_selected(scenario.id()))
        .collect())
}

/// The scenario with exactly this id.
///
/// # Errors
/// [`SelectionError::NoMatch`].
pub fn find<'s>(suite: &[&'s dyn Scenario], id: &str) -> Result<&'s dyn Scenario, SelectionError> {
    let found = suite.iter().copied().find(|scenario| scenario.id() == id);
    found.ok_or_else(|| SelectionError::NoMatch {
        glob: id.to_owned(),
        nearest: nearest(suite, id),
    })
}

/// The ids closest to `text`, closest first, for who mistyped one.
pub(crate) fn nearest(suite: &[&dyn Scenario], text: &str) -> Vec<&'static str> {
    let mut ids: Vec<&'static str> = suite.iter().map(|scenario| scenario.id()).collect();
    ids.sort_by_key(|id| edit_distance(id, text));
    ids.truncate(SUGGESTIONS);
    ids
}

/// Levenshtein distance, one row at a time.
fn edit_distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, a) in from.chars().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for (at, &b) in to.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[at + 1];
            row[at + 1] = substituted.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeScenario;

    const VECTOR: FakeScenario = FakeScenario::named("vector/search/k10");
    const TEXT: FakeScenario = FakeScenario::named("text/search/two-terms");
    const LARGE: FakeScenario = FakeScenario {
        smallest_tier: Tier::Pr,
        ..FakeScenario::named("vector/build")
    };

    fn selected(globs: &[&str]) -> Result<Vec<&'static str>, SelectionError> {
        let globs: Vec<String> = globs.iter().map(|&glob| glob.to_owned()).collect();
        select(&[&VECTOR, &TEXT, &LARGE], Tier::Smoke, &globs)
            .map(|chosen| chosen.iter().map(|scenario| scenario.id()).collect())
    }

    #[test]
    fn globs_select_in_suite_order() {
        assert_eq!(selected(&[]), Ok(vec![VECTOR.id, TEXT.id]));
        assert_eq!(
            selected(&["text/**", "vector/*/k10"]),
            Ok(vec![VECTOR.id, TEXT.id])
        );
        assert_eq!(selected(&["text/**"]), Ok(vec![TEXT.id]));
    }

    #[test]
    fn a_glob_without_a_match_suggests_the_nearest_first() {
        let Err(SelectionError::NoMatch { nearest, .. }) =
            selected(&["text/**", "vector/serach/k10"])
        else {
            panic!("was accepted")
        };
        assert_eq!(nearest[0], VECTOR.id);
    }

    #[test]
    fn what_a_tier_does_not_measure_is_refused_by_name_and_left_out_by_glob() {
        assert_eq!(selected(&["vector/**"]), Ok(vec![VECTOR.id]));
        assert_eq!(
            selected(&["vector/build"]),
            Err(SelectionError::NotOnTier {
                glob: "vector/build".into(),
                tier: Tier::Smoke,
                smallest: Tier::Pr,
            })
        );
    }

    #[test]
    fn the_tier_soak_measures_only_what_says_so() {
        const SOAKING: FakeScenario = FakeScenario {
            tiers: Some(&[Tier::Pr, Tier::Soak]),
            smallest_tier: Tier::Pr,
            ..FakeScenario::named("feed/soak")
        };
        let ids = |tier| {
            let scenarios = on_tier(&[&VECTOR, &LARGE, &SOAKING], tier);
            let ids = scenarios.iter().map(|scenario| scenario.id());
            ids.collect::<Vec<_>>()
        };
        assert_eq!(ids(Tier::Soak), [SOAKING.id]);
        assert_eq!(ids(Tier::Nightly), [VECTOR.id, LARGE.id]);
        assert_eq!(ids(Tier::Pr), [VECTOR.id, LARGE.id, SOAKING.id]);
        let glob = ["vector/**".to_owned()];
        let refused = select(&[&VECTOR, &SOAKING], Tier::Soak, &glob);
        assert_eq!(
            refused.err(),
            Some(SelectionError::NotOnTier {
                glob: glob[0].clone(),
                tier: Tier::Soak,
                smallest: Tier::Tiny,
            })
        );
    }

    #[test]
    fn edit_distances() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
            ("k10", "k10", 0),
        ] {
            assert_eq!(edit_distance(from, to), expected, "{from} to {to}");
        }
    }
}
