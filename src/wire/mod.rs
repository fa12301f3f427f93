//! Bytes ⇄ values: pure parsers and printers.
//!
//! Nothing here does I/O, keeps a clock or knows a connection. Every parser answers with
//! [`Parse`]: it never consumes on failure, never panics on input, and never looks twice at a
//! byte that it was already shown in an earlier call.

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

/// What a parser says about the bytes that it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parse<T, R> {
    /// A value, and how many bytes of the input it took.
    Done(T, usize),
    /// A valid beginning: ask again with more bytes.
    More,
    /// No continuation of these bytes is valid.
    Bad(R),
}
