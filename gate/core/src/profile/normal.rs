//! Stacks of two builds in one form.

use gate_schema::profile::{FrameId, Stacks, StacksBuilder};

use super::runtime::{is_runtime, owner};

/// Stands for the callers in stacks too small to be kept.
pub const OTHER: &str = "[other]";

/// Stands for code without a symbol.
pub const UNKNOWN: &str = "[unknown]";

/// Stands for the frames left out of the middle of a very deep stack.
pub const DEEP: &str = "[deep]";

/// Most frames of one stack that are kept. perf records 127 by default; more is recursion, and a
/// flamegraph of a thousand levels shows nothing but its height.
const MAX_DEPTH: usize = 256;

/// The same stacks, so that those of two builds and of two processes can be compared:
///
/// - the threads of a pool, `worker-1` and `worker-2`, are one `worker`;
/// - addresses are [`UNKNOWN`], and unknown frames next to each other are one;
/// - of more than 256 frames the innermost and outermost are kept, with [`DEEP`] between them.
#[must_use]
pub fn normalise(stacks: &Stacks) -> Stacks {
    rebuilt(stacks.iter().map(|(frames, samples)| {
        let mut kept: Vec<&str> = Vec::with_capacity(frames.len());
        for (at, &frame) in frames.iter().enumerate() {
            let name = stacks.name(frame);
            let name = match at {
                0 => pool(name),
                _ if is_address(name) => UNKNOWN,
                _ => name,
            };
            if name != UNKNOWN || kept.last() != Some(&UNKNOWN) {
                kept.push(name);
            }
        }
        if kept.len() > MAX_DEPTH {
            let outer = MAX_DEPTH / 2;
            let inner = MAX_DEPTH - outer - 1;
            kept.splice(outer..kept.len() - inner, [DEEP]);
        }
        (kept, samples)
    }))
}

/// The stacks with at least the share `below` of all samples. Of the others only the function is kept whose
/// own time they are, `[other];function`: all own times stay what they were, however often a function was
/// found in stacks too small to be kept, and there is at most one such stack per function.
#[must_use]
pub fn bounded(stacks: &Stacks, below: f64) -> Stacks {
    let least = below * stacks.samples() as f64;
    rebuilt(stacks.iter().map(|(frames, samples)| {
        let names: Vec<&str> = frames.iter().map(|&frame| stacks.name(frame)).collect();
        if (samples as f64) >= least {
            return (names, samples);
        }
        match names[owner(|at| is_runtime(names[at]), names.len())] {
            OTHER => (vec![OTHER], samples),
            owner => (vec![OTHER, owner], samples),
        }
    }))
}

/// Both sides in one form: normalised, and where one was stored without its small stacks, given with the share
/// below which they were joined, the other is [`bounded`] alike.
#[must_use]
pub fn alike(sides: [(&Stacks, Option<f64>); 2]) -> [Stacks; 2] {
    let below = sides.iter().filter_map(|(_, below)| *below);
    let below = below.fold(0.0, f64::max);
    sides.map(|(stacks, _)| {
        let normal = normalise(stacks);
        if below > 0.0 {
            bounded(&normal, below)
        } else {
            normal
        }
    })
}

/// Whether every sample says whose time it is. Earlier gates joined small stacks into `[other]` alone, so
/// that what a function lost there looks like growth since.
#[must_use]
pub fn has_owners(stacks: &Stacks) -> bool {
    let is_nobodys = |frames: &[FrameId]| matches!(frames, [one] if stacks.name(*one) == OTHER);
    stacks.iter().all(|(frames, _)| !is_nobodys(frames))
}

fn rebuilt<'a>(stacks: impl Iterator<Item = (Vec<&'a str>, u64)>) -> Stacks {
    let mut builder = StacksBuilder::default();
    for (frames, samples) in stacks {
        // The same samples as before, whose sum did not overflow.
        let _ = builder.add(frames, samples);
    }
    builder.build()
}

/// The outermost frame without the number of a thread in its pool.
fn pool(name: &str) -> &str {
    const POOLS: [char; 4] = ['-', ':', '#', '_'];
    let mut name = name;
    // Until nothing changes: a stored profile is normalised again when it is compared.
    loop {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        // Without the separator, so that no name has to be made up.
        let pool = stem.trim_end_matches(POOLS);
        if stem.len() == name.len() || pool.len() == stem.len() || pool.is_empty() {
            return name;
        }
        name = pool;
    }
}

fn is_address(name: &str) -> bool {
    name.strip_prefix("0x")
        .is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}
