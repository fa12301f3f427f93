//! A path is added by one function and one row, here in a table of this test.

use super::{Table, route};
use crate::buf::{RecvBuf, SendBuf};
use crate::check::world;
use crate::limits::Limits;
use crate::service::http::{
    Body, Guard, ListenerRole, Request, Response, Route, Router, Session, Style,
};
use crate::service::http::{empty, json};
use crate::service::{Answer, Cx, Event, Id, InPlace};
use crate::stats::{Handler, Stats};
use crate::wire::http::Head;
use std::io::IoSlice;
use std::time::{Instant, UNIX_EPOCH};

const API: Route = Route::new(Handler::Pi).style(Style::Problem);

const ROWS: &[Route] = &[
    API.get("/api/greetings/{name}", greet, "Greets by name."),
    API.post("/api/greetings/{name}", learn, "Learns a greeting.").takes(10),
    API.post("/api/silence", hush, "Reads nothing.").discards(10),
    API.get("/api/secret", hush, "Answers operators.")
        .guard(Guard::Operator)
        .only(ListenerRole::Panel),
];

static TABLE: Table = Table::new(&[ROWS], None);

fn greet(request: &Request<'_, '_, '_>, _: &mut Cx<'_>) -> Answer {
    json(200, format!("{{\"hello\":\"{}\"}}", request.segment())).into()
}

fn learn(request: &Request<'_, '_, '_>, _: &mut Cx<'_>) -> Answer {
    json(201, format!("{{\"bytes\":{}}}", request.body.len())).into()
}

fn hush(request: &Request<'_, '_, '_>, _: &mut Cx<'_>) -> Answer {
    assert_eq!(request.body, b"", "a body that is not wanted is not there");
    empty(204).into()
}

#[derive(Debug, Clone, Copy)]
struct TestRouter(ListenerRole);

impl Router for TestRouter {
    fn face(self) -> ListenerRole {
        self.0
    }

    fn route(self, head: &Head<'_, '_>, cx: &mut Cx<'_>) -> Result<&'static Route, Response> {
        route(&TABLE, self.0, head, cx)
    }

    fn style(self, path: &str) -> Option<Style> {
        TABLE.style(self.0, path)
    }

    fn area(self) -> Handler {
        Handler::None
    }

    fn closed(self, _: &mut Cx<'_>) {}
}

/// Sends one request to a listener with the table of this test. Returns the answer.
fn sent(face: ListenerRole, request: &str, body: &str) -> String {
    let now = Instant::now();
    let (mut world, mut stats) = (world(Limits::default()), Stats::default());
    let (mut recv, mut send) = (RecvBuf::default(), SendBuf::default());
    let length = body.len();
    let text =
        format!("{request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}");
    let mut session = Session::open(TestRouter(face), now);
    let mut cx = Cx {
        id: Id { slot: 0, generation: 0 },
        peer: ([127, 0, 0, 1], 40_000).into(),
        now,
        wall: UNIX_EPOCH,
        draining: false,
        send: &mut send,
        world: &mut world,
        stats: &mut stats,
        rng: &mut fastrand::Rng::with_seed(1),
        in_place: &mut InPlace::fresh(),
        log: &mut Vec::new(),
        effects: &mut Vec::new(),
    };
    session.handle(Event::Opened { local: None }, &mut recv, &mut cx);
    // The body comes byte by byte, as from a slow client.
    let (head, rest) = text.split_at(text.len() - length);
    recv.extend(head.as_bytes());
    session.handle(Event::Bytes, &mut recv, &mut cx);
    for byte in rest.as_bytes() {
        recv.extend(&[*byte]);
        session.handle(Event::Bytes, &mut recv, &mut cx);
    }
    let mut slices = [IoSlice::new(b""); 4];
    let (count, _) = send.slices(&mut slices, usize::MAX);
    slices[..count].iter().map(|slice| String::from_utf8_lossy(slice)).collect()
}

#[test]
fn a_row_and_a_function_are_a_path() {
    let answer = sent(ListenerRole::Web, "GET /api/greetings/ada", "");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nContent-Type: application/json\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n{\"hello\":\"ada\"}"), "{answer}");
    let answer = sent(ListenerRole::Web, "POST /api/greetings/ada", "0123456789");
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    assert!(answer.ends_with("{\"bytes\":10}"), "{answer}");
}

#[test]
fn all_else_follows_from_the_row() {
    for (face, request, body, status, field) in [
        (
            ListenerRole::Web,
            "DELETE /api/greetings/ada",
            "",
            405,
            "Allow: GET, HEAD, POST, OPTIONS",
        ),
        (
            ListenerRole::Web,
            "OPTIONS /api/greetings/ada",
            "",
            204,
            "Allow: GET, HEAD, POST, OPTIONS",
        ),
        (
            ListenerRole::Web,
            "POST /api/greetings/ada",
            "0123456789a",
            413,
            "application/problem+json",
        ),
        (ListenerRole::Web, "GET /api/greetings/ada", "0", 413, "application/problem+json"),
        (ListenerRole::Web, "POST /api/silence", "0123456789", 204, ""),
        (ListenerRole::Web, "POST /api/silence", "0123456789a", 413, "application/problem+json"),
        (ListenerRole::Web, "HEAD /api/greetings/ada", "", 200, "Content-Length: 15"),
        (ListenerRole::Web, "GET /api/greetings/", "", 404, "application/problem+json"),
        (ListenerRole::Web, "GET /api/secret", "", 404, ""),
        (ListenerRole::Panel, "GET /api/secret", "", 204, "Cache-Control: no-store"),
    ] {
        let answer = sent(face, request, body);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert!(answer.contains(field), "{request}: {answer}");
    }
}

#[test]
fn a_body_that_no_handler_reads_is_not_buffered() {
    assert!(Body::Kept(1).is_wanted());
    assert!(!Body::Discarded(1).is_wanted() && !Body::Refused.is_wanted());
}
