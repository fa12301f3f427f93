//! The rows of option tables, one type for every command.
//!
//! A row describes an option and says how its value is stored in the draft `D` of its command.
//! Parsing, help, the manual page and the completions are read from the rows, so a new option is
//! a new row and nothing else.

use super::value;
use std::ffi::OsString;
use std::path::PathBuf;

/// The description of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The flag without `--`, and the configuration key; [`Row::variable`] derives from it.
    pub name: &'static str,
    /// The letters that are short for it.
    pub short: &'static str,
    /// The placeholder of its value: empty for switches, `a|b` for a choice of words, in brackets
    /// if it may be left out.
    pub value: &'static str,
    /// The text that is set when no source sets one; empty or `none` if there is no such text.
    pub default: &'static str,
    /// One or two sentences, without the default.
    pub help: &'static str,
    /// True if several values make a list, rather than each replacing the one before.
    pub is_list: bool,
    /// True if it is accepted and not explained.
    pub is_hidden: bool,
}

/// An option of the command with the draft `D`.
pub struct Opt<D> {
    /// The description.
    pub row: Row,
    /// The effect of a value.
    pub set: Set<D>,
}

/// Options under one heading of the help.
pub struct Group<D: 'static> {
    /// The heading.
    pub title: &'static str,
    /// The options, in the order in which they are explained.
    pub options: &'static [Opt<D>],
}

/// The explained rows under one heading.
pub type Section = (&'static str, Vec<&'static Row>);

/// Stores a text in a draft. An error ends a sentence that begins with the option's name.
pub type Setter<D> = fn(&mut D, &str) -> Result<(), String>;

/// The effect of an option's value.
pub enum Set<D> {
    /// Stores one value; the last of several counts.
    Value(Setter<D>),
    /// Stores a path, which need not be UTF-8.
    Path(fn(&mut D, PathBuf)),
    /// Stores a value that may be left out.
    Optional {
        /// Returns whether the next argument is the value.
        is_value: fn(&str) -> bool,
        /// Stores it, or that it was left out.
        set: fn(&mut D, Option<&str>) -> Result<(), String>,
    },
    /// Turns something on or off; the bare flag is on.
    Switch(fn(&mut D, bool)),
    /// Adds to a list, by repeating the flag, by commas or as an array.
    List {
        /// Removes the values of a weaker source.
        clear: fn(&mut D),
        /// Adds one value.
        add: Setter<D>,
    },
    /// Adds to a list, by repeating the flag or as an array: a comma is a part of a value.
    Each {
        /// Removes the values of a weaker source.
        clear: fn(&mut D),
        /// Adds one value.
        add: Setter<D>,
    },
    /// Asks for something else than to run. Flags only.
    Ask(fn(&str) -> Result<Ask, String>),
}

/// A request of the command line for something else than to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// All options, explained.
    Help,
    /// Name, version and features.
    Version,
    /// Every option's value and its source.
    PrintConfig,
    /// The manual page.
    Man,
    /// A completion script.
    Completions(Shell),
}

/// A shell with completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// GNU bash.
    Bash,
    /// The Z shell.
    Zsh,
    /// The friendly interactive shell.
    Fish,
}

/// The rows of these groups that the help explains.
pub fn sections<D>(groups: &'static [Group<D>]) -> Vec<Section> {
    let rows = |group: &'static Group<D>| group.options.iter().map(|option| &option.row);
    let shown = |group| rows(group).filter(|row| !row.is_hidden).collect();
    groups.iter().map(|group| (group.title, shown(group))).collect()
}

/// All options of these groups, also those that are not explained.
pub(super) fn options<D>(groups: &'static [Group<D>]) -> impl Iterator<Item = &'static Opt<D>> {
    groups.iter().flat_map(|group| group.options)
}

impl Row {
    /// Returns whether the flag needs a value.
    pub fn takes_value(&self) -> bool {
        !self.value.is_empty() && !self.value.starts_with('[')
    }

    /// The words that the value is one of; empty when it is free.
    pub fn choices(&self) -> impl Iterator<Item = &'static str> {
        self.value.split('|').filter(|_| self.value.contains('|'))
    }

    /// The environment variable: `PENTAD_HEAD_BYTES` for `head-bytes`.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.replace('-', "_").to_ascii_uppercase())
    }
}

/// The beginning of the environment variables of all options.
pub const PREFIX: &str = "PENTAD_";

impl<D> Opt<D> {
    /// Returns whether it can be set, so that it has an environment variable and a line in
    /// `--print-config`.
    pub fn is_setting(&self) -> bool {
        !matches!(self.set, Set::Ask(_))
    }

    /// The same option under one more short name for each of these letters.
    pub const fn short(mut self, letters: &'static str) -> Opt<D> {
        self.row.short = letters;
        self
    }

    /// The same option, left out of the help.
    pub const fn hidden(mut self) -> Opt<D> {
        self.row.is_hidden = true;
        self
    }

    /// Sets the default of the table.
    pub(super) fn set_default(&self, draft: &mut D) {
        if !self.row.takes_value()
            || !self.is_setting()
            || ["", value::NONE].contains(&self.row.default)
        {
            return;
        }
        let set = self.set(draft, Some(self.row.default.into()));
        set.expect("a default of the table is a valid value");
    }

    /// Sets the value of a flag.
    pub(super) fn set(&self, draft: &mut D, value: Option<OsString>) -> Result<(), String> {
        match (&self.set, value) {
            (Set::Path(_), Some(path)) if path.is_empty() => {
                Err("a path cannot be empty".to_owned())
            }
            (Set::Path(set), Some(path)) => {
                set(draft, path.into());
                Ok(())
            }
            (Set::Optional { set, .. }, None) => set(draft, None),
            (Set::List { .. }, value) => {
                let list = [text(value)?];
                self.pieces(&list).into_iter().try_for_each(|one| self.take(draft, one).map(drop))
            }
            (
                Set::Value(_)
                | Set::Path(_)
                | Set::Optional { .. }
                | Set::Switch(_)
                | Set::Each { .. }
                | Set::Ask(_),
                value,
            ) => self.take(draft, &text(value)?).map(drop),
        }
    }

    /// Removes the list that a weaker source gave.
    pub(super) fn clear(&self, draft: &mut D) {
        match self.set {
            Set::List { clear, .. } | Set::Each { clear, .. } => clear(draft),
            Set::Value(_) | Set::Path(_) | Set::Optional { .. } | Set::Switch(_) | Set::Ask(_) => {}
        }
    }

    /// Splits values into single ones: those of most lists may be joined by commas, and `none` is
    /// no value of the others.
    pub(super) fn pieces<'a>(&self, values: &'a [String]) -> Vec<&'a str> {
        let values = values.iter().map(String::as_str);
        match self.set {
            Set::List { .. } => values.flat_map(|value| value.split(',')).map(str::trim).collect(),
            Set::Each { .. } => values.filter(|value| *value != value::NONE).collect(),
            Set::Value(_) | Set::Path(_) | Set::Optional { .. } | Set::Switch(_) | Set::Ask(_) => {
                values.collect()
            }
        }
    }

    /// Sets one value; a switch answers with its new state.
    pub(super) fn take(&self, draft: &mut D, value: &str) -> Result<Option<bool>, String> {
        match self.set {
            Set::Value(set) | Set::List { add: set, .. } | Set::Each { add: set, .. } => {
                set(draft, value)?;
            }
            Set::Path(set) => set(draft, value::path(value)?),
            Set::Optional { set, .. } => set(draft, Some(value))?,
            Set::Switch(set) => {
                let on = value::switch(value)?;
                set(draft, on);
                return Ok(Some(on));
            }
            // Sets nothing.
            Set::Ask(_) => {}
        }
        Ok(None)
    }
}

/// The value of a flag as a text; a bare flag turns its switch on.
pub(super) fn text(value: Option<OsString>) -> Result<String, String> {
    let value = value.unwrap_or_else(|| "true".into());
    value.into_string().map_err(|value| format!("{value:?} is not UTF-8"))
}

/// Stores a value that parsed.
pub fn put<T>(slot: &mut T, value: Result<T, String>) -> Result<(), String> {
    *slot = value?;
    Ok(())
}

const fn row(
    name: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
) -> Row {
    Row { name, short: "", value, default, help, is_list: false, is_hidden: false }
}

/// A row with a value.
pub const fn valued<D>(
    name: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
    set: Setter<D>,
) -> Opt<D> {
    Opt { row: row(name, value, default, help), set: Set::Value(set) }
}

/// A row with a path, which need not be UTF-8.
pub const fn pathed<D>(
    name: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
    set: fn(&mut D, PathBuf),
) -> Opt<D> {
    Opt { row: row(name, value, default, help), set: Set::Path(set) }
}

/// A row with a value that may be left out.
pub const fn optional<D>(
    name: &'static str,
    value: &'static str,
    help: &'static str,
    is_value: fn(&str) -> bool,
    set: fn(&mut D, Option<&str>) -> Result<(), String>,
) -> Opt<D> {
    Opt { row: row(name, value, "", help), set: Set::Optional { is_value, set } }
}

/// A row without a value.
pub const fn switch<D>(name: &'static str, help: &'static str, set: fn(&mut D, bool)) -> Opt<D> {
    Opt { row: row(name, "", "false", help), set: Set::Switch(set) }
}

/// A row with a list, whose values may be joined by commas.
pub const fn list<D>(
    name: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
    clear: fn(&mut D),
    add: Setter<D>,
) -> Opt<D> {
    let row = Row { is_list: true, ..row(name, value, default, help) };
    Opt { row, set: Set::List { clear, add } }
}

/// A row with a list that is empty by default and whose values may hold commas.
pub const fn each<D>(
    name: &'static str,
    value: &'static str,
    help: &'static str,
    clear: fn(&mut D),
    add: Setter<D>,
) -> Opt<D> {
    let row = Row { is_list: true, ..row(name, value, value::NONE, help) };
    Opt { row, set: Set::Each { clear, add } }
}

/// A row that asks.
pub const fn ask<D>(
    name: &'static str,
    value: &'static str,
    help: &'static str,
    ask: fn(&str) -> Result<Ask, String>,
) -> Opt<D> {
    Opt { row: row(name, value, "", help), set: Set::Ask(ask) }
}

/// The row of `--help`, a part of every table.
pub const fn help<D>() -> Opt<D> {
    ask("help", "", "Print this help", |_| Ok(Ask::Help)).short("h")
}
