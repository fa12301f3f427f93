//! A datagram socket whose peers are sessions.
//!
//! A peer is opened, gets its datagram, and waits in a queue for its deadline. All peers of a
//! socket wait equally long, so the queue is in the order of deadlines, and ten thousand of them
//! need neither a timer nor a slot among the connections.

use super::context::LoopContext;
use crate::app::{App, Event, Id, Session};
use crate::buf::{RecvBuf, SendBuf};
use crate::limits;
use crate::stats::Drop;
use mio::net::UdpSocket;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::time::Instant;

/// The socket and its peers; see the module.
#[derive(Debug)]
pub struct Datagrams<A: App> {
    socket: UdpSocket,
    kind: A::Kind,
    readable: bool,
    writable: bool,
    waiting: VecDeque<Peer<A>>,
    recv: RecvBuf,
}

#[derive(Debug)]
struct Peer<A: App> {
    addr: SocketAddr,
    due: Instant,
    session: A::Session,
}

/// Datagram peers are not connections and get no mail: they share an invalid name.
const NO_ID: Id = Id { slot: u32::MAX, generation: 0 };

impl<A: App> Datagrams<A> {
    /// Returns the peers of a bound socket.
    pub fn new(socket: UdpSocket, kind: A::Kind) -> Datagrams<A> {
        Datagrams {
            socket,
            kind,
            readable: false,
            writable: true,
            waiting: VecDeque::new(),
            recv: RecvBuf::default(),
        }
    }

    /// Records readiness reported by the kernel.
    pub fn note(&mut self, readable: bool, writable: bool) {
        self.readable |= readable;
        self.writable |= writable;
    }

    /// Returns the number of peers that wait for their answer.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Returns the time of the next turn, if that does not depend on the kernel.
    pub fn wait_until(&self, now: Instant) -> Option<Instant> {
        if self.readable {
            return Some(now);
        }
        self.waiting.front().filter(|_| self.writable).map(|peer| peer.due)
    }

    /// Receives a share of the pending datagrams, and answers the peers that are due.
    pub fn turn(&mut self, cx: &mut LoopContext<A>) {
        for _ in 0..limits::DATAGRAMS_PER_TURN {
            if !self.readable {
                break;
            }
            self.receive(cx);
        }
        self.answer(cx);
    }

    fn receive(&mut self, cx: &mut LoopContext<A>) {
        let mut from = None;
        let received = self.recv.fill(limits::DATAGRAM_BYTES, |into| {
            let (count, peer) = self.socket.recv_from(into)?;
            from = Some(peer);
            Ok(count)
        });
        match (received, from) {
            (Ok(_), Some(peer)) => {
                cx.stats.datagrams += 1;
                if self.waiting.len() < limits::DATAGRAM_PEERS {
                    self.open(peer, cx);
                } else {
                    cx.stats.dropped.add(Drop::Full as usize);
                }
            }
            (Err(error), _) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
            // Errors of earlier answers (such as ECONNREFUSED) are reported here.
            (Ok(_) | Err(_), _) => cx.stats.dropped.add(Drop::Io as usize),
        }
        self.recv.clear();
    }

    fn open(&mut self, addr: SocketAddr, cx: &mut LoopContext<A>) {
        let mut session = A::Session::open(self.kind, NO_ID, cx.now);
        let mut output = SendBuf::default();
        for event in [Event::Opened { local: None }, Event::Bytes] {
            let told = cx.tell(&mut session, event, (NO_ID, addr), &mut self.recv, &mut output);
            if told.is_err() {
                return;
            }
        }
        match session.deadline() {
            Some(deadline) if session.is_done().is_none() => {
                self.waiting.push_back(Peer { addr, due: deadline.at(), session });
            }
            Some(_) | None => self.send(addr, &mut output, cx),
        }
    }

    fn answer(&mut self, cx: &mut LoopContext<A>) {
        while let Some(peer) = self.waiting.front_mut().filter(|peer| peer.due <= cx.now) {
            if !self.writable {
                return;
            }
            let (addr, mut output) = (peer.addr, SendBuf::default());
            let told =
                cx.tell(&mut peer.session, Event::Tick, (NO_ID, addr), &mut self.recv, &mut output);
            self.waiting.pop_front();
            if told.is_ok() {
                self.send(addr, &mut output, cx);
            }
        }
    }

    /// Sends one datagram, if there is output. One that does not fit into the kernel's buffer is
    /// lost, as any datagram may be; the next ones wait.
    fn send(&mut self, to: SocketAddr, output: &mut SendBuf, cx: &mut LoopContext<A>) {
        let mut slices = [IoSlice::new(b"")];
        if output.slices(&mut slices, limits::DATAGRAM_BYTES) == (0, 0) {
            return;
        }
        let sent: io::Result<usize> = self.socket.send_to(&slices[0], to);
        if let Err(error) = sent {
            self.writable = error.kind() != ErrorKind::WouldBlock;
            cx.stats.dropped.add(Drop::Io as usize);
        }
    }
}
