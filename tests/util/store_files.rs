//! The bookstore's files in memory: they answer like files on a disk, and fail on request.

use pentad::work::db::Failure;
use pentad::work::db::store::{Answer, Request, Step, View};
use pentad::work::store::memory::Tables;
use pentad::work::store::{Entry, Outcome, Seq};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files by number; the first is the log's.
#[derive(Debug, Default)]
pub struct StoreFiles {
    files: Vec<StoreFile>,
    /// True if the next write fails.
    pub fails: bool,
}

#[derive(Debug, Default, Clone)]
struct StoreFile {
    open: bool,
    tables: Tables,
    records: Vec<Arc<[Entry]>>,
}

impl StoreFiles {
    /// Creates so many open, empty files.
    pub fn new(count: usize) -> StoreFiles {
        let file = StoreFile { open: true, ..StoreFile::default() };
        StoreFiles { files: vec![file; count], fails: false }
    }

    /// Returns the tables of a file.
    pub fn tables(&self, file: usize) -> &Tables {
        &self.files[file].tables
    }

    /// Iterates over all entries ever written, in order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.files[0].records.iter().flat_map(|record| record.iter())
    }

    /// Folds the log's oldest record into its initial state.
    pub fn fold(&mut self) {
        let log = &mut self.files[0];
        let mut next = 1;
        for record in &log.records {
            if next > log.tables.seq {
                record.iter().for_each(|entry| drop(log.tables.apply(entry)));
                return;
            }
            next += record.len() as u64;
        }
    }

    /// Executes a request to a file.
    pub fn carry_out(&mut self, file: usize, request: &Request) -> Result<Answer, Failure> {
        let fails = std::mem::take(&mut self.fails);
        let first = self.files[0].tables.clone();
        let kept = &mut self.files[file];
        match request {
            Request::Open => kept.open = true,
            Request::Restore(_) => kept.tables = first,
            Request::Close => {
                kept.open = false;
                return Ok(Answer::Closed);
            }
            Request::Append(_)
            | Request::Read(..)
            | Request::Apply(..)
            | Request::Orders(..)
            | Request::Mark(_)
            | Request::Page(..)
            | Request::Stage(..) => {
                return match kept.open && !fails {
                    true => kept.go_on(request),
                    false => Err(Failure::passing("it fails")),
                };
            }
        }
        Ok(Answer::Opened(kept.view()))
    }
}

impl StoreFile {
    fn view(&self) -> View {
        let Tables { seq, books, orders, .. } = &self.tables;
        let books = books.values().cloned().collect();
        let (digest, orders) = (self.tables.digest(), orders.len() as u64);
        View { seq: *seq, digest, orders, books, origin: None }
    }

    fn go_on(&mut self, request: &Request) -> Result<Answer, Failure> {
        match request {
            Request::Append(entries) => {
                let count = self.records.iter().map(|record| record.len() as u64).sum::<u64>();
                self.records.push(Arc::clone(entries));
                Ok(Answer::Appended(count + 1))
            }
            Request::Read(since, most) => Ok(self.read(*since, *most)),
            Request::Apply(first, entries) => self.apply(*first, entries).map(Answer::Applied),
            Request::Orders(before, most) => {
                let found = self.tables.orders.iter().rev().filter(|order| order.id < *before);
                let dated = found.take(*most).map(|order| (*order, String::new()));
                Ok(Answer::Orders(dated.collect()))
            }
            Request::Mark(_) => Ok(Answer::Marked),
            Request::Page(..) | Request::Stage(..) => Err(Failure::new("there are no followers")),
            Request::Open | Request::Close | Request::Restore(_) => unreachable!("done above"),
        }
    }

    fn read(&self, since: Seq, most: usize) -> Answer {
        if since < self.tables.seq {
            return Answer::Folded;
        }
        let (mut all, mut first) = (Vec::new(), 1);
        for record in &self.records {
            let known = (since + 1).saturating_sub(first) as usize;
            first += record.len() as u64;
            all.extend(record.iter().skip(known).cloned());
            if all.len() >= most {
                break;
            }
        }
        Answer::Entries(since + 1, all.into())
    }

    fn apply(&mut self, first: Seq, entries: &[Entry]) -> Result<Step, Failure> {
        let Some(known) = (self.tables.seq + 1).checked_sub(first) else {
            return Err(Failure::new("entries are missing"));
        };
        let (mut settled, mut changed) = (Vec::new(), BTreeMap::new());
        for entry in entries.iter().skip(known as usize) {
            let told = self.tables.apply(entry);
            // A write counts even if it leaves the value unchanged.
            let written = match &told.outcome {
                Outcome::Kept(book) => Some(book.id),
                Outcome::Sold { .. } if !told.replayed => entry.book(),
                Outcome::Sold { .. }
                | Outcome::Short { .. }
                | Outcome::NoBook
                | Outcome::Stale
                | Outcome::KeyTaken
                | Outcome::Full => None,
            };
            changed.extend(written.map(|id| (id, self.tables.books[&id].clone())));
            settled.push(told);
        }
        Ok(Step {
            seq: self.tables.seq,
            digest: self.tables.digest(),
            orders: self.tables.orders.len() as u64,
            settled,
            books: changed.into_values().collect(),
        })
    }
}
