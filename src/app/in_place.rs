//! The budget for small jobs on the loop itself.

use crate::limits;

/// The remaining budget for jobs on the loop in this turn, in compression blocks of SHA-256. It is
/// for jobs that are shorter than waking a worker, of all sessions together.
#[derive(Debug)]
pub struct InPlace(u64);

impl InPlace {
    /// Creates the budget of a new turn.
    pub fn fresh() -> InPlace {
        InPlace(limits::IN_PLACE_BLOCKS)
    }

    /// Returns the used part.
    pub fn used(&self) -> u64 {
        limits::IN_PLACE_BLOCKS - self.0
    }

    /// Takes `blocks` from the budget, if enough is left.
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
