//! The chat's line protocol: telnet filter, lines, client commands and server lines.
//!
//! ```text
//!   bytes ─▶ telnet ─▶ line (bounded, UTF-8, cleaned) ─▶ said: a command or text
//!   +OK CODE text · -ERR CODE name text · * EVENT key=value … [:text] · <who> text ◀─ print
//! ```
//! Telnet options are never answered, and no more than one unfinished line is kept.

pub mod bad;
pub mod names;
pub mod print;
pub mod read;
pub mod said;
pub mod server;
pub mod telnet;

pub use bad::Bad;
pub use names::{NAME_CHARS_MAX, is_agent_name, is_name, looks};
pub use print::Printer;
pub use read::{Piece, Reader};
pub use said::{Said, Target, Whose, said};
pub use server::{ServerLine, server_line};
pub use telnet::Telnet;

/// Maximum bytes of a line, without its ending.
pub const LINE_BYTES_MAX: usize = 4096;
