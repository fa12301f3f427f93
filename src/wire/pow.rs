//! Lines of the proof-of-work service: proofs, and the errors in their place.
//!
//! A proof is `message,seed,hash`. The message may contain anything, including commas, so a proof
//! is parsed from its right end.

use super::Parse;
use std::io::Write;

/// The letters of a seed.
pub const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Maximum bytes of a message.
pub const MESSAGE_BYTES_MAX: usize = 8192;

/// Hexadecimal digits of a hash.
const HASH_DIGITS: usize = 64;

/// The parts of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof<'b> {
    /// The message that was proved.
    pub message: &'b [u8],
    /// Letters of [`ALPHABET`].
    pub seed: &'b [u8],
    /// SHA-256 of the seed followed by the message.
    pub hash: [u8; 32],
}

/// The reason why a line is not a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// It does not end in a comma, a seed, a comma and a hash.
    Format,
}

impl Bad {
    /// Returns the reason as a word.
    pub fn name(self) -> &'static str {
        match self {
            Bad::Format => "bad-format",
        }
    }

    /// Returns the reason as a sentence.
    pub fn text(self) -> &'static str {
        match self {
            Bad::Format => {
                "A proof ends in a comma, a seed of letters and digits, a comma and a hash."
            }
        }
    }
}

/// Parses a whole line, without its ending, as a proof with a seed of `seed_len` letters.
pub fn proof(line: &[u8], seed_len: usize) -> Parse<Proof<'_>, Bad> {
    let parts = || {
        let (rest, digits) = line.split_at_checked(line.len().checked_sub(HASH_DIGITS)?)?;
        let rest = rest.strip_suffix(b",")?;
        let (rest, seed) = rest.split_at_checked(rest.len().checked_sub(seed_len)?)?;
        let message = rest.strip_suffix(b",")?;
        let known = seed.iter().all(|letter| ALPHABET.contains(letter));
        known.then_some(())?;
        Some(Proof { message, seed, hash: unhex(digits)? })
    };
    match parts() {
        Some(proof) => Parse::Done(proof, line.len()),
        None => Parse::Bad(Bad::Format),
    }
}

/// Decodes 64 lower-case hexadecimal digits.
pub fn unhex(digits: &[u8]) -> Option<[u8; 32]> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if digits.len() != HASH_DIGITS {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

/// Appends 32 bytes as 64 lower-case hexadecimal digits.
pub fn hex(bytes: &[u8; 32], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    out.extend(digits.map(|digit| DIGITS[usize::from(digit)]));
}

/// Appends a proof, without a line ending.
pub fn print(message: &[u8], seed: &[u8], hash: &[u8; 32], out: &mut Vec<u8>) {
    out.reserve(message.len() + seed.len() + HASH_DIGITS + 3);
    out.extend_from_slice(message);
    out.push(b',');
    out.extend_from_slice(seed);
    out.push(b',');
    hex(hash, out);
}

/// An error line, sent in place of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The message exceeds [`MESSAGE_BYTES_MAX`].
    TooLong,
    /// No seed of this length proves the message; holds the number of seeds tried, which is all.
    Exhausted(u64),
    /// The server is shutting down and takes no more messages.
    ShuttingDown,
    /// A bug: the search failed.
    Internal,
}

/// Appends an error line, with its ending.
pub fn print_error(error: Error, out: &mut Vec<u8>) {
    let printed = match error {
        Error::TooLong => writeln!(out, "!ERR 413 too-long max={MESSAGE_BYTES_MAX}"),
        Error::Exhausted(tried) => writeln!(out, "!ERR 422 exhausted tried={tried}"),
        Error::ShuttingDown => writeln!(out, "!ERR 503 shutting-down"),
        Error::Internal => writeln!(out, "!ERR 500 internal"),
    };
    printed.expect("a Vec takes every write");
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "00094a28ae5eca5dfc9e6e71bb9e4eae40ba0bf2c6dfc5e7f6a1b0f96e60cafe";

    #[test]
    fn a_proof_is_read_from_its_right_end() {
        let hash = unhex(DIGITS.as_bytes()).unwrap();
        for message in ["hello", "", "a,b,c", ",", "x,Abc12,y"] {
            let line = format!("{message},Abc12,{DIGITS}");
            let Parse::Done(proof, used) = proof(line.as_bytes(), 5) else { panic!("{line}") };
            assert_eq!(used, line.len());
            assert_eq!(proof, Proof { message: message.as_bytes(), seed: b"Abc12", hash });
            let mut printed = Vec::new();
            print(proof.message, proof.seed, &proof.hash, &mut printed);
            assert_eq!(printed, line.as_bytes());
        }
    }

    #[test]
    fn anything_else_is_none() {
        let upper = DIGITS.to_uppercase();
        for line in [
            String::new(),
            DIGITS.to_string(),
            format!(",{DIGITS}"),
            format!("Abc12,{DIGITS}"),
            format!("m,Abc1,{DIGITS}"),
            format!("m,Abc123,{DIGITS}"),
            format!("m,Ab-12,{DIGITS}"),
            format!("m,Abc12,{upper}"),
            format!("m,Abc12,{DIGITS}0"),
            format!("m,Abc12,{DIGITS}\n"),
            format!("m,Abc12;{DIGITS}"),
        ] {
            assert_eq!(proof(line.as_bytes(), 5), Parse::Bad(Bad::Format), "{line}");
        }
    }

    #[test]
    fn errors_are_lines_of_their_own() {
        let text = |error| {
            let mut out = Vec::new();
            print_error(error, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(Error::TooLong), "!ERR 413 too-long max=8192\n");
        assert_eq!(text(Error::Exhausted(916_132_832)), "!ERR 422 exhausted tried=916132832\n");
        assert_eq!(text(Error::ShuttingDown), "!ERR 503 shutting-down\n");
    }
}
