//! Every bound of the server, with the reason for its default.
//!
//! A bound that an operator may want to move is a field of [`Limits`] and a flag of the same
//! name; a bound that follows from a protocol or from the design is a constant here. Nothing in
//! the server grows without one of them.

mod access;
mod chat;
mod pace;
mod rate_limited_log;
mod site;
mod store;

pub use access::*;
pub use chat::*;
pub use pace::{Linger, Pace};
pub use rate_limited_log::RateLimitedLog;
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
    /// Bytes of a request target: the minimum that RFC 9112 §3 recommends.
    pub target_bytes: usize,
    /// Extension bytes of one chunk. They are hardly ever used; RFC 9112 §7.1.1 asks for a bound.
    pub chunk_ext_bytes: usize,
    /// Extension bytes of all chunks of one message, so that one-byte chunks cannot carry an
    /// unbounded amount of them.
    pub chunk_ext_total_bytes: usize,
    /// Bytes of a trailer section.
    pub trailer_bytes: usize,
    /// Bytes of any request body, even if its route would take more. The largest honest body is far
    /// below; it is held in memory while it arrives.
    pub body_bytes: usize,
    /// Bytes of unfinished requests and lines of all connections together: a thousand of the
    /// largest bodies. Beyond it, the connections that hold most while they wait for more are
    /// closed.
    pub input_max: usize,
    /// Time from accept, or from the first byte of a later request, to the end of its head.
    pub head_timeout: Duration,
    /// Time without a new byte of a body.
    pub body_timeout: Duration,
    /// Time without progress of an answer that the peer is slow to read.
    pub send_timeout: Duration,
    /// Bytes a second below which a body or an answer counts as too slow …
    pub min_rate: usize,
    /// … over this time: for a body the last so many seconds, for an answer the time without
    /// progress if that is longer, since a socket reports room in large steps.
    pub min_rate_after: Duration,
    /// Time without a request between two requests of one connection.
    pub keepalive_timeout: Duration,
    /// Requests per connection; 0 for no bound.
    pub keepalive_requests: u32,
    /// Visitors of the site with a session, in some 6 MiB; 0 for none, and no cookie.
    pub sessions: usize,
    /// Time after which an unused session ends.
    pub session_idle: Duration,
    /// Time after which any session ends, so that a leaked id does not stay useful.
    pub session_lifetime: Duration,
    /// Open connections, the descriptor limit permitting; 0 takes [`CONNECTIONS_MAX`].
    pub max_connections: usize,
    /// Bytes read, and bytes written, for one connection per turn.
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

/// Upper bound of [`Limits::head_fields`]: the parser keeps them on its stack.
pub const HEAD_FIELDS_MAX: usize = 256;

/// Empty lines skipped before a request line (RFC 9112 §2.2 asks for at least one).
pub const EMPTY_LINES_MAX: usize = 2;

/// Bytes of a method. RFC 9112 §3 answers one that is longer than any implemented with 501; the
/// longest registered one, `UPDATEREDIRECTREF`, has 17.
pub const METHOD_BYTES_MAX: usize = 32;

/// Cookies of one request that are examined: browsers hold some 180 for a site.
pub const COOKIE_PAIRS_MAX: usize = 256;

/// Open connections unless configured otherwise: as many as a single client machine can open to one
/// address and port, and 20 MiB of memory at most while idle.
pub const CONNECTIONS_MAX: usize = 65_536;

/// Descriptors kept free of connections: [`DESCRIPTORS_TAKEN`], [`DESCRIPTORS_IN_FLIGHT`], and some
/// for [`SEALED`] files.
pub const DESCRIPTORS_RESERVED: usize = 64;

/// Descriptors of an idle server with all its services, where they cannot be counted: listeners,
/// databases, logs.
pub const DESCRIPTORS_TAKEN: usize = 42;

/// Descriptors kept for files that are being looked up: one for each of the [`READERS`], with its
/// three other encodings; and a few for connections that are being accepted or dialled.
pub const DESCRIPTORS_IN_FLIGHT: usize = 12;

/// Connections that a server accepts before it keeps [`DESCRIPTORS_RESERVED`] free, where the limit
/// on descriptors is low.
pub const CONNECTIONS_FEW: usize = 16;

/// Time that a request waits for a file while no descriptor is free. Idle connections are closed
/// meanwhile, and others end.
pub const DESCRIPTOR_WAIT: Duration = Duration::from_secs(1);

/// Connections waiting for `accept`, per listener. The kernel caps it at `net.core.somaxconn`.
pub const BACKLOG: i32 = 4096;

/// Connections accepted from one listener per turn.
pub const ACCEPTS_PER_TURN: usize = 64;

/// Bytes of a body that asks for an estimate of π or for statistics: four times the longest that
/// our own clients send, for names written in escapes and members on lines of their own.
pub const PI_BODY_BYTES: usize = KIB;

/// Bytes of a body about a proof of work: the longest message, each byte of it an escape.
pub const POW_BODY_BYTES: usize = 64 * KIB;

/// Nesting depth of a JSON body: ours are flat, or lists of objects.
pub const JSON_DEPTH: usize = 8;

/// Members and elements of a JSON body, in all of its parts together: ours have ten. As many as fit
/// into 64 KiB would keep the loop busy for several milliseconds.
pub const JSON_MEMBERS: usize = 256;

/// Datagrams read from one socket per turn: at least as many as the loop itself may have sent there
/// in the previous turn.
pub const DATAGRAMS_PER_TURN: usize = EFFECTS_PER_TURN;

/// When idle connections have to make room for a new one, this fraction is closed at once: the
/// search for the oldest visits all of them, so its cost is shared …
pub const EVICTION_SHARE: usize = 16;

/// … but no more than this number.
pub const EVICTIONS_PER_SCAN: usize = 64;

/// Time without progress after which a connection is the first to give up the input that it holds.
pub const INPUT_IDLE: Duration = Duration::from_secs(1);

/// Pause of a listener after an accept that failed for lack of descriptors or memory …
pub const ACCEPT_REST: Duration = Duration::from_millis(100);

/// … or after so many failures in a row, for any reason. Only a few waiting connections are aborted
/// at a time; a firewall that refuses every call refuses all of them.
pub const ACCEPT_FAILURES: u32 = 8;

/// Time that a closed connection waits for the peer's next byte or its end, discarding input, so
/// that the last answer is not lost to a reset …
pub const LINGER: Duration = Duration::from_secs(2);

/// … in total: as long as nginx waits for a sender that does not stop by itself …
pub const LINGER_MAX: Duration = Duration::from_secs(30);

/// … and the number of bytes that it discards. Nothing of it is kept, and each turn takes only its
/// share; a sender that reads its answer after the last byte of an upload gets it, up to this
/// length.
pub const LINGER_BYTES: usize = 256 * MIB;

/// Time that idle connections stay open once the server is told to end: a request that is already
/// on its way is still answered.
pub const DRAIN_IDLE: Duration = Duration::from_millis(300);

/// Minimum time for threads when everything else has ended: for a slice or a commit that is still
/// running when the grace period is over, or when there was none.
pub const WIND_UP: Duration = Duration::from_secs(1);

/// Time for an outgoing connection to be established.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(2);

/// Outcomes of jobs delivered per turn, and connections that continue after their share of a turn.
/// A thousand downloads would otherwise delay all others for as long as it takes to fill all their
/// sockets, a quarter of a millisecond each.
pub const COMPLETIONS_PER_TURN: usize = 16;

/// Maximum sleep of the loop while jobs are running: a lost wake-up costs no more.
pub const WAKE_CHECK: Duration = Duration::from_secs(1);

/// See [`COMPLETIONS_PER_TURN`].
pub const AGAIN_PER_TURN: usize = 16;

/// Effects applied per turn; the rest waits for the next one, after the sockets were polled. Each
/// may be a dial, and each dial a datagram to our own legacy server, of which a socket holds 277
/// with the default buffer of Linux (212,992 bytes, 768 for each): the excess is lost.
pub const EFFECTS_PER_TURN: usize = 256;

/// Requested receive buffer for datagrams, per socket: some five thousand small ones. With the
/// default `net.core.rmem_max` the kernel grants a tenth of that.
pub const DATAGRAM_BACKLOG_BYTES: usize = 4 * MIB;

/// Bytes of one datagram: the maximum of IPv4.
pub const DATAGRAM_BYTES: usize = 65_507;

/// Datagram peers that wait for their answer, per socket: more than ten thousand at a time, in
/// about two mebibytes.
pub const DATAGRAM_PEERS: usize = 16_384;

/// Source addresses whose datagram rate is remembered.
pub const RATE_SOURCES: usize = 4096;

/// Jobs waiting for a worker. A thousand clients with eight operations each fit.
pub const JOBS: usize = 16_384;

/// Requests waiting for the database. They are committed together, so many are cheap.
pub const DATABASE_REQUESTS: usize = 65_536;

/// Access log lines waiting for the log thread; beyond it lines are dropped and counted.
pub const LOG_LINES: usize = 16_384;

/// Messages of one connection that wait for their proofs …
pub const POW_REQUESTS: usize = 1024;

/// … and bytes of them and their replies, before reading pauses.
pub const POW_BYTES: usize = 256 * KIB;

/// Concurrent searches of one connection. More would only fill the pool, which schedules
/// connections, not searches.
pub const POW_SEARCHES: usize = 8;

/// Pause before a search is submitted again after the pool was full.
pub const POW_RETRY: Duration = Duration::from_millis(10);

/// Time that a line client may stay without a request.
pub const POW_IDLE: Duration = Duration::from_mins(10);

/// Searches requested over HTTP that are running or kept: with the longest messages 64 MiB.
pub const POW_JOBS: usize = 8192;

/// Time that the result of a search is kept for later requests.
pub const POW_JOB_KEPT: Duration = Duration::from_mins(10);

/// Time that a search may take unless the client sets less.
pub const POW_TTL_MAX: Duration = Duration::from_mins(10);

/// Time that a request waits for its search unless the client sets another …
pub const POW_WAIT: Duration = Duration::from_secs(10);

/// … and its maximum: proxies give up after a minute.
pub const POW_WAIT_MAX: Duration = Duration::from_secs(30);

/// Expected work of the running searches beyond which no more are accepted over HTTP.
pub const POW_BACKLOG: Duration = Duration::from_secs(60);

/// Proofs remembered as spent, in some 32 MiB of the database. None is forgotten before its time.
pub const POW_SPENT: usize = 1 << 18;

/// Time for which a proof is remembered as spent unless configured otherwise: long enough for
/// messages that contain the date.
pub const POW_SPENT_KEPT: Duration = Duration::from_hours(24);

/// Delay of work that exceeds its share of a turn: due after the present turn began, so in another
/// one.
pub const NEXT_TURN: Duration = Duration::from_micros(1);

/// Compression blocks that all sessions together may compute on the loop in one turn: half a
/// millisecond with a vector kernel, too short to be noticed.
pub const IN_PLACE_BLOCKS: u64 = 32_768;

/// Duration of a load test started from the panel, unless set …
pub const TEST_TIME: Duration = Duration::from_secs(5);

/// … and its maximum.
pub const TEST_TIME_MAX: Duration = Duration::from_secs(60);

/// Extra time for its process, to start and to write its report.
pub const TEST_GRACE: Duration = Duration::from_secs(10);

/// Stored reports of load tests: months of daily runs.
pub const REPORTS: usize = 100;

/// Bytes of a report: an hour's series has half a mebibyte.
pub const REPORT_BYTES: usize = 2 * MIB;
