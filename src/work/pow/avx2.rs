//! Vectors of eight words. AVX2 has neither rotations nor three-operand logic, so this takes twice
//! the instructions of AVX-512 for half the seeds.

#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_castsi256_ps, _mm256_cmpeq_epi32,
    _mm256_loadu_si256, _mm256_movemask_ps, _mm256_or_si256, _mm256_set1_epi32,
    _mm256_setzero_si256, _mm256_slli_epi32, _mm256_srli_epi32, _mm256_xor_si256,
};
use std::ops::Range;

use super::lanes::{self, Lanes, Two};
use super::puzzle::Puzzle;

/// Returns the first seed in `range` that solves the puzzle.
#[target_feature(enable = "avx2")]
pub(super) fn search(puzzle: &Puzzle, range: Range<u64>) -> Option<u64> {
    // SAFETY: the attribute passes the obligation on to the caller.
    unsafe { lanes::search::<Two<Words>>(puzzle, range) }
}

/// 8 words.
#[derive(Clone, Copy)]
struct Words(__m256i);

#[inline]
#[target_feature(enable = "avx2")]
fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}

/// Rotates to the right by `RIGHT`; `LEFT` must be 32 − `RIGHT`.
#[inline]
#[target_feature(enable = "avx2")]
fn ror<const RIGHT: i32, const LEFT: i32>(word: __m256i) -> __m256i {
    const { assert!(RIGHT + LEFT == 32) };
    _mm256_or_si256(_mm256_srli_epi32::<RIGHT>(word), _mm256_slli_epi32::<LEFT>(word))
}

impl Lanes for Words {
    const COUNT: usize = 8;
    const KEEPS_SCHEDULE: bool = false;

    #[inline(always)]
    unsafe fn load(words: &[u32]) -> Words {
        let words = &words[..Self::COUNT];
        // SAFETY: the caller vouches for the CPU; the slice has as many bytes as the vector, and
        // this instruction asks for no alignment.
        unsafe { Words(_mm256_loadu_si256(words.as_ptr().cast())) }
    }

    #[inline(always)]
    fn splat(self, word: u32) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe { Words(_mm256_set1_epi32(word.cast_signed())) }
    }

    #[inline(always)]
    fn add(self, other: Words) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe { Words(_mm256_add_epi32(self.0, other.0)) }
    }

    #[inline(always)]
    fn and(self, other: Words) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe { Words(_mm256_and_si256(self.0, other.0)) }
    }

    #[inline(always)]
    fn or(self, other: Words) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe { Words(_mm256_or_si256(self.0, other.0)) }
    }

    #[inline(always)]
    fn big_sigma0(self) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe {
            Words(xor(xor(ror::<2, 30>(self.0), ror::<13, 19>(self.0)), ror::<22, 10>(self.0)))
        }
    }

    #[inline(always)]
    fn big_sigma1(self) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe {
            Words(xor(xor(ror::<6, 26>(self.0), ror::<11, 21>(self.0)), ror::<25, 7>(self.0)))
        }
    }

    #[inline(always)]
    fn small_sigma0(self) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe {
            Words(xor(
                xor(ror::<7, 25>(self.0), ror::<18, 14>(self.0)),
                _mm256_srli_epi32::<3>(self.0),
            ))
        }
    }

    #[inline(always)]
    fn small_sigma1(self) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe {
            Words(xor(
                xor(ror::<17, 15>(self.0), ror::<19, 13>(self.0)),
                _mm256_srli_epi32::<10>(self.0),
            ))
        }
    }

    #[inline(always)]
    fn choice(self, then: Words, otherwise: Words) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe { Words(xor(otherwise.0, _mm256_and_si256(self.0, xor(then.0, otherwise.0)))) }
    }

    #[inline(always)]
    fn majority(self, b: Words, c: Words) -> Words {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe { Words(xor(b.0, _mm256_and_si256(xor(self.0, b.0), xor(b.0, c.0)))) }
    }

    #[inline(always)]
    fn are_zero(self, mask: u32) -> u32 {
        // SAFETY: a value exists, so the CPU has the instructions.
        unsafe {
            let bits = _mm256_and_si256(self.0, _mm256_set1_epi32(mask.cast_signed()));
            let zero = _mm256_cmpeq_epi32(bits, _mm256_setzero_si256());
            _mm256_movemask_ps(_mm256_castsi256_ps(zero)).cast_unsigned()
        }
    }
}
