//! Shared parts of the tests: sockets without a kernel, the reading of transcripts, and the real
//! binary with clients for it.

#![allow(dead_code)] // each test file uses only some parts
#![allow(clippy::unwrap_used)] // as in tests themselves

pub mod api;
pub mod bookstore;
pub mod crowd;
pub mod fake;
pub mod faults;
pub mod http;
pub mod linear;
pub mod process;
pub mod shop;
pub mod site;
pub mod store_files;
pub mod story;
pub mod transcript;
pub mod unruly;
