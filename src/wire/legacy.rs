//! The text of the legacy π server: one number, no framing, sometimes damaged on purpose.

use super::Parse;

/// Maximum bytes of a reading: every `f64` in shortest form is far shorter.
pub const READING_BYTES_MAX: usize = 64;

/// The reason why a text is not a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// The text is not digits with at most one point between digits.
    NotANumber,
    /// More than [`READING_BYTES_MAX`] bytes.
    TooLong,
}

impl Bad {
    /// Returns the reason as a word.
    pub fn name(self) -> &'static str {
        match self {
            Bad::NotANumber => "not-a-number",
            Bad::TooLong => "too-long",
        }
    }

    /// Returns the reason as a sentence.
    pub fn text(self) -> &'static str {
        match self {
            Bad::NotANumber => "A reading is digits, or digits, a point and digits.",
            Bad::TooLong => "A reading is at most 64 bytes long.",
        }
    }
}

/// Parses a whole answer, which the end of input has delimited: `digits` or `digits.digits`, then
/// at most one line ending (LF or CRLF).
pub fn reading(text: &[u8]) -> Parse<f64, Bad> {
    if text.len() > READING_BYTES_MAX {
        return Parse::Bad(Bad::TooLong);
    }
    let line =
        text.strip_suffix(b"\n").map_or(text, |line| line.strip_suffix(b"\r").unwrap_or(line));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let number = std::str::from_utf8(line).ok().filter(|number| match number.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(number),
    });
    match number.and_then(|number| number.parse().ok()) {
        Some(value) => Parse::Done(value, text.len()),
        None => Parse::Bad(Bad::NotANumber),
    }
}

/// Prints a reading: the shortest decimal that reads back as `value`. With `damage`, the
/// character at `damage.0` (modulo the length) is replaced by the letter `damage.1`.
pub fn print(value: f64, damage: Option<(usize, u8)>, out: &mut Vec<u8>) {
    let mut text = value.to_string().into_bytes();
    if let Some((place, letter)) = damage {
        let place = place % text.len();
        text[place] = letter;
    }
    out.extend_from_slice(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_with_at_most_one_point_between_them_are_a_reading() {
        for (text, value) in [
            ("3", 3.0),
            ("3.15", 3.15),
            ("03.10", 3.1),
            ("3.15\n", 3.15),
            ("3.15\r\n", 3.15),
            ("99999999999999999999", 1e20),
        ] {
            assert_eq!(reading(text.as_bytes()), Parse::Done(value, text.len()), "{text:?}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        for text in [
            "", "\n", ".", "3.", ".1", "3.1.5", "+3", "-3", " 3", "3 ", "3e0", "3.1x", "x.14",
            "3\n\n", "3\r", "inf", "NaN", "٣",
        ] {
            assert_eq!(reading(text.as_bytes()), Parse::Bad(Bad::NotANumber), "{text:?}");
        }
        assert_eq!(reading(&[b'1'; 65]), Parse::Bad(Bad::TooLong));
    }

    #[test]
    fn what_is_printed_reads_back_the_same() {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..10_000 {
            let value = 3.0 + rng.f64();
            let mut text = Vec::new();
            print(value, None, &mut text);
            assert_eq!(reading(&text), Parse::Done(value, text.len()));
        }
    }

    #[test]
    fn damage_replaces_one_character_and_spoils_the_reading() {
        for place in 0..40 {
            let mut text = Vec::new();
            print(3.125, Some((place, b'q')), &mut text);
            assert_eq!(text.len(), 5);
            assert_eq!(text.iter().filter(|byte| **byte == b'q').count(), 1);
            assert_eq!(reading(&text), Parse::Bad(Bad::NotANumber));
        }
    }
}
