//! The fields of a file: types, encodings, times.

use super::util::process::eventually;
use super::util::site::Site;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// Compresses bytes with `gzip`.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new("gzip")
        .args(["-9", "-n"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap().stdout
}

#[test]
fn what_is_compressed_already_is_sent_as_it_is() {
    let svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{}</svg>", "<g/>".repeat(5000));
    let packed = gzip(svg.as_bytes());
    // Longer than files that are too short to be compressed.
    let padded = [packed.as_slice(), &[0; 2000]].concat();
    let files: [(&str, &[u8]); 4] =
        [("a.svgz", &packed), ("B.SVGZ", &padded), ("c.js", &padded), ("a.svgz.gz", b"no sidecar")];
    let site = Site::new(&files, &[]);
    for accepted in ["", "Accept-Encoding: gzip, br\r\n"] {
        for (path, body) in [("/a.svgz", &packed), ("/B.SVGZ", &padded)] {
            let answer = site.get_with(path, accepted);
            assert_eq!(answer.need("Content-Type"), "image/svg+xml");
            assert_eq!(answer.need("Content-Encoding"), "gzip", "it is what its name says");
            assert!(answer.body == *body, "{path} is not compressed once more");
        }
        let answer = site.get_with("/c.js", accepted);
        assert_eq!(answer.field("Content-Encoding"), None, "its first bytes are those of gzip");
        assert!(answer.body == padded);
    }
}

#[test]
fn a_sidecar_that_is_older_than_its_file_is_not_sent() {
    let site = Site::new(&[("a.js", b"new"), ("a.js.gz", b"old"), ("a.js.br", b"fresh")], &[]);
    let hour = Duration::from_secs(3600);
    let past = SystemTime::now() - hour;
    for (name, modified) in [("a.js", past), ("a.js.gz", past - hour), ("a.js.br", past)] {
        let file = fs::File::options().write(true).open(site.path(name)).unwrap();
        file.set_modified(modified).unwrap();
    }
    let gzip = || site.get_with("/a.js", "Accept-Encoding: gzip\r\n");
    assert_eq!((gzip().body.as_slice(), gzip().field("Content-Encoding")), (&b"new"[..], None));
    assert_eq!(site.get_with("/a.js", "Accept-Encoding: br\r\n").body, b"fresh");
    fs::write(site.path("a.js.gz"), "made anew").unwrap();
    eventually("the new sidecar", || (gzip().body == b"made anew").then_some(()));
}

#[test]
fn xml_that_names_its_encoding_is_given_no_other() {
    let latin = b"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><a>\xe4</a>";
    let long = [&latin[..], &[b' '; 100_000]].concat();
    let files: [(&str, &[u8]); 5] = [
        ("latin.xml", latin),
        ("long.xml", &long),
        ("feed.xml", b"<a/>"),
        ("wide.txt", b"\xff\xfea\0"),
        ("a.txt", b"text"),
    ];
    let site = Site::new(&files, &["--cache-bytes=64KiB"]);
    for (path, media) in [
        ("/latin.xml", "text/xml"),
        ("/long.xml", "text/xml"),
        ("/feed.xml", "text/xml; charset=utf-8"),
        ("/wide.txt", "text/plain"),
        ("/a.txt", "text/plain; charset=utf-8"),
    ] {
        assert_eq!(site.get(path).need("Content-Type"), media, "{path}");
        assert_eq!(site.ask("HEAD", path, "").need("Content-Type"), media, "{path}");
    }
}

#[test]
fn last_modified_is_never_later_than_date() {
    let large = vec![b'x'; 300_000];
    for args in [&["--cache-bytes=1MiB"][..], &["--cache-bytes=0"]] {
        let site = Site::new(&[("a.txt", b"text"), ("large", &large)], args);
        for name in ["a.txt", "large"] {
            let file = fs::File::options().write(true).open(site.path(name)).unwrap();
            file.set_modified(SystemTime::now() + Duration::from_secs(86_400)).unwrap();
            for _ in 0..2 {
                let answer = site.get(&format!("/{name}"));
                let time = |field| httpdate::parse_http_date(&answer.need(field)).unwrap();
                assert!(time("Last-Modified") <= time("Date"), "{}", answer.head);
                let since = format!("If-Modified-Since: {}\r\n", answer.need("Last-Modified"));
                assert_eq!(site.get_with(&format!("/{name}"), &since).status, 304);
            }
        }
    }
}
