//! Thousands of clients at once: their delays overlap, all are answered, none much later than a
//! single one.

use super::util::crowd::{Visit, crowd, lateness};
use super::util::http::{assert_next_is_served, by, post};
use super::util::process::{PATIENCE, PROMPTLY, Server, affordable};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

const DELAY: Duration = Duration::from_millis(500);

#[test]
fn five_thousand_clients_of_the_legacy_server_wait_together() {
    let count = affordable(5000, 1);
    let server = Server::start(&["--legacy-corruption=0"]);
    let visits = crowd(server.legacy(), count, |_| Vec::new());
    for Visit { heard, took, error } in &visits {
        let text = std::str::from_utf8(heard).unwrap();
        let value = text.parse::<f64>().unwrap_or_else(|_| panic!("{text:?}, {error:?}"));
        assert!((value - std::f64::consts::PI).abs() <= 0.05, "{value}");
        assert!(error.is_none() && *took >= DELAY / 2, "{error:?} after {took:?}");
    }
    let last = lateness("legacy over tcp", &visits, DELAY);
    assert!(last < PROMPTLY, "the last one was late by {last:?}");
    assert_next_is_served(server.web());
}

#[test]
fn a_thousand_pow_clients_at_once_all_get_their_proofs() {
    let count = affordable(1000, 1);
    let server = Server::start(&["--pow-difficulty=2"]);
    let addr = server.addr("pow", "tcp");
    let come = |number: usize| {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.write_all(format!("client {number}\n").as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        stream
    };
    let streams = (0..count).map(come).collect::<Vec<_>>();
    for (number, mut stream) in streams.into_iter().enumerate() {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let digits = reply.trim_end().rsplit(',').next().unwrap();
        assert!(reply.starts_with(&format!("client {number},")), "{reply}");
        assert!(digits.len() == 64 && digits.starts_with("00"), "{reply}");
    }
    assert_next_is_served(server.web());
}

#[test]
fn a_thousand_web_clients_ask_the_legacy_server_over_tcp() {
    a_thousand_ask_by("tcp", 9);
}

#[test]
fn a_thousand_web_clients_ask_the_legacy_server_over_udp() {
    a_thousand_ask_by("udp", 5);
}

/// Runs a thousand clients with four operations each, which take `each` descriptors of the server
/// in total.
fn a_thousand_ask_by(protocol: &str, each: usize) {
    let count = affordable(1000, each);
    let server = Server::start(&["--legacy-corruption=0"]);
    let fields = format!("\"protocol\":\"{protocol}\",\"concurrency\":4");
    let request = post("/legacy_pi", &by("1111", &fields));
    let request =
        request.replace("\r\nHost: localhost\r\n", "\r\nHost: localhost\r\nConnection: close\r\n");
    let visits = crowd(server.web(), count, |_| request.clone().into_bytes());
    let mut failures = Vec::new();
    for (number, Visit { heard, took, error }) in visits.iter().enumerate() {
        let text = String::from_utf8_lossy(heard);
        let whole = text.starts_with("HTTP/1.1 200 ") && text.contains("\"num_valid_results\":4,");
        if !whole || error.is_some() {
            failures.push(format!("client {number} after {took:?}: {error:?} {text}"));
        }
        assert!(*took >= DELAY / 2);
    }
    let last = lateness(&format!("/legacy_pi over {protocol}"), &visits, DELAY);
    let failed = failures.len();
    assert_eq!(failed, 0, "{failed} of {count}, such as {:#?}", &failures[..failed.min(3)]);
    assert!(last < PROMPTLY, "the last one was late by {last:?}");
    assert_next_is_served(server.web());
}
