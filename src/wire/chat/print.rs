//! Prints the lines that a server sends.

use std::fmt::Arguments;
use std::io::Write;

/// A printer of lines with one kind of ending.
pub struct Printer<'a> {
    /// The buffer that lines are appended to.
    pub out: &'a mut Vec<u8>,
    /// True if lines end in CRLF, as the client's do.
    pub crlf: bool,
}

impl Printer<'_> {
    /// `+OK CODE text`
    pub fn ok(&mut self, code: u16, text: Arguments<'_>) {
        self.line(format_args!("+OK {code} {text}"));
    }

    /// `-ERR CODE name text`
    pub fn err(&mut self, code: u16, name: &str, text: &str) {
        self.line(format_args!("-ERR {code} {name} {text}"));
    }

    /// `* EVENT key=value … [:text]`; `event` holds all of it.
    pub fn event(&mut self, event: Arguments<'_>) {
        self.line(format_args!("* {event}"));
    }

    /// `<who> text`, a message.
    pub fn said(&mut self, who: &str, text: &str) {
        self.line(format_args!("<{who}> {text}"));
    }

    /// `<CHAT|who#id> text`, a message to agents.
    pub fn heard(&mut self, chat: u32, who: &str, id: &str, text: &str) {
        self.line(format_args!("<{chat}|{who}#{id}> {text}"));
    }

    /// A line of a list, after `+OK 215 lines=n`.
    pub fn item(&mut self, item: &str) {
        self.line(format_args!(" {item}"));
    }

    fn line(&mut self, line: Arguments<'_>) {
        let ending = if self.crlf { "\r\n" } else { "\n" };
        write!(self.out, "{line}{ending}").expect("a Vec takes every write");
    }
}
