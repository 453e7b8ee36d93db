//! Time, as the caller gives it: so that tests wait for nothing.

use std::pin::Pin;
use std::time::Duration;

/// A clock that can wait.
pub trait Clock {
    /// Time since the command started.
    fn elapsed(&self) -> Duration;
    /// Time since 1970 in UTC, to understand a `x-ratelimit-reset`.
    fn unix(&self) -> Duration;
    /// A random time below `most`.
    fn below(&self, most: Duration) -> Duration;
    /// Waits.
    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + '_>>;
}

/// How long anything may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Until a connection stands.
    pub connect: Duration,
    /// One request with its whole answer, however slowly it drips.
    pub call: Duration,
    /// The same for the bytes of an artifact.
    pub artifact: Duration,
    /// All requests and all waiting.
    pub total: Duration,
    /// The longest single wait that GitHub may ask for.
    pub wait: Duration,
    /// Between two writes: GitHub asks for one second.
    pub between_writes: Duration,
}

impl Default for Deadlines {
    /// A second between writes is what GitHub asks of integrators; the rest keeps a job short that cannot
    /// reach GitHub.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            call: Duration::from_secs(30),
            artifact: Duration::from_secs(60),
            total: Duration::from_secs(8 * 60),
            wait: Duration::from_secs(120),
            between_writes: Duration::from_secs(1),
        }
    }
}
