//! Jobs on directories of their own, run slice by slice.

use super::*;
use crate::limits;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

/// A served directory that is deleted after the test.
pub(super) struct Place {
    pub(super) path: PathBuf,
    site: Arc<Site>,
}

impl Place {
    pub(super) fn new() -> Place {
        static PLACES: AtomicUsize = AtomicUsize::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let name = format!("pentad-files-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        let site = Arc::new(Site::Directory(Root::open(&path).unwrap()));
        Place { path, site }
    }

    pub(super) fn at(&self, name: impl AsRef<[u8]>) -> PathBuf {
        self.path.join(OsStr::from_bytes(name.as_ref()))
    }

    /// Writes a file, and creates its directories.
    pub(super) fn put(&self, name: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// A lookup that reads any file, whether or not it is being written.
    pub(super) fn lookup(&self, path: impl AsRef<[u8]>) -> Lookup {
        Lookup {
            site: Arc::clone(&self.site),
            path: path.as_ref().into(),
            wish: Wish::PLAIN,
            depth: Depth::Content(u64::MAX),
            sidecars: true,
            list: None,
            wall: SystemTime::now(),
            patience: Patience::Any,
            permits: None,
            known: None,
        }
    }

    pub(super) fn find(&self, path: impl AsRef<[u8]>) -> Outcome {
        done(self.lookup(path))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

pub(super) fn done(lookup: Lookup) -> Outcome {
    slices(Job::lookup(lookup)).1
}

/// Runs a job; returns the number of its slices and its outcome.
pub(super) fn slices(mut job: Job) -> (usize, Outcome) {
    for count in 1.. {
        let slice = job.cut().expect("nothing is out");
        assert!(job.cut().is_none(), "one slice at a time");
        if let Some(outcome) = job.merge(slice.run()) {
            return (count, outcome);
        }
    }
    unreachable!("a count does not end")
}

pub(super) fn found(outcome: Outcome) -> Found {
    let Outcome::Found(found) = outcome else { panic!("not found: {outcome:?}") };
    *found
}

pub(super) fn bytes(outcome: Outcome) -> Vec<u8> {
    let content = found(outcome).content;
    let Content::Bytes(bytes) = content else { panic!("not read: {content:?}") };
    bytes.to_vec()
}

#[test]
fn a_name_is_bytes_and_leads_to_a_file_a_directory_or_nothing() {
    let place = Place::new();
    let names: [&[u8]; 6] = [b"a b", b"100%", b"line\nbreak", b"\xff\xfe", b"%41", b"deep/down/x"];
    for name in names {
        place.put(name, name);
        assert_eq!(bytes(place.find([b"/", name].concat())), name);
        let within = [b"/", name, b"/x"].concat();
        assert!(matches!(place.find(within), Outcome::No(NoFile::Missing)), "beneath a file");
    }
    assert!(matches!(place.find("/A"), Outcome::No(NoFile::Missing)), "names are not decoded here");
    assert!(matches!(place.find("/deep"), Outcome::No(NoFile::Directory)));
    assert!(matches!(place.find("/deep/"), Outcome::No(NoFile::Missing)), "it has no index");
    place.put("deep/index.html", "index");
    place.put("index.html", "root");
    assert_eq!(bytes(place.find("/deep/")), b"index");
    assert_eq!(bytes(place.find("/")), b"root");
    let long = format!("/{}", "x".repeat(300));
    assert!(matches!(place.find(long), Outcome::No(NoFile::Missing)), "longer than any name");
}

#[test]
fn what_is_no_regular_file_is_missing_at_once() {
    let place = Place::new();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    let fifo = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, place.at("fifo"), fifo, mode, 0).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(place.at("socket")).unwrap();
    symlink("/dev/zero", place.at("zero")).unwrap();
    symlink("fifo", place.at("link")).unwrap();
    fs::create_dir(place.at("index.html")).unwrap();
    for path in ["/fifo", "/socket", "/zero", "/link", "/"] {
        assert!(matches!(place.find(path), Outcome::No(NoFile::Missing)), "{path}");
    }
    place.put("a.txt", "text");
    rustix::fs::mknodat(rustix::fs::CWD, place.at("a.txt.gz"), fifo, mode, 0).unwrap();
    let wish = Wish::new([Coding::Gzip, Coding::Identity]);
    assert_eq!(bytes(done(Lookup { wish, ..place.lookup("/a.txt") })), b"text");
}

#[test]
fn hidden_names_are_not_looked_up() {
    for path in ["/", "/a", "/a/", "/a.b/c", "/.well-known/x", "/a/.well-known", "/a ..b", "/~a"] {
        assert!(is_served(path.as_bytes()), "{path}");
    }
    for path in
        ["", "a", "//", "//a", "/a//b", "/a//", "/.", "/..", "/.a", "/a/.b/c", "/a/..", "/.well"]
    {
        assert!(!is_served(path.as_bytes()), "{path}");
    }
}

#[test]
fn a_file_is_looked_at_opened_or_read_as_far_as_is_wanted() {
    let place = Place::new();
    let long = vec![b'x'; 3 * limits::FILE_READ_BYTES + 1];
    place.put("long", &long);
    let at = |depth| found(done(Lookup { depth, ..place.lookup("/long") }));
    let state = at(Depth::State);
    assert!(matches!(state.content, Content::None));
    assert_eq!((state.mark.bytes, state.mark), (long.len() as u64, state.state.base));
    let opened = at(Depth::Content(long.len() as u64 - 1));
    assert!(matches!(&opened.content, Content::File(file) if file.mark() == state.mark));
    let (count, outcome) = slices(Job::lookup(place.lookup("/long")));
    assert_eq!((count, bytes(outcome)), (5, long), "found, and read in four pieces");
    place.put("empty", "");
    assert_eq!(bytes(place.find("/empty")), b"");
}

#[test]
fn a_long_file_is_sealed_while_a_permit_is_left() {
    let place = Place::new();
    let permits = Permits::new(1);
    let long = (0..limits::SEAL_BYTES_MIN).map(|at| (at % 251) as u8).collect::<Vec<_>>();
    place.put("long", &long);
    place.put("short", &long[1..]);
    let read = |path: &str| {
        let lookup = Lookup { permits: Some(Arc::clone(&permits)), ..place.lookup(path) };
        found(done(lookup)).content
    };
    assert!(matches!(read("/short"), Content::Bytes(_)), "not worth a descriptor");
    let Content::Sealed(copy) = read("/long") else { panic!("there is a permit") };
    let mut into = vec![0; long.len()];
    assert_eq!(copy.read_at(&mut into, 0).unwrap(), long.len());
    assert!(into == long && copy.file().set_len(0).is_err(), "a sealed copy is immutable");
    place.put("long", "something else");
    assert!(copy.check().is_ok(), "the copy outlives the file");
    place.put("long", &long);
    assert!(matches!(read("/long"), Content::Bytes(all) if *all == *long), "the permit is taken");
    drop(copy);
    assert!(matches!(read("/long"), Content::Sealed(_)), "and free again");
}

#[test]
fn a_file_is_told_from_another_with_the_same_length_and_time() {
    let place = Place::new();
    let put = |text: &str| {
        place.put("new", text);
        let file = File::options().write(true).open(place.at("new")).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
        fs::rename(place.at("new"), place.at("a")).unwrap();
    };
    let look = || found(place.find("/a"));
    put("AAAA");
    let first = look();
    put("BBBB");
    let second = look();
    let said = |found: &Found| (found.mark.bytes, found.mark.modified);
    assert_eq!(said(&first), said(&second));
    assert!(first.state != second.state && first.tag != second.tag);
    assert!(!first.mark.is_file(&second.mark), "it is another file");
    put("AAAA");
    let third = look();
    assert!(third.state != first.state && third.tag == first.tag, "the same bytes have their tag");
    fs::write(place.at("a"), "CCCC").unwrap();
    let file = File::options().write(true).open(place.at("a")).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
    let fourth = look();
    assert_eq!(said(&fourth), said(&first));
    assert!(fourth.mark.is_file(&third.mark) && fourth.state != third.state, "rewritten in place");
}

#[test]
fn a_long_file_has_a_tag_once_it_cannot_change_unseen() {
    let place = Place::new();
    place.put("a", "text");
    let look = |wall: SystemTime| {
        let depth = Depth::Content(0);
        found(done(Lookup { depth, wall, ..place.lookup("/a") }))
    };
    let changed = look(SystemTime::now()).mark.changed;
    let changed = SystemTime::UNIX_EPOCH + Duration::from_nanos(changed as u64);
    let young = look(changed + limits::SETTLE - Duration::from_nanos(1));
    assert!(young.is_young && young.tag.is_none(), "it may change once more in the same tick");
    let old = look(changed + limits::SETTLE);
    assert!(!old.is_young && old.tag == look(changed + limits::SETTLE).tag && old.tag.is_some());
    let read = found(place.find("/a"));
    assert!(read.tag.is_some() && read.tag != old.tag, "of one that was read it is a digest");
}

#[test]
fn what_is_known_need_not_be_read_again() {
    let place = Place::new();
    place.put("a", "text");
    let known = Some(found(place.find("/a")).state);
    let look = || done(Lookup { known, ..place.lookup("/a") });
    assert!(matches!(look(), Outcome::Same));
    place.put("a.gz", "packed");
    assert!(matches!(look(), Outcome::Found(_)), "there is another encoding now");
    let unasked = Lookup { known, sidecars: false, ..place.lookup("/a") };
    assert!(matches!(done(unasked), Outcome::Same), "unless there cannot be any");
    fs::remove_file(place.at("a.gz")).unwrap();
    assert!(matches!(look(), Outcome::Same));
    place.put("a", "texts");
    assert_eq!(bytes(look()), b"texts");
}

#[test]
fn the_most_welcome_encoding_that_is_there_is_found() {
    let place = Place::new();
    for (name, text) in [("a", "plain"), ("a.br", "brotli"), ("a.gz", "gzip")] {
        place.put(name, text);
    }
    fs::create_dir(place.at("a.zst")).unwrap();
    let wished = |codings: &[Coding]| {
        let wish = Wish::new(codings.iter().copied());
        let found = found(done(Lookup { wish, ..place.lookup("/a") }));
        assert_eq!(found.state.sidecars.map(|mark| mark.is_some()), [true, false, true]);
        (found.coding, found.mark.bytes)
    };
    use Coding::{Br, Gzip, Identity, Zstd};
    assert_eq!(wished(&[Zstd, Br, Gzip, Identity]), (Br, 6), "a directory is no encoding");
    assert_eq!(wished(&[Gzip, Br]), (Gzip, 4));
    assert_eq!(wished(&[Identity, Br]), (Identity, 5));
    assert_eq!(wished(&[Zstd]), (Identity, 5), "what is there is better than nothing");
    assert_eq!(wished(&[]), (Identity, 5));
}

#[test]
fn a_sidecar_that_is_older_than_its_file_is_not_used() {
    let place = Place::new();
    place.put("a", "plain");
    place.put("a.gz", "gzip");
    let set = |name: &str, nanos: u64| {
        let file = File::options().write(true).open(place.at(name)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)).unwrap();
    };
    let wish = Wish::new([Coding::Gzip, Coding::Identity]);
    let is_used = || {
        let found = found(done(Lookup { wish, ..place.lookup("/a") }));
        assert_eq!(
            found.state.sidecars[Coding::Gzip as usize].is_some(),
            found.coding != Coding::Identity
        );
        found.coding == Coding::Gzip
    };
    set("a", 5_123_456_789);
    for (sidecar, expected) in [
        (5_123_456_789, true),
        (9_000_000_000, true),
        (5_000_000_000, true), // truncated to seconds
        (5_123_456_000, true), // … and to microseconds
        (5_123_455_000, false),
        (4_999_999_999, false),
        (4_000_000_000, false),
    ] {
        set("a.gz", sidecar);
        assert_eq!(is_used(), expected, "{sidecar}");
    }
}

#[test]
fn a_stretch_is_warm_as_long_as_the_file_is_what_it_was() {
    let place = Place::new();
    place.put("a", "0123456789");
    let (depth, patience) = (Depth::Content(0), Patience::Whole);
    let lookup = Lookup { depth, patience, ..place.lookup("/a") };
    let Content::File(file) = found(done(lookup)).content else { panic!("not opened") };
    assert_eq!(file.warm(), 10, "as much as is read ahead, which is all of it");
    let warm = |range| slices(Job::warm(Arc::clone(&file), range)).1;
    assert!(matches!(warm(0..10), Outcome::Warm));
    assert!(matches!(warm(9..10), Outcome::Warm));
    assert!(matches!(warm(5..11), Outcome::Changed), "it never had so many bytes");
    File::options().write(true).open(place.at("a")).unwrap().set_len(5).unwrap();
    assert!(matches!(warm(0..2), Outcome::Changed));
}

#[test]
fn pages_of_the_program_are_found_like_files() {
    let pages = [("/index.html", "index"), ("/sub/a.txt", "text")];
    let pages = pages.map(|(path, text)| Page { path: path.into(), bytes: text.as_bytes().into() });
    let site = Arc::new(Site::Embedded(pages.into()));
    let place = Place::new();
    let lookup = |path: &str| Lookup { site: Arc::clone(&site), ..place.lookup(path) };
    assert_eq!(bytes(done(lookup("/"))), b"index");
    let text = found(done(lookup("/sub/a.txt")));
    assert!(!text.mark.dated, "it has no time of its own");
    assert!(matches!(done(lookup("/sub")), Outcome::No(NoFile::Directory)));
    assert!(matches!(done(lookup("/sub/")), Outcome::No(NoFile::Missing)));
    let again = Lookup { known: Some(text.state), ..lookup("/sub/a.txt") };
    assert!(matches!(done(again), Outcome::Same));
}
