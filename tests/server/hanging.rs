//! Hanging resources: a pipe without a reader, a disk that does not respond. Clients are served,
//! and the shutdown ends in time: after the grace period, or with a second signal.

use super::util::http::{Client, assert_next_is_served, by, get, post};
use super::util::process::{FREE, PROMPTLY, Place, Server, eventually};
use rustix::process::Signal;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

const GRACE: Duration = Duration::from_millis(500);

/// Writes more log lines than a pipe holds.
fn fill_the_log(server: &Server) {
    let mut client = Client::connect(server.web());
    for _ in 0..20 {
        client.send(get(&format!("/{}", "x".repeat(200))).repeat(50));
        for _ in 0..50 {
            assert_eq!(client.reply().unwrap().status, 404, "no request waits for the log");
        }
    }
}

/// Sends the first signal, and a second one unless the grace period is to end the server. Expects
/// an end with work left over.
fn ends_in_time(server: &mut Server, waits: bool) {
    let asked = Instant::now();
    server.signal(Signal::TERM);
    if !waits {
        eventually("no client is let in", || TcpStream::connect(server.web()).err());
        server.signal(Signal::TERM);
    }
    assert_eq!(server.wait().code(), Some(1), "{}", server.stderr());
    assert!(!waits || asked.elapsed() >= GRACE, "it had its grace");
    assert!(asked.elapsed() < PROMPTLY, "it took {:?}", asked.elapsed());
}

/// Returns the grace period for a server that ends by it, or by a second signal.
fn grace(waits: bool) -> &'static str {
    if waits { "--grace=500ms" } else { "--grace=60s" }
}

#[test]
fn a_log_that_hangs_is_waited_for_no_longer_than_the_grace() {
    for waits in [true, false] {
        let place = Place::new();
        let args = [&FREE[..], &["--log-file=-", grace(waits)]].concat();
        let mut server = Server::launch_unread(&place, place.command(args));
        fill_the_log(&server);
        ends_in_time(&mut server, waits);
        let told = server.stderr();
        assert!(told.starts_with("pentad: ended without waiting for the threads "), "{told}");
        assert!(told.contains("access-log"), "{told}");
    }
}

#[test]
fn an_end_that_nobody_hears_of_is_one_too() {
    for waits in [true, false] {
        let place = Place::new();
        let args = [&FREE[..], &["--log-file=-", grace(waits)]].concat();
        // Its messages go into the same full pipe.
        let mut server = Server::launch_unread(&place, place.command_after("exec 2>&1", &args));
        fill_the_log(&server);
        ends_in_time(&mut server, waits);
    }
}

/// Builds a library that makes `fsync` hang as long as the file exists; see `LD_PRELOAD` in
/// ld.so(8).
fn hanging_disk(place: &Place, switch: &str) -> PathBuf {
    let (source, library) = (place.path("hang.c"), place.path("hang.so"));
    let text = format!(
        "#include <unistd.h>\n#include <sys/syscall.h>\n\
         static void hang(void) {{ while (access(\"{switch}\", F_OK) == 0) usleep(1000); }}\n\
         int fsync(int fd) {{ hang(); return syscall(SYS_fsync, fd); }}\n\
         int fdatasync(int fd) {{ hang(); return syscall(SYS_fdatasync, fd); }}\n"
    );
    std::fs::write(&source, text).unwrap();
    let mut cc = Command::new("cc");
    let built = cc.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
    assert!(built.status().unwrap().success(), "cc builds a library");
    library
}

/// Starts a server whose disk hangs, and a client that waits for it.
fn on_a_hanging_disk(place: &Arc<Place>, grace: &str) -> (Server, Client) {
    let switch = place.path("hangs");
    let library = hanging_disk(place, switch.to_str().unwrap());
    let mut command = place.command(FREE.iter().chain(&[grace]));
    command.env("LD_PRELOAD", library);
    let server = Server::launch(place, command);
    let mut client = Client::connect(server.web());
    assert_eq!(client.post("/statistics", &by("1111", "")).status, 200);
    std::fs::write(&switch, "").unwrap();
    client.send(post("/statistics", &by("1111", "")));
    assert_next_is_served(server.web());
    (server, client)
}

#[cfg(target_env = "gnu")]
#[test]
fn a_disk_that_hangs_is_waited_for_no_longer_than_the_grace() {
    for waits in [true, false] {
        let place = Place::new();
        let (mut server, mut client) = on_a_hanging_disk(&place, grace(waits));
        ends_in_time(&mut server, waits);
        let told = server.stderr();
        assert!(told.contains("without waiting for the threads database"), "{told}");
        assert_eq!(client.rest().0, b"", "what is not on disk is not answered");
    }
}

#[cfg(target_env = "gnu")]
#[test]
fn a_disk_that_comes_back_within_the_grace_is_waited_for() {
    let place = Place::new();
    let (mut server, mut client) = on_a_hanging_disk(&place, "--grace=60s");
    server.signal(Signal::TERM);
    eventually("no client is let in", || TcpStream::connect(server.web()).err());
    std::fs::remove_file(place.path("hangs")).unwrap();
    assert_eq!(client.reply().unwrap().status, 200);
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
}
