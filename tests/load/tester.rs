//! The tester as a process, and scripted servers.

use crate::util::process::{Place, Run};
use serde_json::Value;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

/// Creates `pentad` with these arguments; its reports go to `place`.
pub fn command(place: &Place, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pentad"));
    let reports = place.path("data").to_str().unwrap().to_owned();
    command.args(args).args(["--data", &reports]).current_dir(place.path("")).env_clear();
    command.stdin(Stdio::null());
    command
}

pub fn run(place: &Place, args: &[&str]) -> Run {
    let output = command(place, args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Runs `pentad load --format json` with these arguments; returns its exit code and its result.
pub fn load(place: &Place, url: &str, args: &[&str]) -> (i32, Value) {
    let run = run(place, &[&["load", url, "--format", "json"], args].concat());
    let result = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    adds_up(&result);
    (run.status.code().unwrap(), result)
}

/// Asserts that every ended request was either answered or failed.
pub fn adds_up(result: &Value) {
    let number = |value: &Value| value.as_u64().unwrap();
    let errors = result["errors"].as_object().unwrap();
    let bad = errors.values().map(number).sum::<u64>();
    assert_eq!(number(&result["requests"]), number(&result["ok"]) + bad, "{result}");
    let answers = result["status"].as_object().unwrap().values().map(number).sum::<u64>();
    assert_eq!(answers, number(&result["ok"]) + number(&errors["status"]), "{result}");
    let spread = result["histogram"].as_array().unwrap().iter().map(|b| number(&b["count"]));
    assert_eq!(spread.sum::<u64>(), answers, "{result}");
    let misread = result["misread"].as_object().unwrap().values().map(number).sum::<u64>();
    assert_eq!(misread, number(&errors["parse"]), "{result}");
    assert!(result["under_way"].is_u64() && result["never_sent"].is_u64(), "{result}");
}

/// Starts a server that runs `script` on each connection, with its number.
pub fn scripted(script: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let script = Arc::new(script);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let script = Arc::clone(&script);
            thread::spawn(move || script(stream, number));
        }
    });
    addr
}

/// Reads one request without a body; returns false at the end.
pub fn request(stream: &mut TcpStream) -> bool {
    request_text(stream).is_some()
}

/// Reads one request without a body as text.
pub fn request_text(stream: &mut TcpStream) -> Option<String> {
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !seen.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => seen.push(byte[0]),
            Ok(_) | Err(_) => return None,
        }
    }
    String::from_utf8(seen).ok()
}

pub use crate::util::unruly::OK;
