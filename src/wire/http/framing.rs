//! The fields that decide where a message ends and whether another may follow: the same in requests
//! and in responses.
//!
//! Never guesses: if the fields could be read as two different lengths, the message is refused.
//! `rules` lists the conditions.

use super::{Bad, Field, Framing, Version};
use crate::wire::ascii;

/// The framing fields read so far.
#[derive(Debug, Default)]
pub(in crate::wire) struct FramingFields {
    length: Option<u64>,
    coding: Option<Coding>,
    close: bool,
    keep_alive: bool,
}

/// A list of transfer codings, as far as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// `chunked` alone.
    Chunked,
    /// Unknown codings, then `chunked`.
    UnknownThenChunked,
    /// Unknown codings only.
    Unknown,
    /// A list that can no longer end in exactly one `chunked`.
    Broken,
}

impl FramingFields {
    /// Records a field if it is one of these.
    #[inline]
    pub(in crate::wire) fn field(&mut self, field: &Field<'_>) -> Result<(), Bad> {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        match field.name.len() {
            10 if is("connection") => self.connection(field.value),
            14 if is("content-length") => self.content_length(field.value)?,
            17 if is("transfer-encoding") => self.transfer_encoding(field.value),
            _ => {}
        }
        Ok(())
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Bad> {
        let before = self.length.replace(length(value)?);
        before.map_or(Ok(()), |_| Err(Bad::LengthRepeated))
    }

    fn connection(&mut self, value: &[u8]) {
        for option in ascii::list(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    fn transfer_encoding(&mut self, value: &[u8]) {
        for name in ascii::list(value) {
            let is_chunked = name.eq_ignore_ascii_case(b"chunked");
            self.coding = Some(match self.coding {
                _ if name.is_empty() => Coding::Broken,
                None if is_chunked => Coding::Chunked,
                Some(Coding::Unknown) if is_chunked => Coding::UnknownThenChunked,
                None | Some(Coding::Unknown) => Coding::Unknown,
                Some(Coding::Chunked | Coding::UnknownThenChunked | Coding::Broken) => {
                    Coding::Broken
                }
            });
        }
    }

    /// Returns the framing of the message, by these fields alone.
    pub(in crate::wire) fn decide(&self, version: Version) -> Result<Framing, Bad> {
        let Some(coding) = self.coding else {
            return Ok(self.length.map_or(Framing::None, Framing::Length));
        };
        if version == Version::Http10 {
            return Err(Bad::CodingBeforeHttp11);
        }
        if self.length.is_some() {
            return Err(Bad::LengthAndCoding);
        }
        match coding {
            Coding::Chunked => Ok(Framing::Chunked),
            Coding::UnknownThenChunked => Err(Bad::CodingUnknown),
            Coding::Unknown | Coding::Broken => Err(Bad::CodingNotFinal),
        }
    }

    /// Returns true if another message may follow, by these fields and the sender's version.
    pub(in crate::wire) fn keeps_alive(&self, version: Version) -> bool {
        match version {
            Version::Http10 => self.keep_alive && !self.close,
            Version::Http11 => !self.close,
        }
    }
}

/// Parses a plain number; the parsers of `std` also accept a plus sign.
fn length(value: &[u8]) -> Result<u64, Bad> {
    // Some senders repeat the field, and an intermediary joins the two with a comma.
    if value.contains(&b',') {
        return Err(Bad::LengthRepeated);
    }
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Bad::LengthInvalid);
    }
    let number =
        value.iter().try_fold(0u64, |n, &b| n.checked_mul(10)?.checked_add(u64::from(b - b'0')));
    number.ok_or(Bad::LengthTooLarge)
}
