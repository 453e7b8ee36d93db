//! How fast the processors run, and by which clock that is told.

use super::root::Root;
use super::{Finding, Setting};

/// Clocks read without a system call: the time-stamp counter of x86, the system counter of ARM.
const FAST_CLOCKS: [&str; 2] = ["tsc", "arch_sys_counter"];

const CPUS: &str = "sys/devices/system/cpu";

pub(super) fn governor(root: &Root) -> Finding {
    let setting = Setting {
        name: "governor",
        why: "a processor that saves power needs milliseconds to speed up, and short operations pay for it",
        fix: "echo performance | sudo tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor",
    };
    let directory = format!("{CPUS}/cpufreq");
    let mut governors: Vec<String> = root
        .numbered(&directory, "policy")
        .iter()
        .filter_map(|policy| root.line(&format!("{directory}/{policy}/scaling_governor")))
        .collect();
    governors.sort();
    governors.dedup();
    if governors.is_empty() {
        return setting
            .unknown("no frequency scaling is visible; in a virtual machine the host decides");
    }
    setting.found(governors == ["performance"], governors.join(", "))
}

pub(super) fn turbo(root: &Root) -> Finding {
    let no_turbo = format!("{CPUS}/intel_pstate/no_turbo");
    let why = "a core runs faster while it is cool and its neighbours idle, so the same code takes another time";
    // Intel's switch says the opposite of the generic one.
    if let Some(off) = root.number(&no_turbo) {
        let fix = "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo";
        let setting = Setting {
            name: "turbo",
            why,
            fix,
        };
        return setting.found(off == 1, if off == 1 { "off" } else { "on" });
    }
    let fix = "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost";
    let setting = Setting {
        name: "turbo",
        why,
        fix,
    };
    match root.number(&format!("{CPUS}/cpufreq/boost")) {
        Some(on) => setting.found(on == 0, if on == 0 { "off" } else { "on" }),
        None => setting.unknown("no switch is visible; look for it in the firmware"),
    }
}

pub(super) fn throttling(root: &Root) -> Finding {
    let setting = Setting {
        name: "throttling",
        why: "a processor that gets too hot slows down in the middle of a measurement",
        fix: "cool it better, or lower the limit: sudo cpupower frequency-set --max 2.5GHz",
    };
    let counts: Vec<u64> = root
        .numbered(CPUS, "cpu")
        .iter()
        .filter_map(|cpu| {
            root.number(&format!(
                "{CPUS}/{cpu}/thermal_throttle/core_throttle_count"
            ))
        })
        .collect();
    if counts.is_empty() {
        return setting.unknown("the processor counts none; in a virtual machine the host does");
    }
    let most = counts.into_iter().max().unwrap_or(0);
    let found = match most {
        0 => "never since boot".to_owned(),
        times => format!("{times} times since boot on one core"),
    };
    setting.found(most == 0, found)
}

pub(super) fn source(root: &Root) -> Finding {
    let setting = Setting {
        name: "clock source",
        why: "a clock that is read by a system call costs more than the operations it times",
        fix: "boot with clocksource=tsc tsc=reliable, if `dmesg | grep -i tsc` does not call it unstable",
    };
    let path = "sys/devices/system/clocksource/clocksource0/current_clocksource";
    match root.line(path) {
        Some(name) => setting.found(FAST_CLOCKS.contains(&name.as_str()), name),
        None => setting.unknown("the system does not name one"),
    }
}
