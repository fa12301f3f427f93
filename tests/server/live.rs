//! Files that change all the time, and roots that are deleted and created.

use super::util::process::{Place, Server, eventually};
use super::util::site::{Site, ask};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{FileExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// Writes versions of a file, one after the other, until told to stop.
fn keep_writing(path: &Path, over: &AtomicBool, write: impl Fn(&Path, &[u8])) {
    let mut number = 0;
    while !over.load(Ordering::Relaxed) {
        number += 1;
        write(path, format!("{{\"n\":{number:08}}}\n").as_bytes());
        thread::sleep(Duration::from_millis(40));
    }
}

fn rename(path: &Path, body: &[u8]) {
    fs::write(path.with_extension("t"), body).unwrap();
    fs::rename(path.with_extension("t"), path).unwrap();
}

fn in_place(path: &Path, body: &[u8]) {
    let options = File::options().write(true).create(true).truncate(false).open(path);
    options.unwrap().write_all_at(body, 0).unwrap();
}

fn truncate(path: &Path, body: &[u8]) {
    fs::write(path, body).unwrap();
}

fn append(path: &Path, body: &[u8]) {
    File::options().append(true).create(true).open(path).unwrap().write_all(body).unwrap();
}

fn in_future(path: &Path, body: &[u8]) {
    rename(path, body);
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(3)).unwrap();
}

#[test]
fn a_file_that_changes_all_the_time_is_served_and_never_refused() {
    type Write = fn(&Path, &[u8]);
    let ways: [(&str, Write); 5] = [
        ("renamed", rename),
        ("in-place", in_place),
        ("truncated", truncate),
        ("appended", append),
        ("future", in_future),
    ];
    for args in [&[][..], &["--cache-bytes=0"]] {
        let site = Site::new(&[], args);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for (name, way) in ways {
                // One that was in memory before, and one that was not.
                for name in [format!("{name}-old"), format!("{name}-new")] {
                    let path = site.path(&name);
                    way(&path, b"{\"n\":00000000}\n");
                    if name.ends_with("old") {
                        assert_eq!(site.get(&format!("/{name}")).status, 200, "{name}");
                    }
                    let over = &over;
                    scope.spawn(move || keep_writing(&path, over, way));
                }
            }
            let _stop = Stop(&over);
            let until = Instant::now() + Duration::from_secs(4);
            while Instant::now() < until {
                for (name, _) in ways {
                    for name in [format!("{name}-old"), format!("{name}-new")] {
                        let answer = site.get(&format!("/{name}"));
                        assert_eq!(answer.status, 200, "{name}: {}", answer.head);
                        assert!(answer.is_whole(), "{name}");
                        let lines = answer.body.chunks(15);
                        assert!(lines.into_iter().all(is_line), "{name}: {:?}", answer.body);
                    }
                }
                thread::sleep(Duration::from_millis(50));
            }
            for name in ["renamed-old", "renamed-new", "future-old", "future-new"] {
                // In steady use the served version lags behind by the check interval, and a little.
                let path = format!("/{name}");
                let on_disk = number(&fs::read(site.path(name)).unwrap());
                eventually("what was on the disk", || {
                    (number(&site.get(&path).body) >= on_disk).then_some(())
                });
            }
        });
    }
}

/// Stops the writers, even if a test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn is_line(line: &[u8]) -> bool {
    line.len() == 15 && line.starts_with(b"{\"n\":") && line.ends_with(b"}\n")
}

fn number(line: &[u8]) -> usize {
    std::str::from_utf8(&line[5..13]).unwrap().parse().unwrap()
}

#[test]
fn a_recreated_or_relinked_root_is_served_in_two_seconds() {
    let site = Site::new(&[("one/a", b"1"), ("two/a", b"2"), ("two/b", b"2")], &[]);
    let link = site.place.path("current");
    let turn = |to: &str| {
        let turned = site.place.path("turned");
        symlink(site.path(to), &turned).unwrap();
        fs::rename(turned, &link).unwrap();
    };
    turn("one");
    let root = format!("--root={}", link.display());
    let server = Server::start_in(&Place::new(), &[&root]);
    let web = server.web();
    let body = |path: &str| ask(web, "GET", path, "").body;
    let ready = || ask(web, "GET", "/readyz", "").status;
    let within = |what: &str, check: &dyn Fn() -> bool| {
        let began = Instant::now();
        eventually(what, || check().then_some(()));
        let took = began.elapsed();
        assert!(took < Duration::from_secs(2), "{what}: after {took:?}");
    };
    assert_eq!((body("/a"), ready()), (b"1".to_vec(), 200));
    turn("two");
    within("the other one", &|| body("/a") == b"2");
    assert_eq!((body("/b"), ready()), (b"2".to_vec(), 200));
    fs::remove_file(&link).unwrap();
    within("that there is none", &|| ready() == 503 && ask(web, "GET", "/a", "").status == 503);
    assert_eq!(ask(web, "GET", "/healthz", "").status, 200, "it lives");
    fs::create_dir(&link).unwrap();
    fs::write(link.join("a"), "3").unwrap();
    within("the one that was made anew", &|| body("/a") == b"3" && ready() == 200);
    assert_eq!(ask(web, "GET", "/b", "").status, 404);
    let embedded = Server::start(&[]);
    assert_eq!(ask(embedded.web(), "GET", "/readyz", "").body, b"ready\n");
}
