//! The state that all HTTP sessions share.

mod cors;
pub mod log;
pub mod sessions;

pub use cors::{Cors, PREFLIGHT};

use crate::limits::Limits;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Shared state of all HTTP sessions.
#[derive(Debug)]
pub struct State {
    /// The bounds in force.
    pub limits: Limits,
    /// The requests that are logged.
    pub access_log: AccessLog,
    /// The visitors of the site.
    pub sessions: sessions::Sessions,
    /// Other sites whose pages have the rights of programs.
    pub cors: Cors,
    common: CommonFields,
}

impl State {
    /// Creates the state at start; `secret` must be unguessable.
    pub fn new(
        limits: Limits,
        server_header: bool,
        access_log: AccessLog,
        secret: [u8; 32],
    ) -> State {
        let common = CommonFields::new(server_header);
        let sessions = sessions::Sessions::new(secret);
        State { limits, access_log, sessions, cors: Cors::default(), common }
    }

    /// Returns the lines that every response begins with, of which `Date` changes once a second.
    pub fn common(&mut self, wall: SystemTime) -> &[u8] {
        self.common.at(wall)
    }
}

/// The requests that are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLog {
    /// None, if there is no log.
    Off,
    /// All except health checks, which come every few seconds.
    Visitors,
    /// All.
    Everything,
}

/// The fields of every response, in printed form.
#[derive(Debug)]
struct CommonFields {
    server_header: bool,
    /// Validity of `lines`: comparing two times costs less than dividing one.
    valid: std::ops::Range<SystemTime>,
    lines: Vec<u8>,
}

impl CommonFields {
    fn new(server_header: bool) -> CommonFields {
        CommonFields { server_header, valid: UNIX_EPOCH..UNIX_EPOCH, lines: Vec::new() }
    }

    fn at(&mut self, wall: SystemTime) -> &[u8] {
        if !self.valid.contains(&wall) {
            let since_epoch = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
            let second = UNIX_EPOCH + Duration::from_secs(since_epoch.as_secs());
            self.valid = second..second + Duration::from_secs(1);
            self.render(second);
        }
        &self.lines
    }

    fn render(&mut self, second: SystemTime) {
        let server = if self.server_header { "Server: pentad\r\n" } else { "" };
        let date = httpdate::fmt_http_date(second);
        self.lines = format!(
            "Date: {date}\r\n{server}X-Content-Type-Options: nosniff\r\n\
             Referrer-Policy: no-referrer\r\n"
        )
        .into_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_printed_once_a_second_and_follows_the_clock() {
        let mut common = CommonFields::new(true);
        let at = |ms: u64| UNIX_EPOCH + Duration::from_millis(784_111_777_000 + ms);
        let date = |lines: &[u8]| String::from_utf8_lossy(lines)[..37].to_string();
        assert_eq!(date(common.at(at(0))), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
        assert_eq!(date(common.at(at(999))), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
        assert_eq!(date(common.at(at(1000))), "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
        assert_eq!(date(common.at(at(500))), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    }

    #[test]
    fn the_server_field_can_be_left_out() {
        let lines = |on| {
            let mut common = CommonFields::new(on);
            String::from_utf8_lossy(common.at(UNIX_EPOCH)).into_owned()
        };
        assert!(lines(true).contains("Server: pentad\r\n"));
        assert!(!lines(false).contains("Server"));
    }
}
