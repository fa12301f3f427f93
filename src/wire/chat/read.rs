//! Splits bytes into lines of clean text, however the input is cut.
//!
//! ```text
//!   LF · CR LF · CR NUL (telnet) · CR (terminals in raw mode)    end a line
//!   backspace · DEL                                              take back the last character
//! ```
//! It holds at most one unfinished line, and nothing between lines.

use super::{Bad, LINE_BYTES_MAX, Telnet};
use crate::wire::Parse;
use std::convert::Infallible;

/// A reader in the middle of its input.
#[derive(Debug, Default)]
pub struct Reader {
    telnet: Telnet,
    line: Vec<u8>,
    /// The line is too long and is being discarded up to its end.
    discarding: bool,
    /// The line ended in a CR: a LF or NUL that follows belongs to it.
    returned: bool,
    /// Input has begun, so a byte order mark is no longer possible.
    begun: bool,
}

/// Sent by terminals to delete a character, as is DEL.
const BACKSPACE: u8 = 0x08;
const DEL: u8 = 0x7f;

/// Written by some editors at the beginning of a file, which a client may send as it is.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The result of reading some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// No line has ended yet.
    Nothing,
    /// A complete line.
    Line {
        /// Its text, without control sequences that a terminal would interpret.
        text: String,
        /// True if it ended in a CR, whatever followed.
        crlf: bool,
    },
    /// A line that was refused and discarded up to its end.
    Refused(Bad),
}

impl Reader {
    /// Consumes bytes up to the end of a line, at most. Returns [`Parse::More`] if there are none.
    pub fn next(&mut self, input: &[u8]) -> Parse<Piece, Infallible> {
        if input.is_empty() {
            return Parse::More;
        }
        for (at, byte) in input.iter().enumerate() {
            let Some(byte) = self.telnet.filter(*byte) else { continue };
            let behind_return = std::mem::take(&mut self.returned);
            match byte {
                b'\n' | b'\0' if behind_return => {}
                b'\r' => {
                    self.returned = true;
                    return Parse::Done(self.end(true), at + 1);
                }
                b'\n' => return Parse::Done(self.end(false), at + 1),
                BACKSPACE | DEL => self.take_back(),
                byte => self.put(byte),
            }
        }
        Parse::Done(Piece::Nothing, input.len())
    }

    /// Returns the line that the end of input completes, if there is one.
    pub fn last(&mut self) -> Option<Piece> {
        (self.discarding || !self.line.is_empty()).then(|| self.end(false))
    }

    /// Returns the number of bytes that wait for the end of their line.
    pub fn held(&self) -> usize {
        self.line.len()
    }

    fn put(&mut self, byte: u8) {
        if self.discarding {
            return;
        }
        if self.line.len() == LINE_BYTES_MAX {
            self.discarding = true;
            self.line = Vec::new();
            return;
        }
        self.line.push(byte);
        if self.line == BYTE_ORDER_MARK && !std::mem::replace(&mut self.begun, true) {
            self.line.clear();
        }
    }

    /// Deletes a character: continuation bytes and the byte that begins it. Of invalid UTF-8, no
    /// more bytes than a character can have.
    fn take_back(&mut self) {
        for _ in 0..4 {
            match self.line.pop() {
                Some(0x80..=0xbf) => {}
                Some(_) | None => return,
            }
        }
    }

    fn end(&mut self, crlf: bool) -> Piece {
        let line = std::mem::take(&mut self.line);
        self.begun = true;
        if std::mem::take(&mut self.discarding) {
            return Piece::Refused(Bad::TooLong);
        }
        match String::from_utf8(line) {
            Ok(text) => Piece::Line { text: clean(text), crlf },
            Err(_) => Piece::Refused(Bad::Encoding),
        }
    }
}

/// Replaces control characters, and embeddings, overrides and isolates of bidirectional text, so
/// that nothing moves a cursor or reverses the writing direction. Tabs become blanks: they separate
/// the words of a command.
pub fn clean(text: String) -> String {
    if !text.chars().any(is_unclean) {
        return text;
    }
    let command = text.starts_with('/') && !text.starts_with("//");
    let cleaned = |c| match c {
        '\t' if command => ' ',
        c if is_unclean(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(cleaned).collect()
}

fn is_unclean(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `input`, cut at these places.
    fn pieces(input: &[u8], cuts: &[usize]) -> Vec<Piece> {
        let mut reader = Reader::default();
        let mut pieces = Vec::new();
        let mut from = 0;
        for to in cuts.iter().copied().chain([input.len()]) {
            let mut rest = &input[from..to];
            from = to;
            while let Parse::Done(piece, used) = reader.next(rest) {
                rest = &rest[used..];
                pieces.extend((piece != Piece::Nothing).then_some(piece));
            }
        }
        pieces.extend(reader.last());
        pieces
    }

    fn line(text: &str, crlf: bool) -> Piece {
        Piece::Line { text: text.to_string(), crlf }
    }

    #[test]
    fn a_cut_anywhere_changes_nothing() {
        let input = "h\u{e9}\u{1f600}\n\u{ff}".as_bytes();
        let input =
            [input, b"\xff\xfb\x1f\xff\xfa\n\xff\xff\xff\xf0x\r\n\xff\xf1\xe2\x82\n"].concat();
        let whole = pieces(&input, &[]);
        let bad = Piece::Refused(Bad::Encoding);
        assert_eq!(whole, [line("hé😀", false), line("ÿx", true), bad]);
        for cut in 0..input.len() {
            for second in cut..input.len() {
                assert_eq!(pieces(&input, &[cut, second]), whole, "{cut} {second}");
            }
        }
    }

    #[test]
    fn a_line_has_4096_bytes_and_not_one_more() {
        for (ending, fits) in [("\n", true), ("\r\n", true), ("x\n", false), ("x\r\n", false)] {
            let long = "x".repeat(LINE_BYTES_MAX) + ending + "next\n";
            let pieces = pieces(long.as_bytes(), &[]);
            assert_eq!(matches!(pieces[0], Piece::Line { .. }), fits, "{ending:?}");
            assert_eq!(pieces[1], line("next", false));
        }
        let mut reader = Reader::default();
        for _ in 0..100 {
            assert!(matches!(reader.next(&[b'x'; 1000]), Parse::Done(Piece::Nothing, 1000)));
            assert!(reader.held() <= LINE_BYTES_MAX);
        }
        assert_eq!(reader.last(), Some(Piece::Refused(Bad::TooLong)));
    }

    #[test]
    fn what_is_more_than_text_is_replaced() {
        let dirty = "a\u{1b}[31m\tb\0\u{85}\u{202e}c\u{2066}";
        let input = [dirty.as_bytes(), b"\n"].concat();
        let text = "a\u{fffd}[31m\u{fffd}b\u{fffd}\u{fffd}\u{fffd}c\u{fffd}";
        assert_eq!(pieces(&input, &[]), [line(text, false)]);
        assert_eq!(pieces(b"/hello\tAnn\n", &[]), [line("/hello Ann", false)]);
        assert_eq!(pieces(b"//a\tb\n", &[]), [line("//a\u{fffd}b", false)]);
    }

    #[test]
    fn every_kind_of_return_ends_a_line_once() {
        let said = |input: &[u8]| {
            let whole = pieces(input, &[]);
            for cut in 0..input.len() {
                assert_eq!(pieces(input, &[cut]), whole, "{cut}");
            }
            let text = |piece| match piece {
                Piece::Line { text, .. } => text,
                Piece::Nothing | Piece::Refused(_) => panic!("not a line"),
            };
            whole.into_iter().map(text).collect::<Vec<_>>()
        };
        assert_eq!(said(b"a\nb\r\nc\r\0d\re"), ["a", "b", "c", "d", "e"]);
        assert_eq!(said(b"a\r\0\nb\n"), ["a", "", "b"], "a LF behind CR NUL is a line of its own");
        assert_eq!(said(b"a\r\r\nb\n\0c\n"), ["a", "", "b", "\u{fffd}c"]);
        assert_eq!(said(b"a\r\xff\xf1\nb\n"), ["a", "b"], "telnet commands part nothing");
        assert_eq!(pieces(b"a\r\0", &[]), [line("a", true)], "it is answered with CRLF");
    }

    #[test]
    fn backspace_and_del_take_back_a_character() {
        for (input, text) in [
            (&b"/pinx\x08g\n"[..], "/ping"),
            (b"/pinx\x7fg\n", "/ping"),
            (b"\x08\x7f\x08a\n", "a"),
            ("a\u{20ac}\x08b\n".as_bytes(), "ab"),
            ("\u{1f600}\x7f\x7fb\n".as_bytes(), "b"),
            ("\u{e9}\u{1f600}\x08\n".as_bytes(), "\u{e9}"),
        ] {
            assert_eq!(pieces(input, &[]), [line(text, false)]);
            for cut in 0..input.len() {
                assert_eq!(pieces(input, &[cut]), [line(text, false)]);
            }
        }
        let mut long = "x".repeat(LINE_BYTES_MAX + 1).into_bytes();
        long.extend(b"\x08\nnext\n");
        let [refused, next] = &pieces(&long, &[])[..] else { panic!("two lines") };
        assert_eq!(*refused, Piece::Refused(Bad::TooLong), "what is thrown away is not edited");
        assert_eq!(*next, line("next", false));
    }

    #[test]
    fn a_byte_order_mark_before_everything_is_no_text() {
        assert_eq!(pieces(b"\xef\xbb\xbf/ping\n", &[1, 2]), [line("/ping", false)]);
        let second = "a\n\u{feff}b\n".as_bytes();
        assert_eq!(pieces(second, &[]), [line("a", false), line("\u{feff}b", false)]);
    }
}
