//! The command lines by which perf samples a command that takes no profile of itself.

use std::path::Path;

use crate::process::shell_word;

/// Samples per second, a prime number so that it does not beat with timers.
const HERTZ: u32 = 997;

/// Records everything that `line` runs, into the file `samples`. Ends as that ends.
///
/// By the clock and not by counted cycles, which a virtual machine seldom has.
pub(crate) fn record(samples: &Path, line: &str) -> String {
    format!(
        "exec perf record --quiet --no-buildid --no-buildid-cache --freq {HERTZ} --call-graph fp \
         --event cpu-clock --output {} -- sh -c {}",
        shell_word(&samples.to_string_lossy()),
        shell_word(line)
    )
}

/// Prints the samples.
pub(crate) fn script(samples: &Path) -> String {
    let samples = shell_word(&samples.to_string_lossy());
    format!("exec perf script --no-inline --input {samples}")
}

/// Why perf cannot sample a command, and what would change that.
#[derive(Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) reason: String,
    pub(crate) command: Option<String>,
}

impl Refused {
    /// From how a trial ended, and the last lines it printed.
    pub(crate) fn of(how: &str, tail: &[String]) -> Self {
        // What a shell says of a program that is not there.
        if how == "exit status 127" {
            return Self {
                reason: "perf is not installed".to_owned(),
                command: Some("sudo apt-get install linux-perf".to_owned()),
            };
        }
        let is_about_rights = tail
            .iter()
            .any(|line| line.contains("perf_event_paranoid") || line.contains("permi"));
        let said = tail
            .iter()
            .map(|line| line.trim())
            .find(|line| !line.is_empty() && *line != "Error:");
        Self {
            reason: format!("perf may not sample here: {}", said.unwrap_or(how)),
            command: is_about_rights.then(|| "sudo sysctl kernel.perf_event_paranoid=2".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_one_word_whatever_is_in_it() {
        assert_eq!(shell_word("a b"), "'a b'");
        assert_eq!(shell_word("echo 'a'; b"), r"'echo '\''a'\''; b'");
        let line = record(Path::new("/tmp/x y"), "./bench \"$GATE_SCENARIO\"");
        assert!(
            line.ends_with("--output '/tmp/x y' -- sh -c './bench \"$GATE_SCENARIO\"'"),
            "{line}"
        );
    }

    #[test]
    fn a_refusal_says_what_would_change_it() {
        let install = Some("sudo apt-get install linux-perf");
        let allow = Some("sudo sysctl kernel.perf_event_paranoid=2");
        for (how, tail, reason, command) in [
            (
                "exit status 127",
                &["sh: 1: exec: perf: not found"][..],
                "perf is not installed",
                install,
            ),
            (
                "exit status 255",
                &[
                    "Error:",
                    "Access to performance monitoring is limited.",
                    "see perf_event_paranoid",
                ],
                "perf may not sample here: Access to performance monitoring is limited.",
                allow,
            ),
            (
                "killed by signal 9",
                &[],
                "perf may not sample here: killed by signal 9",
                None,
            ),
        ] {
            let tail: Vec<String> = tail.iter().map(|&line| line.to_owned()).collect();
            let expected = Refused {
                reason: reason.to_owned(),
                command: command.map(str::to_owned),
            };
            assert_eq!(Refused::of(how, &tail), expected, "{how}");
        }
    }
}
