//! Obstacles to a start: each is reported in a line, and nothing half-started is left behind.

use super::util::http::{Client, assert_next_is_served, by};
use super::util::process::{FREE, Place, Run, Server};
use rustix::process::Signal;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};

/// Runs a start that is expected to fail; returns its message.
fn refused(place: &Place, args: &[&str]) -> String {
    let Run { status, stdout, stderr } = place.run(place.command(args));
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert_eq!(stdout, "", "no listener is announced");
    let lines = stderr.lines().collect::<Vec<_>>();
    let [line] = lines[..] else { panic!("one line: {stderr}") };
    line.strip_prefix("pentad: ").unwrap().to_string()
}

/// Returns a port that is taken, and one that was free a moment ago.
fn taken_and_free() -> (TcpListener, SocketAddr, SocketAddr) {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addrs = (taken.local_addr().unwrap(), free.local_addr().unwrap());
    (taken, addrs.0, addrs.1)
}

#[test]
fn an_address_in_use_is_named_and_nothing_is_started() {
    let place = Place::new();
    let (listener, taken, free) = taken_and_free();
    let (web, panel) = (format!("--web={free}"), format!("--panel={taken}"));
    let line = refused(&place, &["--only=web,panel", &web, &panel]);
    assert_eq!(line, format!("panel on {taken}: the address is in use"));
    assert_eq!(TcpStream::connect(free).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert!(!place.path("data").join("pentad.db").exists(), "not even the database");
    drop(listener);
    // In the same place, with the same addresses, it works as soon as they are free.
    let server = Server::launch(&place, place.command(["--only=web,panel", &web, &panel]));
    assert_eq!((server.web(), server.panel()), (free, taken));
    assert_next_is_served(free);
}

#[test]
fn a_port_that_is_taken_for_datagrams_only_is_in_use_too() {
    let place = Place::new();
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let taken = socket.local_addr().unwrap();
    let legacy = format!("--legacy={taken}");
    let line = refused(&place, &["--only=legacy", &legacy]);
    assert_eq!(line, format!("legacy on {taken}: the address is in use"));
    assert_eq!(TcpStream::connect(taken).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn an_address_that_this_machine_lacks_is_named() {
    let place = Place::new();
    // Reserved for documentation (RFC 5737).
    let line = refused(&place, &["--only=web", "--web=192.0.2.1:0"]);
    assert_eq!(line, "web on 192.0.2.1:0: this machine has no such address");
}

#[test]
fn a_second_server_does_not_disturb_a_data_directory() {
    let place = Place::new();
    let mut first = Server::start_in(&place, &[]);
    let mut client = Client::connect(first.web());
    assert_eq!(client.post("/statistics", &by("1111", "")).status, 200);
    let second = Place::new();
    let data = format!("--data={}", place.path("data").display());
    let line = refused(&second, &[&FREE[..], &[&data]].concat());
    let pid = first.pid().as_raw_pid();
    let told = format!("data directory {} is in use by another pentad (pid {pid})", &data[7..]);
    assert_eq!(line, told);
    let rows = client.post("/statistics", &by("1111", "")).json();
    assert_eq!(rows[0]["request_count"], 2, "the first goes on counting");

    first.signal(Signal::TERM);
    drop(client);
    assert_eq!(first.wait().code(), Some(0));
    let next = Server::start_in(&place, &[]);
    let rows = Client::connect(next.web()).post("/statistics", &by("1111", "")).json();
    assert_eq!(rows[0]["request_count"], 3, "its successor goes on where it ended");
}

#[test]
fn listeners_are_announced_with_the_addresses_that_they_got() {
    let place = Place::new();
    let args = ["--only=web,legacy", "--web=127.0.0.1:0", "--web=[::1]:0", "--legacy=127.0.0.1:0"];
    let server = Server::launch(&place, place.command(args));
    assert_eq!(server.addr("legacy", "tcp"), server.addr("legacy", "udp"), "one port for both");
    assert_next_is_served(server.web());
    assert_eq!(server.listeners(), 4, "each flag is another listener");
}

#[test]
fn machines_read_the_same_as_json() {
    let place = Place::new();
    let args = ["--only=web,legacy", "--web=127.0.0.1:0", "--legacy=127.0.0.1:0", "--format=json"];
    let server = Server::launch_announcing(&place, place.command(args), |line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let word = |name: &str| line[name].as_str().unwrap_or_default().to_string();
        match word("event").as_str() {
            "ready" => "ready".to_string(),
            event => format!("{event} {} {} {}", word("service"), word("proto"), word("addr")),
        }
    });
    assert_eq!(server.listeners(), 3);
    assert_next_is_served(server.web());
    assert_eq!(server.addr("legacy", "tcp"), server.addr("legacy", "udp"));
}
