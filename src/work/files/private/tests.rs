//! Names of private files, and roots that are replaced by other directories.

use super::super::tests::{Place, bytes, done, slices};
use super::super::{Form, Job, Lookup, NoFile, Outcome, Root, Site};
use super::*;
use std::os::unix::fs::symlink;
use std::sync::Arc;

#[test]
fn older_logs_and_backups_are_told_by_their_names() {
    for suffix in [".1", ".2.gz", "-20261129", "_2026", "~", ".old", ".bak", "#"] {
        assert!(is_of_an_older_one(suffix.as_bytes()), "{suffix}");
    }
    for suffix in ["", "s", ".html", "-viewer.html", "1", "."] {
        assert!(!is_of_an_older_one(suffix.as_bytes()), "{suffix}");
    }
}

#[test]
fn private_files_are_neither_found_nor_listed_by_any_name() {
    let place = Place::new();
    for name in ["data/db", "data/deep/report", "site/a", "log", "log.1", "log.html", "conf~"] {
        place.put(name, "text");
    }
    place.put("d/log", "another");
    fs::hard_link(place.at("data/db"), place.at("hard")).unwrap();
    fs::hard_link(place.at("site/a"), place.at("harmless")).unwrap();
    for (link, target) in [("soft", "data/db"), ("dir", "data"), ("far", "site/../data/deep")] {
        symlink(target, place.at(link)).unwrap();
    }
    let mut private = Private::default();
    private.add_folder(&place.at("data")).unwrap();
    private.add_file(&place.at("log")).unwrap();
    private.add_file(&place.at("conf")).unwrap();
    let guarded = |root: &Path, private: Private| {
        Arc::new(Site::Directory(Root::guarded(root, private).unwrap()))
    };
    let site = guarded(&place.path, private);
    let at = |path: &str, list| Lookup { site: Arc::clone(&site), list, ..place.lookup(path) };
    for path in [
        "/data/db",
        "/data/deep/report",
        "/data",
        "/data/",
        "/log",
        "/log.1",
        "/conf~",
        "/hard",
        "/soft",
        "/dir/db",
        "/far/report",
    ] {
        let outcome = done(at(path, Some(Form::Json)));
        assert!(matches!(outcome, Outcome::No(NoFile::Missing)), "{path}: {outcome:?}");
    }
    for path in ["/site/a", "/harmless", "/log.html", "/d/log"] {
        assert!(matches!(done(at(path, None)), Outcome::Found(_)), "{path}");
    }
    let Outcome::No(NoFile::Listing(listed)) = done(at("/", Some(Form::Json))) else { panic!() };
    let listed: serde_json::Value = serde_json::from_slice(&listed.bytes).unwrap();
    let names = listed.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["d", "harmless", "log.html", "site"]);
    fs::rename(place.at("log"), place.at("log.2")).unwrap();
    place.put("log", "a new one");
    for path in ["/log", "/log.2"] {
        assert!(
            matches!(done(at(path, None)), Outcome::No(NoFile::Missing)),
            "{path}, after a rotation"
        );
    }
    let mut private = Private::default();
    private.add_folder(&place.at("data")).unwrap();
    let site = guarded(&place.at("data/deep"), private);
    let outcome = done(Lookup { site, ..place.lookup("/report") });
    assert!(
        matches!(outcome, Outcome::No(NoFile::Missing)),
        "the root is in the data directory: {outcome:?}"
    );
}

#[test]
fn the_root_is_whatever_directory_has_its_name() {
    let place = Place::new();
    place.put("one/a", "1");
    place.put("two/a", "2");
    let (link, turned) = (place.at("root"), place.at("turned"));
    let turn = |to: &str| {
        symlink(to, &turned).unwrap();
        fs::rename(&turned, &link).unwrap();
    };
    turn("one");
    let site = Arc::new(Site::Directory(Root::open(&link).unwrap()));
    let find = || done(Lookup { site: Arc::clone(&site), ..place.lookup("/a") });
    let is_there = || matches!(slices(Job::root(Arc::clone(&site))).1, Outcome::Rooted);
    assert_eq!(bytes(find()), b"1");
    turn("two");
    assert_eq!(bytes(find()), b"2", "a link that was turned");
    fs::remove_file(&link).unwrap();
    assert!(matches!(find(), Outcome::No(NoFile::Rootless)) && !is_there());
    fs::create_dir(&link).unwrap();
    assert!(matches!(find(), Outcome::No(NoFile::Missing)) && is_there());
    place.put("root/a", "3");
    assert_eq!(bytes(find()), b"3", "deleted and made anew");
}
