//! Base64 (RFC 4648 §4): binary data in JSON, and ids in the URL alphabet.
//!
//! The decoder is strict: padding is required, line breaks are refused, and unused bits must be
//! zero, so that no two texts decode to the same bytes.

use ::base64::Engine;
use ::base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Length of 128 bits in the URL alphabet (RFC 4648 §5), without padding.
pub const URL_LETTERS: usize = 22;

/// Encodes 128 bits as text that needs no escape in a URL, a cookie or a file name.
pub fn url_encode(bits: u128) -> [u8; URL_LETTERS] {
    let mut text = [0; URL_LETTERS];
    let written = URL_SAFE_NO_PAD.encode_slice(bits.to_be_bytes(), &mut text);
    debug_assert_eq!(written, Ok(URL_LETTERS));
    text
}

/// Decodes the output of [`url_encode`]; `None` for any other text.
pub fn url_decode(text: &[u8]) -> Option<u128> {
    let text = <&[u8; URL_LETTERS]>::try_from(text).ok()?;
    let mut bytes = [0; 16];
    let written = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    (written == bytes.len()).then(|| u128::from_be_bytes(bytes))
}

/// Encodes `bytes`, with padding.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes `text`; `None` if it is not valid Base64.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
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
