//! The door to an index: what the engine would answer with nonsense is refused before it gets there.
//!
//! usearch answers a query that is not a number with whatever keys it meets first, and says nothing.

use bench_harness::Failure;
use usearch::{Index, ScalarKind};

use super::signs::signs;
use super::truth::Neighbour;

/// A vector that cannot be compared with the rows of an index.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(crate) enum BadVector {
    /// It has another number of dimensions.
    #[error("the vector has {found} dimensions, expected {expected}")]
    Dimensions {
        /// How many it has.
        found: usize,
        /// How many the rows have.
        expected: usize,
    },
    /// One of its scalars is infinite or not a number.
    #[error("scalar {at} of the vector is {scalar}, expected a number")]
    NotFinite {
        /// Which.
        at: usize,
        /// What it is.
        scalar: f32,
    },
}

/// Why a search gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SearchError {
    /// The query was refused.
    #[error(transparent)]
    BadVector(#[from] BadVector),
    /// The engine refused.
    #[error("{0}")]
    Engine(Failure),
}

/// Whether `vector` can be compared with rows of `dimensions` scalars.
///
/// # Errors
/// The first thing that is wrong with it.
pub(crate) fn check_vector(vector: &[f32], dimensions: usize) -> Result<(), BadVector> {
    if vector.len() != dimensions {
        return Err(BadVector::Dimensions {
            found: vector.len(),
            expected: dimensions,
        });
    }
    // Not a search that stops at the first: this way a few hundred scalars take 20 ns.
    if vector
        .iter()
        .fold(true, |all, scalar| all & scalar.is_finite())
    {
        return Ok(());
    }
    let first = vector.iter().position(|scalar| !scalar.is_finite());
    let at = first.expect("not all are finite");
    Err(BadVector::NotFinite {
        at,
        scalar: vector[at],
    })
}

/// Adds `row` to an index of any kind.
///
/// # Errors
/// A row that cannot be compared with others; whatever the engine reports.
pub(crate) fn add(index: &Index, key: u64, row: &[f32]) -> Result<(), Failure> {
    check_vector(row, index.dimensions())?;
    match index.scalar_kind() {
        ScalarKind::B1 => index.add(key, &signs(row))?,
        _ => index.add(key, row)?,
    }
    Ok(())
}

/// The `k` rows of an index of any kind that are nearest to `query`, nearest first.
///
/// # Errors
/// See [`SearchError`].
pub(crate) fn search(
    index: &Index,
    query: &[f32],
    k: usize,
) -> Result<Vec<Neighbour>, SearchError> {
    check_vector(query, index.dimensions())?;
    let matches = match index.scalar_kind() {
        ScalarKind::B1 => index.search(&signs(query), k),
        _ => index.search(query, k),
    };
    let matches = matches.map_err(|error| SearchError::Engine(error.into()))?;
    Ok(neighbours(&matches))
}

/// The `k` rows that are nearest to `query` by comparing it with every row as the index keeps it.
///
/// # Errors
/// See [`SearchError`].
pub(crate) fn search_exactly(
    index: &Index,
    query: &[f32],
    k: usize,
) -> Result<Vec<Neighbour>, SearchError> {
    check_vector(query, index.dimensions())?;
    let matches = match index.scalar_kind() {
        ScalarKind::B1 => index.exact_search(&signs(query), k),
        _ => index.exact_search(query, k),
    };
    let matches = matches.map_err(|error| SearchError::Engine(error.into()))?;
    Ok(neighbours(&matches))
}

/// The `k` rows for which `keeps` holds that are nearest to `query`, nearest first.
///
/// # Errors
/// See [`SearchError`].
pub(crate) fn search_among(
    index: &Index,
    query: &[f32],
    k: usize,
    keeps: impl Fn(u64) -> bool,
) -> Result<Vec<Neighbour>, SearchError> {
    check_vector(query, index.dimensions())?;
    let matches = match index.scalar_kind() {
        ScalarKind::B1 => index.filtered_search(&signs(query), k, keeps),
        _ => index.filtered_search(query, k, keeps),
    };
    let matches = matches.map_err(|error| SearchError::Engine(error.into()))?;
    Ok(neighbours(&matches))
}

fn neighbours(matches: &usearch::ffi::Matches) -> Vec<Neighbour> {
    let pairs = matches.keys.iter().zip(&matches.distances);
    pairs
        .map(|(&key, &distance)| Neighbour {
            // A key that is no row's becomes one that is never a row's, and fails the check.
            key: u32::try_from(key).unwrap_or(u32::MAX),
            distance,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use usearch::{IndexOptions, MetricKind};

    use super::*;

    #[test]
    fn vectors_that_cannot_be_compared_are_refused_with_the_reason() {
        let (nan, infinite) = (f32::NAN, f32::NEG_INFINITY);
        for (vector, said) in [
            (&[1.0, 2.0][..], None),
            (&[f32::MAX, -0.0], None),
            (&[1.0], Some("the vector has 1 dimensions, expected 2")),
            (&[], Some("the vector has 0 dimensions, expected 2")),
            (&[nan; 3], Some("the vector has 3 dimensions, expected 2")),
            (
                &[1.0, nan],
                Some("scalar 1 of the vector is NaN, expected a number"),
            ),
            (
                &[infinite, nan],
                Some("scalar 0 of the vector is -inf, expected a number"),
            ),
        ] {
            let bad = check_vector(vector, 2).err().map(|bad| bad.to_string());
            assert_eq!(bad.as_deref(), said, "{vector:?}");
        }
    }

    #[test]
    fn no_index_is_asked_about_what_is_not_a_number() {
        for (metric, kind) in [
            (MetricKind::IP, ScalarKind::BF16),
            (MetricKind::Cos, ScalarKind::F32),
            (MetricKind::Hamming, ScalarKind::B1),
        ] {
            let index = Index::new(&IndexOptions {
                dimensions: 8,
                metric,
                quantization: kind,
                ..IndexOptions::default()
            });
            let index = index.expect("is a configuration");
            index.reserve(4).expect("fits");
            add(&index, 3, &[1.0; 8]).expect("is a row");
            let found = search(&index, &[1.0; 8], 1).expect("is a query");
            assert_eq!(found[0].key, 3, "{kind:?}");

            let mut query = [1.0; 8];
            query[5] = f32::NAN;
            let refused = BadVector::Dimensions {
                found: 7,
                expected: 8,
            };
            let is =
                |result: Result<Vec<Neighbour>, SearchError>, expected: Option<BadVector>| match (
                    result, expected,
                ) {
                    (Err(SearchError::BadVector(bad)), Some(expected)) => assert_eq!(bad, expected),
                    (Err(SearchError::BadVector(BadVector::NotFinite { at: 5, .. })), None) => {}
                    (other, _) => panic!("{kind:?}: {other:?}"),
                };
            let found = search_exactly(&index, &[1.0; 8], 1).expect("is a query");
            assert_eq!(found[0].key, 3, "{kind:?}");
            is(search_exactly(&index, &query, 1), None);
            is(search(&index, &query, 1), None);
            is(search_among(&index, &query, 1, |_| true), None);
            is(search(&index, &query[..7], 1), Some(refused));
            is(
                search_among(&index, &query[..7], 1, |_| true),
                Some(refused),
            );
            assert!(add(&index, 4, &query).is_err(), "{kind:?}");
            assert_eq!(index.size(), 1, "{kind:?}");
        }
    }
}
