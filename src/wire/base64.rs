//! Base64 (RFC 4648 §4): binary data in JSON.
//!
//! The decoder is strict: padding is required, line breaks are refused, and unused bits must be
//! zero, so that no two texts decode to the same bytes.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Length of 128 bits in the URL alphabet (RFC 4648 §5), without padding.
pub const URL_LETTERS: usize = 22;

/// Encodes 128 bits as text that needs no escape in a URL, a cookie or a file name.
pub fn url_encode(bits: u128) -> [u8; URL_LETTERS] {
    std::array::from_fn(|place| {
        let shift = 122 - 6 * place as i32;
        let value = if shift < 0 { bits << -shift } else { bits >> shift };
        match LETTERS[value as usize & 63] {
            b'+' => b'-',
            b'/' => b'_',
            letter => letter,
        }
    })
}

/// Decodes the output of [`url_encode`]; `None` for any other text.
pub fn url_decode(text: &[u8]) -> Option<u128> {
    let (last, first) = <&[u8; URL_LETTERS]>::try_from(text).ok()?.split_last()?;
    let url_value = |letter: u8| match letter {
        b'-' => Some(62),
        b'_' => Some(63),
        b'+' | b'/' => None,
        _ => value(letter).map(u128::from),
    };
    let mut bits = 0;
    for letter in first {
        bits = bits << 6 | url_value(*letter)?;
    }
    let last = url_value(*last)?;
    (last & 15 == 0).then_some(bits << 2 | last >> 4)
}

/// Encodes `bytes`, with padding.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place)) as usize & 63];
            text.push(if place > group.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

/// Decodes `text`; `None` if it is not valid Base64.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.iter().rev().take_while(|letter| **letter == b'=').count();
    let letters = &text[..text.len() - padding];
    if padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in letters.chunks(4) {
        let mut word = 0;
        for letter in group {
            word = word << 6 | value(*letter)?;
        }
        word <<= 6 * (4 - group.len());
        let [_, whole @ ..] = word.to_be_bytes();
        let (used, unused) = whole.split_at(group.len() - 1);
        if unused.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(used);
    }
    Some(bytes)
}

fn value(letter: u8) -> Option<u32> {
    let value = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn every_byte_survives_the_trip() {
        let mut rng = fastrand::Rng::with_seed(5);
        for length in 0..300 {
            let bytes = (0..length).map(|_| rng.u8(..)).collect::<Vec<_>>();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
        let all = (0..=255).collect::<Vec<u8>>();
        assert_eq!(decode(&encode(&all)), Some(all));
    }

    #[test]
    fn the_alphabet_for_urls_is_the_other_one_without_padding() {
        let mut rng = fastrand::Rng::with_seed(6);
        for bits in (0..1000).map(|_| rng.u128(..)).chain([0, 1, u128::MAX]) {
            let text = encode(&bits.to_be_bytes()).replace('+', "-").replace('/', "_");
            let encoded = url_encode(bits);
            assert_eq!(format!("{}==", String::from_utf8_lossy(&encoded)), text);
            assert_eq!(url_decode(&encoded), Some(bits));
        }
        for text in
            ["", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA="]
        {
            assert_eq!(url_decode(text.as_bytes()), None, "{text}");
            assert_eq!(url_decode(&[text.as_bytes(), b"+"].concat()), None, "{text}");
        }
        assert_eq!(url_decode(b"AAAAAAAAAA+AAAAAAAAAAA"), None);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zm9v=", "Zg==Zg==", "Zm=v", "Zh==", "Zm9=",
            "Zm9v\n", " Zm9", "Zm9-", "Zm9_", "Zm9é",
        ] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
