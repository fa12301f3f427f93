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

/// The application.
#[derive(Debug)]
pub struct Helpdesk;

impl App for Helpdesk {
    type Kind = Kind;
    type Session = Session;
    type World = Run;
    type Mail = AllSettled;
    type Record = ();
}

/// The message to agents and the generator that the last visit is over.
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

    /// Visitors have no deadline: the patience of the server is measured.
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

/// The distribution of the time that an agent spends on a visitor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Service {
    /// Exponential with this mean, as the formulas assume.
    Exponential(Duration),
    /// Uniform between these two.
    Uniform(Duration, Duration),
}

impl Service {
    /// Returns the mean.
    pub fn mean(&self) -> Duration {
        match self {
            Service::Exponential(mean) => *mean,
            Service::Uniform(least, most) => (*least + *most) / 2,
        }
    }

    /// Draws a service time.
    fn draw(&self, rng: &mut fastrand::Rng) -> Duration {
        match self {
            Service::Exponential(mean) => mean.mul_f64(exponential(rng)),
            Service::Uniform(least, most) => *least + (*most - *least).mul_f64(rng.f64()),
        }
    }
}

/// Draws from the exponential distribution with mean 1.
fn exponential(rng: &mut fastrand::Rng) -> f64 {
    -(1.0 - rng.f64()).ln()
}

/// The state that all clients of a run share.
#[derive(Debug, Default, Clone)]
pub struct Run {
    /// The plan; none without a run.
    pub plan: Option<Plan>,
    /// The number of visitors that were sent.
    pub sent: u64,
    /// The number of visitors that an agent served.
    pub handled: u64,
    /// The number of visitors that gave up.
    pub lost: u64,
    /// The number of visitors that the server refused because it was full.
    pub blocked: u64,
    /// The number of visitors whose connection broke, or that received a line they do not
    /// understand.
    pub failed: u64,
    /// The figures that each agent received at the end.
    pub screens: Vec<Vec<String>>,
    /// The overall figures.
    pub overall: Vec<String>,
    agents: Vec<Id>,
    online: usize,
    generator: Option<Id>,
}

/// The plan of a run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server.
    pub to: Endpoint,
    /// The number of visitors.
    pub clients: u64,
    /// The names and secrets of the agents.
    pub agents: Vec<(String, String)>,
    /// The arrival rate: visitors per second.
    pub arrival: f64,
    /// The distribution of service times.
    pub service: Service,
    /// The names of the visitors; without names they are numbered.
    pub names: Arc<[String]>,
}

impl Run {
    /// Creates a run that has not begun.
    pub fn new(plan: Plan) -> Run {
        Run { plan: Some(plan), ..Run::default() }
    }

    /// Returns the number of visitors whose visit is over.
    pub fn settled(&self) -> u64 {
        self.handled + self.lost + self.blocked + self.failed
    }

    /// Returns true if all visits are over.
    fn is_over(&self) -> bool {
        self.plan.as_ref().is_none_or(|plan| self.settled() >= plan.clients)
    }

    /// Wakes the agents and the generator at the end.
    fn wake_all(&self, effects: &mut Vec<Effect>) {
        let ids = self.agents.iter().chain(&self.generator);
        effects.extend(ids.map(|id| Effect::Post(*id, AllSettled)));
    }
}

/// The longest line of a server: the longest text, all of it replaced, after the longest prefix.
const LINE_MAX: usize = 3 * crate::wire::chat::LINE_BYTES_MAX + 256;

/// Passes the next line of the server to `on_line`. Returns false if no line is complete; a line
/// that cannot be parsed is an error.
fn next_line(
    recv: &mut RecvBuf,
    scan: &mut Scan,
    cx: &mut Cx<'_>,
    on_line: impl FnOnce(Option<ServerLine<'_>>, &mut Cx<'_>),
) -> bool {
    let used = match line(recv.bytes(), scan, LINE_MAX) {
        Parse::Done(bytes, used) => {
            let text = std::str::from_utf8(bytes).unwrap_or_default();
            let read = match crate::wire::chat::server_line(text) {
                Parse::Done(read, _) => Some(read),
                Parse::More | Parse::Bad(_) => None,
            };
            on_line(read, cx);
            used
        }
        Parse::More => return false,
        Parse::Bad(_) => {
            on_line(None, cx);
            recv.len()
        }
    };
    recv.consume(used);
    true
}

/// Sends a line.
fn say(cx: &mut Cx<'_>, line: std::fmt::Arguments<'_>) {
    use std::io::Write;
    writeln!(cx.send.tail(), "{line}").expect("a Vec takes every write");
}
