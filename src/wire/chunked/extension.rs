//! Chunk extensions (RFC 9112 §7.1.1): the grammar is checked, the content is ignored.
//!
//! ```text
//!   chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
//!
//!   Before ─;─▶ Start ─▶ Name ─▶ Named ─=─▶ Equals ─┬▶ Token ─▶ Before
//!     ▲                                             └▶ Quoted ⇄ Escaped
//!     └──────────────────────── Closed ◀──────────────────┘
//! ```
//! A line that ends too early is refused: an empty extension, an unclosed quote.

use super::Bad;
use crate::wire::ascii;

/// The decoder's position in the extensions of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extension {
    /// After the size, or blanks after an extension: a semicolon must follow.
    Before,
    /// After a semicolon: a name must follow.
    Start,
    /// In a name.
    Name,
    /// Blanks after a name.
    Named,
    /// After the equals sign: a value must follow.
    Equals,
    /// In a value without quotes.
    Token,
    /// Within quotes.
    Quoted,
    /// After a backslash within quotes.
    Escaped,
    /// After the closing quote.
    Closed,
}

impl Extension {
    /// Advances over one byte; returns `None` if it was the CR that ends the line.
    pub(super) fn step(self, byte: u8) -> Result<Option<Extension>, Bad> {
        use Extension::{Before, Closed, Equals, Escaped, Name, Named, Quoted, Start, Token};
        let is_token = ascii::is(byte, ascii::TOKEN);
        let next = match (self, byte) {
            (Name | Token | Closed, b'\r') => return Ok(None),
            (_, b'\n') => return Err(Bad::SizeLineEnd),
            (_, b'\r') => return Err(Bad::ExtensionSyntax),
            (_, byte) if !ascii::is(byte, ascii::VALUE) => return Err(Bad::ExtensionByte),
            (Quoted, b'"') => Closed,
            (Quoted, b'\\') => Escaped,
            (Quoted | Escaped, _) => Quoted,
            (Before | Name | Named | Token | Closed, b';') => Start,
            (Start | Equals | Named | Before, b' ' | b'\t') => self,
            (Name, b' ' | b'\t') => Named,
            (Token | Closed, b' ' | b'\t') => Before,
            (Name | Named, b'=') => Equals,
            (Start | Name, _) if is_token => Name,
            (Equals, b'"') => Quoted,
            (Equals | Token, _) if is_token => Token,
            (Before | Start | Name | Named | Equals | Token | Closed, _) => {
                return Err(Bad::ExtensionSyntax);
            }
        };
        Ok(Some(next))
    }
}
