//! pentad: several servers in one thread, on one hand-written event loop.
//!
//! Bytes travel one way. The loop hands a session two buffers; the session parses, decides and
//! prints; whatever is slow goes to a worker and comes back as one more event.
//!
//! ```text
//!         bytes              values                  values               bytes
//! socket ──────▶ RecvBuf ─▶ wire (parse) ─▶ service ─▶ wire (print) ─▶ SendBuf ──────▶ socket
//!       net/conn                            │     ▲                           net/conn
//!                           Effect::Submit  ▼     │  Event::Done
//!                                         work (on another thread)
//! ```
//!
//! Who may know whom, held by `tests/tidy/`:
//!
//! | module | what it is | what it must never know |
//! |---|---|---|
//! | [`wire`] | bytes ⇄ values, pure | everything else here but [`limits`] |
//! | [`work`] | slow things, in slices | connections, services, clocks |
//! | [`service`], [`client`] | state machines over values | sockets, threads, clocks |
//! | [`net`] | the loop | protocols: it sees sessions through five functions |
//! | [`study`] | the same sessions under blocking models | protocols, mio, the loop |
//! | [`svg`], [`report`] | pictures and pages from numbers | everything else here |
//! | [`cmd`], [`config`] | what a person types | – |
//!
//! [`buf`], [`limits`] and [`stats`] are known to all and know nobody. Time, randomness and names
//! are inputs everywhere but in `net` and `study`. The five functions are those of
//! [`service::Session`].

pub mod buf;
#[doc(hidden)]
pub mod check;
pub mod client;
pub mod cmd;
pub mod config;
pub mod limits;
pub mod net;
pub mod report;
pub mod service;
pub mod stats;
pub mod study;
pub mod svg;
pub mod wire;
pub mod work;
