//! SHA-256 in plain scalar Rust (FIPS 180-4).
//!
//! The vector kernels are tested against it, and `pow speed` compares them with it. Answers never
//! rely on it alone: those are recomputed with the `sha2` crate.

/// The initial chaining value (FIPS 180-4 §5.3.3).
pub(super) const START: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/// The round constants (FIPS 180-4 §4.2.2).
#[rustfmt::skip]
pub(super) const ROUND: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// Returns the addends of the 64 rounds: the message schedule plus the round constants.
#[cfg(target_arch = "x86_64")]
pub(super) fn schedule(block: &[u8; BLOCK]) -> [u32; 64] {
    let mut w = [0_u32; 64];
    w[..16].copy_from_slice(&words(block));
    for t in 16..64 {
        w[t] = w[t - 16]
            .wrapping_add(small_sigma0(w[t - 15]))
            .wrapping_add(w[t - 7])
            .wrapping_add(small_sigma1(w[t - 2]));
    }
    for (w, round) in w.iter_mut().zip(ROUND) {
        *w = w.wrapping_add(round);
    }
    w
}

/// Mixes one block into the chaining value.
pub(super) fn compress(state: &mut [u32; 8], block: &[u8; BLOCK]) {
    let mut w = words(block);
    let mut mixed = *state;
    sixteen!(t => { mixed = round(mixed, w[t].wrapping_add(ROUND[t])); });
    mixed = extended_rounds::<16>(mixed, &mut w);
    mixed = extended_rounds::<32>(mixed, &mut w);
    mixed = extended_rounds::<48>(mixed, &mut w);
    for (word, mixed) in state.iter_mut().zip(mixed) {
        *word = word.wrapping_add(mixed);
    }
}

/// Returns a block as big-endian words.
pub(super) fn words(block: &[u8; BLOCK]) -> [u32; 16] {
    let mut words = [0; 16];
    for (word, &bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_be_bytes(bytes);
    }
    words
}

/// Computes rounds `FROM` to `FROM` + 15, after moving the window of the message schedule there.
#[inline(always)]
fn extended_rounds<const FROM: usize>(mut mixed: [u32; 8], w: &mut [u32; 16]) -> [u32; 8] {
    sixteen!(t => {
        w[t] = w[t]
            .wrapping_add(small_sigma0(w[(t + 1) % 16]))
            .wrapping_add(w[(t + 9) % 16])
            .wrapping_add(small_sigma1(w[(t + 14) % 16]));
        mixed = round(mixed, w[t].wrapping_add(ROUND[FROM + t]));
    });
    mixed
}

/// Computes one round: `add` is the schedule's word plus the round's constant.
#[inline(always)]
pub(super) fn round([a, b, c, d, e, f, g, h]: [u32; 8], add: u32) -> [u32; 8] {
    let big_sigma0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
    let big_sigma1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
    let choice = (e & f) ^ (!e & g);
    let majority = (a & b) ^ (a & c) ^ (b & c);
    let t1 = h.wrapping_add(add).wrapping_add(choice).wrapping_add(big_sigma1);
    let t2 = big_sigma0.wrapping_add(majority);
    [t1.wrapping_add(t2), a, b, c, d.wrapping_add(t1), e, f, g]
}

pub(super) fn small_sigma0(x: u32) -> u32 {
    x.rotate_right(7) ^ x.rotate_right(18) ^ (x >> 3)
}

pub(super) fn small_sigma1(x: u32) -> u32 {
    x.rotate_right(17) ^ x.rotate_right(19) ^ (x >> 10)
}
