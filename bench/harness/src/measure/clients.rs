//! The closed loop: every client asks again as soon as it was answered.
//!
//! All of them ask first at the same moment. With more clients than cores some wait for a core before they
//! can, and that wait is in the latency of their first operation, as all later ones are in those that they
//! interrupt.

use std::ops::Range;
use std::time::Duration;

use quanta::Instant;

use super::crew::Crew;
use super::dealt::dealt;
use super::lap::time;
use super::seconds::Seconds;
use super::slices::Slices;
use super::{Timings, Watch};
use crate::recorder::{Recorder, nanoseconds};

/// What one client saw.
struct Client {
    /// Every operation, in nanoseconds. Not a histogram: a thousand of those would be 216 MB.
    elapsed_ns: Vec<u64>,
    /// When all clients began.
    start: Instant,
    end: Instant,
}

/// Measures `indexes` with `number` clients, dealt so that each asks the same in every run.
pub(super) fn closed(
    crew: &Crew<'_>,
    indexes: Range<usize>,
    number: usize,
    watch: &mut dyn Watch,
) -> Timings {
    let share = |of: usize| dealt(indexes.clone(), of, number);
    // Written to, so that no page is first touched while measuring.
    let prepare = |of: usize| (of, vec![u64::MAX; share(of).count()]);
    let work = |(of, elapsed_ns), start| ask(crew, share(of), elapsed_ns, start);
    let clients = crew.run(number, Duration::ZERO, watch, prepare, work);
    join(&clients)
}

/// Operates the `indexes` of one client, whose first operation began when all clients did: at `start`,
/// whenever the system gave this one a core.
fn ask(
    crew: &Crew<'_>,
    indexes: impl Iterator<Item = usize>,
    mut elapsed_ns: Vec<u64>,
    start: Instant,
) -> Client {
    let mut slots = elapsed_ns.iter_mut();
    let mut extra_work = crew.extra_work;
    let elapsed = time(
        start,
        indexes,
        || crew.clock.now(),
        |index| crew.service.serve(index),
        |elapsed| match &mut extra_work {
            Some(extra_work) => extra_work.follow(elapsed),
            None => false,
        },
        |elapsed| {
            if let Some(slot) = slots.next() {
                *slot = nanoseconds(elapsed);
            }
        },
    );
    Client {
        elapsed_ns,
        start,
        end: start + elapsed,
    }
}

fn join(clients: &[Client]) -> Timings {
    let mut recorder = Recorder::new();
    for nanos in clients.iter().flat_map(|client| &client.elapsed_ns) {
        recorder.record(Duration::from_nanos(*nanos));
    }
    let start = clients.iter().map(|client| client.start).min();
    let end = clients.iter().map(|client| client.end).max();
    let wall = start
        .zip(end)
        .map_or(Duration::ZERO, |(start, end)| end - start);

    let mut seconds = Seconds::over(wall);
    for client in clients {
        let mut at = Duration::ZERO;
        for nanos in &client.elapsed_ns {
            at += Duration::from_nanos(*nanos);
            seconds.count(at);
        }
    }

    // Slice by slice over what every client did in its own order.
    let mut slices = Slices::new();
    let fewest = clients.iter().map(|client| client.elapsed_ns.len()).min();
    for slice in Slices::of(0..fewest.unwrap_or_default()) {
        let nanos = clients
            .iter()
            .flat_map(|client| &client.elapsed_ns[slice.clone()]);
        let elapsed = Duration::from_nanos(nanos.sum());
        slices.push(elapsed, slice.len() * clients.len());
    }
    Timings {
        recorder,
        service: None,
        wall,
        slices,
        behind: Vec::new(),
        threads: 1,
        capacity: None,
        seconds,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use quanta::Clock;

    use super::*;
    use crate::scenario::Service;

    struct Counted(Vec<AtomicUsize>);

    impl Service for Counted {
        fn serve(&self, index: usize) -> u64 {
            self.0[index].fetch_add(1, Ordering::Relaxed) as u64
        }
    }

    #[test]
    fn every_index_is_served_once_by_however_many_clients() {
        for number in [1, 2, 7, 100] {
            let counted = Counted((0..50).map(|_| AtomicUsize::new(0)).collect());
            let crew = Crew {
                service: &counted,
                clock: &Clock::new(),
                wait: &|moment| moment,
                warm_up: 5..10,
                extra_work: None,
            };
            let timings = closed(&crew, 10..50, number, &mut ());
            assert_eq!(timings.recorder.count(), 40, "{number} clients");
            let served = |index: usize| counted.0[index].load(Ordering::Relaxed);
            assert!((0..5).all(|index| served(index) == 0));
            assert!((5..50).all(|index| served(index) == 1));
        }
    }

    #[test]
    fn who_waits_for_a_core_before_the_first_operation_waits_in_it() {
        const WAIT: Duration = Duration::from_millis(50);
        let counted = Counted((0..2).map(|_| AtomicUsize::new(0)).collect());
        let clock = Clock::new();
        let crew = Crew {
            service: &counted,
            clock: &clock,
            wait: &|moment| moment,
            warm_up: 0..0,
            extra_work: None,
        };
        // The second client comes late to what both began together.
        let late = |of: usize, start: Instant| {
            thread::sleep(WAIT * of as u32);
            ask(&crew, of..of + 1, vec![u64::MAX], start)
        };
        let clients = crew.run(2, Duration::ZERO, &mut (), |of| of, late);
        let timings = join(&clients);
        assert!(timings.recorder.quantile(1.0) >= WAIT, "{timings:?}");
        assert!(timings.wall >= WAIT, "{timings:?}");
        assert_eq!(timings.recorder.count(), 2);
    }
}
