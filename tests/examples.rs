//! The examples, each started as a process of its own and talked to as a user would.
//!
//! The processes run this same test binary: [`process`] becomes an example when it is asked to.

#![allow(clippy::unwrap_used)]

#[path = "../examples/echo.rs"]
mod echo;
#[path = "../examples/lines.rs"]
mod lines;

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

/// Names the example in the environment of its process.
const NAME: &str = "PENTAD_EXAMPLE";

/// No test by itself: the body of the processes that the tests below start.
#[test]
fn process() {
    match env::var(NAME).as_deref() {
        Ok("echo") => echo::main().unwrap(),
        Ok("lines") => lines::main().unwrap(),
        Ok(other) => panic!("no example is called {other}"),
        Err(_) => {}
    }
}

struct Example {
    child: Child,
    addr: SocketAddr,
}

impl Example {
    fn start(name: &str) -> Example {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["127.0.0.1:0", "process", "--exact", "--nocapture"])
            .env(NAME, name)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map(Result::unwrap);
        let addr = lines.find_map(|line| Some(line.split_once("listening on ")?.1.to_owned()));
        Example { child, addr: addr.unwrap().parse().unwrap() }
    }

    /// Returns all that comes back for `bytes`, up to the end.
    fn answer(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.addr).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn echo_returns_what_it_is_sent() {
    let echo = Example::start("echo");
    let long = (0..100_000_u32).map(|number| number as u8).collect::<Vec<_>>();
    for bytes in [&b""[..], b"hello", &long] {
        assert!(echo.answer(bytes) == bytes, "{} bytes", bytes.len());
    }
}

#[test]
fn lines_are_summed_and_bad_ones_are_answered() {
    let lines = Example::start("lines");
    let long = [b'1'; 300];
    for (bytes, answer) in [
        (&b"1 2 3\n\n5\r\n"[..], "6\n0\n5\n"),
        (b"1 two\n4\n", "error: these are not numbers: 1 two\n4\n"),
        (b"1\nquit\n2\n", "1\nbye\n"),
        (&long, "error: a line has at most 200 bytes\n"),
        (b"7\n", "7\n"),
    ] {
        assert_eq!(String::from_utf8(lines.answer(bytes)).unwrap(), answer);
    }
}
