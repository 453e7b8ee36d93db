//! A TOML table whose every field is taken once, with a diagnostic for each that is wrong.

use std::ops::Range;
use std::path::Path;

use gate_schema::code::Code;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Place, Span};
use crate::nearest::distance;

/// The file being read, with the mistakes found so far.
pub(super) struct Source<'a> {
    path: &'a Path,
    text: &'a str,
    problems: Vec<Diagnostic>,
}

/// What the hint of every syntax error says.
const SYNTAX: &str = "see https://toml.io for the syntax";

impl<'a> Source<'a> {
    /// Parses `text` as far as it goes; every syntax error is already reported.
    pub(super) fn parse(path: &'a Path, text: &'a str) -> (Self, DeTable<'a>) {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut source = Self {
            path,
            text,
            problems: Vec::new(),
        };
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            source.problem(Code::PolicySyntax, error.message().to_owned(), span, SYNTAX);
        }
        (source, table.into_inner())
    }

    /// `read` when nothing was wrong, else every mistake in the order of the file, which is the order
    /// they are mended in.
    pub(super) fn finish<T>(mut self, read: T) -> Result<T, Vec<Diagnostic>> {
        self.problems.sort_by_key(Diagnostic::line);
        if self.problems.is_empty() {
            Ok(read)
        } else {
            Err(self.problems)
        }
    }

    pub(super) fn problem(
        &mut self,
        code: Code,
        message: String,
        range: Range<usize>,
        hint: impl Into<String>,
    ) {
        let place = Place::Span(Span::new(self.path, self.text, range));
        self.problems
            .push(Diagnostic::new(code, message, place, hint));
    }

    /// 1-based line of a byte offset.
    pub(super) fn line(&self, at: usize) -> u32 {
        let newlines = self.text.as_bytes()[..at.min(self.text.len())]
            .iter()
            .filter(|&&b| b == b'\n')
            .count();
        u32::try_from(newlines + 1).unwrap_or(u32::MAX)
    }

    /// Reports every key of `table` that is not known, with the nearest one that is.
    pub(super) fn refuse_unknown(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for key in table
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
        {
            let name = key.get_ref().as_ref();
            let nearest = known
                .iter()
                .min_by_key(|candidate| distance(candidate, name))
                .copied()
                .unwrap_or_default();
            let hint = if distance(nearest, name) <= 3 {
                format!("did you mean `{nearest}`?")
            } else {
                format!("known keys: {}", known.join(", "))
            };
            self.problem(
                Code::PolicyKey,
                format!("unknown key `{name}`"),
                key.span(),
                hint,
            );
        }
    }

    /// The tables of a list written with double brackets, with their spans. Anything else there is
    /// reported.
    pub(super) fn tables<'t, 'i>(
        &mut self,
        table: &'t DeTable<'i>,
        key: &str,
    ) -> Vec<(&'t DeTable<'i>, Range<usize>)> {
        let Some(value) = table.get(key) else {
            return Vec::new();
        };
        let mut tables = Vec::new();
        let entries = value
            .get_ref()
            .as_array()
            .map(|array| array.iter().collect::<Vec<_>>());
        for entry in entries.unwrap_or_else(|| vec![value]) {
            match entry
                .get_ref()
                .as_table()
                .filter(|_| value.get_ref().is_array())
            {
                Some(table) => tables.push((table, entry.span())),
                None => {
                    let hint = format!("write [[{key}]] with double brackets");
                    self.problem(
                        Code::PolicyValue,
                        format!("expected a list of {key}s"),
                        entry.span(),
                        hint,
                    );
                }
            }
        }
        tables
    }

    /// Reads `key` with `read`, which returns what was expected when the value does not fit.
    /// `None` when the key is absent or wrong; a wrong one is reported.
    pub(super) fn take<T>(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        read: impl Fn(&DeValue<'_>) -> Result<T, Wrong>,
    ) -> Option<T> {
        let value: &Spanned<DeValue<'_>> = table.get(key)?;
        match read(value.get_ref()) {
            Ok(read) => Some(read),
            Err(wrong) => {
                self.problem(Code::PolicyValue, wrong.message, value.span(), wrong.hint);
                None
            }
        }
    }
}

/// Why a value does not fit.
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) hint: String,
}

impl Wrong {
    pub(super) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// A string, or what else stands there.
pub(super) fn text<'a>(value: &'a DeValue<'_>, example: &str) -> Result<&'a str, Wrong> {
    value.as_str().ok_or_else(|| {
        Wrong::new(
            format!("expected a string, found {}", value.type_str()),
            format!("write it as {example}"),
        )
    })
}

/// A whole number of at least `low`.
pub(super) fn whole(value: &DeValue<'_>, low: u64) -> Result<u64, Wrong> {
    let hint = format!("write a whole number of at least {low}");
    let integer = value.as_integer().ok_or_else(|| {
        Wrong::new(
            format!("expected a whole number, found {}", value.type_str()),
            &hint,
        )
    })?;
    match u64::from_str_radix(integer.as_str(), integer.radix()) {
        Ok(number) if number >= low => Ok(number),
        _ => Err(Wrong::new("number out of range", hint)),
    }
}

/// One word of a fixed set.
pub(super) fn word<T: Copy>(value: &DeValue<'_>, words: &[(&str, T)]) -> Result<T, Wrong> {
    let list = words
        .iter()
        .map(|(word, _)| format!("\"{word}\""))
        .collect::<Vec<_>>()
        .join(", ");
    let given = text(value, &list)?;
    words
        .iter()
        .find(|(word, _)| *word == given)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| Wrong::new(format!("unknown word `{given}`"), format!("one of {list}")))
}
