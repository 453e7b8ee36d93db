//! The independent truth about a collection: a sorted map of what should be in it.

use std::collections::BTreeMap;

use bench_harness::WrongAnswer;

use super::warm::metadata;
use super::{Collection, Metadata};
use crate::vector::rows::Generator;

/// Relative rounding of a scalar with eight significant bits.
const ROUNDING: f32 = 1.0 / 256.0;

/// Entries whose metadata is compared, about, evenly spread: all but those of the largest collection.
const READ: usize = 100_000;

/// Vectors that are compared, about, evenly spread: making a row again takes longer than reading it.
const COMPARED: usize = 4_000;

/// What should be in a collection of rows of the generator under their own numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    metadata: BTreeMap<u32, Metadata>,
}

impl Model {
    /// The first `items` rows.
    pub(crate) fn of(items: usize) -> Self {
        let keys = (0..).take(items);
        Self {
            metadata: keys.map(|key| (key, metadata(key))).collect(),
        }
    }

    pub(crate) fn insert(&mut self, key: u32, metadata: Metadata) {
        self.metadata.insert(key, metadata);
    }

    pub(crate) fn remove(&mut self, key: u32) {
        self.metadata.remove(&key);
    }

    pub(crate) fn len(&self) -> usize {
        self.metadata.len()
    }

    /// Whether the collection has these keys and no others, with this metadata and the rows of the
    /// generator.
    ///
    /// # Errors
    /// The first difference.
    pub(crate) fn check(
        &self,
        collection: &Collection,
        generator: &Generator,
    ) -> Result<(), WrongAnswer> {
        let mut keys = collection.keys();
        keys.sort_unstable();
        self.check_keys(collection.count(), &keys)?;
        let mut vector = vec![0.0; generator.dimensions()];
        let stride = self.len().div_ceil(READ).max(1);
        let read = self.metadata.iter().step_by(stride);
        let of_read = read.len().div_ceil(COMPARED).max(1);
        for (number, (&key, &expected)) in read.enumerate() {
            let found = collection.get(key, &mut vector);
            let found = found.map_err(|error| wrong(key, error.to_string(), "to be there"))?;
            if found != expected {
                return Err(wrong(key, format!("{found:?}"), &format!("{expected:?}")));
            }
            if number % of_read == 0 {
                check_vector(generator, key, &vector)?;
            }
        }
        Ok(())
    }

    /// Whether a count and keys in ascending order are those of the model.
    ///
    /// # Errors
    /// The first difference.
    pub(crate) fn check_keys(&self, count: usize, keys: &[u32]) -> Result<(), WrongAnswer> {
        let expected = self.len();
        if count != expected || keys.len() != expected {
            return Err(WrongAnswer {
                place: "the collection".into(),
                found: format!("{count} vectors counted, {} keys listed", keys.len()),
                expected: format!("{expected} of both"),
            });
        }
        let mut pairs = keys.iter().zip(self.metadata.keys());
        match pairs.find(|(found, expected)| found != expected) {
            None => Ok(()),
            Some((found, expected)) => Err(wrong(*expected, format!("key {found}"), "its own")),
        }
    }
}

/// Whether a stored vector is a row of the generator, but for its rounding.
///
/// # Errors
/// The first scalar that is another one.
pub(crate) fn check_vector(
    generator: &Generator,
    key: u32,
    stored: &[f32],
) -> Result<(), WrongAnswer> {
    for (at, (&found, expected)) in stored.iter().zip(generator.row(u64::from(key))).enumerate() {
        // Written so that what is not a number is wrong.
        let is_near = (found - expected).abs() <= ROUNDING * expected.abs();
        if !is_near {
            let place = format!("scalar {at} is {found}");
            return Err(wrong(key, place, &expected.to_string()));
        }
    }
    Ok(())
}

pub(crate) fn wrong(key: u32, found: String, expected: &str) -> WrongAnswer {
    WrongAnswer {
        place: format!("key {key}"),
        found,
        expected: expected.to_owned(),
    }
}
