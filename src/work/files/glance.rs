//! Facts from the first bytes of a file: whether it is compressed already, and whether it declares
//! its character encoding.
//!
//! Pure and heuristic: the result only avoids wasted work and false headers.

use crate::buf::Opened;

/// Bytes at the beginning of a file that are examined.
const GLANCE_BYTES: usize = 512;

/// The facts about a file; see the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Glance {
    /// True if compressing it again would gain nothing.
    pub is_compressed: bool,
    /// True for XML that declares its encoding, and for text with a byte order mark.
    pub names_encoding: bool,
}

/// Signatures of compressed formats.
const COMPRESSED: [&[u8]; 17] = [
    b"\x1f\x8b",           // gzip, RFC 1952 §2.3.1
    b"\x1f\x9d",           // compress
    b"\x28\xb5\x2f\xfd",   // Zstandard, RFC 8878 §3.1.1
    b"\xfd7zXZ\0",         // xz
    b"BZh",                // bzip2
    b"\x04\x22\x4d\x18",   // LZ4
    b"LZIP",               // lzip
    b"7z\xbc\xaf\x27\x1c", // 7-Zip
    b"PK\x03\x04",         // ZIP, and formats based on it
    b"Rar!",               // RAR
    b"\x89PNG",            // PNG
    b"\xff\xd8\xff",       // JPEG
    b"GIF8",               // GIF
    b"wOFF",               // WOFF, whose tables are compressed
    b"wOF2",               // WOFF 2
    b"OggS",               // Ogg
    b"\x1a\x45\xdf\xa3",   // WebM, Matroska
];

impl Glance {
    /// Examines the first bytes of a file. If they cannot be read, there are no facts.
    pub fn of(file: &Opened) -> Glance {
        let mut first = [0; GLANCE_BYTES];
        let count = file.read_at(&mut first, 0).unwrap_or(0);
        Glance::at(&first[..count])
    }

    /// Examines the first bytes of a file.
    pub fn at(bytes: &[u8]) -> Glance {
        let first = &bytes[..bytes.len().min(GLANCE_BYTES)];
        Glance {
            is_compressed: COMPRESSED.iter().any(|magic| first.starts_with(magic)),
            names_encoding: is_wide(first) || xml_encoding(first).is_some(),
        }
    }
}

/// Returns true for a UTF-16 byte order mark of either endianness.
fn is_wide(first: &[u8]) -> bool {
    first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff")
}

/// Returns the encoding that an XML declaration names (XML 1.0 §2.8).
fn xml_encoding(first: &[u8]) -> Option<&[u8]> {
    let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    let inside = first.strip_prefix(b"<?xml")?;
    let end = inside.windows(2).position(|pair| pair == b"?>").unwrap_or(inside.len());
    let inside = &inside[..end];
    let at = inside.windows(8).position(|word| word == b"encoding")?;
    let value = inside[at + 8..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first().filter(|(quote, _)| b"'\"".contains(quote))?;
    value.split(|byte| byte == quote).next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_that_are_compressed_are_known_by_their_first_bytes() {
        for first in [&b"\x1f\x8b\x08\0"[..], b"PK\x03\x04rest", b"\x28\xb5\x2f\xfd", b"BZh9"] {
            assert!(Glance::at(first).is_compressed, "{}", first.escape_ascii());
        }
        for first in [&b""[..], b"\x1f", b"text", b"<svg>", b"P", b"\0asm\x01"] {
            assert!(!Glance::at(first).is_compressed, "{}", first.escape_ascii());
        }
    }

    #[test]
    fn xml_names_its_encoding_in_its_declaration_only() {
        for first in [
            "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><a/>",
            "<?xml version='1.0' encoding = 'UTF-8' standalone='yes'?>",
            "\u{feff}<?xml version=\"1.0\" encoding=\"x\"?>",
        ] {
            assert!(Glance::at(first.as_bytes()).names_encoding, "{first}");
        }
        for first in [
            "<?xml version=\"1.0\"?><a encoding=\"x\"/>",
            "<a encoding=\"x\"/>",
            "<?xml version=\"1.0\" encoding=\"\"?>",
            "<?xml encoding",
            "<?xml encoding=",
            "",
        ] {
            assert!(!Glance::at(first.as_bytes()).names_encoding, "{first}");
        }
        assert!(Glance::at(b"\xff\xfe<\0a\0").names_encoding, "UTF-16");
    }
}
