//! A strict client: it reads exactly one answer at a time, and distinguishes an end from a broken
//! connection.

use super::process::PATIENCE;
use socket2::SockRef;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// One connection.
#[derive(Debug)]
pub struct Client {
    pub stream: TcpStream,
    /// Received bytes that were not read as part of an answer yet.
    received: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// The reasons for a missing answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoReply {
    /// The end, between two answers: the request can be repeated elsewhere.
    Ended,
    /// The end, in the middle of an answer.
    Torn,
    /// The connection was reset or broke.
    Broken(ErrorKind),
}

impl Client {
    pub fn connect(addr: SocketAddr) -> Client {
        Client::try_connect(addr).unwrap()
    }

    pub fn try_connect(addr: SocketAddr) -> io::Result<Client> {
        let stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Client { stream, received: Vec::new() })
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends as much as the server takes: one that refuses need not read to the end.
    pub fn offer(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// Sends `GET path`, and returns the answer.
    pub fn get(&mut self, path: &str) -> Reply {
        self.ask(&get(path)).unwrap()
    }

    /// Sends `POST path` with a JSON body, and returns the answer.
    pub fn post(&mut self, path: &str, body: &str) -> Reply {
        self.ask(&post(path, body)).unwrap()
    }

    /// Sends a request and reads its answer. A request that could not be sent is not answered.
    pub fn ask(&mut self, request: &str) -> Result<Reply, NoReply> {
        match self.stream.write_all(request.as_bytes()) {
            Ok(()) if request.starts_with("HEAD ") => self.head(),
            Ok(()) => self.reply(),
            Err(error) => Err(NoReply::Broken(error.kind())),
        }
    }

    /// Reads one answer.
    pub fn reply(&mut self) -> Result<Reply, NoReply> {
        let Reply { status, head, .. } = self.head()?;
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let length = length.map_or(0, |length| length.parse::<usize>().unwrap());
        let whole = |bytes: &[u8]| (bytes.len() >= length).then_some(length);
        self.read_until(whole)
            .map_err(|no| if no == NoReply::Ended { NoReply::Torn } else { no })?;
        let body = String::from_utf8(self.received.drain(..length).collect()).unwrap();
        Ok(Reply { status, head, body })
    }

    /// Reads the head of an answer.
    fn head(&mut self) -> Result<Reply, NoReply> {
        let end = self.read_until(|bytes| {
            bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
        })?;
        let head = String::from_utf8(self.received.drain(..end).collect()).unwrap();
        let status = head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        Ok(Reply { status, head, body: String::new() })
    }

    fn read_until(&mut self, end: impl Fn(&[u8]) -> Option<usize>) -> Result<usize, NoReply> {
        let mut piece = [0; 16_384];
        loop {
            if let Some(end) = end(&self.received) {
                return Ok(end);
            }
            match self.stream.read(&mut piece) {
                Ok(0) if self.received.is_empty() => return Err(NoReply::Ended),
                Ok(0) => return Err(NoReply::Torn),
                Ok(count) => self.received.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(NoReply::Broken(error.kind())),
            }
        }
    }

    /// Reads everything up to the end of the connection, and returns how it ended.
    pub fn rest(&mut self) -> (Vec<u8>, NoReply) {
        let no = self.read_until(|_| None).unwrap_err();
        (std::mem::take(&mut self.received), no)
    }

    /// Returns true if the server has closed the connection and sent nothing more.
    pub fn is_ended(&mut self) -> bool {
        self.rest() == (Vec::new(), NoReply::Ended)
    }

    /// Returns true if the server has neither closed the connection nor sent anything so far.
    pub fn is_silent(&mut self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        self.received.is_empty() && peeked.is_err_and(|e| e.kind() == ErrorKind::WouldBlock)
    }

    /// Ends the output, but still reads.
    pub fn half_close(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Vanishes: further output of the server meets a reset.
    pub fn reset(self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

impl Reply {
    /// Returns the value of the first field of this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        field_of(&self.head, name)
    }

    /// Parses the body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Returns true if the server announces that this is the last answer.
    pub fn is_last(&self) -> bool {
        self.head.contains("\r\nConnection: close\r\n")
    }
}

/// Returns the value of the first field of this name.
pub fn field_of<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let mut named = fields.filter(|(own, _)| own.eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value.trim())
}

/// Returns a request with these fields and an optional JSON body.
pub fn text(method: &str, path: &str, fields: &str, body: &str) -> String {
    let json = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let length = if method == "GET" { String::new() } else { length(body) };
    format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{json}{length}{fields}\r\n{body}")
}

fn length(body: &str) -> String {
    format!("Content-Length: {}\r\n", body.len())
}

/// Returns a request for a page.
pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// Returns a request with a JSON body.
pub fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Returns a JSON body with the user's members, and others after them.
pub fn by(user: &str, others: &str) -> String {
    let comma = if others.is_empty() { "" } else { "," };
    format!("{{\"username\":\"{user}\",\"password\":\"{user}-pw\"{comma}{others}}}")
}

/// Asserts that a new client is served, whatever happened to the previous ones.
pub fn assert_next_is_served(addr: SocketAddr) {
    let reply = Client::connect(addr).get("/healthz");
    assert_eq!((reply.status, reply.body.as_str()), (200, "ok\n"));
}
