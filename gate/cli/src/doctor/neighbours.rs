//! Who else uses the processors.

use super::root::Root;
use super::{Finding, Setting};

/// Programs ready to run, on average of a minute, on a machine that does nothing: well below a half.
const MAX_LOAD: f64 = 0.5;

/// Share of time given to other machines. Twice as much within a single repetition is named beside its
/// values; over the time since boot, in which a machine is mostly idle, half of that is a lot.
const MAX_STEAL: f64 = 0.01;

pub(super) fn smt(root: &Root) -> Finding {
    let setting = Setting {
        name: "smt",
        why: "two threads share one core, so whatever runs on the other one takes time from what is measured",
        fix: "echo off | sudo tee /sys/devices/system/cpu/smt/control",
    };
    match root.number("sys/devices/system/cpu/smt/active") {
        Some(0) => setting.found(true, "off"),
        Some(_) => setting.found(false, "on"),
        None => setting.unknown("the system does not tell"),
    }
}

pub(super) fn load(root: &Root) -> Finding {
    let setting = Setting {
        name: "load",
        why: "whatever else runs takes processor time, caches and memory bandwidth",
        fix: "find it and stop it: ps -eo pcpu,pid,args --sort=-pcpu | head",
    };
    let line = root.line("proc/loadavg");
    let minute = line.as_deref().and_then(|line| line.split(' ').next());
    let load: Option<f64> = minute.and_then(|text| text.parse().ok());
    match load {
        Some(load) => setting.found(load <= MAX_LOAD, format!("{load:.2} over the last minute")),
        None => setting.unknown("the system does not tell"),
    }
}

pub(super) fn steal(root: &Root) -> Finding {
    let setting = Setting {
        name: "steal",
        why: "the host gives the processors to other machines, and every measurement waits for them",
        fix: "measure on hardware of your own; `vmstat 1` shows it in column st",
    };
    let Some((all, stolen)) = root.line("proc/stat").as_deref().and_then(ticks) else {
        return setting.unknown("the system does not tell");
    };
    let share = stolen as f64 / all as f64;
    setting.found(
        share <= MAX_STEAL,
        format!("{:.1} % since boot", 100.0 * share),
    )
}

/// All ticks, never zero, and the stolen ones, see proc(5).
fn ticks(line: &str) -> Option<(u64, u64)> {
    let fields = line.strip_prefix("cpu ")?.split_whitespace();
    // User to steal; guest time behind them is in user time already.
    let ticks: Vec<u64> = fields
        .take(8)
        .map_while(|field| field.parse().ok())
        .collect();
    let all = ticks.iter().sum::<u64>();
    ticks
        .get(7)
        .filter(|_| all > 0)
        .map(|&stolen| (all, stolen))
}
