//! SHA-256 over vectors: every lane has its own seed, everything else is shared.
//!
//! The lanes of a batch differ in two letters of the seed, hence in the first two of the sixteen
//! words of the first block. The contributions of the other fourteen are computed once for a page
//! of some four thousand seeds: the first round up to the addition of the first word, the sums of
//! schedule and round constant for rounds 2 to 15, and the known part of the next sixteen words of
//! the schedule. Blocks after the first are the same for all seeds, so their whole schedule is
//! precomputed. The lanes compute only the first word of the digest; if more zeros are required
//! than it has, a candidate is checked separately.

#![allow(unsafe_code)]

use std::ops::Range;

use super::puzzle::Puzzle;
use super::sha256::{self, BLOCK, ROUND, START, small_sigma0, small_sigma1};

/// Like `sixteen`, for t = 0 … 7.
macro_rules! eight {
    ($t:ident => $body:block) => { repeat!($t => $body, 0 1 2 3 4 5 6 7) };
}

/// A vector of 32-bit words.
///
/// Every value derives from `load`, whose callers guarantee the CPU features. So holding a value is
/// proof that the instructions of the other operations are available.
pub(super) trait Lanes: Copy {
    /// Words in the vector, at most [`super::puzzle::PAIRS_PADDING`].
    const COUNT: usize;

    /// True if the registers hold the message schedule next to the working variables. Then its
    /// words are computed between the rounds, where they fill gaps. Otherwise spilling registers to
    /// the stack would cost a quarter of the speed: the whole schedule comes first and goes through
    /// memory in order.
    const KEEPS_SCHEDULE: bool;

    /// Loads the first words of a slice, which must be long enough.
    ///
    /// # Safety
    ///
    /// The CPU must have the instructions of this kind of vector.
    unsafe fn load(words: &[u32]) -> Self;

    /// Returns a vector with the same word in all lanes.
    fn splat(self, word: u32) -> Self;
    fn add(self, other: Self) -> Self;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    /// Σ₀ of FIPS 180-4 §4.1.2; the next five functions are from there as well.
    fn big_sigma0(self) -> Self;
    fn big_sigma1(self) -> Self;
    fn small_sigma0(self) -> Self;
    fn small_sigma1(self) -> Self;
    /// Ch: takes the bit of `then` where `self` has a one, else that of `otherwise`.
    fn choice(self, then: Self, otherwise: Self) -> Self;
    fn majority(self, b: Self, c: Self) -> Self;
    /// Returns a bit for each lane in which no bit of `mask` is set, lane 0 in the lowest.
    fn are_zero(self, mask: u32) -> u32;
}

/// Two interleaved vectors: each instruction depends on the previous one of its own vector, and
/// those of the other fill the gaps.
#[derive(Clone, Copy)]
pub(super) struct Two<V>(V, V);

/// The shared parts of the first block of all seeds of a page.
struct Page {
    /// The first two words, with zeros for the pair of letters.
    w0: u32,
    w1: u32,
    /// The working variables after the first round, without the addition of the first word to the
    /// first and the fifth of them.
    after_first: [u32; 8],
    /// The addends of rounds 2 to 15. The first two entries are unused.
    adds: [u32; 16],
    /// The part of words 16 to 31 of the schedule that does not depend on the pair.
    known: [u32; 16],
}

impl Page {
    fn new(puzzle: &Puzzle, page: u64) -> Page {
        let mut block: [u8; BLOCK] = puzzle.blocks()[0];
        puzzle.write_page(page, &mut block);
        let w = sha256::words(&block);
        let mut adds = w;
        for (add, round) in adds.iter_mut().zip(ROUND) {
            *add = add.wrapping_add(round);
        }
        let is_known = |t: usize| (2..16).contains(&t);
        let mut known = [0_u32; 16];
        for t in 16..32 {
            let parts = [
                (t - 16, w[(t - 16) % 16]),
                (t - 15, small_sigma0(w[(t - 15) % 16])),
                (t - 7, w[(t - 7) % 16]),
                (t - 2, small_sigma1(w[(t - 2) % 16])),
            ];
            let parts = parts.into_iter().filter(|&(t, _)| is_known(t));
            known[t - 16] = parts.fold(0, |sum, (_, part)| sum.wrapping_add(part));
        }
        let after_first = sha256::round(START, ROUND[0]);
        Page { w0: w[0], w1: w[1], after_first, adds, known }
    }
}

/// Returns the first seed in `range` that solves the puzzle.
///
/// # Safety
///
/// The CPU must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn search<V: Lanes>(puzzle: &Puzzle, range: Range<u64>) -> Option<u64> {
    let later = puzzle.later_schedules();
    let mut index = range.start;
    while index < range.end {
        let (number, offset) = (index / puzzle.page_len(), index % puzzle.page_len());
        let page = Page::new(puzzle, number);
        let run = (puzzle.page_len() - offset).min(range.end - index);
        let pairs = &puzzle.pairs()[offset as usize..];
        let mut done = 0;
        while done < run {
            // SAFETY: the caller vouches for the instructions.
            let lanes = unsafe { V::load(&pairs[done as usize..]) };
            let first_words = batch(&page, lanes, later);
            let mut candidates = first_words.are_zero(puzzle.first_word_mask());
            while candidates != 0 {
                let nth = done + u64::from(candidates.trailing_zeros());
                let found = index + nth;
                if nth < run && (puzzle.bits() <= 32 || puzzle.is_solved_by(found)) {
                    return Some(found);
                }
                candidates &= candidates - 1;
            }
            done += V::COUNT as u64;
        }
        index += run;
    }
    None
}

/// Computes the first word of the digest for as many seeds as there are lanes.
#[inline(always)]
fn batch<V: Lanes>(page: &Page, pairs: V, later: &[[u32; 64]]) -> V {
    let w0 = pairs.and(pairs.splat(0x0000_00ff)).or(pairs.splat(page.w0));
    let w1 = pairs.and(pairs.splat(0xff00_0000)).or(pairs.splat(page.w1));
    let mixed = first_block(page, w0, w1);
    if later.is_empty() {
        return mixed[0].add(pairs.splat(START[0]));
    }
    let mut state = START.map(|word| pairs.splat(word));
    add_words(&mut state, mixed);
    for schedule in later {
        let mut mixed = state;
        for adds in schedule.as_chunks::<16>().0 {
            sixteen!(t => { mixed = round(mixed, pairs.splat(adds[t])); });
        }
        add_words(&mut state, mixed);
    }
    state[0]
}

/// Computes the working variables after the 64 rounds of the first block.
#[inline(always)]
fn first_block<V: Lanes>(page: &Page, w0: V, w1: V) -> [V; 8] {
    let mut mixed = page.after_first.map(|word| w0.splat(word));
    mixed[0] = mixed[0].add(w0);
    mixed[4] = mixed[4].add(w0);
    mixed = round(mixed, w1.add(w1.splat(ROUND[1])));
    sixteen!(t => { if t >= 2 { mixed = round(mixed, w0.splat(page.adds[t])); } });
    if V::KEEPS_SCHEDULE {
        rounds_amid_schedule(page, w0, w1, mixed)
    } else {
        rounds_after_schedule(page, w0, w1, mixed)
    }
}

/// Computes rounds 16 to 63, each with its word of the schedule, of which the last 16 are kept.
#[inline(always)]
fn rounds_amid_schedule<V: Lanes>(page: &Page, w0: V, w1: V, mut mixed: [V; 8]) -> [V; 8] {
    let mut w = [w0; 16];
    sixteen!(t => {
        let mut word = w0.splat(page.known[t]);
        if t == 0 { word = word.add(w0).add(w1.small_sigma0()); }
        if t == 1 { word = word.add(w1); }
        if t >= 2 { word = word.add(w[(t + 14) % 16].small_sigma1()); }
        if t >= 7 { word = word.add(w[(t + 9) % 16]); }
        if t == 15 { word = word.add(w[0].small_sigma0()); }
        w[t] = word;
        mixed = round(mixed, word.add(w0.splat(ROUND[16 + t])));
    });
    for constants in ROUND[32..].as_chunks::<16>().0 {
        sixteen!(t => {
            let word = w[t]
                .add(w[(t + 1) % 16].small_sigma0())
                .add(w[(t + 9) % 16])
                .add(w[(t + 14) % 16].small_sigma1());
            w[t] = word;
            mixed = round(mixed, word.add(w0.splat(constants[t])));
        });
    }
    mixed
}

/// Computes rounds 16 to 63 after the 48 words of the schedule.
#[inline(always)]
fn rounds_after_schedule<V: Lanes>(page: &Page, w0: V, w1: V, mut mixed: [V; 8]) -> [V; 8] {
    let mut w = [w0; 48];
    w[0] = w0.splat(page.known[0]).add(w0).add(w1.small_sigma0());
    w[1] = w0.splat(page.known[1]).add(w1);
    for t in 2..7 {
        w[t] = w0.splat(page.known[t]).add(w[t - 2].small_sigma1());
    }
    for t in 7..16 {
        w[t] = w0.splat(page.known[t]).add(w[t - 2].small_sigma1()).add(w[t - 7]);
    }
    w[15] = w[15].add(w[0].small_sigma0());
    for t in 16..48 {
        w[t] = w[t - 16].add(w[t - 15].small_sigma0()).add(w[t - 7]).add(w[t - 2].small_sigma1());
    }
    for (words, constants) in w.as_chunks::<8>().0.iter().zip(ROUND[16..].as_chunks::<8>().0) {
        eight!(t => { mixed = round(mixed, words[t].add(w0.splat(constants[t]))); });
    }
    mixed
}

/// Computes one round. Additions that are ready early come first: everything waits for Σ₁ of the
/// newest word.
#[inline(always)]
fn round<V: Lanes>([a, b, c, d, e, f, g, h]: [V; 8], add: V) -> [V; 8] {
    let t1 = e.big_sigma1().add(e.choice(f, g)).add(h.add(add));
    let t2 = a.big_sigma0().add(a.majority(b, c));
    [t1.add(t2), a, b, c, d.add(t1), e, f, g]
}

#[inline(always)]
fn add_words<V: Lanes>(state: &mut [V; 8], mixed: [V; 8]) {
    for (word, mixed) in state.iter_mut().zip(mixed) {
        *word = word.add(mixed);
    }
}

impl<V: Lanes> Lanes for Two<V> {
    const COUNT: usize = 2 * V::COUNT;
    const KEEPS_SCHEDULE: bool = V::KEEPS_SCHEDULE;

    #[inline(always)]
    unsafe fn load(words: &[u32]) -> Self {
        // SAFETY: the caller vouches for the instructions.
        unsafe { Two(V::load(words), V::load(&words[V::COUNT..])) }
    }

    #[inline(always)]
    fn splat(self, word: u32) -> Self {
        Two(self.0.splat(word), self.1.splat(word))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Two(self.0.add(other.0), self.1.add(other.1))
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Two(self.0.and(other.0), self.1.and(other.1))
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Two(self.0.or(other.0), self.1.or(other.1))
    }

    #[inline(always)]
    fn big_sigma0(self) -> Self {
        Two(self.0.big_sigma0(), self.1.big_sigma0())
    }

    #[inline(always)]
    fn big_sigma1(self) -> Self {
        Two(self.0.big_sigma1(), self.1.big_sigma1())
    }

    #[inline(always)]
    fn small_sigma0(self) -> Self {
        Two(self.0.small_sigma0(), self.1.small_sigma0())
    }

    #[inline(always)]
    fn small_sigma1(self) -> Self {
        Two(self.0.small_sigma1(), self.1.small_sigma1())
    }

    #[inline(always)]
    fn choice(self, then: Self, otherwise: Self) -> Self {
        Two(self.0.choice(then.0, otherwise.0), self.1.choice(then.1, otherwise.1))
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        Two(self.0.majority(b.0, c.0), self.1.majority(b.1, c.1))
    }

    #[inline(always)]
    fn are_zero(self, mask: u32) -> u32 {
        self.0.are_zero(mask) | self.1.are_zero(mask) << V::COUNT
    }
}
