//! Verification of proofs, for HTTP and the command line.

use crate::wire::Parse;
use crate::wire::pow::{ALPHABET, proof};
use crate::work::pow::{hash, leading_zero_bits};

/// The reason why a proof is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// The text does not have the form of a proof.
    BadFormat,
    /// The seed has another length, or other characters.
    BadSeed,
    /// The hash is not that of the seed and the message.
    HashMismatch,
    /// The hash begins with fewer zeros than required.
    LowDifficulty,
    /// It has been accepted before.
    AlreadySpent,
}

impl Wrong {
    /// Returns the reason as a word.
    pub fn name(self) -> &'static str {
        match self {
            Wrong::BadFormat => "bad-format",
            Wrong::BadSeed => "bad-seed",
            Wrong::HashMismatch => "hash-mismatch",
            Wrong::LowDifficulty => "low-difficulty",
            Wrong::AlreadySpent => "already-spent",
        }
    }
}

/// A supposed proof.
#[derive(Debug, Clone, Copy)]
pub enum Claim<'a> {
    /// A whole line, without its ending.
    Line(&'a [u8]),
    /// The parts, of which the hash may be missing.
    Parts(&'a [u8], &'a [u8], Option<&'a [u8; 32]>),
}

/// The actual hash of a claim, and the error in the claim, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// SHA-256 of the seed and the message; `None` if they cannot be parsed.
    pub hash: Option<[u8; 32]>,
    /// The reason why it is not a proof.
    pub wrong: Option<Wrong>,
}

impl Verdict {
    /// Returns the zero bits at the beginning of the hash.
    pub fn bits(&self) -> u32 {
        self.hash.as_ref().map_or(0, leading_zero_bits)
    }

    /// Requires at least `bits` zero bits, too.
    pub fn at_least(self, bits: u32) -> Verdict {
        let low = self.wrong.is_none() && self.bits() < bits;
        Verdict { wrong: if low { Some(Wrong::LowDifficulty) } else { self.wrong }, ..self }
    }

    /// Returns the zero digits at the beginning of the hash.
    pub fn zeros(&self) -> u32 {
        self.bits() / 4
    }
}

/// Checks a claim that a seed of `seed_len` letters makes `bits` zero bits.
pub fn judge(claim: Claim<'_>, bits: u32, seed_len: u8) -> Verdict {
    let seed_len = usize::from(seed_len);
    let (message, seed, said) = match claim {
        Claim::Line(line) => match proof(line, seed_len) {
            Parse::Done(proof, _) => (proof.message, proof.seed, Some(proof.hash)),
            Parse::More | Parse::Bad(_) => {
                return Verdict { hash: None, wrong: Some(Wrong::BadFormat) };
            }
        },
        Claim::Parts(message, seed, said) => (message, seed, said.copied()),
    };
    if seed.len() != seed_len || !seed.iter().all(|letter| ALPHABET.contains(letter)) {
        return Verdict { hash: None, wrong: Some(Wrong::BadSeed) };
    }
    let hash = hash(seed, message);
    let wrong = if said.is_some_and(|said| said != hash) {
        Some(Wrong::HashMismatch)
    } else if leading_zero_bits(&hash) < bits {
        Some(Wrong::LowDifficulty)
    } else {
        None
    };
    Verdict { hash: Some(hash), wrong }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of `AAB3ihello`, by another program.
    const DIGITS: &str = "0008813046ffe6589da2e9fe352f5eeee60f2518a2fc43da47d5f9298538153c";

    fn wrong(claim: Claim<'_>, bits: u32) -> Option<Wrong> {
        judge(claim, bits, 5).wrong
    }

    #[test]
    fn a_claim_is_right_or_wrong_for_one_reason() {
        let line = |message: &str, seed: &str, hash: &str| format!("{message},{seed},{hash}");
        let right = line("hello", "AAB3i", DIGITS);
        let verdict = judge(Claim::Line(right.as_bytes()), 12, 5);
        assert_eq!((verdict.wrong, verdict.zeros()), (None, 3));
        assert!(verdict.bits() >= 12 && verdict.bits() < 16);
        assert_eq!(wrong(Claim::Line(right.as_bytes()), 16), Some(Wrong::LowDifficulty));
        for (claim, expected) in [
            (line("hullo", "AAB3i", DIGITS), Wrong::HashMismatch),
            (line("hello", "aaaaa", DIGITS), Wrong::HashMismatch),
            (line("hello", "AAB3i", &DIGITS.to_uppercase()), Wrong::BadFormat),
            (line("hello", "AAB3ix", DIGITS), Wrong::BadFormat),
            (format!("{right}\n"), Wrong::BadFormat),
            (String::new(), Wrong::BadFormat),
        ] {
            assert_eq!(wrong(Claim::Line(claim.as_bytes()), 12), Some(expected), "{claim}");
        }
    }

    #[test]
    fn parts_may_leave_the_hash_out() {
        let parts = |seed: &'static [u8]| Claim::Parts(b"hello", seed, None);
        assert_eq!(wrong(parts(b"AAB3i"), 12), None);
        assert_eq!(wrong(parts(b"AAB3i"), 20), Some(Wrong::LowDifficulty));
        for seed in [&b"AAB3"[..], b"AAB3ix", b"AA-AA", b""] {
            assert_eq!(wrong(Claim::Parts(b"hello", seed, None), 0), Some(Wrong::BadSeed));
        }
        let other = [0; 32];
        let claim = Claim::Parts(b"hello", b"AAB3i", Some(&other));
        assert_eq!(wrong(claim, 0), Some(Wrong::HashMismatch));
    }
}
