//! What a row of the option table is.

use super::{Draft, Service, Transports};

/// Options under one heading of `--help`.
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// The options, in the order in which they are explained.
    pub options: &'static [Opt],
}

/// One option.
pub struct Opt {
    /// The flag without `--`, and the configuration key; [`Opt::variable`] derives from it.
    pub name: &'static str,
    /// What the help calls its value: empty for switches, `a|b` for a choice of words.
    pub value: &'static str,
    /// The text that is set when nobody says otherwise.
    pub default: &'static str,
    /// One or two sentences, without the default.
    pub help: &'static str,
    /// What a value does.
    pub set: Set,
}

/// What a value of an option does. An error is the end of a sentence that begins with the name.
pub enum Set {
    /// One value; the last of several counts.
    Value(fn(&mut Draft, &str) -> Result<(), String>),
    /// On or off; the bare flag is on.
    Switch(fn(&mut Draft, bool)),
    /// Several values, by repeating the flag, by commas or as an array.
    List {
        /// Forgets what a weaker source said.
        clear: fn(&mut Draft),
        /// Takes one of them.
        add: fn(&mut Draft, &str) -> Result<(), String>,
    },
    /// Several values, by repeating the flag or as an array: a comma is a part of a value.
    Each {
        /// Forgets what a weaker source said.
        clear: fn(&mut Draft),
        /// Takes one of them.
        add: fn(&mut Draft, &str) -> Result<(), String>,
    },
    /// Several addresses of a service, or `off`.
    Listen(Service, Transports),
    /// Names the configuration file, and is therefore no key in it.
    File,
    /// Asks for something else than to run. Flags only.
    Ask(fn(&str) -> Result<Ask, String>),
}

/// What a flag may ask for instead of running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// All options, explained.
    Help,
    /// Name, version and features.
    Version,
    /// Every option's value and where it came from.
    PrintConfig,
    /// The manual page.
    Man,
    /// A completion script.
    Completions(Shell),
}

/// A shell that we write completions for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// GNU bash.
    Bash,
    /// The Z shell.
    Zsh,
    /// The friendly interactive shell.
    Fish,
}

impl Opt {
    /// Whether the flag needs a value.
    pub fn takes_value(&self) -> bool {
        !self.value.is_empty()
    }

    /// Whether it can be set, so that it has an environment variable and a line in
    /// `--print-config`.
    pub fn is_setting(&self) -> bool {
        !matches!(self.set, Set::Ask(_))
    }

    /// Whether it may stand in a configuration file.
    pub fn is_key(&self) -> bool {
        self.is_setting() && !matches!(self.set, Set::File)
    }

    /// Whether several values make a list, rather than each replacing the one before.
    pub fn is_list(&self) -> bool {
        matches!(self.set, Set::List { .. } | Set::Each { .. } | Set::Listen(..))
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

/// How the environment variables of all options begin.
pub const PREFIX: &str = "PENTAD_";

/// A row with a value.
pub(super) const fn valued(
    name: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
    set: fn(&mut Draft, &str) -> Result<(), String>,
) -> Opt {
    Opt { name, value, default, help, set: Set::Value(set) }
}

/// A row without one.
pub(super) const fn switch(
    name: &'static str,
    help: &'static str,
    set: fn(&mut Draft, bool),
) -> Opt {
    Opt { name, value: "", default: "false", help, set: Set::Switch(set) }
}

/// A row for a listener.
pub(super) const fn listener(
    service: Service,
    transports: Transports,
    name: &'static str,
    default: &'static str,
    help: &'static str,
) -> Opt {
    Opt { name, value: "ADDR", default, help, set: Set::Listen(service, transports) }
}

/// A row that asks.
pub(super) const fn ask(
    name: &'static str,
    help: &'static str,
    ask: fn(&str) -> Result<Ask, String>,
) -> Opt {
    Opt { name, value: "", default: "", help, set: Set::Ask(ask) }
}
