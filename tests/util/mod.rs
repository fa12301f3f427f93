//! What several tests share: sockets without a kernel, and the reading of transcripts.

#![allow(dead_code)] // each test file uses its own part
#![allow(clippy::unwrap_used)] // so do tests themselves

pub mod api;
pub mod fake;
pub mod transcript;
