//! The values of options, and how they are printed: one option a line, and all lines together a
//! file that `--config` reads back.

use std::fmt::{self, Write};
use std::path::PathBuf;

use super::draft::Draft;
use super::options::{self, Opt};
use super::problem::{Kind, Origin, one_line};
use super::table::Set;
use super::value;

/// An option's value and where it came from.
pub struct Setting {
    /// The row.
    pub option: &'static Opt,
    /// The texts that were set, at least one. Where the option left something to be found out
    /// (`auto`, a host for all defaults), what was found.
    pub values: Vec<String>,
    /// The strongest source that set it.
    pub origin: Origin,
    /// It holds a secret: what is shown instead sets nothing.
    hidden: bool,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setting { option, values, origin, hidden } = self;
        let mark = if *hidden || !options::is_key(option) { "# " } else { "" };
        let value = if *hidden { one_line(&values.join(",")) } else { toml(option, values) };
        let origin = one_line(&origin.to_string());
        write!(f, "{mark}{} = {value}   # {origin}", option.row.name)
    }
}

/// Texts as a value of TOML.
fn toml(option: &Opt, values: &[String]) -> String {
    match values {
        [one] if matches!(option.set, Set::Switch(_)) || is_number(one) => one.clone(),
        [one] => string(one),
        several => {
            let strings = several.iter().map(|text| string(text)).collect::<Vec<_>>();
            format!("[{}]", strings.join(", "))
        }
    }
}

/// Returns whether TOML writes it in the same digits, as an integer that every reader has room for.
fn is_number(text: &str) -> bool {
    const DIGITS_MAX: usize = 18;
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && (1..=DIGITS_MAX).contains(&text.len());
    digits && (text == "0" || !text.starts_with('0'))
}

/// A basic string (TOML 1.0, "String").
fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// All settings, in the order of the table.
pub(super) struct Settings(Vec<Setting>);

impl Settings {
    /// Sets every default.
    pub(super) fn defaults(draft: &mut Draft) -> Settings {
        let mut settings = Vec::new();
        for option in options::all().filter(|option| option.is_setting()) {
            for value in option.pieces(&[option.row.default.to_owned()]) {
                option.take(draft, value).expect("a default of the table is a valid value");
            }
            let values = vec![option.row.default.to_owned()];
            settings.push(Setting { option, values, hidden: false, origin: Origin::Default });
        }
        Settings(settings)
    }

    /// Where that option's value came from.
    pub(super) fn origin(&self, name: &str) -> &Origin {
        let setting = self.0.iter().find(|setting| setting.option.row.name == name);
        setting.map_or(&Origin::Default, |setting| &setting.origin)
    }

    /// The files that options name, those that were named more than once each for itself.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let is_named =
            |setting: &&Setting| setting.option.row.value == "FILE" && !setting.origin.is_default();
        let named = self.0.iter().filter(is_named).flat_map(|setting| &setting.values);
        let named = named.filter(|value| !matches!(value.as_str(), "" | "-" | value::NONE));
        named.map(Into::into).collect()
    }

    /// Whose mistake it is when these options do not go together.
    pub(super) fn kind(&self, names: &[&str]) -> Kind {
        let kinds = names.iter().map(|name| self.origin(name).kind());
        kinds.max().unwrap_or(Kind::Configuration)
    }

    /// Values, and where they came from.
    pub(super) fn settle(&mut self, name: &str, values: Vec<String>, origin: Origin) {
        if let Some(setting) = self.find(name) {
            (setting.values, setting.origin) = (values, origin);
        }
    }

    /// Sets the value found for an option that left something open.
    pub(super) fn found(&mut self, name: &str, value: String) {
        if let Some(setting) = self.find(name) {
            setting.values = vec![value];
        }
    }

    /// Sets the text that is shown instead of a secret.
    pub(super) fn hide(&mut self, name: &str, shown: String) {
        self.found(name, shown);
        if let Some(setting) = self.find(name) {
            setting.hidden = true;
        }
    }

    pub(super) fn into_list(self) -> Vec<Setting> {
        self.0
    }

    fn find(&mut self, name: &str) -> Option<&mut Setting> {
        self.0.iter_mut().find(|setting| setting.option.row.name == name)
    }
}

#[cfg(test)]
mod tests;
