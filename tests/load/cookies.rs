//! Each client keeps cookies, like a browser, unless that is disabled.

use crate::tester::{load, request_text, scripted};
use crate::util::process::Place;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A server that sets a cookie for each request without one, and counts requests without and with a
/// cookie.
fn counting() -> (SocketAddr, Arc<[AtomicUsize; 2]>) {
    let counts = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let seen = Arc::clone(&counts);
    let addr = scripted(move |mut stream, number| {
        while let Some(head) = request_text(&mut stream) {
            let known = head.contains("\r\nCookie: id=");
            assert!(head.matches("Cookie:").count() <= 1, "{head}");
            seen[usize::from(known)].fetch_add(1, Ordering::SeqCst);
            let given = if known {
                String::new()
            } else {
                format!("Set-Cookie: id={number}; Path=/; HttpOnly\r\n")
            };
            let answer = format!("HTTP/1.1 200 OK\r\n{given}Content-Length: 2\r\n\r\nok");
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    });
    (addr, counts)
}

fn asked(args: &[&str]) -> [usize; 2] {
    let place = Place::new();
    let (addr, counts) = counting();
    let (code, result) = load(&place, &format!("http://{addr}/"), args);
    assert_eq!(code, 0, "{result}");
    [counts[0].load(Ordering::SeqCst), counts[1].load(Ordering::SeqCst)]
}

#[test]
fn each_client_sends_back_the_cookies_that_it_was_given() {
    let [fresh, known] = asked(&["-c", "4", "-n", "100"]);
    assert!(fresh <= 4 && known >= 96, "{fresh} without, {known} with");
    let [fresh, known] = asked(&["-c", "4", "-n", "100", "--no-keepalive"]);
    assert!(fresh <= 4 && known >= 96, "after a reconnection too: {fresh} without, {known} with");
}

#[test]
fn cookies_can_be_left_out_or_given() {
    let [fresh, known] = asked(&["-c", "4", "-n", "100", "--no-cookies"]);
    assert_eq!((fresh, known), (100, 0));
    let [fresh, known] = asked(&["-c", "4", "-n", "100", "-H", "Cookie: id=mine"]);
    assert_eq!((fresh, known), (0, 100));
}
