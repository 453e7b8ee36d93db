//! Ctrl-C: what was measured is kept.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells whether somebody asked for the end, by Ctrl-C or by ending the process.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    is_asked: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on. Asked a second time, the process ends at once.
    ///
    /// # Errors
    /// When the system refuses the handler.
    pub(crate) fn listen() -> io::Result<Self> {
        let is_asked = Arc::new(AtomicBool::new(false));
        #[cfg(unix)]
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            let flag = || Arc::clone(&is_asked);
            // In this order: the first signal sets the flag that the second one finds set.
            let code = 128 + signal;
            signal_hook::flag::register_conditional_shutdown(signal, code, flag())?;
            signal_hook::flag::register(signal, flag())?;
        }
        Ok(Self { is_asked })
    }

    /// Whether the end was asked for.
    pub(crate) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }
}
