//! The tantivy index: how it is built and opened.

use std::path::Path;

use bench_harness::{Artifact, Context, Failure, Needs, Phase, Recipe};
use tantivy::{Index, IndexWriter, ReloadPolicy, Searcher};

use super::corpus::Corpus;
use super::policy::Merging;
use super::schema::{Fields, builder, prose};
use crate::engine;

/// Commits while building. Four segments of a level become one, and 27 is 123 to the base of four: so
/// they leave one large segment, two that were merged once, and three fresh ones, as an index in
/// service has them.
const COMMITS: usize = 27;

/// Memory of the indexing thread: above the largest batch, so that segments are cut by commits
/// alone and their number is always the same.
const BUDGET_BYTES: usize = 256 << 20;

/// Bytes of a document in the index, about.
const BYTES_PER_DOCUMENT: usize = 200;

/// Documents indexed per second, at the least.
const DOCUMENTS_PER_SECOND: f64 = 15_000.0;

/// The index of the first documents of the corpus.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndexFiles {
    items: usize,
}

impl IndexFiles {
    pub(crate) fn of(items: usize) -> Self {
        Self { items }
    }

    /// Number of documents.
    pub(crate) fn items(&self) -> usize {
        self.items
    }

    /// What the opened index takes: its files are mapped.
    pub(crate) fn opened(&self) -> Needs {
        Needs::memory((self.items * BYTES_PER_DOCUMENT) as u64)
    }

    pub(crate) fn open(&self, context: &Context) -> Result<Opened, Failure> {
        Opened::open(&context.prepared(self)?)
    }
}

impl Artifact for IndexFiles {
    fn name(&self) -> String {
        "text/index".into()
    }

    fn recipe(&self) -> Recipe {
        Recipe::new("tantivy index")
            .with_recipe("input", &Corpus::recipe(self.items))
            .with("tantivy", engine::TANTIVY)
            .with("commits", COMMITS)
            .with_recipe("merging", &Merging::TUNED.recipe())
            .with("indexing threads", 1)
            .with("budget bytes", BUDGET_BYTES)
            .with_code("index.rs", include_str!("index.rs"))
            .with_code("schema.rs", include_str!("schema.rs"))
            .with_code("corpus.rs", include_str!("corpus.rs"))
    }

    fn needs(&self) -> Needs {
        let bytes = (self.items * BYTES_PER_DOCUMENT) as u64;
        Needs::memory(bytes + BUDGET_BYTES as u64)
            // Twice, because a merge writes before it deletes.
            .with_disk(2 * bytes)
            .with_seconds(self.items as f64 / DOCUMENTS_PER_SECOND)
    }

    fn build(&self, context: &Context, directory: &Path) -> Result<(), Failure> {
        let progress = context.phase("building the index", self.items);
        build(&Corpus::new(), self.items, directory, &progress)
    }
}

/// Builds the index of the first `items` documents.
fn build(corpus: &Corpus, items: usize, directory: &Path, progress: &Phase) -> Result<(), Failure> {
    let index = builder().create_in_dir(directory)?;
    let fields = Fields::of(&index)?;
    let batch = items.div_ceil(COMMITS);
    for start in (0..items).step_by(batch) {
        let ids = start..items.min(start + batch);
        let mut writer: IndexWriter = index.writer_with_num_threads(1, BUDGET_BYTES)?;
        writer.set_merge_policy(Box::new(Merging::TUNED.policy()));
        for id in ids.clone() {
            let id = id as u64;
            writer.add_document(fields.document(id, &prose(&corpus.document(id))))?;
        }
        writer.commit()?;
        // Merges race with the next commit unless they are waited for, and then the number of
        // segments depends on who wins.
        writer.wait_merging_threads()?;
        progress.advance(ids.len());
    }
    Ok(())
}

/// An index that is open for searching.
pub(crate) struct Opened {
    pub(crate) searcher: Searcher,
    pub(crate) fields: Fields,
}

impl Opened {
    /// Opens what [`build`] built.
    fn open(directory: &Path) -> Result<Self, Failure> {
        let index = Index::open_in_dir(directory)?;
        // Nobody writes, and a watcher thread would only disturb.
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        Ok(Self {
            searcher: reader.searcher(),
            fields: Fields::of(&index)?,
        })
    }

    /// Bytes of all segments.
    pub(crate) fn bytes(&self) -> Result<u64, Failure> {
        Ok(self.searcher.space_usage()?.total().get_bytes())
    }
}
