//! Listeners: sockets that are bound before the loop starts, and accepting connections.

use super::socket::Stream;
use super::system::cannot;
use crate::app::Transport;
use crate::limits;
use crate::stats::PeerClass;
use mio::net::{TcpListener, UdpSocket};
use nix::sys::socket::setsockopt;
use nix::{setsockopt_impl, sockopt_impl};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

/// The address of a listener, and the kinds of its sessions.
#[derive(Debug, Clone, Copy)]
pub struct Plan<K> {
    /// The service's name, for people.
    pub service: &'static str,
    /// The address; port 0 takes a free one.
    pub addr: SocketAddr,
    /// The kind for each connection.
    pub kind: K,
    /// The kind for each datagram peer, on the same port.
    pub datagrams: Option<K>,
    /// True if the kernel may hold a connection until the peer has sent something. This is for
    /// protocols in which the peer speaks first.
    pub defer: bool,
    /// The class that connections are counted under.
    pub class: PeerClass,
}

impl<K> Plan<K> {
    /// Returns a plan for TCP alone, where either side may speak first.
    pub fn tcp(service: &'static str, addr: SocketAddr, kind: K) -> Plan<K> {
        Plan { service, addr, kind, datagrams: None, defer: false, class: PeerClass::Line }
    }
}

sockopt_impl!(
    /// Lets the kernel hold a connection for so many seconds while its peer is silent.
    DeferAccept, SetOnly, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, u32
);

/// Time that the kernel may hold a connection whose peer is silent. It is accepted after that, and
/// then has the timeout of its service.
const DEFER_ACCEPT_S: u32 = 1;

/// A bound socket.
#[derive(Debug)]
pub struct Listener<K> {
    /// The service's name.
    pub service: &'static str,
    /// The bound address.
    pub addr: SocketAddr,
    /// The kind for each peer.
    pub kind: K,
    /// The class that its connections are counted under.
    pub class: PeerClass,
    /// The socket itself.
    pub socket: ListenerSocket,
}

/// The socket of a [`Listener`].
#[derive(Debug)]
pub enum ListenerSocket {
    /// A socket for streams.
    Tcp(TcpListener),
    /// A socket for datagrams.
    Udp(UdpSocket),
}

impl<K> Listener<K> {
    /// Returns the transport of its peers.
    pub fn transport(&self) -> Transport {
        match self.socket {
            ListenerSocket::Tcp(_) => Transport::Tcp,
            ListenerSocket::Udp(_) => Transport::Udp,
        }
    }
}

/// Attempts to find a port that is free for both transports.
const TRIES: usize = 64;

/// Binds all plans, or none.
///
/// # Errors
/// Returns the first failure, with the service and the address in its text.
pub fn bind<K: Copy>(plans: &[Plan<K>]) -> io::Result<Vec<Listener<K>>> {
    let mut listeners = Vec::new();
    for plan in plans {
        let bound = match plan.datagrams {
            None => tcp(plan).map(|listener| vec![listener]),
            Some(datagrams) => both(plan, datagrams),
        };
        listeners.extend(bound.map_err(|error| {
            let (service, addr) = (plan.service, plan.addr);
            io::Error::new(error.kind(), format!("{service} on {addr}: {}", meaning(&error)))
        })?);
    }
    Ok(listeners)
}

/// Explains why listening on an address failed.
pub fn meaning(error: &io::Error) -> String {
    let common = [
        (io::ErrorKind::AddrInUse, "the address is in use"),
        (io::ErrorKind::PermissionDenied, "no permission to use this port"),
        (io::ErrorKind::AddrNotAvailable, "this machine has no such address"),
    ];
    let known = common.iter().find(|(kind, _)| *kind == error.kind());
    known.map_or_else(|| format!("cannot listen: {error}"), |(_, text)| (*text).to_string())
}

/// Returns unused addresses of this machine, for processes that have to know each other before they
/// listen. They are not reserved.
///
/// # Errors
/// Fails if no port is free.
pub fn unused_addrs<const N: usize>() -> io::Result<[SocketAddr; N]> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    // All at the same time, so that no two are the same.
    let unused = || -> io::Result<[SocketAddr; N]> {
        let listeners = (0..N).map(|_| TcpListener::bind(any)).collect::<io::Result<Vec<_>>>()?;
        let mut addrs = [any; N];
        for (addr, listener) in addrs.iter_mut().zip(&listeners) {
            *addr = listener.local_addr()?;
        }
        Ok(addrs)
    };
    unused().map_err(cannot(format_args!("find {N} free ports on {}", any.ip())))
}

fn both<K: Copy>(plan: &Plan<K>, datagrams: K) -> io::Result<Vec<Listener<K>>> {
    let mut tries = 0;
    loop {
        tries += 1;
        let tcp = tcp(plan)?;
        match udp(plan, tcp.addr, datagrams) {
            Ok(udp) => return Ok(vec![tcp, udp]),
            Err(error) if plan.addr.port() != 0 || tries == TRIES => return Err(error),
            Err(_) => {}
        }
    }
}

fn tcp<K: Copy>(plan: &Plan<K>) -> io::Result<Listener<K>> {
    let (socket, addr) = stream_socket(plan.addr, plan.defer)?;
    let &Plan { service, kind, class, .. } = plan;
    Ok(Listener { service, addr, kind, class, socket: ListenerSocket::Tcp(socket) })
}

fn udp<K: Copy>(plan: &Plan<K>, addr: SocketAddr, kind: K) -> io::Result<Listener<K>> {
    let (socket, addr) = datagram_socket(addr)?;
    let &Plan { service, class, .. } = plan;
    Ok(Listener { service, addr, kind, class, socket: ListenerSocket::Udp(socket) })
}

fn stream_socket(addr: SocketAddr, defer: bool) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    // Linux passes this on to every accepted connection.
    socket.set_tcp_nodelay(true)?;
    if defer {
        // An optimisation: without it a connection costs two wake-ups instead of one.
        let _ = setsockopt(&socket, DeferAccept, &DEFER_ACCEPT_S);
    }
    let addr = bound(&socket, addr)?;
    socket.listen(limits::BACKLOG)?;
    Ok((TcpListener::from_std(socket.into()), addr))
}

fn datagram_socket(addr: SocketAddr) -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    // A burst beyond the buffer is lost silently. A smaller buffer than requested is accepted.
    let _ = socket.set_recv_buffer_size(limits::DATAGRAM_BACKLOG_BYTES);
    let addr = bound(&socket, addr)?;
    Ok((UdpSocket::from_std(socket.into()), addr))
}

fn bound(socket: &Socket, addr: SocketAddr) -> io::Result<SocketAddr> {
    socket.set_nonblocking(true)?;
    if addr.is_ipv6() {
        // `[::]` and `0.0.0.0` are two listeners, on every system alike.
        socket.set_only_v6(true)?;
    }
    socket.bind(&addr.into())?;
    socket.local_addr()?.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

/// A TCP listener in use.
#[derive(Debug)]
pub struct Acceptor<K> {
    socket: TcpListener,
    /// The kind for each peer.
    pub kind: K,
    /// The class that its connections are counted under.
    pub class: PeerClass,
    /// True if there may be more in the backlog. Edges come once: it stays set until `WouldBlock`.
    pub ready: bool,
    /// A connection that was accepted when there was no room for it.
    waiting: Option<(Stream, SocketAddr)>,
    backoff: Backoff,
}

/// The schedule of retries after a failed `accept`. An error of a single connection is skipped,
/// since the next connection may be fine; a series of such errors is treated like any other
/// failure, because a filter or a security module may refuse every call for any time.
#[derive(Debug, Default)]
struct Backoff {
    /// Failures since a call succeeded or found the backlog empty.
    failures: u32,
    rest_until: Option<Instant>,
}

/// The result of accepting.
#[derive(Debug)]
pub enum Accepted {
    /// A connection.
    One(Stream, SocketAddr),
    /// The backlog is empty.
    None,
    /// One connection failed, or none is possible for now; the listener pauses if necessary.
    Failed(io::Error),
}

impl<K> Acceptor<K> {
    /// Returns the acceptor of a bound socket.
    pub fn new(socket: TcpListener, kind: K, class: PeerClass) -> Acceptor<K> {
        let backoff = Backoff::default();
        Acceptor { socket, kind, class, ready: false, waiting: None, backoff }
    }

    /// Returns true if it may accept now.
    pub fn is_open(&self, now: Instant) -> bool {
        self.ready && self.backoff.rest_until.is_none_or(|until| until <= now)
    }

    /// Returns the time of the next attempt, if that does not depend on the kernel.
    pub fn wait_until(&self, now: Instant) -> Option<Instant> {
        self.ready.then(|| self.backoff.rest_until.map_or(now, |until| until.max(now)))
    }

    /// Keeps a connection without room: it comes first when there is room.
    pub fn put_back(&mut self, stream: Stream, peer: SocketAddr, now: Instant) {
        self.waiting = Some((stream, peer));
        self.backoff.rest(now);
    }

    /// Continues now that there is room.
    pub fn go_on(&mut self) {
        self.backoff = Backoff::default();
    }

    /// Takes one connection from the backlog.
    pub fn accept(&mut self, now: Instant) -> Accepted {
        if let Some((stream, peer)) = self.waiting.take() {
            return Accepted::One(stream, peer);
        }
        match self.socket.accept() {
            Ok((stream, peer)) => {
                self.backoff.failures = 0;
                Accepted::One(Stream::Tcp(stream), peer)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.backoff.failures = 0;
                self.ready = false;
                Accepted::None
            }
            Err(error) => {
                self.backoff.failed(&error, now);
                Accepted::Failed(error)
            }
        }
    }
}

impl Backoff {
    /// Pauses accepting.
    fn rest(&mut self, now: Instant) {
        self.rest_until = Some(now + limits::ACCEPT_REST);
    }

    /// Handles a failed call.
    fn failed(&mut self, error: &io::Error, now: Instant) {
        self.failures += 1;
        if !is_of_one_connection(error) || self.failures >= limits::ACCEPT_FAILURES {
            self.failures = 0;
            self.rest(now);
        }
    }
}

/// Returns true if an error of `accept` is about the connection (accept(2): such errors are passed
/// on from the network), not about a lack of descriptors or memory.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, PermissionDenied};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted | PermissionDenied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn errors_of_single_connections_are_skipped_until_they_last() {
        let now = Instant::now();
        for errno in [Errno::PERM, Errno::CONNABORTED, Errno::CONNRESET, Errno::INTR] {
            let mut backoff = Backoff::default();
            for number in 1..limits::ACCEPT_FAILURES {
                backoff.failed(&errno.into(), now);
                assert_eq!(backoff.rest_until, None, "{errno} number {number}");
            }
            backoff.failed(&errno.into(), now);
            assert_eq!(backoff.rest_until, Some(now + limits::ACCEPT_REST), "{errno}");
        }
    }

    #[test]
    fn a_want_of_descriptors_or_memory_is_rested_on_at_once() {
        let now = Instant::now();
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
            let mut backoff = Backoff::default();
            backoff.failed(&errno.into(), now);
            assert_eq!(backoff.rest_until, Some(now + limits::ACCEPT_REST), "{errno}");
        }
    }
}
