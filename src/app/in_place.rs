//! Small work that the loop does itself, and how much of it fits into a turn.

use crate::limits;

/// Work that may still be done on the loop in this turn, in compression blocks of SHA-256: jobs
/// that are shorter than waking a worker, all sessions together.
#[derive(Debug)]
pub struct InPlace(u64);

impl InPlace {
    /// The budget of a fresh turn.
    pub fn fresh() -> InPlace {
        InPlace(limits::IN_PLACE_BLOCKS)
    }

    /// How much of it was taken.
    pub fn used(&self) -> u64 {
        limits::IN_PLACE_BLOCKS - self.0
    }

    /// Takes `blocks` out of the budget, if they are in it.
    pub fn take(&mut self, blocks: u64) -> bool {
        match self.0.checked_sub(blocks) {
            Some(left) => {
                self.0 = left;
                true
            }
            None => false,
        }
    }
}
