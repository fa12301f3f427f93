//! Tags, dates, and every step of the evaluation.

use super::*;
use std::time::Duration;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

/// A representation with the tag `"x"`, modified half a second after [`DATE`].
fn current() -> Validators<'static> {
    let modified = UNIX_EPOCH + Duration::from_millis(784_111_777_500);
    Validators { etag: Some(Tag::strong(b"x")), modified: Some(modified) }
}

fn fields<'b>(pairs: &[(&'b str, &'b str)]) -> Vec<Field<'b>> {
    pairs.iter().map(|(name, value)| Field { name, value: value.as_bytes() }).collect()
}

fn verdict(method: Method, pairs: &[(&str, &str)]) -> Verdict {
    Conditions::of(&fields(pairs)).evaluate(method, &current())
}

fn part(pairs: &[(&str, &str)]) -> Part {
    Conditions::of(&fields(pairs)).part(Method::Get, &current(), 10)
}

#[test]
fn a_tag_is_read_to_the_letter() {
    let read = |list: &'static str| tags(list.as_bytes()).collect::<Vec<_>>();
    let strong = |opaque: &'static str| Ok(Tag { weak: false, opaque: opaque.as_bytes() });
    let weak = |opaque: &'static str| Ok(Tag { weak: true, opaque: opaque.as_bytes() });
    assert_eq!(read(r#""a""#), [strong("a")]);
    assert_eq!(read(r#""a", W/"b" ,,"c""#), [strong("a"), weak("b"), strong("c")]);
    assert_eq!(read(r#""a,b""#), [strong("a,b")]);
    assert_eq!(read(r#""""#), [strong("")]);
    assert_eq!(read(r#""\""#), [strong("\\")]);
    assert_eq!(read(""), []);
    assert_eq!(read(" , "), []);
    for (list, bad) in [
        ("a", Bad::Quote),
        ("\"a", Bad::Quote),
        ("w/\"a\"", Bad::Quote),
        ("W/ \"a\"", Bad::Quote),
        ("*", Bad::Quote),
        ("\"a b\"", Bad::Byte),
        ("\"a\" \"b\"", Bad::Separator),
        ("\"a\"b", Bad::Separator),
    ] {
        assert_eq!(read(list), [Err(bad)], "{list}");
    }
}

/// RFC 9110 §8.8.3.2 has this table.
#[test]
fn two_comparisons() {
    let tag = |weak, opaque: &'static [u8]| Tag { weak, opaque };
    for (a, b, strongly, weakly) in [
        (tag(true, b"1"), tag(true, b"1"), false, true),
        (tag(true, b"1"), tag(true, b"2"), false, false),
        (tag(true, b"1"), tag(false, b"1"), false, true),
        (tag(false, b"1"), tag(false, b"1"), true, true),
    ] {
        for (a, b) in [(a, b), (b, a)] {
            assert_eq!(a.is_same(b, Comparison::Strong), strongly);
            assert_eq!(a.is_same(b, Comparison::Weak), weakly);
        }
    }
}

#[test]
fn a_date_has_three_forms() {
    let at = Some(UNIX_EPOCH + Duration::from_secs(784_111_777));
    assert_eq!(date(DATE.as_bytes()), at);
    assert_eq!(date(b"Sunday, 06-Nov-94 08:49:37 GMT"), at);
    assert_eq!(date(b"Sun Nov  6 08:49:37 1994"), at);
    for none in [&b""[..], b"784111777", b"Sun, 06 Nov 1994 08:49:37 CET", b"\xff", b"06 Nov"] {
        assert_eq!(date(none), None);
    }
}

#[test]
fn what_must_match() {
    let of = |value| verdict(Method::Put, &[("If-Match", value)]);
    for met in ["*", r#""x""#, r#""a", "x""#, " * "] {
        assert_eq!(of(met), Verdict::Proceed, "{met}");
    }
    for not in [r#""y""#, r#"W/"x""#, "x", "", r#""x", *"#, r#""x", y"#] {
        assert_eq!(of(not), Verdict::PreconditionFailed, "{not}");
    }
    let two = [("if-match", r#""a""#), ("IF-MATCH", r#""x""#)];
    assert_eq!(verdict(Method::Get, &two), Verdict::Proceed, "two fields are one list");
}

#[test]
fn what_must_not_match() {
    for (value, get, put) in [
        (r#""x""#, Verdict::NotModified, Verdict::PreconditionFailed),
        (r#"W/"x""#, Verdict::NotModified, Verdict::PreconditionFailed),
        ("*", Verdict::NotModified, Verdict::PreconditionFailed),
        (r#""y", "x""#, Verdict::NotModified, Verdict::PreconditionFailed),
        (r#""y""#, Verdict::Proceed, Verdict::Proceed),
        ("x", Verdict::Proceed, Verdict::Proceed),
        (r#""x", oops"#, Verdict::Proceed, Verdict::Proceed),
    ] {
        assert_eq!(verdict(Method::Get, &[("If-None-Match", value)]), get, "{value}");
        assert_eq!(verdict(Method::Head, &[("If-None-Match", value)]), get, "{value}");
        assert_eq!(verdict(Method::Put, &[("If-None-Match", value)]), put, "{value}");
    }
}

#[test]
fn dates_are_compared_by_the_second() {
    for (date, modified_since, unmodified_since) in [
        (BEFORE, Verdict::Proceed, Verdict::PreconditionFailed),
        (DATE, Verdict::NotModified, Verdict::Proceed),
        (AFTER, Verdict::NotModified, Verdict::Proceed),
        ("yesterday", Verdict::Proceed, Verdict::Proceed),
    ] {
        assert_eq!(verdict(Method::Get, &[("If-Modified-Since", date)]), modified_since);
        assert_eq!(verdict(Method::Get, &[("If-Unmodified-Since", date)]), unmodified_since);
        assert_eq!(verdict(Method::Post, &[("If-Modified-Since", date)]), Verdict::Proceed);
    }
    let twice = [("If-Modified-Since", DATE), ("If-Modified-Since", DATE)];
    assert_eq!(verdict(Method::Get, &twice), Verdict::Proceed, "a date is no list");
}

#[test]
fn tags_outrank_dates_and_failing_outranks_not_modified() {
    let get = |pairs: &[(&str, &str)]| verdict(Method::Get, pairs);
    let (same, other) = (r#""x""#, r#""y""#);
    assert_eq!(get(&[("If-Match", same), ("If-Unmodified-Since", BEFORE)]), Verdict::Proceed);
    assert_eq!(get(&[("If-None-Match", other), ("If-Modified-Since", DATE)]), Verdict::Proceed);
    assert_eq!(
        get(&[("If-None-Match", same), ("If-Modified-Since", BEFORE)]),
        Verdict::NotModified
    );
    assert_eq!(get(&[("If-None-Match", same), ("If-Match", other)]), Verdict::PreconditionFailed);
    assert_eq!(
        get(&[("If-None-Match", same), ("If-Unmodified-Since", BEFORE)]),
        Verdict::PreconditionFailed
    );
}

#[test]
fn without_a_validator_there_is_nothing_to_compare() {
    let none = Validators { etag: None, modified: None };
    for (name, value, expected) in [
        ("If-Match", r#""x""#, Verdict::PreconditionFailed),
        ("If-Match", "*", Verdict::Proceed),
        ("If-None-Match", r#""x""#, Verdict::Proceed),
        ("If-None-Match", "*", Verdict::NotModified),
        ("If-Modified-Since", DATE, Verdict::Proceed),
        ("If-Unmodified-Since", DATE, Verdict::Proceed),
    ] {
        let fields = fields(&[(name, value)]);
        assert_eq!(Conditions::of(&fields).evaluate(Method::Get, &none), expected, "{name}");
    }
}

#[test]
fn a_range_counts_if_nothing_says_otherwise() {
    let span = Part::Span(Span { first: 2, last: 5 });
    let range = ("Range", "bytes=2-5");
    assert_eq!(part(&[range]), span);
    assert_eq!(part(&[range, range]), Part::Whole, "a range is no list of fields");
    assert_eq!(part(&[("Range", "bytes=2-5,7-8")]), Part::Whole);
    assert_eq!(part(&[("Range", "lines=2-5")]), Part::Whole);
    assert_eq!(part(&[("Range", "bytes=10-")]), Part::Unsatisfiable);
    assert_eq!(part(&[]), Part::Whole);
    for (value, expected) in [
        (r#""x""#, span),
        (DATE, span),
        (r#"W/"x""#, Part::Whole),
        (r#""y""#, Part::Whole),
        (r#""x", "y""#, Part::Whole),
        (BEFORE, Part::Whole),
        (AFTER, Part::Whole),
        ("*", Part::Whole),
        ("", Part::Whole),
    ] {
        assert_eq!(part(&[range, ("If-Range", value)]), expected, "{value}");
    }
    let stale = [("Range", "bytes=10-"), ("If-Range", r#""y""#)];
    assert_eq!(part(&stale), Part::Whole, "what does not count is not unsatisfiable either");
}

#[test]
fn only_get_knows_ranges() {
    let fields = fields(&[("Range", "bytes=2-5")]);
    for method in [Method::Head, Method::Post, Method::Put] {
        assert_eq!(Conditions::of(&fields).part(method, &current(), 10), Part::Whole);
    }
}

#[test]
fn every_name_is_recognised_and_others_are_not() {
    for (index, name) in NAMES.into_iter().enumerate() {
        assert_eq!(bit(name), 1 << index);
        assert_eq!(bit(&name.to_uppercase()), 1 << index);
        assert_eq!(bit(&name.replace(['i', 'g'], "x")), 0);
    }
    assert!(Conditions::of(&fields(&[("Accept", "*"), ("Ranges", "bytes=0-")])).is_empty());
    assert!(!Conditions::of(&fields(&[("Range", "")])).is_empty());
}
