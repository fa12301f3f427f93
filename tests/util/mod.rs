//! What several tests share: sockets without a kernel, the reading of transcripts, and the real
//! binary with clients for it.

#![allow(dead_code)] // each test file uses its own part
#![allow(clippy::unwrap_used)] // so do tests themselves

pub mod api;
pub mod bookstore;
pub mod crowd;
pub mod fake;
pub mod faults;
pub mod http;
pub mod ledgers;
pub mod linear;
pub mod process;
pub mod shop;
pub mod site;
pub mod story;
pub mod transcript;
pub mod unruly;
