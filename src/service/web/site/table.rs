//! What is being fetched, who waits for it, and what they are told.

use super::resource::Variant;
use crate::limits;
use crate::service::{Effect, Id, Kind, Mail, Target, Ticket};
use crate::work::files::{self, Document, Form, Wish};
use std::collections::HashMap;
use std::sync::Arc;

/// The name of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name(u64);

/// What a fetch came to, told to all who wait for it.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// A file, and whether the cache has it now.
    File(Arc<Kept>),
    /// Look into the cache again: what is there is good.
    Known,
    /// A directory, to be asked for with a slash.
    Directory,
    /// The names in a directory.
    Listing(Document),
    /// There is nothing.
    Missing,
    /// It is not for us to read.
    Denied,
    /// There is no directory to serve files from at the moment.
    Rootless,
    /// There is no room for another job.
    Busy,
    /// The disk failed.
    Failed,
    /// Nobody can be asked: whoever wants to know has to look.
    Alone,
}

/// A file that was found.
#[derive(Debug)]
pub struct Kept {
    /// Its state.
    pub state: files::State,
    /// Whether it would be compressed for those who accept that.
    pub packs: bool,
    /// The file in the encoding that was asked for.
    pub variant: Arc<Variant>,
    /// Whether it is in the cache.
    pub kept: bool,
}

/// What to fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The encodings that are welcome.
    pub wish: Wish,
    /// Whether only that it is there is wanted.
    pub probe: bool,
    /// How a directory is to be listed.
    pub form: Form,
}

/// A fetch that is under way.
#[derive(Debug)]
pub struct Fetch {
    /// The path.
    pub path: Box<[u8]>,
    /// What was asked for first.
    pub order: Order,
    waiters: Vec<(Id, Ticket)>,
}

/// All fetches that are under way, at most one for each path.
#[derive(Debug, Default)]
pub struct Fetches {
    open: HashMap<Name, Fetch>,
    paths: HashMap<Box<[u8]>, Name>,
    issued: u64,
}

/// There is no room for another fetch, or for another one who waits.
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

    /// The fetch of that name, if it is not over.
    pub fn find(&self, name: Name) -> Option<&Fetch> {
        self.open.get(&name)
    }

    /// How many are under way.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Tells all who wait so far.
    pub fn tell(&mut self, name: Name, fetched: &Fetched, effects: &mut Vec<Effect>) {
        if let Some(fetch) = self.open.get_mut(&name) {
            for (id, ticket) in fetch.waiters.drain(..) {
                effects.push(Effect::Post(id, Mail::Fetched(ticket, fetched.clone())));
            }
        }
    }

    /// Forgets a fetch that is over.
    pub fn close(&mut self, name: Name) {
        if let Some(fetch) = self.open.remove(&name) {
            self.paths.remove(&fetch.path);
        }
    }
}
