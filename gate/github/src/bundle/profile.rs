//! Stored profiles of a measuring run. They explain a verdict and never decide one, so a profile that
//! breaks a rule costs its reader the frames and nothing else.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gate_schema::profile::{About, DecodeError, Stacks, StacksBuilder, decode_within};
use gate_schema::run::Run;

use super::limits::{FRAME_CHARS, PROFILE_BYTES, PROFILE_STACKS, PROFILE_TEXT_BYTES, PROFILES};
use super::zip::{Kind, Side};
use super::{Profile, Profiled, Rejected, Rule};

/// The sound profiles, one pair per scenario, and the first rule that another one broke.
pub(super) fn read(
    entries: &BTreeMap<Kind, Vec<u8>>,
    baseline: &Run,
    candidate: &Run,
) -> (Vec<Profiled>, Option<Rejected>) {
    let (mut sound, mut refused): (Vec<Profiled>, _) = (Vec::new(), None);
    for number in 1..=PROFILES {
        let [from, to] =
            [Side::Baseline, Side::Candidate].map(|side| entries.get(&Kind::Profile(number, side)));
        let pair = match (from, to) {
            (None, None) => continue,
            (Some(from), Some(to)) => pair((from, baseline), (to, candidate)),
            _ => Err(broken(Rule::ProfileOf)),
        };
        let is_known =
            |new: &Profiled| sound.iter().any(|known| known.scenario() == new.scenario());
        match pair {
            Ok(pair) if is_known(&pair) => refused = refused.or(Some(broken(Rule::ProfileOf))),
            Ok(pair) => sound.push(pair),
            Err(rejected) => refused = refused.or(Some(rejected)),
        }
    }
    (sound, refused)
}

fn broken(rule: Rule) -> Rejected {
    Rejected { rule, offset: 0 }
}

/// Both sides of one scenario.
fn pair(baseline: (&[u8], &Run), candidate: (&[u8], &Run)) -> Result<Profiled, Rejected> {
    let pair = Profiled {
        baseline: one(baseline.0, baseline.1)?,
        candidate: one(candidate.0, candidate.1)?,
    };
    if pair.baseline.about.scenario == pair.candidate.about.scenario {
        Ok(pair)
    } else {
        Err(broken(Rule::ProfileOf))
    }
}

/// One profile of what `run` measured.
fn one(bytes: &[u8], run: &Run) -> Result<Profile, Rejected> {
    if bytes.len() > PROFILE_BYTES {
        return Err(broken(Rule::ProfileSize));
    }
    let (head, folded) = decode_within(bytes, PROFILE_TEXT_BYTES).map_err(|error| match error {
        DecodeError::TooLarge(_) => broken(Rule::ProfileSize),
        _ => broken(Rule::ProfileForm),
    })?;
    let head = head.ok_or(broken(Rule::ProfileForm))?;
    let stacks = stacks(&folded)?;
    if stacks.samples() != head.samples {
        return Err(broken(Rule::ProfileForm));
    }
    if !is_of(&head.about, run) {
        return Err(broken(Rule::ProfileOf));
    }
    Ok(Profile {
        about: head.about,
        stacks,
    })
}

/// Whether a profile says it is of a scenario and of the commit of this run.
fn is_of(about: &About, run: &Run) -> bool {
    let commits = (about.commit.as_deref(), run.source.commit.as_deref());
    let is_same =
        matches!(commits, (Some(of), Some(measured)) if of.eq_ignore_ascii_case(measured));
    let mut declared = run.manifest.scenarios.iter();
    is_same && declared.any(|declared| declared.scenario == about.scenario)
}

/// The stacks, if they are written as gate writes them: sorted, each once, with no character that acts.
fn stacks(folded: &str) -> Result<Stacks, Rejected> {
    if folded.lines().count() > PROFILE_STACKS {
        return Err(broken(Rule::ProfileSize));
    }
    let malformed = broken(Rule::ProfileForm);
    if folded.chars().any(|c| c.is_control() && c != '\n') {
        return Err(malformed);
    }
    let mut builder = StacksBuilder::default();
    for line in folded.lines() {
        let (stack, count) = line.rsplit_once(' ').ok_or(malformed)?;
        let count = count.parse().map_err(|_| malformed)?;
        builder
            .add(stack.split(';'), count)
            .map_err(|_| malformed)?;
    }
    let stacks = builder.build();
    if stacks.is_empty() || stacks.to_folded() != folded {
        return Err(malformed);
    }
    shortened(&stacks)
}

/// The same stacks with names of bounded length.
fn shortened(stacks: &Stacks) -> Result<Stacks, Rejected> {
    let names: Vec<Cow<'_, str>> = stacks.names().iter().map(|name| short(name)).collect();
    let mut builder = StacksBuilder::default();
    for (frames, samples) in stacks.iter() {
        let frames = frames.iter().map(|frame| names[frame.index()].as_ref());
        builder
            .add(frames, samples)
            .map_err(|_| broken(Rule::ProfileForm))?;
    }
    Ok(builder.build())
}

/// A long name with its length instead of its end, so that it stays another name than most.
fn short(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(FRAME_CHARS) {
        None => Cow::Borrowed(name),
        Some((end, _)) => Cow::Owned(format!("{}...({} bytes)", &name[..end], name.len())),
    }
}

#[cfg(test)]
mod tests;
