//! The laws of lines, of proofs, and of a whole proof-of-work session.

use super::naive;
use super::sessions::Driver;
use super::{INPUT_MAX, cuts, random};
use crate::app::Session;
use crate::service::{Event, Kind};
use crate::wire::Parse;
use crate::wire::line::{self, Scan};
use crate::wire::pow::{self as wire, MESSAGE_BYTES_MAX};
use crate::work::{Job, Outcome};
use sha2::{Digest, Sha256};

/// A bound so low that short inputs exceed it.
const MOST: usize = 16;

/// Zero bits that a session requires: some searches end on the loop, some do not.
const BITS: u32 = 4;

/// Lines: for any cuts they equal the input split at each LF, and a session answers each with one
/// reply, in order, that SHA-256 confirms.
pub fn pow_line(input: &[u8]) {
    let short = &input[..input.len().min(INPUT_MAX)];
    let oracle = naive::lines(short, MOST);
    for ends in cuts(short.len(), &mut random(short)) {
        assert_eq!(read(short, &ends), oracle);
    }
    let mut rng = random(input);
    let step = rng.usize(1..=input.len().max(1));
    for width in [input.len().max(1), step] {
        converse(input, width);
    }
}

/// Returns the lines of `input` as a reader finds them whose buffer grows by these ends. `None`
/// stands for a line that is too long.
fn read(input: &[u8], ends: &[usize]) -> Vec<Option<Vec<u8>>> {
    let (mut lines, mut buffer, mut at) = (Vec::new(), Vec::new(), 0);
    let (mut scan, mut discarding) = (Scan::default(), false);
    for &end in ends {
        buffer.extend_from_slice(&input[at..end]);
        at = end;
        loop {
            if discarding {
                let (used, ended) = line::rest(&buffer);
                buffer.drain(..used);
                discarding = !ended;
            }
            match line::line(&buffer, &mut scan, MOST) {
                Parse::Done(line, used) => {
                    lines.push(Some(line.to_vec()));
                    buffer.drain(..used);
                }
                Parse::Bad(line::TooLong) => {
                    lines.push(None);
                    discarding = true;
                }
                Parse::More => break,
            }
        }
        assert!(buffer.len() <= MOST + 1, "an unfinished line is bounded");
    }
    let last = if discarding { None } else { line::last(&buffer) };
    lines.extend(last.map(|line| Some(line.to_vec())));
    lines
}

/// Feeds `input` to a session in pieces of `width`, and checks its output.
fn converse(input: &[u8], width: usize) {
    let mut driver = Driver::open(Kind::Pow);
    driver.world.pow.bits = BITS;
    for piece in input.chunks(width) {
        search(&mut driver);
        driver.input(piece);
        driver.digest();
    }
    search(&mut driver);
    if driver.session.is_done().is_none() {
        driver.tell(Event::Eof);
        driver.ended = true;
        search(&mut driver);
    }
    assert!(driver.session.is_done().is_some(), "the last reply is the end");
    let mut said = Vec::new();
    while !driver.send.is_empty() {
        let mut slices = [std::io::IoSlice::new(b"")];
        let (_, count) = driver.send.slices(&mut slices, usize::MAX);
        said.extend_from_slice(&slices[0]);
        driver.send.advance(count);
    }
    check(&said, &answerable(naive::lines(input, MESSAGE_BYTES_MAX)));
}

/// Runs the submitted jobs, and those that follow, until the session wants input again.
fn search(driver: &mut Driver) {
    while let Some((ticket, job)) = driver.tickets.pop() {
        let Job::Compute(mut job) = job else { unreachable!("a line asks for computation only") };
        let outcome = loop {
            let piece = job.cut().expect("nothing is out").run();
            if let Some(outcome) = job.merge(piece) {
                break outcome;
            }
        };
        assert!(matches!(outcome, Outcome::Pow(_)));
        driver.starved = false;
        driver.tell(Event::Done(ticket, outcome));
        driver.digest();
    }
}

/// Returns the lines up to the third too long one in a row, after which nothing is read.
fn answerable(mut lines: Vec<Option<Vec<u8>>>) -> Vec<Option<Vec<u8>>> {
    let third = lines.windows(3).position(|three| three.iter().all(Option::is_none));
    lines.truncate(third.map_or(lines.len(), |at| at + 3));
    lines
}

/// Asserts that there is one reply for each line, and nothing else.
fn check(mut said: &[u8], lines: &[Option<Vec<u8>>]) {
    for line in lines {
        let Some(message) = line else {
            said = said.strip_prefix(b"!ERR 413 too-long max=8192\n").expect("a refusal");
            continue;
        };
        let (reply, rest) = said.split_at(message.len() + 72);
        said = rest;
        let (proof, ending) = reply.split_at(reply.len() - 1);
        let (sent, seed, hash) = naive::proof(proof, 5).expect("a proof");
        let digest: [u8; 32] =
            Sha256::new().chain_update(seed).chain_update(sent).finalize().into();
        assert_eq!((sent, ending), (message.as_slice(), &b"\n"[..]));
        assert_eq!(wire::unhex(hash), Some(digest));
        assert!(hash.starts_with(b"0"));
    }
    assert!(said.is_empty(), "more replies than lines");
}

/// Proofs: parsed as the oracle parses them, and printed as they were written.
pub fn pow_proof(input: &[u8]) {
    for seed_len in [5, 10] {
        let oracle = naive::proof(input, seed_len);
        match wire::proof(input, seed_len) {
            Parse::Done(proof, used) => {
                assert_eq!(used, input.len());
                let (message, seed, _) = oracle.expect("the oracle sees a proof too");
                assert_eq!((proof.message, proof.seed), (message, seed));
                let mut printed = Vec::new();
                wire::print(proof.message, proof.seed, &proof.hash, &mut printed);
                assert_eq!(printed, input);
            }
            Parse::Bad(wire::Bad::Format) => assert_eq!(oracle, None),
            Parse::More => unreachable!("a line is whole"),
        }
    }
}
