//! The grammar of a response head, byte by byte: the slow reader behind `httparse`.
//!
//! It examines each byte once, however the bytes arrive, and reports the first wrong one. It must
//! accept exactly what the fast path accepts.
//!
//! ```text
//! Version ─▶ Code ─┬─▶ Reason ─▶ Fields ─▶ end
//!                  └───────────────▲
//! ```
//! The blank after the code may be missing if the reason is: servers without a reason often omit
//! both, and the line is still unambiguous.

use super::Bad;
use crate::limits::Limits;
use crate::wire::ascii;
use crate::wire::http::fields_max;
use crate::wire::http::lines::{self, Line};

/// The position where an earlier call stopped in an incomplete head.
///
/// Begin each head with [`Scan::default`], and show every call at least the bytes that the previous
/// call was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scan {
    state: State,
    /// Fields begun so far.
    fields: u16,
    /// The digits of the status code so far, as a number.
    status: u16,
    /// Bytes examined.
    at: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Version,
    Code,
    Reason,
    Fields(Line),
}

/// The shape of a version and the blank after it; `d` stands for a digit.
const VERSION: &[u8; 9] = b"HTTP/d.d ";
/// Offset of the end of the three-digit code.
const CODE_END: usize = VERSION.len() + 3;

/// Returns true for a valid status code. From 600 on none is defined; a client treats them as
/// errors of the server (RFC 9110 §15).
pub(super) fn is_status(status: u16) -> bool {
    (100..1000).contains(&status)
}

impl Scan {
    /// Returns true if no byte was examined yet.
    #[inline]
    pub fn is_fresh(&self) -> bool {
        self.at == 0
    }

    /// Returns the number of bytes examined.
    pub fn seen(&self) -> usize {
        self.at as usize
    }

    /// Examines the new bytes of `input`, up to the end of the head, and returns that end.
    pub(super) fn advance(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>, Bad> {
        let view = &input[..input.len().min(limits.head_bytes)];
        while let Some(&byte) = view.get(self.seen()) {
            self.state = self.step(byte, view, limits)?;
            self.at += 1;
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
            State::Version => self.version(byte, view),
            State::Code => self.code(byte),
            State::Reason => reason(byte),
            State::Fields(line) => {
                let most = fields_max(limits);
                Ok(State::Fields(lines::step(line, byte, &mut self.fields, most)?))
            }
        }
    }

    fn version(&self, byte: u8, view: &[u8]) -> Result<State, Bad> {
        let expected = VERSION[self.seen()];
        let fits = if expected == b'd' { byte.is_ascii_digit() } else { byte == expected };
        match (fits, expected) {
            (false, b' ') if byte.is_ascii_digit() => Err(Bad::VersionSyntax),
            (false, b' ') => Err(Bad::StatusLine),
            (false, _) => Err(Bad::VersionSyntax),
            (true, b' ') => match view[..self.seen()] {
                [.., b'1', b'.', b'0' | b'1'] => Ok(State::Code),
                _ => Err(Bad::VersionUnsupported),
            },
            (true, _) => Ok(State::Version),
        }
    }

    fn code(&mut self, byte: u8) -> Result<State, Bad> {
        if self.seen() < CODE_END {
            if !byte.is_ascii_digit() {
                return Err(Bad::StatusCode);
            }
            self.status = self.status * 10 + u16::from(byte - b'0');
            let complete = self.seen() + 1 == CODE_END;
            return if complete && !is_status(self.status) {
                Err(Bad::StatusCode)
            } else {
                Ok(State::Code)
            };
        }
        match byte {
            b' ' => Ok(State::Reason),
            b'\r' => Ok(State::Fields(Line::FirstCr)),
            b'\n' => Err(Bad::BareLf),
            byte if byte.is_ascii_digit() => Err(Bad::StatusCode),
            _ => Err(Bad::StatusLine),
        }
    }
}

fn reason(byte: u8) -> Result<State, Bad> {
    match byte {
        b'\r' => Ok(State::Fields(Line::FirstCr)),
        b'\n' => Err(Bad::BareLf),
        byte if ascii::is(byte, ascii::VALUE) => Ok(State::Reason),
        _ => Err(Bad::ReasonByte),
    }
}
