//! Stacks of two builds in one form.

use gate_schema::profile::{Stacks, StacksBuilder};

/// Stands for stacks too small to be kept.
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

/// The stacks with at least the share `below` of all samples; the rest is one stack [`OTHER`].
#[must_use]
pub fn bounded(stacks: &Stacks, below: f64) -> Stacks {
    let least = below * stacks.samples() as f64;
    rebuilt(stacks.iter().map(|(frames, samples)| {
        if (samples as f64) < least {
            (vec![OTHER], samples)
        } else {
            let names = frames.iter().map(|&frame| stacks.name(frame));
            (names.collect(), samples)
        }
    }))
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
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.len() < name.len() && stem.len() > 1 && stem.ends_with(POOLS) {
        // Without the separator, so that no name has to be made up.
        stem.trim_end_matches(POOLS)
    } else {
        name
    }
}

fn is_address(name: &str) -> bool {
    name.strip_prefix("0x")
        .is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}
