//! A command line, taken apart: its options, their values, and the other arguments.
//!
//! The meaning of a text is the business of the table. All mistakes are reported; after one,
//! reading goes on behind it.

use super::suggest;
use super::table::{self, Group, Opt, Set};
use lexopt::Parser;
use std::ffi::{OsStr, OsString};

/// An argument.
pub(super) enum Arg<D: 'static> {
    /// An option, with its value if it has one.
    Flag(&'static Opt<D>, Option<OsString>),
    /// Any other argument.
    Operand(OsString),
}

/// Hands each argument to `take` and returns every problem, those that `take` finds included. A
/// complaint about an unknown option that resembles no other one ends in `lost`.
pub(super) fn read<D>(
    args: impl IntoIterator<Item = OsString>,
    groups: &'static [Group<D>],
    lost: &str,
    mut take: impl FnMut(Arg<D>) -> Result<(), String>,
) -> Vec<String> {
    let mut parser = Parser::from_args(args);
    let mut problems = Vec::new();
    // The argument behind an unknown option is likely its value, and not one more mistake.
    let mut after_unknown = false;
    loop {
        let was_unknown = std::mem::take(&mut after_unknown);
        let read = match parser.next() {
            Ok(None) => return problems,
            Ok(Some(lexopt::Arg::Value(_))) if was_unknown => Ok(()),
            Ok(Some(lexopt::Arg::Value(word))) => take(Arg::Operand(word)),
            Ok(Some(lexopt::Arg::Long(name))) => {
                let name = name.to_owned();
                match table::options(groups).find(|option| option.row.name == name) {
                    Some(option) => flag(option, &mut parser, &mut take),
                    None => {
                        // A value behind `=` goes with the name.
                        after_unknown = parser.optional_value().is_none();
                        Err(unknown(&format!("--{name}"), &name, groups, lost))
                    }
                }
            }
            Ok(Some(lexopt::Arg::Short(letter))) => {
                match table::options(groups).find(|option| option.row.short.contains(letter)) {
                    Some(option) => flag(option, &mut parser, &mut take),
                    None => {
                        let rest = parser.optional_value().unwrap_or_default();
                        let name = format!("{letter}{}", rest.display());
                        after_unknown = true;
                        Err(unknown(&format!("-{name}"), &name, groups, lost))
                    }
                }
            }
            Err(error) => Err(error.to_string()),
        };
        problems.extend(read.err());
    }
}

fn flag<D>(
    option: &'static Opt<D>,
    parser: &mut Parser,
    take: &mut impl FnMut(Arg<D>) -> Result<(), String>,
) -> Result<(), String> {
    let place = format!("--{}", option.row.name);
    let attached = parser.optional_value();
    if attached.is_some() && !option.is_setting() && !option.row.takes_value() {
        return Err(format!("{place} takes no value"));
    }
    let value = attached.or_else(|| match option.set {
        Set::Optional { is_value, .. } => {
            following(parser, |next| is_value(&next.to_string_lossy()))
        }
        Set::Value(_) | Set::Path(_) | Set::List { .. } | Set::Each { .. } => {
            following(parser, |next| !is_flag(next))
        }
        Set::Ask(_) if option.row.takes_value() => following(parser, |next| !is_flag(next)),
        Set::Ask(_) | Set::Switch(_) => None,
    });
    if value.is_none() && option.row.takes_value() {
        return Err(format!("{place} needs a value: {}", option.row.value));
    }
    take(Arg::Flag(option, value)).map_err(|why| format!("{place}: {why}"))
}

/// The next argument, if it is a value.
fn following(parser: &mut Parser, is_value: impl FnOnce(&OsStr) -> bool) -> Option<OsString> {
    parser.raw_args().ok()?.next_if(is_value)
}

/// Returns whether an argument is spelled like a flag, so that a value is missing before it. Other
/// values may begin with dashes.
fn is_flag(next: &OsStr) -> bool {
    let is_part = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    let name = next.as_encoded_bytes().strip_prefix(b"--");
    name.is_some_and(|name| name.iter().take_while(|b| **b != b'=').all(is_part))
}

fn unknown<D>(given: &str, name: &str, groups: &'static [Group<D>], lost: &str) -> String {
    let shown = table::options(groups).filter(|option| !option.row.is_hidden);
    match suggest::nearest(name, shown.map(|option| option.row.name)) {
        Some(near) => format!("unknown option {given}; did you mean --{near}?"),
        None => format!("unknown option {given}{lost}"),
    }
}
