//! An echo server: each connection gets back the bytes that it sends.

use pentad::app::{App, Cx, Deadline, Event, Id, Progress, Session};
use pentad::buf::RecvBuf;
use pentad::net::{self, Plan, Setup};
use pentad::stats::Close;
use std::time::Instant;

#[derive(Debug)]
struct Echo;

impl App for Echo {
    type Kind = ();
    type Session = Connection;
    type World = ();
    type Mail = ();
    type Record = ();
}

#[derive(Debug)]
struct Connection(Option<Close>);

impl Session<Echo> for Connection {
    fn open((): (), _id: Id, _now: Instant) -> Connection {
        Connection(None)
    }

    fn handle(&mut self, event: Event<()>, recv: &mut RecvBuf, cx: &mut Cx<'_, Echo>) -> Progress {
        cx.send.push(recv.bytes());
        recv.clear();
        match event {
            Event::Eof | Event::Refused(_) => self.0 = Some(Close::Peer),
            Event::Opened { .. } | Event::Bytes | Event::Tick => {}
            Event::Done(..) | Event::Mail(()) => {}
        }
        Progress::Advanced
    }

    fn deadline(&self) -> Option<Deadline> {
        None
    }

    fn is_done(&self) -> Option<Close> {
        self.0
    }
}

/// Serves on the address that is the first argument until a signal comes.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    let addr = std::env::args().nth(1).unwrap_or("127.0.0.1:7007".to_owned());
    let listeners = net::bind(&[Plan::tcp("echo", addr.parse()?, ())])?;
    println!("listening on {}", listeners[0].addr);
    net::run(Setup::<Echo>::new(listeners, ()), |_, _| {})?;
    Ok(())
}
