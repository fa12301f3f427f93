//! The chunked transfer coding (RFC 9112 §7.1), decoded byte by byte and without copying.
//!
//! Every byte shown is consumed in the call that shows it, so nothing is looked at twice and no
//! framing waits in a buffer. It never skips: the bytes that end a line or a chunk are compared,
//! because a decoder that skips two bytes there reads another message than its neighbour.
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

/// A decoder in the middle of one body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunked {
    state: State,
    /// Digits of the size that is being read.
    digits: u8,
    /// Bytes of data still to come in this chunk; while its size is read, what it is so far.
    left: u64,
    /// Extension bytes of this chunk, and of all chunks so far.
    ext: u32,
    ext_total: u32,
    /// Bytes of the trailer section so far, its last line excluded.
    trailer: u32,
}

/// What some bytes of a chunked body turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'b> {
    /// Bytes of the body, never none; framing may have stood before them.
    Data(&'b [u8]),
    /// Framing alone.
    Nothing,
    /// The end of the body and of its trailers. What follows is the next request.
    End,
}

reasons! {
    /// Why a chunked body was refused. Nothing that follows can be understood.
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

/// What a size of 64 bits can take.
const DIGITS_MAX: u8 = 16;

impl Chunked {
    /// Before the first chunk.
    pub const fn new() -> Chunked {
        Chunked { state: State::Size, digits: 0, left: 0, ext: 0, ext_total: 0, trailer: 0 }
    }

    /// Decodes the next piece, at most to the end of one run of data.
    ///
    /// `More` if and only if the input is empty; else `Done` takes at least one byte, and the
    /// bytes it took must not be shown again. After [`Piece::End`] the answer stays `End` with no
    /// byte taken, after `Bad` the decoder must be dropped.
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

    /// Bytes still to come in the chunk that is under way: known with the line of its size.
    pub fn left(&self) -> u64 {
        if self.state == State::Data { self.left } else { 0 }
    }

    /// Whether [`Piece::End`] was answered.
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
            // Data is taken in runs, not in bytes, and the end takes none.
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

/// One byte of a trailer line. Names and values are checked and forgotten: nothing here reads
/// trailers, and one that it read could change what the head said.
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
