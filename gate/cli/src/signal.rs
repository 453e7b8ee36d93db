//! Ctrl-C, as a message.
//!
//! Commands run in process groups of their own, so a signal from the terminal reaches `gate` alone.
//! It has to end them, and to clean up behind itself.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use gate_schema::code::Code;
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::diagnostic::{Diagnostic, Place};
use crate::process;

/// Whether somebody wants the measurement to end. Clones share one answer, which never goes back to no.
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    has_fired: bool,
    running: Vec<Running>,
    /// Where the next start reads what was running, should this process be killed.
    notes: Option<File>,
}

impl State {
    /// Notes down who this is and what runs.
    fn note(&self) {
        let Some(file) = &self.notes else { return };
        let mut text = format!("{}\n", std::process::id());
        text.extend(
            self.running
                .iter()
                .filter_map(|running| running.note.as_deref()),
        );
        // Overwritten before it is cut, so that there is no moment without notes. They are for a case
        // that should not happen, and nothing else depends on them.
        let _ = file.write_all_at(text.as_bytes(), 0);
        let _ = file.set_len(text.len() as u64);
    }
}

/// A process group that has to end when `gate` does.
struct Running {
    group: Pid,
    /// By which another process knows it.
    note: Option<String>,
    wake: Box<dyn Fn() + Send>,
}

impl Interrupt {
    /// One that fires at the first SIGINT, SIGTERM, SIGHUP or SIGQUIT. The second one kills every
    /// running command and `gate` itself at once; the next start cleans up.
    ///
    /// A signal that is ignored stays ignored, as `nohup` promises.
    pub(crate) fn on_signals() -> Result<Self, Vec<Diagnostic>> {
        let interrupt = Self::default();
        let ignored = ignored();
        let listened = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
            .into_iter()
            .filter(|signal| ignored & (1 << (signal - 1)) == 0);
        let mut signals = Signals::new(listened).map_err(|error| {
            vec![Diagnostic::new(
                Code::Interrupted,
                format!("cannot listen for signals: {error}"),
                Place::Flag("signals"),
                "without them a command would be left running behind an interrupted gate",
            )]
        })?;
        let fired = interrupt.clone();
        thread::spawn(move || {
            for signal in signals.forever() {
                if fired.has_fired() {
                    fired.kill_all();
                    // Ends the process; should that fail, a third signal tries again.
                    let _ = emulate_default_handler(signal);
                }
                fired.fire();
            }
        });
        Ok(interrupt)
    }

    /// Fires by hand, as the first signal does.
    pub(crate) fn fire(&self) {
        let mut state = self.state();
        state.has_fired = true;
        for running in &state.running {
            (running.wake)();
        }
    }

    pub(crate) fn has_fired(&self) -> bool {
        self.state().has_fired
    }

    /// Refuses to go on once it has fired.
    pub(crate) fn check(&self) -> Result<(), Vec<Diagnostic>> {
        if !self.has_fired() {
            return Ok(());
        }
        Err(vec![Diagnostic::new(
            Code::Interrupted,
            "interrupted",
            Place::Flag("signal"),
            "start it again",
        )])
    }

    /// Starts a command, which must have a process group of its own; `wake` is called when this fires
    /// before the result is dropped. `None` when it has fired already.
    ///
    /// Starting and noting down are one step, so that no command is overlooked by a signal.
    pub(crate) fn start(
        &self,
        command: &mut Command,
        wake: impl Fn() + Send + 'static,
    ) -> io::Result<Option<Started>> {
        let mut state = self.state();
        if state.has_fired {
            return Ok(None);
        }
        let child = command.spawn()?;
        let group = Pid::from_child(&child);
        state.running.push(Running {
            group,
            note: process::note(group),
            wake: Box::new(wake),
        });
        state.note();
        Ok(Some(Started {
            group,
            interrupt: self.clone(),
            _child: child,
        }))
    }

    /// From now on keeps a note of what runs in `file`, replacing what it says.
    pub(crate) fn note_in(&self, file: Option<File>) {
        self.state().notes = file;
    }

    fn kill_all(&self) {
        for running in &self.state().running {
            let _ = kill_process_group(running.group, Signal::KILL);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock leaves the state half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A command that has been started, until it has ended.
pub(crate) struct Started {
    /// Its process group, named after its first process.
    pub(crate) group: Pid,
    interrupt: Interrupt,
    /// Waited for by its group; kept for its meaning alone.
    _child: Child,
}

impl Drop for Started {
    fn drop(&mut self) {
        let mut state = self.interrupt.state();
        state.running.retain(|running| running.group != self.group);
        state.note();
    }
}

/// Signals this process was started to ignore, as a bit set; none where the system does not say.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or(0)
}

#[cfg(test)]
mod tests;
