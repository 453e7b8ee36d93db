//! The clock on the wall.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gate_github::clock::Clock;

/// Time since the command started.
pub(crate) struct Wall(Instant);

impl Wall {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Wall {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix(&self) -> Duration {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }

    fn below(&self, most: Duration) -> Duration {
        // The keys of a hasher are random; that is all the randomness a retry needs.
        let random = RandomState::new().hash_one(self.elapsed()) >> 32;
        most.mul_f64(random as f64 / f64::from(u32::MAX))
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(tokio::time::sleep(time))
    }
}
