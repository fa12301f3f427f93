//! Load tests started from the panel: a child process that loads the web listener, and its
//! progress. Client and server share no thread.
//!
//! ```text
//!   (idle) ─start→ Running ─result→ (idle, with a result)
//!                     └── stopped, too long, broken ──▶ (idle, without)
//! ```

use super::State;
use crate::buf::RecvBuf;
use crate::limits::{REPORT_BYTES, TEST_GRACE, TEST_TIME, TEST_TIME_MAX};
use crate::service::http::{Request, Style, json};
use crate::service::{Answer, Cx, Deadline, Effect, Event, Id, Kind, Mail, Progress, Target};
use crate::stats::Close;
use crate::wire::Parse;
use crate::wire::line::{Scan, last, line};
use crate::wire::target::pairs;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The tests, as the panel knows them.
#[derive(Debug, Default)]
pub struct Tests {
    /// The target: the first web listener.
    target: Option<SocketAddr>,
    /// The data directory, where the child writes its report.
    pub data: String,
    /// True if there is no program to start a child from.
    pub is_off: bool,
    running: Option<Running>,
    last: Option<Last>,
}

#[derive(Debug)]
struct Running {
    id: String,
    /// The session that reads the child's output, once it exists.
    session: Option<Id>,
    stopping: bool,
    began: Instant,
    time: Duration,
    progress: f64,
}

/// A finished test.
#[derive(Debug)]
struct Last {
    id: String,
    progress: f64,
    elapsed: Duration,
    /// The document that the child printed, if it got that far.
    result: Option<String>,
}

/// Clients of a test.
const CLIENTS: u32 = 100;

/// Answers `POST /start_test`, and GET for older clients.
pub fn start(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let query = request.head.target.query().unwrap_or_default();
    let asked = pairs(query).find(|(name, _)| name == "duration").map(|(_, value)| seconds(&value));
    let Some(time) = asked.unwrap_or(Some(TEST_TIME)) else {
        return Style::Problem.error(400, "duration: from 1 to 60 seconds.").into();
    };
    let tests = &mut cx.world.panel.tests;
    if let Some(running) = &tests.running {
        return said(409, "running", &running.id);
    }
    let Some(target) = tests.target else {
        return Style::Problem.error(503, "There is no web listener that could be tested.").into();
    };
    if tests.is_off {
        let detail = "The server cannot start itself: /proc is not there.";
        return Style::Problem.error(503, detail).into();
    }
    let id = format!("{}-click", moment(cx.wall));
    let args = [
        ["load", &format!("http://{}/", reachable(target))].map(str::to_owned).to_vec(),
        ["--format", "lines", "--label", "click", "--id", &id].map(str::to_owned).to_vec(),
        ["-c", &CLIENTS.to_string(), "--data", &tests.data].map(str::to_owned).to_vec(),
        ["-d", &format!("{}ms", time.as_millis())].map(str::to_owned).to_vec(),
    ];
    cx.effects.push(Effect::Dial(Target::Child(args.concat()), Kind::Tester));
    let response = said(202, "started", &id);
    let (began, progress) = (cx.now, 0.0);
    let running = Running { id, session: None, stopping: false, began, time, progress };
    tests.running = Some(running);
    response
}

/// Answers `POST /stop_test`.
pub fn stop(_: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let Some(running) = &mut cx.world.panel.tests.running else {
        return json(200, "{\"status\":\"idle\"}".to_owned()).into();
    };
    running.stopping = true;
    if let Some(session) = running.session {
        cx.effects.push(Effect::Post(session, Mail::Cancelled));
    }
    said(200, "stopping", &running.id.clone())
}

/// Answers `GET /test_status`.
pub fn status(_: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let tests = &cx.world.panel.tests;
    let (running, id, progress, elapsed, result) = match (&tests.running, &tests.last) {
        (Some(now), _) => {
            let elapsed = cx.now.saturating_duration_since(now.began).min(now.time + TEST_GRACE);
            (true, Some(&now.id), now.progress, elapsed, None)
        }
        (None, Some(last)) => {
            (false, Some(&last.id), last.progress, last.elapsed, last.result.as_deref())
        }
        (None, None) => (false, None, 0.0, Duration::ZERO, None),
    };
    json(
        200,
        format!(
            "{{\"running\":{running},\"id\":{},\"progress\":{progress:.4},\"elapsed\":{:.3},\
             \"result\":{}}}",
            serde_json::json!(id),
            elapsed.as_secs_f64(),
            result.unwrap_or("null")
        ),
    )
    .momentary()
    .into()
}

/// Returns the summary in `/metrics`.
pub fn brief(tests: &Tests) -> Value {
    let (id, progress) = match (&tests.running, &tests.last) {
        (Some(now), _) => (Some(&now.id), now.progress),
        (None, Some(last)) => (Some(&last.id), last.progress),
        (None, None) => (None, 0.0),
    };
    serde_json::json!({ "running": tests.running.is_some(), "id": id, "progress": progress })
}

fn said(status: u16, word: &str, id: &str) -> Answer {
    json(status, format!("{{\"status\":\"{word}\",\"id\":\"{id}\"}}")).into()
}

/// Parses a number of seconds, with or without the unit, within the bounds.
fn seconds(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s').unwrap_or(text).parse::<f64>().ok()?;
    let time = Duration::try_from_secs_f64(number).ok()?;
    (Duration::from_secs(1)..=TEST_TIME_MAX).contains(&time).then_some(time)
}

/// Returns the address at which a listener on all addresses can be reached from here.
pub fn reachable(target: SocketAddr) -> SocketAddr {
    let ip = match target.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, target.port())
}

/// Formats `20261124T130000123Z` from `Tue, 24 Nov 2026 13:00:00 GMT`.
fn moment(at: SystemTime) -> String {
    let date = httpdate::fmt_http_date(at);
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = months.find(&date[8..11]).unwrap_or(0) / 3 + 1;
    let ms = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_millis());
    let time = date[17..25].replace(':', "");
    format!("{}{month:02}{}T{time}{ms:03}Z", &date[12..16], &date[5..7])
}

/// The session that reads the child's output.
#[derive(Debug)]
pub struct Session {
    scan: Scan,
    until: Instant,
    done: Option<Close>,
}

impl Tests {
    /// Creates the state for this listener, without a test.
    pub fn of(target: Option<SocketAddr>) -> Tests {
        Tests { target, ..Tests::default() }
    }
}

impl Session {
    /// Creates a session before the child has printed anything.
    pub fn open(now: Instant) -> Session {
        Session { scan: Scan::default(), until: now + TEST_TIME_MAX + TEST_GRACE, done: None }
    }

    /// See [`crate::app::Session::handle`].
    pub fn handle(&mut self, event: &Event, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        if self.done.is_some() {
            return Progress::Starved;
        }
        match event {
            Event::Opened { .. } => self.opened(cx),
            Event::Bytes => return self.on_output(recv, cx),
            Event::Eof => {
                if let Some(rest) = last(recv.bytes()) {
                    understand(rest, &mut cx.world.panel, cx.now);
                }
                recv.clear();
                self.end(Close::Finished, cx);
            }
            Event::Mail(Mail::Cancelled) => self.end(Close::Aborted, cx),
            Event::Tick => self.end(Close::ReplyTimeout, cx),
            Event::Refused(_) => self.end(Close::Lost, cx),
            Event::Mail(_) | Event::Done(..) => {}
        }
        Progress::Starved
    }

    /// See [`crate::app::Session::deadline`]. Nothing is owed to a child: it ends with the
    /// server.
    pub fn deadline(&self) -> Option<Deadline> {
        self.done.is_none().then_some(Deadline::Fresh(self.until))
    }

    /// See [`crate::app::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        self.done
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        match &mut cx.world.panel.tests.running {
            Some(running) if !running.stopping => {
                running.session = Some(cx.id);
                self.until = cx.now + running.time + TEST_GRACE;
            }
            Some(_) | None => self.end(Close::Aborted, cx),
        }
    }

    fn on_output(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        let used = match line(recv.bytes(), &mut self.scan, REPORT_BYTES) {
            Parse::Done(line, used) => {
                understand(line, &mut cx.world.panel, cx.now);
                used
            }
            Parse::More => return Progress::Starved,
            Parse::Bad(_) => {
                recv.clear();
                self.end(Close::TooLarge, cx);
                return Progress::Advanced;
            }
        };
        recv.consume(used);
        Progress::Advanced
    }

    /// Ends the test, with a result or without.
    fn end(&mut self, why: Close, cx: &mut Cx<'_>) {
        self.done = Some(why);
        let tests = &mut cx.world.panel.tests;
        if let Some(Running { id, began, progress, .. }) = tests.running.take() {
            let complete = tests.last.as_ref().is_some_and(|last| last.id == id);
            if !complete {
                let elapsed = cx.now.saturating_duration_since(began);
                tests.last = Some(Last { id, progress, elapsed, result: None });
            }
        }
    }
}

/// Parses a line of the child: its progress, or its result.
fn understand(line: &[u8], panel: &mut State, now: Instant) {
    let tests = &mut panel.tests;
    let Some(running) = &mut tests.running else { return };
    let Ok(said) = serde_json::from_slice::<Value>(line) else { return };
    if let Some(progress) = said["progress"].as_f64() {
        running.progress = progress.clamp(0.0, 1.0);
    } else if said["requests"].is_u64() {
        let result = String::from_utf8_lossy(line).into_owned();
        let elapsed = now.saturating_duration_since(running.began);
        let id = running.id.clone();
        tests.last = Some(Last { id, progress: 1.0, elapsed, result: Some(result) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_bounds() {
        assert_eq!(seconds("5"), Some(Duration::from_secs(5)));
        assert_eq!(seconds("1.5s"), Some(Duration::from_millis(1500)));
        for text in ["", "0", "61", "-1", "inf", "NaN", "5m", "1e9"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn a_listener_on_all_addresses_is_reached_by_one() {
        for (bound, reached) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("10.0.0.1:80", "10.0.0.1:80"),
        ] {
            assert_eq!(reachable(bound.parse().unwrap()), reached.parse().unwrap());
        }
    }

    #[test]
    fn an_id_begins_with_its_moment() {
        let at = UNIX_EPOCH + Duration::from_millis(784_111_777_045);
        assert_eq!(moment(at), "19941106T084937045Z");
    }
}
