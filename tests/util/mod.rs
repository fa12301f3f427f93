//! What several tests share: a world without clocks and disks, sockets without a kernel, and the
//! reading of transcripts.

#![allow(dead_code)] // each test file uses its own part
#![allow(clippy::unwrap_used)] // so do tests themselves

pub mod fake;
pub mod transcript;

use pentad::limits::Limits;
use pentad::service::{World, legacy, panel, pi, web};
use pentad::work::pi::Kernel;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

/// Where the legacy server listens in every test without a kernel.
pub const LEGACY: &str = "127.0.0.1:31416";

/// A world with the defaults, except that the legacy server never damages its answers.
pub fn world(limits: Limits) -> World {
    let upstream: SocketAddr = LEGACY.parse().unwrap();
    World {
        web: web::State::new(limits, true, true),
        pi: pi::State { upstream, timeout: Duration::from_secs(2), kernel: Kernel::Portable },
        legacy: legacy::State {
            delay: Duration::from_millis(500),
            corruption: 0.0,
            rate: 20.0,
            burst: 40.0,
            ports: vec![upstream.port()],
            probes: HashSet::new(),
            sources: legacy::Sources::default(),
        },
        panel: panel::State { services: vec!["web", "panel", "legacy"] },
    }
}
