//! Nearest-neighbour search over clustered vectors, on usearch.

mod index;
mod rows;
mod search;
mod truth;

pub use search::VectorSearch;
