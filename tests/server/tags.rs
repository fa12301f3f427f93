//! Entity tags of files: they change exactly when the bytes do.

use super::util::process::{Server, eventually};
use super::util::site::Site;
use std::fs::{self, File};
use std::time::{Duration, SystemTime};

const MIB: usize = 1 << 20;

/// Replaces a file by another one, with a time of its own.
fn put_dated(site: &Site, name: &str, text: &[u8], modified: SystemTime) {
    let new = site.path("new");
    fs::write(&new, text).unwrap();
    File::options().write(true).open(&new).unwrap().set_modified(modified).unwrap();
    fs::rename(&new, site.path(name)).unwrap();
}

#[test]
fn another_file_of_equal_length_and_time_is_recognised() {
    let epoch = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    let large = |letter: u8| vec![letter; 400_000];
    for args in [&[][..], &["--cache-bytes=0"], &["--cache-bytes=1MiB"]] {
        let site = Site::new(&[], args);
        let put = |letter: u8| {
            put_dated(&site, "app.js", &[letter; 12], epoch);
            put_dated(&site, "large.bin", &large(letter), epoch);
        };
        put(b'A');
        let names = ["/app.js", "/large.bin"];
        // A file that is too long to be read has no tag until it cannot change unnoticed.
        let tagged = |path: &str| {
            eventually("a tag", || Some(site.get(path)).filter(|it| it.field("ETag").is_some()))
        };
        let first = names.map(tagged);
        put(b'B');
        for (path, first) in names.iter().zip(first) {
            eventually("the new one", || (site.get(path).body[0] == b'B').then_some(()));
            let old = format!("If-None-Match: {}\r\n", first.need("ETag"));
            let answer = site.get_with(path, &old);
            assert_eq!((answer.status, answer.body[0]), (200, b'B'), "{path} {args:?}");
        }
        // Rewritten in place, with the old time restored.
        fs::write(site.path("app.js"), [b'C'; 12]).unwrap();
        let file = File::options().write(true).open(site.path("app.js")).unwrap();
        file.set_modified(epoch).unwrap();
        eventually("the newest", || (site.get("/app.js").body == [b'C'; 12]).then_some(()));
    }
}

#[test]
fn a_tag_is_the_same_after_a_restart_and_on_other_servers() {
    let files: [(&str, &[u8]); 3] =
        [("a.txt", b"text"), ("b.txt", b"text"), ("c.js", &[b'c'; 5000])];
    let tags = |site: &Site| {
        ["/a.txt", "/b.txt", "/c.js"].map(|path| {
            let head = site.ask("HEAD", path, "").need("ETag");
            assert_eq!(site.get(path).need("ETag"), head, "{path}");
            (head, site.get_with(path, "Accept-Encoding: gzip\r\n").need("ETag"))
        })
    };
    let (one, other) = (Site::new(&files, &[]), Site::new(&files, &["--cache-bytes=0"]));
    let first = tags(&one);
    assert_eq!(first[0].0, first[1].0, "the same bytes");
    assert_ne!(first[0].0, first[2].0);
    #[cfg(feature = "gzip")]
    assert_ne!(first[2].0, first[2].1, "other bytes, since they are compressed");
    assert_eq!(tags(&other).map(|tag| tag.0), first.clone().map(|tag| tag.0));
    fs::write(one.path("large"), vec![b'x'; 9 * MIB]).unwrap();
    let tag = |site: &Site| {
        eventually("a tag", || site.ask("HEAD", "/large", "").field("ETag").map(str::to_owned))
    };
    let large = tag(&one);
    let Site { place, server } = one;
    drop(server);
    let root = format!("--root={}", place.path("root").display());
    let again = Site { server: Server::start_in(&place, &[&root]), place };
    assert_eq!((tags(&again), tag(&again)), (first, large));
}
