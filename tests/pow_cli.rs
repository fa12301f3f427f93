//! Proof of work on the command line: the real binary, and SHA-256 as the judge.

#![allow(clippy::unwrap_used)]

use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Output, Stdio};

fn pentad<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pentad"));
    command.env_clear().args(args).stdin(Stdio::null()).output().unwrap()
}

fn code(args: &[&str]) -> i32 {
    pentad(args).status.code().unwrap()
}

/// The zero bits of a printed proof of `message`.
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
            let args = ["pow", "solve"].iter().chain(options).map(OsStr::new);
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
