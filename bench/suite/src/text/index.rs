//! The tantivy index: how it is built and opened.

use std::path::Path;

use bench_harness::{Artifact, Context, Failure, Needs, Phase, Recipe, Tier};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, Term};

use super::corpus::Corpus;
use crate::engine;

/// Commits while building. The default merge policy joins eight segments of a level, so twenty
/// commits end with two merged segments and four fresh ones: a state an index in service has.
const COMMITS: usize = 20;

/// Memory of the indexing thread: above the largest batch, so that segments are cut by commits
/// alone and their number is always the same.
const BUDGET_BYTES: usize = 256 << 20;

const FIELD: &str = "body";

/// Bytes of a document in the index, about.
const BYTES_PER_DOCUMENT: usize = 250;

/// Documents indexed per second, at the least.
const DOCUMENTS_PER_SECOND: f64 = 15_000.0;

/// The index of the first documents of the corpus.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndexFiles {
    items: usize,
}

impl IndexFiles {
    pub(crate) fn of(tier: Tier) -> Self {
        Self {
            items: tier.items(),
        }
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
        Recipe::new("tantivy index, term frequencies, nothing stored")
            .with_recipe("input", &Corpus::recipe(self.items))
            .with("tantivy", engine::TANTIVY)
            .with("commits", COMMITS)
            .with("indexing threads", 1)
            .with("budget bytes", BUDGET_BYTES)
            .with_code("index.rs", include_str!("index.rs"))
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
    let index = Index::create_in_dir(directory, schema())?;
    let field = index.schema().get_field(FIELD)?;
    let batch = items.div_ceil(COMMITS);
    for start in (0..items).step_by(batch) {
        let ids = start..items.min(start + batch);
        let mut writer: IndexWriter = index.writer_with_num_threads(1, BUDGET_BYTES)?;
        for id in ids.clone() {
            let mut document = TantivyDocument::default();
            document.add_text(field, prose(&corpus.document(id as u64)));
            writer.add_document(document)?;
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
    field: Field,
}

impl Opened {
    /// Opens what [`build`] built.
    fn open(directory: &Path) -> Result<Self, Failure> {
        let index = Index::open_in_dir(directory)?;
        let field = index.schema().get_field(FIELD)?;
        // Nobody writes, and a watcher thread would only disturb.
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        Ok(Self {
            searcher: reader.searcher(),
            field,
        })
    }

    /// The engine's form of a term.
    pub(crate) fn term(&self, term: u32) -> Term {
        Term::from_field_text(self.field, &word(term))
    }

    /// Bytes of all segments.
    pub(crate) fn bytes(&self) -> Result<u64, Failure> {
        Ok(self.searcher.space_usage()?.total().get_bytes())
    }
}

fn schema() -> Schema {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("whitespace")
        .set_index_option(IndexRecordOption::WithFreqs);
    let mut schema = Schema::builder();
    schema.add_text_field(FIELD, TextOptions::default().set_indexing_options(indexing));
    schema.build()
}

fn word(term: u32) -> String {
    format!("t{term}")
}

fn prose(terms: &[u32]) -> String {
    terms
        .iter()
        .map(|&term| word(term))
        .collect::<Vec<_>>()
        .join(" ")
}
