//! The bounds of the static site: its files, its cache, its listings.

use super::{DESCRIPTORS_RESERVED, KIB, MIB};
use std::time::Duration;

/// Memory for files of the site unless configured otherwise: sites of small pages fit as a whole.
pub const CACHE_BYTES: usize = 64 * MIB;

/// How often a file that is in memory is looked at, on the disk, while it is asked for.
pub const RECHECK: Duration = Duration::from_secs(1);

/// A file that was written to is left alone for so long, in case more is to come: longer than a
/// copy pauses between two pieces, also where it has to wait for a processor …
pub const SETTLE: Duration = Duration::from_millis(100);

/// … and longer if it is empty, as files are that are about to be written anew …
pub const SETTLE_EMPTY: Duration = Duration::from_secs(1);

/// … where a moment in the future, up to so much of it, counts as now …
pub const SETTLE_AHEAD: Duration = Duration::from_secs(5);

/// … and looked at again after so long …
pub const SETTLE_PAUSE: Duration = Duration::from_millis(20);

/// … for so many times. A file that is replaced by another one meanwhile is whole, and is taken at
/// once. One that is written to all the time is taken when it has not changed from one look to the
/// next, after twice as many looks when it does not change while it is read, and after three times
/// as many, if nothing of it is in memory, as it is.
pub const SETTLE_TRIES: u32 = 25;

/// A file in memory from this length on is sent from a sealed copy that the kernel owns. That
/// saves copying it for each answer: 100 KiB cost 0.8 of the processor's time then, 1 MiB less
/// than half. Below, the copy costs less than handing pages over one by one …
pub const SEAL_BYTES_MIN: usize = 64 * KIB;

/// … and it takes two descriptors: a quarter of those that are kept free of connections are for
/// that. Whatever file finds none left is sent from memory, which is right, too.
pub const SEALED: usize = DESCRIPTORS_RESERVED / 8;

/// The second one is a pipe in which the pages of files up to this length stand ready. That is a
/// quarter of what a pipe may hold by default, and as much as is sent of a file in one step: of a
/// longer one the end would be duplicated for nothing.
pub const PAGES_BYTES_MAX: usize = 256 * KIB;

/// Read of a file in one slice: as much as a connection may have buffered.
pub const FILE_READ_BYTES: usize = 256 * KIB;

/// Of a file that is too long to be kept so many times the high mark of output are made ready at
/// once, 4 MiB by default. A round trip to a worker costs some ten microseconds, and sending so
/// much more than half a millisecond. None of it takes memory of the server's own.
pub const FILE_STRETCH: usize = 16;

/// How long a download that found the pool full waits for its next try.
pub const FILE_RETRY: Duration = Duration::from_millis(10);

/// Files that are looked up at a time.
pub const FETCHES: usize = 4096;

/// Requests that wait for one of them.
pub const FETCH_WAITERS: usize = 16_384;

/// How long a request waits for a disk.
pub const FETCH_WAIT: Duration = Duration::from_secs(20);

/// How long a probe waits to be told whether the site has a directory: probes of load balancers
/// give up after a few seconds.
pub const READY_WAIT: Duration = Duration::from_secs(2);

/// Names of a directory that are listed.
pub const LISTING_NAMES_MAX: usize = 10_000;

/// Bytes of listings that are being sent at a time: a dozen of the longest that have names of
/// usual length. One that is made while the same is still being sent takes no more.
pub const LISTINGS_BYTES: usize = 16 * MIB;

/// Threads that read files. Two, so that a disk that is slow to find one file does not hold up
/// those that are in memory anyway; they hardly compute.
pub const READERS: usize = 2;
