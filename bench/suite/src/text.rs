//! Ranked full-text search over topical documents, on tantivy.

mod corpus;
mod index;
mod search;
mod truth;

pub use search::TextSearch;
