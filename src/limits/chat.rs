//! Bounds of the live chat.

use super::{KIB, MIB};
use std::time::Duration;

/// Visitors who wait, talk or rate at a time, those who were cut off included: fewer than there
/// are short ids, which have four hexadecimal digits.
pub const CHAT_VISITORS: usize = 32_768;

/// Lines of a visitor that are kept while it waits …
pub const CHAT_KEPT_LINES: usize = 20;

/// … and their bytes.
pub const CHAT_KEPT_BYTES: usize = 16 * KIB;

/// Bytes of one conversation, bookkeeping included: some ten thousand lines, which is more than a
/// day of typing.
pub const CHAT_TRANSCRIPT_BYTES: usize = 2 * MIB;

/// Bytes of finished chats that wait for a disk that takes nothing, before no new visitor is let
/// in: those who are in may still finish.
pub const CHAT_UNWRITTEN_BYTES: usize = 32 * MIB;

/// Chats at a time that an agent may want: more than anybody can read.
pub const CHAT_CAPACITY: u32 = 100;

/// How long somebody may talk too fast before the connection is closed.
pub const CHAT_FLOOD: Duration = Duration::from_secs(30);

/// Whoever leaves the queue sooner gave nobody a chance.
pub const CHAT_SHORT: Duration = Duration::from_secs(5);

/// How soon a visitor has to be attended to for good service.
pub const CHAT_SERVICE_LEVEL: Duration = Duration::from_secs(30);

/// How long places in the queue may be out of date: five hundred who wait are told at most so
/// often, however fast the queue moves.
pub const CHAT_POSITIONS: Duration = Duration::from_secs(5);

/// Timers of the lobby that are seen to in one turn, and places in the queue that are told in one:
/// each is a message at most, and a message some ten microseconds.
pub const CHAT_DUE: usize = 128;

/// How long a client may stay without saying who it is.
pub const CHAT_SILENT: Duration = Duration::from_secs(60);

/// Output of a chat that waits for a slow reader before it misses what is out of date anyway …
pub const CHAT_SLOW_LOSSY: usize = 32 * KIB;

/// … and before it is cut off. It can come back for what it has missed.
pub const CHAT_SLOW: usize = 128 * KIB;

/// Rows of one answer about sessions.
pub const CHAT_ROWS: usize = 10_000;
