//! The verdict on what a pull request measured, by the files of the default branch alone.

use std::path::Path;

use gate_core::evaluate::Known;
use gate_core::outcome;
use gate_github::bundle::{Bundle, Rejected, Rule};
use gate_render::Figure;
use gate_schema::report::{Outcome, Report};
use gate_schema::run::Manifest;

use super::causes;
use crate::args::Publish;
use crate::diagnostic::Diagnostic;
use crate::document::read_run;
use crate::measure::runs::Seen;
use crate::noise;
use crate::plan;
use crate::policy::{self, Loaded};
use crate::provenance;
use crate::show::unjudgeable;

/// The files of the default branch that decide.
pub(crate) struct Rules {
    loaded: Loaded,
    promoted: Option<Seen>,
}

/// Why there is no verdict.
pub(crate) enum Unjudged {
    /// The runs cannot be believed.
    Rejected(Rejected),
    /// Nothing says what should be in them: the promoted baseline is of another tier. Only said instead
    /// of a pass.
    OtherTier,
    /// They cannot be compared.
    Unjudgeable(Box<Diagnostic>),
    /// A file of the default branch is wrong.
    Problems(Vec<Diagnostic>),
}

impl Rules {
    pub(crate) fn read(arguments: &Publish) -> Result<Self, Vec<Diagnostic>> {
        let loaded = policy::load(
            arguments.policy.as_deref(),
            arguments.waivers.as_deref(),
            &arguments.baseline,
            &provenance::today(),
        )?;
        let promoted = if arguments.baseline.exists() {
            Some(Seen::new(read_run(&arguments.baseline)?)?)
        } else {
            None
        };
        Ok(Self { loaded, promoted })
    }

    /// What the promoted baseline declares, where there is one.
    pub(crate) fn declared(&self) -> Option<&Manifest> {
        self.promoted.as_ref().map(|seen| &seen.run.manifest)
    }

    /// Whether a change of these paths needs no measuring.
    pub(crate) fn ignore(&self, changed: &[String]) -> bool {
        let ignore = self.loaded.measure.as_ref();
        let ignore = ignore.map_or(&[][..], |measure| &measure.ignore_paths);
        let policy = self.loaded.path_below(Path::new("."));
        plan::relevant(changed, ignore, policy.as_deref()).is_none()
    }

    /// Judges as `gate check` did, with the same runs and not with its word. Where a page is asked for, there are
    /// pictures of what regressed.
    pub(crate) fn judge(
        &self,
        bundle: Bundle,
        arguments: &Publish,
    ) -> Result<(Report, Vec<Figure>), Unjudged> {
        let histogram = |_| {
            Unjudged::Rejected(Rejected {
                rule: Rule::Histogram,
                offset: 0,
            })
        };
        let baseline = Seen::new(bundle.baseline).map_err(histogram)?;
        let candidate = Seen::new(bundle.candidate).map_err(histogram)?;
        let canary = bundle
            .canary
            .map(Seen::new)
            .transpose()
            .map_err(histogram)?;
        let noise = noise::beside(&self.loaded, &arguments.baseline, &baseline.run.environment)
            .map_err(Unjudged::Problems)?;
        let is_of_tier =
            |promoted: &&Seen| promoted.run.manifest.tier == candidate.run.manifest.tier;
        let promoted = self.promoted.as_ref();
        let expected = promoted.filter(is_of_tier);
        let known = Known {
            noise: noise.as_ref(),
            canary: canary.as_ref().map(Seen::side),
            promoted: promoted.map(Seen::side),
            // Both runs come from the pull request; what is in neither, only the default branch knows.
            expected: expected.map(Seen::side),
        };
        let mut report = gate_core::evaluate(
            baseline.side(),
            candidate.side(),
            &known,
            &self.loaded.policy,
        )
        .map_err(|error| {
            let candidate = "candidate.json".as_ref();
            Unjudged::Unjudgeable(Box::new(unjudgeable(
                &error,
                candidate,
                "its baseline",
                &self.loaded,
            )))
        })?;
        if !arguments.blocking {
            report.outcome = outcome::advise(&report, &self.loaded.policy);
            report.exit_code = outcome::exit_code(report.outcome);
        }
        if report.outcome == Outcome::Pass && promoted.is_some() && expected.is_none() {
            return Err(Unjudged::OtherTier);
        }
        let sides = [&baseline, &candidate];
        let draws = arguments.page.is_some();
        let (profiles, refused) = (bundle.profiles, bundle.refused);
        let figures = causes::note(&mut report, profiles, refused, sides, draws);
        Ok((report, figures))
    }
}
