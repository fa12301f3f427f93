//! The configuration file as a source: TOML whose keys are the names of the flags.
//!
//! Flat by design: one name for one thing in flags, environment and file.

use std::fs;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::options::{self, Opt};
use super::problem::{Given, Kind, Origin, Problem};
use super::suggest;

/// Reads the file at `path`. One that cannot be read or is no TOML sets nothing.
pub(super) fn read(path: &Path, problems: &mut Vec<Problem>) -> Vec<Given> {
    match fs::read_to_string(path) {
        Ok(text) => read_text(path, &text, problems),
        Err(error) => {
            let text = format!("configuration file {}: {error}", path.display());
            problems.push(Problem::new(Kind::Configuration, text));
            Vec::new()
        }
    }
}

fn read_text(path: &Path, text: &str, problems: &mut Vec<Problem>) -> Vec<Given> {
    let line = |at: usize| 1 + text[..at].bytes().filter(|b| *b == b'\n').count();
    let place = |at: usize| format!("{}:{}", path.display(), line(at));
    let mut complain = |place: String, what: &str| {
        problems.push(Problem::new(Kind::Configuration, format!("{place}: {what}")));
    };

    let (table, errors) = DeTable::parse_recoverable(text);
    // What a parser makes of the rest of a broken file is guesswork.
    if !errors.is_empty() {
        for error in errors {
            complain(place(error.span().map_or(0, |span| span.start)), error.message());
        }
        return Vec::new();
    }

    let mut entries: Vec<_> = table.into_inner().into_iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let mut given = Vec::new();
    for (key, value) in entries {
        let place = place(key.span().start);
        let key = key.into_inner();
        match known(&key).and_then(|option| Ok((option, texts(option, value.get_ref())?))) {
            Ok((option, values)) => given.push(Given {
                option,
                values,
                origin: Origin::File(path.to_owned()),
                place: format!("{place}: {key}"),
            }),
            Err(what) => complain(format!("{place}: {key}"), &what),
        }
    }
    given
}

fn known(key: &str) -> Result<&'static Opt, String> {
    let keys = || options::all().filter(|option| options::is_key(option));
    if let Some(option) = keys().find(|option| option.row.name == key) {
        return Ok(option);
    }
    if options::find(key).is_some() {
        return Err("a flag only, no key of a configuration file".to_owned());
    }
    Err(format!("unknown key{}", suggest::hint(key, keys().map(|option| option.row.name))))
}

/// A TOML value as the texts that a flag would have.
fn texts(option: &Opt, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    match value {
        DeValue::Array(array) if option.row.is_list => elements(array),
        DeValue::Array(_) => Err("takes one value, not an array".to_owned()),
        DeValue::Table(_) => {
            Err("takes a value, not a table: all keys stand at the top".to_owned())
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => Ok(vec![scalar(value)?]),
    }
}

fn elements(array: &DeArray<'_>) -> Result<Vec<String>, String> {
    if array.is_empty() {
        return Err("an empty array says nothing".to_owned());
    }
    array.iter().map(Spanned::get_ref).map(scalar).collect()
}

fn scalar(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.clone().into_owned()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map(|number| number.to_string())
            .map_err(|error| error.to_string()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Boolean(on) => Ok(on.to_string()),
        DeValue::Datetime(_) => Err("takes no date".to_owned()),
        DeValue::Array(_) | DeValue::Table(_) => Err("takes plain values".to_owned()),
    }
}
