//! Reading a run document.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use gate_schema::code::Code;
use gate_schema::defect::Defect;
use gate_schema::id::Digest;
use gate_schema::run::{FORMAT, Run};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::diagnostic::{Diagnostic, Place, Span};

/// Largest document read: 200 times a run of 10,000 histograms.
const MAX_BYTES: u64 = 4 << 30;

/// How much of a file is looked at before all of it is read into memory.
const PEEK_BYTES: usize = 4096;

/// Where a run comes from.
const MISSING: &str =
    "check the path; `bench run --out FILE` writes a run, `gate promote FILE` a baseline";

/// Bytes quoted on each side of a syntax error.
const QUOTED_BYTES: usize = 60;

/// Reads and validates a run.
pub(crate) fn read_run(path: &Path) -> Result<Run, Vec<Diagnostic>> {
    parse_run(path, &read_bytes(path)?)
}

/// Reads and validates a run, with the digest of the bytes it was read from.
pub(crate) fn read_run_with_digest(path: &Path) -> Result<(Run, Digest), Vec<Diagnostic>> {
    let bytes = read_bytes(path)?;
    Ok((
        parse_run(path, &bytes)?,
        Digest::from_bytes(&Sha256::digest(&bytes).into()),
    ))
}

/// Reads and validates the run that one start of a measuring command wrote. Times that the clock misread
/// are left out of it.
pub(crate) fn read_start(path: &Path) -> Result<Run, Vec<Diagnostic>> {
    let mut run = parse(path, &read_bytes(path)?)?;
    run.leave_out_misread();
    validated(path, run)
}

/// Parses and validates a run; `path` is where its bytes came from.
pub(crate) fn parse_run(path: &Path, bytes: &[u8]) -> Result<Run, Vec<Diagnostic>> {
    validated(path, parse(path, bytes)?)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Run, Vec<Diagnostic>> {
    serde_json::from_slice(bytes).map_err(|error| vec![explain(path, bytes, &error)])
}

fn validated(path: &Path, run: Run) -> Result<Run, Vec<Diagnostic>> {
    run.validate().map_err(|problems| {
        problems
            .iter()
            .map(|p| Diagnostic::of_problem(path, p))
            .collect::<Vec<_>>()
    })?;
    Ok(run)
}

/// A file that cannot be read. `missing` says where one comes from, for who has none.
pub(crate) fn unreadable(path: &Path, error: &std::io::Error, missing: &str) -> Diagnostic {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => missing,
        std::io::ErrorKind::IsADirectory => "name a file in that directory",
        _ => "check the permissions",
    };
    Diagnostic::new(
        Code::Unreadable,
        format!("cannot read: {error}"),
        Place::File(path.to_owned()),
        hint,
    )
}

pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, Vec<Diagnostic>> {
    let fail = |error: std::io::Error| vec![unreadable(path, &error, MISSING)];
    let mut file = File::open(path).map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    if metadata.is_dir() {
        return Err(fail(std::io::ErrorKind::IsADirectory.into()));
    }
    let mut bytes = Vec::new();
    (&mut file)
        .take(PEEK_BYTES as u64)
        .read_to_end(&mut bytes)
        .map_err(fail)?;
    // A gigabyte of something else is refused by its first byte, not after reading it all.
    match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
        None => {
            return Err(vec![syntax(
                path,
                "the file is empty",
                "nothing measured is never a pass; run the benchmark again",
            )]);
        }
        Some(b'{') => {}
        Some(_) => {
            return Err(vec![syntax(
                path,
                "not a JSON object",
                "expected a run document, as `bench run` and `gate import` write it",
            )]);
        }
    }
    if metadata.len() > MAX_BYTES {
        return Err(vec![too_large(path)]);
    }
    bytes.reserve_exact(
        usize::try_from(metadata.len())
            .unwrap_or(0)
            .saturating_sub(bytes.len())
            + 1,
    );
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 >= MAX_BYTES {
        return Err(vec![too_large(path)]);
    }
    Ok(bytes)
}

fn too_large(path: &Path) -> Diagnostic {
    Diagnostic::new(
        Code::TooLarge,
        "the document is larger than 4 GiB",
        Place::File(path.to_owned()),
        "split the run by scenario with `bench run --only GLOB`",
    )
}

fn syntax(path: &Path, message: &str, hint: &str) -> Diagnostic {
    Diagnostic::new(Code::Syntax, message, Place::File(path.to_owned()), hint)
}

/// Finds the best words for a document that did not parse. Slow paths are fine here.
fn explain(path: &Path, bytes: &[u8], error: &serde_json::Error) -> Diagnostic {
    #[derive(Deserialize)]
    struct Head {
        format: Option<String>,
    }
    if !error.is_data() {
        return explain_syntax(path, bytes, error);
    }
    let format = match serde_json::from_slice::<Head>(bytes) {
        Ok(head) => head.format,
        Err(error) if !error.is_data() => return explain_syntax(path, bytes, &error),
        Err(_) => None,
    };
    if format.as_deref() != Some(FORMAT) {
        let defect = Defect::Format(format.unwrap_or_else(|| "none".to_owned()));
        let place = Place::Pointer(path.to_owned(), "/format".to_owned());
        return Diagnostic::new(Code::Format, defect.to_string(), place, defect.hint());
    }
    let deserializer = &mut serde_json::Deserializer::from_slice(bytes);
    let (pointer, message) = match serde_path_to_error::deserialize::<_, Run>(deserializer) {
        Ok(_) => (String::new(), error.to_string()),
        Err(error) => (pointer(error.path()), error.inner().to_string()),
    };
    // The pointer says where; a line and column of a machine's file say nothing.
    let message = message.split(" at line ").next().unwrap_or(&message);
    let place = Place::Pointer(path.to_owned(), pointer);
    Diagnostic::new(
        Code::Document,
        lower_first(message),
        place,
        "docs/run-format.md describes every field; documents with unknown fields are refused",
    )
}

fn explain_syntax(path: &Path, bytes: &[u8], error: &serde_json::Error) -> Diagnostic {
    let line_start = match error.line() {
        0 | 1 => 0,
        line => bytes
            .iter()
            .enumerate()
            .filter(|(_, b)| **b == b'\n')
            .nth(line - 2)
            .map_or(0, |(at, _)| at + 1),
    };
    let at = (line_start + error.column().saturating_sub(1)).min(bytes.len());
    // A document may be a gigabyte on one line: only what is quoted becomes text.
    let from = at.saturating_sub(QUOTED_BYTES).max(line_start);
    let before = String::from_utf8_lossy(&bytes[from..at]);
    let after = String::from_utf8_lossy(&bytes[at..bytes.len().min(at + QUOTED_BYTES)]);
    let near: String = before
        .chars()
        .rev()
        .take(3)
        .chain(after.chars().take(8))
        .collect();
    let message = error.to_string();
    let hint = if error.is_eof() {
        "the file is cut off; was the run interrupted, or the disk full?"
    } else if near.contains(['N', 'I']) {
        "JSON has no NaN or Infinity; leave a metric out when it was not measured"
    } else if message.contains("number out of range") {
        "no measurement is that large; check the unit"
    } else {
        "write the document again with the tool that made it"
    };
    let span = Span {
        path: path.to_owned(),
        line: error.line().max(1),
        column: error.column().max(1),
        length: 1,
        text: format!("{before}{}", after.lines().next().unwrap_or_default()),
        caret: before.chars().count() + 1,
    };
    let message = message.split(" at line ").next().unwrap_or(&message);
    Diagnostic::new(Code::Syntax, message, Place::Span(span), hint)
}

/// A path of `serde_path_to_error` as a JSON pointer.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => "/?".to_owned(),
        })
        .collect()
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}
