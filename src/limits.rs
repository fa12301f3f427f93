//! Every bound of the server, with the reason for its default.
//!
//! A bound that an operator may want to move is a field of [`Limits`] and a flag of the same
//! name; a bound that follows from a protocol or from the design is a constant here. Nothing in
//! the server grows without one of them.

mod access;
mod chat;
mod pace;
mod site;
mod store;

pub use access::*;
pub use chat::*;
pub use pace::{Linger, Pace};
pub use site::*;
pub use store::*;

use std::time::Duration;

/// One kibibyte.
pub const KIB: usize = 1024;
/// One mebibyte.
pub const MIB: usize = 1024 * KIB;

/// The bounds that flags may move. Bytes are `usize`, times are [`Duration`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request head, from the first byte to the empty line. Browsers with many
    /// cookies send 8 KiB; twice that leaves room, and a connection that drips a head can hold
    /// no more than this.
    pub head_bytes: usize,
    /// Fields in a head. Real clients send some forty at most.
    pub head_fields: usize,
    /// Bytes of a request target: what RFC 9112 §3 recommends as a minimum.
    pub target_bytes: usize,
    /// Extension bytes of one chunk. Nobody uses them; RFC 9112 §7.1.1 asks for a bound.
    pub chunk_ext_bytes: usize,
    /// Extension bytes of all chunks of one message, so that one-byte chunks cannot carry an
    /// unbounded amount of them.
    pub chunk_ext_total_bytes: usize,
    /// Bytes of a trailer section.
    pub trailer_bytes: usize,
    /// Bytes of any request body, however much its route would take. The largest honest body is far
    /// below; it is held in memory while it arrives.
    pub body_bytes: usize,
    /// Bytes of unfinished requests and lines that all connections hold together: a thousand of the
    /// largest bodies. Beyond it those that hold most while they wait for more are closed.
    pub input_max: usize,
    /// From accept, or from the first byte of a later request, to the end of its head.
    pub head_timeout: Duration,
    /// Without a new byte of a body.
    pub body_timeout: Duration,
    /// Without progress of an answer that the peer is slow to take.
    pub send_timeout: Duration,
    /// Bytes a second below which a body or an answer counts as an attack on patience …
    pub min_rate: usize,
    /// … over this time: that of a body over the last so many seconds, that of an answer over the
    /// time without progress if that is longer, since a socket reports room in large steps.
    pub min_rate_after: Duration,
    /// Without a request between two requests of one connection.
    pub keepalive_timeout: Duration,
    /// Requests that one connection may send; 0 for no bound.
    pub keepalive_requests: u32,
    /// Visitors of the site that are told apart, in some 6 MiB; 0 for none, and no cookie.
    pub sessions: usize,
    /// How long a visitor may stay away and still be the same one.
    pub session_idle: Duration,
    /// How long one may be the same at all, so that an id that leaked is of no use for ever.
    pub session_lifetime: Duration,
    /// Open connections, the descriptor limit permitting; 0 takes [`CONNECTIONS_MAX`].
    pub max_connections: usize,
    /// Bytes read, and bytes written, for one connection before the next one's turn.
    pub turn_bytes: usize,
    /// Buffered output at which a connection's input is no longer read …
    pub output_high: usize,
    /// … until it has drained to this. A distance of 192 KiB keeps the two from alternating.
    pub output_low: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head_bytes: 16 * KIB,
            head_fields: 100,
            target_bytes: 8 * KIB,
            chunk_ext_bytes: 256,
            chunk_ext_total_bytes: 4 * KIB,
            trailer_bytes: 4 * KIB,
            body_bytes: MIB,
            input_max: 64 * MIB,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            send_timeout: Duration::from_secs(30),
            min_rate: 500,
            min_rate_after: Duration::from_secs(10),
            keepalive_timeout: Duration::from_secs(15),
            keepalive_requests: 0,
            sessions: 100_000,
            session_idle: Duration::from_mins(30),
            session_lifetime: Duration::from_hours(24),
            max_connections: 0,
            turn_bytes: 64 * KIB,
            output_high: 256 * KIB,
            output_low: 64 * KIB,
        }
    }
}

/// Most fields that [`Limits::head_fields`] may be raised to: the parser keeps them on its stack.
pub const HEAD_FIELDS_MAX: usize = 256;

/// Empty lines skipped before a request line (RFC 9112 §2.2 asks for at least one).
pub const EMPTY_LINES_MAX: usize = 2;

/// Bytes of a method. RFC 9112 §3 answers one that is longer than any implemented with 501; the
/// longest registered one, `UPDATEREDIRECTREF`, has 17.
pub const METHOD_BYTES_MAX: usize = 32;

/// Cookies of one request that are looked at: browsers hold some 180 for a site.
pub const COOKIE_PAIRS_MAX: usize = 256;

/// Open connections unless configured otherwise: what one address and port can be asked
/// for by a single client machine, and 20 MiB of memory at most while idle.
pub const CONNECTIONS_MAX: usize = 65_536;

/// Descriptors kept free of connections: [`DESCRIPTORS_TAKEN`], [`DESCRIPTORS_IN_FLIGHT`], and some
/// for [`SEALED`] files.
pub const DESCRIPTORS_RESERVED: usize = 64;

/// Descriptors of a server with all its services at rest, where they cannot be counted: listeners,
/// databases, logs.
pub const DESCRIPTORS_TAKEN: usize = 42;

/// Descriptors kept for files that are being looked up: by each of the [`READERS`] one with its
/// three other encodings; and a few for whoever is being accepted or dialled.
pub const DESCRIPTORS_IN_FLIGHT: usize = 12;

/// Connections that a server takes before it keeps [`DESCRIPTORS_RESERVED`] free, where the limit
/// on descriptors is low.
pub const CONNECTIONS_FEW: usize = 16;

/// How long a file is waited for while no descriptor is free. Connections that are idle are closed
/// meanwhile, and others end.
pub const DESCRIPTOR_WAIT: Duration = Duration::from_secs(1);

/// Connections waiting for `accept`, per listener. The kernel caps it at `net.core.somaxconn`.
pub const BACKLOG: i32 = 4096;

/// Connections accepted from one listener before the loop looks at anything else.
pub const ACCEPTS_PER_TURN: usize = 64;

/// Bytes of a body that asks for an estimate of π or for statistics: four times the longest that
/// our own clients send, for names that are written in escapes and members on lines of their own.
pub const PI_BODY_BYTES: usize = KIB;

/// Bytes of a body about a proof of work: the longest message, each byte of it an escape.
pub const POW_BODY_BYTES: usize = 64 * KIB;

/// How deep a JSON body may nest: ours are flat, and lists of objects at most.
pub const JSON_DEPTH: usize = 8;

/// Members and elements of a JSON body, those of all its parts together: ours have ten. As many as
/// fit into 64 KiB would keep the loop busy for several milliseconds.
pub const JSON_MEMBERS: usize = 256;

/// Datagrams read from one socket before the loop looks at anything else: at least as many as the
/// loop itself may have sent there in the turn before.
pub const DATAGRAMS_PER_TURN: usize = EFFECTS_PER_TURN;

/// When idle connections are in the way of a new one, one in so many is closed at once: the search
/// for the oldest walks all of them, so that its cost is shared …
pub const EVICTION_SHARE: usize = 16;

/// … but no more than this.
pub const EVICTIONS_PER_SCAN: usize = 64;

/// A connection that has not moved for so long gives up the input that it holds before others do.
pub const INPUT_IDLE: Duration = Duration::from_secs(1);

/// How long a listener rests after an accept that failed for want of descriptors or memory …
pub const ACCEPT_REST: Duration = Duration::from_millis(100);

/// … or after so many failures in a row, whatever their reason. Connections that were aborted while
/// they waited are a few at a time; a firewall that refuses every call refuses all of them.
pub const ACCEPT_FAILURES: u32 = 8;

/// How long a closed connection waits for the peer's next byte or its end, discarding what comes,
/// so that the last answer is not lost to a reset …
pub const LINGER: Duration = Duration::from_secs(2);

/// … how long in all: as long as nginx waits for a sender that does not stop by itself …
pub const LINGER_MAX: Duration = Duration::from_secs(30);

/// … and how much it discards. Nothing of it is kept, and each turn takes its share only; a sender
/// that reads its answer after the last byte of an upload gets it, up to this length.
pub const LINGER_BYTES: usize = 256 * MIB;

/// How long idle connections stay open once the server is told to end: a request that is
/// already on its way is still answered.
pub const DRAIN_IDLE: Duration = Duration::from_millis(300);

/// How long threads may take at least when everything else has ended: a slice or a commit that is
/// under way when the grace is used up, or when there was none.
pub const WIND_UP: Duration = Duration::from_secs(1);

/// How long an outgoing connection may take to be established.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(2);

/// Outcomes of jobs handed out in one turn, and connections that go on after they have had a
/// turn's share. A thousand downloads would otherwise keep everybody else waiting for as long as
/// it takes to fill all their sockets, a quarter of a millisecond each.
pub const COMPLETIONS_PER_TURN: usize = 16;

/// How long the loop sleeps at most while jobs are under way: a wake-up that was lost costs no
/// more.
pub const WAKE_CHECK: Duration = Duration::from_secs(1);

/// See [`COMPLETIONS_PER_TURN`].
pub const AGAIN_PER_TURN: usize = 16;

/// Effects applied in one turn; what is left waits for the next, after a look at the sockets. Each
/// may be a dial, and each dial a datagram to our own legacy server, of which a socket holds 277
/// with the default buffer of Linux (212,992 bytes, 768 for each): what does not fit is lost.
pub const EFFECTS_PER_TURN: usize = 256;

/// What the kernel is asked to hold of datagrams that were not read yet, per socket: some five
/// thousand small ones. Where `net.core.rmem_max` is as shipped it grants a tenth of that.
pub const DATAGRAM_BACKLOG_BYTES: usize = 4 * MIB;

/// Bytes of one datagram: what IPv4 can carry.
pub const DATAGRAM_BYTES: usize = 65_507;

/// Datagram peers that wait for their answer, per socket: more than ten thousand at a time, in
/// about two mebibytes.
pub const DATAGRAM_PEERS: usize = 16_384;

/// Source addresses whose datagram rate is remembered.
pub const RATE_SOURCES: usize = 4096;

/// Jobs waiting for a worker. A thousand clients that ask for eight operations each fit.
pub const JOBS: usize = 16_384;

/// Requests waiting for the database. They are committed together, so that many are cheap.
pub const DATABASE_REQUESTS: usize = 65_536;

/// Access log lines waiting for the log thread; beyond it lines are dropped, and counted.
pub const LOG_LINES: usize = 16_384;

/// Messages of one connection that wait for their proofs …
pub const POW_REQUESTS: usize = 1024;

/// … and bytes that they and their replies take, before it is no longer read.
pub const POW_BYTES: usize = 256 * KIB;

/// Searches of one connection that are under way at a time. More would only fill the pool: it
/// gives each connection its turn, not each search.
pub const POW_SEARCHES: usize = 8;

/// How long a search that found the pool full waits for its next try.
pub const POW_RETRY: Duration = Duration::from_millis(10);

/// How long a line client may stay without asking for anything.
pub const POW_IDLE: Duration = Duration::from_mins(10);

/// Searches asked for over HTTP that are under way or kept: with the longest messages 64 MiB.
pub const POW_JOBS: usize = 8192;

/// How long the result of a search is kept for those who ask later.
pub const POW_JOB_KEPT: Duration = Duration::from_mins(10);

/// How long a search may take unless it asks for less.
pub const POW_TTL_MAX: Duration = Duration::from_mins(10);

/// How long a request waits for its search unless it says otherwise …
pub const POW_WAIT: Duration = Duration::from_secs(10);

/// … and at most: proxies give up after a minute.
pub const POW_WAIT_MAX: Duration = Duration::from_secs(30);

/// Expected work of the searches under way beyond which no more are taken over HTTP.
pub const POW_BACKLOG: Duration = Duration::from_secs(60);

/// Proofs that are remembered as spent, in some 32 MiB of the database. None is forgotten before
/// its time.
pub const POW_SPENT: usize = 1 << 18;

/// How long that is, unless told otherwise: long enough for whoever puts the day into the message.
pub const POW_SPENT_KEPT: Duration = Duration::from_hours(24);

/// How soon what was too much for one turn goes on: later than this turn began, so in another.
pub const NEXT_TURN: Duration = Duration::from_micros(1);

/// Compression blocks that all sessions together may compute on the loop in one turn: half a
/// millisecond with a vector kernel, so that nobody else notices.
pub const IN_PLACE_BLOCKS: u64 = 32_768;

/// How long the load test at a click takes unless it is told …
pub const TEST_TIME: Duration = Duration::from_secs(5);

/// … and at most.
pub const TEST_TIME_MAX: Duration = Duration::from_secs(60);

/// How much longer its process may be there, to start and to write its report.
pub const TEST_GRACE: Duration = Duration::from_secs(10);

/// Reports of load tests that are kept: months of daily runs.
pub const REPORTS: usize = 100;

/// Bytes of a report: an hour's series has half a mebibyte.
pub const REPORT_BYTES: usize = 2 * MIB;
