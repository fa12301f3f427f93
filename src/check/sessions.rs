//! Sessions under any sequence of events that a driver may send.

use super::world;
use crate::app::Session as _;
use crate::buf::{RecvBuf, SendBuf};
use crate::limits::Limits;
use crate::service::http::ListenerRole;
use crate::service::{
    Cx, Effect, Event, Id, InPlace, Kind, Mail, Progress, Refusal, Session, Target, Ticket,
    Transport, World,
};
use crate::stats::Stats;
use crate::wire::pow::MESSAGE_BYTES_MAX;
use crate::work::db::{self, chat, counts, spent};
use crate::work::{Compute, Job, Outcome, files, pi, pow, process, reports};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant, UNIX_EPOCH};

/// A driver that follows the input, within the contract of the waist.
pub(super) struct Driver {
    pub(super) session: Session,
    recv: RecvBuf,
    /// Bytes that a session may leave unread while it waits for more.
    unread_max: usize,
    pub(super) send: SendBuf,
    pub(super) world: World,
    stats: Stats,
    rng: fastrand::Rng,
    now: Instant,
    draining: bool,
    pub(super) ended: bool,
    pub(super) starved: bool,
    pub(super) tickets: Vec<(Ticket, Job)>,
    probes: Vec<Ticket>,
}

const ID: Id = Id { slot: 0, generation: 0 };

/// Sessions: for any events in any order they neither panic nor stall nor leave anything behind.
/// The first byte selects the kind of session; then each operation is a byte, with a length and
/// bytes if it is input.
pub fn session_ops(input: &[u8]) {
    let Some((first, mut rest)) = input.split_first() else { return };
    let kind = match first % 5 {
        0 => Kind::Legacy(Transport::Tcp),
        1 => Kind::Legacy(Transport::Udp),
        2 => Kind::Http(ListenerRole::Panel),
        4 => Kind::Pow,
        _ => Kind::Http(ListenerRole::Web),
    };
    let mut driver = Driver::open(kind);
    while let Some((op, after)) = rest.split_first() {
        rest = after;
        match op % 8 {
            0..3 => {
                let (length, after) = rest.split_first().unwrap_or((&0, &[]));
                let (bytes, after) = after.split_at(after.len().min(usize::from(*length)));
                driver.input(bytes);
                rest = after;
            }
            3 => driver.pass(Duration::from_millis(u64::from(*op) * 100)),
            4 => driver.finish_job(usize::from(op / 8)),
            5 => driver.refuse_job(),
            6 => driver.answer_probe(*op),
            _ if *op == 7 => driver.draining = true,
            _ => driver.end_input(),
        }
        driver.digest();
    }
    driver.leave();
}

impl Driver {
    pub(super) fn open(kind: Kind) -> Driver {
        let now = Instant::now();
        let limits = Limits { head_bytes: 200, body_bytes: 100, ..Limits::default() };
        let mut driver = Driver {
            session: Session::open(kind, ID, now),
            recv: RecvBuf::default(),
            unread_max: if kind == Kind::Pow { MESSAGE_BYTES_MAX + 1 } else { 1000 },
            send: SendBuf::default(),
            world: world(limits),
            stats: Stats::default(),
            rng: fastrand::Rng::with_seed(1),
            now,
            draining: false,
            ended: false,
            starved: false,
            tickets: Vec::new(),
            probes: Vec::new(),
        };
        driver.tell(Event::Opened { local: None });
        driver
    }

    pub(super) fn tell(&mut self, event: Event) -> Progress {
        let over = self.session.is_done();
        let (unread, unsent) = (self.recv.len(), self.send.len());
        let mut effects = Vec::new();
        let mut cx = Cx {
            id: ID,
            peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000)),
            now: self.now,
            wall: UNIX_EPOCH + Duration::from_secs(784_111_777),
            draining: self.draining,
            send: &mut self.send,
            world: &mut self.world,
            stats: &mut self.stats,
            rng: &mut self.rng,
            in_place: &mut InPlace::fresh(),
            log: &mut Vec::new(),
            effects: &mut effects,
        };
        let progress = self.session.handle(event, &mut self.recv, &mut cx);
        assert!(self.recv.len() <= unread, "a session only takes from its input");
        if over.is_some() {
            assert_eq!(self.session.is_done(), over, "an end is final");
            assert_eq!(self.send.len(), unsent, "and silent");
        }
        for effect in effects {
            match effect {
                Effect::Submit(ticket, job) => self.tickets.push((ticket, job)),
                Effect::Dial(Target::Peer(_), Kind::Probe(probe)) => self.probes.push(probe.ticket),
                // The outcome of a task would come by mail: here it never comes.
                Effect::Dial(Target::Task, kind) => {
                    assert!(matches!(kind, Kind::Search(_) | Kind::Fetch(_) | Kind::ChatTask));
                }
                Effect::Dial(Target::Child(_), kind) => assert_eq!(kind, Kind::Tester),
                Effect::Dial(Target::Peer(_), kind) => panic!("a session dialled {kind:?}"),
                Effect::Post(..) => panic!("a server session has no other session to write to"),
            }
        }
        progress
    }

    pub(super) fn input(&mut self, bytes: &[u8]) {
        if !self.ended && self.session.wants_read() {
            self.recv.extend(bytes);
            self.starved = false;
        }
    }

    fn end_input(&mut self) {
        if !self.ended && self.session.wants_read() && self.recv.len() <= self.unread_max {
            self.digest();
            self.ended = true;
            self.tell(Event::Eof);
        }
    }

    /// Passes the input on as the loop does. Each call that claims to have advanced must have
    /// consumed input or changed the state of the session.
    pub(super) fn digest(&mut self) {
        let mut idle_calls = 0;
        while self.session.wants_read() && !self.starved && !self.recv.is_empty() && !self.ended {
            let before = self.recv.len();
            self.starved = self.tell(Event::Bytes) == Progress::Starved;
            idle_calls = if self.recv.len() == before { idle_calls + 1 } else { 0 };
            assert!(idle_calls < 4, "a session that advances uses input up");
        }
        let bounded = !self.starved || self.recv.len() <= self.unread_max;
        assert!(bounded, "a starved session has its input bounded");
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        let Some(deadline) = self.session.deadline().filter(|at| at.at() <= self.now) else {
            return;
        };
        if self.session.is_done().is_none() {
            self.tell(Event::Tick);
            let moved = self.session.deadline().is_none_or(|next| next.at() > deadline.at());
            assert!(moved || self.session.is_done().is_some(), "a deadline that passed is met");
            self.starved = false;
        }
    }

    fn finish_job(&mut self, index: usize) {
        if self.tickets.is_empty() {
            return;
        }
        let (ticket, job) = self.tickets.swap_remove(index % self.tickets.len());
        let outcome = match job {
            Job::Database(db::Request::Counts(request)) => {
                let answer = match request {
                    counts::Request::Count(_) => counts::Answer::Counted,
                    counts::Request::Statistics(_) => {
                        counts::Answer::Statistics(vec![("1111".to_string(), 1)])
                    }
                };
                Outcome::Database(Ok(db::Answer::Counts(answer)))
            }
            Job::Store(..) => Outcome::Panicked,
            Job::Database(db::Request::Chat(_)) => {
                Outcome::Database(Ok(db::Answer::Chat(chat::Answer::Transcript(None))))
            }
            Job::Database(db::Request::Spent(_)) => {
                let answers = [spent::Answer::Spent, spent::Answer::Known, spent::Answer::Full(9)];
                Outcome::Database(Ok(db::Answer::Spent(answers[index % 3])))
            }
            Job::Compute(_) if index.is_multiple_of(3) => Outcome::Panicked,
            Job::Compute(Compute::Pi(_)) => Outcome::Pi(pi::Outcome { simulations: 100, hits: 78 }),
            Job::Compute(Compute::Process(_)) => Outcome::Process(process::Outcome::default()),
            Job::Compute(Compute::Files(_)) => {
                Outcome::Files(files::Outcome::No(files::NoFile::Missing))
            }
            Job::Compute(Compute::List(job)) => Outcome::List(job.at_once()),
            Job::Compute(Compute::Reports(_)) => Outcome::Reports(reports::Outcome::Missing),
            #[cfg(feature = "gzip")]
            Job::Compute(Compute::Pack(_)) => Outcome::Packed(b"packed"[..].into()),
            Job::Compute(Compute::Pow(_)) => {
                Outcome::Pow(pow::Outcome::Exhausted { tried: index as u64 })
            }
        };
        self.tell(Event::Done(ticket, outcome));
        self.starved = false;
    }

    fn refuse_job(&mut self) {
        if let Some((ticket, _)) = self.tickets.pop() {
            self.tell(Event::Refused(Refusal::Job(ticket)));
            self.starved = false;
        }
    }

    fn answer_probe(&mut self, op: u8) {
        if let Some(ticket) = self.probes.pop() {
            self.tell(Event::Mail(Mail::Probed(ticket, (op > 100).then_some(3.5))));
            self.starved = false;
        }
    }

    /// Asserts that the session ends once everything is answered and the input has ended: nothing
    /// waits forever.
    fn leave(&mut self) {
        for _ in 0..1000 {
            self.digest();
            while let Some(index) = self.tickets.len().checked_sub(1) {
                self.finish_job(index);
            }
            while !self.probes.is_empty() {
                self.answer_probe(255);
            }
            if self.session.is_done().is_some() {
                return;
            }
            self.end_input();
            self.pass(Duration::from_secs(60));
        }
        panic!("the session does not end: {:?}", self.session);
    }
}
