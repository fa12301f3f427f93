//! Accepted heads, and the behaviour of `head` from call to call.

use super::*;

/// A result without its borrows, so that tests can keep and compare it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Done { method: Method, target: String, framing: Framing, keep_alive: bool, used: usize },
    More,
    Bad(Bad),
}

pub(super) fn whole(input: &[u8]) -> Verdict {
    ask(input, &mut Scan::default(), &Limits::default())
}

pub(super) fn ask(input: &[u8], scan: &mut Scan, limits: &Limits) -> Verdict {
    match head(input, scan, limits, &mut Fields::new()) {
        Parse::Done(head, used) => Verdict::Done {
            method: head.method,
            target: format!("{:?}", head.target),
            framing: head.framing,
            keep_alive: head.keep_alive,
            used,
        },
        Parse::More => Verdict::More,
        Parse::Bad(bad) => Verdict::Bad(bad),
    }
}

/// Feeds byte by byte; returns the first result other than `More`, and the number of bytes shown.
pub(super) fn dripped(input: &[u8], limits: &Limits) -> (Verdict, usize) {
    let mut scan = Scan::default();
    for shown in 0..=input.len() {
        let verdict = ask(&input[..shown], &mut scan, limits);
        if verdict != Verdict::More {
            return (verdict, shown);
        }
    }
    (Verdict::More, input.len())
}

/// Returns the reason why `input` is refused, which must not depend on how it arrives.
pub(super) fn bad(input: impl AsRef<[u8]>) -> Bad {
    let verdict = whole(input.as_ref());
    assert_eq!(dripped(input.as_ref(), &Limits::default()).0, verdict);
    match verdict {
        Verdict::Bad(bad) => bad,
        Verdict::Done { .. } | Verdict::More => panic!("{verdict:?}"),
    }
}

/// Runs `check` on a head that must be accepted, whole.
pub(super) fn with(input: &str, check: impl FnOnce(Head<'_, '_>)) {
    let (limits, mut fields) = (Limits::default(), Fields::new());
    match head(input.as_bytes(), &mut Scan::default(), &limits, &mut fields) {
        Parse::Done(head, used) => {
            assert_eq!(used, input.len());
            check(head);
        }
        Parse::More => panic!("more than {input:?}"),
        Parse::Bad(bad) => panic!("{input:?}: {bad}"),
    }
}

#[test]
fn a_plain_request() {
    with("GET /a/b?c=d HTTP/1.1\r\nHost: x.example:8080\r\nAccept: \t */* \r\n\r\n", |head| {
        assert_eq!(head.method, Method::Get);
        assert_eq!(head.target, Target::Origin { path: "/a/b", query: Some("c=d") });
        assert_eq!(head.version, Version::Http11);
        assert_eq!(head.framing, Framing::None);
        assert_eq!(head.host(), Some("x.example:8080"));
        assert_eq!(head.field("accept"), Some(&b"*/*"[..]));
        assert_eq!(head.field("cookie"), None);
        assert!(head.keep_alive && !head.expect_continue);
    });
}

#[test]
fn fields_of_one_name_in_their_order() {
    with("GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nB: 2\r\na: 3\r\n\r\n", |head| {
        assert_eq!(head.fields("A").collect::<Vec<_>>(), [b"1", b"3"]);
        assert_eq!(head.field("a"), Some(&b"1"[..]));
        assert_eq!(head.fields.len(), 4);
    });
}

#[test]
fn every_known_method_and_any_other_token() {
    for (token, method) in [
        ("GET", Method::Get),
        ("HEAD", Method::Head),
        ("POST", Method::Post),
        ("PUT", Method::Put),
        ("PATCH", Method::Patch),
        ("DELETE", Method::Delete),
        ("OPTIONS", Method::Options),
        ("CONNECT", Method::Connect),
        ("TRACE", Method::Trace),
        ("get", Method::Other),
        ("GE", Method::Other),
        ("BREW!", Method::Other),
    ] {
        with(&format!("{token} / HTTP/1.1\r\nHost: x\r\n\r\n"), |head| {
            assert_eq!(head.method, method);
        });
        assert_eq!(Method::of(method.name()), method);
    }
}

#[test]
fn one_request_at_a_time_from_a_pipeline() {
    let both = b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut scan = Scan::default();
    let Verdict::Done { target, used, .. } = ask(both, &mut scan, &Limits::default()) else {
        panic!("the first request is complete");
    };
    assert!(target.contains("/1"));
    let Verdict::Done { target, used: rest, .. } =
        ask(&both[used..], &mut scan, &Limits::default())
    else {
        panic!("the second request is complete");
    };
    assert!(target.contains("/2"));
    assert_eq!(used + rest, both.len());
}

#[test]
fn the_scan_is_fresh_after_a_dripped_head() {
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let (limits, mut scan) = (Limits::default(), Scan::default());
    for _ in 0..3 {
        for shown in 0..request.len() {
            assert_eq!(ask(&request[..shown], &mut scan, &limits), Verdict::More);
            assert_eq!(scan.seen(), shown);
        }
        assert!(matches!(ask(request, &mut scan, &limits), Verdict::Done { .. }));
        assert!(scan.is_fresh());
    }
}

#[test]
fn a_dripping_sender_costs_linear_time() {
    // After each call the scanner has passed everything shown, and it never goes back: each byte is
    // examined once, however many calls there are.
    let mut request = b"GET / HTTP/1.1\r\nHost: x\r\nX: ".to_vec();
    request.resize(Limits::default().head_bytes - 4, b'x');
    request.extend(b"\r\n\r\n");
    let mut scan = Scan::default();
    for shown in 1..request.len() {
        assert_eq!(ask(&request[..shown], &mut scan, &Limits::default()), Verdict::More);
        assert_eq!(scan.seen(), shown);
    }
    assert!(matches!(ask(&request, &mut scan, &Limits::default()), Verdict::Done { .. }));
}

#[test]
fn a_bare_lf_is_counted_wherever_it_stands() {
    assert!(!has_bare_lf(b""));
    for length in [0, 1, 126, 127, 128, 300, 1000] {
        let mut head = vec![b'x'; length];
        head.extend(b"\r\n");
        assert!(!has_bare_lf(&head));
        for at in 0..length {
            head[at] = b'\n';
            assert!(has_bare_lf(&head));
            head[at] = b'x';
        }
    }
    assert!(!has_bare_lf(&b"\r\n".repeat(1000)));
    assert!(has_bare_lf(&b"\n".repeat(1000)));
}

#[test]
fn a_scan_is_small() {
    assert!(size_of::<Scan>() <= 12);
}
