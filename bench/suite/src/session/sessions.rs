//! The component: sessions of all users, in a concurrent map.

use dashmap::DashMap;

use super::user::User;
use crate::hashing::FixedHasher;

/// Dimensions of a session's vector and of a preference: those of the vectors that are searched with it.
pub const DIMENSIONS: usize = 384;

/// Shards of the map. Stated, because the default follows the number of cores, and the memory per user
/// would follow it too. Many, because a merge holds the lock of its shard for more than a microsecond.
const SHARDS: usize = 64;

/// What one session was about.
#[derive(Clone, Copy, Debug)]
pub struct Session<'v> {
    /// The mean of what was looked at.
    pub vector: &'v [f32; DIMENSIONS],
    /// How much was done, above zero.
    pub weight: f32,
    /// When it ended, in seconds.
    pub ended_s: u32,
}

/// A session whose vector or weight is no number, or whose weight is not above zero. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// The preferences of all users, each the mean of the latest ten sessions, weighted by recency.
///
/// Which sessions count depends on when they ended and not on when they came in, so that writers may
/// merge sessions of the same user in any order.
pub struct Sessions {
    // Boxed: tables grow by powers of two, and users in place would double the memory.
    users: DashMap<u32, Box<User>, FixedHasher>,
}

impl Sessions {
    /// No sessions, and room for that many users.
    #[must_use]
    pub fn with_capacity(users: usize) -> Self {
        let hasher = FixedHasher::default();
        Self {
            users: DashMap::with_capacity_and_hasher_and_shard_amount(users, hasher, SHARDS),
        }
    }

    /// Keeps a session for the next merge.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn keep(&self, user: u32, session: &Session<'_>) -> Result<(), Refused> {
        self.user(user).keep(session)
    }

    /// Keeps a session, and merges it with the earlier ones into the user's preference.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn merge(&self, user: u32, session: &Session<'_>) -> Result<(), Refused> {
        let mut user = self.user(user);
        user.keep(session)?;
        user.merge();
        Ok(())
    }

    /// Copies the preference of `user` as of the last merge; `None` for a user without sessions.
    #[must_use]
    pub fn preference(&self, user: u32) -> Option<[f32; DIMENSIONS]> {
        self.users.get(&user).map(|user| user.preference)
    }

    /// Number of users.
    #[must_use]
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether nobody had a session yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    fn user(&self, user: u32) -> impl std::ops::DerefMut<Target = Box<User>> {
        self.users
            .entry(user)
            .or_insert_with(|| Box::new(User::EMPTY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_their_own_preferences() {
        let sessions = Sessions::with_capacity(10);
        let vector = |value| [value; DIMENSIONS];
        let (ones, twos) = (vector(1.0), vector(2.0));
        for (user, vector) in [(7, &ones), (8, &twos)] {
            let session = Session {
                vector,
                weight: 1.0,
                ended_s: 5,
            };
            sessions.merge(user, &session).expect("is sound");
        }
        assert_eq!(sessions.preference(7), Some(ones));
        assert_eq!(sessions.preference(8), Some(twos));
        assert_eq!((sessions.preference(9), sessions.len()), (None, 2));
    }
}
