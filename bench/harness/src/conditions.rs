//! The conditions under which a repetition was measured: what the system did to this process.
//!
//! They decide nothing. They are named when they are unusual, so that whoever wonders about a figure
//! finds the likely cause beside it.

use std::time::{Duration, Instant};

use gate_schema::run::{Anomaly, AnomalyKind};

use crate::measure::Timings;
use crate::processor::ticks;

/// Share of the processors' time that the hypervisor may give to others before it is said.
const STOLEN: f64 = 0.02;

/// Times per second that the system took the processor away before it is said. A quiet machine does
/// so a few times, unless more threads work than there are processors: those take it from each other.
const INTERRUPTED: f64 = 100.0;

/// Pages from disk before they are said. A few of the program's own come in late.
const MAJOR_FAULTS: u64 = 10;

/// What a scenario brings about by itself, so that it is not unusual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByDesign {
    /// More threads work than there are processors: they wait for each other.
    pub crowd: bool,
    /// Operations wait for a disk.
    pub disk: bool,
}

/// What the system counts, at one moment or between two.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conditions {
    /// Pages read from disk because they were not in memory.
    major_faults: u64,
    /// Times the system took the processor away.
    involuntary_switches: u64,
    /// Ticks of all processors, and those of them that others got.
    ticks: u64,
    stolen_ticks: u64,
    /// Since the process's first look.
    at: Duration,
}

impl Conditions {
    /// What was counted up to now. Zeros where the system does not tell.
    #[must_use]
    pub fn now() -> Self {
        let (ticks, stolen_ticks) = ticks().unwrap_or_default();
        let (major_faults, involuntary_switches) = of_this_process().unwrap_or_default();
        Self {
            major_faults,
            involuntary_switches,
            ticks,
            stolen_ticks,
            at: elapsed(),
        }
    }

    /// What was counted between an earlier moment and this.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            major_faults: self.major_faults.saturating_sub(earlier.major_faults),
            involuntary_switches: self
                .involuntary_switches
                .saturating_sub(earlier.involuntary_switches),
            ticks: self.ticks.saturating_sub(earlier.ticks),
            stolen_ticks: self.stolen_ticks.saturating_sub(earlier.stolen_ticks),
            at: self.at.saturating_sub(earlier.at),
        }
    }

    /// What was unusual; empty when nothing was.
    #[must_use]
    pub fn anomalies(&self, timings: &Timings, by_design: ByDesign) -> Vec<Anomaly> {
        let mut anomalies = self.of_the_system(by_design);
        anomalies.extend(timings.slices.trend().map(|change| {
            let (percent, compared) = (
                100.0 * change.abs(),
                if change > 0.0 { "more" } else { "less" },
            );
            let said = format!(
                "not steady: the last operations took {percent:.0} % {compared} than the first"
            );
            anomaly(AnomalyKind::NotSteady, said)
        }));
        let behind = timings.behind.iter().cloned();
        anomalies.extend(behind.map(|said| anomaly(AnomalyKind::Behind, said)));
        anomalies
    }

    fn of_the_system(&self, by_design: ByDesign) -> Vec<Anomaly> {
        let mut anomalies = Vec::new();
        let stolen = self.stolen_ticks as f64 / self.ticks.max(1) as f64;
        if stolen > STOLEN {
            let percent = 100.0 * stolen;
            let said = format!("others got {percent:.0} % of the processors' time");
            anomalies.push(anomaly(AnomalyKind::Stolen, said));
        }
        let seconds = self.at.as_secs_f64();
        let per_second = self.involuntary_switches as f64 / seconds;
        if seconds > 0.0 && per_second > INTERRUPTED && !by_design.crowd {
            let said =
                format!("the system took the processor away {per_second:.0} times per second");
            anomalies.push(anomaly(AnomalyKind::Interrupted, said));
        }
        if self.major_faults > MAJOR_FAULTS && !by_design.disk {
            let said = format!("{} pages came from disk", self.major_faults);
            anomalies.push(anomaly(AnomalyKind::Paged, said));
        }
        anomalies
    }
}

fn anomaly(kind: AnomalyKind, said: String) -> Anomaly {
    Anomaly { kind, said }
}

/// Time since the first call.
fn elapsed() -> Duration {
    static FIRST: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

/// Major faults and involuntary switches, over all threads.
#[cfg(unix)]
fn of_this_process() -> Option<(u64, u64)> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    #[expect(
        unsafe_code,
        reason = "the standard library does not expose resource usage"
    )]
    // SAFETY: getrusage fills the struct it is given when it returns 0, and keeps no pointer to it.
    let usage = unsafe {
        if libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) != 0 {
            return None;
        }
        usage.assume_init()
    };
    let count = |number| u64::try_from(number).ok();
    Some((count(usage.ru_majflt)?, count(usage.ru_nivcsw)?))
}

#[cfg(not(unix))]
fn of_this_process() -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_unusual_is_said() {
        let quiet = Conditions {
            major_faults: 0,
            involuntary_switches: 40,
            ticks: 200,
            stolen_ticks: 2,
            at: Duration::from_secs(1),
        };
        for (case, conditions, expected) in [
            ("quiet", quiet, None),
            ("nothing counted", Conditions::default(), None),
            (
                "neighbours",
                Conditions {
                    stolen_ticks: 20,
                    ..quiet
                },
                Some("others got 10 % of the processors' time"),
            ),
            (
                "too many threads",
                Conditions {
                    involuntary_switches: 250,
                    ..quiet
                },
                Some("the system took the processor away 250 times per second"),
            ),
            (
                "a cold cache",
                Conditions {
                    major_faults: 70,
                    ..quiet
                },
                Some("70 pages came from disk"),
            ),
        ] {
            let anomalies = conditions.of_the_system(ByDesign::default());
            let said = anomalies.first().map(|anomaly| anomaly.said.as_str());
            assert_eq!(said, expected, "{case}");
            assert!(anomalies.len() <= 1, "{case}: {anomalies:?}");
        }
    }

    #[test]
    fn what_a_scenario_brings_about_by_itself_is_not_unusual() {
        let conditions = Conditions {
            major_faults: 70,
            involuntary_switches: 250,
            at: Duration::from_secs(1),
            ..Conditions::default()
        };
        for (crowd, disk, expected) in [
            (false, false, 2),
            (true, false, 1),
            (false, true, 1),
            (true, true, 0),
        ] {
            let said = conditions.of_the_system(ByDesign { crowd, disk });
            assert_eq!(said.len(), expected, "{said:?}");
        }
    }

    #[test]
    fn what_happens_between_two_moments_is_counted() {
        let before = Conditions::now();
        let between = Conditions::now().since(&before);
        assert!(between.at <= Conditions::now().at);
        assert!(between.major_faults <= Conditions::now().major_faults);
    }
}
