//! The surroundings of a process that options depend on.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};

/// The environment and the terminals of a process: an input, so that each test has its own.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The environment.
    pub env: Vec<(OsString, OsString)>,
    /// True if standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// True if standard error is a terminal.
    pub stderr_is_terminal: bool,
}

impl Surroundings {
    /// Returns those of this process.
    pub fn of_process() -> Surroundings {
        Surroundings {
            env: env::vars_os().collect(),
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal(),
        }
    }

    /// <https://no-color.org>: present and not empty.
    pub(super) fn no_color(&self) -> bool {
        self.env.iter().any(|(name, value)| name == "NO_COLOR" && !value.is_empty())
    }
}
