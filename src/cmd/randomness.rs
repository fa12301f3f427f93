//! Randomness of the operating system.

use crate::config::Config;
use rand::TryRng;
use rand::rngs::SysRng;

/// Returns the seed of repeatable randomness: as configured, or the operating system's.
pub(super) fn seed(config: &Config) -> Result<u64, String> {
    match config.seed {
        Some(seed) => Ok(seed),
        None => SysRng.try_next_u64().map_err(|error| format!("no randomness: {error}")),
    }
}

/// Returns bytes that cannot be guessed, whatever the seed.
pub(super) fn secret() -> Result<[u8; 32], String> {
    let mut secret = [0; 32];
    let filled = SysRng.try_fill_bytes(&mut secret);
    filled.map(|()| secret).map_err(|error| format!("no randomness: {error}"))
}

/// Returns a number that cannot be guessed.
pub(super) fn number() -> Result<u128, String> {
    let secret = secret()?;
    let (bytes, _) = secret.split_first_chunk().expect("a secret is longer than a number");
    Ok(u128::from_le_bytes(*bytes))
}
