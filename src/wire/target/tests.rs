//! Forms of targets, and the decoding of paths and queries.

use super::*;

#[test]
fn the_four_forms() {
    let origin = |path, query| Ok(Target::Origin { path, query });
    let absolute = |authority, path, query| Ok(Target::Absolute { authority, path, query });
    assert_eq!(Target::parse("/"), origin("/", None));
    assert_eq!(Target::parse("/a/b?c?d"), origin("/a/b", Some("c?d")));
    assert_eq!(Target::parse("/?"), origin("/", Some("")));
    assert_eq!(Target::parse("//a@b:1"), origin("//a@b:1", None));
    assert_eq!(Target::parse("http://a"), absolute("a", "/", None));
    assert_eq!(Target::parse("HTTPS://a:1?q"), absolute("a:1", "/", Some("q")));
    assert_eq!(Target::parse("http://[::1]:80/p?q"), absolute("[::1]:80", "/p", Some("q")));
    assert_eq!(Target::parse("a:443"), Ok(Target::Authority("a:443")));
    assert_eq!(Target::parse("[::1]:443"), Ok(Target::Authority("[::1]:443")));
    assert_eq!(Target::parse("*"), Ok(Target::Asterisk));
}

#[test]
fn what_has_no_form() {
    for wrong in ["", "a", "a:", "**", "a/b", "?", "ftp://a/", "mailto:a", "[::1]", "a:b", "://a"] {
        assert_eq!(Target::parse(wrong), Err(Bad::Form), "{wrong:?}");
    }
    for wrong in
        ["http://", "http:///p", "http://a:b/", "http://u:p@a/", "https://[::1/", "http://?"]
    {
        assert_eq!(Target::parse(wrong), Err(Bad::Authority), "{wrong:?}");
    }
    for wrong in ["/a b", "/<", "/\u{e9}", "/\0", "/{", "http://a\\b/", "/?<"] {
        assert_eq!(Target::parse(wrong), Err(Bad::Byte), "{wrong:?}");
    }
    assert_eq!(Target::parse("/a#b"), Err(Bad::Fragment));
    assert_eq!(Target::parse("/a?#"), Err(Bad::Fragment));
}

#[test]
fn getters_of_every_form() {
    let parts = |raw| {
        let target = Target::parse(raw).unwrap();
        (target.path(), target.query(), target.authority())
    };
    assert_eq!(parts("/a?b"), ("/a", Some("b"), None));
    assert_eq!(parts("http://h/a?b"), ("/a", Some("b"), Some("h")));
    assert_eq!(parts("h:1"), ("", None, Some("h:1")));
    assert_eq!(parts("*"), ("*", None, None));
}

#[test]
fn a_path_is_decoded_once() {
    assert_eq!(decode_path("/plain").unwrap(), &b"/plain"[..]);
    assert!(matches!(decode_path("/plain"), Ok(Cow::Borrowed(_))));
    assert_eq!(decode_path("/a%20b%41%7a").unwrap(), &b"/a bAz"[..]);
    assert_eq!(decode_path("/%2541").unwrap(), &b"/%41"[..]);
    assert_eq!(decode_path("/%ff+").unwrap(), &b"/\xff+"[..]);
}

#[test]
fn a_broken_escape_is_refused() {
    for wrong in ["/%", "/%4", "/%zz", "/%4g", "/a%%41", "/%+1", "/%u0041"] {
        assert_eq!(decode_path(wrong), Err(Bad::Escape), "{wrong:?}");
    }
}

#[test]
fn nul_and_slashes_do_not_come_out_of_escapes() {
    assert_eq!(decode_path("/a%00.html"), Err(Bad::Nul));
    for wrong in ["/a%2fb", "/a%2Fb", "/a%5cb", "/..%5C"] {
        assert_eq!(decode_path(wrong), Err(Bad::EncodedSlash), "{wrong:?}");
    }
}

#[test]
fn parent_segments_raw_and_escaped() {
    for wrong in ["/..", "/../a", "/a/..", "/a/../b", "/%2e%2E/a", "/.%2e", "..", "/a\\..\\b"] {
        assert_eq!(decode_path(wrong), Err(Bad::ParentSegment), "{wrong:?}");
    }
    for good in ["/...", "/..a", "/a..", "/a..b/", "/.", "/./a", "//"] {
        assert!(decode_path(good).is_ok(), "{good:?}");
    }
}

#[test]
fn pairs_of_a_query() {
    let all = |query| {
        let pairs = pairs(query).map(|(n, v)| (n.into_owned(), v.into_owned()));
        pairs.collect::<Vec<_>>()
    };
    let pair = |n: &str, v: &str| (n.to_owned(), v.to_owned());
    assert_eq!(all(""), []);
    assert_eq!(all("a=1&b=2"), [pair("a", "1"), pair("b", "2")]);
    assert_eq!(all("a=1=2&&b&=c&"), [pair("a", "1=2"), pair("b", ""), pair("", "c")]);
    assert_eq!(all("a+b=c%20d%2B+e"), [pair("a b", "c d+ e")]);
    assert_eq!(
        all("a=%C3%A9&b=%zz%&c=%ff"),
        [pair("a", "é"), pair("b", "%zz%"), pair("c", "\u{fffd}")]
    );
}

#[test]
fn the_first_pair_of_a_name() {
    assert_eq!(pair("a=1&b=2&b=3", "b").as_deref(), Some("2"));
    assert_eq!(pair("a=1", "b"), None);
}
