//! Bugs found during development, each named after its effect.

#![allow(clippy::unwrap_used)]

mod util;

use pentad::limits::{self, Limits};
use pentad::service::Kind;
use pentad::service::http::ListenerRole;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;
use util::fake::TestNet;
use util::http::{Client, by, post};
use util::process::Server;

/// The answer to a datagram is shorter than the buffer offered: a short read, after which the
/// socket was not read again. So the end of the exchange was never noticed, and every probe timed
/// out with the answer already received.
#[test]
fn a_datagram_probe_did_not_notice_the_end_of_its_exchange() {
    let args = ["--legacy-corruption=0", "--legacy-delay=10ms", "--legacy-timeout=1h"];
    let server = Server::start(&args);
    let fields = by("1111", "\"protocol\":\"udp\",\"concurrency\":8");
    let reply = Client::connect(server.web()).post("/legacy_pi", &fields);
    assert_eq!(reply.json()["num_valid_results"], 8, "{}", reply.body);
}

/// The sum of no numbers is -0.0, and so was its mean.
#[test]
fn the_mean_of_no_readings_was_printed_as_minus_zero() {
    let mut street = TestNet::new(Limits::default(), 4, 1);
    street.reactor.outside.refuses = true;
    let client = street.connect(Kind::Http(ListenerRole::Web), usize::MAX).unwrap();
    client.send(post("/legacy_pi", &by("1111", "\"protocol\":\"tcp\"")).as_bytes());
    street.settle();
    let reply = String::from_utf8(client.receive(usize::MAX)).unwrap();
    assert!(reply.contains("\"num_valid_results\":0,\"pi\":0.0,"), "{reply}");
}

/// A datagram exchange has no half-close. An abandoned one was half-closed all the same, and its
/// socket kept for two seconds for more input.
#[test]
#[cfg(target_os = "linux")] // counts descriptors in /proc
fn a_datagram_probe_that_was_given_up_lingered() {
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let upstream = format!("--legacy-upstream={}", silent.local_addr().unwrap());
    let server = Server::start(&[&upstream, "--legacy-timeout=10ms"]);
    let mut client = Client::connect(server.web());
    let fields = by("1111", "\"protocol\":\"udp\",\"concurrency\":8");
    client.post("/legacy_pi", &fields);
    let before = server.count("fd");
    for _ in 0..10 {
        assert_eq!(client.post("/legacy_pi", &fields).json()["num_valid_results"], 0);
    }
    assert!(server.count("fd") <= before, "{} after {before}", server.count("fd"));
}

/// At the shutdown, a connection without any request was treated like one with a pending request.
#[test]
fn a_connection_that_never_spoke_held_up_the_end() {
    let mut street = TestNet::new(Limits::default(), 4, 1);
    let fresh = street.connect(Kind::Http(ListenerRole::Web), usize::MAX).unwrap();
    assert_eq!(street.reactor.in_flight(), 0);
    street.reactor.drain();
    street.advance(limits::DRAIN_IDLE);
    street.settle();
    assert!(fresh.at_end(), "its time was up");
    fresh.half_close();
    street.settle();
    assert!(street.reactor.is_empty());
}

/// For a new connection up to 64 idle ones were closed, even on small servers.
#[test]
fn a_newcomer_emptied_a_small_server() {
    let mut street = TestNet::new(Limits::default(), 10, 1);
    let mut come = || {
        let client = street.connect(Kind::Http(ListenerRole::Web), usize::MAX).unwrap();
        client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
        street.settle();
        street.advance(Duration::from_millis(1));
        client
    };
    let idle = (0..10).map(|_| come()).collect::<Vec<_>>();
    come();
    let closed = idle.iter().map(|client| client.0.borrow().dropped).collect::<Vec<_>>();
    assert_eq!(closed.iter().filter(|closed| **closed).count(), 1, "{closed:?}");
    assert!(closed[0], "the oldest");
}
