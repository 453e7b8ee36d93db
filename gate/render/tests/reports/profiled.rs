//! Reports whose regressed scenarios were profiled.

use gate_schema::profile::{Profiler, TimePerOperation};
use gate_schema::report::{
    CandidateProfile, FrameChange, FrameShare, FrameTime, Hotspot, ProfileChange, ProfileFiles,
    ProfiledSide, Profiles, Reason, RelativePath, Report, Row, ScenarioProfile, Verdict,
};

use super::{name, quiet, regressed, report, row, verdict};

pub(crate) fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("profiled", profiled()),
        ("profiled_without_times", without_times()),
        ("profiled_in_vain", in_vain()),
        ("profiled_not", not_profiled()),
        (
            "profiled_hotspots",
            hotspots("engine::index::Segment::score<T|U>"),
        ),
    ]
}

const SCENARIO: &str = "vector/search/k10";

/// Two metrics of one scenario got worse; its profile is shown once.
fn profiled() -> Report {
    let mut rows = quiet();
    for (metric, baseline) in [("latency.p50", 14_200.0), ("latency.p99", 31_000.0)] {
        let row = row(SCENARIO, metric, baseline, 0.123);
        rows.push(verdict(row, Verdict::Regressed, Reason::BeyondMargin));
    }
    with(report(rows), compared(Some(14_200.0)))
}

fn without_times() -> Report {
    with(regressed(), compared(None))
}

/// Nothing moved by more than the noise.
fn in_vain() -> Report {
    let Profiles::Compared(mut change) = compared(Some(14_200.0)) else {
        unreachable!("as it was made");
    };
    for frame in &mut change.grew {
        frame.beyond_noise = false;
    }
    change.files = ProfileFiles::default();
    with(regressed(), Profiles::Compared(change))
}

fn not_profiled() -> Report {
    let absent = Profiles::Absent {
        reason: "perf may not sample here (perf_event_paranoid is 4)".to_owned(),
        command: Some("sudo sysctl kernel.perf_event_paranoid=1".to_owned()),
    };
    with(regressed(), absent)
}

/// Nothing got worse, and the candidate was profiled.
fn hotspots(function: &str) -> Report {
    let Profiles::Compared(change) = compared(Some(14_200.0)) else {
        unreachable!("as it was made");
    };
    let hotspots = ["engine::index::Segment::block_max_wand", function];
    let hotspots = hotspots.map(|name| Hotspot {
        name: name.to_owned(),
        ..change.hotspots[0].clone()
    });
    let candidate = CandidateProfile {
        profiler: change.profiler,
        candidate: change.candidate,
        hotspots: hotspots.to_vec(),
    };
    with(report(quiet()), Profiles::Candidate(Box::new(candidate)))
}

/// Names of functions and reasons that would act.
pub(crate) fn hostile(text: &str) -> [Report; 3] {
    let Profiles::Compared(mut change) = compared(Some(14_200.0)) else {
        unreachable!("as it was made");
    };
    change.profiler.reason = text.to_owned();
    for frame in &mut change.grew {
        frame.name = text.to_owned();
        frame.caller = Some(text.to_owned());
        frame.through = Some(text.to_owned());
    }
    let absent = Profiles::Absent {
        reason: text.to_owned(),
        command: Some(text.to_owned()),
    };
    [
        with(regressed(), Profiles::Compared(change)),
        with(regressed(), absent),
        hotspots(text),
    ]
}

/// The worst five of these rows, profiled; every frame is named `text`.
pub(crate) fn of_rows(rows: Vec<Row>, text: &str) -> Report {
    let [frames, ..] = hostile(text);
    let profiles = &frames.profiles[0].profiles;
    let mut report = report(rows);
    let worst = report.rows.iter().take(5).map(|row| ScenarioProfile {
        scenario: row.scenario.clone(),
        profiles: profiles.clone(),
    });
    report.profiles = worst.collect();
    report
}

fn with(mut report: Report, profiles: Profiles) -> Report {
    report.profiles = vec![ScenarioProfile {
        scenario: name(SCENARIO),
        profiles,
    }];
    report
}

/// Five frames grew, four of them by more than noise: three are named.
fn compared(ns: Option<f64>) -> Profiles {
    let share = |own: f64, total: f64, slower: f64| FrameShare {
        own,
        total,
        own_ns: ns.map(|ns| own * ns * slower),
        total_ns: ns.map(|ns| total * ns * slower),
    };
    let frame = |name: &str, own: [f64; 2], change: f64| FrameChange {
        name: name.to_owned(),
        by: FrameTime::Own,
        baseline: share(own[0], own[0] + 0.02, 1.0),
        candidate: share(own[1], own[1] + 0.02, 1.12),
        change,
        standard_error: 0.004,
        beyond_noise: true,
        caller: Some("engine::index::Segment::search".to_owned()),
        through: None,
    };
    let side = |samples, slower: f64| ProfiledSide {
        samples,
        period_ns: Some(1_003_009.0),
        time_per_operation: ns.map(|ns| TimePerOperation {
            ns: ns * slower,
            standard_error_ns: 90.0,
        }),
    };
    let path = |text: &str| RelativePath::new(text).ok();
    Profiles::Compared(Box::new(ProfileChange {
        profiler: Profiler {
            tool: name("perf"),
            event: name("cpu-clock"),
            reason: "no hardware counters here".to_owned(),
        },
        baseline: side(5031, 1.0),
        candidate: side(5120, 1.12),
        grew: vec![
            frame(
                "engine::index::Segment::block_max_wand",
                [0.11, 0.23],
                0.148,
            ),
            FrameChange {
                through: Some("__memmove_avx512_unaligned_erms".to_owned()),
                ..frame("engine::rank::collect", [0.021, 0.045], 0.029)
            },
            FrameChange {
                by: FrameTime::Total,
                caller: None,
                ..frame("engine::prefetch", [0.0, 0.001], 0.02)
            },
            frame("engine::parse", [0.04, 0.05], 0.016),
            FrameChange {
                beyond_noise: false,
                ..frame("engine::lock", [0.05, 0.06], 0.012)
            },
        ],
        shrank: Vec::new(),
        hotspots: vec![Hotspot {
            name: "engine::index::Segment::block_max_wand".to_owned(),
            share: share(0.23, 0.25, 1.12),
            standard_error: 0.006,
        }],
        files: ProfileFiles {
            differential: path("profiles/k10.svg"),
            ..ProfileFiles::default()
        },
    }))
}
