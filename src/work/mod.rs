//! Slow things: jobs that run on other threads.
//!
//! A [`Job`] for the workers is a state machine that hands out slices of at most a few
//! milliseconds: whoever schedules cuts a slice, runs it anywhere, and merges the piece that it
//! made. So fairness, cancelling and the number of threads are the scheduler's affair, and no
//! kernel holds a lock. A request to the database is carried out by the one thread that owns it.
//!
//! Nothing here keeps a clock or knows a connection.

pub mod db;
pub mod files;
#[cfg(feature = "gzip")]
pub mod pack;
pub mod pi;
pub mod pow;
pub mod process;
pub mod reports;
pub mod store;

use std::sync::Arc;

/// Something to be done elsewhere.
#[derive(Debug)]
pub enum Job {
    /// For any worker, in slices.
    Compute(Compute),
    /// For the database.
    Database(db::Request),
    /// For the file of the bookstore with this number; see [`db::store`].
    Store(usize, db::store::Request),
}

/// What a job came to.
#[derive(Debug)]
pub enum Outcome {
    /// π was estimated.
    Pi(pi::Outcome),
    /// A proof was found, or there is none.
    Pow(pow::Outcome),
    /// The process was looked at.
    Process(process::Outcome),
    /// A file was looked up, or read.
    Files(files::Outcome),
    /// A file was compressed.
    Packed(Arc<[u8]>),
    /// Reports were read.
    Reports(reports::Outcome),
    /// A list of the bookstore was made, or a piece of one was printed.
    List(store::list::Product),
    /// The database committed.
    Database(Result<db::Answer, db::Failure>),
    /// A file of the bookstore did.
    Store(Result<db::store::Answer, db::Failure>),
    /// A bug: the job panicked.
    Panicked,
}

impl Outcome {
    /// Whether there was no descriptor free for it.
    pub fn lacks_descriptors(&self) -> bool {
        matches!(self, Outcome::Files(files::Outcome::Busy))
    }
}

/// A computation that is cut into slices.
#[derive(Debug)]
pub enum Compute {
    /// Estimate π.
    Pi(pi::Job),
    /// Search for a proof of work.
    Pow(Box<pow::Job>),
    /// Look at the process from outside.
    Process(process::Job),
    /// Read files of the site.
    Files(Box<files::Job>),
    /// Read reports of load tests, and make pages of them.
    Reports(Box<reports::Job>),
    /// Make a list of the bookstore, or print a piece of one.
    List(store::list::Job),
    /// Compress a file.
    #[cfg(feature = "gzip")]
    Pack(Box<pack::Job>),
}

/// A part of a computation, ready to run anywhere.
#[derive(Debug)]
pub enum Slice {
    /// Points to draw.
    Pi(pi::Slice),
    /// Seeds to try.
    Pow(pow::Slice),
    /// A look at the process.
    Process(process::Slice),
    /// A disk operation.
    Files(files::Slice),
    /// A report to read, or a page to make.
    Reports(reports::Slice),
    /// Rows to look at, or to print.
    List(Box<store::list::Work>),
    /// Bytes to compress.
    #[cfg(feature = "gzip")]
    Pack(pack::Slice),
}

/// What running a slice made.
#[derive(Debug)]
pub enum Piece {
    /// Points drawn.
    Pi(pi::Piece),
    /// Seeds tried.
    Pow(pow::Piece),
    /// What was seen of the process.
    Process(process::Piece),
    /// What the disk gave.
    Files(files::Piece),
    /// A report, or a page.
    Reports(reports::Piece),
    /// Rows that were looked at, or printed.
    List(Box<store::list::Work>),
    /// Bytes compressed.
    #[cfg(feature = "gzip")]
    Pack(pack::Piece),
}

impl Compute {
    /// The next slice, or `None` while no more may be out at once (or nothing is left).
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

    /// Takes back what a slice of this job made; the outcome with the last piece.
    ///
    /// # Panics
    /// If the piece is of another job.
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

    /// Whether there is never more than one slice of it out.
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

    /// How many turns it gets for one of a job of weight 1.
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
    /// Does the work: the slow part.
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

    /// Expected work, in the unit that all jobs share: about a nanosecond.
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
    /// The part of a slice's cost that was not needed, since a search ends with its find.
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
