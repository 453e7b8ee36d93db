//! The fields of a document in the index, and its form there.

use tantivy::index::{IndexBuilder, IndexSettings, IndexSortByField, Order};
use tantivy::schema::{
    Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{Index, TantivyDocument, Term};

const ID: &str = "id";
const LENGTH: &str = "length";
const BODY: &str = "body";

/// The fields of an index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    id: Field,
    length: Field,
    body: Field,
}

impl Fields {
    /// Those of an index of [`builder`].
    pub(crate) fn of(index: &Index) -> tantivy::Result<Self> {
        let schema = index.schema();
        Ok(Self {
            id: schema.get_field(ID)?,
            length: schema.get_field(LENGTH)?,
            body: schema.get_field(BODY)?,
        })
    }

    /// A document as the engine takes it.
    pub(crate) fn document(&self, id: u64, text: &str) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        document.add_u64(self.id, id);
        document.add_u64(self.length, text.split(' ').count() as u64);
        document.add_text(self.body, text);
        document
    }

    /// What finds the document `id`.
    pub(crate) fn id(&self, id: u64) -> Term {
        Term::from_field_u64(self.id, id)
    }

    /// What finds the documents with the term of that rank.
    pub(crate) fn term(&self, rank: u32) -> Term {
        Term::from_field_text(self.body, &word(rank))
    }
}

/// What makes an index: an id to find, delete and rank documents by, and a text with term frequencies
/// and positions. Nothing is stored.
///
/// Within a segment documents stand in the order of their length. Of two documents with a term the
/// shorter scores higher, so once the best are found among the short ones, whole blocks of long ones
/// cannot be among them and are skipped: at 1M documents that halves the time of the slowest
/// searches, for a sixth more time of indexing (`docs/tuning.md`).
pub(crate) fn builder() -> IndexBuilder {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("whitespace")
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let number = NumericOptions::default().set_fast();
    let mut schema = Schema::builder();
    schema.add_u64_field(ID, number.clone().set_indexed());
    schema.add_u64_field(LENGTH, number);
    schema.add_text_field(BODY, TextOptions::default().set_indexing_options(indexing));
    Index::builder()
        .schema(schema.build())
        .settings(IndexSettings {
            sort_by_field: Some(IndexSortByField {
                field: LENGTH.into(),
                order: Order::Asc,
            }),
            ..IndexSettings::default()
        })
}

fn word(rank: u32) -> String {
    format!("t{rank}")
}

/// Terms as text.
pub(crate) fn prose(terms: &[u32]) -> String {
    terms
        .iter()
        .map(|&rank| word(rank))
        .collect::<Vec<_>>()
        .join(" ")
}
