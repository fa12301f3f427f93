//! One seed at a time, with the compression function of the `sha2` crate.

use std::ops::Range;

use sha2::block_api::compress256;

use super::puzzle::{PAIR, Puzzle};
use super::sha256::START;

/// Returns the first seed in `range` that solves the puzzle.
pub(super) fn search(puzzle: &Puzzle, range: Range<u64>) -> Option<u64> {
    let mask = puzzle.first_word_mask();
    let mut blocks = puzzle.blocks().to_vec();
    let mut page = None;
    for index in range {
        let this_page = index / puzzle.page_len();
        if page != Some(this_page) {
            page = Some(this_page);
            puzzle.write_page(this_page, &mut blocks[0]);
        }
        let pair = puzzle.pairs()[(index % puzzle.page_len()) as usize];
        blocks[0][PAIR[0]] = pair as u8;
        blocks[0][PAIR[1]] = (pair >> 24) as u8;
        let mut state = START;
        compress256(&mut state, &blocks);
        if state[0] & mask == 0 && (puzzle.bits() <= 32 || puzzle.is_solved_by(index)) {
            return Some(index);
        }
    }
    None
}
