//! What is said while measuring: what is measured now, and how long it still takes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use gate_schema::id::ScenarioId;
use indicatif::{ProgressBar, ProgressStyle};

use super::runs::Who;
use crate::checkout::Side;
use crate::diagnostic::printable;
use crate::terminal::talk;

/// Tells the person at the keyboard, or the log of a workflow, what goes on.
pub(crate) struct Progress {
    is_watched: bool,
    is_silent: bool,
    bar: RefCell<Option<ProgressBar>>,
}

/// One stretch of work with a known number of steps.
pub(crate) struct Phase<'a> {
    progress: &'a Progress,
    start: Instant,
    total: usize,
    done: std::cell::Cell<usize>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            is_watched: std::io::stderr().is_terminal(),
            is_silent: false,
            bar: RefCell::new(None),
        }
    }

    /// Says nothing.
    #[cfg(test)]
    pub(crate) fn silent() -> Self {
        Self {
            is_watched: false,
            is_silent: true,
            bar: RefCell::new(None),
        }
    }

    /// Says a line, without tearing a bar apart.
    pub(crate) fn say(&self, line: &str) {
        let line = format!("{line}\n");
        match &*self.bar.borrow() {
            _ if self.is_silent => {}
            Some(bar) => bar.suspend(|| talk(&line)),
            None => talk(&line),
        }
    }

    pub(crate) fn building(&self, side: Side) {
        let side = match side {
            Side::Base => "baseline",
            Side::Candidate => "candidate",
        };
        self.say(&format!("building the {side}"));
    }

    pub(crate) fn warming_up(&self, who: Who, scenarios: usize, starts: u32) -> Phase<'_> {
        let each = match starts {
            1 => String::new(),
            many => format!(", {many} starts each"),
        };
        let text = format!("warming up the {}: {}{each}", name(who), count(scenarios));
        self.phase(&text, scenarios * starts as usize)
    }

    /// A session of pairs; `spent` says how long repetitions took so far.
    pub(crate) fn session(
        &self,
        why: &str,
        pairs: u32,
        scenarios: &[ScenarioId],
        spent: &BTreeMap<ScenarioId, (Duration, u32)>,
    ) -> Phase<'_> {
        let one = |scenario: &ScenarioId| {
            let (time, count) = spent.get(scenario).copied().unwrap_or_default();
            time / count.max(1) * 2 * pairs
        };
        let time: Duration = scenarios.iter().map(one).sum();
        let of = match scenarios {
            [only] => only.to_string(),
            many => count(many.len()),
        };
        let text = format!("{why}: {pairs} pairs of {of}, {}", about(time));
        self.phase(&text, scenarios.len() * pairs as usize)
    }

    pub(crate) fn failed(&self, who: Who, scenario: &ScenarioId, how: &str) {
        self.say(&format!(
            "warning: {scenario} failed on the {}: {}",
            name(who),
            printable(how)
        ));
    }

    pub(crate) fn stepped(&self, who: Who, scenario: &ScenarioId) {
        self.say(&format!(
            "warning: the clock stepped back while {scenario} was measured on the {}; it is measured again",
            name(who)
        ));
    }

    fn phase(&self, text: &str, total: usize) -> Phase<'_> {
        self.say(text);
        if self.is_watched {
            *self.bar.borrow_mut() = Some(bar(total as u64));
        }
        Phase {
            progress: self,
            start: Instant::now(),
            total,
            done: std::cell::Cell::new(0),
        }
    }
}

impl Phase<'_> {
    /// The next step is about `scenario`.
    pub(crate) fn starting(&self, scenario: &ScenarioId) {
        if let Some(bar) = &*self.progress.bar.borrow() {
            bar.set_message(scenario.to_string());
        }
    }

    /// One more step is done.
    pub(crate) fn advance(&self) {
        let done = self.done.get() + 1;
        self.done.set(done);
        if let Some(bar) = &*self.progress.bar.borrow() {
            bar.inc(1);
            return;
        }
        // A log gets a line per quarter, not one per step.
        let quarter = |done: usize| done * 4 / self.total.max(1);
        if self.total >= 8 && quarter(done) > quarter(done - 1) && done < self.total {
            let left =
                self.start.elapsed().as_secs_f64() / done as f64 * (self.total - done) as f64;
            let line = format!("  {done} of {}, {left:.0} s left", self.total);
            self.progress.say(&line);
        }
    }
}

impl Drop for Phase<'_> {
    fn drop(&mut self) {
        if let Some(bar) = self.progress.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: u64) -> ProgressBar {
    // The template is a constant; without it the default style does.
    let style = ProgressStyle::with_template("  [{bar:30}] {pos}/{len} {eta} left  {msg}")
        .map(|style| style.progress_chars("=> "));
    let bar = ProgressBar::new(total);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn about(time: Duration) -> String {
    match time.as_secs() {
        0 => "less than a second".to_owned(),
        seconds => format!("about {seconds} s"),
    }
}

fn name(who: Who) -> &'static str {
    match who {
        Who::Baseline => "baseline",
        Who::Candidate => "candidate",
        Who::Canary => "baseline, second arm",
    }
}

fn count(scenarios: usize) -> String {
    match scenarios {
        1 => "1 scenario".to_owned(),
        many => format!("{many} scenarios"),
    }
}
