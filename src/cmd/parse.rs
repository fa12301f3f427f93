//! `pentad parse`: bytes on standard input, the verdict of a parser on standard output.

use std::ffi::OsString;

use super::{Exit, complain, print};

/// The command with its arguments.
pub(super) fn run(args: Vec<OsString>) -> Exit {
    if args.into_iter().any(|arg| arg == "--help" || arg == "-h") {
        return print(HELP);
    }
    complain("parse knows no format yet");
    Exit::Usage
}

const HELP: &str = "\
Show what the server's own parsers make of the bytes on standard input

Usage: pentad parse FORMAT [--explain]

Options:
  --explain     Say why
  -h, --help    Print this help
";
