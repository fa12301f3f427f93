//! Proof of work on the command line: the real binary as solver, server and client, checked with
//! SHA-256.

#![allow(clippy::unwrap_used)]

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, Child, Command, Output, Stdio};

fn pentad<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pentad"));
    command.env_clear().args(args).stdin(Stdio::null()).output().unwrap()
}

fn code(args: &[&str]) -> i32 {
    pentad(args).status.code().unwrap()
}

/// Returns the zero bits of a printed proof of `message`.
fn zero_bits(line: &[u8], message: &[u8], seed_len: usize) -> u32 {
    let rest = line.strip_prefix(message).and_then(|rest| rest.strip_prefix(b",")).unwrap();
    let (seed, hash) = rest.split_at(seed_len);
    let digest = Sha256::new().chain_update(seed).chain_update(message).finalize();
    let digits = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hash, format!(",{digits}\n").as_bytes());
    let zero_bytes = digest.iter().take_while(|byte| **byte == 0).count();
    8 * zero_bytes as u32 + digest[zero_bytes].leading_zeros()
}

#[test]
fn what_is_solved_verifies() {
    for (options, bits, seed_len) in [
        (&["-d", "0"][..], 0, 5),
        (&[], 12, 5),
        (&["-d4"], 16, 5),
        (&["--bits", "17"], 17, 5),
        (&["--bits", "9", "--seed-len", "7"], 9, 7),
    ] {
        for message in [&b"hello"[..], b"", b"a,b,c", b"two\nlines", b"no \xff UTF-8"] {
            // Measuring the fastest kernel takes a while without optimisation.
            let args = ["pow", "solve", "--kernel", "sha2"].iter().chain(options).map(OsStr::new);
            let run = pentad(args.chain([OsStr::from_bytes(message)]));
            assert_eq!(run.status.code(), Some(0));
            assert!(zero_bits(&run.stdout, message, seed_len) >= bits);
            let proof = OsStr::from_bytes(run.stdout.strip_suffix(b"\n").unwrap());
            let args = ["pow", "verify"].iter().chain(options).map(OsStr::new);
            let run = pentad(args.chain([proof]));
            assert_eq!(run.status.code(), Some(0));
            assert!(run.stdout.starts_with(b"valid zeros="));
        }
    }
}

#[test]
fn what_is_no_proof_is_one() {
    let run = pentad(["pow", "solve", "-d", "2", "hello"]);
    let proof = String::from_utf8(run.stdout).unwrap().trim_end().to_string();
    assert_eq!(code(&["pow", "verify", &proof, "-d", "2"]), 0);
    assert_eq!(code(&["pow", "verify", &proof, "-d", "7"]), 1);
    for wrong in [proof.replace("hello", "hullo"), format!("{proof}0"), String::new()] {
        assert_eq!(code(&["pow", "verify", &wrong, "-d", "2"]), 1, "{wrong}");
    }
    let run = pentad(["pow", "verify", "x", "-d", "2"]);
    assert_eq!(run.stdout, b"invalid bad-format\n");
}

#[test]
fn what_cannot_be_asked_is_usage() {
    for args in [
        &["pow"][..],
        &["pow", "solve"],
        &["pow", "solve", "-d", "8", "m"],
        &["pow", "verify"],
        &["pow", "dance"],
    ] {
        let run = pentad(args);
        assert_eq!((run.status.code(), run.stdout.as_slice()), (Some(2), &b""[..]), "{args:?}");
        assert!(run.stderr.starts_with(b"pentad: pow: "));
    }
    let help = pentad(["pow", "--help"]);
    assert_eq!((help.status.code(), help.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn speed_is_one_line_a_kernel() {
    let run = pentad(["pow", "speed"]);
    let text = String::from_utf8(run.stdout).unwrap();
    let mut names = Vec::new();
    for line in text.lines() {
        let rest = line.strip_prefix("kernel ").unwrap();
        let (name, rest) = rest.split_once("  ").unwrap();
        let (rate, ratio) = rest.split_once(" MH/s  ").unwrap();
        let ratio = ratio.strip_suffix(" x plain").unwrap();
        for number in [rate, ratio] {
            let (_, decimals) = number.split_once('.').unwrap();
            assert!(number.parse::<f64>().unwrap() > 0.0 && decimals.len() == 2, "{line}");
        }
        names.push((name.to_string(), ratio.to_string()));
    }
    assert_eq!(names[0], ("plain".to_string(), "1.00".to_string()));
    assert_eq!(names.last().unwrap().0, "sha2");
}

/// A server with a difficulty, and its address.
struct Server {
    child: Child,
    addr: String,
    data: PathBuf,
}

impl Server {
    fn start(difficulty: u32) -> Server {
        let name = format!("pentad-pow-cli-{}-{difficulty}", process::id());
        let data = std::env::temp_dir().join(name);
        let mut command = Command::new(env!("CARGO_BIN_EXE_pentad"));
        command.args(["--only=pow", "--pow=127.0.0.1:0", "--pow-kernel=sha2", "--quiet"]);
        command.arg(format!("--pow-difficulty={difficulty}")).arg("--data").arg(&data);
        let mut child = command.env_clear().stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let addr = line.strip_prefix("listening pow tcp ").unwrap().to_string();
        Server { child, addr, data }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.data);
    }
}

#[test]
fn a_client_that_ends_its_half_gets_its_proofs_and_no_reset() {
    let server = Server::start(2);
    let mut client = TcpStream::connect(&server.addr).unwrap();
    client.write_all(b"a\nb").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut text = Vec::new();
    client.read_to_end(&mut text).unwrap();
    let lines = text.split_inclusive(|byte| *byte == b'\n').collect::<Vec<_>>();
    assert_eq!(lines.len(), 2);
    for (line, message) in lines.iter().zip([b"a", b"b"]) {
        assert!(zero_bits(line, message, 5) >= 8);
    }
}

#[test]
fn the_bench_of_a_server_is_a_table_with_its_difficulty() {
    let server = Server::start(1);
    let run = pentad(["bench", "pow", &server.addr, "--seconds", "1"]);
    assert_eq!(run.status.code(), Some(0));
    let text = String::from_utf8(run.stdout).unwrap();
    assert!(text.starts_with("| difficulty | 1 |\n|---|---|\n"), "{text}");
    assert!(text.contains("| 2016 server, 100 connections, replies/s | 10582 |"), "{text}");
    assert!(text.contains("| errors, 100 connections | 0 |"), "{text}");
    let rate = |name: &str| {
        let line = text.lines().find(|line| line.contains(name)).unwrap();
        line.split('|').nth(2).unwrap().trim().parse::<f64>().unwrap()
    };
    assert!(rate("pentad, 100 connections") > 0.0 && rate("pentad, one connection") > 0.0);
}

#[test]
fn an_interrupted_bench_says_so() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = silent.local_addr().unwrap().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pentad"));
    command.args(["bench", "pow", &addr, "--seconds", "60"]).stderr(Stdio::null());
    let mut bench = command.env_clear().spawn().unwrap();
    // A client that connects has already installed its own signal handlers.
    let _client = silent.accept().unwrap();
    kill_process(Pid::from_child(&bench), Signal::INT).unwrap();
    assert_eq!(bench.wait().unwrap().code(), Some(130));
}

/// At a terminal an interrupt also reaches the server, here before it is ready.
#[test]
fn an_interrupt_ends_a_bench_and_its_server_with_130() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pentad"));
    command.env_clear().args(["bench", "pow"]).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut bench = command.spawn().unwrap();
    let children = format!("/proc/{0}/task/{0}/children", bench.id());
    while fs::read_to_string(&children).unwrap().is_empty() {
        assert!(bench.try_wait().unwrap().is_none(), "it starts a server");
    }
    kill_process_group(Pid::from_child(&bench), Signal::INT).unwrap();
    assert_eq!(bench.wait().unwrap().code(), Some(130));
}
