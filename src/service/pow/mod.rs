//! Proof of work: what its doors share.

pub mod line;
pub mod verify;

use crate::service::InPlace;
use crate::work::pow::{Job, Kernel, LETTERS, Outcome};

/// State of the service.
#[derive(Debug)]
pub struct State {
    /// Leading zero bits that a hash must have: four for each digit of difficulty.
    pub bits: u32,
    /// Letters of a seed.
    pub seed_len: u8,
    /// How hashes are computed.
    pub kernel: Kernel,
}

/// Seeds tried on the loop before a search goes to the workers: a few microseconds, less than it
/// takes to wake one.
const IN_PLACE_SEEDS: u64 = 512;

/// Most zero bits that may be asked of seeds of so many letters: with three seeds for each one
/// that it takes on average, a twentieth of the messages is left without a proof.
pub fn bits_max(seed_len: u8) -> u32 {
    ((LETTERS.len() as u64).pow(seed_len.into()) / 3).ilog2()
}

impl State {
    /// A search for the line protocol, from a start of its own.
    fn job(&self, message: &[u8], rng: &mut fastrand::Rng) -> Box<Job> {
        let start = rng.u64(..);
        Box::new(Job::new(message.to_vec(), self.bits, self.seed_len, start, self.kernel, 1))
    }

    /// Tries a few seeds here, as far as the turn has time for it. Without difficulty the first
    /// seed is a proof, so that needs no time worth counting.
    fn try_in_place(&self, job: &mut Job, in_place: &mut InPlace) -> Option<Outcome> {
        if job.bits() == 0 {
            return job.try_few(1);
        }
        let seeds = IN_PLACE_SEEDS.min(1 << job.bits().min(63));
        in_place.take(seeds * job.cost_blocks()).then(|| job.try_few(seeds)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_letters_are_good_for_seven_digits_and_not_for_eight() {
        assert_eq!(bits_max(5), 28);
        assert_eq!(bits_max(6), 34);
        assert_eq!(bits_max(10), 57);
    }
}
