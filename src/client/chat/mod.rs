//! A helpdesk to measure a chat with: agents who serve, visitors who arrive at random, and the task
//! that generates them.
//!
//! ```text
//!   agent:     sign in ─▶ online ─▶ (assigned ─ service time ─▶ close)* ─ all are done ─▶ figures
//!   generator: all agents are online ─▶ a visitor ─ a random pause ─▶ a visitor ─▶ …
//!   visitor:   hello ─▶ connected ─▶ ended ─▶ rate      └─▶ lost
//! ```

mod agent;
mod generator;
pub mod theory;
mod visitor;

use crate::app::{self, App, Deadline, Endpoint, Id, Progress};
use crate::buf::RecvBuf;
use crate::stats::Close;
use crate::wire::Parse;
use crate::wire::chat::ServerLine;
use crate::wire::line::{Scan, line};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The helpdesk.
#[derive(Debug)]
pub struct Helpdesk;

impl App for Helpdesk {
    type Kind = Kind;
    type Session = Session;
    type World = Run;
    type Mail = AllSettled;
    type Record = ();
}

/// Tells agents and the generator that the last visit is over.
#[derive(Debug, Clone, Copy)]
pub struct AllSettled;

type Event = app::Event<AllSettled>;
type Effect = app::Effect<Helpdesk>;
type Cx<'a> = app::Cx<'a, Helpdesk>;

/// The kinds of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An agent.
    Agent,
    /// A visitor.
    Visitor,
    /// The task that generates the visitors.
    Generator,
}

/// A client.
#[derive(Debug)]
pub enum Session {
    /// An agent.
    Agent(agent::AgentClient),
    /// A visitor.
    Visitor(visitor::VisitorClient),
    /// The task that generates the visitors.
    Generator(generator::VisitorGenerator),
}

impl app::Session<Helpdesk> for Session {
    fn open(kind: Kind, _id: Id, _now: Instant) -> Session {
        match kind {
            Kind::Agent => Session::Agent(agent::AgentClient::default()),
            Kind::Visitor => Session::Visitor(visitor::VisitorClient::default()),
            Kind::Generator => Session::Generator(generator::VisitorGenerator::default()),
        }
    }

    fn handle(&mut self, event: Event, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        if self.is_done().is_some() {
            return Progress::Starved;
        }
        match self {
            Session::Agent(agent) => agent.handle(&event, recv, cx),
            Session::Visitor(visitor) => visitor.handle(&event, recv, cx),
            Session::Generator(generator) => generator.handle(&event, cx),
        }
    }

    /// A visitor has none: the patience of the server is measured.
    fn deadline(&self) -> Option<Deadline> {
        match self {
            Session::Agent(agent) => agent.deadline(),
            Session::Visitor(_) => None,
            Session::Generator(generator) => generator.deadline(),
        }
    }

    fn wants_read(&self) -> bool {
        match self {
            Session::Agent(_) | Session::Visitor(_) => self.is_done().is_none(),
            Session::Generator(_) => false,
        }
    }

    fn is_done(&self) -> Option<Close> {
        match self {
            Session::Agent(agent) => agent.done,
            Session::Visitor(visitor) => visitor.done,
            Session::Generator(generator) => generator.done,
        }
    }
}

/// How long agents take for a visitor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Service {
    /// By chance, as the formulas assume, with this mean.
    Exponential(Duration),
    /// Anything between these alike.
    Uniform(Duration, Duration),
}

impl Service {
    /// The mean.
    pub fn mean(&self) -> Duration {
        match self {
            Service::Exponential(mean) => *mean,
            Service::Uniform(least, most) => (*least + *most) / 2,
        }
    }

    /// One of them.
    fn draw(&self, rng: &mut fastrand::Rng) -> Duration {
        match self {
            Service::Exponential(mean) => mean.mul_f64(exponential(rng)),
            Service::Uniform(least, most) => *least + (*most - *least).mul_f64(rng.f64()),
        }
    }
}

/// A draw from the exponential distribution with mean 1.
fn exponential(rng: &mut fastrand::Rng) -> f64 {
    -(1.0 - rng.f64()).ln()
}

/// What a run is, and what its clients have seen.
#[derive(Debug, Default, Clone)]
pub struct Run {
    /// What was asked for; nothing without a run.
    pub plan: Option<Plan>,
    /// Visitors that were sent.
    pub sent: u64,
    /// Those that were attended to, lost, blocked …
    pub handled: u64,
    /// See `handled`.
    pub lost: u64,
    /// See `handled`.
    pub blocked: u64,
    /// … and those whose connection broke, or who were told what they did not understand.
    pub failed: u64,
    /// The figures that each agent was given at the end.
    pub screens: Vec<Vec<String>>,
    /// The overall figures.
    pub overall: Vec<String>,
    agents: Vec<Id>,
    online: usize,
    generator: Option<Id>,
}

/// What was asked for.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server.
    pub to: Endpoint,
    /// Visitors.
    pub clients: u64,
    /// Names and secrets of the agents.
    pub agents: Vec<(String, String)>,
    /// Visitors a second.
    pub arrival: f64,
    /// How long they are served.
    pub service: Service,
    /// What they are called; numbered, if there are none.
    pub names: Arc<[String]>,
}

impl Run {
    /// A run that has not begun.
    pub fn new(plan: Plan) -> Run {
        Run { plan: Some(plan), ..Run::default() }
    }

    /// Visitors whose visit is over.
    pub fn settled(&self) -> u64 {
        self.handled + self.lost + self.blocked + self.failed
    }

    /// Whether all visits are over.
    fn is_over(&self) -> bool {
        self.plan.as_ref().is_none_or(|plan| self.settled() >= plan.clients)
    }

    /// Wakes the agents and the generator at the end.
    fn wake_all(&self, effects: &mut Vec<Effect>) {
        let ids = self.agents.iter().chain(&self.generator);
        effects.extend(ids.map(|id| Effect::Post(*id, AllSettled)));
    }
}

/// Bytes of a server's line: the longest text, all of it replaced, and what stands before it.
const LINE_MAX: usize = 3 * crate::wire::chat::LINE_BYTES_MAX + 256;

/// Hands the next line of a server to `hear`. Whether there was one; no line at all is an error.
fn next_line(
    recv: &mut RecvBuf,
    scan: &mut Scan,
    cx: &mut Cx<'_>,
    hear: impl FnOnce(Option<ServerLine<'_>>, &mut Cx<'_>),
) -> bool {
    let used = match line(recv.bytes(), scan, LINE_MAX) {
        Parse::Done(bytes, used) => {
            let text = std::str::from_utf8(bytes).unwrap_or_default();
            let read = match crate::wire::chat::server_line(text) {
                Parse::Done(read, _) => Some(read),
                Parse::More | Parse::Bad(_) => None,
            };
            hear(read, cx);
            used
        }
        Parse::More => return false,
        Parse::Bad(_) => {
            hear(None, cx);
            recv.len()
        }
    };
    recv.consume(used);
    true
}

/// Says a line.
fn say(cx: &mut Cx<'_>, line: std::fmt::Arguments<'_>) {
    use std::io::Write;
    writeln!(cx.send.tail(), "{line}").expect("a Vec takes every write");
}
