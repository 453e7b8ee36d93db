//! When everything got slower together, stored numbers cannot say whether it was the code.
//!
//! A neighbour, a throttled processor or a busy disk slows scenarios that share no code, for longer
//! than the two sessions of a candidate last. A change that slows most of a suite looks the same. So
//! the rows are not called regressed; interleaved measuring of both builds tells the two apart.

use std::collections::BTreeSet;

use gate_schema::id::ScenarioId;
use gate_schema::report::{Basis, Reason, Row, Verdict};

/// Share of the scenarios above which a slowdown is everybody's.
pub const MACHINE_WIDE: f64 = 0.5;

/// Fewest scenarios that can tell: of one or two, all getting slower is no pattern.
pub const MIN_SCENARIOS: usize = 3;

/// Turns regressed timings into inconclusive ones when more than [`MACHINE_WIDE`] of at least
/// [`MIN_SCENARIOS`] scenarios with comparable timings have any.
pub(crate) fn doubt(rows: &mut [Row]) {
    let judged = |row: &&Row| {
        let is_stored = row
            .effect
            .as_ref()
            .is_some_and(|e| e.basis == Some(Basis::Sessions) && e.margin.is_some());
        row.gating && row.unit.is_timing() && is_stored
    };
    let scenarios = |rows: &[Row], slower: bool| -> usize {
        let is_asked = |row: &&Row| judged(row) && (!slower || row.verdict == Verdict::Regressed);
        rows.iter()
            .filter(is_asked)
            .map(|row| &row.scenario)
            .collect::<BTreeSet<&ScenarioId>>()
            .len()
    };
    let (of, slower) = (scenarios(rows, false), scenarios(rows, true));
    if of < MIN_SCENARIOS || slower as f64 <= MACHINE_WIDE * of as f64 {
        return;
    }
    for row in rows
        .iter_mut()
        .filter(|row| row.verdict == Verdict::Regressed && row.unit.is_timing())
    {
        row.verdict = Verdict::Inconclusive;
        row.reason = Reason::SlowerTogether {
            scenarios: slower,
            of,
        };
    }
}
