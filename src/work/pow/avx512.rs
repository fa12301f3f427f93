//! Vectors of sixteen words. AVX-512 has a rotation instruction and one for any function of three
//! bits, so Σ and σ take four instructions each, Ch and Maj one.

#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_and_si512, _mm512_loadu_si512, _mm512_or_si512,
    _mm512_ror_epi32, _mm512_set1_epi32, _mm512_srli_epi32, _mm512_ternarylogic_epi32,
    _mm512_testn_epi32_mask,
};
use std::ops::Range;

use super::lanes::{self, Lanes, Two};
use super::puzzle::Puzzle;

/// Returns the first seed in `range` that solves the puzzle.
#[target_feature(enable = "avx512f")]
pub(super) fn search(puzzle: &Puzzle, range: Range<u64>) -> Option<u64> {
    // SAFETY: the attribute passes the obligation on to the caller.
    unsafe { lanes::search::<Two<Words>>(puzzle, range) }
}

/// 16 words.
#[derive(Clone, Copy)]
struct Words(__m512i);

/// Truth tables for `vpternlogd`: the result for operands (0, 0, 0) in the lowest bit, that for
/// (1, 1, 1) in the highest.
const XOR: i32 = 0b1001_0110;
const CHOICE: i32 = 0b1100_1010;
const MAJORITY: i32 = 0b1110_1000;

impl Lanes for Words {
    const COUNT: usize = 16;
    const KEEPS_SCHEDULE: bool = true;

    #[inline(always)]
    unsafe fn load(words: &[u32]) -> Words {
        let words = &words[..Self::COUNT];
        // SAFETY: the caller vouches for the CPU; the slice has as many bytes as the vector, and
        // this instruction asks for no alignment.
        unsafe { Words(_mm512_loadu_si512(words.as_ptr().cast())) }
    }

    #[inline(always)]
    fn splat(self, word: u32) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe { Words(_mm512_set1_epi32(word.cast_signed())) }
    }

    #[inline(always)]
    fn add(self, other: Words) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe { Words(_mm512_add_epi32(self.0, other.0)) }
    }

    #[inline(always)]
    fn and(self, other: Words) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe { Words(_mm512_and_si512(self.0, other.0)) }
    }

    #[inline(always)]
    fn or(self, other: Words) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe { Words(_mm512_or_si512(self.0, other.0)) }
    }

    #[inline(always)]
    fn big_sigma0(self) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe {
            Words(_mm512_ternarylogic_epi32::<XOR>(
                _mm512_ror_epi32::<2>(self.0),
                _mm512_ror_epi32::<13>(self.0),
                _mm512_ror_epi32::<22>(self.0),
            ))
        }
    }

    #[inline(always)]
    fn big_sigma1(self) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe {
            Words(_mm512_ternarylogic_epi32::<XOR>(
                _mm512_ror_epi32::<6>(self.0),
                _mm512_ror_epi32::<11>(self.0),
                _mm512_ror_epi32::<25>(self.0),
            ))
        }
    }

    #[inline(always)]
    fn small_sigma0(self) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe {
            Words(_mm512_ternarylogic_epi32::<XOR>(
                _mm512_ror_epi32::<7>(self.0),
                _mm512_ror_epi32::<18>(self.0),
                _mm512_srli_epi32::<3>(self.0),
            ))
        }
    }

    #[inline(always)]
    fn small_sigma1(self) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe {
            Words(_mm512_ternarylogic_epi32::<XOR>(
                _mm512_ror_epi32::<17>(self.0),
                _mm512_ror_epi32::<19>(self.0),
                _mm512_srli_epi32::<10>(self.0),
            ))
        }
    }

    #[inline(always)]
    fn choice(self, then: Words, otherwise: Words) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe { Words(_mm512_ternarylogic_epi32::<CHOICE>(self.0, then.0, otherwise.0)) }
    }

    #[inline(always)]
    fn majority(self, b: Words, c: Words) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe { Words(_mm512_ternarylogic_epi32::<MAJORITY>(self.0, b.0, c.0)) }
    }

    #[inline(always)]
    fn are_zero(self, mask: u32) -> u32 {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe { u32::from(_mm512_testn_epi32_mask(self.0, _mm512_set1_epi32(mask.cast_signed()))) }
    }
}
