//! The replication protocol between processes of one bookstore.
//!
//! ```text
//!   follower ── Report: I have applied all up to N, and am alive ──▶ leader
//!            ◀── News: these entries come next; so far is answered ──
//! ```
//! JSON in both directions. What is printed is read back as it was; what breaks a bound is not
//! read at all.

use super::Control;
use crate::stats::store::ReplicaState;
use crate::work::store::codec::{self, number, settled, settled_value, text};
use crate::work::store::order_key::OrderSecret;
use crate::work::store::{Entry, Role, Seq, Settled, WriteError};
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::sync::Arc;

/// A follower's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The name that it was given last, if it was given one.
    pub follower: Option<String>,
    /// True if it begins, possibly again: with a new name, and with the next entries.
    pub joins: bool,
    /// The last entry that all its live replicas have applied.
    pub since: Seq,
    /// The last entry that it knows to be answered.
    pub answered: Seq,
    /// Its replicas.
    pub replicas: Vec<ReplicaReport>,
}

/// A replica, as its process sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaReport {
    /// Its role.
    pub role: Role,
    /// Its number among those of its role, from 1.
    pub number: u8,
    /// Its state, which decides if it may receive requests.
    pub state: ReplicaState,
    /// The last entry that it has applied.
    pub seq: Seq,
    /// The digest of its tables then.
    pub digest: u64,
    /// The address of its listener.
    pub addr: SocketAddr,
    /// Requests that came to it …
    pub requests: u64,
    /// … and those of them that it could not answer.
    pub errors: u64,
}

/// The leader's answer to a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The follower's name from now on.
    pub follower: String,
    /// The number of the log.
    pub log: u64,
    /// The secret from which the keys of its orders are derived.
    pub order_secret: OrderSecret,
    /// The number of the first of the entries, or of the one that will come next.
    pub first: Seq,
    /// Entries in their order.
    pub entries: Arc<[Entry]>,
    /// The last entry whose writers have been answered.
    pub answered: Seq,
    /// The commands of operators.
    pub commands: Vec<Command>,
}

/// An operator's command to a replica of a follower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The replica's name, in its own process.
    pub replica: String,
    /// The command.
    pub control: Control,
}

/// Replicas that one process can have.
pub const REPLICAS_MAX: usize = 16;
/// Commands of one answer.
pub const COMMANDS_MAX: usize = 64;
/// Bytes of a follower's name, and of a replica's.
pub const NAME_MAX: usize = 64;

impl Report {
    /// Prints it.
    pub fn print(&self) -> String {
        let replicas = self.replicas.iter().map(ReplicaReport::value).collect::<Vec<_>>();
        let Report { follower, joins, since, answered, .. } = self;
        json!({"follower": follower, "joins": joins, "since": since, "answered": answered,
            "replicas": replicas})
        .to_string()
    }

    /// Reads what [`Report::print`] made.
    pub fn parse(body: &[u8]) -> Option<Report> {
        let value: Value = serde_json::from_slice(body).ok()?;
        let object = value.as_object()?;
        let replicas = list(object, "replicas", REPLICAS_MAX)?;
        let is_new = object.get("follower")?.is_null();
        let named = || text(object, "follower", NAME_MAX, NAME_MAX);
        let follower = if is_new { None } else { Some(named()?) };
        Some(Report {
            follower,
            joins: object.get("joins")?.as_bool()?,
            since: seq(object, "since")?,
            answered: seq(object, "answered")?,
            replicas: replicas.iter().map(ReplicaReport::parse).collect::<Option<_>>()?,
        })
    }
}

impl ReplicaReport {
    /// `catalog-1` and the like.
    pub fn name(&self) -> String {
        format!("{}-{}", self.role.name(), self.number)
    }

    fn value(&self) -> Value {
        let ReplicaReport { role, number, state, seq, digest, addr, requests, errors } = self;
        json!({"role": role.name(), "number": number, "state": state.word(), "seq": seq,
            "digest": digest, "addr": addr.to_string(), "requests": requests, "errors": errors})
    }

    fn parse(value: &Value) -> Option<ReplicaReport> {
        let object = value.as_object()?;
        let word = |name| object.get(name).and_then(Value::as_str);
        let roles = [Role::Catalog, Role::Order];
        let states = [ReplicaState::Up, ReplicaState::Down, ReplicaState::Recovering];
        Some(ReplicaReport {
            role: roles.into_iter().find(|role| Some(role.name()) == word("role"))?,
            number: number(object, "number", u8::MAX.into())? as u8,
            state: states.into_iter().find(|state| Some(state.word()) == word("state"))?,
            seq: seq(object, "seq")?,
            digest: number(object, "digest", u64::MAX)?,
            addr: word("addr")?.parse().ok()?,
            requests: number(object, "requests", u64::MAX)?,
            errors: number(object, "errors", u64::MAX)?,
        })
    }
}

impl News {
    /// Prints it.
    pub fn print(&self) -> String {
        let News { follower, log, order_secret, first, entries, answered, commands } = self;
        let entries = entries.iter().map(codec::value).collect::<Vec<_>>();
        let command = |Command { replica, control }: &Command| {
            let crash = *control == Control::Crash;
            json!({"replica": replica, "crash": crash})
        };
        let commands = commands.iter().map(command).collect::<Vec<_>>();
        json!({"follower": follower, "log": log, "order_secret": order_secret.print(),
            "first": first, "entries": entries,
            "answered": answered, "commands": commands})
        .to_string()
    }

    /// Reads what [`News::print`] made.
    pub fn parse(body: &[u8]) -> Option<News> {
        let value: Value = serde_json::from_slice(body).ok()?;
        let object = value.as_object()?;
        let command = |value: &Value| {
            let object = value.as_object()?;
            let replica = text(object, "replica", NAME_MAX, NAME_MAX)?;
            let crash = object.get("crash")?.as_bool()?;
            let control = if crash { Control::Crash } else { Control::Recover };
            Some(Command { replica, control })
        };
        let entries = list(object, "entries", usize::MAX)?;
        let first = seq(object, "first")?;
        Some(News {
            follower: text(object, "follower", NAME_MAX, NAME_MAX)?,
            log: number(object, "log", u64::MAX)?,
            order_secret: OrderSecret::parse(object.get("order_secret")?.as_str()?)?,
            first: (first > 0).then_some(first)?,
            entries: entries.iter().map(codec::entry).collect::<Option<_>>()?,
            answered: seq(object, "answered")?,
            commands: list(object, "commands", COMMANDS_MAX)?
                .iter()
                .map(command)
                .collect::<Option<_>>()?,
        })
    }
}

/// Prints what came of the entries of one request, each for itself.
pub fn print_told(told: &[Result<Settled, WriteError>]) -> String {
    let value = |one: &Result<Settled, WriteError>| match one {
        Ok(settled) => settled_value(settled),
        Err(error) => json!({"error": error.name()}),
    };
    Value::Array(told.iter().map(value).collect()).to_string()
}

/// Reads what [`print_told`] made.
pub fn parse_told(body: &[u8]) -> Option<Vec<Result<Settled, WriteError>>> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let all = [WriteError::Log, WriteError::Busy, WriteError::Unknown];
    let one = |value: &Value| match value.get("error").and_then(Value::as_str) {
        Some(word) => all.into_iter().find(|error| error.name() == word).map(Err),
        None => settled(value).map(Ok),
    };
    value.as_array()?.iter().map(one).collect()
}

/// SQLite counts to here.
fn seq(object: &Map<String, Value>, name: &str) -> Option<Seq> {
    number(object, name, i64::MAX as u64)
}

fn list<'v>(object: &'v Map<String, Value>, name: &str, most: usize) -> Option<&'v Vec<Value>> {
    object.get(name)?.as_array().filter(|list| list.len() <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::store::Outcome;

    fn report() -> ReplicaReport {
        ReplicaReport {
            role: Role::Order,
            number: 2,
            state: ReplicaState::Recovering,
            seq: 9,
            digest: u64::MAX,
            addr: "[::1]:7001".parse().unwrap(),
            requests: 5,
            errors: 1,
        }
    }

    #[test]
    fn what_is_said_is_understood() {
        for follower in [None, Some("f-1".to_string())] {
            let (joins, replicas) = (follower.is_none(), vec![report()]);
            let report = Report { follower, joins, since: 8, answered: 7, replicas };
            assert_eq!(Report::parse(report.print().as_bytes()), Some(report));
        }
        let command = Command { replica: "order-2".to_string(), control: Control::Crash };
        let entry = Entry::Stock { book: 1, delta: -2, reason: String::new() };
        let news = News {
            follower: "f-1".to_string(),
            log: u64::MAX,
            order_secret: OrderSecret::new([9; 32]),
            first: 9,
            entries: [entry].into(),
            answered: 8,
            commands: vec![command],
        };
        assert_eq!(News::parse(news.print().as_bytes()), Some(news));
        let sold = Outcome::Sold { order: 3, left: 4 };
        let told = [Ok(Settled { outcome: sold, replayed: true }), Err(WriteError::Busy)];
        assert_eq!(parse_told(print_told(&told).as_bytes()), Some(told.to_vec()));
    }

    #[test]
    fn what_breaks_a_bound_is_not_understood() {
        let report = |replicas: usize, since: u64| {
            let replicas = vec![report(); replicas];
            Report { follower: None, joins: true, since, answered: 0, replicas }.print()
        };
        assert!(Report::parse(report(REPLICAS_MAX, i64::MAX as u64).as_bytes()).is_some());
        assert_eq!(Report::parse(report(REPLICAS_MAX + 1, 0).as_bytes()), None);
        assert_eq!(Report::parse(report(0, 1 << 63).as_bytes()), None);
        let log = report(1, 0).replace("\"order\"", "\"log\"");
        assert_eq!(Report::parse(log.as_bytes()), None, "no replica keeps a log");
        for text in ["", "[]", "{}", "null", "{\"follower\":\"f\",\"log\":1,\"first\":0}"] {
            assert_eq!(Report::parse(text.as_bytes()), None, "{text}");
            assert_eq!(News::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_told(b"[{\"error\":\"none\"}]"), None);
    }
}
