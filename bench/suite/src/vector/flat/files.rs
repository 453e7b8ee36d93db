//! The links of a prepared index as files of their own.

use std::path::Path;

use bench_harness::{Artifact, Context, Failure, Needs, Recipe};

use super::super::index::IndexFiles;
use super::super::links::Links;
use super::codes::CodesFiles;
use super::{Effort, Flat};
use crate::words;

/// Seconds to read the links of one row from an index.
const SECONDS_PER_ROW: f64 = 2e-6;

const FILE: &str = "links.words";

/// The links of an index. It must be listed before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinksFiles {
    pub(crate) index: IndexFiles,
}

impl LinksFiles {
    fn bytes(&self) -> u64 {
        (self.index.rows.items * 2 * self.index.connectivity * size_of::<u32>()) as u64
    }

    fn load(&self, context: &Context) -> Result<Links, Failure> {
        let words = words::read(&context.prepared(self)?.join(FILE))?;
        Links::read(&words).ok_or_else(|| format!("{FILE} holds no links").into())
    }
}

impl Artifact for LinksFiles {
    fn name(&self) -> String {
        "vector/links".into()
    }

    fn recipe(&self) -> Recipe {
        Recipe::new("links of the base level")
            .with_recipe("index", &self.index.recipe())
            .with_code("links.rs", include_str!("../links.rs"))
            .with_code("files.rs", include_str!("files.rs"))
    }

    fn needs(&self) -> Needs {
        let index = self.index.loaded();
        Needs::memory(index.memory_bytes + 2 * self.bytes())
            .with_disk(self.bytes())
            .with_seconds(self.index.rows.items as f64 * SECONDS_PER_ROW)
    }

    fn build(&self, context: &Context, directory: &Path) -> Result<(), Failure> {
        let links = Links::of(&self.index.load(context, 1)?);
        Ok(words::write(&directory.join(FILE), links.words())?)
    }
}

/// All that [`Flat`] searches: the codes of the rows of an index, and its links.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlatFiles {
    pub(crate) index: IndexFiles,
}

impl FlatFiles {
    /// What has to be prepared, in this order.
    pub(crate) fn artifacts(self) -> Vec<Box<dyn Artifact>> {
        vec![
            Box::new(self.index),
            Box::new(self.codes()),
            Box::new(self.links()),
        ]
    }

    /// What the loaded arrays take.
    pub(crate) fn loaded(self) -> Needs {
        Needs::memory(self.codes().loaded().memory_bytes + 2 * self.links().bytes())
    }

    /// Loads them.
    pub(crate) fn load(self, context: &Context) -> Result<Flat, Failure> {
        let codes = self.codes().load(context)?;
        let links = self.links().load(context)?;
        if codes.items() != links.items() {
            return Err("the links are those of other rows".into());
        }
        Ok(Flat::new(codes, links, Effort::of(context)))
    }

    fn codes(self) -> CodesFiles {
        CodesFiles {
            rows: self.index.rows,
        }
    }

    fn links(self) -> LinksFiles {
        LinksFiles { index: self.index }
    }
}
