//! Values of options with their sources, and the problems that sources have.

use super::options::Opt;
use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The table.
    Default,
    /// The configuration file of that path.
    File(PathBuf),
    /// The environment variable of that name.
    Env(String),
    /// The command line.
    Flag,
}

/// One thing that is wrong, as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whose mistake it is.
    pub kind: Kind,
    text: String,
}

/// Whose mistake a problem is; it decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Environment and file.
    Configuration,
    /// The command line.
    Usage,
}

impl Origin {
    pub(super) fn is_default(&self) -> bool {
        *self == Origin::Default
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Origin::Flag => Kind::Usage,
            Origin::Default | Origin::File(_) | Origin::Env(_) => Kind::Configuration,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path) => write!(f, "file {}", path.display()),
            Origin::Env(name) => write!(f, "env {name}"),
            Origin::Flag => f.write_str("flag"),
        }
    }
}

impl Problem {
    /// A problem of that kind.
    pub fn new(kind: Kind, text: impl AsRef<str>) -> Problem {
        Problem { kind, text: one_line(text.as_ref()) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The values of one option in one source.
pub(super) struct Given {
    pub(super) option: &'static Opt,
    /// At least one.
    pub(super) values: Vec<String>,
    pub(super) origin: Origin,
    /// The beginning of a complaint about it: `--web`, `PENTAD_WEB`, `FILE:3: web`.
    pub(super) place: String,
}

impl Given {
    pub(super) fn last(&self) -> &str {
        self.values.last().map_or("", String::as_str)
    }
}

/// Control characters escaped, so that one line stays one line whatever was typed.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}
