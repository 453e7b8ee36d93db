//! Everything that is said on stderr: plain lines, and progress bars where a person is watching.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Says one line. A closed stderr is nobody listening, not an error.
pub(crate) fn say(line: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// A step with a known amount of work: a bar on a terminal, else one line when it is done.
#[derive(Debug)]
pub struct Phase {
    title: &'static str,
    start: Instant,
    bar: Option<ProgressBar>,
}

impl Phase {
    /// Starts a step of `total` units of work.
    pub(crate) fn start(title: &'static str, total: usize) -> Self {
        let bar = io::stderr().is_terminal().then(|| bar(title, total as u64));
        Self {
            title,
            start: Instant::now(),
            bar,
        }
    }

    /// Reports `done` more units of work. Cheap, but not free: call it per batch.
    pub fn advance(&self, done: usize) {
        if let Some(bar) = &self.bar {
            bar.inc(done as u64);
        }
    }

    /// Says a line without tearing the bar apart.
    pub(crate) fn say(&self, line: impl fmt::Display) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(line)),
            None => say(line),
        }
    }
}

impl Drop for Phase {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        say(format_args!(
            "  {}: {:.1} s",
            self.title,
            self.start.elapsed().as_secs_f64()
        ));
    }
}

fn bar(title: &'static str, total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("  {msg} [{bar:30}] {pos}/{len} {eta}")
        .expect("the template is well formed")
        .progress_chars("=> ");
    let bar = ProgressBar::new(total)
        .with_style(style)
        .with_message(title);
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
