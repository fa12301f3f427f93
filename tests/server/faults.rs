//! System calls that fail for a while: their users recover when they work again, and nothing spins
//! meanwhile.

use super::room::strain;
use super::util::http::{Client, assert_next_is_served, by};
use super::util::process::{FREE, Place, Server, eventually};
use rustix::io::Errno;
use std::fs;
use std::process::Command;
use std::sync::Arc;

/// Starts a server whose calls fail as the files of `faults` in its place say.
fn fragile(place: &Arc<Place>) -> Server {
    let library = place.path("faults.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/faults.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl");
    assert!(compiler.status().unwrap().success(), "cc cannot compile {source}");
    fs::create_dir(place.path("faults")).unwrap();
    let mut command = place.command(FREE);
    command.env("LD_PRELOAD", library).env("FAULTS", place.path("faults"));
    Server::launch(place, command)
}

/// Makes calls of this name fail from now on, until [`heal`].
fn break_down(place: &Place, call: &str, errno: Errno) {
    fs::write(place.path("faults").join(call), errno.raw_os_error().to_string()).unwrap();
}

fn heal(place: &Place, call: &str) {
    fs::remove_file(place.path("faults").join(call)).unwrap();
}

#[test]
fn a_wake_up_that_is_lost_keeps_nobody_waiting_for_long() {
    let place = Place::new();
    let server = fragile(&place);
    let body = by("1111", "\"simulations\":100000");
    for errno in [Errno::IO, Errno::INTR, Errno::NOMEM] {
        break_down(&place, "wake", errno);
        let reply = Client::connect(server.web()).post("/pi", &body);
        assert_eq!(reply.status, 200, "while wake-ups fail with {errno}");
        heal(&place, "wake");
        let reply = Client::connect(server.web()).post("/pi", &body);
        assert_eq!(reply.status, 200, "after wake-ups failed with {errno}");
    }
    assert_next_is_served(server.web());
}

#[test]
fn an_accept_that_keeps_failing_is_not_called_all_the_time() {
    let place = Place::new();
    let server = fragile(&place);
    for errno in [Errno::PERM, Errno::CONNABORTED, Errno::MFILE] {
        break_down(&place, "accept", errno);
        let mut waiting = Client::connect(server.web());
        let failures = || server.stderr().matches("cannot accept a connection").count();
        let before = failures();
        eventually("an accept that fails", || (failures() > before).then_some(()));
        let strain = strain(&server);
        eprintln!("{strain:.3} of a core while accept fails with {errno}");
        assert!(strain < 0.5, "it spins on {errno}: {strain:.2} of a core");
        heal(&place, "accept");
        assert_eq!(waiting.get("/healthz").status, 200, "after {errno}");
    }
    assert_next_is_served(server.web());
}
