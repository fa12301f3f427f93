//! The scalar kernel: one `fastrand` generator, two points from each of its 64-bit outputs.

use super::is_hit;

/// Counts the hits among `samples` points. If they are odd, half of the last output is unused.
pub(super) fn hits(seed: u64, samples: u32) -> u32 {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut hits = 0;
    for _ in 0..samples / 2 {
        let [first, second] = pair(&mut random);
        hits += u32::from(is_hit(first[0], first[1])) + u32::from(is_hit(second[0], second[1]));
    }
    if samples % 2 == 1 {
        let [last, _] = pair(&mut random);
        hits += u32::from(is_hit(last[0], last[1]));
    }
    hits
}

/// Draws the next two points, each an (x, y) of 16-bit coordinates.
#[inline(always)]
pub(super) fn pair(random: &mut fastrand::Rng) -> [[i16; 2]; 2] {
    let bits = random.u64(..);
    [[bits as i16, (bits >> 16) as i16], [(bits >> 32) as i16, (bits >> 48) as i16]]
}
