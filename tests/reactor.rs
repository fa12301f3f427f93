//! The loop on a simulated kernel, one property at a time: the cost of a request, the end of a
//! connection, eviction. Random orders of events are covered by the simulation.

#![allow(clippy::unwrap_used)]

mod util;

use pentad::app::{Endpoint, Target, Transport};
use pentad::client::load::{Ask, LoadTest, Plan, Run, RunOver, Seat, Trouble};
use pentad::client::once::{Once, Questions, Until};
use pentad::limits::{AGAIN_PER_TURN, Limits};
use pentad::service::Kind;
use pentad::service::http::ListenerRole;
use pentad::stats::Close;
use pentad::wire::http::Method;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use util::fake::{Calls, Client, TestNet};

#[test]
fn one_request_costs_one_read_and_one_write() {
    let mut street = TestNet::new(Limits::default(), 4, 1);
    let client = street.connect(Kind::Http(ListenerRole::Web), usize::MAX).unwrap();
    for _ in 0..10 {
        let before = client.0.borrow().calls;
        client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
        street.settle();
        let after = client.0.borrow().calls;
        assert_eq!((after.reads - before.reads, after.writes - before.writes), (1, 1));
    }
}

#[test]
fn who_asks_for_the_end_is_let_go_with_the_answer() {
    let mut street = TestNet::new(Limits::default(), 4, 1);
    let last = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let client = street
        .connect_saying(Kind::Http(ListenerRole::Web), usize::MAX, last)
        .expect("there is room");
    assert!(street.reactor.is_empty(), "before the kernel was ever asked to watch it");
    assert!(client.0.borrow().dropped && client.receive(usize::MAX).ends_with(b"ok\n"));
    assert_eq!(client.0.borrow().calls, Calls { reads: 1, writes: 1 });
}

#[test]
fn who_asks_for_the_end_and_goes_on_still_gets_the_answer() {
    let mut street = TestNet::new(Limits::default(), 4, 1);
    let last = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP";
    let client = street
        .connect_saying(Kind::Http(ListenerRole::Web), usize::MAX, last)
        .expect("there is room");
    street.settle();
    let pipe = client.0.borrow();
    assert!(pipe.outbound_ended && !pipe.dropped, "closing now would reset the connection");
}

#[test]
fn a_connection_that_has_ended_wakes_nobody_later() {
    let mut street = TestNet::new(Limits::default(), 4, 1);
    for _ in 0..10 {
        let client = street.connect(Kind::Http(ListenerRole::Web), usize::MAX).unwrap();
        client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        street.settle();
        client.half_close();
        street.settle();
        assert!(street.reactor.is_empty());
        assert_eq!(street.reactor.wait_until(), None);
    }
}

/// A server may answer and close while the request is still being sent.
#[test]
fn an_answer_that_came_before_the_connection_broke_counts() {
    let mut street = TestNet::<Questions>::of((), Limits::default(), 4, 1);
    let deadline = street.now().0 + Duration::from_secs(9);
    let once = Once { say: b"hello\n", begins: b"ok", until: Until::Line, deadline };
    for (answer, why) in [(&b"ok\n"[..], Close::Finished), (b"ok", Close::Lost)] {
        street.reactor.dial(Target::Peer(FAR), once);
        let (_, far) = street.reactor.outside.dialled.pop().unwrap();
        street.settle();
        far.send(answer);
        far.reset();
        street.settle();
        assert!(far.0.borrow().dropped && street.reactor.is_empty());
        assert_eq!(street.reactor.context.stats.closed.count(why as usize), 1, "{why:?}");
    }
}

#[test]
fn the_oldest_idle_connection_makes_room_never_a_busy_one() {
    let mut street = TestNet::new(Limits::default(), 2, 1);
    let legacy = street.connect(Kind::Legacy(Transport::Tcp), usize::MAX).unwrap();
    let idle = street.connect(Kind::Http(ListenerRole::Web), usize::MAX).unwrap();
    idle.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    street.settle();
    let fresh = street.connect(Kind::Legacy(Transport::Tcp), usize::MAX).unwrap();
    assert!(idle.0.borrow().dropped, "the idle one made room");
    assert!(
        street.connect(Kind::Http(ListenerRole::Web), usize::MAX).is_none(),
        "no other connection does"
    );
    street.advance(Duration::from_millis(501));
    street.settle();
    for client in [legacy, fresh] {
        assert!(client.receive(99).starts_with(b"3."), "the busy ones were served");
    }
}

#[test]
fn a_peer_that_reads_nothing_is_closed_in_bounded_memory() {
    let limits = Limits::default();
    let mut street = TestNet::new(limits, 4, 1);
    let slow = street.connect(Kind::Http(ListenerRole::Web), 10).unwrap();
    let quick = street.connect(Kind::Http(ListenerRole::Web), usize::MAX).unwrap();
    let request = b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n".repeat(10_000);
    slow.send(&request);
    street.settle();
    let requests = street.reactor.context.stats.requests as usize;
    assert!(requests * 600 < limits.output_high + limits.turn_bytes, "{requests} answers wait");
    quick.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    street.settle();
    assert!(quick.receive(999).ends_with(b"ok\n"));
    for _ in 0..31 {
        street.advance(Duration::from_secs(1));
        street.settle();
    }
    assert!(slow.0.borrow().dropped);
    assert_eq!(street.reactor.context.stats.closed.count(Close::SlowReader as usize), 1);
}

#[test]
fn a_peer_that_reads_in_drops_is_below_the_minimum_rate() {
    let mut street = TestNet::new(Limits::default(), 4, 1);
    let slow = street.connect(Kind::Http(ListenerRole::Web), 10).unwrap();
    slow.send(&b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n".repeat(100));
    street.settle();
    let mut seconds = 0;
    while !slow.0.borrow().dropped {
        assert!(seconds < 60, "it is still borne with");
        seconds += 1;
        for _ in 0..45 {
            slow.receive(10);
            street.settle();
        }
        street.advance(Duration::from_secs(1));
        street.settle();
    }
    assert_eq!(seconds, 10, "450 bytes a second are too few, but only after a while");
    assert_eq!(street.reactor.context.stats.closed.count(Close::SlowReader as usize), 1);
}

#[test]
fn the_time_for_a_later_head_begins_with_its_first_byte() {
    let limits = Limits { keepalive_timeout: Duration::from_secs(60), ..Limits::default() };
    let mut street = TestNet::new(limits, 4, 1);
    let client = street.connect(Kind::Http(ListenerRole::Web), usize::MAX).unwrap();
    client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    street.settle();
    assert!(client.receive(usize::MAX).ends_with(b"ok\n"));
    street.advance(Duration::from_secs(50));
    street.settle();
    for _ in 0..10 {
        client.send(b"G");
        street.settle();
        assert!(client.receive(usize::MAX).is_empty() && !client.at_end());
        street.advance(Duration::from_secs(1));
    }
    street.settle();
    assert!(client.receive(usize::MAX).starts_with(b"HTTP/1.1 408 "));
    client.half_close();
    street.settle();
    assert_eq!(street.reactor.context.stats.closed.count(Close::HeadTimeout as usize), 1);
}

/// The situation after a stop of the process: the deadline has passed, and earlier input is not
/// reported yet.
#[test]
fn a_deadline_spares_peers_whose_bytes_wait_in_the_socket() {
    let mut street = TestNet::new(Limits::default(), 10, 1);
    let web = Kind::Http(ListenerRole::Web);
    let request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let fresh = street.connect(web, 10_000).unwrap();
    let idle = street.connect_saying(web, 10_000, request).unwrap();
    let halfway = street.connect_saying(web, 10_000, &request[..10]).unwrap();
    let body = b"POST /pi HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{";
    let uploading = street.connect_saying(web, 10_000, body).unwrap();
    let silent = street.connect(web, 10_000).unwrap();
    street.settle();
    assert!(!idle.receive(10_000).is_empty());
    fresh.send(request);
    idle.send(request);
    halfway.send(&request[10..]);
    uploading.send(b"}");
    street.advance(Duration::from_secs(3600));
    street.turn(|| false);
    street.settle();
    for (client, status) in [(fresh, 200), (idle, 200), (halfway, 200), (uploading, 401)] {
        let answer = String::from_utf8(client.receive(10_000)).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    assert!(silent.at_end() && silent.receive(1).is_empty(), "whose time was over");
}

#[test]
fn a_reader_that_made_room_in_time_is_not_given_up() {
    let mut street = TestNet::new(Limits::default(), 10, 1);
    let client = street.connect(Kind::Http(ListenerRole::Web), 100).unwrap();
    client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    street.settle();
    let mut answer = client.receive(100);
    street.advance(Duration::from_secs(3600));
    street.turn(|| false);
    street.settle();
    while !client.at_end() && !answer.ends_with(b"\r\n\r\nok\n") {
        let more = client.receive(100);
        assert!(!more.is_empty(), "{answer:?}");
        answer.extend(more);
        street.settle();
    }
}

#[test]
fn total_input_is_bounded_and_the_largest_idle_peer_closed() {
    let limits = Limits { input_max: 10_000, ..Limits::default() };
    let mut street = TestNet::new(limits, 10, 1);
    let begin = |street: &mut TestNet, bytes: usize| {
        let client = street.connect(Kind::Http(ListenerRole::Web), 10_000).unwrap();
        let length = bytes + 1;
        let head =
            format!("POST /api/pow/solve HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        client.send(head.as_bytes());
        client.send(&vec![b'x'; bytes]);
        street.settle();
        client
    };
    let status = |client: &Client| {
        String::from_utf8(client.receive(10_000)).unwrap().get(9..12).map(str::to_string)
    };
    let small = begin(&mut street, 2000);
    let large = begin(&mut street, 4000);
    street.advance(Duration::from_secs(2));
    let active = begin(&mut street, 5000);
    assert_eq!(status(&large).as_deref(), Some("503"), "not the one that is being sent");
    for client in [&small, &active] {
        assert_eq!(status(client), None);
        client.send(b"x");
        street.settle();
        assert_eq!(status(client).as_deref(), Some("400"), "it is no JSON");
    }
    // A line without an end is input, too, but not a request that could be answered.
    let talkers = (0..3).map(|_| street.connect(Kind::Pow, 10_000).unwrap()).collect::<Vec<_>>();
    for talker in &talkers {
        talker.send(&[b'x'; 5000]);
        street.settle();
    }
    assert_eq!(talkers.iter().filter(|talker| talker.at_end()).count(), 2);
    assert!(street.reactor.context.stats.closed.count(Close::InputFull as usize) >= 2);
}

#[test]
fn who_asks_for_little_does_not_wait_for_all_who_ask_for_much() {
    let mut street = TestNet::new(Limits::default(), 99, 1);
    let request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let many = (0..64)
        .map(|_| street.connect(Kind::Http(ListenerRole::Web), usize::MAX).unwrap())
        .inspect(|client| client.send(&request.repeat(2_000)))
        .collect::<Vec<_>>();
    let quick = street.connect(Kind::Http(ListenerRole::Web), usize::MAX).unwrap();
    street.turn(|| true);
    let served = |client: &&Client| !client.receive(usize::MAX).is_empty();
    assert_eq!(many.iter().filter(served).count(), 64, "each has had its share");
    quick.send(request);
    street.turn(|| true);
    assert!(quick.receive(999).ends_with(b"ok\n"), "in the turn in which it asked");
    assert_eq!(many.iter().filter(served).count(), AGAIN_PER_TURN, "some of them have gone on");
    street.turn(|| true);
    let next = many[AGAIN_PER_TURN..].iter().filter(served).count();
    assert_eq!(next, AGAIN_PER_TURN, "then it is the turn of others");
    street.settle();
    assert!(many.iter().all(|client| !client.receive(usize::MAX).is_empty()), "and of all");
}

const FAR: Endpoint = Endpoint {
    transport: Transport::Tcp,
    addr: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1),
};

/// Starts clients of a load test that lasts 3 seconds. With `refuses`, the server refuses their
/// connections.
fn load(most: usize, connections: usize, rate: Option<f64>, refuses: bool) -> TestNet<LoadTest> {
    let run = |start: Instant| {
        let bytes = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..].into();
        let ask = Ask { method: Method::Get, bytes, body_at: 27, number: None };
        let plan = Plan {
            to: FAR,
            asks: [ask].into(),
            connections,
            depth: 1,
            keep_alive: true,
            timeout: Duration::from_millis(200),
            rate,
            requests: None,
            slow: None,
            start,
            count_from: start,
            until: start + Duration::from_secs(3),
            cookies: None,
        };
        Run::new(plan, Limits::default(), None)
    };
    let mut street = TestNet::of(run(Instant::now()), Limits::default(), most, 1);
    street.reactor.context.world = run(street.now().0);
    street.reactor.outside.refuses = refuses;
    let seat = Seat::first(&seen(&mut street).plan);
    (0..connections).for_each(|_| street.reactor.dial(Target::Peer(FAR), seat));
    street
}

fn seen(street: &mut TestNet<LoadTest>) -> &mut Run {
    &mut street.reactor.context.world
}

/// Lets hundredths of a second pass; all requests are answered.
fn answer(street: &mut TestNet<LoadTest>, ends: &mut Vec<Client>, hundredths: usize) {
    for _ in 0..hundredths {
        street.settle();
        ends.extend(street.reactor.outside.dialled.drain(..).map(|(_, end)| end));
        for end in &*ends {
            let asked = end.receive(usize::MAX).len() / 27;
            end.send(&b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".repeat(asked));
        }
        street.settle();
        street.advance(Duration::from_millis(10));
    }
}

#[test]
fn a_load_asks_no_more_often_than_its_schedule_has_it() {
    let mut street = load(40, 20, Some(10.0), true);
    answer(&mut street, &mut Vec::new(), 400);
    let tally = &seen(&mut street).tally;
    assert_eq!((tally.requests, tally.errors[Trouble::Connect as usize]), (30, 30));
    let dialled = street.reactor.context.stats.dialled;
    assert!(dialled <= 20 + 30, "once for each client, once for each request: {dialled}");
}

#[test]
fn a_load_goes_on_with_its_schedule_when_the_server_is_back() {
    let mut street = load(40, 5, Some(10.0), false);
    let mut ends = Vec::new();
    answer(&mut street, &mut ends, 100);
    assert_eq!(seen(&mut street).tally.ok, 10);
    street.reactor.outside.refuses = true;
    ends.drain(..).for_each(|end| end.reset());
    answer(&mut street, &mut ends, 100);
    let tally = &seen(&mut street).tally;
    assert_eq!((tally.ok, tally.errors[Trouble::Connect as usize]), (10, 10));
    street.reactor.outside.refuses = false;
    answer(&mut street, &mut ends, 100);
    assert_eq!(seen(&mut street).tally.ok, 20);
}

#[test]
fn the_limit_of_a_load_covers_connection_and_answer_together() {
    let mut street = load(4, 1, None, false);
    street.turn(|| false);
    street.advance(Duration::from_millis(150));
    street.settle();
    assert_eq!(seen(&mut street).tally.connected, 1);
    street.advance(Duration::from_millis(50));
    // The second of these turns dials again.
    (0..2).for_each(|_| street.turn(|| false));
    assert_eq!(seen(&mut street).tally.errors[Trouble::Timeout as usize], 1);
    street.advance(Duration::from_millis(200));
    street.turn(|| false);
    assert_eq!(seen(&mut street).tally.errors[Trouble::Connect as usize], 1);
}

#[test]
fn what_has_no_answer_at_the_end_of_a_load_is_counted() {
    let mut street = load(40, 20, Some(10.0), false);
    let mut ends = Vec::new();
    answer(&mut street, &mut ends, 100);
    // No answer for a tenth of a second less than the limit.
    for _ in 0..19 {
        street.settle();
        street.advance(Duration::from_millis(10));
    }
    street.reactor.notify_all(&RunOver);
    let now = street.now().0;
    let run = seen(&mut street);
    run.end(now);
    assert_eq!((run.tally.requests, run.tally.under_way, run.tally.never_sent), (10, 2, 0));
    assert!(run.tally.at_least().max() >= 180_000_000, "the first of them waited 190 ms");
}
