//! Planted memory: held while a scenario is measured, and used for nothing.

use crate::memory::resident_bytes;

/// The smallest page of the systems we measure on.
const PAGE_BYTES: u64 = 4096;

/// Memory that is held until this is dropped.
#[derive(Debug)]
pub struct Ballast {
    _blocks: Vec<Vec<u8>>,
}

/// Why memory cannot be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BallastError {
    /// A share of an unknown amount is unknown.
    #[error(
        "this system does not tell how much memory is resident, so no share of it can be planted"
    )]
    Unknown,
    /// The system has no more.
    #[error("the system refused the planted memory\n  hint: plant a smaller share")]
    Refused,
}

impl Ballast {
    /// Holds as much again as `share` of what this process has resident now, for example 0.2.
    ///
    /// # Errors
    /// See [`BallastError`].
    pub fn hold(share: f64) -> Result<Self, BallastError> {
        let resident = || resident_bytes().ok_or(BallastError::Unknown);
        let now = resident()?;
        // A cast from beyond the range gives its end, which no system grants.
        let target = now.saturating_add((now as f64 * share) as u64);
        // In turns, because the allocator hands out first what loading gave back, and those pages
        // are resident already: what counts is by how much the process has grown.
        let mut blocks = Vec::new();
        loop {
            let missing = target.saturating_sub(resident()?);
            if missing == 0 {
                return Ok(Self { _blocks: blocks });
            }
            blocks.push(touched(missing.next_multiple_of(PAGE_BYTES))?);
        }
    }
}

/// A block of `bytes`, each of them written, because a page that nobody touched is not resident.
fn touched(bytes: u64) -> Result<Vec<u8>, BallastError> {
    let bytes = usize::try_from(bytes).map_err(|_| BallastError::Refused)?;
    let mut block = Vec::new();
    block
        .try_reserve_exact(bytes)
        .map_err(|_| BallastError::Refused)?;
    block.resize(bytes, 1);
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_there_is_is_refused() {
        assert!(matches!(
            Ballast::hold(1e300),
            Err(BallastError::Refused | BallastError::Unknown)
        ));
    }
}
