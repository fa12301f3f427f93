//! Every bound of the server, with the reason for its default.
//!
//! A bound that an operator may want to move is a field of [`Limits`] and a flag of the same
//! name; a bound that follows from a protocol or from the design is a constant here. Nothing in
//! the server grows without one of them.

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
    /// Bytes of a request body on an API path. The largest honest body is far below; it is held
    /// in memory while it arrives.
    pub body_bytes: usize,
    /// From accept, or from the first byte of a later request, to the end of its head.
    pub head_timeout: Duration,
    /// Without a new byte of a body.
    pub body_timeout: Duration,
    /// Without progress of an answer that the peer is slow to take.
    pub send_timeout: Duration,
    /// Bytes a second below which a body or an answer counts as an attack on patience …
    pub min_rate: usize,
    /// … once it has been under way for this long.
    pub min_rate_after: Duration,
    /// Without a request between two requests of one connection.
    pub keepalive_timeout: Duration,
    /// Requests that one connection may send; 0 for no bound.
    pub keepalive_requests: u32,
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
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            send_timeout: Duration::from_secs(30),
            min_rate: 500,
            min_rate_after: Duration::from_secs(10),
            keepalive_timeout: Duration::from_secs(15),
            keepalive_requests: 0,
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

/// Open connections unless configured otherwise: one fewer than a slot number of 16 bits holds.
pub const CONNECTIONS_MAX: usize = 65_536;

/// Descriptors kept free of connections: listeners, database, logs, files in flight.
pub const DESCRIPTORS_RESERVED: usize = 64;
