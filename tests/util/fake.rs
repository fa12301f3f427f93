//! A simulated kernel: byte pipes with edges, a clock that only the test advances, jobs that finish
//! when the test says so.
//!
//! The model is epoll's, edge-triggered: bytes that arrive announce themselves once, room to
//! write only after a write fell short. What a test does not take from [`Kernel::events`] stays.

use super::store_files::StoreFiles;
use pentad::app::App;
use pentad::check::world;
use pentad::limits::Limits;
use pentad::net::{LoopContext, Outside, QueueFull, Reactor, Readiness, Socket, SplicePipe};
use pentad::service::{Endpoint, Id, Server, Target, Ticket};
use pentad::stats::{PeerClass, Stats};
use pentad::work::db::Database;
use pentad::work::files::Opened;
use pentad::work::{Job, Outcome};
use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A connection, seen from both ends.
#[derive(Debug, Default)]
pub struct Pipe {
    /// Sent by the client, not read by the server.
    inbound: VecDeque<u8>,
    /// The client will send no more.
    inbound_ended: bool,
    /// Sent by the server, not read by the client.
    pub outbound: VecDeque<u8>,
    /// The server will send no more.
    pub outbound_ended: bool,
    /// Bytes that `outbound` has room for.
    room: usize,
    /// The client is gone.
    reset: bool,
    /// True for the null socket of a task.
    is_null: bool,
    /// The server's end is dropped.
    pub dropped: bool,
    /// Readiness that is not reported yet.
    news: Readiness,
    failed: bool,
    /// A write fell short: the next room is an event.
    wants_room: bool,
    /// System calls of the server's end.
    pub calls: Calls,
}

/// Number of system calls.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Calls {
    /// Reads, including futile ones.
    pub reads: usize,
    /// Writes, including futile ones.
    pub writes: usize,
}

/// The client's end.
#[derive(Debug, Clone)]
pub struct Client(pub Rc<RefCell<Pipe>>);

/// The server's end.
#[derive(Debug)]
pub struct FakeSocket(Rc<RefCell<Pipe>>);

impl Client {
    /// Creates a connection whose output buffer holds `room` bytes.
    pub fn new(room: usize) -> Client {
        Client(Rc::new(RefCell::new(Pipe { room, ..Pipe::default() })))
    }

    pub fn send(&self, bytes: &[u8]) {
        let mut pipe = self.0.borrow_mut();
        if !pipe.dropped && !bytes.is_empty() {
            pipe.inbound.extend(bytes);
            pipe.news.readable = true;
        }
    }

    pub fn half_close(&self) {
        let mut pipe = self.0.borrow_mut();
        pipe.inbound_ended = true;
        pipe.news.readable = true;
        pipe.news.ending = true;
    }

    pub fn reset(&self) {
        let mut pipe = self.0.borrow_mut();
        pipe.reset = true;
        pipe.failed = true;
        pipe.news = Readiness { readable: true, writable: true, ending: true };
    }

    /// Receives at most `most` bytes that the server sent.
    pub fn receive(&self, most: usize) -> Vec<u8> {
        let mut pipe = self.0.borrow_mut();
        let count = pipe.outbound.len().min(most);
        let bytes = pipe.outbound.drain(..count).collect::<Vec<_>>();
        if count > 0 && std::mem::take(&mut pipe.wants_room) {
            pipe.news.writable = true;
        }
        bytes
    }

    /// Returns the number of sent bytes that the server has not read.
    pub fn unread(&self) -> usize {
        self.0.borrow().inbound.len()
    }

    /// Returns true if the server has closed the connection and everything it sent was received.
    pub fn at_end(&self) -> bool {
        let pipe = self.0.borrow();
        pipe.outbound.is_empty() && (pipe.outbound_ended || pipe.dropped)
    }
}

impl Socket for FakeSocket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut pipe = self.0.borrow_mut();
        pipe.calls.reads += 1;
        if pipe.inbound.is_empty() {
            // Bytes from before the reset can still be read.
            if pipe.reset {
                return Err(ErrorKind::ConnectionReset.into());
            }
            return if pipe.inbound_ended { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        let count = pipe.inbound.len().min(into.len());
        for (slot, byte) in into.iter_mut().zip(pipe.inbound.drain(..count)) {
            *slot = byte;
        }
        Ok(count)
    }

    fn write(&mut self, from: &[IoSlice<'_>], _more: bool) -> io::Result<usize> {
        let mut pipe = self.0.borrow_mut();
        pipe.calls.writes += 1;
        assert!(!pipe.outbound_ended, "written to after our half was closed");
        if pipe.reset {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let offered = from.iter().map(|slice| slice.len()).sum::<usize>();
        let count = offered.min(pipe.room.saturating_sub(pipe.outbound.len()));
        pipe.wants_room = count < offered;
        if count == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let bytes = from.iter().flat_map(|slice| slice.iter()).take(count).copied();
        pipe.outbound.extend(bytes.collect::<Vec<_>>());
        Ok(count)
    }

    fn send_file(
        &mut self,
        file: &Opened,
        offset: u64,
        most: usize,
        _splice_pipe: &mut SplicePipe,
    ) -> io::Result<usize> {
        file.check()?;
        let mut piece = vec![0; most.min(100_000)];
        let count = file.read_at(&mut piece, offset).map_err(|_| ErrorKind::InvalidData)?;
        self.write(&[IoSlice::new(&piece[..count])], false)
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        let mut pipe = self.0.borrow_mut();
        pipe.outbound_ended = true;
        if pipe.is_null { Err(ErrorKind::NotConnected.into()) } else { Ok(()) }
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        let reset = self.0.borrow().reset;
        Ok(reset.then(|| ErrorKind::ConnectionReset.into()))
    }

    fn local(&self) -> Option<SocketAddr> {
        Some("127.0.0.1:40000".parse().unwrap())
    }
}

impl Drop for FakeSocket {
    fn drop(&mut self) {
        self.0.borrow_mut().dropped = true;
    }
}

/// Everything outside the reactor.
#[derive(Debug)]
pub struct Kernel {
    now: Instant,
    pipes: Vec<(Id, Client)>,
    /// Connections that sessions have dialled, with the other end for the test to play.
    pub dialled: Vec<(Endpoint, Client)>,
    /// True if outgoing connections are refused.
    pub refuses: bool,
    /// Waiting jobs, in the order of submission.
    pub jobs: VecDeque<(Id, Ticket, Job)>,
    /// Maximum number of jobs.
    pub jobs_max: usize,
    database: Database,
    /// The bookstore's files.
    pub store_files: StoreFiles,
    /// Connections whose jobs are cancelled.
    pub cancelled: HashSet<Id>,
}

impl Outside for Kernel {
    type Socket = FakeSocket;

    fn dial(&mut self, to: &Target, id: Id) -> io::Result<FakeSocket> {
        let to = match to {
            Target::Peer(to) => *to,
            Target::Task => {
                let client = Client::new(usize::MAX);
                client.0.borrow_mut().is_null = true;
                return Ok(FakeSocket(client.0));
            }
            Target::Child(_) => return Err(ErrorKind::Unsupported.into()),
        };
        if self.refuses {
            return Err(ErrorKind::ConnectionRefused.into());
        }
        let client = Client::new(usize::MAX);
        client.0.borrow_mut().news.writable = true;
        self.pipes.push((id, client.clone()));
        self.dialled.push((to, client.clone()));
        Ok(FakeSocket(client.0))
    }

    fn watch(&mut self, socket: &mut FakeSocket, id: Id) -> io::Result<()> {
        let FakeSocket(pipe) = socket;
        let arrived = !pipe.borrow().inbound.is_empty();
        pipe.borrow_mut().news.readable = arrived;
        self.pipes.push((id, Client(Rc::clone(pipe))));
        Ok(())
    }

    fn submit(&mut self, from: Id, ticket: Ticket, job: Job) -> Result<(), QueueFull> {
        if self.jobs.len() >= self.jobs_max {
            return Err(QueueFull);
        }
        self.jobs.push_back((from, ticket, job));
        Ok(())
    }

    fn cancel(&mut self, from: Id) {
        self.cancelled.insert(from);
    }

    fn clock(&self) -> Instant {
        self.now
    }
}

/// A loop on the simulated kernel.
#[derive(Debug)]
pub struct TestNet<A: App = Server> {
    pub reactor: Reactor<Kernel, A>,
}

impl TestNet {
    /// Creates a server.
    pub fn new(limits: Limits, connections_max: usize, seed: u64) -> TestNet {
        TestNet::of(world(limits), limits, connections_max, seed)
    }
}

impl<A: App> TestNet<A> {
    /// Creates an application in this state.
    pub fn of(world: A::World, limits: Limits, connections_max: usize, seed: u64) -> TestNet<A> {
        let wall = UNIX_EPOCH + Duration::from_secs(784_111_777);
        let now = Instant::now();
        let mut context = LoopContext::new(limits, world, seed, now, wall);
        context.stats = Stats::new(now, wall, true);
        let kernel = Kernel {
            now,
            pipes: Vec::new(),
            dialled: Vec::new(),
            refuses: false,
            jobs: VecDeque::new(),
            jobs_max: usize::MAX,
            database: Database::open(Path::new(":memory:")).unwrap(),
            store_files: StoreFiles::default(),
            cancelled: HashSet::new(),
        };
        TestNet { reactor: Reactor::new(context, kernel, connections_max) }
    }

    /// Connects a client, if there is room.
    pub fn connect(&mut self, kind: A::Kind, room: usize) -> Option<Client> {
        self.connect_saying(kind, room, b"")
    }

    /// Connects a client that sends `first` before the server has accepted it.
    pub fn connect_saying(&mut self, kind: A::Kind, room: usize, first: &[u8]) -> Option<Client> {
        if !self.reactor.has_room() {
            return None;
        }
        let client = Client::new(room);
        client.send(first);
        let pipe = client.clone();
        let peer = "127.0.0.1:50000".parse().unwrap();
        self.reactor.accept(kind, PeerClass::Line, peer, FakeSocket(pipe.0)).unwrap();
        Some(client)
    }

    /// Lets time pass.
    pub fn advance(&mut self, by: Duration) {
        self.reactor.context.now += by;
        self.reactor.outside.now += by;
        self.reactor.context.wall += by;
    }

    /// Sets the clock to a moment near its own.
    pub fn advance_to(&mut self, now: Instant) {
        self.reactor.context.now = now;
        self.reactor.outside.now = now;
    }

    /// Returns the clocks of this loop.
    pub fn now(&self) -> (Instant, SystemTime) {
        (self.reactor.context.now, self.reactor.context.wall)
    }

    /// Runs one turn of the loop, in which the kernel reports the events for which `report` is
    /// true.
    pub fn turn(&mut self, mut report: impl FnMut() -> bool) {
        let pipes = &mut self.reactor.outside.pipes;
        pipes.retain(|(_, client)| !client.0.borrow().dropped);
        let mut events = Vec::new();
        for (id, client) in pipes.iter() {
            let mut pipe = client.0.borrow_mut();
            if pipe.news != Readiness::default() && report() {
                let news = std::mem::take(&mut pipe.news);
                events.push((*id, news, std::mem::take(&mut pipe.failed)));
            }
        }
        for (id, news, failed) in events {
            self.reactor.readiness(id, news, failed);
        }
        self.reactor.turn();
        self.reactor.context.log.clear();
    }

    /// Runs the job at `index`, and tells the reactor. A job of the bookstore is executed by its
    /// file first.
    pub fn finish_job(&mut self, index: usize) {
        let kernel = &mut self.reactor.outside;
        let file = |job: &Job| if let Job::Store(file, _) = job { Some(*file) } else { None };
        let wanted = kernel.jobs.get(index).and_then(|(.., job)| file(job));
        let earlier = |(.., job): &(Id, Ticket, Job)| wanted.is_some() && file(job) == wanted;
        let index = kernel.jobs.iter().position(earlier).unwrap_or(index);
        let Some((id, ticket, job)) = kernel.jobs.remove(index) else { return };
        let outcome = match job {
            Job::Database(request) => {
                Outcome::Database(kernel.database.commit(&[request]).remove(0))
            }
            Job::Store(file, request) => {
                Outcome::Store(kernel.store_files.carry_out(file, &request))
            }
            Job::Compute(mut job) => loop {
                let piece = job.cut().expect("nothing is out, so something is left").run();
                if let Some(outcome) = job.merge(piece) {
                    break outcome;
                }
            },
        };
        self.reactor.done(id, ticket, outcome);
    }

    /// Runs until nothing is left to do at this moment: events are reported and jobs run at once.
    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            self.turn(|| true);
            while !self.reactor.outside.jobs.is_empty() {
                self.finish_job(0);
            }
            let (now, _) = self.now();
            let quiet = self.reactor.wait_until().is_none_or(|at| at > now);
            let silent = |(_, client): &(Id, Client)| {
                let pipe = client.0.borrow();
                pipe.dropped || pipe.news == Readiness::default()
            };
            if quiet && self.reactor.outside.pipes.iter().all(silent) {
                return;
            }
        }
        panic!("the loop does not come to rest");
    }
}
