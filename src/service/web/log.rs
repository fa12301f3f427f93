//! Lines of the access log: the facts about an answered request.
//!
//! A record is created on the loop and rendered by the log thread. Nothing of the request reaches
//! the log unescaped.

use super::sessions;
use crate::stats::Close;
use crate::wire::decimal::seconds;
use std::fmt::{self, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

/// One answered request.
#[derive(Debug, Clone)]
pub struct Record {
    /// The client.
    pub client: SocketAddr,
    /// Its session, if it has one; only a digest of it is written.
    pub session: Option<sessions::Id>,
    /// Time at which the request was complete, by the calendar …
    pub wall: SystemTime,
    /// … and by the monotonic clock.
    pub began: Instant,
    /// Method, target and version as sent; the first bytes if they were not a request.
    pub request: Box<[u8]>,
    /// `Referer` and `User-Agent` as sent.
    pub referer: Box<[u8]>,
    /// See `referer`.
    pub agent: Box<[u8]>,
    /// Status of the answer.
    pub status: u16,
    /// Bytes of its content.
    pub bytes: u64,
    /// The cache status.
    pub cache: Option<&'static str>,
    /// The rule that an invalid request violates.
    pub rule: Option<&'static str>,
    /// The reason why the connection closes afterwards, if it does.
    pub close: Option<Close>,
}

/// The format of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// The combined format of the common web servers, followed by the duration, the cache status or
    /// the violated rule, and the close reason.
    #[default]
    Combined,
    /// One JSON object per line.
    Json,
}

impl Format {
    /// Appends a line that reports missing lines.
    pub fn gap(self, lines: u64, out: &mut String) {
        let _ = match self {
            Format::Combined => {
                writeln!(out, "# {lines} lines dropped: the log could not keep up")
            }
            Format::Json => writeln!(out, "{{\"lines_dropped\":{lines}}}"),
        };
    }
}

impl Record {
    /// Appends the line, `took` after the request was complete.
    pub fn render(&self, format: Format, took: Duration, out: &mut String) {
        match format {
            Format::Combined => self.combined(took, out),
            Format::Json => self.json(took, out),
        }
        out.push('\n');
    }

    fn combined(&self, took: Duration, out: &mut String) {
        let _ = write!(
            out,
            "{} - {} [{}] \"{}\" {} {} \"{}\" \"{}\" {:.6} {} {}",
            self.client.ip(),
            self.session.map_or("-".to_string(), |id| id.digest().to_string()),
            clf_date(self.wall),
            Escaped(&self.request),
            self.status,
            self.bytes,
            Escaped(&self.referer),
            Escaped(&self.agent),
            took.as_secs_f64(),
            self.rule.or(self.cache).unwrap_or("-"),
            self.close.map_or("-", Close::name),
        );
    }

    fn json(&self, took: Duration, out: &mut String) {
        let line = serde_json::json!({
            "time": httpdate::fmt_http_date(self.wall),
            "client": self.client.ip().to_string(),
            "session": self.session.map(|id| id.digest().to_string()),
            "request": Escaped(&self.request).to_string(),
            "status": self.status,
            "bytes": self.bytes,
            "referer": Escaped(&self.referer).to_string(),
            "agent": Escaped(&self.agent).to_string(),
            "duration_s": seconds(took),
            "cache": self.cache,
            "rule": self.rule,
            "close": self.close.map(Close::name),
        });
        let _ = write!(out, "{line}");
    }
}

/// Escapes text: printable ASCII unchanged; everything else, quotes and backslashes as `\xHH`; `-`
/// for nothing.
struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_char('-');
        }
        for byte in self.0 {
            match byte {
                b'"' | b'\\' | 0..=0x1f | 0x7f.. => write!(f, "\\x{byte:02X}")?,
                _ => f.write_char(char::from(*byte))?,
            }
        }
        Ok(())
    }
}

/// Formats `06/Nov/1994:08:49:37 +0000` from `Sun, 06 Nov 1994 08:49:37 GMT`.
fn clf_date(wall: SystemTime) -> String {
    let date = httpdate::fmt_http_date(wall);
    let (day, month, year, time) = (&date[5..7], &date[8..11], &date[12..16], &date[17..25]);
    format!("{day}/{month}/{year}:{time} +0000")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn record() -> Record {
        Record {
            client: "[::1]:4711".parse().unwrap(),
            session: None,
            wall: UNIX_EPOCH + Duration::from_secs(784_111_777),
            began: Instant::now(),
            request: (*b"GET /a\"b\n HTTP/1.1").into(),
            referer: (*b"").into(),
            agent: (*b"x\xff\x1b[31m").into(),
            status: 404,
            bytes: 17,
            cache: None,
            rule: Some("target-byte"),
            close: Some(Close::Finished),
        }
    }

    #[test]
    fn a_combined_line_escapes_what_the_client_sent() {
        let mut line = String::new();
        record().render(Format::Combined, Duration::from_micros(1500), &mut line);
        assert_eq!(
            line,
            "::1 - - [06/Nov/1994:08:49:37 +0000] \"GET /a\\x22b\\x0A HTTP/1.1\" 404 17 \"-\" \
             \"x\\xFF\\x1B[31m\" 0.001500 target-byte finished\n"
        );
    }

    #[test]
    fn a_json_line_is_one_object() {
        let mut line = String::new();
        record().render(Format::Json, Duration::from_micros(1500), &mut line);
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["status"], 404);
        assert_eq!(value["duration_s"], 0.0015);
        assert_eq!(value["request"], "GET /a\\x22b\\x0A HTTP/1.1");
        assert_eq!(value["rule"], "target-byte");
        assert_eq!(value["close"], "finished");
    }
}
