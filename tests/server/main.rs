//! The real binary over real sockets: behaviour that needs a kernel, a clock and a process.
//!
//! Deadlines are generous: a loaded machine may be slow without an error. Lower bounds are half of
//! the requested time, since the server counts from the beginning of a turn, and an interrupted
//! turn is long. `/proc`, `prlimit` and the whole of 127/8 are specific to Linux.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

#[path = "../util/mod.rs"]
mod util;

mod access_log;
mod answers;
mod bodies;
mod chat;
mod checking;
mod commands;
mod control;
mod crowds;
mod databases;
mod datagrams;
mod demo;
mod durability;
mod ending;
mod faults;
mod files;
mod footprint;
mod frozen;
mod hanging;
mod limits;
mod live;
mod media;
mod metrics;
mod noproc;
mod operators;
mod other_sites;
mod private;
mod proofs;
mod replaced;
mod resets;
mod room;
mod sessions;
mod slow;
mod starting;
mod starved;
mod tags;
mod testing;
mod transcripts;
