//! A connection's requests, read as a server reads them.

use super::{INPUT_MAX, cuts, random, tight};
use crate::limits::Limits;
use crate::wire::Parse;
use crate::wire::chunked::{Chunked, Piece};
use crate::wire::http::{self, Fields, Framing, Scan};

/// An event that a server would see.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Head(String),
    Body(Vec<u8>),
    End,
    Refused(&'static str),
}

/// The position of the reader of a connection.
enum Stage {
    Head(Scan),
    Length(u64),
    Chunked(Chunked),
    Closed,
}

/// Streams: for any cuts, pipelined requests with bodies of both framings are the same requests,
/// and after a refusal there is nothing.
pub fn http_stream(input: &[u8]) {
    let input = &input[..input.len().min(INPUT_MAX)];
    for limits in [Limits::default(), tight()] {
        let mut whole = None;
        for ends in cuts(input.len(), &mut random(input)) {
            let events = read(input, &ends, &limits);
            let refusals = events.iter().filter(|e| matches!(e, Event::Refused(_))).count();
            assert!(refusals <= usize::from(matches!(events.last(), Some(Event::Refused(_)))));
            let whole = whole.get_or_insert_with(|| read(input, &[input.len()], &limits));
            assert_eq!(&events, whole);
        }
    }
}

fn read(input: &[u8], ends: &[usize], limits: &Limits) -> Vec<Event> {
    let mut events = Vec::new();
    let mut stage = Stage::Head(Scan::default());
    // Only an incomplete head waits in the buffer; bodies leave it as they arrive.
    let mut buffer = Vec::new();
    let mut at = 0;
    for &end in ends {
        buffer.extend_from_slice(&input[at..end]);
        at = end;
        while let Some(used) = advance(&mut stage, &buffer, limits, &mut events) {
            assert!(used <= buffer.len());
            buffer.drain(..used);
        }
        assert!(buffer.len() < limits.head_bytes || matches!(stage, Stage::Closed));
    }
    events
}

/// Takes one step: returns the bytes consumed, or `None` if more are needed or the connection is
/// closed.
fn advance(
    stage: &mut Stage,
    buffer: &[u8],
    limits: &Limits,
    events: &mut Vec<Event>,
) -> Option<usize> {
    match stage {
        Stage::Head(scan) => match http::head(buffer, scan, limits, &mut Fields::new()) {
            Parse::Done(head, used) => {
                let parts = (head.method, head.target, head.host(), head.fields, head.keep_alive);
                events.push(Event::Head(format!("{parts:?}")));
                *stage = match head.framing {
                    Framing::None => Stage::Length(0),
                    Framing::Length(length) => Stage::Length(length),
                    Framing::Chunked => Stage::Chunked(Chunked::new()),
                };
                Some(used)
            }
            Parse::More => None,
            Parse::Bad(bad) => refuse(stage, bad.name(), events),
        },
        Stage::Length(0) => {
            events.push(Event::End);
            *stage = Stage::Head(Scan::default());
            Some(0)
        }
        Stage::Length(_) if buffer.is_empty() => None,
        Stage::Length(left) => {
            let take = usize::try_from(*left).map_or(buffer.len(), |l| l.min(buffer.len()));
            *left -= take as u64;
            data(&buffer[..take], events);
            Some(take)
        }
        Stage::Chunked(decoder) => match decoder.next(buffer, limits) {
            Parse::Done(Piece::End, used) => {
                events.push(Event::End);
                *stage = Stage::Head(Scan::default());
                Some(used)
            }
            Parse::Done(Piece::Data(bytes), used) => {
                data(bytes, events);
                Some(used)
            }
            Parse::Done(Piece::Nothing, used) => Some(used),
            Parse::More => None,
            Parse::Bad(bad) => refuse(stage, bad.name(), events),
        },
        Stage::Closed => None,
    }
}

/// Appends to the current body: a cut is not an event.
fn data(bytes: &[u8], events: &mut Vec<Event>) {
    match events.last_mut() {
        Some(Event::Body(body)) => body.extend(bytes),
        Some(Event::Head(_) | Event::End | Event::Refused(_)) | None => {
            events.push(Event::Body(bytes.to_vec()));
        }
    }
}

fn refuse(stage: &mut Stage, why: &'static str, events: &mut Vec<Event>) -> Option<usize> {
    events.push(Event::Refused(why));
    *stage = Stage::Closed;
    None
}
