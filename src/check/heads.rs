//! The law of request heads.

use super::{INPUT_MAX, cuts, naive, random, tight};
use crate::limits::Limits;
use crate::wire::Parse;
use crate::wire::http::{self, Bad, Fields, Framing, Method, Scan};

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Done(naive::Head),
    More,
    Bad(Bad),
}

/// Heads: the oracle agrees, cuts and later bytes change nothing, nothing is decided early, and a
/// head that is beyond repair is never called incomplete.
pub fn http_head(input: &[u8]) {
    let input = &input[..input.len().min(INPUT_MAX)];
    for limits in [Limits::default(), tight()] {
        let verdict = ask(input, &mut Scan::default(), &limits);
        match (&verdict, naive::head(input, &limits)) {
            (Verdict::Done(head), oracle) => assert_eq!(Some(head), oracle.as_ref()),
            (Verdict::More | Verdict::Bad(_), oracle) => assert_eq!(oracle, None, "{verdict:?}"),
        }
        cuts_do_not_matter(input, &verdict, &limits);
        if verdict == Verdict::More {
            a_completion_exists(input, &limits);
        } else {
            later_bytes_do_not_matter(input, &verdict, &limits);
        }
    }
}

fn ask(input: &[u8], scan: &mut Scan, limits: &Limits) -> Verdict {
    let mut fields = Fields::new();
    let (head, used) = match http::head(input, scan, limits, &mut fields) {
        Parse::Done(head, used) => (head, used),
        Parse::More => return Verdict::More,
        Parse::Bad(bad) => return Verdict::Bad(bad),
    };
    assert!(scan.is_fresh(), "a scan is ready for the next head");
    assert!(used <= limits.head_bytes && head.fields.len() <= limits.head_fields);
    let sent = input[..used].split(|&b| b == b' ').next().unwrap_or_default();
    let sent = String::from_utf8_lossy(sent).trim_start().to_owned();
    assert_eq!(Method::of(&sent), head.method);
    Verdict::Done(naive::Head {
        used,
        method: sent,
        path: head.target.path().to_owned(),
        query: head.target.query().map(str::to_owned),
        body: match head.framing {
            Framing::None => None,
            Framing::Length(length) => Some(Some(length)),
            Framing::Chunked => Some(None),
        },
        keep_alive: head.keep_alive,
        expect_continue: head.expect_continue,
        host: head.host().map(str::to_owned),
        fields: head.fields.iter().map(|f| (f.name.to_owned(), f.value.to_vec())).collect(),
    })
}

fn cuts_do_not_matter(input: &[u8], whole: &Verdict, limits: &Limits) {
    for ends in cuts(input.len(), &mut random(input)) {
        let mut scan = Scan::default();
        let mut before = 0;
        let mut verdict = Verdict::More;
        for end in ends {
            verdict = ask(&input[..end], &mut scan, limits);
            if verdict != Verdict::More {
                break;
            }
            assert_eq!(scan.seen(), end, "every byte was looked at, and none twice");
            assert_eq!(ask(&input[..end], &mut Scan::default(), limits), Verdict::More);
            before = end;
        }
        assert_eq!(&verdict, whole);
        if let Verdict::Done(head) = verdict {
            assert!(before < head.used, "a complete head was called incomplete");
        }
    }
}

fn later_bytes_do_not_matter(input: &[u8], verdict: &Verdict, limits: &Limits) {
    for later in [&b"\n"[..], b"\0", b" x", b"GET / HTTP/1.1\r\nHost: y\r\n\r\n"] {
        let longer = [input, later].concat();
        assert_eq!(&ask(&longer, &mut Scan::default(), limits), verdict);
    }
}

/// Asserts the promise of `More`: the bytes can still become a request, or at least one that is
/// refused only for the meaning of its fields, its size or its version.
fn a_completion_exists(input: &[u8], limits: &Limits) {
    let head = b"\nGET / HTTP/1.0\r\n\r\n";
    let tails = (0..head.len()).map(|at| &head[at..]).chain([&b":\r\n\r\n"[..]]);
    let completes = |tail: &[u8]| {
        let whole = [input, tail].concat();
        match ask(&whole, &mut Scan::default(), limits) {
            Verdict::Done(_) => true,
            Verdict::More => false,
            Verdict::Bad(bad) => !breaks_grammar(bad),
        }
    };
    assert!(tails.into_iter().any(completes), "no more bytes can save this head");
}

fn breaks_grammar(bad: Bad) -> bool {
    match bad {
        Bad::EmptyLines
        | Bad::BareLf
        | Bad::BareCr
        | Bad::RequestLine
        | Bad::MethodByte
        | Bad::TargetByte
        | Bad::TargetFragment
        | Bad::VersionSyntax
        | Bad::LeadingBlank
        | Bad::ObsFold
        | Bad::FieldName
        | Bad::SpaceBeforeColon
        | Bad::StatusLine
        | Bad::StatusCode
        | Bad::ReasonByte
        | Bad::ValueByte => true,
        Bad::MethodTooLong
        | Bad::TargetTooLong
        | Bad::TargetForm
        | Bad::TargetAuthority
        | Bad::VersionUnsupported
        | Bad::Upgraded
        | Bad::HeadTooLarge
        | Bad::TooManyFields
        | Bad::HostMissing
        | Bad::HostEmpty
        | Bad::HostRepeated
        | Bad::HostInvalid
        | Bad::LengthInvalid
        | Bad::LengthTooLarge
        | Bad::LengthRepeated
        | Bad::LengthAndCoding
        | Bad::CodingNotFinal
        | Bad::CodingUnknown
        | Bad::CodingBeforeHttp11
        | Bad::ExpectationFailed => false,
    }
}
