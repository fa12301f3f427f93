//! The laws of chat lines and of the telnet filter.

use super::{INPUT_MAX, cuts, random};
use crate::wire::Parse;
use crate::wire::chat::{
    Bad, LINE_BYTES_MAX, Piece, Printer, Reader, Said, Telnet, is_name, said, server_line,
};

/// The telnet filter: for any cuts it keeps what an oracle keeps that sees the whole input at once,
/// and nothing that was not there.
pub fn telnet(input: &[u8]) {
    let mut telnet = Telnet::default();
    let kept = input.iter().filter_map(|byte| telnet.filter(*byte)).collect::<Vec<_>>();
    assert_eq!(kept, oracle_of_filter(input));
    if !input.contains(&255) {
        assert_eq!(kept, input, "without commands nothing is removed");
    }
}

/// Implements RFC 854 by looking ahead.
fn oracle_of_filter(mut rest: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != 255 {
            kept.push(*first);
            continue;
        }
        match rest {
            [] => {}
            [255, after @ ..] => {
                kept.push(255);
                rest = after;
            }
            [251..=254, after @ ..] => rest = after.get(1..).unwrap_or_default(),
            [250, after @ ..] => rest = behind_subnegotiation(after),
            [_, after @ ..] => rest = after,
        }
    }
    kept
}

fn behind_subnegotiation(mut rest: &[u8]) -> &[u8] {
    loop {
        match rest {
            [] => return rest,
            [255, 240, after @ ..] => return after,
            [255, _, after @ ..] => rest = after,
            [_, after @ ..] => rest = after,
        }
    }
}

/// Lines: for any cuts they equal the filtered input split at the line endings; a client line
/// parses the same way twice; a printed server line is read back.
pub fn chat_line(input: &[u8]) {
    let short = &input[..input.len().min(INPUT_MAX)];
    let oracle = oracle_of_lines(&oracle_of_filter(short));
    for ends in cuts(short.len(), &mut random(short)) {
        assert_eq!(pieces(short, &ends), oracle);
    }
    assert_eq!(pieces(input, &[input.len()]), oracle_of_lines(&oracle_of_filter(input)));
    for piece in &oracle {
        if let Piece::Line { text, .. } = piece {
            speak(text);
        }
    }
}

fn pieces(input: &[u8], ends: &[usize]) -> Vec<Piece> {
    let (mut reader, mut pieces, mut from) = (Reader::default(), Vec::new(), 0);
    for end in ends {
        let mut rest = &input[from..*end];
        from = *end;
        while let Parse::Done(piece, used) = reader.next(rest) {
            rest = &rest[used..];
            pieces.extend((piece != Piece::Nothing).then_some(piece));
            assert!(reader.held() <= LINE_BYTES_MAX, "an unfinished line is bounded");
        }
    }
    pieces.extend(reader.last());
    pieces
}

/// Works on whole lines: finds their endings, applies the editing keys, then classifies them.
fn oracle_of_lines(filtered: &[u8]) -> Vec<Piece> {
    let (mut lines, mut rest) = (Vec::new(), filtered);
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        let (line, behind) = rest.split_at(end);
        let first = lines.is_empty();
        lines.push(oracle_of_line(line, first, behind[0] == b'\r'));
        let ending = match behind {
            [b'\r', b'\n' | 0, ..] => 2,
            _ => 1,
        };
        rest = &behind[ending..];
    }
    // The rest after the last ending is a line only if editing leaves something of it.
    let left = oracle_of_editing(rest, lines.is_empty());
    if left.is_none_or(|left| !left.is_empty()) {
        lines.push(oracle_of_line(rest, lines.is_empty(), false));
    }
    lines
}

/// Returns a line after editing, or `None` if it became too long.
fn oracle_of_editing(line: &[u8], first: bool) -> Option<Vec<u8>> {
    let (mut left, mut marked) = (Vec::new(), !first);
    for byte in line {
        if matches!(byte, 0x08 | 0x7f) {
            let begins = |byte: &u8| !(0x80..=0xbf).contains(byte);
            let kept = left.iter().rposition(begins).unwrap_or(0);
            left.truncate(kept.max(left.len().saturating_sub(4)));
            continue;
        }
        if left.len() == LINE_BYTES_MAX {
            return None;
        }
        left.push(*byte);
        if left == b"\xef\xbb\xbf" && !std::mem::replace(&mut marked, true) {
            left.clear();
        }
    }
    Some(left)
}

fn oracle_of_line(line: &[u8], first: bool, crlf: bool) -> Piece {
    let Some(left) = oracle_of_editing(line, first) else { return Piece::Refused(Bad::TooLong) };
    let Ok(text) = std::str::from_utf8(&left) else { return Piece::Refused(Bad::Encoding) };
    let command = text.starts_with('/') && !text.starts_with("//");
    let clean = |c: char| match u32::from(c) {
        9 if command => ' ',
        0..=0x1f | 0x7f..=0x9f | 0x202a..=0x202e | 0x2066..=0x2069 => '\u{fffd}',
        _ => c,
    };
    Piece::Line { text: text.chars().map(clean).collect(), crlf }
}

/// Checks a clean line as a client's and as a server's.
fn speak(line: &str) {
    match said(line) {
        Parse::Done(Said::Text(text), used) => {
            assert_eq!(used, line.len());
            assert!(
                line.ends_with(text) && line.len() - text.len() <= 1,
                "the text is the end of the line"
            );
            assert!(!line.starts_with('/') || line.starts_with("//"));
            echo(text);
        }
        Parse::Done(Said::Hello(name) | Said::Agent(name, _), _) => {
            assert!(is_name(name) && line.contains(name));
            echo(line);
        }
        Parse::Done(Said::Nothing, _) => assert!(line.trim().is_empty()),
        Parse::Done(_, used) => assert!(used == line.len() && line.starts_with('/')),
        Parse::Bad(_) => assert!(line.starts_with('/') && !line.starts_with("//")),
        Parse::More => unreachable!("a line is whole"),
    }
    if let Parse::Done(_, used) = server_line(line) {
        assert_eq!(used, line.len());
    }
}

/// Checks that any text survives printing and reading of a server line.
fn echo(text: &str) {
    use crate::wire::chat::ServerLine;
    let mut out = Vec::new();
    let mut printer = Printer { out: &mut out, crlf: false };
    printer.said("bo", text);
    printer.heard(7, "ann", "3fa9", text);
    printer.ok(215, format_args!("lines=1"));
    printer.item(text);
    let printed = String::from_utf8(out).expect("text stays text");
    let read = |line| match server_line(line) {
        Parse::Done(value, _) => value,
        Parse::More | Parse::Bad(_) => panic!("{line:?} is not a server line"),
    };
    let lines = printed.strip_suffix('\n').expect("lines end").split('\n').map(read);
    let expected = [
        ServerLine::Said("bo", text),
        ServerLine::Heard(7, "ann", "3fa9", text),
        ServerLine::Ok(215, "lines=1"),
        ServerLine::Item(text),
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}
