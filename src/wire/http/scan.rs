//! The grammar of a head, byte by byte: the slow reader behind `httparse`.
//!
//! It runs only if the fast path did not accept a head at once: because more bytes are needed, or
//! because there is an error. It examines each byte once, however the bytes arrive, and reports the
//! *first* wrong one, so the result never depends on how a sender splits its bytes. It must accept
//! exactly what the fast path accepts.
//!
//! ```text
//! Start ─▶ Method ─▶ Target ─▶ Query ─▶ Version ─▶ LineCr ─▶ FieldStart ─▶ EndCr ─▶ end
//!   ▲│                  └─────────────────▲                    │    ▲
//!   │▼                                                         ▼    │
//! EmptyCr                                                    Name ─▶ Value ─▶ ValueCr
//! ```
//! The lines after the request line are read by [`lines`], as they are in responses.
//!
//! # The rules
//! `httparse` alone would accept these:
//! - a line that ends in a bare LF, be it empty, the request line, a field or the end: refused;
//! - any number of empty lines before the request line: two are skipped, a third is refused;
//! - any visible byte in a target, and valid UTF-8: restricted to [`ascii::PATH`] and
//!   [`ascii::QUERY`], with a reason of its own for `#`;
//! - a method, a target and a head of any length: bounded.
//!
//! It refuses these too, but with a coarser reason: a bare CR, a blank or tab too many in the
//! request line, an empty method or target, a version of another shape (400) or number (505), a
//! line that begins with a blank (a continuation, or an indented first field), a blank before the
//! colon, a name that is not a token, control bytes in a value.

use super::Bad;
use super::lines::{self, Line};
use crate::limits::{EMPTY_LINES_MAX, Limits, METHOD_BYTES_MAX};
use crate::wire::{ascii, target};

/// The position where an earlier call stopped in an incomplete head.
///
/// Begin each head with [`Scan::default`], and show every call at least the bytes that the previous
/// call was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scan {
    state: State,
    /// Fields begun so far.
    fields: u16,
    /// Bytes examined.
    at: u32,
    /// Bytes of the current part: a method, a target, a version. In `Start` and `EmptyCr`, the
    /// number of empty lines.
    run: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Start,
    EmptyCr,
    Method,
    Target,
    Query,
    Version,
    Fields(Line),
}

/// The shape of a version; `d` stands for a digit.
const VERSION: &[u8; 8] = b"HTTP/d.d";

impl Scan {
    /// Returns true if no byte was examined yet.
    #[inline]
    pub fn is_fresh(&self) -> bool {
        self.at == 0
    }

    /// Returns the number of bytes examined: no later call examines them again, except the one that
    /// finds the head complete. If there was an error, the last of them is the wrong byte.
    pub fn seen(&self) -> usize {
        self.at as usize
    }

    /// Examines the new bytes of `input`, up to the end of the head, and returns that end.
    pub(super) fn advance(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>, Bad> {
        let view = &input[..input.len().min(limits.head_bytes)];
        while let Some(&byte) = view.get(self.at as usize) {
            let state = self.step(byte, view, limits);
            self.at += 1;
            self.state = state?;
            if self.state == State::Fields(Line::End) {
                return Ok(Some(self.seen()));
            }
        }
        if view.len() >= limits.head_bytes {
            return Err(Bad::HeadTooLarge);
        }
        Ok(None)
    }

    fn step(&mut self, byte: u8, view: &[u8], limits: &Limits) -> Result<State, Bad> {
        match self.state {
            State::Start => self.start(byte),
            State::EmptyCr if byte == b'\n' => Ok(State::Start),
            State::EmptyCr => Err(Bad::BareCr),
            State::Method => self.method(byte),
            State::Target | State::Query => self.target(byte, limits),
            State::Version => self.version(byte, view),
            State::Fields(line) => {
                let most = super::fields_max(limits);
                Ok(State::Fields(lines::step(line, byte, &mut self.fields, most)?))
            }
        }
    }

    fn start(&mut self, byte: u8) -> Result<State, Bad> {
        if byte != b'\r' {
            self.run = 0;
            return self.method(byte);
        }
        if self.run as usize == EMPTY_LINES_MAX {
            return Err(Bad::EmptyLines);
        }
        self.run += 1;
        Ok(State::EmptyCr)
    }

    fn method(&mut self, byte: u8) -> Result<State, Bad> {
        match byte {
            b' ' if self.run > 0 => {
                self.run = 0;
                Ok(State::Target)
            }
            b' ' | b'\r' => Err(Bad::RequestLine),
            b'\n' => Err(Bad::BareLf),
            byte if !ascii::is(byte, ascii::TOKEN) => Err(Bad::MethodByte),
            _ if self.run as usize == METHOD_BYTES_MAX => Err(Bad::MethodTooLong),
            _ => {
                self.run += 1;
                Ok(State::Method)
            }
        }
    }

    fn target(&mut self, byte: u8, limits: &Limits) -> Result<State, Bad> {
        let class = if self.state == State::Query { ascii::QUERY } else { ascii::PATH };
        match byte {
            b' ' if self.run > 0 => {
                self.run = 0;
                return Ok(State::Version);
            }
            // HTTP/0.9 ended its line here.
            b' ' | b'\r' => return Err(Bad::RequestLine),
            b'\n' => return Err(Bad::BareLf),
            byte if byte != b'?' && !ascii::is(byte, class) => {
                return Err(target::refuse(byte).into());
            }
            _ if self.run as usize >= limits.target_bytes => return Err(Bad::TargetTooLong),
            _ => self.run += 1,
        }
        Ok(if byte == b'?' { State::Query } else { self.state })
    }

    fn version(&mut self, byte: u8, view: &[u8]) -> Result<State, Bad> {
        let at = self.run as usize;
        let fits = match VERSION.get(at) {
            Some(b'd') => byte.is_ascii_digit(),
            Some(&expected) => byte == expected,
            None => byte == b'\r',
        };
        match byte {
            b'\n' => Err(Bad::BareLf),
            b' ' if at == 0 => Err(Bad::RequestLine),
            _ if !fits => Err(Bad::VersionSyntax),
            b'\r' => match &view[..self.seen()] {
                [.., b'1', b'.', b'0' | b'1'] => Ok(State::Fields(Line::FirstCr)),
                _ => Err(Bad::VersionUnsupported),
            },
            _ => {
                self.run += 1;
                Ok(State::Version)
            }
        }
    }
}

#[cfg(test)]
mod tests;
