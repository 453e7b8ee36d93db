//! A merge policy in service, long enough to be in a steady state.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bench_harness::measure::End;
use bench_harness::recorder::Recorder;
use bench_harness::{Context, Failure};

use crate::text::index::IndexFiles;
use crate::text::merging::{BATCH, COMMITS_PER_SECOND, FAMILY};
use crate::text::policy::Merging;
use crate::text::watched::{Figures, Watched};

/// Commits per policy: 75,000 documents, three quarters of an index of the middle tier.
const COMMITS: usize = 150;

/// Runs the index of the context's tier under `merging`. Returns a row of Markdown.
pub(super) fn measured(context: &Context, merging: &Merging) -> Result<String, Failure> {
    let files = IndexFiles::of(context.tier().items());
    let watched = Watched::start(context, &files, FAMILY, merging)?;
    let is_over = AtomicBool::new(false);
    let searches = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                watched.search(searches.fetch_add(1, Ordering::Relaxed));
            }
        });
        let end = End(&is_over);
        let start = Instant::now();
        for step in 0..COMMITS {
            let due = start + Duration::from_secs_f64(step as f64 / COMMITS_PER_SECOND);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            watched.write(step, BATCH);
        }
        drop(end);
    });
    watched.check()?;
    let figures = watched.figures().ok_or("nothing was committed")?;
    Ok(row(merging, &figures))
}

fn row(merging: &Merging, figures: &Figures) -> String {
    let micros = |recorder: &Recorder, share: f64| recorder.quantile(share).as_nanos() as f64 / 1e3;
    let millis = |duration: Duration| 1e3 * duration.as_secs_f64();
    let (idle, busy) = (&figures.idle, &figures.busy);
    format!(
        "| {merging} | {} / {} | {:.1} | {:.0} / {:.0} | {:.0} / {:.0} / {:.0} / {:.0} | {:.2} | {:.0} / {:.0} |\n",
        figures.most,
        figures.median,
        figures.amplification,
        micros(idle, 0.5),
        micros(idle, 0.99),
        micros(busy, 0.5),
        micros(busy, 0.99),
        micros(busy, 0.999),
        micros(busy, 1.0),
        figures.slowdown(),
        millis(figures.commit),
        millis(figures.longest_commit),
    )
}
