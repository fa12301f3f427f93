//! Files of a directory: their names, their fields, and those that are never served.

use super::util::http::assert_next_is_served;
use super::util::process::{FREE, Place};
use super::util::site::Site;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

#[test]
fn a_file_has_its_type_its_validators_and_the_cache_status() {
    let site = Site::new(&[("index.html", b"<p>hello"), ("a/b.css", b"p{}"), ("data", b"1")], &[]);
    for (path, body, media) in [
        ("/", "<p>hello", "text/html; charset=utf-8"),
        ("/index.html", "<p>hello", "text/html; charset=utf-8"),
        ("/a/b.css", "p{}", "text/css; charset=utf-8"),
        ("/data", "1", "application/octet-stream"),
    ] {
        let first = site.get(path);
        assert_eq!((first.status, first.body.as_slice()), (200, body.as_bytes()), "{path}");
        assert_eq!(first.need("Content-Type"), media);
        assert_eq!((first.need("X-Cache"), first.field("Age")), ("MISS".into(), None));
        assert_eq!(first.need("Cache-Control"), "no-cache");
        assert_eq!(first.need("Accept-Ranges"), "bytes");
        assert!(first.field("Last-Modified").is_some() && first.is_whole());
        let second = site.get(path);
        assert_eq!(
            (second.need("X-Cache"), second.need("ETag")),
            ("HIT".into(), first.need("ETag"))
        );
        assert_eq!((second.body.as_slice(), second.field("Age")), (body.as_bytes(), None));
        let head = site.ask("HEAD", path, "");
        assert_eq!(head.need("Content-Length"), body.len().to_string());
        assert_eq!((head.body.len(), head.need("ETag")), (0, first.need("ETag")));
    }
}

#[test]
fn other_methods_and_bodies_are_not_for_files() {
    let site = Site::new(&[("a.txt", b"text")], &[]);
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        for _ in 0..2 {
            let answer = site.ask(method, "/a.txt", "Content-Length: 0\r\n");
            assert_eq!((answer.status, answer.need("Allow")), (405, "GET, HEAD, OPTIONS".into()));
        }
        assert_eq!(site.ask(method, "/b.txt", "Content-Length: 0\r\n").status, 404);
    }
    let options = site.ask("OPTIONS", "/a.txt", "");
    assert_eq!((options.status, options.need("Allow")), (204, "GET, HEAD, OPTIONS".into()));
    assert_eq!(site.get_with("/a.txt", "Content-Length: 1\r\n").status, 413);
    assert_next_is_served(site.server.web());
}

#[test]
fn names_are_bytes() {
    let site = Site::new(&[], &["--list"]);
    let names: [&[u8]; 9] = [
        b"a b",
        b"100%",
        b"line\nbreak",
        b"\xff\xfe",
        b"%41",
        b"quote\"<>&",
        b"a?b#c",
        "\u{e4}".as_bytes(),
        b"semi;colon:x",
    ];
    let escaped = |name: &[u8]| name.iter().map(|b| format!("%{b:02x}")).collect::<String>();
    for name in names {
        fs::write(site.path("").join(OsStr::from_bytes(name)), name).unwrap();
    }
    for name in names {
        let answer = site.get(&format!("/{}", escaped(name)));
        assert_eq!((answer.status, answer.body.as_slice()), (200, name), "{name:?}");
    }
    assert_eq!(site.get("/A").status, 404, "decoded once");
    assert_eq!(site.get("/%2541").body, b"%41");
    let listing = site.get_with("/", "Accept: application/json\r\n");
    let listing: serde_json::Value = serde_json::from_slice(&listing.body).unwrap();
    let entries = listing.as_array().unwrap();
    assert_eq!(entries.len(), names.len());
    for entry in entries {
        let href = entry["href"].as_str().unwrap().strip_prefix('.').unwrap();
        let body = site.get(href).body;
        assert_eq!(String::from_utf8_lossy(&body), entry["name"].as_str().unwrap());
    }
}

#[test]
fn nothing_outside_of_the_root_is_served_for_any_path() {
    let site = Site::new(&[("in/file", b"inside"), (".well-known/x", b"known")], &[]);
    fs::write(site.place.path("secret"), "secret").unwrap();
    fs::write(site.path(".hidden"), "secret").unwrap();
    fs::create_dir(site.path(".git")).unwrap();
    fs::write(site.path(".git/config"), "secret").unwrap();
    let secret = site.place.path("secret");
    symlink(&secret, site.path("absolute")).unwrap();
    symlink("../secret", site.path("relative")).unwrap();
    symlink("..", site.path("up")).unwrap();
    symlink("/", site.path("away")).unwrap();
    symlink("in/file", site.path("inside")).unwrap();
    symlink(site.path("in/file"), site.path("inside-absolute")).unwrap();
    symlink("loop", site.path("loop")).unwrap();
    for path in [
        "/../secret",
        "/in/../../secret",
        "/%2e%2e/secret",
        "/.%2e/secret",
        "/%2E%2E%2Fsecret",
        "/..%2fsecret",
        "/..%5csecret",
        "/%252e%252e/secret",
        "/%00/../secret",
        "/in/file%00.html",
        "/in//file",
        "//in/file",
        "/./in/file",
        "/in/./file",
        "/in/file/",
        "/absolute",
        "/relative",
        "/up/secret",
        "/away/etc/passwd",
        "/loop",
        "/.hidden",
        "/.git/config",
        "/.git/",
        "/%2egit/config",
        "/...",
    ] {
        let answer = site.get(path);
        assert!([400, 404].contains(&answer.status), "{path}: {}", answer.head);
        assert!(!String::from_utf8_lossy(&answer.body).contains("secret"), "{path}");
    }
    for path in ["/in/file", "/inside", "/inside-absolute"] {
        assert_eq!(site.get(path).body, b"inside", "{path}");
    }
    assert_eq!(site.get("/.well-known/x").body, b"known");
}

#[test]
fn irregular_files_are_missing_without_delay() {
    let site = Site::new(&[], &[]);
    mknodat(CWD, site.path("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _listener = UnixListener::bind(site.path("socket")).unwrap();
    symlink("/dev/zero", site.path("zero")).unwrap();
    // Only root may create devices; otherwise the other kinds have to do.
    let _ = mknodat(
        CWD,
        site.path("device"),
        FileType::CharacterDevice,
        Mode::RUSR,
        rustix::fs::makedev(1, 5),
    );
    for path in ["/fifo", "/socket", "/zero", "/device"] {
        assert_eq!(site.get(path).status, 404, "{path}");
    }
    assert_next_is_served(site.server.web());
}

#[test]
fn a_directory_needs_a_slash_and_shows_its_index_or_nothing() {
    let site = Site::new(&[("with/index.html", b"index"), ("without/x", b"x")], &[]);
    let answer = site.get("/with?a=b&c=%20d");
    assert_eq!((answer.status, answer.need("Location")), (308, "/with/?a=b&c=%20d".into()));
    assert_eq!(site.get("/with/").body, b"index");
    assert_eq!(site.get("/without").status, 308);
    assert_eq!(site.get("/without/").status, 404);
    fs::create_dir(site.path("new\r\nline")).unwrap();
    let answer = site.get("/new%0d%0aline");
    assert_eq!((answer.status, answer.need("Location")), (308, "/new%0D%0Aline/".into()));
}

#[test]
fn names_are_listed_where_that_is_asked_for() {
    let site =
        Site::new(&[("d/<b>.txt", b"12345"), ("d/e/f", b""), ("d/.hidden", b"")], &["--list"]);
    symlink("/etc", site.path("d/out")).unwrap();
    symlink("e", site.path("d/in")).unwrap();
    let page = site.get("/d/");
    assert_eq!((page.status, page.need("Content-Type")), (200, "text/html; charset=utf-8".into()));
    assert_eq!(page.need("Vary"), "Accept");
    let html = String::from_utf8(page.body).unwrap();
    assert!(html.contains("href=\"./%3Cb%3E.txt\">&lt;b&gt;.txt</a>"), "{html}");
    assert!(html.contains("href=\"./e/\"") && html.contains("href=\"./in/\""), "{html}");
    assert!(!html.contains("hidden") && !html.contains("out"), "{html}");
    for number in 0..10_050 {
        fs::write(site.path(&format!("d/e/{number:05}")), "").unwrap();
    }
    let json = site.get_with("/d/e/", "Accept: application/json\r\n");
    let json: serde_json::Value = serde_json::from_slice(&json.body).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 10_000);
    let html = String::from_utf8(site.get("/d/e/").body).unwrap();
    assert!(html.contains("There are more names"), "a page says that it is not complete");
}

#[test]
fn conditions_and_ranges_hold_for_cached_and_other_files() {
    for args in [&[][..], &["--cache-bytes=0"]] {
        let site = Site::new(&[("f.txt", b"0123456789"), ("empty", b"")], args);
        let whole = site.get("/f.txt");
        let (etag, date) = (whole.need("ETag"), whole.need("Last-Modified"));
        for (fields, status, body, range) in [
            (format!("If-None-Match: {etag}\r\n"), 304, "", None),
            (format!("If-None-Match: \"x\", W/{etag}\r\n"), 304, "", None),
            ("If-None-Match: *\r\n".into(), 304, "", None),
            ("If-None-Match: \"x\"\r\n".into(), 200, "0123456789", None),
            (format!("If-Modified-Since: {date}\r\n"), 304, "", None),
            (
                format!("If-None-Match: \"x\"\r\nIf-Modified-Since: {date}\r\n"),
                200,
                "0123456789",
                None,
            ),
            (format!("If-Match: {etag}\r\n"), 200, "0123456789", None),
            ("If-Match: \"x\"\r\n".into(), 412, "*", None),
            ("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n".into(), 412, "*", None),
            ("Range: bytes=2-4\r\n".into(), 206, "234", Some("bytes 2-4/10")),
            ("Range: bytes=7-\r\n".into(), 206, "789", Some("bytes 7-9/10")),
            ("Range: bytes=-2\r\n".into(), 206, "89", Some("bytes 8-9/10")),
            ("Range: bytes=0-1,4-5\r\n".into(), 200, "0123456789", None),
            ("Range: bytes=10-\r\n".into(), 416, "*", Some("bytes */10")),
            ("Range: bytes=4-2\r\n".into(), 200, "0123456789", None),
            (format!("Range: bytes=2-4\r\nIf-Range: {etag}\r\n"), 206, "234", Some("bytes 2-4/10")),
            ("Range: bytes=2-4\r\nIf-Range: \"x\"\r\n".into(), 200, "0123456789", None),
            (format!("Range: bytes=2-4\r\nIf-None-Match: {etag}\r\n"), 304, "", None),
        ] {
            let answer = site.get_with("/f.txt", &fields);
            assert_eq!(answer.status, status, "{fields}");
            assert!(body == "*" || answer.body == body.as_bytes(), "{fields}");
            assert_eq!(answer.field("Content-Range"), range, "{fields}");
            assert!(status == 304 || answer.is_whole(), "{fields}");
            if status == 304 {
                assert_eq!(answer.need("ETag"), etag);
                assert_eq!(answer.field("Content-Length"), None);
                assert_eq!(answer.field("Content-Type"), None);
            }
        }
        assert_eq!(site.get_with("/empty", "Range: bytes=0-\r\n").status, 416);
        let head = site.ask("HEAD", "/f.txt", "Range: bytes=2-4\r\n");
        assert_eq!((head.status, head.need("Content-Length")), (200, "10".into()));
    }
}

#[test]
fn the_best_available_encoding_is_sent_with_its_own_tag() {
    let files: [(&str, &[u8]); 5] = [
        ("a.js", b"plain"),
        ("a.js.br", b"brotli"),
        ("a.js.zst", b"zstandard"),
        ("a.js.gz", b"gzipped"),
        ("b.png", b"picture"),
    ];
    let site = Site::new(&files, &[]);
    let mut tags = Vec::new();
    for (accepted, coding, body) in [
        ("", None, "plain"),
        ("Accept-Encoding: br, zstd, gzip\r\n", Some("br"), "brotli"),
        ("Accept-Encoding: br;q=0.5, zstd\r\n", Some("zstd"), "zstandard"),
        ("Accept-Encoding: gzip, br;q=0\r\n", Some("gzip"), "gzipped"),
        ("Accept-Encoding: deflate\r\n", None, "plain"),
        ("Accept-Encoding: *\r\n", Some("br"), "brotli"),
    ] {
        for _ in 0..2 {
            let answer = site.get_with("/a.js", accepted);
            assert_eq!(answer.field("Content-Encoding"), coding, "{accepted}");
            assert_eq!(answer.body, body.as_bytes(), "{accepted}");
            assert_eq!(answer.need("Vary"), "Accept-Encoding");
            assert_eq!(answer.need("Content-Type"), "text/javascript; charset=utf-8");
            tags.push(answer.need("ETag"));
        }
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 4);
    let picture = site.get_with("/b.png", "Accept-Encoding: gzip\r\n");
    assert_eq!((picture.field("Vary"), picture.body.as_slice()), (None, &b"picture"[..]));
}

#[test]
#[cfg(feature = "gzip")]
fn text_is_compressed_once_for_those_who_accept_it() {
    let text = "all work and no play ".repeat(1000);
    let site = Site::new(&[("t.txt", text.as_bytes()), ("short.txt", b"short")], &[]);
    let first = site.get_with("/t.txt", "Accept-Encoding: gzip\r\n");
    assert_eq!(first.need("Content-Encoding"), "gzip");
    assert_eq!(
        (first.need("X-Cache"), first.need("Vary")),
        ("MISS".into(), "Accept-Encoding".into())
    );
    assert!(first.body.len() < text.len() / 10);
    let packed = site.place.path("t.gz");
    fs::write(&packed, &first.body).unwrap();
    let unpacked = Command::new("gzip").arg("-dc").arg(&packed).output().unwrap();
    assert_eq!(unpacked.stdout, text.as_bytes());
    let second = site.get_with("/t.txt", "Accept-Encoding: gzip\r\n");
    assert_eq!((second.need("X-Cache"), second.body), ("HIT".into(), first.body.clone()));
    let plain = site.get("/t.txt");
    assert_eq!((plain.body.as_slice(), plain.field("Content-Encoding")), (text.as_bytes(), None));
    assert_ne!(plain.need("ETag"), first.need("ETag"));
    assert_eq!(site.get("/t.txt").need("X-Cache"), "HIT");
    let head = site.ask("HEAD", "/t.txt", "Accept-Encoding: gzip\r\n");
    assert_eq!(head.need("Content-Length"), first.body.len().to_string());
    assert_eq!(site.get_with("/short.txt", "Accept-Encoding: gzip\r\n").body, b"short");
}

#[test]
fn the_site_has_a_say_in_fields_and_in_pages_for_errors() {
    let args = ["--max-age=60", "--header=X-A: b, c", "--header=X-D: e"];
    let site = Site::new(&[("a.txt", b"text"), ("404.html", b"lost")], &args);
    for _ in 0..2 {
        let answer = site.get("/a.txt");
        assert_eq!(answer.need("Cache-Control"), "max-age=60");
        assert_eq!((answer.need("X-A"), answer.need("X-D")), ("b, c".into(), "e".into()));
        let lost = site.get("/nothing");
        assert_eq!((lost.status, lost.body.as_slice()), (404, &b"lost"[..]));
        assert_eq!(lost.need("Content-Type"), "text/html; charset=utf-8");
        let problem = site.get_with("/nothing", "Accept: application/json\r\n");
        assert_eq!(problem.need("Content-Type"), "application/problem+json");
        assert_eq!(site.ask("HEAD", "/nothing", "").need("Content-Length"), "4");
    }
    let place = Place::new();
    let bad = place.run(place.command(FREE.iter().copied().chain(["--header=Content-Length: 5"])));
    assert_eq!((bad.status.code(), bad.stdout.as_str()), (Some(2), ""));
    let missing = place.run(place.command(FREE.iter().copied().chain(["--root=/nowhere/at/all"])));
    assert_eq!(missing.status.code(), Some(1));
    assert!(missing.stderr.contains("/nowhere/at/all"), "{}", missing.stderr);
}

#[test]
fn services_win_over_files() {
    let site =
        Site::new(&[("healthz", b"file"), ("api/pow/stats", b"file"), ("api/x", b"file")], &[]);
    assert_eq!(site.get("/healthz").body, b"ok\n");
    assert_ne!(site.get("/api/pow/stats").body, b"file");
    assert_eq!(site.get("/api/x").body, b"file");
}
