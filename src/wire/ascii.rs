//! Classes of bytes, as one table lookup.
//!
//! A class is about single bytes; a rule that involves a neighbour belongs to a parser.

/// `tchar` of RFC 9110 §5.6.2: methods and field names.
pub const TOKEN: u8 = 1;
/// A byte accepted in a path: `pchar` and `/` of RFC 3986 §3.3, and `[ ] ^ |`, which browsers have
/// always sent unescaped.
pub const PATH: u8 = 1 << 1;
/// A byte accepted in a query: RFC 3986 §3.4, and the bytes that the URL standard leaves unescaped
/// there: ``[ ] \ ^ ` { | }``. No browser or library sends `"`, `<` or `>` unescaped.
pub const QUERY: u8 = 1 << 2;
/// A byte of a registered name or IPv4 address (RFC 3986 §3.2.2), `%` included.
pub const HOST: u8 = 1 << 3;
/// A byte of a field value (RFC 9110 §5.5): visible, blank, tab, or the opaque upper half.
pub const VALUE: u8 = 1 << 4;

/// Returns true if `byte` belongs to `class`.
#[inline]
pub const fn is(byte: u8, class: u8) -> bool {
    CLASS[byte as usize] & class != 0
}

/// Returns `bytes` without blanks and tabs at either end (`OWS` of RFC 9110 §5.6.3).
pub fn trim(bytes: &[u8]) -> &[u8] {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let Some(first) = bytes.iter().position(|b| !blank(b)) else {
        return &[];
    };
    let last = bytes.iter().rposition(|b| !blank(b)).unwrap_or(first);
    &bytes[first..=last]
}

/// Iterates over the elements of a comma-separated list, trimmed. Empty elements are included; the
/// caller decides about them.
pub fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&b| b == b',').map(trim)
}

/// Returns the value of a hexadecimal digit.
#[inline]
pub const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

static CLASS: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = class(i as u8);
        i += 1;
    }
    table
}

const fn class(byte: u8) -> u8 {
    let mut class = 0;
    if byte.is_ascii_alphanumeric() {
        return TOKEN | PATH | QUERY | HOST | VALUE;
    }
    if byte == b'\t' || (byte >= b' ' && byte != 0x7f) {
        class |= VALUE;
    }
    // unreserved, sub-delims and the start of an escape: legal in hosts, paths and queries.
    if matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%') {
        class |= HOST | PATH | QUERY;
    }
    if matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=') {
        class |= HOST | PATH | QUERY;
    }
    if matches!(byte, b':' | b'@' | b'/' | b'[' | b']' | b'^' | b'|') {
        class |= PATH | QUERY;
    }
    if matches!(byte, b'?' | b'\\' | b'`' | b'{' | b'}') {
        class |= QUERY;
    }
    if matches!(byte, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+')
        || matches!(byte, b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
    {
        class |= TOKEN;
    }
    class
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(class: u8) -> String {
        (0..128).filter(|&b| is(b, class)).map(char::from).collect()
    }

    #[test]
    fn classes_are_the_sets_of_the_standards() {
        let alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let with = |extra: &str| {
            let mut all: Vec<char> = alphanumeric.chars().chain(extra.chars()).collect();
            all.sort_unstable();
            all.into_iter().collect::<String>()
        };
        assert_eq!(members(TOKEN), with("!#$%&'*+-.^_`|~"));
        assert_eq!(members(HOST), with("-._~%!$&'()*+,;="));
        assert_eq!(members(PATH), with("-._~%!$&'()*+,;=:@/[]^|"));
        assert_eq!(members(QUERY), with("-._~%!$&'()*+,;=:@/?[]\\^`{|}"));
    }

    #[test]
    fn only_values_may_hold_the_upper_half() {
        for b in 128..=255 {
            assert!(is(b, VALUE));
            assert!(!is(b, TOKEN | PATH | QUERY | HOST));
        }
        for b in (0..32).chain([127]) {
            assert_eq!(is(b, VALUE), b == b'\t');
        }
    }

    #[test]
    fn trim_takes_blanks_and_tabs_only() {
        assert_eq!(trim(b" \t a b\t "), b"a b");
        assert_eq!(trim(b" \t"), b"");
        assert_eq!(trim(b""), b"");
        assert_eq!(trim(b"\x0bx"), b"\x0bx");
    }

    #[test]
    fn a_list_keeps_its_empty_elements() {
        let elements: Vec<_> = list(b" a ,, b,").collect();
        assert_eq!(elements, [&b"a"[..], b"", b"b", b""]);
    }

    #[test]
    fn hex_digits_of_both_cases() {
        for b in 0..=255u8 {
            assert_eq!(hex(b).map(u32::from), (b as char).to_digit(16).filter(|_| b.is_ascii()));
        }
    }
}
