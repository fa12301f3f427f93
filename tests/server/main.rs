//! The real binary over real sockets: what only a kernel, a clock and a process can show.
//!
//! Deadlines are generous and lower bounds are exact: a loaded machine may be slow, but no
//! machine is early. `/proc`, `prlimit` and the whole of 127/8 are Linux's.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

#[path = "../util/mod.rs"]
mod util;

mod durability;
mod ending;
mod transcripts;
