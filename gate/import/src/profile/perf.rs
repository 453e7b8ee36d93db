//! The output of `perf script`, through inferno's collapser.
//!
//! inferno weighs samples by their period and trusts its input: a first event without a name makes it
//! panic. So the text is gone through first: every event is checked, its period taken out, so that
//! samples are counted, and its thread's name made one word.

use std::fmt::Write;

use gate_schema::profile::Stacks;
use inferno::collapse::Collapse;
use inferno::collapse::perf::{Folder, Options};

use super::{ProfileError, ProfileFault, folded, whole};

/// Whether the first line that is not a comment is an event of perf.
pub(super) fn is_script(text: &str) -> bool {
    let mut lines = text.lines();
    let first = lines.find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| Event::of(line).is_some())
}

/// The stacks, with the name of the thread as outermost frame, and the period all samples share.
pub(super) fn parse(text: &str) -> Result<(Stacks, Option<u64>), ProfileError> {
    let (clean, period) = cleaned(text)?;
    let mut options = Options::default();
    options.annotate_kernel = true;
    let mut collapsed = Vec::new();
    Folder::from(options)
        .collapse(clean.as_bytes(), &mut collapsed)
        .map_err(|_| whole(ProfileFault::NoStacks))?;
    let collapsed = String::from_utf8(collapsed).map_err(|_| whole(ProfileFault::NotUtf8))?;
    let stacks = folded::parse(&collapsed)?;
    if stacks.is_empty() {
        return Err(whole(ProfileFault::NoStacks));
    }
    Ok((stacks, period))
}

fn cleaned(text: &str) -> Result<(String, Option<u64>), ProfileError> {
    let mut clean = String::with_capacity(text.len());
    let mut periods: Option<Option<u64>> = None;
    let mut is_inside = false;
    let mut last = (0, "");
    for (at, line) in text.lines().enumerate() {
        if line.starts_with('#') {
            continue;
        }
        last = (at + 1, line);
        if line.trim().is_empty() {
            is_inside = false;
            // Before the first event it would be an event without a name to inferno.
            if periods.is_some() {
                clean.push('\n');
            }
        } else if is_inside {
            // inferno takes `->` for Java's inlining; in Rust it is the type of a function pointer.
            clean.push_str(&line.replace("->", "=>"));
            clean.push('\n');
        } else {
            let Some(event) = Event::of(line) else {
                return Err(ProfileError::at(at + 1, line, ProfileFault::NoStacks));
            };
            is_inside = event.stack.is_empty();
            periods = Some(match periods {
                None => event.period,
                Some(period) => period.filter(|_| period == event.period),
            });
            // Writing to a String cannot fail.
            let _ = writeln!(
                clean,
                "{} {} {} {} {}",
                event.thread, event.process, event.time, event.name, event.stack
            );
        }
    }
    if is_inside && !text.ends_with('\n') {
        return Err(ProfileError::at(last.0, last.1, ProfileFault::CutOff));
    }
    clean.push('\n');
    Ok((clean, periods.flatten()))
}

/// The first line of one sample: `comm pid/tid [cpu] time: period event:modifiers: stack`.
struct Event<'a> {
    /// Name of the thread, without spaces.
    thread: String,
    process: &'a str,
    /// With its colon.
    time: &'a str,
    period: Option<u64>,
    /// With its colons.
    name: &'a str,
    /// The one frame of a sample without a call graph; usually empty.
    stack: &'a str,
}

impl<'a> Event<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().take(40).collect();
        let time = (2..words.len()).find(|&at| is_time(words[at]))?;
        let is_cpu = |word: &str| word.starts_with('[') && word.ends_with(']');
        let process = if is_cpu(words[time - 1]) {
            time - 2
        } else {
            time - 1
        };
        if process == 0 || !is_process(words[process]) {
            return None;
        }
        let (_, rest) = line.split_once(words[time])?;
        let rest = rest.trim_start();
        let (first, after) = rest.split_once(' ').unwrap_or((rest, ""));
        let period = first.parse().ok();
        let rest = if period.is_some() {
            after.trim_start()
        } else {
            rest
        };
        let (name, stack) = rest.split_once(' ').unwrap_or((rest, ""));
        (name.len() > 1 && name.ends_with(':') && !name.starts_with(':')).then(|| Self {
            thread: words[..process].join("_"),
            process: words[process],
            time: words[time],
            period,
            name,
            stack: stack.trim(),
        })
    }
}

/// `4794564.109216:`
fn is_time(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    word.strip_suffix(':')
        .and_then(|time| time.split_once('.'))
        .is_some_and(|(whole, part)| digits(whole) && digits(part))
}

/// `25607` or `24636/25607`.
fn is_process(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    word.split('/').count() <= 2 && word.split('/').all(digits)
}
