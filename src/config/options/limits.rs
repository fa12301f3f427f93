//! The rows of HTTP: what it says of itself, and the bounds that `limits.rs` gives reasons for.
//!
//! The ranges keep typing errors out; they promise nothing about what is wise.

use super::{Opt, PATIENCE};
use crate::config::table::{put, switch, valued};
use crate::config::value::{byte_rate, count, duration, size};
use crate::limits::{CONNECTIONS_MAX, HEAD_FIELDS_MAX, KIB, MIB};
use std::ops::RangeInclusive;
use std::time::Duration;

pub(super) static HTTP: [Opt; 24] = [
    valued("head-bytes", "SIZE", "16KiB", "Bytes of a request head, to its empty line", |d, v| {
        put(&mut d.config.limits.head_bytes, size(v, 256..=MIB))
    }),
    valued("head-fields", "N", "100", "Fields of a request head", |d, v| {
        put(&mut d.config.limits.head_fields, count(v, 1..=HEAD_FIELDS_MAX))
    }),
    valued("target-bytes", "SIZE", "8KiB", "Bytes of a request target", |d, v| {
        put(&mut d.config.limits.target_bytes, size(v, 64..=MIB))
    }),
    valued("chunk-ext-bytes", "SIZE", "256B", "Extension bytes of one chunk", |d, v| {
        put(&mut d.config.limits.chunk_ext_bytes, size(v, 0..=64 * KIB))
    }),
    valued(
        "chunk-ext-total-bytes",
        "SIZE",
        "4KiB",
        "Extension bytes of all chunks of a message",
        |d, v| put(&mut d.config.limits.chunk_ext_total_bytes, size(v, 0..=MIB)),
    ),
    valued("trailer-bytes", "SIZE", "4KiB", "Bytes of a trailer section", |d, v| {
        put(&mut d.config.limits.trailer_bytes, size(v, 2..=MIB))
    }),
    valued("body-bytes", "SIZE", "1MiB", "Bytes of a request body on an API path", |d, v| {
        put(&mut d.config.limits.body_bytes, size(v, 0..=GIB))
    }),
    valued(
        "input-max",
        "SIZE",
        "64MiB",
        "Bytes of unfinished requests that all connections may hold together",
        |d, v| put(&mut d.config.limits.input_max, size(v, KIB..=GIB)),
    ),
    valued(
        "head-timeout",
        "TIME",
        "10s",
        "From accept, or the first byte of a later request, to the end of its head",
        |d, v| put(&mut d.config.limits.head_timeout, duration(v, PATIENCE)),
    ),
    valued("body-timeout", "TIME", "30s", "Longest wait for the next byte of a body", |d, v| {
        put(&mut d.config.limits.body_timeout, duration(v, PATIENCE))
    }),
    valued(
        "send-timeout",
        "TIME",
        "30s",
        "Longest wait for a peer that takes nothing of its answer",
        |d, v| put(&mut d.config.limits.send_timeout, duration(v, PATIENCE)),
    ),
    valued(
        "min-rate",
        "SIZE",
        "500B",
        "Bytes a second that a body or an answer has to make; 0 asks for none",
        |d, v| put(&mut d.config.limits.min_rate, byte_rate(v, 0..=GIB)),
    ),
    valued(
        "min-rate-after",
        "TIME",
        "10s",
        "How long a transfer may take before its rate counts",
        |d, v| put(&mut d.config.limits.min_rate_after, duration(v, PATIENCE)),
    ),
    valued(
        "keepalive-timeout",
        "TIME",
        "15s",
        "Longest wait between two requests of a connection",
        |d, v| put(&mut d.config.limits.keepalive_timeout, duration(v, PATIENCE)),
    ),
    valued(
        "keepalive-requests",
        "N",
        "0",
        "Requests that a connection may send; 0 is no bound",
        |d, v| put(&mut d.config.limits.keepalive_requests, count(v, 0..=u32::MAX)),
    ),
    valued(
        "sessions",
        "N",
        "100000",
        "Visitors of the site told apart by a cookie; 0 sends none",
        |d, v| put(&mut d.config.limits.sessions, count(v, 0..=SESSIONS_MAX)),
    ),
    valued("session-idle", "TIME", "30m", "How long a visitor may stay away", |d, v| {
        put(&mut d.config.limits.session_idle, duration(v, VISITS))
    }),
    valued("session-lifetime", "TIME", "24h", "How long a visit may last", |d, v| {
        put(&mut d.config.limits.session_lifetime, duration(v, VISITS))
    }),
    valued(
        "max-connections",
        "N",
        "0",
        "Open connections, descriptors permitting; 0 takes 65536",
        |d, v| put(&mut d.config.limits.max_connections, count(v, 0..=CONNECTIONS_MAX)),
    ),
    valued(
        "turn-bytes",
        "SIZE",
        "64KiB",
        "Bytes read, and written, for a connection before the next one's turn",
        |d, v| put(&mut d.config.limits.turn_bytes, size(v, KIB..=16 * MIB)),
    ),
    valued(
        "output-high",
        "SIZE",
        "256KiB",
        "Buffered output at which a connection's input is left unread",
        |d, v| put(&mut d.config.limits.output_high, size(v, 4 * KIB..=GIB)),
    ),
    valued("output-low", "SIZE", "64KiB", "Buffered output at which it is read again", |d, v| {
        put(&mut d.config.limits.output_low, size(v, KIB..=GIB))
    }),
    switch(
        "defer-accept",
        "Let the kernel keep a new connection until its first byte, a second at most: less work \
         for each, but a silent one is not seen before",
        |d, on| {
            d.config.defer_accept = on;
        },
    ),
    switch("no-server-header", "Leave the Server field out of responses", |d, on| {
        d.config.server_header = !on;
    }),
];

const GIB: usize = 1024 * MIB;
/// The largest number that fits into an entry of the table.
const SESSIONS_MAX: usize = 1 << 24;
const VISITS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(8784);
