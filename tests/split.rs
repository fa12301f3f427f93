//! Every vector in three ways: at once, byte by byte with nothing decided early, and with
//! irrelevant bytes after it.

mod vectors;

use pentad::limits::Limits;
use pentad::wire::Parse;
use pentad::wire::chunked::{Chunked, Piece};
use pentad::wire::http::{self, Fields, Method, Scan};
use pentad::wire::response;
use vectors::{BODIES, Expected, HEADS, RESPONSES, Vector};

/// A parser's result, like [`Expected`], but with owned text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Done(String, usize),
    More,
    Bad(&'static str),
}

/// A parser of incremental input: it is shown everything so far, and returns its result.
trait Reader: Default {
    fn show(&mut self, input: &[u8]) -> Said;
}

#[derive(Default)]
struct HeadReader(Scan);

impl Reader for HeadReader {
    fn show(&mut self, input: &[u8]) -> Said {
        match http::head(input, &mut self.0, &Limits::default(), &mut Fields::new()) {
            Parse::Done(head, used) => {
                let said = format!("{:?} {} {:?}", head.method, head.target.path(), head.framing);
                Said::Done(said, used)
            }
            Parse::More => Said::More,
            Parse::Bad(bad) => Said::Bad(bad.name()),
        }
    }
}

#[derive(Default)]
struct ResponseReader(response::Scan);

impl Reader for ResponseReader {
    fn show(&mut self, input: &[u8]) -> Said {
        let (limits, mut fields) = (Limits::default(), Fields::new());
        match response::head(input, Method::Get, &mut self.0, &limits, &mut fields) {
            Parse::Done(head, used) => {
                Said::Done(format!("{} {:?} {}", head.status, head.framing, head.keep_alive), used)
            }
            Parse::More => Said::More,
            Parse::Bad(bad) => Said::Bad(bad.name()),
        }
    }
}

/// The decoder consumes bytes as it gets them; only the rest of the shown bytes is new.
#[derive(Default)]
struct BodyReader {
    decoder: Chunked,
    taken: usize,
    body: Vec<u8>,
}

impl Reader for BodyReader {
    fn show(&mut self, input: &[u8]) -> Said {
        loop {
            match self.decoder.next(&input[self.taken..], &Limits::default()) {
                Parse::Done(Piece::Data(data), used) => {
                    self.body.extend(data);
                    self.taken += used;
                }
                Parse::Done(Piece::Nothing, used) => self.taken += used,
                Parse::Done(Piece::End, used) => {
                    let body = String::from_utf8_lossy(&self.body).into_owned();
                    return Said::Done(body, self.taken + used);
                }
                Parse::More => return Said::More,
                Parse::Bad(bad) => return Said::Bad(bad.name()),
            }
        }
    }
}

fn expected(vector: &Vector) -> Said {
    match vector.expected {
        Expected::Done(said, left) => Said::Done(said.to_owned(), vector.bytes.len() - left),
        Expected::More => Said::More,
        Expected::Bad(name) => Said::Bad(name),
    }
}

fn whole<R: Reader>(vectors: &[Vector]) {
    for vector in vectors {
        assert_eq!(R::default().show(vector.bytes), expected(vector), "{}", vector.name);
    }
}

fn byte_by_byte<R: Reader>(vectors: &[Vector]) {
    for vector in vectors {
        let mut reader = R::default();
        let mut said = Said::More;
        for shown in 0..=vector.bytes.len() {
            said = reader.show(&vector.bytes[..shown]);
            if let Said::Done(_, used) = said {
                assert_eq!(used, shown, "{} was complete earlier or later", vector.name);
            }
            if said != Said::More {
                break;
            }
        }
        assert_eq!(said, expected(vector), "{}", vector.name);
    }
}

fn with_bytes_after<R: Reader>(vectors: &[Vector]) {
    for vector in vectors.iter().filter(|v| v.expected != Expected::More) {
        for after in [&b"\0"[..], b"\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: y\r\n\r\n"] {
            let longer = [vector.bytes, after].concat();
            assert_eq!(R::default().show(&longer), expected(vector), "{}", vector.name);
        }
    }
}

#[test]
fn heads_whole() {
    whole::<HeadReader>(HEADS);
}

#[test]
fn heads_byte_by_byte() {
    byte_by_byte::<HeadReader>(HEADS);
}

#[test]
fn heads_with_bytes_after() {
    with_bytes_after::<HeadReader>(HEADS);
}

#[test]
fn responses_whole() {
    whole::<ResponseReader>(RESPONSES);
}

#[test]
fn responses_byte_by_byte() {
    byte_by_byte::<ResponseReader>(RESPONSES);
}

#[test]
fn responses_with_bytes_after() {
    with_bytes_after::<ResponseReader>(RESPONSES);
}

#[test]
fn bodies_whole() {
    whole::<BodyReader>(BODIES);
}

#[test]
fn bodies_byte_by_byte() {
    byte_by_byte::<BodyReader>(BODIES);
}

#[test]
fn bodies_with_bytes_after() {
    with_bytes_after::<BodyReader>(BODIES);
}

/// A reason without a vector is an untested rule. The bounds need inputs too long for a table; they
/// are tested beside the parsers.
#[test]
fn every_reason_has_a_vector() {
    let names = |vectors: &'static [Vector]| {
        let name = |v: &'static Vector| match v.expected {
            Expected::Bad(name) => Some(name),
            Expected::Done(..) | Expected::More => None,
        };
        vectors.iter().filter_map(name).collect::<Vec<_>>()
    };
    const OF_REQUESTS: [&str; 6] =
        ["empty-lines", "request-line", "method-", "target-", "host-", "expectation-"];
    for bad in http::Bad::ALL {
        let (name, status) = (bad.name(), bad.status());
        let bounded = [414, 431].contains(&status);
        let of_requests = OF_REQUESTS.iter().any(|prefix| name.starts_with(prefix));
        let of_responses = status == 502;
        assert!(names(HEADS).contains(&name) || bounded || of_responses, "{name}");
        assert!(names(RESPONSES).contains(&name) || bounded || of_requests, "{name}");
    }
    let bodies = pentad::wire::chunked::Bad::ALL.iter().map(|bad| bad.name());
    for name in bodies {
        let bounded = name.ends_with("-too-long") || name.ends_with("-too-large");
        assert!(names(BODIES).contains(&name) || bounded, "{name}");
    }
}
