//! The field lines of a head, byte by byte: the same in requests and in responses.
//!
//! Stateless: the state and the count of fields belong to the reader of the whole head.
//!
//! ```text
//! FirstCr ─▶ Start ─▶ EndCr ─▶ End
//!             │  ▲
//!             ▼  │
//!           Name ─▶ Value ─▶ ValueCr
//! ```

use super::Bad;
use crate::wire::ascii;

/// The position within the field lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::wire) enum Line {
    /// After the CR of the first line.
    FirstCr,
    Start,
    Name,
    Value,
    ValueCr,
    EndCr,
    End,
}

/// Returns the next state. `fields` counts the fields begun, of which there may be `most`.
pub(in crate::wire) fn step(
    line: Line,
    byte: u8,
    fields: &mut u16,
    most: usize,
) -> Result<Line, Bad> {
    match line {
        Line::FirstCr | Line::ValueCr => lf(byte).map(|()| Line::Start),
        Line::Start => start(byte, fields, most),
        Line::Name => name(byte),
        Line::Value => value(byte),
        Line::EndCr | Line::End => lf(byte).map(|()| Line::End),
    }
}

fn start(byte: u8, fields: &mut u16, most: usize) -> Result<Line, Bad> {
    match byte {
        b'\r' => Ok(Line::EndCr),
        b'\n' => Err(Bad::BareLf),
        b' ' | b'\t' if *fields == 0 => Err(Bad::LeadingBlank),
        b' ' | b'\t' => Err(Bad::ObsFold),
        byte if !ascii::is(byte, ascii::TOKEN) => Err(Bad::FieldName),
        _ if usize::from(*fields) >= most => Err(Bad::TooManyFields),
        _ => {
            *fields += 1;
            Ok(Line::Name)
        }
    }
}

fn name(byte: u8) -> Result<Line, Bad> {
    match byte {
        b':' => Ok(Line::Value),
        b' ' | b'\t' => Err(Bad::SpaceBeforeColon),
        b'\n' => Err(Bad::BareLf),
        byte if ascii::is(byte, ascii::TOKEN) => Ok(Line::Name),
        _ => Err(Bad::FieldName),
    }
}

fn value(byte: u8) -> Result<Line, Bad> {
    match byte {
        b'\r' => Ok(Line::ValueCr),
        b'\n' => Err(Bad::BareLf),
        byte if ascii::is(byte, ascii::VALUE) => Ok(Line::Value),
        _ => Err(Bad::ValueByte),
    }
}

fn lf(byte: u8) -> Result<(), Bad> {
    if byte == b'\n' { Ok(()) } else { Err(Bad::BareCr) }
}
