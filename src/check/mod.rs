//! The laws of the parsers, asserted on any bytes: the body of every fuzz target and of the corpus
//! test.
//!
//! A law panics when it is broken and does nothing else. It never uses a parser to check itself:
//! the other side of each comparison is an oracle in `naive` or `oracles`, another way of cutting
//! the same bytes, or the way back.

mod bodies;
mod buffers;
mod chat;
mod fields;
mod heads;
mod lines;
mod lobby;
mod naive;
mod oracles;
mod responses;
mod sessions;
mod store;
mod stream;
mod values;

pub use bodies::chunked;
pub use buffers::buffers;
pub use chat::{chat_line, telnet};
pub use fields::{accept_encoding, conditional, cookie, metrics_accept, range};
pub use heads::http_head;
pub use lines::{pow_line, pow_proof};
pub use lobby::lobby_ops;
pub use responses::http_response;
pub use sessions::session_ops;
pub use store::{log_entry, store_ops, store_protocol};
pub use stream::http_stream;
pub use values::{json, target};

use crate::limits::{CACHE_BYTES, Limits};
use crate::service::{World, chat as live, legacy, panel, pi, pow, site, web};
use crate::work::pi::Kernel;
use crate::work::pow::Kernel as pow_kernel;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// A law: panics on bytes that break it.
pub type Law = fn(&[u8]);

/// Every law under the name of its fuzz target and of its corpus.
pub const LAWS: &[(&str, Law)] = &[
    ("http_head", http_head),
    ("http_stream", http_stream),
    ("http_response", http_response),
    ("chunked", chunked),
    ("target", target),
    ("range", range),
    ("conditional", conditional),
    ("accept_encoding", accept_encoding),
    ("cookie", cookie),
    ("metrics_accept", metrics_accept),
    ("json", json),
    ("buffers", buffers),
    ("pow_line", pow_line),
    ("pow_proof", pow_proof),
    ("session_ops", session_ops),
    ("log_entry", log_entry),
    ("store_ops", store_ops),
    ("store_protocol", store_protocol),
    ("chat_line", chat_line),
    ("telnet", telnet),
    ("lobby_ops", lobby_ops),
];

/// Bytes of input that a law examines. Longer inputs only cost time: every bound of [`tight`] is
/// far below.
const INPUT_MAX: usize = 1024;

/// Creates a world with the defaults, without clocks and disks; its legacy server supposedly
/// listens on the standard port, and never damages an answer.
pub fn world(limits: Limits) -> World {
    let upstream = SocketAddr::from((Ipv4Addr::LOCALHOST, 31416));
    World {
        web: web::State::new(limits, true, web::AccessLog::Everything, [7; 32]),
        site: site::State::new(site::demo(&[], None), site::Rules::default(), CACHE_BYTES),
        pi: pi::State { upstream, timeout: Duration::from_secs(2), kernel: Kernel::Portable },
        legacy: legacy::State {
            delay: Duration::from_millis(500)..=Duration::from_millis(500),
            corruption: 0.0,
            rate: 20.0,
            burst: 40.0,
            ports: vec![upstream.port()],
            probes: HashSet::new(),
            sources: legacy::Sources::default(),
        },
        pow: pow::State::new(12, 5, pow_kernel::Sha2, 1e7, [7; 32]),
        store: crate::service::store::State::off(),
        chat: live::State::new(opening(), [7; 32]),
        panel: panel::State { services: vec!["web", "panel", "legacy"], ..panel::State::default() },
        lockout: Default::default(),
    }
}

/// Opens a chat with the defaults and two agents, `bo` and `cy`, whose secrets are their names.
fn opening() -> live::Opening {
    let account = |name: &str| live::Account {
        name: name.to_string(),
        secret_sha256: Sha256::digest(name.as_bytes()).into(),
        capacity: None,
    };
    live::Opening {
        settings: live::lobby::Settings {
            wait: Duration::from_secs(120),
            queue: 500,
            agent_grace: Duration::from_secs(30),
            visitor_grace: Duration::from_secs(120),
            queue_grace: Duration::from_secs(30),
            rating_time: Duration::from_secs(60),
            idle: Duration::from_secs(300),
            capacity: 1,
        },
        accounts: vec![account("bo"), account("cy")],
        zone: live::zone::Zone::Fixed(0),
        last_chat: 0,
        today: (String::new(), Vec::new(), Vec::new()),
    }
}

/// Returns bounds so low that short inputs reach them.
fn tight() -> Limits {
    Limits {
        head_bytes: 160,
        head_fields: 4,
        target_bytes: 24,
        chunk_ext_bytes: 8,
        chunk_ext_total_bytes: 20,
        trailer_bytes: 32,
        ..Limits::default()
    }
}

/// Returns a generator that is the same for the same input.
fn random(input: &[u8]) -> fastrand::Rng {
    let seed = input.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, &b| {
        (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    fastrand::Rng::with_seed(seed)
}

/// Returns ways to cut `length` bytes, as growing ends: at once, byte by byte, and twice at random.
fn cuts(length: usize, random: &mut fastrand::Rng) -> [Vec<usize>; 4] {
    let mut by_chance = || {
        let step_max = random.usize(1..=length.max(1));
        let mut ends = vec![];
        let mut end = 0;
        while end < length {
            end = length.min(end + random.usize(1..=step_max));
            ends.push(end);
        }
        ends
    };
    [vec![length], (1..=length).collect(), by_chance(), by_chance()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_cover_everything_in_order() {
        for length in [0, 1, 2, 100] {
            for ends in cuts(length, &mut random(b"x")) {
                assert!(ends.is_sorted_by(|a, b| a < b));
                assert_eq!(ends.last().copied().unwrap_or(0), length);
            }
        }
    }

    /// Building blocks of requests, responses, bodies and lines.
    const FRAGMENTS: &[&[u8]] = &[
        b"GET ",
        b"POST ",
        b"OPTIONS ",
        b"CONNECT ",
        b"/",
        b"/a?b=c&d",
        b"*",
        b"http://h:1/p",
        b"h:443",
        b" HTTP/1.1\r\n",
        b" HTTP/1.0\r\n",
        b" HTTP/2.0\r\n",
        b"Host: x\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST /p HTTP/1.1\r\nHost: x\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"\t",
        b":",
        b"\0",
        b"\xff",
        b"Content-Length: 5\r\n",
        b"hello",
        b"Content-Length: 5, 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 304\r\n",
        b"HTTP/1.1 103 x\r\n\r\n",
        b"Connection: close\r\n",
        b"Expect: 100-continue\r\n",
        b"0\r\n\r\n",
        b"0\r\nA: b\r\n",
        b"5;ext=1\r\n",
        b"%2e",
        b"%2F",
        b"../",
        b"bytes=",
        b"2-5",
        b",",
        b";q=0.5",
        b"gzip",
        b"*",
        b"; a=b",
        b"W/",
        b"\"x\"",
        b"If-None-Match: ",
        b"If-Range: ",
        b"Range: bytes=1-",
        b"Sun, 06 Nov 1994 08:49:37 GMT",
        b"{\"n\":",
        b"100",
        b"1e5",
        b"}",
        b"\"",
        b",Abc12,",
        b"/hello ",
        b"/rate 5 ",
        b"/to 7 ",
        b"\xff\xfb\x1f",
        b"\xff\xfa\n",
        b"\xff\xf0",
        b"\xe2\x80\xae",
        b"<7|ann#1> ",
        b"00094a28ae5eca5dfc9e6e71bb9e4eae40ba0bf2c6dfc5e7f6a1b0f96e60cafe",
    ];

    /// Pieces of requests and bodies in any order reach most states without a fuzzer.
    #[test]
    fn laws_hold_on_shuffled_fragments() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..3000 {
            let input: Vec<u8> = (0..random.usize(0..12))
                .flat_map(|_| FRAGMENTS[random.usize(..FRAGMENTS.len())].to_vec())
                .collect();
            for (_, law) in LAWS {
                law(&input);
            }
        }
    }
}
