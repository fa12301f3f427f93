//! The bounds of the bookstore.

use super::{KIB, MIB};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Entries of the bookstore's log that are kept as such; older ones are folded into the state
/// that it begins with. A replica that was away for no longer than this catches up by them.
pub const STORE_LOG_ENTRIES: u64 = 65_536;

/// Entries folded at a time: some 50 ms for a thread of its own.
pub const STORE_FOLD: u64 = 4096;

/// Entries of one record, which is one commit.
pub const STORE_BATCH: usize = 1024;

/// Bytes of the disk that the bookstore's log leaves free: what it has taken, four replicas have to
/// write as well, and while they can, reads go on.
pub const STORE_ROOM: u64 = 16 * MIB as u64;

/// Entries read at a time for a replica that catches up.
pub const STORE_CATCH_UP: usize = 4096;

/// Writes of the bookstore that wait for their record …
pub const STORE_WRITES: usize = 16_384;

/// … and records that wait for replicas.
pub const STORE_RECORDS: usize = 256;

/// Time that a request waits for the bookstore.
pub const STORE_WAIT: Duration = Duration::from_secs(10);

/// Time that one replica may take to answer the front.
pub const STORE_REPLY: Duration = Duration::from_secs(4);

/// Connections that the front keeps to one replica …
pub const STORE_CONNECTIONS: usize = 64;

/// … and requests that wait for one of them.
pub const STORE_CALLS: usize = 16_384;

/// Pause before an unreachable remote replica is tried again.
pub const STORE_REST: Duration = Duration::from_millis(500);

/// Time that an unused connection to a replica is kept: less than a server keeps it.
pub const STORE_IDLE: Duration = Duration::from_secs(8);

/// Bytes of a body that the bookstore takes.
pub const STORE_BODY_BYTES: usize = 64 * KIB;

/// Bytes of a reply that the front takes from a replica: all books, with long titles.
pub const STORE_REPLY_BYTES: usize = 32 * MIB;

/// Rows of a page, when the state that the log begins with goes to another process: some 100 KiB,
/// a millisecond of either loop.
pub const STORE_PAGE: usize = 1000;

/// Time that the replicas of another process may be used after it last heard from the log, measured
/// there from the time of its request …
pub const STORE_LEASE: Duration = Duration::from_secs(1);

/// … and the additional time that writes wait for it, measured here from its last request: the
/// clocks of two machines differ, and a turn takes time.
pub const STORE_LEASE_SLACK: Duration = Duration::from_millis(250);

/// Time that a request for news is held while there are none.
pub const STORE_POLL: Duration = Duration::from_millis(300);

/// Processes that may follow the log.
pub const STORE_FOLLOWERS: usize = 16;

/// Pauses before a follower tries again to reach the log: the first, and the longest.
pub const STORE_RETRY: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(2);

/// Requests with writes for the log that a follower has under way …
pub const STORE_APPENDS: usize = 4;

/// … and bytes of entries in one of them.
pub const STORE_APPEND_BYTES: usize = 48 * KIB;
