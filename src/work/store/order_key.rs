//! Keys of orders: they permit to read an order, and they cannot be guessed.
//!
//! A key is derived from the number of the order and a secret of the log. So every process that
//! follows the log derives the same key, for orders of any age, and stores nothing per order.

use sha2::{Digest, Sha256};
use std::fmt;

/// The secret from which the keys of a log's orders are derived.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OrderSecret([u8; 32]);

impl fmt::Debug for OrderSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrderSecret(not shown)")
    }
}

impl OrderSecret {
    /// Creates a secret of 256 random bits.
    pub fn new(bytes: [u8; 32]) -> OrderSecret {
        OrderSecret(bytes)
    }

    /// Returns its bits, for the log's file.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the key of an order: 128 bits in hexadecimal digits. It is half of a hash, which
    /// prevents extension attacks.
    pub fn key(&self, order: u64) -> String {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(b"order");
        hash.update(order.to_be_bytes());
        hex(&hash.finalize()[..16])
    }

    /// Prints the secret in hexadecimal digits, for processes that follow the log.
    pub fn print(&self) -> String {
        hex(&self.0)
    }

    /// Parses the output of [`OrderSecret::print`].
    pub fn parse(text: &str) -> Option<OrderSecret> {
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(OrderSecret(bytes))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_depend_on_the_order_and_on_the_secret() {
        let (one, other) = (OrderSecret::new([1; 32]), OrderSecret::new([2; 32]));
        assert_eq!(one.key(17).len(), 32);
        assert_eq!(one.key(17), OrderSecret::new([1; 32]).key(17));
        assert_ne!(one.key(17), one.key(18));
        assert_ne!(one.key(17), other.key(17));
        assert!(!format!("{one:?}").contains("1, 1"), "it is shown nowhere");
    }

    #[test]
    fn a_printed_secret_is_read_back() {
        let secret = OrderSecret::new(std::array::from_fn(|at| at as u8 * 7));
        assert_eq!(OrderSecret::parse(&secret.print()), Some(secret));
        for wrong in ["", "00", &"g".repeat(64), &"0".repeat(63), &"0".repeat(65)] {
            assert_eq!(OrderSecret::parse(wrong), None, "{wrong}");
        }
    }
}
