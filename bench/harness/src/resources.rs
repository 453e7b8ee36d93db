//! How much of the machine is taken, by whoever: processors, memory, disks and network.
//!
//! Read at moments; two of them say what was short between. Where the kernel does not tell, nothing is short.

use std::fs;
use std::path::Path;
use std::time::Duration;

use gate_schema::run::AnomalyKind;

use crate::conditions::ByDesign;
use crate::group::{self, Memory};

mod network;
use network::Links;

/// Share of the time in which something waited for a resource before it is said.
const WAITED: f64 = 0.1;

/// Share of the memory that may be taken before it is said.
const TAKEN: f64 = 0.9;

/// Share of the time that a disk may be busy before it is said.
const BUSY: f64 = 0.8;

/// Share of a link's speed that may be used before it is said.
const USED: f64 = 0.7;

/// Between two moments closer than this, one wait is a large share and says nothing.
const SHORTEST: Duration = Duration::from_millis(100);

/// A rule that resources can break. In the order of declaration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// Tasks waited for a processor, for memory or for a disk: the kernel's pressure.
    Waited(Awaited),
    /// The memory was nearly all taken.
    Memory,
    /// This disk was hardly ever idle.
    Disk(String),
    /// This link of the network carried nearly all that it can.
    Link(String),
}

/// What tasks wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Awaited {
    Processor,
    Memory,
    Disk,
}

impl Awaited {
    const ALL: [Self; 3] = [Self::Processor, Self::Memory, Self::Disk];

    /// As the kernel names it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Processor => "cpu",
            Self::Memory => "memory",
            Self::Disk => "io",
        }
    }
}

impl Rule {
    /// The share from which on it is broken.
    fn limit(&self) -> f64 {
        match self {
            Self::Waited(_) => WAITED,
            Self::Memory => TAKEN,
            Self::Disk(_) => BUSY,
            Self::Link(_) => USED,
        }
    }

    /// Whether a scenario breaks it by itself.
    fn is_by_design(&self, by_design: ByDesign) -> bool {
        match self {
            Self::Waited(Awaited::Processor) => by_design.crowd,
            Self::Waited(Awaited::Disk) | Self::Disk(_) => by_design.disk,
            Self::Waited(Awaited::Memory) | Self::Memory | Self::Link(_) => false,
        }
    }

    pub(crate) fn kind(&self) -> AnomalyKind {
        match self {
            Self::Waited(_) => AnomalyKind::Pressed,
            Self::Memory => AnomalyKind::MemoryFull,
            Self::Disk(_) => AnomalyKind::DiskBusy,
            Self::Link(_) => AnomalyKind::NetworkBusy,
        }
    }

    /// How it was broken, in words.
    pub(crate) fn said(&self, share: f64) -> String {
        let percent = 100.0 * share;
        match self {
            Self::Waited(awaited) => {
                let what = match awaited {
                    Awaited::Processor => "a processor",
                    Awaited::Memory => "memory",
                    Awaited::Disk => "disks",
                };
                format!("tasks waited for {what} in {percent:.0} % of the time")
            }
            Self::Memory => format!("{percent:.0} % of the memory was taken"),
            Self::Disk(disk) => format!("the disk {disk} was busy in {percent:.0} % of the time"),
            Self::Link(link) => {
                format!("the network link {link} carried {percent:.0} % of what it can")
            }
        }
    }
}

/// What the system counts, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resources {
    /// Microseconds in which some task waited, by [`Awaited`]: of the machine, and of this process's group.
    waited_us: [[Option<u64>; 2]; 3],
    /// Share of the memory that is taken: of the machine's or of what the group may have, whichever is more.
    memory: Option<f64>,
    /// Milliseconds that each disk was busy.
    busy_ms: Vec<(String, u64)>,
    /// What links of the network carried.
    links: Links,
}

impl Resources {
    /// What was counted up to now.
    pub(crate) fn now() -> Self {
        let read = |path: &Path| fs::read_to_string(path).ok();
        let waited_us = Awaited::ALL.map(|awaited| {
            let of_machine = Path::new("/proc/pressure").join(awaited.as_str());
            let of_group = group::folder().join(format!("{}.pressure", awaited.as_str()));
            [of_machine, of_group].map(|path| waited_us(&read(&path)?))
        });
        let of_machine = read(Path::new("/proc/meminfo")).and_then(|text| taken(&text));
        let of_groups = Memory::of_groups().map(|memory| memory.taken as f64 / memory.most as f64);
        Self {
            waited_us,
            memory: of_groups.chain(of_machine).max_by(f64::total_cmp),
            busy_ms: read(Path::new("/proc/diskstats"))
                .map_or_else(Vec::new, |text| busy_ms(&text)),
            links: network::now(),
        }
    }

    /// Of a machine that tells nothing else.
    #[cfg(test)]
    pub(crate) fn with_memory(share: f64) -> Self {
        Self {
            memory: Some(share),
            ..Self::default()
        }
    }

    /// What was short from this moment to `later`, which is `elapsed` after it, each with its share, but for what is
    /// so by design.
    pub(crate) fn short(
        &self,
        later: &Self,
        elapsed: Duration,
        by_design: ByDesign,
    ) -> Vec<(Rule, f64)> {
        let mut shares: Vec<(Rule, f64)> = Vec::new();
        shares.extend(later.memory.map(|share| (Rule::Memory, share)));
        if elapsed >= SHORTEST {
            shares.extend(self.waited(later, elapsed));
            shares.extend(self.busy(later, elapsed));
            let links = network::used(&self.links, &later.links, elapsed).into_iter();
            shares.extend(links.map(|(link, share)| (Rule::Link(link), share)));
        }
        shares.retain(|(rule, share)| *share > rule.limit() && !rule.is_by_design(by_design));
        shares
    }

    /// In which share of the time something waited, of the machine or of the group, whichever is more.
    fn waited(&self, later: &Self, elapsed: Duration) -> Vec<(Rule, f64)> {
        let waits = self.waited_us.iter().zip(&later.waited_us);
        let waits = Awaited::ALL.into_iter().zip(waits);
        let mut shares = Vec::new();
        for (awaited, (before, after)) in waits {
            let both = before.iter().zip(after);
            let both = both.filter_map(|(before, after)| {
                Some(share((*before)?, (*after)?, elapsed.as_micros()))
            });
            let most = both.max_by(f64::total_cmp);
            shares.extend(most.map(|share| (Rule::Waited(awaited), share)));
        }
        shares
    }

    /// In which share of the time each disk was busy.
    fn busy(&self, later: &Self, elapsed: Duration) -> Vec<(Rule, f64)> {
        let share = |(disk, after): &(String, u64)| {
            let (_, before) = self.busy_ms.iter().find(|(other, _)| other == disk)?;
            let share = share(*before, *after, elapsed.as_millis());
            Some((Rule::Disk(disk.clone()), share))
        };
        later.busy_ms.iter().filter_map(share).collect()
    }
}

/// The share of `elapsed` that was counted between two moments; counters of the kernel may run ahead of its clock.
fn share(before: u64, after: u64, elapsed: u128) -> f64 {
    (after.saturating_sub(before) as f64 / elapsed as f64).min(1.0)
}

/// Microseconds of waiting from a file of pressure: `some avg10=0.00 avg60=0.00 avg300=0.00 total=12`.
fn waited_us(text: &str) -> Option<u64> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let total = some
        .split_whitespace()
        .find_map(|field| field.strip_prefix("total="))?;
    total.parse().ok()
}

/// The share of the memory that cannot be had, from `/proc/meminfo`.
fn taken(meminfo: &str) -> Option<f64> {
    let [total, available] = ["MemTotal:", "MemAvailable:"].map(|field| {
        let value = meminfo.lines().find_map(|line| line.strip_prefix(field))?;
        value.split_whitespace().next()?.parse::<f64>().ok()
    });
    Some(1.0 - available? / total.filter(|total| *total > 0.0)?)
}

/// The time that each disk was busy, from `/proc/diskstats`, see the kernel's admin-guide/iostats.
fn busy_ms(diskstats: &str) -> Vec<(String, u64)> {
    let disk = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let name = *fields.get(2)?;
        let is_disk = !["loop", "ram", "zram"]
            .iter()
            .any(|kind| name.starts_with(kind));
        let busy: u64 = fields.get(12)?.parse().ok()?;
        // Partitions come behind their disk, are part of it, and are busy no longer than it is.
        (is_disk && busy > 0).then(|| (name.to_owned(), busy))
    };
    let mut disks: Vec<(String, u64)> = diskstats.lines().filter_map(disk).collect();
    let names: Vec<String> = disks.iter().map(|(name, _)| name.clone()).collect();
    disks.retain(|(name, _)| !names.iter().any(|disk| is_part(name, disk)));
    disks
}

/// Whether `name` is a partition of `disk`: `vda1` of `vda`, `nvme0n1p1` of `nvme0n1`. Behind a number stands a `p`,
/// so that `dm-10` is none of `dm-1`.
fn is_part(name: &str, disk: &str) -> bool {
    let ends_in_number = disk.ends_with(|letter: char| letter.is_ascii_digit());
    let number = name
        .strip_prefix(disk)
        .and_then(|rest| match ends_in_number {
            true => rest.strip_prefix('p'),
            false => Some(rest),
        });
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_kernel_are_read_or_absent() {
        let pressure =
            "some avg10=1.15 avg60=0.83 avg300=1.10 total=22381\nfull avg10=0.00 total=7\n";
        assert_eq!(waited_us(pressure), Some(22_381));
        assert_eq!(waited_us("full avg10=0.00 total=7\n"), None);
        assert_eq!(waited_us(""), None);
        let near = |share: Option<f64>, expected: f64| {
            assert!(
                share.is_some_and(|share| (share - expected).abs() < 1e-9),
                "{share:?}"
            );
        };
        near(
            taken("MemTotal: 100 kB\nMemFree: 1 kB\nMemAvailable: 7 kB\n"),
            0.93,
        );
        assert_eq!(taken("MemTotal: 0 kB\nMemAvailable: 0 kB\n"), None);
        assert_eq!(taken("MemTotal: 9 kB\n"), None);
    }

    #[test]
    fn disks_are_told_from_their_parts_and_from_memory() {
        let line = |name: &str, busy: u64| {
            format!(" 254 0 {name} 1 2 3 4 5 6 7 8 0 {busy} 11 0 0 0 0 0 0\n")
        };
        let text = [
            line("loop0", 5),
            line("zram0", 5),
            line("vda", 70),
            line("vda1", 60),
            line("nvme0n1", 9),
            line("nvme0n1p2", 9),
            line("dm-1", 3),
            line("dm-10", 4),
            line("sdb", 0),
        ]
        .concat();
        let busy = [("vda", 70), ("nvme0n1", 9), ("dm-1", 3), ("dm-10", 4)];
        assert_eq!(
            busy_ms(&text),
            busy.map(|(disk, busy)| (disk.to_owned(), busy))
        );
        assert_eq!(busy_ms("nonsense\n"), []);
    }

    #[test]
    fn what_is_short_is_said_with_its_share() {
        let at = |cpu, io, memory, busy| Resources {
            waited_us: [[Some(cpu), None], [None, None], [Some(0), Some(io)]],
            memory,
            busy_ms: vec![("vda".into(), busy)],
            links: Links::new(),
        };
        let start = at(1_000_000, 0, Some(0.5), 5_000);
        let usual = ByDesign::default();
        let crowd = ByDesign {
            crowd: true,
            ..usual
        };
        let disk = ByDesign {
            disk: true,
            ..usual
        };
        for (case, later, by_design, expected) in [
            (
                "quiet",
                at(1_020_000, 9_000, Some(0.6), 5_300),
                usual,
                vec![],
            ),
            (
                "a neighbour",
                at(1_800_000, 9_000, Some(0.6), 5_300),
                usual,
                vec!["tasks waited for a processor in 40 % of the time"],
            ),
            (
                "a crowd",
                at(1_800_000, 9_000, Some(0.6), 5_300),
                crowd,
                vec![],
            ),
            (
                "what is read from disks",
                at(1_800_000, 500_000, Some(0.95), 6_900),
                disk,
                vec![
                    "95 % of the memory was taken",
                    "tasks waited for a processor in 40 % of the time",
                ],
            ),
            (
                "all of it",
                at(1_000_000, 500_000, Some(0.95), 6_900),
                crowd,
                vec![
                    "95 % of the memory was taken",
                    "tasks waited for disks in 25 % of the time",
                    "the disk vda was busy in 95 % of the time",
                ],
            ),
        ] {
            let short = start.short(&later, Duration::from_secs(2), by_design);
            let said: Vec<String> = short
                .iter()
                .map(|(rule, share)| rule.said(*share))
                .collect();
            assert_eq!(said, expected, "{case}");
        }
        // Two seconds of a gigabit link are 250 MB each way.
        for (sent, expected) in [
            (174_000_000, vec![]),
            (
                176_000_000,
                vec!["the network link eth0 carried 70 % of what it can"],
            ),
            (
                240_000_000,
                vec!["the network link eth0 carried 96 % of what it can"],
            ),
        ] {
            let at = |sent| Resources {
                links: network::gigabit("eth0", sent),
                ..Resources::default()
            };
            let short = at(5).short(&at(5 + sent), Duration::from_secs(2), usual);
            let said: Vec<String> = short
                .iter()
                .map(|(rule, share)| rule.said(*share))
                .collect();
            assert_eq!(said, expected, "{sent}");
            let kinds = short.iter().map(|(rule, _)| rule.kind());
            assert!(
                kinds
                    .into_iter()
                    .all(|kind| kind == AnomalyKind::NetworkBusy)
            );
        }
        let later = at(1_800_000, 0, None, 9_000);
        assert_eq!(start.short(&later, Duration::from_millis(50), usual), []);
    }

    #[test]
    fn a_kernel_that_tells_nothing_is_short_of_nothing() {
        let nothing = Resources::default();
        let usual = ByDesign::default();
        assert_eq!(nothing.short(&nothing, Duration::from_secs(9), usual), []);
        // Whatever this machine tells, looking twice is no event of its own.
        let now = Resources::now();
        assert!(now.short(&Resources::now(), Duration::ZERO, usual).len() <= 1);
    }
}
