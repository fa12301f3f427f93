//! Many clients at once, on one thread: each connects, sends its request, and reads to the end.

use super::process::PATIENCE;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The result of one client.
#[derive(Debug)]
pub struct Visit {
    /// All received bytes.
    pub heard: Vec<u8>,
    /// From its first step to the end of the connection.
    pub took: Duration,
    /// The error that ended the connection, if the server did not close it in order.
    pub error: Option<ErrorKind>,
}

struct Visitor {
    stream: TcpStream,
    began: Instant,
    to_say: Vec<u8>,
    heard: Vec<u8>,
}

/// Connections opened before others are served: fewer than any backlog holds.
const BATCH: usize = 64;

/// Sends `count` clients to `addr`. `say` returns the bytes that each of them sends.
///
/// # Panics
/// If one of them is not done after [`PATIENCE`].
pub fn crowd(addr: SocketAddr, count: usize, say: impl Fn(usize) -> Vec<u8>) -> Vec<Visit> {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(1024);
    let mut visitors: Vec<Option<Visitor>> = Vec::new();
    let mut visits: Vec<Option<Visit>> = (0..count).map(|_| None).collect();
    let mut missing = count;
    let until = Instant::now() + PATIENCE;
    while missing > 0 {
        assert!(Instant::now() < until, "{missing} of {count} clients are still waiting");
        for number in visitors.len()..count.min(visitors.len() + BATCH) {
            let began = Instant::now();
            let mut stream = TcpStream::connect(addr).unwrap();
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(number), both).unwrap();
            let to_say = say(number);
            visitors.push(Some(Visitor { stream, began, to_say, heard: Vec::new() }));
        }
        let all_are_there = visitors.len() == count;
        let pause = if all_are_there { Duration::from_millis(100) } else { Duration::ZERO };
        poll.poll(&mut events, Some(pause)).unwrap();
        for event in &events {
            let Token(number) = event.token();
            let Some(visitor) = &mut visitors[number] else { continue };
            if let Some(error) = visitor.get_on() {
                let Visitor { began, heard, .. } = visitors[number].take().unwrap();
                visits[number] = Some(Visit { heard, took: began.elapsed(), error: error.err() });
                missing -= 1;
            }
        }
    }
    visits.into_iter().map(Option::unwrap).collect()
}

impl Visitor {
    /// Sends and receives without waiting. Returns the result once the connection has ended.
    fn get_on(&mut self) -> Option<Result<(), ErrorKind>> {
        while !self.to_say.is_empty() {
            match self.stream.write(&self.to_say) {
                Ok(count) => drop(self.to_say.drain(..count)),
                Err(error) if is_not_yet(error.kind()) => break,
                Err(error) => return Some(Err(error.kind())),
            }
        }
        let mut piece = [0; 4096];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => return Some(Ok(())),
                Ok(count) => self.heard.extend_from_slice(&piece[..count]),
                Err(error) if is_not_yet(error.kind()) => return None,
                Err(error) => return Some(Err(error.kind())),
            }
        }
    }
}

fn is_not_yet(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::NotConnected | ErrorKind::Interrupted)
}

/// Prints how late the clients were beyond `due`, and returns the last one's delay.
pub fn lateness(what: &str, visits: &[Visit], due: Duration) -> Duration {
    let mut late = visits.iter().map(|visit| visit.took.saturating_sub(due)).collect::<Vec<_>>();
    late.sort();
    let at = |share: f64| late[(late.len() as f64 * share) as usize].as_secs_f64() * 1000.0;
    let last = late.last().copied().unwrap_or_default();
    let (half, most) = (at(0.5), at(0.99));
    let ms = last.as_secs_f64() * 1000.0;
    eprintln!(
        "{what}: {} clients; late by {half:.1} ms (half), {most:.1} ms (99 %), {ms:.1} ms (last)",
        late.len()
    );
    last
}
