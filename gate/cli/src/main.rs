//! The `gate` command: parses, dispatches, and turns the answer into an exit code.
//!
//! Effects live here and only here: files, clock, terminal. Arithmetic on metrics lives in
//! `gate-core`, wording and layout in `gate-render`.

mod accepted;
mod args;
mod checkout;
mod commands;
mod diagnostic;
mod doctor;
mod document;
mod git;
mod history;
mod measure;
mod nearest;
mod noise;
mod observe;
mod page;
mod plan;
mod policy;
mod process;
mod profile;
mod provenance;
mod publish;
mod refusal;
mod room;
mod show;
mod signal;
mod terminal;

use clap::Parser;
use gate_schema::exit::ExitCode;

use crate::args::{Arguments, Verb};

fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    let answer = match &arguments.verb {
        Verb::Check(check) => commands::check::run(check),
        Verb::Calibrate(calibrate) => commands::calibrate::run(calibrate),
        Verb::Lint(lint) => commands::lint::run(lint),
        Verb::Doctor(doctor) => commands::doctor::run(doctor),
        Verb::Bisect(bisect) => commands::bisect::run(bisect),
        Verb::Plan(plan) => commands::plan::run(plan),
        Verb::Compare(compare) => commands::compare::run(compare),
        Verb::Publish(publish) => commands::publish::run(publish),
        Verb::Record(record) => commands::record::run(record),
        Verb::Issue(issue) => commands::issue::run(issue),
        Verb::VerifyBaseline(verify) => commands::verify_baseline::run(verify),
        Verb::Trend(trend) => commands::trend::run(trend),
        Verb::Promote(promote) => commands::promote::run(promote),
        Verb::Explain(explain) => commands::explain::run(explain),
        Verb::Flame(flame) => commands::flame::run(flame),
        Verb::Report(report) => commands::report::run(report),
        Verb::Import(import) => commands::import::run(import),
        Verb::Init(init) => commands::init::run(init),
    };
    let code = answer.unwrap_or_else(|problems| {
        terminal::talk(&diagnostic::render(&problems));
        ExitCode::Usage
    });
    code.into()
}
