//! `pentad check` succeeds exactly where `serve` would start, and changes nothing.

use super::util::process::{FREE, Place, Server};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Returns names and bytes of the files in a directory, except the lock.
fn contents(dir: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_name() != "lock");
    let bytes = |path: PathBuf| fs::read(path).unwrap();
    files.map(|entry| (entry.file_name(), bytes(entry.path()))).collect()
}

/// Creates a directory with the server's permissions.
fn private(dir: &Path) {
    DirBuilder::new().mode(0o700).create(dir).unwrap();
}

#[test]
fn check_says_no_where_serve_would_fail() {
    for (name, service, told) in [
        ("pentad.db", "web", "the database cannot be used: "),
        ("pentad.db", "pow", "the database cannot be used: "),
        ("store-log.db", "order-1", "store-log.db: "),
    ] {
        let place = Place::new();
        let dir = place.path("data");
        private(&dir);
        fs::write(dir.join(name), "0".repeat(100)).unwrap();
        let only = format!("--only={service}");
        let args = [&FREE[..], &["--data=data", &only]].concat();
        let before = contents(&dir);
        let checked = place.pentad(&[&["check"][..], &args].concat());
        assert_eq!((checked.status.code(), checked.stdout.as_str()), (Some(3), ""), "{name}");
        assert!(checked.stderr.contains(told), "{name}: {}", checked.stderr);
        assert_eq!(before, contents(&dir), "{name}: nothing is changed");
        let served = place.pentad(&args);
        assert_eq!((served.status.code(), served.stderr), (Some(1), checked.stderr), "{name}");
    }
}

#[test]
fn check_leaves_a_data_directory_as_it_was() {
    let place = Place::new();
    let dir = place.path("data");
    let args = [&["check"][..], &FREE, &["--data=data"]].concat();
    let ok = |what: &str| {
        let checked = place.pentad(&args);
        assert_eq!((checked.status.code(), checked.stderr.as_str()), (Some(0), ""), "{what}");
        assert_eq!(checked.stdout, "ok\n", "{what}");
    };
    ok("a directory that is missing");
    assert!(!dir.exists());
    private(&dir);
    ok("an empty directory");
    assert_eq!(contents(&dir), BTreeMap::new());
    fs::write(dir.join("pentad.db"), "").unwrap();
    fs::write(dir.join("store-log.db"), "").unwrap();
    let before = contents(&dir);
    ok("empty files, which become databases");
    assert_eq!(contents(&dir), before);
    let mut server = Server::start_in(&place, &[]);
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0), "{}", server.stderr());
    let before = contents(&dir);
    ok("what a server left");
    assert_eq!(contents(&dir), before);
}
