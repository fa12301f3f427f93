//! The command line as a source: which options it names, and with which texts.
//!
//! What a text means is the table's business. All mistakes are reported; after one, reading goes
//! on where it stood.

use std::ffi::{OsStr, OsString};

use lexopt::{Arg, Parser};

use super::options::{self, Ask, Opt, Set};
use super::source::{Given, Kind, Origin, Problem};
use super::suggest;

/// What the command line says.
pub(super) struct Flags {
    /// What it asks for instead of running; help before anything else.
    pub(super) ask: Option<Ask>,
    /// What it sets: one entry for each option.
    pub(super) given: Vec<Given>,
}

/// Reads the arguments behind the command's name.
pub(super) fn read(args: impl IntoIterator<Item = OsString>, problems: &mut Vec<Problem>) -> Flags {
    let mut parser = Parser::from_args(args);
    let mut flags = Flags { ask: None, given: Vec::new() };
    // What follows an unknown option is likely its value, and not one more mistake.
    let mut after_unknown = false;
    loop {
        let read = match parser.next() {
            Ok(None) => return flags,
            Ok(Some(Arg::Long(name))) => {
                let name = name.to_owned();
                flags.long(&name, &mut parser)
            }
            Ok(Some(Arg::Short(letter))) => flags.short(letter, &mut parser),
            Ok(Some(Arg::Value(_))) if after_unknown => Ok(()),
            Ok(Some(Arg::Value(word))) => Err(Wrong::Value(stray(&word))),
            Err(error) => Err(Wrong::Value(error.to_string())),
        };
        after_unknown = matches!(read, Err(Wrong::Name(_)));
        if let Err(Wrong::Name(text) | Wrong::Value(text)) = read {
            problems.push(Problem::new(Kind::Usage, text));
        }
    }
}

/// What is wrong with an argument.
enum Wrong {
    Name(String),
    Value(String),
}

impl Flags {
    fn long(&mut self, name: &str, parser: &mut Parser) -> Result<(), Wrong> {
        let attached = parser.optional_value();
        let Some(option) = options::find(name) else {
            return Err(Wrong::Name(unknown(name)));
        };
        let place = format!("--{name}");
        if attached.is_some() && !option.is_setting() && !option.takes_value() {
            return Err(Wrong::Value(format!("{place} takes no value")));
        }
        let value = match attached {
            Some(value) => Some(value),
            None if option.takes_value() => following(parser),
            None => None,
        };
        let value = match value {
            Some(value) => value
                .into_string()
                .map_err(|value| Wrong::Value(format!("{place}: {value:?} is not UTF-8")))?,
            None if option.takes_value() => {
                return Err(Wrong::Value(format!("{place} needs a value: {}", option.value)));
            }
            None => SWITCHED_ON.to_owned(),
        };
        if let Set::Ask(ask) = option.set {
            let ask = ask(&value).map_err(|why| Wrong::Value(format!("{place}: {why}")))?;
            self.asks(ask);
        } else {
            self.gives(option, value, place);
        }
        Ok(())
    }

    fn short(&mut self, letter: char, parser: &mut Parser) -> Result<(), Wrong> {
        match letter {
            'h' => self.asks(Ask::Help),
            'V' => self.asks(Ask::Version),
            _ => {
                let rest = parser.optional_value().unwrap_or_default();
                let name = format!("{letter}{}", rest.to_string_lossy());
                let hint = suggest::hint(&name, options::all().map(|option| option.name));
                let hint = hint.replace("did you mean ", "did you mean --");
                return Err(Wrong::Name(format!("unknown option -{name}{hint}")));
            }
        }
        Ok(())
    }

    fn asks(&mut self, ask: Ask) {
        if self.ask.is_none() || ask == Ask::Help {
            self.ask = Some(ask);
        }
    }

    fn gives(&mut self, option: &'static Opt, value: String, place: String) {
        match self.given.iter_mut().find(|given| given.option.name == option.name) {
            Some(given) => given.values.push(value),
            None => {
                let values = vec![value];
                self.given.push(Given { option, values, origin: Origin::Flag, place });
            }
        }
    }
}

/// The next argument, unless it looks like the next flag: then the value was forgotten.
fn following(parser: &mut Parser) -> Option<OsString> {
    let is_value = |next: &OsStr| !next.as_encoded_bytes().starts_with(b"--");
    parser.raw_args().ok()?.next_if(is_value)
}

fn unknown(name: &str) -> String {
    match suggest::nearest(name, options::all().map(|option| option.name)) {
        Some(near) => format!("unknown option --{name}; did you mean --{near}?"),
        None => format!("unknown option --{name}; pentad serve --help lists all"),
    }
}

fn stray(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    format!("unexpected argument {word}: options begin with --, and a command comes first")
}

/// What a bare switch is set to.
const SWITCHED_ON: &str = "true";
