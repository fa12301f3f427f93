//! pentad: several servers in one thread, on one hand-written event loop.
//!
//! A protocol of your own on the loop is a session type with five functions. `examples/echo.rs` is
//! complete; `examples/lines.rs` adds lines, a limit and error answers:
//!
//! ```no_run
#![doc = include_str!("../examples/echo.rs")]
//! ```
//!
//! # Layers
//!
//! Bytes travel one way. The loop hands a session two buffers; the session parses, decides and
//! prints. Slow work goes to a worker and returns as one more event.
//!
//! ```text
//!         bytes              values                  values               bytes
//! socket ──────▶ RecvBuf ─▶ wire (parse) ─▶ service ─▶ wire (print) ─▶ SendBuf ──────▶ socket
//!       net/conn                            │     ▲                           net/conn
//!                           Effect::Submit  ▼     │  Event::Done
//!                                         work (on another thread)
//! ```
//!
//! `tests/tidy/` enforces which module may use which:
//!
//! | module | purpose | must never use |
//! |---|---|---|
//! | [`app`] | the interface between sessions and drivers | protocols, sockets, threads, clocks |
//! | [`wire`] | bytes ⇄ values, pure | everything else here but [`limits`] |
//! | [`work`] | slow work, in slices | connections, services, clocks |
//! | [`service`] | the server: state machines over values | sockets, threads, clocks |
//! | [`client`] | the client tools, an [`app::App`] each | services, sockets, threads, clocks |
//! | [`net`] | the loop, generic over an [`app::App`] | protocols, services |
//! | [`study`] | blocking serving models, generic too | protocols, services, mio, the loop |
//! | [`svg`], [`report`] | charts and pages from numbers | everything else here |
//! | [`cmd`], [`config`] | the command line | – |
//!
//! [`buf`], [`limits`] and [`stats`] are used by all; `buf` uses `limits`, and none uses another.
//! Time, randomness and names are inputs everywhere but in `net` and `study`.

pub mod app;
pub mod buf;
#[doc(hidden)]
pub mod check;
pub mod client;
pub mod cmd;
pub mod config;
pub mod limits;
pub mod names;
pub mod net;
pub mod report;
pub mod service;
pub mod stats;
pub mod study;
pub mod svg;
pub mod wire;
pub mod work;
