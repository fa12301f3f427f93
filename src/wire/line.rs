//! Lines of a bounded length, ended by LF or CRLF. Any byte but LF may stand in one.

use super::Parse;

/// The position where an earlier call stopped in an incomplete line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scan {
    seen: usize,
}

/// The error for a line with more bytes than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

/// Parses a line of at most `most` bytes, its ending not counted. The value is the line without its
/// ending: LF, and a CR directly before it.
///
/// Pass the same `scan` again after [`Parse::More`]; after any other result it is reset. A line
/// that is too long is refused as soon as that is certain, possibly before its end has arrived;
/// discard the remainder up to the LF with [`rest`].
///
/// ```
/// use pentad::wire::Parse;
/// use pentad::wire::line::{Scan, line};
///
/// let mut scan = Scan::default();
/// assert_eq!(line(b"hel", &mut scan, 80), Parse::More);
/// assert_eq!(line(b"hello\r\nworld", &mut scan, 80), Parse::Done(&b"hello"[..], 7));
/// ```
pub fn line<'b>(input: &'b [u8], scan: &mut Scan, most: usize) -> Parse<&'b [u8], TooLong> {
    let end = input[scan.seen..].iter().position(|byte| *byte == b'\n');
    let Some(end) = end.map(|end| end + scan.seen) else {
        if bare(input).len() > most {
            *scan = Scan::default();
            return Parse::Bad(TooLong);
        }
        scan.seen = input.len();
        return Parse::More;
    };
    *scan = Scan::default();
    let line = bare(&input[..end]);
    if line.len() > most { Parse::Bad(TooLong) } else { Parse::Done(line, end + 1) }
}

/// Returns the last line, which the end of input has ended, if there is one.
pub fn last(input: &[u8]) -> Option<&[u8]> {
    (!input.is_empty()).then(|| bare(input))
}

/// Returns how many bytes belong to a line that is being discarded, and whether they include its
/// end.
pub fn rest(input: &[u8]) -> (usize, bool) {
    match input.iter().position(|byte| *byte == b'\n') {
        Some(end) => (end + 1, true),
        None => (input.len(), false),
    }
}

fn bare(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(input: &[u8], most: usize) -> Parse<&[u8], TooLong> {
        line(input, &mut Scan::default(), most)
    }

    fn done(line: &[u8], used: usize) -> Parse<&[u8], TooLong> {
        Parse::Done(line, used)
    }

    #[test]
    fn a_line_ends_in_lf_and_one_cr_before_it_is_not_part_of_it() {
        assert_eq!(one(b"ab\n", 9), done(b"ab", 3));
        assert_eq!(one(b"ab\r\ncd\n", 9), done(b"ab", 4));
        assert_eq!(one(b"ab\r\r\n", 9), done(b"ab\r", 5));
        assert_eq!(one(b"a\rb\n", 9), done(b"a\rb", 4));
        assert_eq!(one(b"\n", 9), done(b"", 1));
        assert_eq!(one(b"\r\n", 0), done(b"", 2));
        assert_eq!(one(b"\0\xff,\n", 9), done(b"\0\xff,", 4));
        assert_eq!(one(b"", 9), Parse::More);
        assert_eq!(one(b"ab\r", 9), Parse::More);
    }

    #[test]
    fn the_ending_does_not_count_against_the_bound() {
        for ending in [&b"\n"[..], b"\r\n"] {
            let fits = [b"abcd", ending].concat();
            assert_eq!(one(&fits, 4), done(b"abcd", fits.len()));
            let exceeds = [b"abcde", ending].concat();
            assert_eq!(one(&exceeds, 4), Parse::Bad(TooLong));
        }
        assert_eq!(one(b"abcd\r", 4), Parse::More, "an LF may still follow");
        assert_eq!(one(b"abcde", 4), Parse::Bad(TooLong));
        assert_eq!(one(b"abcd\rx", 4), Parse::Bad(TooLong));
    }

    #[test]
    fn a_line_is_the_same_byte_by_byte_and_nothing_comes_early() {
        let whole = b"hello, \r world\r\nnext";
        let mut scan = Scan::default();
        for end in 0..16 {
            assert_eq!(line(&whole[..end], &mut scan, 99), Parse::More);
            assert_eq!(scan.seen, end);
        }
        assert_eq!(line(whole, &mut scan, 99), done(b"hello, \r world", 16));
        assert_eq!(scan, Scan::default());
    }

    #[test]
    fn what_is_thrown_away_ends_with_its_lf() {
        assert_eq!(rest(b"xyz"), (3, false));
        assert_eq!(rest(b"xyz\nnext\n"), (4, true));
        assert_eq!(last(b""), None);
        assert_eq!(last(b"end\r"), Some(&b"end"[..]));
    }
}
