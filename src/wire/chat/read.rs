//! Bytes into lines of clean text, whatever way they are cut.
//!
//! It never holds more than one unfinished line, and none between lines.

use super::{Bad, LINE_BYTES_MAX, Telnet};
use crate::wire::Parse;
use std::convert::Infallible;

/// A reader in the middle of its input.
#[derive(Debug, Default)]
pub struct Reader {
    telnet: Telnet,
    line: Vec<u8>,
    /// The line is too long: it is thrown away to its end.
    discarding: bool,
}

/// What some bytes came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// They were a part of something.
    Nothing,
    /// A line.
    Line {
        /// Its text, without anything that could be more than text to a terminal.
        text: String,
        /// Whether it ended in CRLF.
        crlf: bool,
    },
    /// A line that is not one; it has been dropped to its end.
    Refused(Bad),
}

impl Reader {
    /// Takes bytes up to the end of a line, at most. [`Parse::More`] if there are none.
    pub fn next(&mut self, input: &[u8]) -> Parse<Piece, Infallible> {
        if input.is_empty() {
            return Parse::More;
        }
        for (at, byte) in input.iter().enumerate() {
            match self.telnet.filter(*byte) {
                Some(b'\n') => return Parse::Done(self.end(), at + 1),
                // One more than the longest, in case it is the CR of its ending.
                Some(byte) if !self.discarding && self.line.len() <= LINE_BYTES_MAX => {
                    self.line.push(byte);
                }
                Some(_) => {
                    self.discarding = true;
                    self.line = Vec::new();
                }
                None => {}
            }
        }
        Parse::Done(Piece::Nothing, input.len())
    }

    /// The line that the end of input ends, if there is one.
    pub fn last(&mut self) -> Option<Piece> {
        (self.discarding || !self.line.is_empty()).then(|| self.end())
    }

    /// Bytes that wait for the end of their line.
    pub fn held(&self) -> usize {
        self.line.len()
    }

    fn end(&mut self) -> Piece {
        let mut line = std::mem::take(&mut self.line);
        let crlf = line.last() == Some(&b'\r');
        if crlf {
            line.pop();
        }
        if std::mem::take(&mut self.discarding) || line.len() > LINE_BYTES_MAX {
            return Piece::Refused(Bad::TooLong);
        }
        match String::from_utf8(line) {
            Ok(text) => Piece::Line { text: clean(text), crlf },
            Err(_) => Piece::Refused(Bad::Encoding),
        }
    }
}

/// Text in which nothing moves a cursor or turns the writing around: control characters, and
/// embeddings, overrides and isolates of bidirectional text, are replaced.
pub fn clean(text: String) -> String {
    if text.chars().any(is_unclean) {
        text.chars().map(|c| if is_unclean(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
    } else {
        text
    }
}

fn is_unclean(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of `input`, cut at these places.
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
            assert!(reader.held() <= LINE_BYTES_MAX + 1);
        }
        assert_eq!(reader.last(), Some(Piece::Refused(Bad::TooLong)));
    }

    #[test]
    fn what_is_more_than_text_is_replaced() {
        let dirty = "a\u{1b}[31m\tb\u{7f}\u{85}\u{202e}c\u{2066}";
        let input = [dirty.as_bytes(), b"\n"].concat();
        let text = "a\u{fffd}[31m\u{fffd}b\u{fffd}\u{fffd}\u{fffd}c\u{fffd}";
        assert_eq!(pieces(&input, &[]), [line(text, false)]);
    }
}
