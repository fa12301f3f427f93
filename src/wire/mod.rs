//! Bytes ⇄ values: pure parsers and printers.
//!
//! Nothing here does I/O, reads a clock or knows a connection. Every parser returns [`Parse`]: it
//! never consumes on failure, never panics on input, and never examines a byte again that an
//! earlier call was shown.

#![forbid(unsafe_code)]

pub mod accept;
pub mod ascii;
pub mod base64;
pub mod chat;
pub mod chunked;
pub mod conditional;
pub mod cookie;
pub mod decimal;
pub mod http;
pub mod json;
pub mod legacy;
pub mod line;
pub mod metrics_accept;
pub mod pow;
pub mod range;
pub(crate) mod reason;
pub mod reply;
pub mod request;
pub mod response;
pub mod target;

/// The result of a parser for the bytes that it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parse<T, R> {
    /// A value, and the number of input bytes that it took.
    Done(T, usize),
    /// A valid beginning: call again with more bytes.
    More,
    /// No continuation of these bytes is valid.
    Bad(R),
}
