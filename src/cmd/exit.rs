//! Exit codes: a closed set, so that scripts can rely on each number.

use std::process::{ExitCode, Termination};

use crate::config::{Kind, Problem};

/// The result of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked to do.
    Ok,
    /// It could not run: an address in use, a locked data directory, a full disk.
    Failed,
    /// The command line was wrong.
    Usage,
    /// The environment or the configuration file was wrong.
    Configuration,
    /// `parse`: a valid beginning that needs more bytes.
    More,
    /// `parse`: bytes that no continuation makes valid.
    Bad,
    /// A threshold that was set for the run was passed.
    Threshold,
    /// A client command printed what it had when SIGINT came.
    Interrupted,
    /// A client command printed what it had when SIGTERM came.
    Terminated,
}

impl Exit {
    /// Every exit, in the order of the numbers.
    pub const ALL: [Exit; 9] = [
        Exit::Ok,
        Exit::Failed,
        Exit::Usage,
        Exit::Configuration,
        Exit::More,
        Exit::Bad,
        Exit::Threshold,
        Exit::Interrupted,
        Exit::Terminated,
    ];

    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Configuration => 3,
            Exit::More => 10,
            Exit::Bad => 11,
            Exit::Threshold => 99,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
        }
    }

    /// Returns the meaning of the number, for the manual.
    pub fn meaning(self) -> &'static str {
        match self {
            Exit::Ok => "done",
            Exit::Failed => "could not run: an address in use, a locked data directory",
            Exit::Usage => "the command line is wrong",
            Exit::Configuration => "the environment or the configuration file is wrong",
            Exit::More => "parse: the bytes are a valid beginning",
            Exit::Bad => "parse: the bytes are invalid",
            Exit::Threshold => "a threshold that was asked for was passed",
            Exit::Interrupted => "a client command was interrupted by SIGINT",
            Exit::Terminated => "a client command was ended by SIGTERM",
        }
    }

    /// The exit for a list of problems: a mistake on the command line is what its author can mend
    /// at once, so it decides.
    pub fn of(problems: &[Problem]) -> Exit {
        match problems.iter().map(|problem| problem.kind).max() {
            None => Exit::Ok,
            Some(Kind::Configuration) => Exit::Configuration,
            Some(Kind::Usage) => Exit::Usage,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_distinct_and_in_order() {
        let codes = Exit::ALL.map(Exit::code);
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
    }

    #[test]
    fn the_command_line_decides() {
        let usage = || Problem::new(Kind::Usage, "");
        let configuration = || Problem::new(Kind::Configuration, "");
        assert_eq!(Exit::of(&[]), Exit::Ok);
        assert_eq!(Exit::of(&[configuration()]), Exit::Configuration);
        assert_eq!(Exit::of(&[usage(), configuration()]), Exit::Usage);
    }
}
