//! Limits of the tester itself: descriptors, name resolution, signals.

use crate::tester::{command, load, run};
use crate::util::process::{PATIENCE, Place, Server};
use crate::util::unruly::{Habit, OK, Unruly};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::File;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Runs `pentad` with these arguments, under a hard limit on descriptors.
fn with_descriptors(place: &Place, most: u32, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n {most} && exec \"$@\""), "sh"]);
    command.arg(env!("CARGO_BIN_EXE_pentad")).args(args).env_clear().current_dir(place.path(""));
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn no_more_clients_are_sent_than_there_are_descriptors() {
    let (place, server) = (Place::new(), Server::start(&["--only=web"]));
    let url = format!("http://{}/healthz", server.web());
    for more in [&[][..], &["--no-keepalive"], &["-r", "5000"]] {
        let args = [&["load", &url, "-c", "500", "-n", "1000", "--format", "json"], more].concat();
        let (code, out, err) = with_descriptors(&place, 64, &args);
        assert!(err.contains("descriptors for 32 connections, not for 500"), "{err}");
        let result = serde_json::from_str::<Value>(&out).unwrap();
        assert_eq!((code, &result["ok"]), (0, &1000.into()), "{more:?}: {result} {err}");
        assert_eq!(result["arguments"]["connections"], 32, "the figures are those of so many");
    }
}

/// A resolver that never answers: its file is a FIFO without a writer.
#[test]
fn a_signal_or_the_time_limit_ends_the_look_up_of_a_name() {
    let place = Place::new();
    let aliases = place.path("aliases");
    mknodat(CWD, &aliases, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let looking = |args: &[&str]| {
        let mut command = command(&place, &[&["load", "http://unknown/"], args].concat());
        command.env("HOSTALIASES", &aliases).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let until = Instant::now() + PATIENCE;
        // Once the FIFO has a reader it can be opened for writing; holding it open keeps the reader
        // waiting.
        let held = loop {
            match open(&aliases, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty()) {
                Ok(held) => break Some(File::from(held)),
                Err(_) if child.try_wait().unwrap().is_some() => break None,
                Err(_) => thread::sleep(Duration::from_millis(2)),
            }
            assert!(Instant::now() < until, "it does not look the name up");
        };
        (child, held)
    };
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let (mut child, held) = looking(&["-t", "1h"]);
        if held.is_none() {
            return eprintln!("names are looked up without aliases on this machine: not tried");
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
    let (child, _held) = looking(&["-t", "300ms"]);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said, "pentad: load: unknown:80: no address within 300 ms\n");
}

#[test]
fn a_name_of_this_machine_is_found() {
    let (place, server) = (Place::new(), Unruly::start(Habit::Answers(OK)));
    let url = format!("http://localhost:{}/", server.addr.port());
    let (code, result) = load(&place, &url, &["-n", "4", "-c", "2"]);
    assert_eq!((code, &result["ok"]), (0, &4.into()), "{result}");
    let unknown = run(&place, &["load", "http://name.invalid/", "-n", "1", "-t", "20"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(unknown.stderr.contains("load: name.invalid:80: "), "{}", unknown.stderr);
}
