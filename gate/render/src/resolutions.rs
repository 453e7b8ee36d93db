//! What a calibrated machine can resolve, as a table for people.

use std::collections::BTreeMap;

use gate_schema::id::ScenarioId;
use gate_schema::noise::Resolution;

use crate::escape::Target;
use crate::quantity;

/// Columns between two columns.
const GAP: &str = "  ";

/// One machine: how noisy each judged row is, what a check with `pairs` (first session, later
/// sessions) would find there, and how many pairs each margin needs. Neediest first.
#[must_use]
pub fn resolutions(machine: &str, rows: &[Resolution], pairs: (u32, u32)) -> String {
    let target = Target::Ascii;
    if rows.is_empty() {
        return format!(
            "{}: too few calibration sessions to say anything yet; `gate calibrate` adds more\n",
            target.outside(machine)
        );
    }
    let (first, again) = pairs;
    let gating: Vec<&Resolution> = rows.iter().filter(|row| row.gating).collect();
    let resolved = gating.iter().filter(|row| row.pairs_to_pass <= first);
    let blind = gating.iter().filter(|row| !row.is_gateable).count();
    let mut text = format!(
        "{}: {} of {} gating rows resolve their margin with {first} pairs",
        target.outside(machine),
        resolved.count(),
        gating.len(),
    );
    if blind > 0 {
        text.push_str(&format!("; {blind} cannot gate here"));
    }
    text.push_str("\n\n");
    let found = format!("{first}+{again} pairs find");
    let mut lines = vec![
        [
            "scenario",
            "metric",
            "margin",
            "noise",
            &found,
            "pairs to pass",
            "",
        ]
        .map(str::to_owned),
    ];
    lines.extend(rows.iter().map(|row| cells(row, first, target)));
    let widths: Vec<usize> = (0..7)
        .map(|column| {
            lines
                .iter()
                .map(|line| line[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    for line in lines {
        let padded: Vec<String> = line
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, &width))| match column {
                0 | 1 | 6 => format!("{cell:width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        text.push_str(padded.join(GAP).trim_end());
        text.push('\n');
    }
    text
}

/// One sentence that names the scenarios of one machine that are still warming up after `dropped`
/// starts, and says what to do; empty when those are enough.
#[must_use]
pub fn warm_up(rows: &[Resolution], dropped: u32) -> String {
    let mut most: BTreeMap<&ScenarioId, u32> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.warm_up_starts > dropped) {
        let starts = most.entry(&row.scenario).or_default();
        *starts = row.warm_up_starts.max(*starts);
    }
    let Some(&needed) = most.values().max() else {
        return String::new();
    };
    let starts = |count: u32| match count {
        1 => "1 start".to_owned(),
        many => format!("{many} starts"),
    };
    let scenarios: Vec<String> = (most.iter())
        .map(|(scenario, needed)| {
            let more = starts(needed - dropped).replace("start", "more start");
            format!("{} for {more}", Target::Ascii.outside(scenario.as_str()))
        })
        .collect();
    format!(
        "\nstill warming up after the {} dropped: {}; set `warm-up-starts = {needed}` in [measure]\n",
        starts(dropped),
        scenarios.join(", "),
    )
}

fn cells(row: &Resolution, first: u32, target: Target) -> [String; 7] {
    let size = |value: f64| quantity::magnitude(value, row.scale, row.unit, target);
    let remark = if !row.gating {
        "only reported"
    } else if !row.is_gateable {
        "not gateable here: report it, or gate a calmer metric"
    } else if row.pairs_to_pass > first {
        "raise pairs or widen the margin, else it often stays undecided"
    } else {
        ""
    };
    [
        target.outside(row.scenario.as_str()),
        target.outside(row.metric.as_str()),
        size(row.margin),
        size(row.floor),
        quantity::detectable(row.detectable, row.scale, row.unit, target),
        row.pairs_to_pass.to_string(),
        remark.to_owned(),
    ]
}
