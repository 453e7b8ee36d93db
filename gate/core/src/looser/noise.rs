//! Whether a calibration lets more pass than before.

use gate_schema::noise::{Noise, NoiseRow};

use crate::paired::History;

/// Rows of `before` that `now` calls noisier, or knows less of: their intervals are wider, so that more stays
/// undecided.
pub fn noisier<'a>(before: &'a Noise, now: &Noise) -> Vec<&'a NoiseRow> {
    // What holds for another machine says nothing about this one.
    let is_same = now.fingerprint == before.fingerprint;
    let known = |was: &NoiseRow| {
        let row = now.row(&was.scenario, &was.metric).filter(|_| is_same)?;
        History::of(row).filter(|_| (row.scale, row.unit) == (was.scale, was.unit))
    };
    let is_noisier = |row: &&NoiseRow| {
        History::of(row).is_some_and(|was| {
            known(row).is_none_or(|is| is.variance > was.variance || is.freedom < was.freedom)
        })
    };
    before.rows.iter().filter(is_noisier).collect()
}
