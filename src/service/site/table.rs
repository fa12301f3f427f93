//! The table of fetches, with the requests that wait for them, and the results.

use super::resource::Variant;
use crate::limits;
use crate::service::{Effect, Id, Kind, Mail, Target, Ticket};
use crate::work::files::{self, Form, NoFile, Wish};
use std::collections::HashMap;
use std::sync::Arc;

/// The id of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name(u64);

/// The result of a fetch, sent to all requests that wait for it.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// A file, and whether it is in the cache now.
    File(Arc<Kept>),
    /// A valid entry in the cache.
    Known,
    /// No file.
    No(NoFile),
    /// No session could be started: the request has to look itself.
    Alone,
}

/// A file that was found.
#[derive(Debug)]
pub struct Kept {
    /// Its state.
    pub state: files::State,
    /// True if it is compressed for clients that accept it.
    pub packs: bool,
    /// The file in the requested encoding.
    pub variant: Arc<Variant>,
    /// True if it is in the cache.
    pub kept: bool,
}

/// The parameters of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The acceptable encodings.
    pub wish: Wish,
    /// True if only its existence matters.
    pub probe: bool,
    /// The form of a directory listing.
    pub form: Form,
}

/// A fetch in progress.
#[derive(Debug)]
pub struct Fetch {
    /// The path.
    pub path: Box<[u8]>,
    /// The order of the first request.
    pub order: Order,
    waiters: Vec<(Id, Ticket)>,
}

/// All fetches in progress, at most one for each path.
#[derive(Debug, Default)]
pub struct Fetches {
    open: HashMap<Name, Fetch>,
    paths: HashMap<Box<[u8]>, Name>,
    issued: u64,
}

/// The error if there is no room for another fetch, or for another waiting request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Fetches {
    /// Lets `waiter`, if there is one, wait for the fetch of `path`; begins one if there is none.
    pub fn join(
        &mut self,
        path: &[u8],
        order: Order,
        waiter: Option<(Id, Ticket)>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Full> {
        if let Some(name) = self.paths.get(path) {
            let fetch = self.open.get_mut(name).expect("a path leads to an open fetch");
            if fetch.waiters.len() >= limits::FETCH_WAITERS {
                return Err(Full);
            }
            fetch.waiters.extend(waiter);
            return Ok(());
        }
        if self.open.len() >= limits::FETCHES {
            return Err(Full);
        }
        self.issued += 1;
        let name = Name(self.issued);
        let waiters = waiter.into_iter().collect();
        self.open.insert(name, Fetch { path: path.into(), order, waiters });
        self.paths.insert(path.into(), name);
        effects.push(Effect::Dial(Target::Task, Kind::Fetch(name)));
        Ok(())
    }

    /// Returns the fetch with that id, if it is in progress.
    pub fn find(&self, name: Name) -> Option<&Fetch> {
        self.open.get(&name)
    }

    /// Returns the number of fetches in progress.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Sends a result to all requests that wait so far.
    pub fn tell(&mut self, name: Name, fetched: &Fetched, effects: &mut Vec<Effect>) {
        if let Some(fetch) = self.open.get_mut(&name) {
            for (id, ticket) in fetch.waiters.drain(..) {
                effects.push(Effect::Post(id, Mail::Fetched(ticket, fetched.clone())));
            }
        }
    }

    /// Removes a finished fetch.
    pub fn close(&mut self, name: Name) {
        if let Some(fetch) = self.open.remove(&name) {
            self.paths.remove(&fetch.path);
        }
    }
}
