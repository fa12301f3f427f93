//! The legacy π server: a client connects, or sends any datagram, and after a delay receives an
//! approximate π that is damaged half of the time.
//!
//! ```text
//!   New ─opened→ Delaying ─tick→ Done        (a datagram that must not be answered: New → Done)
//! ```

use super::{Cx, Deadline, Event, Progress, Transport};
use crate::buf::RecvBuf;
use crate::limits;
use crate::stats::{Close, Drop};
use crate::wire;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// The state that all sessions of the legacy server share.
#[derive(Debug)]
pub struct State {
    /// Delay from the connection, or the datagram, to the answer: drawn for each peer. Datagrams
    /// are answered in the order of their arrival, so only a constant delay is exact for them.
    pub delay: RangeInclusive<Duration>,
    /// Probability that an answer is damaged.
    pub corruption: f64,
    /// Datagrams per second that one source address may receive …
    pub rate: f64,
    /// … after this many at once.
    pub burst: f64,
    /// Ports on which this server answers datagrams itself. A datagram that claims to come from one
    /// may start an endless exchange between two servers.
    pub ports: Vec<u16>,
    /// Our own pending probes, which are not limited.
    pub probes: HashSet<SocketAddr>,
    /// The remaining allowance of each source address.
    pub sources: Sources,
}

/// Answers are π plus an error of at most this much.
const ERROR: f64 = 0.05;

/// Ports below this one belong to services that answer any datagram.
const RESERVED_PORTS: u16 = 1024;

/// One answer to one peer.
#[derive(Debug)]
pub struct Session {
    transport: Transport,
    state: Stage,
}

#[derive(Debug)]
enum Stage {
    New,
    Delaying(Instant),
    Done,
}

impl Session {
    /// Creates a session for a peer that came over `transport`.
    pub fn open(transport: Transport, _now: Instant) -> Session {
        Session { transport, state: Stage::New }
    }

    /// See [`crate::app::Session::handle`].
    pub fn handle(&mut self, event: &Event, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        recv.clear();
        match (&self.state, event) {
            (Stage::New, Event::Opened { .. }) => {
                self.state = match self.refusal(cx) {
                    None => Stage::Delaying(cx.now + delay(&cx.world.legacy.delay, cx.rng)),
                    Some(reason) => {
                        cx.stats.dropped.add(reason as usize);
                        Stage::Done
                    }
                };
            }
            (Stage::Delaying(due), Event::Tick) if *due <= cx.now => {
                answer(cx);
                let answers = &mut cx.stats.legacy;
                match self.transport {
                    Transport::Tcp => answers.tcp_answers += 1,
                    Transport::Udp => answers.udp_answers += 1,
                }
                self.state = Stage::Done;
            }
            (Stage::New | Stage::Delaying(_) | Stage::Done, _) => {}
        }
        Progress::Starved
    }

    /// See [`crate::app::Session::deadline`].
    pub fn deadline(&self) -> Option<Deadline> {
        match self.state {
            Stage::Delaying(due) => Some(Deadline::Busy(due)),
            Stage::New | Stage::Done => None,
        }
    }

    /// See [`crate::app::Session::is_done`].
    pub fn is_done(&self) -> Option<Close> {
        match self.state {
            Stage::Done => Some(Close::Finished),
            Stage::New | Stage::Delaying(_) => None,
        }
    }

    /// Returns the reason why this peer must not be answered. A stream has proved its address, a
    /// datagram has not: the server must not become a reflector, nor half of a loop.
    fn refusal(&self, cx: &mut Cx<'_>) -> Option<Drop> {
        let legacy = &mut cx.world.legacy;
        let port = cx.peer.port();
        match self.transport {
            Transport::Tcp => None,
            Transport::Udp if port < RESERVED_PORTS || legacy.ports.contains(&port) => {
                Some(Drop::Source)
            }
            Transport::Udp if legacy.probes.contains(&cx.peer) => None,
            Transport::Udp if cx.draining => Some(Drop::Draining),
            Transport::Udp => {
                let admitted =
                    legacy.sources.admit(cx.peer.ip(), cx.now, legacy.rate, legacy.burst);
                (!admitted).then_some(Drop::Rate)
            }
        }
    }
}

/// Draws a delay from the range, uniformly. A constant needs no random number.
fn delay(range: &RangeInclusive<Duration>, rng: &mut fastrand::Rng) -> Duration {
    let spread = range.end().saturating_sub(*range.start());
    if spread.is_zero() { *range.start() } else { *range.start() + spread.mul_f64(rng.f64()) }
}

fn answer(cx: &mut Cx<'_>) {
    let value = std::f64::consts::PI + (cx.rng.f64() * 2.0 - 1.0) * ERROR;
    let damaged = cx.rng.f64() < cx.world.legacy.corruption;
    let damage = damaged.then(|| (cx.rng.usize(..), cx.rng.alphabetic() as u8));
    wire::legacy::print(value, damage, cx.send.tail());
}

/// A token bucket per source address, in bounded space.
#[derive(Debug, Default)]
pub struct Sources {
    buckets: HashMap<IpAddr, Bucket>,
    swept: Option<Instant>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn refill(&mut self, now: Instant, rate: f64, burst: f64) {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + elapsed * rate).min(burst);
        self.at = now;
    }
}

/// Interval at which a full table is searched for idle addresses.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

impl Sources {
    /// Takes one of `ip`'s tokens, if one is left. A table full of busy addresses admits no new
    /// one: forged sources can neither make it grow nor evict busy addresses.
    pub fn admit(&mut self, ip: IpAddr, now: Instant, rate: f64, burst: f64) -> bool {
        if !self.buckets.contains_key(&ip) && !self.make_room(now, rate, burst) {
            return false;
        }
        let bucket = self.buckets.entry(ip).or_insert(Bucket { tokens: burst, at: now });
        bucket.refill(now, rate, burst);
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }

    fn make_room(&mut self, now: Instant, rate: f64, burst: f64) -> bool {
        if self.buckets.len() < limits::RATE_SOURCES {
            return true;
        }
        if self.swept.is_none_or(|at| now.saturating_duration_since(at) >= SWEEP_EVERY) {
            self.swept = Some(now);
            self.buckets.retain(|_, bucket| {
                bucket.refill(now, rate, burst);
                bucket.tokens < burst
            });
        }
        self.buckets.len() < limits::RATE_SOURCES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn ip(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(number))
    }

    #[test]
    fn a_delay_is_drawn_from_its_range_and_a_constant_is_not_drawn() {
        let ms = Duration::from_millis;
        let mut rng = fastrand::Rng::with_seed(1);
        let drawn = (0..1000).map(|_| delay(&(ms(100)..=ms(500)), &mut rng)).collect::<Vec<_>>();
        assert!(drawn.iter().all(|delay| (ms(100)..=ms(500)).contains(delay)));
        let mean = drawn.iter().sum::<Duration>() / 1000;
        assert!((ms(285)..ms(315)).contains(&mean), "{mean:?}");
        let before = rng.clone();
        assert_eq!(delay(&(ms(7)..=ms(7)), &mut rng), ms(7));
        assert_eq!(rng, before);
    }

    #[test]
    fn a_source_gets_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut sources = Sources::default();
        let mut admitted = |at| sources.admit(ip(1), start + at, 20.0, 40.0);
        assert_eq!((0..100).filter(|_| admitted(Duration::ZERO)).count(), 40);
        let later = Duration::from_secs(1);
        assert_eq!((0..100).filter(|_| admitted(later)).count(), 20);
        let much_later = Duration::from_secs(100);
        assert_eq!((0..100).filter(|_| admitted(much_later)).count(), 40);
    }

    #[test]
    fn forged_sources_fill_the_table_but_neither_grow_nor_reset_it() {
        let start = Instant::now();
        let mut sources = Sources::default();
        while sources.admit(ip(0), start, 20.0, 40.0) {}
        for source in 1..100_000 {
            sources.admit(ip(source), start, 20.0, 40.0);
        }
        assert_eq!(sources.buckets.len(), limits::RATE_SOURCES);
        assert!(!sources.admit(ip(0), start, 20.0, 40.0), "the busy one is still remembered");
        let quiet = start + Duration::from_secs(10);
        assert!(sources.admit(ip(200_000), quiet, 20.0, 40.0), "quiet ones made room");
    }
}
