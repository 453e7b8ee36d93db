//! What was unusual while a row was measured, in words.

use gate_schema::report::{Disturbed, Row, SideName};
use gate_schema::run::AnomalyKind;

/// What disturbed a row, its most frequent cause alone: for the `why` column.
pub(crate) fn phrase(row: &Row) -> Option<String> {
    said(row, " disturbed", 1)
}

/// The same with every cause, behind the word.
pub(crate) fn whole(row: &Row) -> Option<String> {
    said(row, "", usize::MAX)
}

fn said(row: &Row, word: &str, causes: usize) -> Option<String> {
    let of_side = |disturbed: &Disturbed| {
        let side = match disturbed.side {
            SideName::Baseline => "baseline",
            SideName::Candidate => "candidate",
        };
        let by: Vec<&str> = disturbed
            .by
            .iter()
            .take(causes)
            .map(|kind| cause(*kind))
            .collect();
        let Disturbed {
            repetitions, of, ..
        } = disturbed;
        format!(
            "{repetitions} of {of} {side} repetitions{word}: {}",
            by.join(", ")
        )
    };
    let sides: Vec<String> = row.disturbed.iter().map(of_side).collect();
    (!sides.is_empty()).then(|| sides.join("; "))
}

fn cause(kind: AnomalyKind) -> &'static str {
    match kind {
        AnomalyKind::Stolen => "others got the processors' time",
        AnomalyKind::Interrupted => "the system took the processor away",
        AnomalyKind::Paged => "pages came from disk",
        AnomalyKind::NotSteady => "operations were not steady",
        AnomalyKind::Behind => "work beside them fell behind",
        AnomalyKind::ClockStepped => "the clock stepped back",
        AnomalyKind::ClockCoarse => "the clock is too coarse",
        AnomalyKind::Pressed => "tasks waited for the machine",
        AnomalyKind::MemoryFull => "the memory was nearly full",
        AnomalyKind::DiskBusy => "a disk was busy all the time",
        AnomalyKind::NetworkBusy => "the network was nearly full",
        AnomalyKind::Other => "something unusual happened",
    }
}
