//! The chat's line protocol: telnet filter, lines, what clients say, and what servers answer.
//!
//! ```text
//!   bytes ─▶ telnet ─▶ line (bounded, UTF-8, cleaned) ─▶ said: a command or text
//!   +OK CODE text · -ERR CODE name text · * EVENT key=value … [:text] · <who> text ◀─ print
//! ```
//! It never answers a telnet option, and never keeps more than one unfinished line.

pub mod bad;
pub mod print;
pub mod read;
pub mod said;
pub mod server;
pub mod telnet;

pub use bad::Bad;
pub use print::Printer;
pub use read::{Piece, Reader};
pub use said::{Said, Target, Whose, said};
pub use server::{ServerLine, server_line};
pub use telnet::Telnet;

/// Bytes of a line, without its ending.
pub const LINE_BYTES_MAX: usize = 4096;

/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 32;

/// Whether this can be a name: one word of 1 to 32 characters, none of which has a meaning in the
/// protocol.
pub fn is_name(text: &str) -> bool {
    let plain =
        |c: char| !"<>|#:,".contains(c) && !c.is_whitespace() && c != char::REPLACEMENT_CHARACTER;
    (1..=NAME_CHARS_MAX).contains(&text.chars().count()) && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_without_marks() {
        for name in ["a", "Åsa", "guest-3fa9", "x".repeat(32).as_str(), "名前", "a/b=c"] {
            assert!(is_name(name), "{name}");
        }
        for none in ["", "a b", "<a>", "a|b", "a#1", "a:b", "a,b", &"x".repeat(33), "a\u{fffd}"] {
            assert!(!is_name(none), "{none}");
        }
    }
}
