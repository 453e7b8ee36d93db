//! `bench env`: prints the environment, for `gate import --environment`.

use gate_schema::exit::ExitCode;

use super::answer;
use crate::environment::environment;
use crate::error::BenchError;

pub(super) fn env() -> Result<ExitCode, BenchError> {
    let json =
        serde_json::to_string_pretty(&environment()).expect("an environment is a map of texts");
    answer(&(json + "\n"))
}
