//! `gate doctor`: what on this machine disturbs measurements.

use gate_schema::exit::ExitCode;

use crate::args::Doctor;
use crate::diagnostic::Diagnostic;
use crate::doctor::{Disk, Root, State, findings, show};
use crate::terminal;

pub(crate) fn run(arguments: &Doctor) -> Result<ExitCode, Vec<Diagnostic>> {
    let volume = rustix::fs::statvfs(&arguments.disk).ok();
    let disk = Disk {
        free: volume.map(|volume| volume.f_bavail.saturating_mul(volume.f_frsize)),
    };
    let findings = findings(&Root(arguments.root.clone()), disk);
    terminal::answer(&show(&findings))?;
    let disturbs = findings
        .iter()
        .any(|finding| finding.state == State::Disturbs);
    Ok(if disturbs && arguments.strict {
        ExitCode::Fail
    } else {
        ExitCode::Pass
    })
}
