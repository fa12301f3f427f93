//! The operations that a connection needs of its socket, and the sockets that provide them.

mod splice_pipe;

pub use splice_pipe::SplicePipe;

use super::child::Child;
use super::token::Source;
use crate::app::{Endpoint, Id, Transport};
use crate::buf::Opened;
use mio::net::{TcpStream, UdpSocket};
use mio::{Interest, Registry};
use rustix::io::Errno;
use rustix::net::SendFlags;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};

/// A connected, non-blocking byte stream.
pub trait Socket: fmt::Debug {
    /// Reads available bytes. `Ok(0)` is the end of input.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize>;
    /// Writes as much of `from` as fits, at least one byte. With `more`, further output follows at
    /// once, so a partial packet need not be sent.
    fn write(&mut self, from: &[IoSlice<'_>], more: bool) -> io::Result<usize>;
    /// Sends at most `most` bytes of `file` at `offset`, at least one, through the pipe if the file
    /// supports that.
    ///
    /// # Errors
    /// Returns [`ErrorKind::InvalidData`] if the file has changed or can no longer be read: the
    /// announced content cannot be sent.
    /// read: what was promised of it cannot be kept.
    fn send_file(
        &mut self,
        file: &Opened,
        offset: u64,
        most: usize,
        splice_pipe: &mut SplicePipe,
    ) -> io::Result<usize>;
    /// Ends our half; written bytes are still delivered. Fails if there are no halves.
    fn shutdown_write(&mut self) -> io::Result<()>;
    /// Returns the pending error of the socket, if any.
    fn take_error(&self) -> io::Result<Option<io::Error>>;
    /// Returns our own address.
    fn local(&self) -> Option<SocketAddr>;
}

/// A socket of the operating system.
#[derive(Debug)]
pub enum Stream {
    /// A TCP connection.
    Tcp(TcpStream),
    /// A connected datagram socket, as a stream: one datagram out, one in, then the end.
    Udp(UdpSocket, Exchange),
    /// The output of a child process.
    Child(Child),
    /// No socket at all, for tasks.
    Null,
}

/// The interests of connections, registered once.
pub const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Registers a socket with the kernel: its events carry `id`.
///
/// # Errors
/// Returns the operating system's error.
pub fn watch(registry: &Registry, socket: &mut Stream, id: Id) -> io::Result<()> {
    let token = Source::Conn(id).token();
    match socket {
        Stream::Tcp(stream) => registry.register(stream, token, BOTH),
        Stream::Udp(socket, _) => registry.register(socket, token, BOTH),
        Stream::Child(child) => registry.register(&mut child.stdout, token, BOTH),
        Stream::Null => Ok(()),
    }
}

/// Starts a connection whose events carry `id`.
///
/// # Errors
/// Returns the operating system's immediate error.
pub fn dial(registry: &Registry, to: Endpoint, id: Id) -> io::Result<Stream> {
    let mut socket = match to.transport {
        Transport::Tcp => Stream::Tcp(TcpStream::connect(to.addr)?),
        Transport::Udp => {
            let any = match to.addr {
                SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
                SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
            };
            let socket = UdpSocket::bind(any)?;
            socket.connect(to.addr)?;
            Stream::Udp(socket, Exchange::Open)
        }
    };
    watch(registry, &mut socket, id)?;
    Ok(socket)
}

/// The progress of a datagram exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// The answer may still come.
    Open,
    /// The answer has arrived.
    Answered,
}

impl Socket for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(into),
            Stream::Udp(_, Exchange::Answered) => Ok(0),
            Stream::Udp(socket, exchange) => {
                let count = socket.recv(into)?;
                *exchange = Exchange::Answered;
                Ok(count)
            }
            Stream::Child(child) => child.read(into),
            Stream::Null => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn write(&mut self, from: &[IoSlice<'_>], more: bool) -> io::Result<usize> {
        match (self, from) {
            (Stream::Tcp(stream), [only]) if more => {
                Ok(rustix::net::send(stream, only, SendFlags::MORE | SendFlags::NOSIGNAL)?)
            }
            (Stream::Tcp(stream), [only]) => stream.write(only),
            (Stream::Tcp(stream), all) => stream.write_vectored(all),
            (Stream::Udp(socket, _), [only, ..]) => socket.send(only),
            (Stream::Udp(..), []) => Ok(0),
            // Nothing is ever sent to a child.
            (Stream::Child(_), _) => Err(ErrorKind::Unsupported.into()),
            (Stream::Null, all) => Ok(all.iter().map(|slice| slice.len()).sum()),
        }
    }

    fn send_file(
        &mut self,
        file: &Opened,
        offset: u64,
        most: usize,
        splice_pipe: &mut SplicePipe,
    ) -> io::Result<usize> {
        if let Stream::Tcp(stream) = self
            && offset == 0
            && let Some(pages) = file.pages()
            && let Some(sent) = splice_pipe.send(pages, most, stream)
        {
            return sent;
        }
        match self {
            // Checked each time: another process may write between two pieces.
            Stream::Tcp(stream) => match file.check().and_then(|()| {
                let mut offset = offset;
                Ok(rustix::fs::sendfile(stream, file.file(), Some(&mut offset), most)?)
            }) {
                Ok(0) => Err(ErrorKind::InvalidData.into()),
                Err(error) if is_of_a_file(&error) => Err(ErrorKind::InvalidData.into()),
                sent => sent,
            },
            Stream::Udp(..) | Stream::Child(_) => Err(ErrorKind::Unsupported.into()),
            Stream::Null => Ok(most),
        }
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Udp(..) | Stream::Child(_) => Err(ErrorKind::Unsupported.into()),
            // The other half never ends.
            Stream::Null => Err(ErrorKind::NotConnected.into()),
        }
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self {
            Stream::Tcp(stream) => stream.take_error(),
            Stream::Udp(socket, _) => socket.take_error(),
            Stream::Child(child) => child.stdout.take_error(),
            Stream::Null => Ok(None),
        }
    }

    fn local(&self) -> Option<SocketAddr> {
        match self {
            Stream::Tcp(stream) => stream.local_addr().ok(),
            Stream::Udp(socket, _) => socket.local_addr().ok(),
            Stream::Child(_) | Stream::Null => None,
        }
    }
}

/// Returns true if the file failed, not the socket: the disk, or its driver.
fn is_of_a_file(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    errno.is_some_and(|errno| {
        [Errno::IO, Errno::STALE, Errno::INVAL, Errno::OVERFLOW].contains(&errno)
    })
}
