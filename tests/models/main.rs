//! The models from outside: the real binary under each of them, over real sockets.
//!
//! The bytes must not depend on the model; the time may. No test sleeps and hopes: each waits for a
//! condition, with a deadline.

#![allow(clippy::unwrap_used)]

#[path = "../util/mod.rs"]
mod util;

mod clients;
mod processes;
mod server;
mod study;
