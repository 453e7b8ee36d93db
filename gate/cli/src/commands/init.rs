//! `gate init`: writes the commented default policy, never over an existing file.

use gate_schema::code::Code;
use gate_schema::exit::ExitCode;

use crate::args::Init;
use crate::diagnostic::{Diagnostic, Place};
use crate::document::{make_folder, write};
use crate::policy::DEFAULT;
use crate::terminal;

pub(crate) fn run(arguments: &Init) -> Result<ExitCode, Vec<Diagnostic>> {
    if arguments.path.exists() {
        let place = Place::File(arguments.path.clone());
        return Err(vec![Diagnostic::new(
            Code::Overwrite,
            "the file exists already",
            place,
            "edit it, or name another path",
        )]);
    }
    make_folder(&arguments.path)?;
    write(&arguments.path, DEFAULT.as_bytes())?;
    terminal::answer(&format!("wrote {}\n", arguments.path.display()))?;
    Ok(ExitCode::Pass)
}
