//! What `bench tune text` does: tries merge policies, first on segments that hold nothing, then the
//! best of them in service.

mod rehearsal;
mod service;

use std::fmt::Write as _;

use bench_harness::cache::Cache;
use bench_harness::prepare::{audit, prepare};
use bench_harness::{Context, Failure, Tier};

use super::merging::TextMerging;
use super::policy::Merging;
use rehearsal::{Played, Service, play};

/// Policies have to keep below this many segments.
const SEGMENTS: usize = 20;

/// Policies that are tried in service, besides the engine's and ours.
const FINALISTS: usize = 4;

/// How indexes are written that a policy has to cope with: small and large, in many small commits and
/// few large ones, replacing and growing.
const SERVICES: [Service; 6] = [
    replacing(100_000, 500, 10.0, 1_000),
    replacing(1_000_000, 500, 10.0, 4_000),
    replacing(1_000_000, 250, 10.0, 4_000),
    replacing(1_000_000, 2_500, 1.0, 1_500),
    replacing(1_000_000, 25, 10.0, 2_000),
    Service {
        replaces: false,
        ..replacing(1_000_000, 500, 10.0, 2_000)
    },
];

const fn replacing(
    documents: usize,
    batch: usize,
    commits_per_second: f64,
    commits: usize,
) -> Service {
    Service {
        documents,
        replaces: true,
        batch,
        commits_per_second,
        commits,
    }
}

/// A policy and what it did in each of the [`SERVICES`].
struct Tried {
    merging: Merging,
    played: [Played; SERVICES.len()],
}

impl Tried {
    fn new(merging: Merging) -> Self {
        Self {
            merging,
            played: SERVICES.map(|service| play(&merging, &service)),
        }
    }

    fn most(&self) -> usize {
        self.played.iter().map(|p| p.most).max().unwrap_or_default()
    }

    fn median(&self) -> usize {
        self.played
            .iter()
            .map(|p| p.median)
            .max()
            .unwrap_or_default()
    }

    /// In the service that [`TextMerging`] is a short piece of.
    fn amplification(&self) -> f64 {
        self.played[1].amplification
    }
}

fn grid() -> Vec<Merging> {
    let mut grid = Vec::new();
    for factor in [3, 4, 5, 6, 8] {
        for smallest_level in [500, 1_000, 2_000, 10_000] {
            for width in [0.75, 1.0, 1.5, 2.0] {
                for deleted in [0.3, 0.5, 1.0] {
                    grid.push(Merging {
                        factor,
                        smallest_level,
                        width,
                        deleted,
                        ..Merging::ENGINE
                    });
                }
            }
        }
    }
    grid
}

/// Tries the grid and measures the finalists on the index of `tier`. Returns two tables in Markdown.
///
/// # Errors
/// Whatever the engine, the cache or the disk reports.
pub fn tune(tier: Tier, cache: &Cache) -> Result<String, Failure> {
    audit(&[&TextMerging], tier, cache, &|| false)?;
    prepare(&TextMerging, tier, cache)?;
    let context = Context::new(tier, cache);
    let policies = grid();
    let progress = context.phase("playing merge policies", policies.len());
    let mut tried: Vec<Tried> = policies
        .into_iter()
        .map(|merging| {
            progress.advance(1);
            Tried::new(merging)
        })
        .filter(|tried| tried.most() < SEGMENTS)
        .collect();
    drop(progress);
    tried.sort_by(|a, b| a.amplification().total_cmp(&b.amplification()));
    tried.retain(|tried| tried.merging != Merging::TUNED);
    tried.truncate(FINALISTS);
    let reference = [Merging::ENGINE, Merging::TUNED].map(Tried::new);
    let finalists: Vec<&Tried> = reference.iter().chain(&tried).collect();

    let mut text = played_table(&finalists);
    text.push_str("\n| policy | segments, most / median | written | idle p50 / p99, us | beside writes p50 / p99 / p99.9 / longest, us | slowdown | commit, mean / longest, ms |\n|---|---|---|---|---|---|---|\n");
    let progress = context.phase("measuring the finalists", finalists.len());
    for finalist in &finalists {
        let line = service::measured(&context, &finalist.merging)?;
        text.push_str(&line);
        progress.advance(1);
    }
    Ok(text)
}

fn played_table(finalists: &[&Tried]) -> String {
    let mut text = String::from(
        "| policy | segments, most | median | written | deleted |\n|---|---|---|---|---|\n",
    );
    for tried in finalists {
        let amplifications: Vec<String> = tried
            .played
            .iter()
            .map(|played| format!("{:.1}", played.amplification))
            .collect();
        let deleted = tried.played.map(|played| played.deleted);
        let deleted = deleted.into_iter().fold(0.0, f64::max);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:.0} % |",
            tried.merging,
            tried.most(),
            tried.median(),
            amplifications.join(" "),
            100.0 * deleted
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_of_the_grid_and_keeps_below_twenty_segments_in_every_service() {
        assert!(grid().contains(&Merging::TUNED));
        let ours = Tried::new(Merging::TUNED);
        assert!(ours.most() < SEGMENTS && ours.median() <= 12);
        // The point of tuning: what the engine does unless told otherwise does not.
        assert!(play(&Merging::ENGINE, &SERVICES[1]).most >= SEGMENTS);
    }
}
