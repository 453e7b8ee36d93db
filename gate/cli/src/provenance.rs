//! Who, when and where: the facts about a promotion that only the shell knows.

use std::process::Command;
use std::time::SystemTime;

/// The time now, RFC 3339 in UTC.
pub(crate) fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// The day now in UTC, `YYYY-MM-DD`.
pub(crate) fn today() -> String {
    now().split('T').next().unwrap_or_default().to_owned()
}

/// A text that no second invocation gets: the time in nanoseconds.
pub(crate) fn unique() -> String {
    humantime::format_rfc3339_nanos(SystemTime::now()).to_string()
}

/// Who is at the keyboard: the actor of a workflow, else git's user, else the account.
pub(crate) fn whoami() -> Option<String> {
    let variable = |name| std::env::var(name).ok().filter(|v| !v.is_empty());
    let git = || {
        let output = Command::new("git")
            .args(["config", "user.name"])
            .output()
            .ok()?;
        let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (!name.is_empty()).then_some(name)
    };
    variable("GITHUB_ACTOR")
        .or_else(git)
        .or_else(|| variable("USER"))
}

/// Address of the workflow run this happens in, if any.
pub(crate) fn workflow_run() -> Option<String> {
    let variable = |name| std::env::var(name).ok().filter(|v| !v.is_empty());
    let (server, repository, id) = (
        variable("GITHUB_SERVER_URL")?,
        variable("GITHUB_REPOSITORY")?,
        variable("GITHUB_RUN_ID")?,
    );
    Some(format!("{server}/{repository}/actions/runs/{id}"))
}
