//! Reading of responses one after the other, from input that arrives in pieces.
//!
//! A [`Reader`] belongs to one exchange. It keeps and copies no bytes: it reports the kind and the
//! length of the next part, and the owner of the buffer consumes that part. It does not know about
//! time, the connection or the purpose of the request.
//!
//! ```text
//!   Head ─interim→ Head ─final→ Length · Chunked · Close ─▶ Over
//!                     └────────── no body ────────────────────▲
//! ```

use crate::limits::Limits;
use crate::wire::Parse;
use crate::wire::chunked::{self, Chunked, Piece};
use crate::wire::http::{Fields, Method};
use crate::wire::response::{self, Framing, Head, Scan, head};

/// The state of reading a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    asked: Method,
    stage: Stage,
    keep_alive: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head(Scan),
    Length(u64),
    Chunked(Chunked),
    Close,
    Over,
}

/// The next part of a response.
#[derive(Debug)]
pub enum Part<'h, 'b> {
    /// A head: of an interim response, which may be ignored, or of the final response.
    Head(Head<'h, 'b>),
    /// Bytes of the body, at least one; framing may precede them.
    Body(&'b [u8]),
    /// Framing without bytes of the body.
    Nothing,
    /// The end of the response. It uses no byte.
    End,
}

/// The reason why a response cannot be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// The head is malformed.
    Head(response::Bad),
    /// The chunks of the body are malformed.
    Body(chunked::Bad),
}

/// The connection ended before the response did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Before the first byte: on a connection that was kept alive, the server may not even have
    /// read the request.
    Unanswered,
    /// After the first byte.
    Short,
}

impl Reader {
    /// Creates a reader for the response to a request with this method.
    pub fn new(asked: Method) -> Reader {
        Reader { asked, stage: Stage::Head(Scan::default()), keep_alive: false }
    }

    /// Returns the part at the beginning of `input`.
    ///
    /// After `Done` the caller must consume the used bytes; after `More` it must keep them and call
    /// again with more bytes. When the response is complete, the result is always [`Part::End`],
    /// never `More`, and the bytes that follow belong to the next response. After `Bad` the
    /// connection cannot be used any longer.
    pub fn next<'h, 'b>(
        &mut self,
        input: &'b [u8],
        limits: &Limits,
        fields: &'h mut Fields<'b>,
    ) -> Parse<Part<'h, 'b>, Bad> {
        match &mut self.stage {
            Stage::Head(scan) => match head(input, self.asked, scan, limits, fields) {
                Parse::Done(head, used) => {
                    self.begin(&head);
                    Parse::Done(Part::Head(head), used)
                }
                Parse::More => Parse::More,
                Parse::Bad(bad) => Parse::Bad(Bad::Head(bad)),
            },
            Stage::Over => Parse::Done(Part::End, 0),
            _ if input.is_empty() => Parse::More,
            Stage::Close => Parse::Done(Part::Body(input), input.len()),
            Stage::Length(left) => {
                let take = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                *left -= take as u64;
                if *left == 0 {
                    self.stage = Stage::Over;
                }
                Parse::Done(Part::Body(&input[..take]), take)
            }
            Stage::Chunked(chunked) => match chunked.next(input, limits) {
                Parse::Done(Piece::Data(data), used) => Parse::Done(Part::Body(data), used),
                Parse::Done(Piece::Nothing, used) => Parse::Done(Part::Nothing, used),
                Parse::Done(Piece::End, used) => {
                    self.stage = Stage::Over;
                    Parse::Done(Part::Nothing, used)
                }
                Parse::More => Parse::More,
                Parse::Bad(bad) => Parse::Bad(Bad::Body(bad)),
            },
        }
    }

    /// Handles the end of the connection, after all input was passed to `next`.
    ///
    /// # Errors
    /// Fails if the response was not complete.
    pub fn end_of_input(&mut self) -> Result<(), Cut> {
        match self.stage {
            Stage::Close | Stage::Over => {
                self.stage = Stage::Over;
                Ok(())
            }
            Stage::Head(scan) if scan.is_fresh() => Err(Cut::Unanswered),
            Stage::Head(_) | Stage::Length(_) | Stage::Chunked(_) => Err(Cut::Short),
        }
    }

    /// Returns true if the response is complete.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// Returns true if the connection may carry another exchange after this response.
    pub fn keeps_alive(&self) -> bool {
        self.keep_alive
    }

    fn begin(&mut self, head: &Head<'_, '_>) {
        self.keep_alive = head.keep_alive;
        self.stage = match head.framing {
            _ if head.is_interim() => Stage::Head(Scan::default()),
            Framing::None | Framing::Length(0) => Stage::Over,
            Framing::Length(length) => Stage::Length(length),
            Framing::Chunked => Stage::Chunked(Chunked::new()),
            Framing::Close => Stage::Close,
        };
    }
}

impl Bad {
    /// Returns a kebab-case word for counters and logs.
    pub fn name(self) -> &'static str {
        match self {
            Bad::Head(bad) => bad.name(),
            Bad::Body(bad) => bad.name(),
        }
    }

    /// Returns the source of the rule that the response breaks.
    pub fn source(self) -> &'static str {
        match self {
            Bad::Head(bad) => bad.source(),
            Bad::Body(bad) => bad.source(),
        }
    }

    /// Returns one sentence that describes the error.
    pub fn text(self) -> &'static str {
        match self {
            Bad::Head(bad) => bad.text(),
            Bad::Body(bad) => bad.text(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buf::RecvBuf;

    /// Returns the status codes and bodies of the responses to GET in `input`, then the result at
    /// its end.
    fn read(input: &str) -> (Vec<(u16, String)>, Result<(), Cut>) {
        let mut recv = RecvBuf::default();
        recv.extend(input.as_bytes());
        let (mut reader, mut all) = (Reader::new(Method::Get), Vec::new());
        loop {
            let used = match reader.next(recv.bytes(), &Limits::default(), &mut Fields::new()) {
                Parse::Done(Part::Head(head), used) => {
                    all.push((head.status, String::new()));
                    used
                }
                Parse::Done(Part::Body(bytes), used) => {
                    let (_, body) = all.last_mut().expect("a head came before");
                    body.push_str(std::str::from_utf8(bytes).unwrap());
                    used
                }
                Parse::Done(Part::Nothing, used) => used,
                Parse::Done(Part::End, _) if recv.is_empty() => {
                    return (all, reader.end_of_input());
                }
                Parse::Done(Part::End, _) => {
                    reader = Reader::new(Method::Get);
                    0
                }
                Parse::More => return (all, reader.end_of_input()),
                Parse::Bad(bad) => panic!("{bad:?}"),
            };
            recv.consume(used);
        }
    }

    #[test]
    fn answers_follow_each_other_with_every_kind_of_body() {
        let input = "HTTP/1.1 103 Early Hints\r\n\r\n\
                     HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab\
                     HTTP/1.1 204 No Content\r\n\r\n\
                     HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\n\
                     HTTP/1.1 404 Not Found\r\n\r\nto the end";
        let bodies = [(103, ""), (200, "ab"), (204, ""), (200, "c"), (404, "to the end")];
        let bodies = bodies.map(|(status, body)| (status, body.to_owned()));
        assert_eq!(read(input), (bodies.to_vec(), Ok(())));
    }

    #[test]
    fn an_end_that_comes_early_is_no_end() {
        let ended = |input: &str| read(input).1;
        assert_eq!(ended(""), Err(Cut::Unanswered));
        assert_eq!(ended("HTTP/1.1 2"), Err(Cut::Short));
        assert_eq!(ended("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na"), Err(Cut::Short));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n";
        assert_eq!(ended(chunked), Err(Cut::Short));
        assert_eq!(ended("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), Ok(()));
    }
}
