//! Bounds of access control: guesses, operators' sessions, keys of orders.

use std::time::Duration;

/// Wrong tokens and secrets that an address may send within [`GUESS_WINDOW`]: enough for a typing
/// mistake, while guessing a token of twelve letters takes a million years.
pub const GUESSES: usize = 5;

/// See [`GUESSES`].
pub const GUESS_WINDOW: Duration = Duration::from_mins(1);

/// Addresses that the limiter remembers, some 400 KiB; the one with the oldest failure is evicted
/// first.
pub const GUESSERS: usize = 4096;

/// Operators signed in at a time: far more than run one server.
pub const OPERATORS: usize = 64;

/// Time after which an operator's session ends without a request …
pub const OPERATOR_IDLE: Duration = Duration::from_hours(1);

/// … and in any case.
pub const OPERATOR_LIFETIME: Duration = Duration::from_hours(12);

/// Bytes of a sign-in form, which has one field with a token.
pub const SIGN_IN_BYTES: usize = 4096;
