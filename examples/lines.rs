//! A line protocol: each line of numbers is answered with their sum, until `quit`.

use pentad::app::{App, Cx, Deadline, Event, Id, Progress, Session};
use pentad::buf::RecvBuf;
use pentad::net::{self, Plan, Setup};
use pentad::stats::Close;
use pentad::wire::{Parse, line::Scan, line::line};
use std::time::{Duration, Instant};

const LINE_BYTES_MAX: usize = 200;
const IDLE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Sums;

impl App for Sums {
    type Kind = ();
    type Session = Connection;
    type World = ();
    type Mail = ();
    type Record = ();
}

#[derive(Debug)]
struct Connection {
    scan: Scan,
    idle_until: Instant,
    done: Option<Close>,
}

impl Session<Sums> for Connection {
    fn open((): (), _id: Id, now: Instant) -> Connection {
        Connection { scan: Scan::default(), idle_until: now + IDLE, done: None }
    }

    fn handle(&mut self, event: Event<()>, recv: &mut RecvBuf, cx: &mut Cx<'_, Sums>) -> Progress {
        match event {
            Event::Opened { .. } | Event::Bytes | Event::Done(..) | Event::Mail(()) => {}
            Event::Eof | Event::Refused(_) => self.done = Some(Close::Peer),
            Event::Tick => self.done = Some(Close::Idle),
        }
        let (answer, used) = match line(recv.bytes(), &mut self.scan, LINE_BYTES_MAX) {
            Parse::More => return Progress::Starved,
            Parse::Done(b"quit", used) => {
                self.done = Some(Close::Requested);
                ("bye".to_owned(), used)
            }
            Parse::Done(line, used) => {
                let line = String::from_utf8_lossy(line);
                let all = line.split_whitespace().map(|word| word.parse::<u32>().map(u64::from));
                let sum = all.sum::<Result<u64, _>>().map(|sum| sum.to_string());
                (sum.unwrap_or_else(|_| format!("error: these are not numbers: {line}")), used)
            }
            Parse::Bad(_) => {
                self.done = Some(Close::TooLarge);
                (format!("error: a line has at most {LINE_BYTES_MAX} bytes"), recv.len())
            }
        };
        recv.consume(used);
        cx.send.push(format!("{answer}\n").as_bytes());
        self.idle_until = cx.now + IDLE;
        Progress::Advanced
    }

    fn deadline(&self) -> Option<Deadline> {
        Some(Deadline::Idle(self.idle_until))
    }

    fn is_done(&self) -> Option<Close> {
        self.done
    }
}

/// Serves on the address that is the first argument until a signal comes.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    let addr = std::env::args().nth(1).unwrap_or("127.0.0.1:7008".to_owned());
    let listeners = net::bind(&[Plan::tcp("sums", addr.parse()?, ())])?;
    println!("listening on {}", listeners[0].addr);
    Ok(net::run(Setup::<Sums>::new(listeners, ()), |_, _| {}).map(drop)?)
}
