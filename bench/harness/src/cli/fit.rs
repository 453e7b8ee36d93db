//! Which scenarios of a call this machine can measure.

use crate::cache::Cache;
use crate::error::BenchError;
use crate::fitting::{Fitting, Misfit};
use crate::needs::Available;
use crate::scenario::Scenario;
use crate::tier::Tier;

/// The scenarios of one call, those that fit apart from those that do not.
pub(super) struct Fit<'s> {
    pub(super) fitting: Vec<&'s dyn Scenario>,
    pub(super) unfit: Vec<(&'s dyn Scenario, Misfit)>,
    /// What those that fit take together.
    pub(super) together: Fitting,
}

/// Looks at what each of `scenarios` needs, and at what there is.
pub(super) fn fit<'s>(scenarios: &[&'s dyn Scenario], tier: Tier, cache: &Cache) -> Fit<'s> {
    let mut fit = Fit {
        fitting: Vec::new(),
        unfit: Vec::new(),
        together: Fitting::new(tier, cache, Available::now(cache.root())),
    };
    for scenario in scenarios {
        match fit.together.add(*scenario) {
            Ok(()) => fit.fitting.push(*scenario),
            Err(misfit) => fit.unfit.push((*scenario, misfit)),
        }
    }
    fit
}

impl Fit<'_> {
    /// Refuses when any does not fit; `hint` is what the caller can do then.
    ///
    /// # Errors
    /// [`BenchError::Unfit`].
    pub(super) fn all_or(&self, hint: &'static str) -> Result<(), BenchError> {
        if self.unfit.is_empty() {
            return Ok(());
        }
        let line = |(scenario, misfit): &(&dyn Scenario, Misfit)| {
            format!("\n  {} {misfit}", scenario.id())
        };
        Err(BenchError::Unfit {
            which: self.unfit.iter().map(line).collect(),
            hint,
        })
    }
}

/// What helps wherever nothing can be skipped.
pub(super) const FEWER: &str = "--only selects others; a smaller --tier needs less";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::args::{Cli, Verbs};
    use super::super::{count, profile, run, verify};
    use super::*;
    use crate::fake::FakeScenario;
    use crate::needs::Needs;

    #[test]
    #[cfg(target_os = "linux")]
    fn every_verb_that_measures_refuses_what_is_too_large() {
        let root = tempfile::tempdir().expect("a directory");
        let path = |name| root.path().join(name).to_string_lossy().into_owned();
        let scenario = FakeScenario {
            needs: Needs::memory(u64::MAX),
            ..FakeScenario::named("fake/one")
        };
        let suite: [&dyn Scenario; 1] = [&scenario];
        for verb in ["run", "verify", "profile", "count"] {
            let (cache, out) = (path("cache"), path(verb));
            let mut call = vec!["bench", verb, "--cache", &cache];
            if verb != "verify" {
                call.extend(["--out", &out]);
            }
            let ended = match Cli::parse_from(call).verb {
                Verbs::Run(args) => run::run(&suite, &args),
                Verbs::Verify(args) => verify::verify(&suite, &args),
                Verbs::Profile(args) => profile::profile(&suite, &args),
                Verbs::Count(args) => count::count(&suite, &args),
                _ => panic!("{verb} is another"),
            };
            let refused = ended.err().map(|error| error.to_string());
            let refused = refused.expect("nobody has as much");
            let start = "this machine is too small for:\n  fake/one needs ";
            assert!(refused.starts_with(start), "{verb}: {refused}");
            let skips = refused.contains("--skip-unfit");
            assert_eq!(skips, verb == "run", "{refused}");
        }
    }
}
