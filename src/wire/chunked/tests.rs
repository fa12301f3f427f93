//! Bodies whole and in pieces, and one test for each reason to refuse a body.

use super::*;

/// The body and the bytes it took, the reason, or `None` if more is needed.
type Verdict = Result<Option<(Vec<u8>, usize)>, Bad>;

/// Shows `input` in pieces of at most `piece` bytes.
fn decode(input: &[u8], piece: usize) -> Verdict {
    let (mut decoder, limits) = (Chunked::new(), Limits::default());
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let end = input.len().min(at + piece);
        match decoder.next(&input[at..end], &limits) {
            Parse::Done(Piece::End, used) => return Ok(Some((body, at + used))),
            Parse::Done(Piece::Data(data), used) => {
                assert!(!data.is_empty() && used >= data.len());
                body.extend(data);
                at += used;
            }
            Parse::Done(Piece::Nothing, used) => {
                assert_eq!(used, end - at);
                at += used;
            }
            Parse::More => {
                assert_eq!(at, input.len());
                return Ok(None);
            }
            Parse::Bad(bad) => return Err(bad),
        }
    }
}

fn bad(input: impl AsRef<[u8]>) -> Bad {
    let input = input.as_ref();
    let whole = decode(input, input.len().max(1));
    for piece in [1, 2, 3, 7] {
        assert_eq!(decode(input, piece), whole);
    }
    whole.expect_err("a body that must be refused")
}

fn good(input: impl AsRef<[u8]>, body: &[u8]) {
    let input = input.as_ref();
    for piece in [input.len(), 1, 2, 3, 7] {
        assert_eq!(decode(input, piece), Ok(Some((body.to_vec(), input.len()))));
    }
    for shorter in 0..input.len() {
        assert_eq!(decode(&input[..shorter], input.len()), Ok(None));
    }
    let longer = [input, b"\r\n5\r\nGET /"].concat();
    assert_eq!(decode(&longer, longer.len()), Ok(Some((body.to_vec(), input.len()))));
}

#[test]
fn bodies() {
    good("0\r\n\r\n", b"");
    good("5\r\nhello\r\n0\r\n\r\n", b"hello");
    good("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world");
    good("a\r\n0123456789\r\nB\r\n0123456789a\r\n000\r\n\r\n", b"01234567890123456789a");
    good("2\r\n\r\n\r\n0\r\n\r\n", b"\r\n");
    good("0000000000000001\r\nx\r\n0000000000000000\r\n\r\n", b"x");
}

#[test]
fn extensions_are_ignored() {
    good("1;a\r\nx\r\n0;b=\"c;d\"; e = f\r\n\r\n", b"x");
    good(b"1 ;a\r\nx\r\n0\t;\ta=\"\xc3\xa9 \\\" \\\\\" ;b\t=\t\"\"\r\n\r\n", b"x");
}

#[test]
fn an_extension_is_a_name_or_a_name_and_its_value() {
    for wrong in [
        "5;\r\n",
        "5 \r\n",
        "5; \r\n",
        "5;a;\r\n",
        "5;a=\r\n",
        "5;a= \r\n",
        "5;a=b \r\n",
        "5;a=\"b\r\n",
        "5;a=\"b\\\"\r\n",
        "5;a=\"b\"c\r\n",
        "5;a=b\"c\"\r\n",
        "5;a=b=c\r\n",
        "5;a b\r\n",
        "5;=b\r\n",
        "5;\"a\"\r\n",
        "5;\u{e9}\r\n",
        "5 5\r\n",
    ] {
        assert_eq!(bad(wrong), Bad::ExtensionSyntax, "{wrong:?}");
    }
}

#[test]
fn trailers_are_read_and_ignored() {
    good("1\r\nx\r\n0\r\nA: b\r\nContent-Length:5\r\nC:\r\n\r\n", b"x");
    good(b"0\r\nA: \t b\xff\t \r\n\r\n", b"");
}

#[test]
fn nothing_follows_the_end() {
    let (mut decoder, limits) = (Chunked::new(), Limits::default());
    assert_eq!(decoder.next(b"", &limits), Parse::More);
    assert_eq!(decoder.next(b"0\r\n\r\nGET", &limits), Parse::Done(Piece::End, 5));
    assert!(decoder.is_end());
    assert_eq!(decoder.next(b"GET", &limits), Parse::Done(Piece::End, 0));
    assert_eq!(decoder.next(b"", &limits), Parse::Done(Piece::End, 0));
}

#[test]
fn data_is_handed_out_where_it_lies() {
    let (mut decoder, limits) = (Chunked::new(), Limits::default());
    let input = b"ffffffffffffffff\r\nthe beginning of a very long chunk";
    let Parse::Done(Piece::Data(data), used) = decoder.next(input, &limits) else {
        panic!("data");
    };
    assert_eq!(used, input.len());
    assert!(std::ptr::eq(data, &input[18..]));
}

#[test]
fn a_size_has_digits() {
    for wrong in ["\r\n", ";a\r\n", "\n", "1\r\nx\r\n\r\n"] {
        assert_eq!(bad(wrong), Bad::SizeMissing, "{wrong:?}");
    }
}

#[test]
fn a_size_has_nothing_but_digits() {
    for wrong in
        ["+5\r\n", "-5\r\n", "0x5\r\n", " 5\r\n", "g\r\n", "5_\r\n", "\u{665}\r\n", "5\0\r\n"]
    {
        assert_eq!(bad(wrong), Bad::SizeDigit, "{wrong:?}");
    }
}

#[test]
fn a_size_has_at_most_sixteen_digits() {
    assert_eq!(bad("00000000000000005\r\nhello\r\n"), Bad::SizeTooLarge);
    assert_eq!(bad("fffffffffffffffff"), Bad::SizeTooLarge);
    assert_eq!(decode(b"ffffffffffffffff\r\nx", 100), Ok(None));
}

#[test]
fn a_size_line_ends_in_crlf() {
    for wrong in ["5\nhello", "5\rhello", "5\r\rhello", "5;a\nhello", "5;a\rb\r\n"] {
        assert_eq!(bad(wrong), Bad::SizeLineEnd, "{wrong:?}");
    }
}

#[test]
fn an_extension_holds_no_control_byte() {
    assert_eq!(bad("5;a\0b\r\n"), Bad::ExtensionByte);
    assert_eq!(bad("5;\x7f\r\n"), Bad::ExtensionByte);
}

#[test]
fn extensions_are_bounded() {
    let limits = Limits::default();
    let chunk = |ext: usize| format!("1;{}\r\nx\r\n", "e".repeat(ext - 1));
    let most = limits.chunk_ext_bytes;
    assert_eq!(bad(chunk(most + 1)), Bad::ExtensionTooLong);
    let chunks = limits.chunk_ext_total_bytes / most;
    good(format!("{}0\r\n\r\n", chunk(most).repeat(chunks)), &b"x".repeat(chunks));
    assert_eq!(bad(format!("{}{}", chunk(most).repeat(chunks), chunk(1))), Bad::ExtensionsTooLong);
}

#[test]
fn the_end_of_a_chunk_is_compared() {
    for wrong in ["1\r\nxx\n", "1\r\nx\n", "1\r\nx\r\r", "1\r\nx0\r\n\r\n", "1\r\nx\rx"] {
        assert_eq!(bad(wrong), Bad::DataEnd, "{wrong:?}");
    }
}

#[test]
fn a_trailer_has_a_name() {
    for wrong in ["0\r\n: a\r\n", "0\r\nab\r\n", "0\r\nGET / HTTP/1.1\r\n", "0\r\na\0: b\r\n"] {
        let expected = if wrong.contains("GET") { Bad::TrailerBlank } else { Bad::TrailerName };
        assert_eq!(bad(wrong), expected, "{wrong:?}");
    }
    assert_eq!(bad("0\r\na : b\r\n\r\n"), Bad::TrailerBlank);
}

#[test]
fn a_trailer_is_not_folded() {
    assert_eq!(bad("0\r\n a: b\r\n\r\n"), Bad::TrailerFold);
    assert_eq!(bad("0\r\na: b\r\n\tc\r\n\r\n"), Bad::TrailerFold);
}

#[test]
fn a_trailer_value_holds_no_control_byte() {
    assert_eq!(bad("0\r\na: \0\r\n\r\n"), Bad::TrailerByte);
    assert_eq!(bad("0\r\na: \x7f\r\n\r\n"), Bad::TrailerByte);
}

#[test]
fn a_trailer_line_ends_in_crlf() {
    for wrong in ["0\r\n\n", "0\r\n\rx", "0\r\na: b\n\r\n", "0\r\na: b\rc", "0\r\na\n"] {
        assert_eq!(bad(wrong), Bad::TrailerLineEnd, "{wrong:?}");
    }
}

#[test]
fn trailers_are_bounded() {
    let most = Limits::default().trailer_bytes;
    let body = |bytes: usize| format!("0\r\na: {}\r\n\r\n", "b".repeat(bytes - 5));
    good(body(most), b"");
    assert_eq!(bad(body(most + 1)), Bad::TrailersTooLarge);
    assert_eq!(bad(format!("0\r\na: {}", "b".repeat(most))), Bad::TrailersTooLarge);
    assert_eq!(Bad::TrailersTooLarge.status(), 431);
}

#[test]
fn a_decoder_is_small() {
    assert!(size_of::<Chunked>() <= 32);
}
