//! Server lines, as clients parse them.

use super::{Bad, is_name};
use crate::wire::Parse;

/// A line of a server, without its ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerLine<'a> {
    /// Success: code and text.
    Ok(u16, &'a str),
    /// Failure: code, name of the reason, text.
    Err(u16, &'a str, &'a str),
    /// An event: its name, its keys and values, and a text for people.
    Event(&'a str, Vec<(&'a str, &'a str)>, Option<&'a str>),
    /// A message: sender, text.
    Said(&'a str, &'a str),
    /// A message of a visitor: chat, name, id, text.
    Heard(u32, &'a str, &'a str, &'a str),
    /// A line of a list.
    Item(&'a str),
}

impl ServerLine<'_> {
    /// Returns the value of a key of an event.
    pub fn key(&self, key: &str) -> Option<&str> {
        match self {
            ServerLine::Event(_, pairs, _) => {
                pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
            }
            ServerLine::Ok(_, text) => {
                let facts = text.split_once('=').map_or(*text, |(before, _)| {
                    // A text for people may come first.
                    &text[before.rfind(' ').map_or(0, |blank| blank + 1)..]
                });
                let mut pairs = pairs(facts)?.into_iter();
                pairs.find(|(name, _)| *name == key).map(|(_, value)| value)
            }
            ServerLine::Err(..)
            | ServerLine::Said(..)
            | ServerLine::Heard(..)
            | ServerLine::Item(_) => None,
        }
    }
}

/// Parses a whole line; never returns [`Parse::More`].
pub fn server_line(line: &str) -> Parse<ServerLine<'_>, Bad> {
    parse(line).map_or(Parse::Bad(Bad::ServerLine), |value| Parse::Done(value, line.len()))
}

fn parse(line: &str) -> Option<ServerLine<'_>> {
    if let Some(rest) = line.strip_prefix("+OK ") {
        let (number, text) = rest.split_once(' ')?;
        return Some(ServerLine::Ok(code(number)?, text));
    }
    if let Some(rest) = line.strip_prefix("-ERR ") {
        let (number, rest) = rest.split_once(' ')?;
        let (name, text) = rest.split_once(' ')?;
        return Some(ServerLine::Err(code(number)?, name, text));
    }
    if let Some(rest) = line.strip_prefix("* ") {
        return event(rest);
    }
    if let Some(rest) = line.strip_prefix('<') {
        let (who, text) = rest.split_once("> ")?;
        return spoken(who, text);
    }
    line.strip_prefix(' ').map(ServerLine::Item)
}

fn code(digits: &str) -> Option<u16> {
    let three = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| three)
}

fn event(rest: &str) -> Option<ServerLine<'_>> {
    let (facts, text) = match rest.split_once(" :") {
        Some((facts, text)) => (facts, Some(text)),
        None => (rest, None),
    };
    let (name, facts) = facts.split_once(' ').map_or((facts, None), |(n, rest)| (n, Some(rest)));
    let pairs = facts.map_or(Some(Vec::new()), pairs)?;
    (!name.is_empty()).then_some(ServerLine::Event(name, pairs, text))
}

/// Parses keys and their values. A word without `=` continues the value before it: a name may have
/// several words, none of which contains `=`.
fn pairs(facts: &str) -> Option<Vec<(&str, &str)>> {
    let (mut places, mut at) = (Vec::new(), 0);
    for word in facts.split(' ') {
        let end = at + word.len();
        match word.find('=') {
            Some(sign) => places.push((at, at + sign, end)),
            None => places.last_mut()?.2 = end,
        }
        at = end + 1;
    }
    Some(
        places
            .into_iter()
            .map(|(at, sign, end)| (&facts[at..sign], &facts[sign + 1..end]))
            .collect(),
    )
}

fn spoken<'a>(who: &'a str, text: &'a str) -> Option<ServerLine<'a>> {
    let Some((chat, who)) = who.split_once('|') else {
        return is_name(who).then_some(ServerLine::Said(who, text));
    };
    let (who, id) = who.split_once('#')?;
    let digits = !chat.is_empty() && chat.bytes().all(|b| b.is_ascii_digit());
    let chat = chat.parse().ok().filter(|_| digits)?;
    is_name(who).then_some(ServerLine::Heard(chat, who, id, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::chat::Printer;

    #[test]
    fn what_is_printed_is_read() {
        let mut out = Vec::new();
        let mut printer = Printer { out: &mut out, crlf: false };
        printer.ok(200, format_args!("session=1 token=2 name=Ann"));
        printer.err(409, "name-taken", "Another name, please.");
        printer.event(format_args!("QUEUED pos=2 wait_limit=120 ewt=9"));
        printer.event(format_args!("BYE reason=quit :See you: soon"));
        printer.event(format_args!("ASSIGNED chat=1 visitor=Mary Ann id=a4b7 waited=0"));
        printer.ok(200, format_args!("closed chat=7 by=Mary Ann"));
        printer.said("Mary Ann", "hi");
        printer.said("bo", "a: <b> c");
        printer.heard(7, "Ann", "3fa9", "");
        printer.ok(215, format_args!("lines=1"));
        printer.item("x");
        let text = String::from_utf8(out).unwrap();
        let read = |line| match server_line(line) {
            Parse::Done(value, used) => {
                assert_eq!(used, line.len());
                value
            }
            Parse::More | Parse::Bad(_) => panic!("{line}"),
        };
        let lines = text.lines().map(read).collect::<Vec<_>>();
        assert_eq!(lines[0].key("token"), Some("2"));
        assert_eq!(lines[1], ServerLine::Err(409, "name-taken", "Another name, please."));
        assert_eq!(lines[2].key("wait_limit"), Some("120"));
        assert_eq!(
            lines[3],
            ServerLine::Event("BYE", vec![("reason", "quit")], Some("See you: soon"))
        );
        assert_eq!(lines[4].key("visitor"), Some("Mary Ann"));
        assert_eq!(lines[4].key("waited"), Some("0"));
        assert_eq!((lines[5].key("chat"), lines[5].key("by")), (Some("7"), Some("Mary Ann")));
        assert_eq!(lines[6], ServerLine::Said("Mary Ann", "hi"));
        assert_eq!(lines[7], ServerLine::Said("bo", "a: <b> c"));
        assert_eq!(lines[8], ServerLine::Heard(7, "Ann", "3fa9", ""));
        assert_eq!(lines[9], ServerLine::Ok(215, "lines=1"));
        assert_eq!(lines[10], ServerLine::Item("x"));
    }

    #[test]
    fn anything_else_is_no_line_of_a_server() {
        for line in ["", "hello", "+OK", "+OK 20 x", "-ERR 400 x", "* ", "<a  b> c", "<x|a#b> c"] {
            assert_eq!(server_line(line), Parse::Bad(Bad::ServerLine), "{line:?}");
        }
    }
}
