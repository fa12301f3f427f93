//! The chunked transfer coding (RFC 9112 §7.1), decoded byte by byte and without copying.
//!
//! Every byte shown is consumed by that call, so no byte is examined twice and no framing waits in
//! a buffer. Nothing is skipped: the bytes that end a line or a chunk are compared, because a
//! decoder that skips two bytes there reads a different message than the next one in the chain.
//!
//! ```text
//! Size ─▶ Ext ─▶ SizeLf ─▶ Data ─▶ DataCr ─▶ DataLf ─▶ Size …
//!                   │ size 0
//!                   ▼
//!              LineStart ─▶ Name ─▶ Value ─▶ ValueLf ─▶ LineStart … ─▶ EndLf ─▶ End
//! ```

mod extension;

use super::reason::reasons;
use super::{Parse, ascii};
use crate::limits::Limits;
use extension::Extension;

/// A decoder of one body.
///
/// ```
/// use pentad::limits::Limits;
/// use pentad::wire::Parse;
/// use pentad::wire::chunked::{Chunked, Piece};
///
/// let (mut decoder, mut input) = (Chunked::new(), &b"5\r\nhello\r\n0\r\n\r\n"[..]);
/// let mut body = Vec::new();
/// loop {
///     match decoder.next(input, &Limits::default()) {
///         Parse::Done(Piece::End, _) => break,
///         Parse::Done(Piece::Data(data), used) => {
///             body.extend_from_slice(data);
///             input = &input[used..];
///         }
///         Parse::Done(Piece::Nothing, used) => input = &input[used..],
///         Parse::More | Parse::Bad(_) => unreachable!("the body is complete and valid"),
///     }
/// }
/// assert_eq!(body, b"hello");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunked {
    state: State,
    /// Digits of the size read so far.
    digits: u8,
    /// Bytes of data still to come in this chunk; while its size is read, the value so far.
    left: u64,
    /// Extension bytes of this chunk; `ext_total` counts those of all chunks.
    ext: u32,
    ext_total: u32,
    /// Bytes of the trailer section so far, its last line excluded.
    trailer: u32,
}

/// The result of decoding some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'b> {
    /// Bytes of the body, at least one; framing may have stood before them.
    Data(&'b [u8]),
    /// Framing alone.
    Nothing,
    /// The end of the body and of its trailers. The next byte belongs to the next request.
    End,
}

reasons! {
    /// The reason why a chunked body was refused. Nothing after it can be parsed.
    pub enum Bad {
        SizeMissing = 400, "chunk-size-missing", "RFC 9112 §7.1",
            "A chunk has no size.";
        SizeDigit = 400, "chunk-size-digit", "RFC 9112 §7.1",
            "A chunk size holds something other than hexadecimal digits.";
        SizeTooLarge = 400, "chunk-size-too-large", "RFC 9112 §7.1",
            "A chunk size has more than 16 digits.";
        SizeLineEnd = 400, "chunk-size-line-end", "RFC 9112 §7.1",
            "The line of a chunk size does not end in CR LF.";
        ExtensionByte = 400, "chunk-extension-byte", "RFC 9112 §7.1.1",
            "A chunk extension holds a control byte.";
        ExtensionSyntax = 400, "chunk-extension-syntax", "RFC 9112 §7.1.1",
            "A chunk extension is neither a name nor a name and its value.";
        ExtensionTooLong = 400, "chunk-extension-too-long", "RFC 9112 §7.1.1",
            "The extensions of a chunk are longer than this server accepts.";
        ExtensionsTooLong = 400, "chunk-extensions-too-long", "RFC 9112 §7.1.1",
            "The chunk extensions of the message are longer than this server accepts.";
        DataEnd = 400, "chunk-data-end", "RFC 9112 §7.1",
            "The data of a chunk is not followed by CR LF.";
        TrailerName = 400, "trailer-name", "RFC 9110 §5.1",
            "A trailer line does not begin with a token and a colon.";
        TrailerBlank = 400, "trailer-space-before-colon", "RFC 9112 §5.1",
            "A blank stands between a trailer name and its colon.";
        TrailerFold = 400, "trailer-obs-fold", "RFC 9112 §5.2",
            "A trailer line begins with a blank.";
        TrailerByte = 400, "trailer-value-byte", "RFC 9110 §5.5",
            "A trailer value holds NUL or another control byte.";
        TrailerLineEnd = 400, "trailer-line-end", "RFC 9112 §2.2",
            "A line of the trailer section does not end in CR LF.";
        TrailersTooLarge = 431, "trailers-too-large", "RFC 6585 §5",
            "The trailer section is larger than this server accepts.";
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size,
    Ext(Extension),
    SizeLf,
    Data,
    DataCr,
    DataLf,
    LineStart,
    Name,
    Value,
    ValueLf,
    EndLf,
    End,
}

/// Hexadecimal digits of a 64-bit size.
const DIGITS_MAX: u8 = 16;

impl Chunked {
    /// Creates a decoder for a new body.
    pub const fn new() -> Chunked {
        Chunked { state: State::Size, digits: 0, left: 0, ext: 0, ext_total: 0, trailer: 0 }
    }

    /// Decodes the next piece, at most to the end of one run of data.
    ///
    /// Returns `More` only for an empty input; otherwise `Done` consumes at least one byte, and
    /// those bytes must not be shown again. After [`Piece::End`] the result stays `End` and
    /// consumes nothing; after `Bad` the decoder must be dropped.
    pub fn next<'b>(&mut self, input: &'b [u8], limits: &Limits) -> Parse<Piece<'b>, Bad> {
        let mut at = 0;
        while self.state != State::End {
            let Some(&byte) = input.get(at) else {
                return if at == 0 { Parse::More } else { Parse::Done(Piece::Nothing, at) };
            };
            if self.state == State::Data {
                let data = self.take(&input[at..]);
                return Parse::Done(Piece::Data(data), at + data.len());
            }
            match self.step(byte, limits) {
                Ok(state) => self.state = state,
                Err(bad) => return Parse::Bad(bad),
            }
            at += 1;
        }
        Parse::Done(Piece::End, at)
    }

    /// Returns the bytes still to come in the current chunk, once the line of its size is complete.
    pub fn left(&self) -> u64 {
        if self.state == State::Data { self.left } else { 0 }
    }

    /// Returns true once [`Piece::End`] has been returned.
    pub fn is_end(&self) -> bool {
        self.state == State::End
    }

    fn take<'b>(&mut self, input: &'b [u8]) -> &'b [u8] {
        let take = usize::try_from(self.left).map_or(input.len(), |left| left.min(input.len()));
        self.left -= take as u64;
        if self.left == 0 {
            self.state = State::DataCr;
        }
        &input[..take]
    }

    fn step(&mut self, byte: u8, limits: &Limits) -> Result<State, Bad> {
        match self.state {
            State::Size => self.size(byte, limits),
            State::Ext(at) => self.extension(at, byte, limits),
            State::SizeLf => self.after_size(byte),
            // Data is consumed in runs, not byte by byte, and the end consumes nothing.
            State::Data | State::End => Ok(self.state),
            State::DataCr => exactly(byte, b'\r', State::DataLf, Bad::DataEnd),
            State::DataLf => {
                (self.digits, self.left, self.ext) = (0, 0, 0);
                exactly(byte, b'\n', State::Size, Bad::DataEnd)
            }
            State::LineStart if byte == b'\r' => Ok(State::EndLf),
            State::EndLf => exactly(byte, b'\n', State::End, Bad::TrailerLineEnd),
            State::LineStart | State::Name | State::Value | State::ValueLf => {
                if self.trailer as usize >= limits.trailer_bytes {
                    return Err(Bad::TrailersTooLarge);
                }
                self.trailer += 1;
                trailer(self.state, byte)
            }
        }
    }

    fn size(&mut self, byte: u8, limits: &Limits) -> Result<State, Bad> {
        if let Some(digit) = ascii::hex(byte) {
            if self.digits == DIGITS_MAX {
                return Err(Bad::SizeTooLarge);
            }
            self.digits += 1;
            self.left = self.left << 4 | u64::from(digit);
            return Ok(State::Size);
        }
        match byte {
            b'\r' | b'\n' | b';' if self.digits == 0 => Err(Bad::SizeMissing),
            b'\r' => Ok(State::SizeLf),
            b'\n' => Err(Bad::SizeLineEnd),
            // The semicolon, and blanks before it, are part of the extension (RFC 9112 §7.1.1).
            b';' | b' ' | b'\t' if self.digits > 0 => {
                self.extension(Extension::Before, byte, limits)
            }
            _ => Err(Bad::SizeDigit),
        }
    }

    fn extension(&mut self, at: Extension, byte: u8, limits: &Limits) -> Result<State, Bad> {
        let next = match at.step(byte)? {
            Some(next) => next,
            None => return Ok(State::SizeLf),
        };
        self.ext += 1;
        self.ext_total += 1;
        if self.ext as usize > limits.chunk_ext_bytes {
            return Err(Bad::ExtensionTooLong);
        }
        if self.ext_total as usize > limits.chunk_ext_total_bytes {
            return Err(Bad::ExtensionsTooLong);
        }
        Ok(State::Ext(next))
    }

    fn after_size(&self, byte: u8) -> Result<State, Bad> {
        let next = if self.left == 0 { State::LineStart } else { State::Data };
        exactly(byte, b'\n', next, Bad::SizeLineEnd)
    }
}

impl Default for Chunked {
    fn default() -> Chunked {
        Chunked::new()
    }
}

/// Advances over one byte of a trailer line. Names and values are checked and dropped: nothing here
/// reads trailers, and a trailer that was used could change the meaning of the head.
fn trailer(state: State, byte: u8) -> Result<State, Bad> {
    let is_token = ascii::is(byte, ascii::TOKEN);
    match (state, byte) {
        (State::ValueLf, _) => exactly(byte, b'\n', State::LineStart, Bad::TrailerLineEnd),
        (_, b'\n') => Err(Bad::TrailerLineEnd),
        (State::LineStart, b' ' | b'\t') => Err(Bad::TrailerFold),
        (State::LineStart | State::Name, _) if is_token => Ok(State::Name),
        (State::Name, b':') => Ok(State::Value),
        (State::Name, b' ' | b'\t') => Err(Bad::TrailerBlank),
        (State::LineStart | State::Name, _) => Err(Bad::TrailerName),
        (_, b'\r') => Ok(State::ValueLf),
        (_, byte) if ascii::is(byte, ascii::VALUE) => Ok(State::Value),
        _ => Err(Bad::TrailerByte),
    }
}

fn exactly(byte: u8, expected: u8, next: State, bad: Bad) -> Result<State, Bad> {
    if byte == expected { Ok(next) } else { Err(bad) }
}

#[cfg(test)]
mod tests;
