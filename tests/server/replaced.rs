//! Files that change while they are served: no body is ever torn, and none is made up.

use super::util::http::assert_next_is_served;
use super::util::process::{PATIENCE, Server, eventually};
use super::util::site::{Site, ask, await_settled};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A body that says in each of its words which version it is, and by that how long.
fn version(number: usize) -> Vec<u8> {
    format!("{number:07}\n").repeat(words(number)).into_bytes()
}

fn words(number: usize) -> usize {
    1000 + number * 7919 % 12_000
}

/// The version that a body is, if it is one.
fn which(body: &[u8]) -> Option<usize> {
    let number = std::str::from_utf8(body.get(..7)?).ok()?.parse().ok()?;
    (body == version(number)).then_some(number)
}

#[test]
fn replaced_by_rename_and_by_copy_no_body_is_torn() {
    let files: [(&str, &[u8]); 2] = [("renamed", &version(0)), ("copied", &version(0))];
    for args in [&[][..], &["--cache-bytes=0"], &["--cache-bytes=300KiB"]] {
        let site = Site::new(&files, args);
        for path in ["/renamed", "/copied"] {
            assert_eq!(which(&site.get(path).body), Some(0));
        }
        let (addr, over) = (site.server.web(), AtomicBool::new(false));
        let (renamed, copied) = (site.path("renamed"), site.path("copied"));
        let last = thread::scope(|scope| {
            let readers: Vec<_> = ["/renamed", "/copied", "/copied"]
                .into_iter()
                .map(|path| {
                    let over = &over;
                    scope.spawn(move || {
                        while !over.load(Ordering::Relaxed) {
                            let answer = ask(addr, "GET", path, "");
                            // Without a cache there may be nothing else to say of a file that is
                            // written to all the time; a connection may end, but never lie.
                            let whole = answer.status == 200 && answer.is_whole();
                            assert!(
                                !whole || which(&answer.body).is_some(),
                                "{path} torn: {}{} bytes, {:?} to {:?}",
                                answer.head,
                                answer.body.len(),
                                answer.body.get(..8),
                                answer.body.len().checked_sub(8).map(|at| &answer.body[at..]),
                            );
                        }
                    })
                })
                .collect();
            let until = Instant::now() + Duration::from_millis(1500);
            let mut number = 0;
            while Instant::now() < until {
                number += 1;
                fs::write(renamed.with_extension("new"), version(number)).unwrap();
                fs::rename(renamed.with_extension("new"), &renamed).unwrap();
                fs::write(&copied, version(number)).unwrap();
                if number % 10 == 0 {
                    await_settled(&copied);
                }
            }
            over.store(true, Ordering::Relaxed);
            readers.into_iter().for_each(|reader| reader.join().unwrap());
            number
        });
        for path in ["/renamed", "/copied"] {
            eventually("the last version", || (which(&site.get(path).body)? == last).then_some(()));
        }
    }
}

#[test]
fn a_changed_file_is_noticed_and_a_deleted_one_is_gone() {
    let site = Site::new(&[("a.txt", b"old")], &[]);
    assert_eq!(site.get("/a.txt").body, b"old");
    fs::write(site.path("a.txt"), "newer").unwrap();
    eventually("the new content", || (site.get("/a.txt").body == b"newer").then_some(()));
    fs::remove_file(site.path("a.txt")).unwrap();
    eventually("its end", || (site.get("/a.txt").status == 404).then_some(()));
    fs::write(site.path("a.txt"), "again").unwrap();
    assert_eq!(site.get("/a.txt").body, b"again", "what is missing is not remembered");
}

/// Resident memory, in bytes.
fn resident(server: &Server) -> usize {
    let status = fs::read_to_string(server.proc("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

fn begin(site: &Site, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(site.server.web()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 200 OK"), "{}", head.escape_ascii());
    stream
}

const GIB: u64 = 1 << 30;
const MIB: usize = 1 << 20;

#[test]
fn ten_gibibytes_need_no_memory_and_no_file_is_padded() {
    let site = Site::new(&[], &[]);
    File::create(site.path("huge")).unwrap().set_len(10 * GIB).unwrap();
    let before = resident(&site.server);
    let mut streams = (0..20).map(|_| begin(&site, "/huge")).collect::<Vec<_>>();
    let mut piece = vec![0; MIB];
    for stream in &mut streams {
        for _ in 0..8 {
            stream.read_exact(&mut piece).unwrap();
        }
    }
    let each = resident(&site.server).saturating_sub(before) / streams.len();
    assert!(each < MIB / 4, "{each} bytes for a download");
    let last = site.get_with("/huge", "Range: bytes=10737418235-\r\n");
    assert_eq!((last.status, last.body.as_slice()), (206, &[0; 5][..]));
    File::options().write(true).open(site.path("huge")).unwrap().set_len(GIB).unwrap();
    for mut stream in streams {
        let mut bytes = 0;
        while let Ok(count @ 1..) = stream.read(&mut piece) {
            bytes += count as u64;
        }
        assert!(bytes < GIB, "it ended early, {bytes} bytes after it had shrunk");
    }
    assert_next_is_served(site.server.web());
}

#[test]
fn a_file_written_while_it_is_sent_ends_the_connection() {
    let site = Site::new(&[], &[]);
    fs::write(site.path("large"), vec![b'a'; 40 * MIB]).unwrap();
    await_settled(&site.path("large"));
    let mut stream = begin(&site, "/large");
    let mut piece = vec![0; MIB];
    stream.read_exact(&mut piece).unwrap();
    fs::write(site.path("large"), vec![b'b'; 40 * MIB]).unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.len() < 39 * MIB, "it did not come to its end");
    assert!(!rest.contains(&b'b'), "the two are not mixed");
    assert_next_is_served(site.server.web());
}

#[test]
fn a_file_replaced_or_deleted_meanwhile_is_sent_to_its_end() {
    let site = Site::new(&[], &[]);
    for name in ["replaced", "deleted"] {
        fs::write(site.path(name), vec![b'a'; 20 * MIB]).unwrap();
    }
    await_settled(&site.path("deleted"));
    let mut piece = vec![0; MIB];
    let mut streams = ["/replaced", "/deleted"].map(|path| begin(&site, path));
    for stream in &mut streams {
        stream.read_exact(&mut piece).unwrap();
    }
    fs::write(site.path("new"), vec![b'b'; 20 * MIB]).unwrap();
    fs::rename(site.path("new"), site.path("replaced")).unwrap();
    fs::remove_file(site.path("deleted")).unwrap();
    for mut stream in streams {
        piece.resize(19 * MIB, 0);
        stream.read_exact(&mut piece).unwrap();
        assert!(piece.iter().all(|byte| *byte == b'a'));
        // The next request on the same connection: the file that has the name now.
        stream.write_all(b"HEAD /replaced HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        stream.read_exact(&mut piece[..15]).unwrap();
        assert_eq!(&piece[..15], b"HTTP/1.1 200 OK");
    }
}

#[test]
fn well_known_clients_resume_and_take_parts() {
    let body: Vec<u8> = (0..10 * MIB).map(|place| ((place * place) >> 7) as u8).collect();
    let site = Site::new(&[("large.bin", &body), ("small.bin", &body[..5000])], &[]);
    for (name, size) in [("large.bin", body.len()), ("small.bin", 5000)] {
        let url = format!("http://{}/{name}", site.server.web());
        let to = site.place.path(name);
        fs::write(&to, &body[..1234]).unwrap();
        let resumed = Command::new("wget").args(["-q", "-c", "-O"]).arg(&to).arg(&url).status();
        match resumed {
            Ok(status) => {
                assert!(status.success());
                assert!(fs::read(&to).unwrap() == body[..size], "{name}: resumed by wget");
            }
            Err(_) => eprintln!("there is no wget here"),
        }
        for (range, part) in [("0-0", 0..1), ("100-4999", 100..5000), ("-10", size - 10..size)] {
            let part = &body[part];
            match Command::new("curl").args(["-s", "-f", "-r", range, &url]).output() {
                Ok(output) => assert!(output.stdout == part, "{name} {range}"),
                Err(_) => eprintln!("there is no curl here"),
            }
        }
    }
}
