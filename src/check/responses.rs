//! The law of response streams.

use super::naive::response::{Response, response};
use super::{INPUT_MAX, cuts, random, tight};
use crate::client::http::{Bad, Part, Reader};
use crate::limits::Limits;
use crate::wire::Parse;
use crate::wire::http::{Fields, Method};

/// The response, `None` if the stream ends too early, or the reason why it was refused.
type Verdict = Result<Option<Response>, Bad>;

/// Responses: the oracle agrees, cuts change nothing, nor do bytes after a response that ends by
/// itself, and a refused one stays refused.
pub fn http_response(input: &[u8]) {
    let input = &input[..input.len().min(INPUT_MAX)];
    for limits in [Limits::default(), tight()] {
        for asked in [Method::Get, Method::Head] {
            let verdict = read(input, &[input.len()], asked, &limits);
            let oracle = response(input, asked == Method::Head, &limits);
            assert_eq!(
                verdict.as_ref().ok().and_then(Option::as_ref),
                oracle.as_ref(),
                "{verdict:?}"
            );
            for ends in cuts(input.len(), &mut random(input)) {
                assert_eq!(read(input, &ends, asked, &limits), verdict);
            }
            let ends_by_itself = match &verdict {
                Ok(Some(response)) => response.used < input.len() || response.keep_alive,
                Ok(None) => false,
                Err(_) => true,
            };
            if ends_by_itself {
                let longer = [input, b"\nHTTP/1.1 200 OK\r\n\r\n"].concat();
                assert_eq!(read(&longer, &[longer.len()], asked, &limits), verdict);
            }
        }
    }
}

/// Reads one response from bytes that arrive up to these ends, then no more.
fn read(input: &[u8], ends: &[usize], asked: Method, limits: &Limits) -> Verdict {
    let mut reader = Reader::new(asked);
    let mut answer = Response { status: 0, body: Vec::new(), used: 0, keep_alive: false };
    for &end in ends {
        loop {
            let mut fields = Fields::new();
            match reader.next(&input[answer.used..end], limits, &mut fields) {
                Parse::Done(Part::End, used) => {
                    assert!(used == 0 && reader.is_over());
                    answer.keep_alive = reader.keeps_alive();
                    return Ok(Some(answer));
                }
                Parse::Done(Part::Head(head), used) => {
                    assert!(used <= limits.head_bytes && head.fields.len() <= limits.head_fields);
                    answer.status = head.status;
                    answer.used += used;
                }
                Parse::Done(Part::Body(bytes), used) => {
                    assert!(!bytes.is_empty() && used >= bytes.len());
                    answer.body.extend(bytes);
                    answer.used += used;
                }
                Parse::Done(Part::Nothing, used) => {
                    assert!(used > 0, "framing alone takes something");
                    answer.used += used;
                }
                Parse::More => break,
                Parse::Bad(bad) => return Err(bad),
            }
        }
    }
    let complete = reader.end_of_input().is_ok();
    answer.keep_alive = reader.keeps_alive();
    Ok(complete.then_some(answer))
}
