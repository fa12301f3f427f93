//! Slow work: jobs that run on other threads.
//!
//! A [`Job`] for the workers is a state machine that hands out slices of at most a few
//! milliseconds: the scheduler cuts a slice, runs it on any thread, and merges the resulting piece.
//! So the scheduler decides about fairness, cancellation and the number of threads, and no kernel
//! holds a lock. A database request is executed by the thread that owns the database.
//!
//! Nothing here reads a clock or knows a connection.

pub mod db;
pub mod files;
#[cfg(feature = "gzip")]
pub mod pack;
pub mod pi;
pub mod pow;
pub mod process;
pub mod reports;
pub mod store;

pub use db::{BatchCommitter, BatchRequest};

use std::sync::Arc;

/// A job to be done on another thread.
#[derive(Debug)]
pub enum Job {
    /// For any worker, in slices.
    Compute(Compute),
    /// For the database.
    Database(db::Request),
    /// For the bookstore file with this number; see [`db::store`].
    Store(usize, db::store::Request),
}

/// The thread for a job.
#[derive(Debug)]
pub enum Place {
    /// A worker, since it takes a processor's time.
    Worker(Compute),
    /// A reader, since it waits for the disk.
    Reader(Compute),
    /// The one that owns the [`BatchCommitter`] with this number.
    Committer(usize, BatchRequest),
}

impl Job {
    /// Returns where it runs. The database is the first of the committers, and the files of the
    /// bookstore follow it.
    pub fn place(self) -> Place {
        match self {
            Job::Compute(job) if job.waits_for_disk() => Place::Reader(job),
            Job::Compute(job) => Place::Worker(job),
            Job::Database(request) => Place::Committer(0, BatchRequest::Database(request)),
            Job::Store(file, request) => Place::Committer(1 + file, BatchRequest::Store(request)),
        }
    }
}

/// The outcome of a job.
#[derive(Debug)]
pub enum Outcome {
    /// An estimate of π.
    Pi(pi::Outcome),
    /// A proof, or the fact that there is none.
    Pow(pow::Outcome),
    /// The state of the process.
    Process(process::Outcome),
    /// A file that was looked up or read.
    Files(files::Outcome),
    /// A compressed file.
    Packed(Arc<[u8]>),
    /// Reports of load tests.
    Reports(reports::Outcome),
    /// A list of the bookstore, or a printed part of one.
    List(store::list::Product),
    /// The answer of the database.
    Database(Result<db::Answer, db::Failure>),
    /// The answer of a bookstore file.
    Store(Result<db::store::Answer, db::Failure>),
    /// A bug: the job panicked.
    Panicked,
}

impl Outcome {
    /// Returns the failure of a request to a file, if it is one.
    pub fn failure(&self) -> Option<&db::Failure> {
        match self {
            Outcome::Database(answer) => answer.as_ref().err(),
            Outcome::Store(answer) => answer.as_ref().err(),
            Outcome::Pi(_)
            | Outcome::Pow(_)
            | Outcome::Process(_)
            | Outcome::Files(_)
            | Outcome::Packed(_)
            | Outcome::Reports(_)
            | Outcome::List(_)
            | Outcome::Panicked => None,
        }
    }

    /// Returns true if the job failed for lack of a descriptor.
    pub fn lacks_descriptors(&self) -> bool {
        matches!(self, Outcome::Files(files::Outcome::No(files::NoFile::Busy)))
    }
}

/// A computation in slices.
#[derive(Debug)]
pub enum Compute {
    /// Estimates π.
    Pi(pi::Job),
    /// Searches for a proof of work.
    Pow(Box<pow::Job>),
    /// Reads the state of the process.
    Process(process::Job),
    /// Reads files of the site.
    Files(Box<files::Job>),
    /// Reads reports of load tests and renders them.
    Reports(Box<reports::Job>),
    /// Makes a list of the bookstore, or prints a part of one.
    List(store::list::Job),
    /// Compresses a file.
    #[cfg(feature = "gzip")]
    Pack(Box<pack::Job>),
}

/// A part of a computation that can run on any thread.
#[derive(Debug)]
pub enum Slice {
    /// Points to draw.
    Pi(pi::Slice),
    /// Seeds to try.
    Pow(pow::Slice),
    /// A reading of the process state.
    Process(process::Slice),
    /// A disk operation.
    Files(files::Slice),
    /// A report to read, or a page to render.
    Reports(reports::Slice),
    /// Rows to select, or to print.
    List(Box<store::list::Work>),
    /// Bytes to compress.
    #[cfg(feature = "gzip")]
    Pack(pack::Slice),
}

/// The result of a slice.
#[derive(Debug)]
pub enum Piece {
    /// Points drawn.
    Pi(pi::Piece),
    /// Seeds tried.
    Pow(pow::Piece),
    /// The state of the process.
    Process(process::Piece),
    /// The result of a disk operation.
    Files(files::Piece),
    /// A report, or a page.
    Reports(reports::Piece),
    /// Rows that were selected, or printed.
    List(Box<store::list::Work>),
    /// Bytes compressed.
    #[cfg(feature = "gzip")]
    Pack(pack::Piece),
}

impl Compute {
    /// Returns the next slice, or `None` while no more may run at once (or nothing is left).
    pub fn cut(&mut self) -> Option<Slice> {
        match self {
            Compute::Pi(job) => job.cut().map(Slice::Pi),
            Compute::Pow(job) => job.cut_fair().map(Slice::Pow),
            Compute::Process(job) => job.cut().map(Slice::Process),
            Compute::Files(job) => job.cut().map(Slice::Files),
            Compute::Reports(job) => job.cut().map(Slice::Reports),
            Compute::List(job) => job.cut().map(Slice::List),
            #[cfg(feature = "gzip")]
            Compute::Pack(job) => job.cut().map(Slice::Pack),
        }
    }

    /// Merges the result of a slice; returns the outcome with the last one.
    ///
    /// # Panics
    /// If the piece belongs to another job.
    pub fn merge(&mut self, piece: Piece) -> Option<Outcome> {
        const OWN: &str = "a piece is merged into the job that it was cut from";
        match self {
            Compute::Pi(job) => {
                let Piece::Pi(piece) = piece else { unreachable!("{OWN}") };
                job.merge(piece).map(Outcome::Pi)
            }
            Compute::Pow(job) => {
                let Piece::Pow(piece) = piece else { unreachable!("{OWN}") };
                job.merge(piece).map(Outcome::Pow)
            }
            Compute::Process(job) => {
                let Piece::Process(piece) = piece else { unreachable!("{OWN}") };
                Some(Outcome::Process(job.merge(&piece)))
            }
            Compute::Files(job) => {
                let Piece::Files(piece) = piece else { unreachable!("{OWN}") };
                job.merge(piece).map(Outcome::Files)
            }
            Compute::Reports(job) => {
                let Piece::Reports(piece) = piece else { unreachable!("{OWN}") };
                job.merge(piece).map(Outcome::Reports)
            }
            Compute::List(job) => {
                let Piece::List(work) = piece else { unreachable!("{OWN}") };
                job.merge(work).map(Outcome::List)
            }
            #[cfg(feature = "gzip")]
            Compute::Pack(job) => {
                let Piece::Pack(piece) = piece else { unreachable!("{OWN}") };
                job.merge(piece).map(Outcome::Packed)
            }
        }
    }

    /// Returns true if it waits for the disk rather than for a processor.
    fn waits_for_disk(&self) -> bool {
        match self {
            Compute::Files(_) | Compute::Process(_) | Compute::Reports(_) | Compute::List(_) => {
                true
            }
            Compute::Pi(_) | Compute::Pow(_) => false,
            #[cfg(feature = "gzip")]
            Compute::Pack(_) => false,
        }
    }

    /// Returns true if at most one slice runs at a time.
    pub fn is_cut_for_one(&self) -> bool {
        match self {
            Compute::Pi(_) | Compute::Pow(_) => false,
            Compute::Files(_) | Compute::Reports(_) | Compute::Process(_) | Compute::List(_) => {
                true
            }
            #[cfg(feature = "gzip")]
            Compute::Pack(_) => true,
        }
    }

    /// Returns its share of turns, relative to a job of weight 1.
    pub fn weight(&self) -> i64 {
        match self {
            Compute::Pi(_)
            | Compute::Files(_)
            | Compute::Reports(_)
            | Compute::Process(_)
            | Compute::List(_) => 1,
            #[cfg(feature = "gzip")]
            Compute::Pack(_) => 1,
            Compute::Pow(job) => job.weight().into(),
        }
    }
}

impl Slice {
    /// Runs the slice: the slow part.
    pub fn run(self) -> Piece {
        match self {
            Slice::Pi(slice) => Piece::Pi(slice.run()),
            Slice::Pow(slice) => Piece::Pow(slice.run()),
            Slice::Process(slice) => Piece::Process(slice.run()),
            Slice::Files(slice) => Piece::Files(slice.run()),
            Slice::Reports(slice) => Piece::Reports(slice.run()),
            Slice::List(work) => Piece::List(work.run()),
            #[cfg(feature = "gzip")]
            Slice::Pack(slice) => Piece::Pack(slice.run()),
        }
    }

    /// Returns the expected work in the unit that all jobs share, about a nanosecond.
    pub fn cost(&self) -> i64 {
        match self {
            Slice::Pi(slice) => slice.cost(),
            Slice::Pow(slice) => slice.cost(),
            Slice::Process(slice) => slice.cost(),
            Slice::Files(slice) => slice.cost(),
            Slice::Reports(_) => reports::SLICE_COST,
            Slice::List(_) => store::list::SLICE_COST,
            #[cfg(feature = "gzip")]
            Slice::Pack(slice) => slice.cost(),
        }
    }
}

impl Piece {
    /// Returns the part of the cost that was not needed, since a search ends at its first find.
    pub fn saved(&self) -> i64 {
        match self {
            Piece::Pi(_)
            | Piece::Files(_)
            | Piece::Reports(_)
            | Piece::Process(_)
            | Piece::List(_) => 0,
            #[cfg(feature = "gzip")]
            Piece::Pack(_) => 0,
            Piece::Pow(piece) => piece.saved(),
        }
    }
}
