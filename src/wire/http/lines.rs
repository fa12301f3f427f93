//! The lines of fields behind a first line, byte by byte: the same in requests and in responses.
//!
//! It keeps nothing: the state and the count of fields belong to who reads the whole head.
//!
//! ```text
//! FirstCr ─▶ Start ─▶ EndCr ─▶ End
//!             │  ▲
//!             ▼  │
//!           Name ─▶ Value ─▶ ValueCr
//! ```

use crate::wire::ascii;

/// How far the lines are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::wire) enum Line {
    /// The CR of the first line was read.
    FirstCr,
    Start,
    Name,
    Value,
    ValueCr,
    EndCr,
    End,
}

/// What is wrong with a byte where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::wire) enum Wrong {
    BareLf,
    BareCr,
    LeadingBlank,
    ObsFold,
    FieldName,
    SpaceBeforeColon,
    ValueByte,
    TooManyFields,
}

/// The next state. `fields` counts the fields begun, of which there may be `most`.
pub(in crate::wire) fn step(
    line: Line,
    byte: u8,
    fields: &mut u16,
    most: usize,
) -> Result<Line, Wrong> {
    match line {
        Line::FirstCr | Line::ValueCr => lf(byte).map(|()| Line::Start),
        Line::Start => start(byte, fields, most),
        Line::Name => name(byte),
        Line::Value => value(byte),
        Line::EndCr | Line::End => lf(byte).map(|()| Line::End),
    }
}

fn start(byte: u8, fields: &mut u16, most: usize) -> Result<Line, Wrong> {
    match byte {
        b'\r' => Ok(Line::EndCr),
        b'\n' => Err(Wrong::BareLf),
        b' ' | b'\t' if *fields == 0 => Err(Wrong::LeadingBlank),
        b' ' | b'\t' => Err(Wrong::ObsFold),
        byte if !ascii::is(byte, ascii::TOKEN) => Err(Wrong::FieldName),
        _ if usize::from(*fields) >= most => Err(Wrong::TooManyFields),
        _ => {
            *fields += 1;
            Ok(Line::Name)
        }
    }
}

fn name(byte: u8) -> Result<Line, Wrong> {
    match byte {
        b':' => Ok(Line::Value),
        b' ' | b'\t' => Err(Wrong::SpaceBeforeColon),
        b'\n' => Err(Wrong::BareLf),
        byte if ascii::is(byte, ascii::TOKEN) => Ok(Line::Name),
        _ => Err(Wrong::FieldName),
    }
}

fn value(byte: u8) -> Result<Line, Wrong> {
    match byte {
        b'\r' => Ok(Line::ValueCr),
        b'\n' => Err(Wrong::BareLf),
        byte if ascii::is(byte, ascii::VALUE) => Ok(Line::Value),
        _ => Err(Wrong::ValueByte),
    }
}

fn lf(byte: u8) -> Result<(), Wrong> {
    if byte == b'\n' { Ok(()) } else { Err(Wrong::BareCr) }
}
