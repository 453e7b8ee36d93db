//! stdout carries the answer, stderr the talk.

use std::io::{ErrorKind, IsTerminal, Write};

use gate_schema::code::Code;

use crate::args::{Colour, Look};
use crate::diagnostic::{Diagnostic, Place};

/// Columns when nobody says: wide enough for the whole table, narrow enough for a log viewer.
const DEFAULT_WIDTH: u16 = 120;

/// Prints the answer.
///
/// A reader that stops reading (`gate compare ... | head -1`) has got what it wanted, so a closed
/// pipe is not an error and the exit code stays the verdict's.
pub(crate) fn answer(text: &str) -> Result<(), Vec<Diagnostic>> {
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(vec![Diagnostic::new(
            Code::Unwritable,
            format!("cannot write the answer: {error}"),
            Place::Flag("stdout"),
            "write it to a file with --output",
        )]),
    }
}

/// Prints talk; nobody listening is not an error.
pub(crate) fn talk(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Columns of the table.
pub(crate) fn width(look: &Look) -> usize {
    let terminal = || terminal_size::terminal_size().map(|(width, _)| width.0);
    usize::from(
        look.width
            .or_else(terminal)
            .unwrap_or(DEFAULT_WIDTH)
            .max(40),
    )
}

/// Whether to colour (<https://no-color.org>).
pub(crate) fn colour(look: &Look) -> bool {
    match look.colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => {
            std::io::stdout().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
        }
    }
}

/// Whether the terminal shows more than ASCII.
pub(crate) fn unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    std::io::stdout().is_terminal()
        && locale.is_some_and(|l| l.to_ascii_lowercase().replace('-', "").contains("utf8"))
}
