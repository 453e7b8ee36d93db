//! Prepared files that scenarios share: data, indexes, true answers.

use std::path::Path;

use crate::cache::key;
use crate::context::Context;
use crate::needs::Needs;
use crate::recipe::Recipe;
use crate::scenario::Failure;

/// Files that are built once per recipe, untimed, and then only read.
///
/// Whoever needs an artifact lists it in [`Scenario::artifacts`](crate::Scenario::artifacts) and
/// asks [`Context::prepared`] where it is. Two scenarios with an equal artifact share the files.
pub trait Artifact {
    /// `area/what`, for example `vector/index`. Names the directory of the cache, with the digest of
    /// the recipe behind it.
    fn name(&self) -> String;

    /// All that the files depend on: the input, the engine's version, the build settings, the code
    /// that builds. Whatever is missing here makes a stale cache look fresh.
    fn recipe(&self) -> Recipe;

    /// What building takes, and what the files take on disk.
    fn needs(&self) -> Needs;

    /// The name of its entry in the cache: artifacts with the same one are the same.
    fn key(&self) -> String {
        key(&self.name(), &self.recipe())
    }

    /// The command that says what of its kind would fit. Asked when it does not fit the memory.
    fn estimate(&self) -> Option<String> {
        None
    }

    /// Builds the files in an empty `directory`. Artifacts that were listed before this one are
    /// prepared.
    ///
    /// # Errors
    /// Whatever the engine or the disk reports.
    fn build(&self, context: &Context, directory: &Path) -> Result<(), Failure>;
}
