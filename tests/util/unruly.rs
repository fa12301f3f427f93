//! Web servers that misbehave: each does one thing wrong, and counts its clients.

use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The behaviour of a server on each connection.
#[derive(Debug, Clone, Copy)]
pub enum Habit {
    /// Answers each request with these bytes.
    Answers(&'static [u8]),
    /// Answers the head of the first request and closes, even if the request is still being sent.
    Slams(&'static [u8]),
    /// Does the same, but closes only after this time.
    Dawdles(&'static [u8], Duration),
    /// Answers so many requests in total, and nothing from then on.
    Hangs(usize),
    /// Closes without a word.
    Closes,
}

/// A good answer.
pub const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A refusal of what is still being sent.
pub const TOO_LARGE: &[u8] =
    b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A misbehaving server. It ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct Unruly {
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    habit: Habit,
    connections: AtomicUsize,
    requests: AtomicUsize,
    ended: AtomicBool,
}

impl Unruly {
    pub fn start(habit: Habit) -> Unruly {
        Unruly::start_at(([127, 0, 0, 1], 0).into(), habit)
    }

    /// Starts one on a port that another server used.
    pub fn start_at(addr: SocketAddr, habit: Habit) -> Unruly {
        let listener = TcpListener::bind(addr).unwrap();
        let addr = listener.local_addr().unwrap();
        let (connections, requests) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let ended = AtomicBool::new(false);
        let shared = Arc::new(Shared { habit, connections, requests, ended });
        let own = Arc::clone(&shared);
        let accepting = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if own.ended.load(Ordering::SeqCst) {
                    return;
                }
                own.connections.fetch_add(1, Ordering::SeqCst);
                let own = Arc::clone(&own);
                thread::spawn(move || own.serve(stream));
            }
        });
        Unruly { addr, shared, accepting: Some(accepting) }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// Returns the number of connections.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Returns the number of requests.
    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Unruly {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // The last accepted connection wakes the thread that waits in `accept`.
        let _ = TcpStream::connect(self.addr);
        let accepting = self.accepting.take().map(JoinHandle::join);
        assert!(accepting.is_some_and(|joined| joined.is_ok()), "the port is free again");
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        // Often enough to notice the end.
        stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        stream.set_nodelay(true).unwrap();
        if let Habit::Closes = self.habit {
            return;
        }
        while self.head(&mut stream) {
            let number = self.requests.fetch_add(1, Ordering::SeqCst);
            let sent = match self.habit {
                Habit::Answers(answer) | Habit::Slams(answer) | Habit::Dawdles(answer, _) => {
                    stream.write_all(answer)
                }
                Habit::Hangs(most) if number < most => stream.write_all(OK),
                Habit::Hangs(_) | Habit::Closes => Ok(()),
            };
            match self.habit {
                Habit::Answers(_) | Habit::Hangs(_) if sent.is_ok() => {}
                Habit::Dawdles(_, time) => return thread::sleep(time),
                Habit::Answers(_) | Habit::Hangs(_) | Habit::Slams(_) | Habit::Closes => return,
            }
        }
    }

    /// Reads to the end of a head; returns false at the end of the connection, or of the server.
    fn head(&self, stream: &mut TcpStream) -> bool {
        let (mut seen, mut byte) = (Vec::new(), [0]);
        while !seen.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte) {
                Ok(1) => seen.push(byte[0]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(_) | Err(_) => return false,
            }
            if self.ended.load(Ordering::SeqCst) {
                return false;
            }
        }
        true
    }
}

/// A listener that gives no answer, not even a refusal: its backlog is full.
#[derive(Debug)]
pub struct Deaf {
    pub addr: SocketAddr,
    _sockets: Vec<Socket>,
}

impl Deaf {
    pub fn start() -> Deaf {
        let tcp = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let listener = tcp();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let addr = listener.local_addr().unwrap();
        let mut sockets = vec![listener];
        for _ in 0..8 {
            let socket = tcp();
            socket.set_nonblocking(true).unwrap();
            // The connection is pending, and stays so.
            let _ = socket.connect(&addr);
            sockets.push(socket);
        }
        Deaf { addr: addr.as_socket().unwrap(), _sockets: sockets }
    }
}
