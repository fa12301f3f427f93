//! The law of chunked bodies.

use super::{INPUT_MAX, cuts, naive, random, tight};
use crate::limits::Limits;
use crate::wire::Parse;
use crate::wire::chunked::{Bad, Chunked, Piece};

/// The body and the bytes it took, `None` if it is incomplete, or the reason why it was refused.
type Verdict = Result<Option<(Vec<u8>, usize)>, Bad>;

/// Chunked bodies: the oracle agrees, cuts and later bytes change nothing, and an encoded body
/// decodes to the original.
pub fn chunked(input: &[u8]) {
    let input = &input[..input.len().min(INPUT_MAX)];
    for limits in [Limits::default(), tight()] {
        let verdict = decode(input, &[input.len()], &limits);
        assert_eq!(verdict.clone().ok().flatten(), naive::chunked(input, &limits));
        for ends in cuts(input.len(), &mut random(input)) {
            assert_eq!(decode(input, &ends, &limits), verdict);
        }
        if verdict != Ok(None) {
            let longer = [input, b"\r\n0\r\n\r\n"].concat();
            assert_eq!(decode(&longer, &[longer.len()], &limits), verdict);
        }
    }
    round_trip(input);
}

fn decode(input: &[u8], ends: &[usize], limits: &Limits) -> Verdict {
    let mut decoder = Chunked::new();
    let (mut body, mut at) = (Vec::new(), 0);
    for &end in ends {
        loop {
            match decoder.next(&input[at..end], limits) {
                Parse::Done(Piece::End, used) => return Ok(Some((body, at + used))),
                Parse::Done(Piece::Data(data), used) => {
                    assert!(!data.is_empty() && used >= data.len());
                    assert_eq!(data, &input[at + used - data.len()..at + used]);
                    body.extend(data);
                    at += used;
                }
                Parse::Done(Piece::Nothing, used) => {
                    assert_eq!(at + used, end, "framing alone takes all there is");
                    at += used;
                }
                Parse::More => break,
                Parse::Bad(bad) => return Err(bad),
            }
        }
        assert_eq!(at, end, "only an empty input needs more");
    }
    Ok(None)
}

fn round_trip(body: &[u8]) {
    let mut random = random(body);
    let mut encoded = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(random.usize(1..=rest.len()));
        let extension = ["", " ;a", ";a=b"][random.usize(..3).min(encoded.len())];
        let size = if random.bool() {
            format!("{:x}", chunk.len())
        } else {
            format!("{:016X}", chunk.len())
        };
        // At most a kibibyte of extensions, far below the limit of a message.
        let extension = if encoded.len() < 1024 { extension } else { "" };
        encoded.extend(format!("{size}{extension}\r\n").as_bytes());
        encoded.extend(chunk);
        encoded.extend(b"\r\n");
        rest = after;
    }
    encoded.extend(["0\r\n\r\n", "000\r\nA: b\r\n\r\n"][random.usize(..2)].as_bytes());
    let expected = Ok(Some((body.to_vec(), encoded.len())));
    let limits = Limits::default();
    for ends in cuts(encoded.len(), &mut random) {
        assert_eq!(decode(&encoded, &ends, &limits), expected);
    }
    let shorter = random.usize(..encoded.len());
    assert_eq!(decode(&encoded[..shorter], &[shorter], &limits), Ok(None));
}
