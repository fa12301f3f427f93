//! Jobs on directories of their own, each done slice by slice.

use super::*;
use crate::limits;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

/// A directory that is served, and is gone after the test.
struct Place {
    path: PathBuf,
    site: Arc<Site>,
}

impl Place {
    fn new() -> Place {
        static PLACES: AtomicUsize = AtomicUsize::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let name = format!("pentad-files-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        let site = Arc::new(Site::Directory(Root::open(&path).unwrap()));
        Place { path, site }
    }

    fn at(&self, name: impl AsRef<[u8]>) -> PathBuf {
        self.path.join(OsStr::from_bytes(name.as_ref()))
    }

    /// Writes a file, and the directories that it needs.
    fn put(&self, name: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Whatever is there is read, without a thought of who may be writing to it.
    fn lookup(&self, path: impl AsRef<[u8]>) -> Lookup {
        Lookup {
            site: Arc::clone(&self.site),
            path: path.as_ref().into(),
            wish: Wish::PLAIN,
            depth: Depth::Content(u64::MAX),
            list: false,
            wall: None,
            seats: None,
            known: None,
        }
    }

    fn find(&self, path: impl AsRef<[u8]>) -> Outcome {
        done(self.lookup(path))
    }

    fn list(&self, path: &str) -> (Vec<Name>, bool) {
        let outcome = done(Lookup { list: true, ..self.lookup(path) });
        let Outcome::Listing { names, truncated } = outcome else {
            panic!("{path}: {outcome:?}");
        };
        (names, truncated)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn done(lookup: Lookup) -> Outcome {
    slices(Job::lookup(lookup)).1
}

/// How many slices a job takes, and what it comes to.
fn slices(mut job: Job) -> (usize, Outcome) {
    for count in 1.. {
        let slice = job.cut().expect("nothing is out");
        assert!(job.cut().is_none(), "one slice at a time");
        if let Some(outcome) = job.merge(slice.run()) {
            return (count, outcome);
        }
    }
    unreachable!("a count does not end")
}

fn found(outcome: Outcome) -> Found {
    let Outcome::Found(found) = outcome else { panic!("not found: {outcome:?}") };
    *found
}

fn bytes(outcome: Outcome) -> Vec<u8> {
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
        assert!(matches!(place.find(within), Outcome::Missing), "beneath a file");
    }
    assert!(matches!(place.find("/A"), Outcome::Missing), "names are not decoded here");
    assert!(matches!(place.find("/deep"), Outcome::Directory));
    assert!(matches!(place.find("/deep/"), Outcome::Missing), "it has no index");
    place.put("deep/index.html", "index");
    place.put("index.html", "root");
    assert_eq!(bytes(place.find("/deep/")), b"index");
    assert_eq!(bytes(place.find("/")), b"root");
    let long = format!("/{}", "x".repeat(300));
    assert!(matches!(place.find(long), Outcome::Missing), "longer than any name");
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
        assert!(matches!(place.find(path), Outcome::Missing), "{path}");
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
fn a_long_file_is_a_sealed_copy_as_long_as_there_is_a_seat_for_it() {
    let place = Place::new();
    let seats = Seats::new(1);
    let long = (0..limits::SEAL_BYTES_MIN).map(|at| (at % 251) as u8).collect::<Vec<_>>();
    place.put("long", &long);
    place.put("short", &long[1..]);
    let read = |path: &str| {
        let lookup = Lookup { seats: Some(Arc::clone(&seats)), ..place.lookup(path) };
        found(done(lookup)).content
    };
    assert!(matches!(read("/short"), Content::Bytes(_)), "not worth a descriptor");
    let Content::Sealed(copy) = read("/long") else { panic!("there is a seat") };
    let mut into = vec![0; long.len()];
    assert_eq!(copy.read_at(&mut into, 0).unwrap(), long.len());
    assert!(into == long && copy.file().set_len(0).is_err(), "what nobody can change any more");
    place.put("long", "something else");
    assert!(copy.check().is_ok(), "whatever becomes of the file");
    place.put("long", &long);
    assert!(matches!(read("/long"), Content::Bytes(all) if *all == *long), "the seat is taken");
    drop(copy);
    assert!(matches!(read("/long"), Content::Sealed(_)), "and free again");
}

#[test]
fn a_validator_is_the_length_and_the_time_to_the_nanosecond() {
    let place = Place::new();
    place.put("a", "text");
    let mark = || found(place.find("/a")).mark;
    let first = mark();
    let file = File::options().write(true).open(place.at("a")).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!((first.bytes, first.stamp, first.dated), (4, since.as_nanos() as i64, true));
    file.set_modified(modified + Duration::from_nanos(1)).unwrap();
    assert_ne!(mark(), first);
    file.set_modified(modified).unwrap();
    fs::rename(place.at("a"), place.at("b")).unwrap();
    fs::rename(place.at("b"), place.at("a")).unwrap();
    assert_eq!(mark(), first, "neither the name nor the inode counts");
    file.set_modified(SystemTime::UNIX_EPOCH - Duration::from_nanos(1)).unwrap();
    assert_eq!(mark().stamp, -1, "there was a time before 1970");
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
fn a_file_that_was_just_written_to_is_left_to_settle() {
    let place = Place::new();
    place.put("a", "text");
    place.put("empty", "");
    let modified = |name: &str| fs::metadata(place.at(name)).unwrap().modified().unwrap();
    let unsettled = |name: &str, wall: SystemTime| {
        let outcome = done(Lookup { wall: Some(wall), ..place.lookup(format!("/{name}")) });
        matches!(outcome, Outcome::Unsettled(_))
    };
    let (a, empty) = (modified("a"), modified("empty"));
    let nanosecond = Duration::from_nanos(1);
    assert!(unsettled("a", a) && unsettled("a", a + limits::SETTLE - nanosecond));
    assert!(!unsettled("a", a + limits::SETTLE));
    assert!(unsettled("empty", empty + limits::SETTLE), "more is likely to come");
    assert!(!unsettled("empty", empty + limits::SETTLE_EMPTY));
    assert!(unsettled("a", a - limits::SETTLE_AHEAD), "its clock is ahead a little");
    assert!(!unsettled("a", a - limits::SETTLE_AHEAD - nanosecond), "or is another one");
    place.put("a.br", "young");
    let wall = Some(modified("a.br") + limits::SETTLE);
    assert!(matches!(done(Lookup { wall, ..place.lookup("/a") }), Outcome::Found(_)));
}

#[test]
fn a_file_that_changes_between_two_slices_is_not_what_was_found() {
    let place = Place::new();
    let long = vec![b'x'; 3 * limits::FILE_READ_BYTES];
    let shrink = |file: &File| file.set_len(9).unwrap();
    let touch = |file: &File| file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    for change in [shrink, touch] {
        place.put("long", &long);
        let mut job = Job::lookup(place.lookup("/long"));
        for _ in 0..2 {
            let slice = job.cut().unwrap();
            assert!(job.merge(slice.run()).is_none());
        }
        change(&File::options().write(true).open(place.at("long")).unwrap());
        assert!(matches!(slices(job).1, Outcome::Unsettled(_)));
    }
    place.put("long", &long);
    let mut job = Job::lookup(place.lookup("/long"));
    let slice = job.cut().unwrap();
    assert!(job.merge(slice.run()).is_none());
    fs::remove_file(place.at("long")).unwrap();
    assert_eq!(bytes(slices(job).1), long, "one that lost its name is still whole");
}

#[test]
fn a_stretch_is_warm_as_long_as_the_file_is_what_it_was() {
    let place = Place::new();
    place.put("a", "0123456789");
    let depth = Depth::Content(0);
    let Content::File(file) = found(done(Lookup { depth, ..place.lookup("/a") })).content else {
        panic!("not opened");
    };
    assert_eq!(file.warm(), 10, "as much as is read ahead, which is all of it");
    let warm = |range| slices(Job::warm(Arc::clone(&file), range)).1;
    assert!(matches!(warm(0..10), Outcome::Warm));
    assert!(matches!(warm(9..10), Outcome::Warm));
    assert!(matches!(warm(5..11), Outcome::Changed), "it never had so many bytes");
    File::options().write(true).open(place.at("a")).unwrap().set_len(5).unwrap();
    assert!(matches!(warm(0..2), Outcome::Changed));
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
    let fifo = rustix::fs::FileType::Fifo;
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mknodat(rustix::fs::CWD, place.at("d/fifo"), fifo, mode, 0).unwrap();
    let (names, truncated) = place.list("/d/");
    let told = names.iter().map(|name| (&*name.name, name.is_directory, name.bytes));
    let expected: [(&[u8], bool, u64); 7] = [
        (b".well-known", true, 0),
        (b"a\n", false, 5),
        (b"b", false, 5),
        (b"dir", true, 0),
        (b"e", true, 0),
        (b"in", false, 5),
        (b"\xff", false, 5),
    ];
    assert_eq!((told.collect::<Vec<_>>(), truncated), (expected.to_vec(), false));
    assert!(matches!(place.find("/d/"), Outcome::Missing), "only where that is asked for");
    for path in ["/d/b/", "/nothing/", "/d/out/"] {
        let outcome = done(Lookup { list: true, ..place.lookup(path) });
        assert!(matches!(outcome, Outcome::Missing), "{path}: {outcome:?}");
    }
    place.put("d/index.html", "index");
    assert_eq!(bytes(done(Lookup { list: true, ..place.lookup("/d/") })), b"index");
}

#[test]
fn a_long_listing_is_read_in_slices_and_cut_off() {
    let place = Place::new();
    let names = |count: usize, from: usize| {
        for number in from..count {
            place.put(format!("{number:05}"), "");
        }
    };
    names(limits::LISTING_NAMES_MAX, 0);
    let (all, truncated) = place.list("/");
    assert_eq!((all.len(), truncated), (limits::LISTING_NAMES_MAX, false));
    assert!(all.is_sorted());
    names(limits::LISTING_NAMES_MAX + 1, limits::LISTING_NAMES_MAX);
    let (count, outcome) = slices(Job::lookup(Lookup { list: true, ..place.lookup("/") }));
    assert!(count > 20, "{count} slices");
    let Outcome::Listing { names, truncated } = outcome else { panic!("{outcome:?}") };
    assert_eq!((names.len(), truncated), (limits::LISTING_NAMES_MAX, true));
}

#[test]
fn pages_of_the_program_are_found_like_files() {
    static PAGES: [Page; 2] = [
        Page { path: "/index.html", bytes: b"index" },
        Page { path: "/sub/a.txt", bytes: b"text" },
    ];
    let site = Arc::new(Site::Embedded(&PAGES));
    let place = Place::new();
    let lookup = |path: &str| Lookup { site: Arc::clone(&site), ..place.lookup(path) };
    assert_eq!(bytes(done(lookup("/"))), b"index");
    let text = found(done(lookup("/sub/a.txt")));
    assert!(!text.mark.dated, "it has no time of its own");
    assert!(matches!(done(lookup("/sub")), Outcome::Directory));
    assert!(matches!(done(lookup("/sub/")), Outcome::Missing));
    let again = Lookup { known: Some(text.state), ..lookup("/sub/a.txt") };
    assert!(matches!(done(again), Outcome::Same));
}
