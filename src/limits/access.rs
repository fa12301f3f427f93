//! Bounds of who gets in: guesses, operators' sessions, keys of orders.

use std::time::Duration;

/// Wrong tokens and secrets that an address may send within [`GUESS_WINDOW`]: enough for a typing
/// mistake, and a million years for a token of twelve letters.
pub const GUESSES: usize = 5;

/// See [`GUESSES`].
pub const GUESS_WINDOW: Duration = Duration::from_mins(1);

/// Addresses that the limiter remembers, some 400 KiB; the one that failed longest ago goes first.
pub const GUESSERS: usize = 4096;

/// Operators signed in at a time: far more than run one server.
pub const OPERATORS: usize = 64;

/// How long an operator's session lasts without a request …
pub const OPERATOR_IDLE: Duration = Duration::from_hours(1);

/// … and altogether.
pub const OPERATOR_LIFETIME: Duration = Duration::from_hours(12);

/// Bytes of a sign-in form: a token in a field.
pub const SIGN_IN_BYTES: usize = 4096;
