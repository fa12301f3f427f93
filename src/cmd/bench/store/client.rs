//! The bench's own end of every conversation: single questions, and crowds that ask together.
//!
//! Both are client sessions of the load tester on a loop of their own. Nothing here knows what is
//! sold.

use super::super::super::{Exit, affordable};
use crate::app::{Endpoint, Transport};
use crate::client::http::{Part, Reader};
use crate::client::load::{Ask, Fate, LoadTest, Number, Plan, Run, Seat, Told};
use crate::config::Config;
use crate::net::{Clock, Load, Loader, Stop, Watch};
use crate::wire::Parse;
use crate::wire::http::{Fields, Method};
use crate::wire::request::{self, Request};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why a bench ends early.
#[derive(Debug)]
pub(super) enum Broken {
    /// A signal came.
    Stopped(Exit),
    /// A precondition does not hold.
    Failed(String),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Broken {
        Broken::Failed(error.to_string())
    }
}

/// An answer, read in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// Its `X-Cache` field.
    pub(super) cache: String,
}

impl Reply {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Clients that ask together.
pub(super) struct Crowd {
    pub(super) to: SocketAddr,
    pub(super) clients: usize,
    pub(super) asks: Vec<Ask>,
    /// Time for which they send requests.
    pub(super) time: Duration,
    /// Requests that begin earlier do not count.
    pub(super) warmup: Duration,
    /// Number of requests, if the run ends with it.
    pub(super) requests: Option<u64>,
    /// Requests a second, if they do not wait for answers.
    pub(super) rate: Option<f64>,
    /// True if the answers are read in full.
    pub(super) read: bool,
}

/// The results of a crowd.
pub(super) struct Seen {
    /// The outcome of each request that counts.
    pub(super) told: Vec<Told>,
    /// When the first of them could be sent.
    pub(super) from: Instant,
    /// Duration of the run.
    pub(super) elapsed: Duration,
    /// Requests that came to nothing, for want of a connection too.
    pub(super) failed: u64,
    /// Numbers written into requests, those included that do not count.
    pub(super) numbers: u64,
    /// The answers, in the order in which they came, if they were to be read.
    pub(super) replies: Vec<Reply>,
}

impl Seen {
    /// Returns the latencies of the plan's request at `place` with this answer, sorted.
    pub(super) fn times(&self, place: usize, status: u16) -> Vec<Duration> {
        let wanted = |told: &&Told| told.place == place && told.fate == Fate::Answered(status);
        let times = self.told.iter().filter(wanted).map(|told| told.at - told.began);
        let mut times = times.collect::<Vec<_>>();
        times.sort_unstable();
        times
    }

    /// Returns the number of these answers.
    pub(super) fn count(&self, status: u16) -> usize {
        self.told.iter().filter(|told| told.fate == Fate::Answered(status)).count()
    }
}

/// See the module.
pub(super) struct BenchClient {
    loader: Loader,
}

/// Longest wait for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

impl BenchClient {
    /// From now on, signals end what is under way.
    pub(super) fn start() -> io::Result<BenchClient> {
        Ok(BenchClient { loader: Loader::start()? })
    }

    /// The same, but broken by a signal if one has come: at a terminal an interrupt reaches the
    /// servers too, whose end is then no failure.
    pub(super) fn broken(&mut self, why: Broken) -> Broken {
        match self.loader.signalled().map(go_on) {
            Some(Err(stopped)) => stopped,
            Some(Ok(())) | None => why,
        }
    }

    /// Asks one question.
    pub(super) fn ask(&mut self, to: SocketAddr, ask: Ask) -> Result<Reply, Broken> {
        let place = String::from_utf8_lossy(&ask.bytes).lines().next().map(str::to_owned);
        let crowd = Crowd { requests: Some(1), read: true, ..Crowd::of(to, 1, [ask], PATIENCE) };
        let reply = self.crowd(crowd)?.replies.pop();
        let place = place.unwrap_or_default();
        reply.ok_or_else(|| Broken::Failed(format!("no answer from {to} to {place}")))
    }

    /// Lets a crowd ask.
    pub(super) fn crowd(&mut self, crowd: Crowd) -> Result<Seen, Broken> {
        let Crowd { to, clients, asks, time, warmup, requests, rate, read } = crowd;
        let clients = affordable("bench store", clients);
        let start = Instant::now();
        let to = Endpoint { transport: Transport::Tcp, addr: to };
        let (limits, methods) = (Config::default().limits, methods(&asks));
        let plan = Plan {
            to,
            asks: asks.into(),
            connections: clients,
            depth: 1,
            keep_alive: true,
            timeout: PATIENCE,
            rate,
            requests,
            slow: None,
            start,
            count_from: start + warmup,
            until: start + warmup + time,
            cookies: None,
        };
        let kind = Seat::first(&plan);
        let mut world = Run::new(plan, limits, read.then(Vec::new));
        world.told = Some(Vec::new());
        let (time, farewell) = (warmup + time, None);
        let load = Load { to, kind, connections: clients, time, world, limits, seed: 0, farewell };
        let look = &mut |run: &mut Run, _| !run.is_complete();
        let watch = &mut Watch { every: time, look };
        let loaded = self.loader.run_watched::<LoadTest>(load, Clock::PerEvent, watch)?;
        go_on(loaded.stop)?;
        let run = loaded.world;
        let from = start + warmup;
        let told = run.told.unwrap_or_default();
        Ok(Seen {
            told: told.into_iter().filter(|told| told.began >= from).collect(),
            from,
            elapsed: loaded.elapsed.saturating_sub(warmup),
            numbers: run.budget.numbers(),
            failed: run.tally.requests - run.tally.ok - run.tally.errors[STATUS],
            replies: replies(&run.transcript.unwrap_or_default(), &methods),
        })
    }

    /// Waits, unless a signal comes.
    pub(super) fn pause(&mut self, time: Duration) -> Result<(), Broken> {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        self.crowd(Crowd::of(nowhere, 0, [get("/")], time)).map(drop)
    }
}

const STATUS: usize = crate::client::load::Trouble::Status as usize;

impl Crowd {
    /// So many clients who ask as fast as they are answered, for this long.
    pub(super) fn of(
        to: SocketAddr,
        clients: usize,
        asks: impl Into<Vec<Ask>>,
        time: Duration,
    ) -> Crowd {
        let (warmup, requests, rate, read) = (Duration::ZERO, None, None, false);
        Crowd { to, clients, asks: asks.into(), time, warmup, requests, rate, read }
    }
}

fn go_on(stop: Stop) -> Result<(), Broken> {
    match stop {
        Stop::Time | Stop::Gone | Stop::Enough => Ok(()),
        Stop::Interrupted => Err(Broken::Stopped(Exit::Interrupted)),
        Stop::Terminated => Err(Broken::Stopped(Exit::Terminated)),
    }
}

fn methods(asks: &[Ask]) -> Vec<Method> {
    asks.iter().map(|ask| ask.method).collect()
}

/// A read.
pub(super) fn get(target: &str) -> Ask {
    ask("GET", target, &[], None)
}

/// A request.
pub(super) fn ask(method: &str, target: &str, fields: &[(&str, &str)], body: Option<&str>) -> Ask {
    let mut bytes = Vec::new();
    let length = body.map(str::len);
    request::print(&Request { method, target, host: "127.0.0.1", fields, length }, &mut bytes);
    let body_at = bytes.len();
    bytes.extend(body.unwrap_or_default().as_bytes());
    Ask { method: Method::of(method), bytes: bytes.into(), body_at, number: None }
}

/// The same with a number where `#` stands in its head, which is another one each time: `count` of
/// them from `first` on, without those that are skipped at the beginning.
pub(super) fn numbered(ask: &Ask, first: u64, count: u64, skip: u64) -> Ask {
    let at = ask.bytes.iter().position(|byte| *byte == b'#').expect("it has a place for a number");
    let bytes: Arc<[u8]> = [&ask.bytes[..at], &ask.bytes[at + 1..]].concat().into();
    let (method, number) = (ask.method, Some(Number { at, first, count, skip }));
    Ask { method, bytes, body_at: ask.body_at - 1, number }
}

/// All answers in `bytes`, to requests of these methods in turn. A rest that is none is left out.
fn replies(mut bytes: &[u8], methods: &[Method]) -> Vec<Reply> {
    let (limits, mut all) = (Config::default().limits, Vec::new());
    for method in methods.iter().cycle() {
        let mut reader = Reader::new(*method);
        let mut reply = Reply { status: 0, body: Vec::new(), cache: String::new() };
        loop {
            let mut fields = Fields::new();
            let used = match reader.next(bytes, &limits, &mut fields) {
                Parse::Done(Part::Head(head), used) => {
                    reply.status = head.status;
                    let cache = head.field("x-cache").unwrap_or_default();
                    reply.cache = String::from_utf8_lossy(cache).into_owned();
                    used
                }
                Parse::Done(Part::Body(part), used) => {
                    reply.body.extend_from_slice(part);
                    used
                }
                Parse::Done(Part::Nothing, used) => used,
                Parse::Done(Part::End, _) => break,
                Parse::More | Parse::Bad(_) => return all,
            };
            bytes = &bytes[used..];
        }
        all.push(reply);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_goes_where_its_place_is() {
        let fields = [("Idempotency-Key", "k-#")];
        let ask = numbered(&ask("PUT", "/purchase/1/", &fields, Some("{}")), 5, 9, 1);
        let number = ask.number.unwrap();
        assert!(ask.bytes[..number.at].ends_with(b"Idempotency-Key: k-"));
        assert!(ask.bytes[number.at..].starts_with(b"\r\n"));
        assert_eq!(&ask.bytes[ask.body_at..], b"{}");
        assert_eq!((number.first, number.count, number.skip), (5, 9, 1));
    }

    #[test]
    fn answers_are_read_one_after_the_other() {
        let bytes = b"HTTP/1.1 200 OK\r\nX-Cache: HIT\r\nContent-Length: 2\r\n\r\n{}\
                      HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx\
                      HTTP/1.1 200 OK\r\nContent-Le";
        let read = replies(bytes, &[Method::Get, Method::Put]);
        let told = read.iter().map(|reply| (reply.status, reply.cache.as_str()));
        assert_eq!(told.collect::<Vec<_>>(), [(200, "HIT"), (404, "")]);
        assert_eq!(read[0].json(), serde_json::json!({}));
        assert_eq!(replies(b"", &[Method::Get]), []);
    }
}
