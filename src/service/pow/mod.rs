//! Proof of work: the state that its interfaces share.

pub mod api;
pub mod jobs;
pub mod line;
pub mod meter;
pub mod spend;
pub mod table;
pub mod verify;

use self::meter::{Meter, expected};
use crate::limits;
use crate::service::InPlace;
use crate::work::pow::{Job, Kernel, Outcome};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// The state of the service.
#[derive(Debug)]
pub struct State {
    /// Leading zero bits that a hash must have: four for each digit of difficulty.
    pub bits: u32,
    /// Letters of a seed.
    pub seed_len: u8,
    /// The kernel that computes hashes.
    pub kernel: Kernel,
    /// Searches started over HTTP.
    pub jobs: table::Table,
    /// Hash rates and luck.
    pub meter: Meter,
    /// Time for which a spent proof is remembered.
    pub spent_kept: Duration,
}

/// Seeds tried on the loop before a search goes to the workers: a few microseconds, less than
/// waking one takes.
const IN_PLACE_SEEDS: u64 = 512;

/// Creates a search that counts the seeds it tries in `counter`.
fn search(
    message: Vec<u8>,
    bits: u32,
    seed_len: u8,
    start: u64,
    kernel: Kernel,
    weight: u8,
    counter: Arc<AtomicU64>,
) -> Box<Job> {
    let mut job = Job::new(message, bits, seed_len, start, kernel, weight);
    job.count_in(counter);
    Box::new(job)
}

impl State {
    /// Creates the state at start, for workers that together compute `capacity` hashes per second.
    /// The names of searches depend on `secret`.
    pub fn new(bits: u32, seed_len: u8, kernel: Kernel, capacity: f64, secret: [u8; 32]) -> State {
        State {
            bits,
            seed_len,
            kernel,
            jobs: table::Table::new(secret, seed_len),
            meter: Meter::new(capacity),
            spent_kept: limits::POW_SPENT_KEPT,
        }
    }

    /// Creates a search for the line protocol, from a random start.
    fn job(&self, message: &[u8], rng: &mut fastrand::Rng) -> Box<Job> {
        let start = rng.u64(..);
        let (message, counter) = (message.to_vec(), self.meter.counter());
        search(message, self.bits, self.seed_len, start, self.kernel, 1, counter)
    }

    /// Tries a few seeds on the loop, within the budget of the turn. Without difficulty the first
    /// seed is a proof, which takes no time worth counting.
    fn try_in_place(&self, job: &mut Job, in_place: &mut InPlace) -> Option<Outcome> {
        if job.bits() == 0 {
            return job.try_few(1);
        }
        // Eight times the average: of easy searches, hardly one in three thousand remains.
        let seeds = IN_PLACE_SEEDS.min(8 << job.bits().min(60));
        in_place.take(seeds * job.cost_blocks()).then(|| job.try_few(seeds)).flatten()
    }
}
