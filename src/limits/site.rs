//! The bounds of the static site: its files, its cache, its listings.

use super::{DESCRIPTORS_RESERVED, KIB, MIB};
use std::time::Duration;

/// Memory for files of the site unless configured otherwise: a site of small pages fits completely.
pub const CACHE_BYTES: usize = 64 * MIB;

/// Interval at which a cached file is checked on disk while it is requested.
pub const RECHECK: Duration = Duration::from_secs(1);

/// Time without writes after which a file is considered complete: longer than a copy pauses between
/// two writes, even if it has to wait for a processor …
pub const SETTLE: Duration = Duration::from_millis(100);

/// … and longer if the file is empty, as files are that are about to be rewritten …
pub const SETTLE_EMPTY: Duration = Duration::from_secs(1);

/// … where a time up to so far in the future counts as now …
pub const SETTLE_AHEAD: Duration = Duration::from_secs(5);

/// … and the pause before the file is checked again …
pub const SETTLE_PAUSE: Duration = Duration::from_millis(20);

/// … this many times. A file that is replaced meanwhile is complete, and is used at once. One that
/// is written all the time is used if it did not change between two checks; after twice as many
/// checks, if it does not change while it is read; and after three times as many, if nothing of it
/// is in memory, as it is.
pub const SETTLE_TRIES: u32 = 25;

/// Length from which a cached file is sent from a sealed copy in the kernel. That avoids a copy for
/// each answer: 100 KiB take 0.8 of the processor time, 1 MiB less than half. Below, the copy costs
/// less than transferring pages one by one …
pub const SEAL_BYTES_MIN: usize = 64 * KIB;

/// … and it takes two descriptors: a quarter of the reserved ones is for that. A file that gets
/// none is sent from memory.
pub const SEALED: usize = DESCRIPTORS_RESERVED / 8;

/// Length up to which the pages of a sealed copy are held in a pipe, its second descriptor. That is
/// a quarter of the default pipe size, and the amount sent in one step: of a longer file the end
/// would be duplicated in vain.
pub const PAGES_BYTES_MAX: usize = 256 * KIB;

/// Bytes of a file read in one slice: as many as a connection may have buffered.
pub const FILE_READ_BYTES: usize = 256 * KIB;

/// Range of a large file that is loaded ahead of sending, as a multiple of the high mark of output:
/// 4 MiB by default. A round trip to a worker costs some ten microseconds, and sending that much
/// more than half a millisecond. It takes none of the server's own memory.
pub const FILE_STRETCH: usize = 16;

/// Pause before a download is submitted again after the pool was full.
pub const FILE_RETRY: Duration = Duration::from_millis(10);

/// Concurrent lookups of files.
pub const FETCHES: usize = 4096;

/// Requests that wait for a lookup.
pub const FETCH_WAITERS: usize = 16_384;

/// Time that a request waits for a disk.
pub const FETCH_WAIT: Duration = Duration::from_secs(20);

/// Time that a readiness probe waits for the check of the root directory: load balancers give up
/// after a few seconds.
pub const READY_WAIT: Duration = Duration::from_secs(2);

/// Maximum names in a directory listing.
pub const LISTING_NAMES_MAX: usize = 10_000;

/// Bytes of listings that are being sent at a time: a dozen of the longest ones with names of usual
/// length. Identical listings share their bytes.
pub const LISTINGS_BYTES: usize = 16 * MIB;

/// Threads that read files. Two, so that a slow disk does not delay files that are cached by the
/// kernel; they hardly compute.
pub const READERS: usize = 2;
