//! The legacy server over UDP: every client is answered, no address can be flooded with answers,
//! and the server survives a flood of requests.

use super::util::http::{Client, assert_next_is_served};
use super::util::process::{PATIENCE, PROMPTLY, Server, eventually};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Binds a socket on 127.0.0.`host`: each source address has its own allowance.
fn socket(host: u8, port: u16) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, host), port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// Waits for one answer, which must be about π and from the server.
fn hear(socket: &UdpSocket, server: SocketAddr) {
    let mut text = [0; 99];
    let (length, from) = socket.recv_from(&mut text).unwrap();
    let text = std::str::from_utf8(&text[..length]).unwrap();
    let value = text.parse::<f64>().unwrap();
    assert!((value - std::f64::consts::PI).abs() <= 0.05, "{value}");
    assert_eq!(from, server);
}

/// Counts the answers that have arrived but were not received.
fn unheard(socket: &UdpSocket) -> usize {
    socket.set_nonblocking(true).unwrap();
    let count = std::iter::from_fn(|| socket.recv(&mut [0; 99]).ok()).count();
    let error = socket.recv(&mut [0; 99]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    socket.set_nonblocking(false).unwrap();
    count
}

#[test]
fn any_datagram_is_answered_once_after_the_delay() {
    let server = Server::start(&["--legacy-corruption=0"]);
    let asker = socket(1, 0);
    let largest = [b'x'; 65_507];
    let datagrams: [&[u8]; 5] = [b"", b"\n", b"\0\xff", &largest[..1400], &largest];
    for datagram in datagrams {
        let asked = Instant::now();
        assert_eq!(asker.send_to(datagram, server.legacy()).unwrap(), datagram.len());
        hear(&asker, server.legacy());
        assert!(asked.elapsed() >= Duration::from_millis(250), "after {:?}", asked.elapsed());
    }
    assert_eq!(unheard(&asker), 0, "one answer each");
    assert_next_is_served(server.web());
}

#[test]
fn one_source_gets_its_burst_and_its_rate_and_others_get_theirs() {
    let server = Server::start(&["--legacy-corruption=0", "--legacy-delay=100ms"]);
    let (greedy, other) = (socket(2, 0), socket(3, 0));
    let began = Instant::now();
    for _ in 0..200 {
        greedy.send_to(b"", server.legacy()).unwrap();
    }
    // Peers are answered in the order of their requests: then all of the first were, too.
    other.send_to(b"", server.legacy()).unwrap();
    hear(&other, server.legacy());
    let most = 41 + (began.elapsed().as_secs_f64() * 20.0) as usize;
    let answers = unheard(&greedy);
    assert!((40..=most).contains(&answers), "{answers} of 200 in {:?}", began.elapsed());

    // A tenth of a second allows two more.
    other.send_to(b"", server.legacy()).unwrap();
    hear(&other, server.legacy());
    greedy.send_to(b"", server.legacy()).unwrap();
    hear(&greedy, server.legacy());
}

#[test]
fn peers_that_may_be_servers_are_never_answered() {
    let server = Server::start(&["--legacy-corruption=0", "--legacy-delay=10ms"]);
    let mut suspects = vec![socket(2, server.legacy().port())];
    // A port for privileged processes only, if this is one.
    suspects.extend(
        (512..1024).find_map(|port| UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), port)).ok()),
    );
    let asker = socket(1, 0);
    for suspect in suspects {
        suspect.send_to(b"", server.legacy()).unwrap();
        asker.send_to(b"", server.legacy()).unwrap();
        hear(&asker, server.legacy());
        assert_eq!(unheard(&suspect), 0, "{suspect:?}");
    }
}

#[test]
fn an_asker_that_has_gone_is_nobodys_loss() {
    let server = Server::start(&["--legacy-corruption=0", "--legacy-delay=50ms"]);
    let asker = socket(1, 0);
    for _ in 0..20 {
        // Its answer meets a closed port, and the kernel may report that to the server.
        socket(4, 0).send_to(b"", server.legacy()).unwrap();
        asker.send_to(b"", server.legacy()).unwrap();
        hear(&asker, server.legacy());
    }
    assert_eq!(unheard(&asker), 0);
}

#[test]
fn a_flood_of_datagrams_starves_neither_streams_nor_pages() {
    let server = Server::start(&["--legacy-corruption=0", "--legacy-delay=100ms"]);
    let (over, legacy) = (AtomicBool::new(false), server.legacy());
    thread::scope(|scope| {
        scope.spawn(|| {
            let flooder = socket(5, 0);
            while !over.load(Ordering::Relaxed) {
                let _ = flooder.send_to(b"me me me", legacy);
            }
        });
        // The flood ends even if the test fails.
        let _over = OnDrop(&over);
        for _ in 0..5 {
            let asked = Instant::now();
            assert_next_is_served(server.web());
            let (text, _) = Client::connect(server.legacy()).rest();
            assert!(text.starts_with(b"3."), "{}", text.escape_ascii());
            assert!(asked.elapsed() < PROMPTLY, "after {:?}", asked.elapsed());
        }
    });
    // While the flood fills the socket, datagrams are lost; then they get through again.
    let asker = socket(1, 0);
    asker.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    eventually("an answer after the flood", || {
        asker.send_to(b"", legacy).unwrap();
        asker.recv(&mut [0; 99]).ok()
    });
}

/// Sets a flag when it is dropped.
struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
