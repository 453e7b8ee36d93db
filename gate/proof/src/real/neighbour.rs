//! A neighbour: a process that is busy and idle by turns, as on a shared machine.

use std::hint::black_box;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Words of the array it walks: 64 MiB, more than any cache that it shares.
const WORDS: usize = 64 * 1024 * 1024 / 8;

/// Seconds of each burst and each pause.
const SECONDS: std::ops::RangeInclusive<f64> = 1.0..=20.0;

/// Words between two steps of the walk: a cache line each, on no page that a prefetcher expects.
const STRIDE: usize = 8 * 1021;

/// Steps between two looks at the clock.
const STEPS: usize = 1 << 16;

/// Is busy and idle by turns until its standard input ends, as it does with whoever started it.
pub fn live(seed: u64) {
    thread::spawn(move || bursts(seed));
    // Nothing is ever written there; only its end is news.
    let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
}

fn bursts(seed: u64) {
    let mut array = vec![1_u64; WORDS];
    let mut at = 0;
    for (busy, idle) in schedule(seed) {
        let start = Instant::now();
        while start.elapsed() < busy {
            for _ in 0..STEPS {
                at = (at + STRIDE) % WORDS;
                array[at] = array[at].wrapping_mul(3);
            }
        }
        black_box(&array);
        thread::sleep(idle);
    }
}

/// Bursts and the pauses after them, without end.
fn schedule(seed: u64) -> impl Iterator<Item = (Duration, Duration)> {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let mut draw = move || Duration::from_secs_f64(rng.random_range(SECONDS));
    std::iter::repeat_with(move || (draw(), draw()))
}

/// A running neighbour, killed when dropped. It ends as well when this process does, however that does.
#[derive(Debug)]
pub struct Neighbour(Child);

impl Neighbour {
    /// Starts `proof`, this program, as a neighbour.
    ///
    /// # Errors
    /// A process that does not start.
    pub fn start(proof: &Path, seed: u64) -> std::io::Result<Self> {
        Command::new(proof)
            .args(["neighbour", "--seed", &seed.to_string()])
            // Kept open until this process ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // Ctrl-C in a terminal must not end it before the gate beside it.
            .process_group(0)
            .spawn()
            .map(Self)
    }

    /// Whether it is still there: a gate without its neighbour must not count as one with.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_seeded_and_within_its_bounds() {
        let first: Vec<_> = schedule(1).take(100).collect();
        assert_eq!(first, schedule(1).take(100).collect::<Vec<_>>());
        assert_ne!(first, schedule(2).take(100).collect::<Vec<_>>());
        let mut seconds = first.iter().flat_map(|(busy, idle)| [busy, idle]);
        assert!(seconds.all(|time| SECONDS.contains(&time.as_secs_f64())));
    }
}
