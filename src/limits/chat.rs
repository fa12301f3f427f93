//! Bounds of the live chat.

use super::{KIB, MIB};
use std::time::Duration;

/// Visitors who wait, talk or rate at a time, including disconnected ones: fewer than there are
/// short ids, which have four hexadecimal digits.
pub const CHAT_VISITORS: usize = 32_768;

/// Lines of a visitor that are kept while they wait for an agent …
pub const CHAT_KEPT_LINES: usize = 20;

/// … and their bytes.
pub const CHAT_KEPT_BYTES: usize = 16 * KIB;

/// Bytes of one transcript, overhead included: some ten thousand lines, more than a day of typing.
pub const CHAT_TRANSCRIPT_BYTES: usize = 2 * MIB;

/// Bytes of finished chats that wait for a disk that does not accept writes, before new visitors
/// are refused: chats in progress may still finish.
pub const CHAT_UNWRITTEN_BYTES: usize = 32 * MIB;

/// Chats at a time that an agent may ask for: more than a person can read.
pub const CHAT_CAPACITY: u32 = 100;

/// Time that a client may exceed the message rate before its connection is closed.
pub const CHAT_FLOOD: Duration = Duration::from_secs(30);

/// Time in the queue below which an abandoned visit does not count against the agents.
pub const CHAT_SHORT: Duration = Duration::from_secs(5);

/// Waiting time within which a visitor is answered for good service.
pub const CHAT_SERVICE_LEVEL: Duration = Duration::from_secs(30);

/// Maximum age of the position shown to visitors in the queue: five hundred of them are updated no
/// more often than this, however fast the queue moves.
pub const CHAT_POSITIONS: Duration = Duration::from_secs(5);

/// Timers of the lobby handled in one turn, and positions in the queue sent in one: each is at most
/// a message, and a message takes some ten microseconds.
pub const CHAT_DUE: usize = 128;

/// Time that a client may stay without giving its name.
pub const CHAT_SILENT: Duration = Duration::from_secs(60);

/// Pending output of a slow reader beyond which outdated messages are skipped …
pub const CHAT_SLOW_LOSSY: usize = 32 * KIB;

/// … and beyond which it is disconnected. It can resume and get the missed lines.
pub const CHAT_SLOW: usize = 128 * KIB;

/// Rows of one answer about sessions.
pub const CHAT_ROWS: usize = 10_000;
