//! A datagram socket whose peers are sessions.
//!
//! A peer is opened, told of its datagram, and waits in a queue for its deadline. All peers of a
//! socket wait equally long, so the queue is in the order of deadlines, and ten thousand of them
//! need neither a timer nor a place among the connections.

use super::desk::Desk;
use crate::buf::{RecvBuf, SendBuf};
use crate::limits;
use crate::service::{Event, Id, Kind, Session};
use crate::stats::Drop;
use mio::net::UdpSocket;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::time::Instant;

/// See the module.
#[derive(Debug)]
pub struct Datagrams {
    socket: UdpSocket,
    kind: Kind,
    readable: bool,
    writable: bool,
    waiting: VecDeque<Peer>,
    recv: RecvBuf,
}

#[derive(Debug)]
struct Peer {
    addr: SocketAddr,
    due: Instant,
    session: Session,
}

/// Datagram peers are no connections and get no mail: they share a name that nobody has.
const NOBODY: Id = Id { slot: u32::MAX, generation: 0 };

impl Datagrams {
    /// The socket behind a door.
    pub fn new(socket: UdpSocket, kind: Kind) -> Datagrams {
        Datagrams {
            socket,
            kind,
            readable: false,
            writable: true,
            waiting: VecDeque::new(),
            recv: RecvBuf::default(),
        }
    }

    /// The kernel reports readiness.
    pub fn note(&mut self, readable: bool, writable: bool) {
        self.readable |= readable;
        self.writable |= writable;
    }

    /// How many peers wait for their answer.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// When to be called again, if that is not for the kernel to say.
    pub fn wait_until(&self, now: Instant) -> Option<Instant> {
        if self.readable {
            return Some(now);
        }
        self.waiting.front().filter(|_| self.writable).map(|peer| peer.due)
    }

    /// Takes a share of the datagrams that have come, and answers the peers whose time has come.
    pub fn turn(&mut self, desk: &mut Desk) {
        for _ in 0..limits::DATAGRAMS_PER_TURN {
            if !self.readable {
                break;
            }
            self.receive(desk);
        }
        self.answer(desk);
    }

    fn receive(&mut self, desk: &mut Desk) {
        let mut from = None;
        let received = self.recv.fill(limits::DATAGRAM_BYTES, |into| {
            let (count, peer) = self.socket.recv_from(into)?;
            from = Some(peer);
            Ok(count)
        });
        match (received, from) {
            (Ok(_), Some(peer)) => {
                desk.stats.datagrams += 1;
                if self.waiting.len() < limits::DATAGRAM_PEERS {
                    self.open(peer, desk);
                } else {
                    desk.stats.dropped.add(Drop::Full as usize);
                }
            }
            (Err(error), _) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
            // What an earlier answer met on its way (ECONNREFUSED, say) is reported here.
            (Ok(_) | Err(_), _) => desk.stats.dropped.add(Drop::Io as usize),
        }
        self.recv.clear();
    }

    fn open(&mut self, addr: SocketAddr, desk: &mut Desk) {
        let mut session = Session::open(self.kind, NOBODY, desk.now);
        let mut output = SendBuf::default();
        for event in [Event::Opened { local: None }, Event::Bytes] {
            let told = desk.tell(&mut session, event, (NOBODY, addr), &mut self.recv, &mut output);
            if told.is_err() {
                return;
            }
        }
        match session.deadline() {
            Some(deadline) if session.is_done().is_none() => {
                self.waiting.push_back(Peer { addr, due: deadline.at(), session });
            }
            Some(_) | None => self.send(addr, &mut output, desk),
        }
    }

    fn answer(&mut self, desk: &mut Desk) {
        while let Some(peer) = self.waiting.front_mut().filter(|peer| peer.due <= desk.now) {
            if !self.writable {
                return;
            }
            let (addr, mut output) = (peer.addr, SendBuf::default());
            let told = desk.tell(
                &mut peer.session,
                Event::Tick,
                (NOBODY, addr),
                &mut self.recv,
                &mut output,
            );
            self.waiting.pop_front();
            if told.is_ok() {
                self.send(addr, &mut output, desk);
            }
        }
    }

    /// Sends one datagram, if there is anything to send. One that the kernel has no room for is
    /// lost, as any datagram may be; the next ones wait.
    fn send(&mut self, to: SocketAddr, output: &mut SendBuf, desk: &mut Desk) {
        let mut slices = [IoSlice::new(b"")];
        if output.slices(&mut slices, limits::DATAGRAM_BYTES) == (0, 0) {
            return;
        }
        let sent: io::Result<usize> = self.socket.send_to(&slices[0], to);
        if let Err(error) = sent {
            self.writable = error.kind() != ErrorKind::WouldBlock;
            desk.stats.dropped.add(Drop::Io as usize);
        }
    }
}
