//! Bytes and their meaning, shared by every way of parsing them.

use Expected::{Bad, Done, More};

pub(crate) struct Vector {
    pub(crate) name: &'static str,
    pub(crate) bytes: &'static [u8],
    pub(crate) expected: Expected,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The result in a word, and the number of bytes left over.
    Done(&'static str, usize),
    More,
    /// The name of the reason.
    Bad(&'static str),
}

const fn v(name: &'static str, bytes: &'static [u8], expected: Expected) -> Vector {
    Vector { name, bytes, expected }
}

/// Request heads. Done gives method, path and framing.
pub(crate) const HEADS: &[Vector] = &[
    v("nothing", b"", More),
    v("a method", b"GET", More),
    v("a request line", b"GET / HTTP/1.1\r\n", More),
    v("all but the last byte", b"GET / HTTP/1.1\r\nHost: x\r\n\r", More),
    v("the shortest", b"G / HTTP/1.0\r\n\r\n", Done("Other / None", 0)),
    v("a get", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Done("Get / None", 0)),
    v("two gets", b"GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.0\r\n\r\n", Done("Get /1 None", 19)),
    v("two empty lines", b"\r\n\r\nGET / HTTP/1.0\r\n\r\n", Done("Get / None", 0)),
    v(
        "a length, and its body",
        b"POST /p?q HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        Done("Post /p Length(5)", 5),
    ),
    v(
        "a coding, and its body",
        b"PUT /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Done("Put /p Chunked", 5),
    ),
    v(
        "an absolute target",
        b"HEAD http://a:1 HTTP/1.1\r\nhost:\tb \r\n\r\n",
        Done("Head / None", 0),
    ),
    v("an asterisk", b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", Done("Options * None", 0)),
    v("three empty lines", b"\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n", Bad("empty-lines")),
    v("an empty line of LF", b"\nGET / HTTP/1.0\r\n\r\n", Bad("bare-lf")),
    v("LF after the request line", b"GET / HTTP/1.0\n\r\n", Bad("bare-lf")),
    v("LF after a field", b"GET / HTTP/1.0\r\nA: b\n\r\n", Bad("bare-lf")),
    v("LF at the end", b"GET / HTTP/1.0\r\nA: b\r\n\n", Bad("bare-lf")),
    v("CR in a value", b"GET / HTTP/1.0\r\nA: b\rc\r\n\r\n", Bad("bare-cr")),
    v("two blanks", b"GET  / HTTP/1.0\r\n\r\n", Bad("request-line")),
    v("HTTP/0.9", b"GET /\r\n", Bad("request-line")),
    v("a TLS greeting", b"\x16\x03\x01\x02\x00\x01", Bad("method-byte")),
    v("a long method", b"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHI", Bad("method-too-long")),
    v("an angle bracket", b"GET /<b> HTTP/1.0\r\n\r\n", Bad("target-byte")),
    v("a fragment", b"GET /a#b HTTP/1.0\r\n\r\n", Bad("target-fragment")),
    v("a relative target", b"GET a HTTP/1.0\r\n\r\n", Bad("target-form")),
    v("a user in the target", b"GET http://u@a/ HTTP/1.0\r\n\r\n", Bad("target-authority")),
    v("a blank after the version", b"GET / HTTP/1.1 \r\n\r\n", Bad("version-syntax")),
    v("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Bad("version-unsupported")),
    v("HTTP/1.2", b"GET / HTTP/1.2\r\n\r\n", Bad("version-unsupported")),
    v("an indented field", b"GET / HTTP/1.0\r\n A: b\r\n\r\n", Bad("leading-blank")),
    v("a folded value", b"GET / HTTP/1.0\r\nA: b\r\n c\r\n\r\n", Bad("obs-fold")),
    v("no name", b"GET / HTTP/1.0\r\n: b\r\n\r\n", Bad("field-name")),
    v("a blank in a name", b"GET / HTTP/1.0\r\nA : b\r\n\r\n", Bad("space-before-colon")),
    v("NUL in a value", b"GET / HTTP/1.0\r\nA: \0\r\n\r\n", Bad("value-byte")),
    v("no host", b"GET / HTTP/1.1\r\n\r\n", Bad("host-missing")),
    v("an empty host", b"GET / HTTP/1.1\r\nHost:\r\n\r\n", Bad("host-empty")),
    v("two hosts", b"GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n", Bad("host-repeated")),
    v("a user in the host", b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", Bad("host-invalid")),
    v("a plus sign", b"GET / HTTP/1.0\r\nContent-Length: +5\r\n\r\n", Bad("length-invalid")),
    v(
        "a length of 65 bits",
        b"GET / HTTP/1.0\r\nContent-Length: 18446744073709551616\r\n\r\n",
        Bad("length-too-large"),
    ),
    v("a list", b"GET / HTTP/1.0\r\nContent-Length: 5, 5\r\n\r\n", Bad("length-repeated")),
    v(
        "length and coding",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        Bad("length-and-coding"),
    ),
    v(
        "chunked not last",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
        Bad("coding-not-final"),
    ),
    v(
        "another coding",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        Bad("coding-unknown"),
    ),
    v(
        "a coding in HTTP/1.0",
        b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        Bad("coding-before-http-1-1"),
    ),
    v(
        "an unknown expectation",
        b"GET / HTTP/1.1\r\nHost: x\r\nExpect: more\r\n\r\n",
        Bad("expectation-failed"),
    ),
];

/// Response heads to a GET. Done gives status, framing, and whether the connection stays open.
pub(crate) const RESPONSES: &[Vector] = &[
    v("nothing", b"", More),
    v("a version", b"HTTP/1.1 ", More),
    v("all but the last byte", b"HTTP/1.1 200 OK\r\n\r", More),
    v("the shortest", b"HTTP/1.1 204\r\n\r\n", Done("204 None true", 0)),
    v("no reason", b"HTTP/1.1 304 \r\n\r\n", Done("304 None true", 0)),
    v("to the end", b"HTTP/1.1 200 OK\r\n\r\nbody", Done("200 Close false", 4)),
    v(
        "a length, and its body",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        Done("200 Length(5) true", 5),
    ),
    v(
        "a coding",
        b"HTTP/1.1 500 So \xe4\r\nTransfer-Encoding: Chunked\r\n\r\n0",
        Done("500 Chunked true", 1),
    ),
    v(
        "an old server",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        Done("200 Length(0) false", 0),
    ),
    v("an interim response", b"HTTP/1.1 100 Continue\r\n\r\nHTTP", Done("100 None true", 4)),
    v("an empty line", b"\r\nHTTP/1.1 200 OK\r\n\r\n", Bad("version-syntax")),
    v("a greeting of another protocol", b"SSH-2.0-x\r\n", Bad("version-syntax")),
    v("HTTP/2", b"HTTP/2.0 200 OK\r\n\r\n", Bad("version-unsupported")),
    v("a tab", b"HTTP/1.1\t200 OK\r\n\r\n", Bad("status-line")),
    v("four digits", b"HTTP/1.1 2000 OK\r\n\r\n", Bad("status-code")),
    v("two digits", b"HTTP/1.1 20 OK\r\n\r\n", Bad("status-code")),
    v("below 100", b"HTTP/1.1 099 x\r\n\r\n", Bad("status-code")),
    v("none that is defined", b"HTTP/1.1 999 x\r\n\r\n", Done("999 Close false", 0)),
    v("NUL in the reason", b"HTTP/1.1 200 \0\r\n\r\n", Bad("reason-byte")),
    v("another protocol", b"HTTP/1.1 101 x\r\nUpgrade: x\r\n\r\n", Bad("unasked-upgrade")),
    v("LF after the code", b"HTTP/1.1 200\n\r\n", Bad("bare-lf")),
    v("LF after a field", b"HTTP/1.1 200 OK\r\nA: b\n\r\n", Bad("bare-lf")),
    v("CR in the reason", b"HTTP/1.1 200 O\rK\r\n\r\n", Bad("bare-cr")),
    v("an indented field", b"HTTP/1.1 200 OK\r\n A: b\r\n\r\n", Bad("leading-blank")),
    v("a folded value", b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", Bad("obs-fold")),
    v("no name", b"HTTP/1.1 200 OK\r\n: b\r\n\r\n", Bad("field-name")),
    v("a blank in a name", b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", Bad("space-before-colon")),
    v("NUL in a value", b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", Bad("value-byte")),
    v("a sign", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", Bad("length-invalid")),
    v(
        "a length of 65 bits",
        b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
        Bad("length-too-large"),
    ),
    v("a list", b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", Bad("length-repeated")),
    v(
        "length and coding",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        Bad("length-and-coding"),
    ),
    v(
        "chunked not last",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        Bad("coding-not-final"),
    ),
    v(
        "another coding",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        Bad("coding-unknown"),
    ),
    v(
        "a coding in HTTP/1.0",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        Bad("coding-before-http-1-1"),
    ),
];

/// Chunked bodies. Done gives the body.
pub(crate) const BODIES: &[Vector] = &[
    v("nothing", b"", More),
    v("a size", b"5", More),
    v("a part of a chunk", b"5\r\nhel", More),
    v("all but the last byte", b"1\r\nx\r\n0\r\n\r", More),
    v("an open trailer", b"0\r\nA: b\r\n", More),
    v("the shortest", b"0\r\n\r\n", Done("", 0)),
    v("one chunk", b"5\r\nhello\r\n0\r\n\r\n", Done("hello", 0)),
    v("two chunks", b"1\r\na\r\nB\r\n0123456789a\r\n0\r\n\r\n", Done("a0123456789a", 0)),
    v("an extension", b"1;a=\"b\"\r\nx\r\n00;c\r\n\r\n", Done("x", 0)),
    v("a trailer", b"1\r\nx\r\n0\r\nA: b\r\n\r\nGET", Done("x", 3)),
    v("no size", b"\r\nx", Bad("chunk-size-missing")),
    v("a sign", b"-1\r\nx", Bad("chunk-size-digit")),
    v("a prefix", b"0x1\r\nx", Bad("chunk-size-digit")),
    v("a blank", b"1 \r\nx", Bad("chunk-extension-syntax")),
    v("an empty extension", b"1;\r\nx", Bad("chunk-extension-syntax")),
    v("an open quote", b"1;a=\"b\r\nx", Bad("chunk-extension-syntax")),
    v("17 digits", b"00000000000000001\r\nx", Bad("chunk-size-too-large")),
    v("LF after the size", b"1\nx", Bad("chunk-size-line-end")),
    v("NUL in an extension", b"1;\0\r\nx", Bad("chunk-extension-byte")),
    v("a chunk too long", b"1\r\nxy\r\n", Bad("chunk-data-end")),
    v("CR for an end", b"1\r\nx\r0\r\n\r\n", Bad("chunk-data-end")),
    v("no colon", b"0\r\nGET\r\n\r\n", Bad("trailer-name")),
    v("a blank in a name", b"0\r\nA : b\r\n\r\n", Bad("trailer-space-before-colon")),
    v("a folded trailer", b"0\r\nA: b\r\n c\r\n\r\n", Bad("trailer-obs-fold")),
    v("NUL in a trailer", b"0\r\nA: \0\r\n\r\n", Bad("trailer-value-byte")),
    v("LF at the end", b"0\r\n\n", Bad("trailer-line-end")),
];
