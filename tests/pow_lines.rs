//! Proof of work over lines, on the simulated kernel: for any input in any pieces, each line gets
//! its reply, in order, and SHA-256 confirms it.

#![allow(clippy::unwrap_used)]

mod util;

use pentad::limits::{self, Limits};
use pentad::service::Kind;
use sha2::{Digest, Sha256};
use std::time::Duration;
use util::fake::{Client, TestNet};

/// The expected reply to a line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reply {
    Proof(Vec<u8>),
    TooLong,
}

fn proof(message: impl AsRef<[u8]>) -> Reply {
    Reply::Proof(message.as_ref().to_vec())
}

/// A street whose server asks for so many zero bits.
fn street(bits: u32) -> TestNet {
    let mut street = TestNet::new(Limits::default(), 16, 1);
    street.reactor.context.world.pow.bits = bits;
    street
}

fn connect(street: &mut TestNet) -> Client {
    street.connect(Kind::Pow, usize::MAX).unwrap()
}

/// Receives everything that the server has sent.
fn listen(street: &mut TestNet, client: &Client, received: &mut Vec<u8>) {
    loop {
        street.settle();
        let bytes = client.receive(usize::MAX);
        if bytes.is_empty() {
            return;
        }
        received.extend(bytes);
    }
}

/// Removes the replies from the front of `received`, each with at least `bits` zero bits.
fn verify(received: &mut Vec<u8>, replies: &[Reply], bits: u32) {
    let mut rest = received.as_slice();
    for (number, reply) in replies.iter().enumerate() {
        let used = match reply {
            Reply::Proof(message) => verify_proof(rest, message, bits),
            Reply::TooLong => rest
                .starts_with(b"!ERR 413 too-long max=8192\n")
                .then_some(b"!ERR 413 too-long max=8192\n".len()),
        };
        let shown = &rest[..rest.len().min(200)];
        let used = used.unwrap_or_else(|| {
            panic!("reply {number} should be {reply:?}: {}", shown.escape_ascii())
        });
        rest = &rest[used..];
    }
    let used = received.len() - rest.len();
    received.drain(..used);
}

/// Returns the length of a valid `message,seed,hash` with a line ending.
fn verify_proof(bytes: &[u8], message: &[u8], bits: u32) -> Option<usize> {
    let rest = bytes.strip_prefix(message)?.strip_prefix(b",")?;
    let (seed, rest) = rest.split_at_checked(5)?;
    let (hash, rest) = rest.strip_prefix(b",")?.split_at_checked(64)?;
    rest.strip_prefix(b"\n")?;
    let digest = Sha256::new().chain_update(seed).chain_update(message).finalize();
    let digits = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let zeros = hash.iter().take_while(|digit| **digit == b'0').count() as u32;
    let right = seed.iter().all(u8::is_ascii_alphanumeric)
        && digits.as_bytes() == hash
        && zeros * 4 >= bits;
    right.then_some(message.len() + 72)
}

/// Returns lines of every shape, and the expected replies.
fn shapes() -> (Vec<u8>, Vec<Reply>) {
    let lines: [(&[u8], &[u8]); 12] = [
        (b"hello\n", b"hello"),
        (b"a,b,,c,\n", b"a,b,,c,"),
        (b"\n", b""),
        (b"\r\n", b""),
        (b"telnet\r\n", b"telnet"),
        (b"two\r\r\n", b"two\r"),
        (b"in\rside\n", b"in\rside"),
        (b"\0\n", b"\0"),
        (b"\xff\xfe\xc3(\n", b"\xff\xfe\xc3("),
        (b"\xe2\x82\xac\n", b"\xe2\x82\xac"),
        (b"!ERR 413 too-long\n", b"!ERR 413 too-long"),
        (b"no end", b"no end"),
    ];
    let stream = lines.iter().flat_map(|(line, _)| line.to_vec()).collect();
    (stream, lines.iter().map(|(_, message)| proof(message)).collect())
}

/// Sends `stream` in these pieces, ends the input, and receives all replies.
fn converse<'a>(bits: u32, pieces: impl Iterator<Item = &'a [u8]>, replies: &[Reply]) {
    let mut street = street(bits);
    let client = connect(&mut street);
    let mut received = Vec::new();
    for piece in pieces {
        client.send(piece);
        street.turn(|| true);
        received.extend(client.receive(usize::MAX));
    }
    client.half_close();
    listen(&mut street, &client, &mut received);
    verify(&mut received, replies, bits);
    assert!(received.is_empty(), "more than was asked for: {}", received.escape_ascii());
    assert!(client.at_end() && street.reactor.is_empty(), "the connection ends with its client");
}

#[test]
fn every_shape_is_answered_the_same_wherever_it_is_cut() {
    let (stream, replies) = shapes();
    for at in 0..=stream.len() {
        let (left, right) = stream.split_at(at);
        converse(4, [left, right].into_iter(), &replies);
    }
    for width in [1, 2, 3, 5, 7, 16, 64] {
        converse(4, stream.chunks(width), &replies);
    }
}

#[test]
fn no_difficulty_and_the_default_one() {
    let (stream, replies) = shapes();
    for bits in [0, 12] {
        converse(bits, [stream.as_slice()].into_iter(), &replies);
    }
}

#[test]
fn a_line_of_8192_bytes_is_the_longest() {
    let fits = vec![b'x'; 8192];
    let mut stream = Vec::new();
    for (extra, ending) in [(0, "\n"), (0, "\r\n"), (1, "\n"), (1, "\r\n"), (0, "\n"), (0, "")] {
        stream.extend(&fits);
        stream.extend(vec![b'y'; extra]);
        stream.extend(ending.bytes());
    }
    let mut replies = vec![proof(&fits); 6];
    replies[2] = Reply::TooLong;
    replies[3] = Reply::TooLong;
    for width in [1000, 4096, 8192, 8193, 8194, 65_536] {
        converse(4, stream.chunks(width), &replies);
    }
    for around in [8192, 8193, 16_385, 16_386, 24_579, 24_580] {
        let (left, right) = stream.split_at(around);
        converse(4, [left, right].into_iter(), &replies);
    }
}

#[test]
fn errors_stand_in_their_place_and_only_three_in_a_row_close() {
    let mut street = street(12);
    let client = connect(&mut street);
    let mut received = Vec::new();
    let long = [vec![b'x'; 20_000], b"\n".to_vec()].concat();
    for round in 0..3 {
        client.send(b"before\n");
        client.send(&long);
        client.send(&long);
        client.send(b"after\n");
        listen(&mut street, &client, &mut received);
        let replies = [proof("before"), Reply::TooLong, Reply::TooLong, proof("after")];
        verify(&mut received, &replies, 12);
        assert!(!client.at_end(), "round {round}: a good line makes good");
    }
    client.send(b"last\n");
    for _ in 0..3 {
        client.send(&long);
    }
    client.send(b"never read\n");
    listen(&mut street, &client, &mut received);
    let too_long = Reply::TooLong;
    verify(&mut received, &[proof("last"), too_long.clone(), too_long.clone(), too_long], 12);
    assert!(received.is_empty() && client.at_end());
    let next = connect(&mut street);
    next.send(b"next\n");
    listen(&mut street, &next, &mut received);
    verify(&mut received, &[proof("next")], 12);
}

#[test]
fn a_late_reader_gets_a_hundred_thousand_replies_in_order() {
    let mut street = street(4);
    let client = street.connect(Kind::Pow, 4096).unwrap();
    let messages = (0..100_000).map(|n| format!("message {n}")).collect::<Vec<_>>();
    let stream = messages.iter().flat_map(|m| format!("{m}\n").into_bytes()).collect::<Vec<_>>();
    client.send(&stream);
    street.settle();
    // A reply is longer than its line, so bytes read but not answered stay within the limits.
    let taken = stream.len() - client.unread();
    let bound = Limits::default().output_high + limits::POW_BYTES + Limits::default().turn_bytes;
    assert!(taken < bound, "{taken} bytes were read for a client that reads nothing");
    client.half_close();
    let mut received = Vec::new();
    listen(&mut street, &client, &mut received);
    let replies = messages.iter().map(proof).collect::<Vec<_>>();
    verify(&mut received, &replies, 4);
    assert!(received.is_empty() && client.at_end());
}

#[test]
fn while_searches_take_their_time_no_more_lines_are_read() {
    let mut street = street(40);
    street.reactor.context.world.pow.seed_len = 8;
    let client = connect(&mut street);
    client.send(&b"m\n".repeat(100_000));
    for _ in 0..50 {
        street.turn(|| true);
    }
    assert_eq!(street.reactor.outside.jobs.len(), limits::POW_SEARCHES);
    assert!(client.unread() > 200_000 - 2 * Limits::default().turn_bytes);
    let requests = 200_000 - client.unread();
    assert!(requests / 2 >= limits::POW_REQUESTS, "as many lines as allowed wait");
    let other = connect(&mut street);
    street.reactor.context.world.pow.bits = 0;
    other.send(b"easy\n");
    street.turn(|| true);
    let mut received = other.receive(usize::MAX);
    verify(&mut received, &[], 0);
    assert!(received.starts_with(b"easy,"), "other clients do not notice");
}

#[test]
fn a_client_that_is_reset_takes_its_searches_along() {
    let mut street = street(40);
    street.reactor.context.world.pow.seed_len = 8;
    let client = connect(&mut street);
    client.send(b"long\nsearch\n");
    street.turn(|| true);
    let (id, _, _) = street.reactor.outside.jobs[0];
    assert_eq!(street.reactor.outside.jobs.len(), 2);
    client.reset();
    street.turn(|| true);
    assert!(street.reactor.outside.cancelled.contains(&id));
    assert!(street.reactor.is_empty());
    street.reactor.outside.jobs.clear();

    street.reactor.context.world.pow.bits = 4;
    street.reactor.context.world.pow.seed_len = 5;
    let next = connect(&mut street);
    next.send(b"next\n");
    let mut received = Vec::new();
    listen(&mut street, &next, &mut received);
    verify(&mut received, &[proof("next")], 4);
}

#[test]
fn a_full_pool_delays_and_never_refuses() {
    let mut street = street(12);
    street.reactor.outside.jobs_max = 0;
    let client = connect(&mut street);
    let messages = (0..40).map(|n| format!("patient {n}")).collect::<Vec<_>>();
    client.send(messages.join("\n").as_bytes());
    client.half_close();
    let mut received = Vec::new();
    for _ in 0..5 {
        listen(&mut street, &client, &mut received);
        street.advance(limits::POW_RETRY);
    }
    assert!(street.reactor.context.stats.jobs_refused > 1, "it was tried again and again");
    assert!(!client.at_end());
    street.reactor.outside.jobs_max = 3;
    for _ in 0..200 {
        listen(&mut street, &client, &mut received);
        street.advance(limits::POW_RETRY);
    }
    verify(&mut received, &messages.iter().map(proof).collect::<Vec<_>>(), 12);
    assert!(received.is_empty() && client.at_end());
}

#[test]
fn a_message_without_a_proof_says_how_many_seeds_were_tried() {
    let mut street = street(40);
    let client = connect(&mut street);
    client.send(b"impossible\n");
    street.turn(|| true);
    let (id, ticket, _) = street.reactor.outside.jobs.pop_front().unwrap();
    let tried = 62_u64.pow(5);
    let exhausted = pentad::work::pow::Outcome::Exhausted { tried };
    street.reactor.done(id, ticket, pentad::work::Outcome::Pow(exhausted));
    assert_eq!(client.receive(99), b"!ERR 422 exhausted tried=916132832\n");
}

#[test]
fn an_ending_server_finishes_what_it_has_and_takes_no_more() {
    let mut street = street(40);
    let client = connect(&mut street);
    client.send(b"under way\n");
    street.turn(|| true);
    street.reactor.drain();
    client.send(b"too late\n");
    street.turn(|| true);
    assert!(client.receive(99).is_empty(), "replies keep their order");
    let (id, ticket, _) = street.reactor.outside.jobs.pop_front().unwrap();
    street.reactor.done(id, ticket, pentad::work::Outcome::Panicked);
    assert_eq!(client.receive(99), b"!ERR 500 internal\n!ERR 503 shutting-down\n");
    street.advance(Duration::from_secs(1));
    street.settle();
    assert!(client.at_end());
}

#[test]
fn who_asks_for_nothing_is_let_go() {
    let mut street = street(0);
    let client = connect(&mut street);
    street.advance(limits::POW_IDLE - Duration::from_secs(1));
    client.send(b"still here\n");
    let mut received = Vec::new();
    listen(&mut street, &client, &mut received);
    verify(&mut received, &[proof("still here")], 0);
    street.advance(limits::POW_IDLE - Duration::from_secs(1));
    street.settle();
    assert!(!client.at_end());
    street.advance(Duration::from_secs(2));
    street.settle();
    assert!(client.at_end());
}
