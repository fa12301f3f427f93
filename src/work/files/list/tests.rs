//! Directory listings, slice by slice.

use super::super::tests::{Place, bytes, done, slices};
use super::super::{Job, Lookup};
use super::*;
use std::os::unix::fs::symlink;

/// Lists the names in a directory; returns them and whether there are more.
fn names(place: &Place, path: &str) -> (Vec<Entry>, bool) {
    let listed = |form| {
        let outcome = done(Lookup { list: Some(form), ..place.lookup(path) });
        let Outcome::No(NoFile::Listing(document)) = outcome else { panic!("{path}: {outcome:?}") };
        String::from_utf8(document.bytes.to_vec()).unwrap()
    };
    let json: serde_json::Value = serde_json::from_str(&listed(Form::Json)).unwrap();
    let entries = json.as_array().unwrap().iter().map(|entry| Entry {
        href: entry["href"].as_str().unwrap().to_string(),
        bytes: entry["size"].as_u64(),
    });
    (entries.collect(), listed(Form::Page).contains("There are more names"))
}

/// A listed name; directories have no length.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    href: String,
    bytes: Option<u64>,
}

#[test]
fn what_would_be_served_is_listed_in_order() {
    let place = Place::new();
    for name in [&b"d/b"[..], b"d/a\n", b"d/\xff", b"d/.hidden", b"d/e/f", b"d/.well-known/x"] {
        place.put(name, "12345");
    }
    for (link, target) in
        [("in", "b"), ("dir", "e"), ("out", "/etc"), ("up", "../.."), ("gone", "nothing")]
    {
        symlink(target, place.at(format!("d/{link}"))).unwrap();
    }
    let fifo = FileType::Fifo;
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mknodat(rustix::fs::CWD, place.at("d/fifo"), fifo, mode, 0).unwrap();
    let (names, truncated) = names(&place, "/d/");
    let told = names.iter().map(|name| (name.href.as_str(), name.bytes));
    let expected = [
        ("./.well-known/", None),
        ("./a%0A", Some(5)),
        ("./b", Some(5)),
        ("./dir/", None),
        ("./e/", None),
        ("./in", Some(5)),
        ("./%FF", Some(5)),
    ];
    assert_eq!((told.collect::<Vec<_>>(), truncated), (expected.to_vec(), false));
    assert!(
        matches!(place.find("/d/"), Outcome::No(NoFile::Missing)),
        "only where that is asked for"
    );
    let list = Some(Form::Page);
    for path in ["/d/b/", "/nothing/", "/d/out/"] {
        let outcome = done(Lookup { list, ..place.lookup(path) });
        assert!(matches!(outcome, Outcome::No(NoFile::Missing)), "{path}: {outcome:?}");
    }
    place.put("d/index.html", "index");
    assert_eq!(bytes(done(Lookup { list, ..place.lookup("/d/") })), b"index");
}

#[test]
fn a_long_listing_is_read_and_printed_in_slices_and_cut_off() {
    let place = Place::new();
    let put = |count: usize, from: usize| {
        for number in from..count {
            place.put(format!("{number:05}"), "");
        }
    };
    put(limits::LISTING_NAMES_MAX, 0);
    let (all, truncated) = names(&place, "/");
    assert_eq!((all.len(), truncated), (limits::LISTING_NAMES_MAX, false));
    assert!(all.is_sorted_by(|a, b| a.href < b.href));
    put(limits::LISTING_NAMES_MAX + 1, limits::LISTING_NAMES_MAX);
    let list = Some(Form::Page);
    let (count, _) = slices(Job::lookup(Lookup { list, ..place.lookup("/") }));
    assert!(count > 60, "{count} slices");
    let (names, truncated) = names(&place, "/");
    assert_eq!((names.len(), truncated), (limits::LISTING_NAMES_MAX, true));
}
