//! The sessions: users come back to a few subjects, every other day or so.

use bench_harness::Recipe;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::sessions::{DIMENSIONS, Session};
use crate::random::{SEED, Stream};

/// Number of subjects a session can be about. Their vectors fit the second-level cache, as the vector of
/// a session does that has just been computed.
const SUBJECTS: usize = 1_024;

/// Subjects that a user comes back to, and the share of sessions that are about one of them.
const INTERESTS: usize = 3;
const FAITHFUL: f64 = 0.7;

/// Time from one session of a user to the next on average, in seconds: two days, so that the oldest of
/// ten counts a sixth of the latest.
const GAP_S: u32 = 172_800;

/// Largest weight of a session: items looked at.
const WEIGHT_MAX: u32 = 20;

/// Number of users over that many items.
pub(crate) fn users(items: usize) -> usize {
    items / 10
}

/// Everything that determines the sessions of the users over that many items.
pub(crate) fn recipe(items: usize) -> Recipe {
    Recipe::new("sessions about subjects, version 1")
        .with("seed", SEED)
        .with("users", users(items))
        .with("dimensions", DIMENSIONS)
        .with("subjects", SUBJECTS)
        .with("interests", INTERESTS)
        .with("faithful share", FAITHFUL)
        .with("gap in seconds", GAP_S)
        .with("largest weight", WEIGHT_MAX)
}

/// A session by the number of its subject.
pub(crate) struct Trace {
    subject: usize,
    weight: f32,
    ended_s: u32,
}

/// Makes any session from its user and number alone.
pub(crate) struct Traces {
    /// Of unit length, in no particular direction.
    subjects: Vec<[f32; DIMENSIONS]>,
    interests: Stream,
    sessions: Stream,
}

impl Traces {
    pub(crate) fn new() -> Self {
        let stream = Stream::named("session/subjects");
        let subject = |id: usize| {
            let mut random = stream.piece(id as u64);
            let vector: [f32; DIMENSIONS] =
                std::array::from_fn(|_| StandardNormal.sample(&mut random));
            let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
            vector.map(|value| value / length)
        };
        Self {
            subjects: (0..SUBJECTS).map(subject).collect(),
            interests: Stream::named("session/interests"),
            sessions: Stream::named("session/sessions"),
        }
    }

    /// The session `number` of `user`, later than all those of smaller numbers.
    pub(crate) fn session(&self, user: u32, number: u32) -> Session<'_> {
        self.play(&self.trace(user, number))
    }

    /// What `trace` leaves out, looked up.
    pub(crate) fn play(&self, trace: &Trace) -> Session<'_> {
        Session {
            vector: &self.subjects[trace.subject],
            weight: trace.weight,
            ended_s: trace.ended_s,
        }
    }

    /// The session `number` of `user` without its vector.
    pub(crate) fn trace(&self, user: u32, number: u32) -> Trace {
        let mut random = self
            .sessions
            .piece(u64::from(user) << 32 | u64::from(number));
        let subject = if random.random_bool(FAITHFUL) {
            let interest = random.random_range(0..INTERESTS);
            // The same in every session of this user.
            let mut interests = self.interests.piece(u64::from(user));
            let mut subjects = [0; INTERESTS];
            subjects.fill_with(|| interests.random_range(0..SUBJECTS));
            subjects[interest]
        } else {
            random.random_range(0..SUBJECTS)
        };
        Trace {
            subject,
            weight: random.random_range(1..=WEIGHT_MAX) as f32,
            ended_s: number * GAP_S + random.random_range(0..GAP_S),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn version_1_never_changes() {
        // A change here makes every stored run incomparable: raise the version of the recipe.
        let traces = Traces::new();
        let session = traces.session(3, 12);
        assert_eq!((session.weight as u32, session.ended_s), (9, 2_162_741));
        let rounded: Vec<i32> = session.vector[..3]
            .iter()
            .map(|value| (value * 1e4).round() as i32)
            .collect();
        assert_eq!(rounded, [-769, 444, -216]);
    }

    #[test]
    fn users_come_back_to_their_subjects_and_time_goes_on() {
        let traces = Traces::new();
        for user in 0..10 {
            let sessions: Vec<_> = (0..300)
                .map(|number| traces.session(user, number))
                .collect();
            assert!(sessions.is_sorted_by_key(|session| session.ended_s));
            let mut counts = BTreeMap::<u32, usize>::new();
            for session in &sessions {
                *counts.entry(session.vector[0].to_bits()).or_default() += 1;
            }
            let mut counts: Vec<usize> = counts.into_values().collect();
            counts.sort_unstable_by(|one, other| other.cmp(one));
            let faithful: usize = counts[..INTERESTS].iter().sum();
            assert!((180..240).contains(&faithful), "{faithful} of 300");
        }
    }

    #[test]
    fn subjects_have_unit_length() {
        let traces = Traces::new();
        let squares: f32 = traces.subjects[5].iter().map(|value| value * value).sum();
        assert!((squares - 1.0).abs() < 1e-5);
    }
}
