//! Files that are being written, or were a moment ago.

use super::super::tests::{Place, bytes, done, slices};
use super::super::{Job, Lookup, Mark};
use super::*;
use std::fs::{self, File};
use std::time::{Duration, SystemTime};

#[test]
fn a_file_that_was_just_written_to_is_left_to_settle() {
    let place = Place::new();
    place.put("a", "text");
    place.put("empty", "");
    let changed = |name: &str| {
        let changed = Mark::of(&fs::metadata(place.at(name)).unwrap()).changed;
        SystemTime::UNIX_EPOCH + Duration::from_nanos(changed as u64)
    };
    let look = |name: &str, wall: SystemTime, patience: Patience| {
        done(Lookup { wall, patience, ..place.lookup(format!("/{name}")) })
    };
    let unsettled = |name: &str, wall: SystemTime| {
        matches!(look(name, wall, Patience::Settled), Outcome::Unsettled(_))
    };
    let (a, empty) = (changed("a"), changed("empty"));
    let nanosecond = Duration::from_nanos(1);
    assert!(unsettled("a", a) && unsettled("a", a + limits::SETTLE - nanosecond));
    assert!(!unsettled("a", a + limits::SETTLE));
    assert!(unsettled("empty", empty + limits::SETTLE), "more is likely to come");
    assert!(!unsettled("empty", empty + limits::SETTLE_EMPTY));
    assert!(unsettled("a", a - limits::SETTLE_AHEAD), "its clock is ahead a little");
    assert!(!unsettled("a", a - limits::SETTLE_AHEAD - nanosecond), "or is another one");
    assert_eq!(bytes(look("a", a, Patience::Whole)), b"text", "where that is enough");
    let Outcome::Unsettled(seen) = look("a", a, Patience::Settled) else { panic!() };
    assert_eq!(bytes(look("a", a, Patience::Quiet(seen))), b"text", "as it was seen before");
    let other = Mark { changed: 1, ..seen };
    assert!(matches!(look("a", a, Patience::Quiet(other)), Outcome::Unsettled(_)));
    assert!(matches!(look("empty", empty, Patience::Whole), Outcome::Unsettled(_)));
    assert_eq!(bytes(look("empty", empty, Patience::Any)), b"");
}

#[test]
fn a_time_of_writing_in_the_future_is_no_reason_to_wait() {
    let place = Place::new();
    place.put("a", "text");
    let file = File::options().write(true).open(place.at("a")).unwrap();
    for ahead in [1, 4, 3600] {
        file.set_modified(SystemTime::now() + Duration::from_secs(ahead)).unwrap();
        let changed = Mark::of(&file.metadata().unwrap()).changed;
        let wall = SystemTime::UNIX_EPOCH + Duration::from_nanos(changed as u64) + limits::SETTLE;
        let look = Lookup { wall, patience: Patience::Settled, ..place.lookup("/a") };
        assert_eq!(bytes(done(look)), b"text", "{ahead} s ahead");
    }
}

#[test]
fn a_file_that_changes_between_two_slices_is_not_what_was_found() {
    let place = Place::new();
    let long = vec![b'x'; 3 * limits::FILE_READ_BYTES];
    let shrink = |file: &File| file.set_len(9).unwrap();
    let touch = |file: &File| file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    for change in [shrink, touch] {
        place.put("long", &long);
        let patience = Patience::Whole;
        let mut job = Job::lookup(Lookup { patience, ..place.lookup("/long") });
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
