//! The grammar of a head, byte by byte: the slow reader beside `httparse`.
//!
//! It is asked only when the fast path could not accept a head at once: because more bytes are
//! needed, or because something in it is wrong. It looks at each byte once, however the bytes
//! arrive, and names the *first* wrong one, so the verdict never depends on how a sender cut its
//! bytes. It must accept exactly what the fast path accepts.
//!
//! ```text
//! Start ─▶ Method ─▶ Target ─▶ Query ─▶ Version ─▶ LineCr ─▶ FieldStart ─▶ EndCr ─▶ end
//!   ▲│                  └─────────────────▲                    │    ▲
//!   │▼                                                         ▼    │
//! EmptyCr                                                    Name ─▶ Value ─▶ ValueCr
//! ```
//! What follows the request line is read by [`lines`], as it is in responses.
//!
//! # The rules
//! `httparse` alone would let these pass:
//! - a line that ends in a bare LF, be it empty, the request line, a field or the end: refused;
//! - any number of empty lines before the request line: two are skipped, a third is refused;
//! - any visible byte in a target, and valid UTF-8: refused as far as [`ascii::PATH`] and
//!   [`ascii::QUERY`] say, `#` with a reason of its own;
//! - a method, a target and a head of any length: bounded.
//!
//! These it refuses as we do, but with a coarser reason, so they are named here: a bare CR, a
//! blank or tab too many in the request line, an empty method or target, a version of another
//! shape (400) or number (505), a line that begins with a blank (a continuation, or an indented
//! first field), a blank before the colon, a name that is no token, control bytes in a value.

use super::Bad;
use super::lines::{self, Line};
use crate::limits::{EMPTY_LINES_MAX, Limits, METHOD_BYTES_MAX};
use crate::wire::{ascii, target};

/// Where an earlier call stopped looking at a head that was not complete.
///
/// Begin each head with [`Scan::default`], and show every call at least the bytes that the call
/// before was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scan {
    state: State,
    /// Fields begun so far.
    fields: u16,
    /// Bytes looked at.
    at: u32,
    /// Bytes of the part that the state is in: a method, a target, a version. In `Start` and
    /// `EmptyCr`, empty lines.
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
    /// Whether no byte was looked at yet.
    #[inline]
    pub fn is_fresh(&self) -> bool {
        self.at == 0
    }

    /// How many bytes were looked at: no later call will look at them again, but for the one that
    /// finds the head complete. The last one is the wrong one, if there is one.
    pub fn seen(&self) -> usize {
        self.at as usize
    }

    /// Looks at the bytes of `input` that are new, up to the end of the head, which it answers.
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
