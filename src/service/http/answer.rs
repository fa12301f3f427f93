//! What endpoints say: a response, or that they have to wait.

use super::Response;
use crate::service::{Cx, Event, pi, pow};
use std::time::Instant;

/// What an endpoint has to say at once.
#[derive(Debug)]
pub enum Answer {
    /// All of it.
    Ready(Response),
    /// Nothing yet.
    Wait(Pending),
}

/// What an endpoint remembers while it waits.
#[derive(Debug)]
pub enum Pending {
    /// The π web service.
    Pi(pi::Pending),
    /// Proof of work.
    Pow(pow::api::Pending),
}

impl Pending {
    /// When time itself is news.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Pending::Pi(pending) => pending.deadline(),
            Pending::Pow(pending) => Some(pending.deadline()),
        }
    }

    /// Something has happened; the response, if it can be given now.
    pub(super) fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        match self {
            Pending::Pi(pending) => pending.news(event, cx),
            Pending::Pow(pending) => pending.news(&event, cx),
        }
    }
}
