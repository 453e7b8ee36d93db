//! How much of the network's links is used, from `/proc/net/dev` and `/sys/class/net`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// What the links of this machine carried up to now, by their names.
pub(super) type Links = BTreeMap<String, Link>;

/// One link to another machine. Loopback is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// Bytes received, and bytes sent. Each way has the whole speed for itself.
    bytes: [u64; 2],
    /// Bytes per second that it can carry each way.
    speed: u64,
}

/// The links of this machine whose speed is known; none where the kernel does not tell.
pub(super) fn now() -> Links {
    let carried = fs::read_to_string("/proc/net/dev").unwrap_or_default();
    links(&carried, |name| {
        speed(&Path::new("/sys/class/net").join(name))
    })
}

/// In which share of the time each link was used between two moments, the busier way of each.
pub(super) fn used(before: &Links, after: &Links, elapsed: Duration) -> Vec<(String, f64)> {
    let share = |(name, after): (&String, &Link)| {
        let before = before.get(name)?;
        let could = after.speed as f64 * elapsed.as_secs_f64();
        let ways = before.bytes.into_iter().zip(after.bytes);
        // A counter that fell began anew.
        let shares = ways.map(|(before, after)| after.saturating_sub(before) as f64 / could);
        let most = shares.max_by(f64::total_cmp)?;
        Some((name.clone(), most.min(1.0)))
    };
    after.iter().filter_map(share).collect()
}

/// The links in the text of `/proc/net/dev`, with the speed that is known of each; without one no share can be told.
fn links(carried: &str, speed: impl Fn(&str) -> Option<u64>) -> Links {
    let link = |line: &str| {
        // Two lines of heads have no colon.
        let (name, counts) = line.split_once(':')?;
        let counts: Vec<&str> = counts.split_whitespace().collect();
        let name = name.trim();
        // Eight columns of what came in, then as many of what went out.
        let [received, sent] = [0, 8].map(|at| counts.get(at)?.parse().ok());
        let link = Link {
            bytes: [received?, sent?],
            speed: speed(name)?,
        };
        (name != "lo").then(|| (name.to_owned(), link))
    };
    carried.lines().filter_map(link).collect()
}

/// Bytes per second of the link whose folder this is. `None` where it is not known, as on most virtual machines,
/// and without a device: bridges, tunnels and the ends of containers name a speed that nothing has.
fn speed(folder: &Path) -> Option<u64> {
    if !folder.join("device").exists() {
        return None;
    }
    let megabits = fs::read_to_string(folder.join("speed")).ok()?;
    // Minus one, or the same without its sign, where it is not known.
    let megabits = u64::from(megabits.trim().parse::<u32>().ok()?);
    let is_known = megabits > 0 && megabits < u64::from(u32::MAX);
    is_known.then_some(megabits * 125_000)
}

/// One link of a gigabit per second that only sent.
#[cfg(test)]
pub(super) fn gigabit(name: &str, sent: u64) -> Links {
    let link = Link {
        bytes: [0, sent],
        speed: 125_000_000,
    };
    Links::from([(name.to_owned(), link)])
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIGABIT: u64 = 125_000_000;

    fn carried(name: &str, received: u64, sent: u64) -> String {
        format!("{name:>6}: {received} 9 0 0 0 0 0 0 {sent} 8 0 0 0 0 0 0\n")
    }

    fn at(received: u64, sent: u64) -> Links {
        links(&carried("eth0", received, sent), |_| Some(GIGABIT))
    }

    #[test]
    fn links_are_those_whose_speed_is_known() {
        let heads = "Inter-|   Receive  |  Transmit\n face |bytes packets |bytes packets\n";
        let text = [
            heads.to_owned(),
            carried("lo", 7, 7),
            carried("eth0", 93_918_152, 240_199),
            carried("virtio", 5, 5),
            "  cut: 1 2 3\n".to_owned(),
        ]
        .concat();
        let speed = |name: &str| (name != "virtio").then_some(GIGABIT);
        let link = Link {
            bytes: [93_918_152, 240_199],
            speed: GIGABIT,
        };
        assert_eq!(
            links(&text, speed),
            Links::from([("eth0".to_owned(), link)])
        );
        assert_eq!(links("nonsense\n", speed), Links::new());
    }

    #[test]
    fn a_speed_is_known_or_not() {
        let folder = tempfile::tempdir().expect("a directory");
        let of = |name: &str, text: Option<&str>, has_device: bool| {
            let link = folder.path().join(name);
            fs::create_dir(&link).expect("a folder");
            if let Some(text) = text {
                fs::write(link.join("speed"), text).expect("a file");
            }
            if has_device {
                fs::create_dir(link.join("device")).expect("a folder");
            }
            speed(&link)
        };
        assert_eq!(of("gigabit", Some("1000\n"), true), Some(GIGABIT));
        assert_eq!(of("slow", Some("10\n"), true), Some(1_250_000));
        for (name, text, has_device) in [
            ("not told", Some("-1\n"), true),
            ("not told, unsigned", Some("4294967295\n"), true),
            ("down", Some("0\n"), true),
            ("cannot be read", None, true),
            ("nonsense", Some("fast\n"), true),
            ("made up", Some("10000\n"), false),
        ] {
            assert_eq!(of(name, text, has_device), None, "{name}");
        }
    }

    #[test]
    fn the_busier_way_counts() {
        let second = Duration::from_secs(1);
        for (case, before, after, elapsed, expected) in [
            ("idle", at(5, 5), at(5, 5), second, 0.0),
            ("received", at(5, 5), at(5 + GIGABIT / 2, 9), second, 0.5),
            ("sent", at(5, 5), at(9, 5 + GIGABIT / 4), second, 0.25),
            ("slower", at(0, 0), at(GIGABIT, 0), 2 * second, 0.5),
            ("out of a queue", at(0, 0), at(3 * GIGABIT, 0), second, 1.0),
            ("began anew", at(GIGABIT, 0), at(0, 0), second, 0.0),
        ] {
            let [(name, share)] = &used(&before, &after, elapsed)[..] else {
                panic!("{case}: one link");
            };
            assert_eq!(name, "eth0");
            // Bytes are whole.
            assert!((share - expected).abs() < 1e-6, "{case}: {share}");
        }
        let appeared = used(&Links::new(), &at(GIGABIT, 0), second);
        assert_eq!(appeared, [], "a link that was not there before");
    }
}
