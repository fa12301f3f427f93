//! A puzzle in the form that the kernels work on.
//!
//! Seeds are numbered. Two letters of a seed, the fourth and the fifth, vary fastest and in all
//! combinations: such a run is a *page*. The rest of the first block is the same throughout a page,
//! so the vector kernels fill in only two words.

use std::borrow::Cow;
use std::fmt;

use super::sha256::BLOCK;
use super::{LETTERS, SEED_LEN_MAX, hash, leading_zero_bits};

/// A message, a difficulty, and the space of seeds.
#[derive(Debug)]
pub(super) struct Puzzle {
    message: Box<[u8]>,
    bits: u32,
    seed_len: usize,
    alphabet: Alphabet,
    /// Seed, message and padding, with zeros for the seed, which lies within the first block.
    blocks: Box<[[u8; BLOCK]]>,
    #[cfg(target_arch = "x86_64")]
    later: std::sync::OnceLock<Box<[[u32; 64]]>>,
}

/// A seed: five to ten letters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed {
    letters: [u8; SEED_LEN_MAX as usize],
    len: u8,
}

/// The letters of seeds, and all pairs of them.
#[derive(Debug, Clone)]
pub(super) struct Alphabet {
    letters: Cow<'static, [u8]>,
    /// The first letter of a pair in the lowest byte, the second in the highest, as in the first
    /// two words of a block. Zeros follow the last pair, so that vectors may be loaded from any
    /// index.
    pairs: Cow<'static, [u32]>,
}

/// Positions of the pair within a seed: the last byte of the first word, the first of the next.
pub(super) const PAIR: [usize; 2] = [3, 4];

/// The maximum number of pairs that a kernel loads at once.
pub(super) const PAIRS_PADDING: usize = 32;

static LETTER_PAIRS: [u32; LETTERS.len() * LETTERS.len() + PAIRS_PADDING] = {
    let mut pairs = [0; LETTERS.len() * LETTERS.len() + PAIRS_PADDING];
    let mut i = 0;
    while i < LETTERS.len() * LETTERS.len() {
        pairs[i] = pair(LETTERS[i / LETTERS.len()], LETTERS[i % LETTERS.len()]);
        i += 1;
    }
    pairs
};

const fn pair(first: u8, second: u8) -> u32 {
    (second as u32) << 24 | first as u32
}

impl Puzzle {
    pub(super) fn new(message: Vec<u8>, bits: u32, seed_len: u8, alphabet: Alphabet) -> Puzzle {
        let seed_len = usize::from(seed_len);
        let blocks = pad(&message, seed_len);
        Puzzle {
            message: message.into(),
            bits,
            seed_len,
            alphabet,
            blocks,
            #[cfg(target_arch = "x86_64")]
            later: std::sync::OnceLock::new(),
        }
    }

    /// Returns the number of seeds.
    pub(super) fn seeds(&self) -> u64 {
        (self.alphabet.letters.len() as u64).pow(self.seed_len as u32)
    }

    /// Returns the compression blocks of one try.
    pub(super) fn cost(&self) -> u64 {
        self.blocks.len() as u64
    }

    pub(super) fn message(&self) -> &[u8] {
        &self.message
    }

    pub(super) fn bits(&self) -> u32 {
        self.bits
    }

    /// Returns the bits of a digest's first word that must be zero. If more than its 32 are
    /// required, a word that passes is a candidate, to be [checked](Puzzle::is_solved_by).
    pub(super) fn first_word_mask(&self) -> u32 {
        !u32::MAX.checked_shr(self.bits).unwrap_or(0)
    }

    /// Returns the number of seeds in a page.
    pub(super) fn page_len(&self) -> u64 {
        (self.alphabet.letters.len() as u64).pow(2)
    }

    /// Returns the pairs of letters of a page in order, and zeros after them.
    pub(super) fn pairs(&self) -> &[u32] {
        &self.alphabet.pairs
    }

    /// Returns all blocks, with zeros for the seed.
    pub(super) fn blocks(&self) -> &[[u8; BLOCK]] {
        &self.blocks
    }

    /// Returns the round addends of the blocks after the first, which are the same for all seeds.
    /// They are computed on first use, on a worker instead of the loop.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn later_schedules(&self) -> &[[u32; 64]] {
        self.later.get_or_init(|| self.blocks[1..].iter().map(super::sha256::schedule).collect())
    }

    /// Writes the letters of a page, all but its pair, to the beginning of a block.
    pub(super) fn write_page(&self, page: u64, block: &mut [u8; BLOCK]) {
        let (count, mut rest) = (self.alphabet.letters.len() as u64, page);
        for at in (0..self.seed_len).filter(|at| !PAIR.contains(at)) {
            block[at] = self.alphabet.letters[(rest % count) as usize];
            rest /= count;
        }
    }

    /// Returns the seed of that number.
    pub(super) fn seed(&self, index: u64) -> Seed {
        let mut block = [0; BLOCK];
        self.write_page(index / self.page_len(), &mut block);
        let pair = self.pairs()[(index % self.page_len()) as usize];
        block[PAIR[0]] = pair as u8;
        block[PAIR[1]] = (pair >> 24) as u8;
        let mut letters = [0; SEED_LEN_MAX as usize];
        letters.copy_from_slice(&block[..SEED_LEN_MAX as usize]);
        Seed { letters, len: self.seed_len as u8 }
    }

    /// Checks with the `sha2` crate whether a seed solves the puzzle.
    pub(super) fn is_solved_by(&self, index: u64) -> bool {
        let hash = hash(self.seed(index).as_bytes(), &self.message);
        leading_zero_bits(&hash) >= self.bits
    }
}

/// Pads as FIPS 180-4 §5.1.1: a one, zeros, and the length in bits at the end of the last block.
fn pad(message: &[u8], seed_len: usize) -> Box<[[u8; BLOCK]]> {
    let len = seed_len + message.len();
    let mut blocks = vec![[0; BLOCK]; (len + 9).div_ceil(BLOCK)];
    let bytes = blocks.as_flattened_mut();
    bytes[seed_len..len].copy_from_slice(message);
    bytes[len] = 0x80;
    let end = bytes.len();
    bytes[end - 8..].copy_from_slice(&(8 * len as u64).to_be_bytes());
    blocks.into()
}

impl Alphabet {
    /// Returns the alphabet of the protocol.
    pub(super) fn letters() -> Alphabet {
        let letters = Cow::Borrowed(LETTERS.as_slice());
        Alphabet { letters, pairs: Cow::Borrowed(LETTER_PAIRS.as_slice()) }
    }

    /// Returns a smaller alphabet, whose seeds can all be tried.
    #[cfg(test)]
    pub(super) fn of(letters: &'static [u8]) -> Alphabet {
        let pairs = letters.iter().flat_map(|&a| letters.iter().map(move |&b| pair(a, b)));
        let pairs = pairs.chain([0; PAIRS_PADDING]).collect();
        Alphabet { letters: Cow::Borrowed(letters), pairs: Cow::Owned(pairs) }
    }
}

impl Seed {
    /// Returns the letters, which are ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.letters[..usize::from(self.len)]
    }

    /// Returns the letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("letters are ASCII")
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed({})", self.as_str())
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
