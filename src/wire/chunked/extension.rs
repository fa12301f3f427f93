//! Chunk extensions (RFC 9112 §7.1.1): their grammar is checked, and what they say is ignored.
//!
//! ```text
//!   chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
//!
//!   Before ─;─▶ Start ─▶ Name ─▶ Named ─=─▶ Equals ─┬▶ Token ─▶ Before
//!     ▲                                             └▶ Quoted ⇄ Escaped
//!     └──────────────────────── Closed ◀──────────────────┘
//! ```
//! A line that ends where more must come is refused: an empty extension, a quote that stays open.

use super::Bad;
use crate::wire::ascii;

/// Where in the extensions of a chunk a decoder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extension {
    /// After the size, or blanks after an extension: a semicolon must come.
    Before,
    /// After a semicolon: the name is to begin.
    Start,
    /// In a name.
    Name,
    /// Blanks after a name.
    Named,
    /// After the equals sign: the value is to begin.
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
    /// After one more byte; `None` if that was the CR of the line's end.
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
