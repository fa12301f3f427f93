//! Weights, and the choice among codings and media types.

use super::*;

fn chosen(value: &str, available: &[Coding]) -> Option<Coding> {
    coding(std::iter::once(value.as_bytes()), available)
}

#[test]
fn weights_are_thousandths() {
    for (value, expected) in [
        ("0", Some(0)),
        ("0.", Some(0)),
        ("0.5", Some(500)),
        ("0.05", Some(50)),
        ("0.123", Some(123)),
        ("1", Some(1000)),
        ("1.", Some(1000)),
        ("1.000", Some(1000)),
        ("1.001", None),
        ("0.1234", None),
        ("2", None),
        ("", None),
        (".5", None),
        ("-0", None),
        ("0,5", None),
        ("0.5 ", None),
        ("1e0", None),
    ] {
        assert_eq!(weight(value.as_bytes()), expected, "{value:?}");
    }
}

#[test]
fn elements_are_cut_outside_of_quotes() {
    let all = |list: &'static str| elements(list.as_bytes()).collect::<Vec<_>>();
    let is = |name: &'static str, weight| Element { name: name.as_bytes(), weight };
    assert_eq!(all("a, b;q=0.5 ,c ; Q=0"), [is("a", 1000), is("b", 500), is("c", 0)]);
    assert_eq!(all(",, a;x=1;q=0.2;y=2,"), [is("a", 200)]);
    assert_eq!(all(r#"a;x="b,c;q=0";q=0.3, d"#), [is("a", 300), is("d", 1000)]);
    assert_eq!(all(r#"a;x="\",b";q=0.3"#), [is("a", 300)]);
    assert_eq!(all(r#"a;x=", b"#), [is("a", 1000)]);
    assert_eq!(all("a;q=2, b;q=, ;q=1, c"), [is("c", 1000)], "what cannot be read is skipped");
}

#[test]
fn the_coding_that_is_wanted_most() {
    use Coding::{Br, Gzip, Identity, Zstd};
    let all = &Coding::ALL;
    for (value, available, expected) in [
        ("gzip, deflate, br, zstd", &all[..], Some(Br)),
        ("gzip, deflate, br, zstd", &[Gzip, Identity], Some(Gzip)),
        ("gzip;q=1.0, br;q=0.9", all, Some(Gzip)),
        ("x-gzip", all, Some(Gzip)),
        ("GZIP", all, Some(Gzip)),
        ("zstd;q=0.5, br;q=0.2", all, Some(Zstd)),
        ("gzip;q=0.001", all, Some(Gzip)),
        ("gzip;q=0.5, identity", all, Some(Identity)),
        ("gzip, identity", all, Some(Gzip)),
        ("deflate", all, Some(Identity)),
        ("", all, Some(Identity)),
        ("*", all, Some(Br)),
        ("*;q=0.5, gzip", all, Some(Gzip)),
        ("br;q=0, *", all, Some(Zstd)),
        ("gzip;q=0, gzip", &[Gzip, Identity], Some(Identity)),
        ("identity;q=0", all, None),
        ("*;q=0", all, None),
        ("identity;q=0, gzip", all, Some(Gzip)),
        ("identity;q=0, gzip", &[Br, Identity], None),
        ("*;q=0, identity;q=0.1", all, Some(Identity)),
        ("gzip", &[Identity], Some(Identity)),
        ("gzip", &[Br], None),
        ("gzip", &[], None),
        ("gzip;q=oops", all, Some(Identity)),
    ] {
        assert_eq!(chosen(value, available), expected, "{value:?} of {available:?}");
    }
}

#[test]
fn no_field_means_no_coding_and_two_fields_are_one_list() {
    let none = std::iter::empty();
    assert_eq!(coding(none.clone(), &Coding::ALL), Some(Coding::Identity));
    assert_eq!(coding(none, &[Coding::Gzip]), Some(Coding::Gzip));
    let two = [&b"br;q=0.5"[..], b"gzip"].into_iter();
    assert_eq!(coding(two, &Coding::ALL), Some(Coding::Gzip));
}

#[test]
fn the_closest_range_decides() {
    let of = |value: &'static str, media| wanted(std::iter::once(value.as_bytes()), media);
    let is = |weight, closeness| Wanted { weight, closeness };
    let value = "text/*;q=0.3, text/html;q=0.7, */*;q=0.5";
    assert_eq!(of(value, "text/html"), is(700, 3));
    assert_eq!(of(value, "text/plain"), is(300, 2));
    assert_eq!(of(value, "image/png"), is(500, 1));
    assert_eq!(of("text/html", "image/png"), is(0, 0));
    assert_eq!(of("TEXT/Html;level=1", "text/html"), is(1000, 3));
    assert_eq!(of("te*, *, text*, text/", "text/html"), is(0, 0));
}

#[test]
fn json_is_preferred_by_weight_then_name_never_by_wildcard() {
    for (accept, preferred) in [
        ("application/json", true),
        ("application/problem+json", true),
        ("application/json;charset=utf-8", true),
        ("Application/JSON;q=0.9, text/html;q=0.8", true),
        ("application/json, text/plain, */*", true),
        ("application/*", true),
        ("text/html,application/json;q=0.9", false),
        ("text/html, application/json", false),
        ("application/problem+json;q=0.4, text/html;q=0.3, */*;q=0.1", true),
        ("*/*", false),
        ("", false),
        ("application/json;q=0", false),
        ("application/json;q=0.4, */*;q=0.5", false),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false),
    ] {
        assert_eq!(prefers_json(&std::iter::once(accept.as_bytes())), preferred, "{accept}");
    }
    assert!(!prefers_json(&std::iter::empty()));
}
