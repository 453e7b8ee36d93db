//! A clock on which waiting takes no time.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::time::Duration;

use gate_github::clock::{Clock, Deadlines};

#[derive(Default)]
pub(crate) struct FakeClock {
    now: Cell<Duration>,
    pub(crate) slept: RefCell<Vec<Duration>>,
    /// Real ones, which a server that answers meets however busy the machine is.
    pub(crate) deadlines: Deadlines,
}

impl FakeClock {
    /// For a test that waits for a server that never answers. One that does may miss these deadlines.
    pub(crate) fn impatient() -> Self {
        let call = Duration::from_millis(400);
        Self {
            deadlines: Deadlines {
                call,
                artifact: call,
                ..Deadlines::default()
            },
            ..Self::default()
        }
    }
}

impl Clock for FakeClock {
    fn elapsed(&self) -> Duration {
        self.now.get()
    }

    fn unix(&self) -> Duration {
        Duration::from_secs(1_700_000_000) + self.now.get()
    }

    fn below(&self, most: Duration) -> Duration {
        most / 2
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        self.now.set(self.now.get() + time);
        self.slept.borrow_mut().push(time);
        Box::pin(std::future::ready(()))
    }
}
