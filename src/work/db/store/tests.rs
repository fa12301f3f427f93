//! Tests of the bookstore's files against the model in memory, and against damage.

use super::*;
use crate::work::store::memory::Tables;
use crate::work::store::{KEYS_KEPT, Outcome};

/// A directory that is deleted when its test ends.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("pentad-store-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Place(path)
    }

    fn file(&self, name: &str) -> (File, View) {
        let mut file = File::new(self.0.join(name));
        let Answer::Opened(view) = file.carry_out(Request::Open).unwrap() else { panic!() };
        (file, view)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn sell(book: u32, quantity: u32, key: Option<&str>) -> Entry {
    Entry::Sell { book, quantity, key: key.map(str::to_string), at: 1_700_000_000 }
}

/// Returns a random entry, from few books and keys so that they collide.
fn any(rng: &mut fastrand::Rng) -> Entry {
    let book = rng.u32(1..=5);
    match rng.u8(..10) {
        0..6 => {
            let key = rng.bool().then(|| format!("key-{}", rng.u8(..20)));
            Entry::Sell { book, quantity: rng.u32(1..4), key, at: rng.u64(..1 << 33) }
        }
        6 => Entry::Change {
            book,
            price: rng.bool().then(|| rng.u32(..1000)),
            quantity: rng.bool().then(|| rng.u32(..10)),
            title: None,
            topic: rng.bool().then(|| "Art".to_string()),
            expected: rng.bool().then(|| vec![rng.u64(..)]),
        },
        7 | 8 => Entry::Stock { book, delta: rng.i64(-20..20), reason: "count".to_string() },
        _ => Entry::Add {
            title: "New".to_string(),
            quantity: rng.u32(..9),
            price: 1,
            topic: "Art".to_string(),
        },
    }
}

fn applied(answer: Answer) -> Step {
    let Answer::Applied(step) = answer else { panic!("{answer:?}") };
    step
}

#[test]
fn a_file_goes_on_exactly_as_tables_in_memory_do() {
    let place = Place::new("twin");
    let (mut file, view) = place.file("catalog-1.db");
    let mut twin = Tables::default();
    assert_eq!((view.seq, view.digest, view.books.len()), (0, twin.digest(), 3));
    let mut rng = fastrand::Rng::with_seed(7);
    for round in 0..60 {
        let entries: Arc<[Entry]> = (0..rng.usize(1..20)).map(|_| any(&mut rng)).collect();
        let first = twin.seq + 1;
        let told = entries.iter().map(|entry| twin.apply(entry)).collect::<Vec<_>>();
        let apply = Request::Apply(first, Arc::clone(&entries));
        let step = applied(file.carry_out(apply.clone()).unwrap());
        assert_eq!((step.seq, step.digest), (twin.seq, twin.digest()), "round {round}");
        assert_eq!((step.settled, step.orders), (told, twin.orders.len() as u64));
        let again = applied(file.carry_out(apply).unwrap());
        assert!(again.settled.is_empty() && again.seq == twin.seq, "nothing is applied twice");
        if round % 20 == 0 {
            let (reopened, view) = place.file("catalog-1.db");
            let books = twin.books.values().cloned().collect::<Vec<_>>();
            assert_eq!((view.seq, view.digest, view.books), (twin.seq, twin.digest(), books));
            file = reopened;
        }
    }
    let gap = file.carry_out(Request::Apply(twin.seq + 2, [sell(1, 1, None)].into()));
    assert!(gap.unwrap_err().to_string().contains("missing"));
    assert!(file.carry_out(Request::Apply(twin.seq + 1, [sell(1, 1, None)].into())).is_ok());
}

#[test]
fn the_log_gives_back_what_it_took_and_folds_what_is_old() {
    let place = Place::new("log");
    let mut log = File::log(place.0.join("store-log.db"));
    log.carry_out(Request::Open).unwrap();
    let batch: Arc<[Entry]> = (0..1000).map(|_| sell(2, 1, None)).collect();
    let records = (limits::STORE_LOG_ENTRIES + 2 * limits::STORE_FOLD) / 1000 + 1;
    for record in 0..records {
        let appended = log.carry_out(Request::Append(Arc::clone(&batch))).unwrap();
        assert!(matches!(appended, Answer::Appended(first) if first == record * 1000 + 1));
    }
    let tip = records * 1000;
    assert!(matches!(log.carry_out(Request::Read(0, 10)), Ok(Answer::Folded)));
    let Answer::Entries(first, entries) = log.carry_out(Request::Read(tip - 1500, 10)).unwrap()
    else {
        panic!("these are in the log")
    };
    assert_eq!((first, entries.len()), (tip - 1499, 500), "whole records, no entry twice");
    let (mut late, _) = place.file("catalog-2.db");
    let restored = late.carry_out(Request::Restore(place.0.join("store-log.db"))).unwrap();
    let Answer::Opened(View { seq, .. }) = restored else { panic!("{restored:?}") };
    assert!(seq >= tip - limits::STORE_LOG_ENTRIES - limits::STORE_FOLD && seq > 0);
    let Answer::Entries(first, entries) = log.carry_out(Request::Read(seq, 1 << 20)).unwrap()
    else {
        panic!("what follows the state that the log begins with is in it")
    };
    let step = applied(late.carry_out(Request::Apply(first, entries)).unwrap());
    let mut twin = Tables::default();
    (0..tip).for_each(|_| drop(twin.apply(&sell(2, 1, None))));
    assert_eq!((step.seq, step.digest), (tip, twin.digest()));
    let Answer::Opened(view) = log.carry_out(Request::Open).unwrap() else { panic!("it opens") };
    assert_eq!(view.seq, tip, "a log that is opened again goes on where it was");
}

#[test]
fn a_replica_that_lost_its_end_takes_it_from_the_log_again() {
    let place = Place::new("lost");
    let mut log = File::log(place.0.join("store-log.db"));
    log.carry_out(Request::Open).unwrap();
    let (mut file, _) = place.file("catalog-1.db");
    let mut twin = Tables::default();
    let mut digests = vec![twin.digest()];
    let mut rng = fastrand::Rng::with_seed(5);
    while twin.seq < 300 {
        let entries: Arc<[Entry]> = (0..rng.usize(1..20)).map(|_| any(&mut rng)).collect();
        let first = twin.seq + 1;
        for entry in &*entries {
            twin.apply(entry);
            digests.push(twin.digest());
        }
        log.carry_out(Request::Append(Arc::clone(&entries))).unwrap();
        file.carry_out(Request::Apply(first, entries)).unwrap();
    }
    // The disk after a power failure: the file, and a prefix of its journal.
    let database = std::fs::read(place.0.join("catalog-1.db")).unwrap();
    let journal = std::fs::read(place.0.join("catalog-1.db-wal")).unwrap();
    let mut behind = 0;
    for cut in (0..60).map(|_| rng.usize(..journal.len())).chain([0, journal.len()]) {
        let _ = std::fs::remove_file(place.0.join("cut.db-shm"));
        std::fs::write(place.0.join("cut.db"), &database).unwrap();
        std::fs::write(place.0.join("cut.db-wal"), &journal[..cut]).unwrap();
        let (mut late, view) = place.file("cut.db");
        assert_eq!(view.digest, digests[view.seq as usize], "whole entries, cut at {cut}");
        behind += u32::from(view.seq < twin.seq);
        let read = log.carry_out(Request::Read(view.seq, usize::MAX)).unwrap();
        let Answer::Entries(first, entries) = read else { panic!("{read:?}") };
        let step = applied(late.carry_out(Request::Apply(first, entries)).unwrap());
        assert_eq!((step.seq, step.digest), (twin.seq, twin.digest()), "cut at {cut}");
    }
    assert!(behind > 40, "most had lost something");
}

#[test]
fn a_key_is_forgotten_in_file_and_memory_alike() {
    let place = Place::new("keys");
    let (mut file, _) = place.file("order-1.db");
    let mut twin = Tables::default();
    let mut entries = vec![sell(2, 1, Some("a"))];
    entries.extend((0..KEYS_KEPT - 2).map(|_| sell(9, 1, None)));
    entries.extend([sell(2, 1, Some("a")), sell(2, 1, Some("a")), sell(2, 1, Some("a"))]);
    let told = entries.iter().map(|entry| twin.apply(entry)).collect::<Vec<_>>();
    let step = applied(file.carry_out(Request::Apply(1, entries.into())).unwrap());
    assert_eq!(step.settled, told);
    let last = told[told.len() - 3..].iter().map(|settled| settled.replayed).collect::<Vec<_>>();
    assert_eq!(last, [true, false, true], "it is kept for so many entries, then it is new");
}

#[test]
fn a_file_whose_rows_were_changed_is_not_served_from() {
    let place = Place::new("tampered");
    let (file, _) = place.file("catalog-1.db");
    drop(file);
    let shell = Connection::open(place.0.join("catalog-1.db")).unwrap();
    shell.execute("UPDATE books SET quantity = 98 WHERE id = 2", []).unwrap();
    drop(shell);
    let path = place.0.join("catalog-1.db");
    let refused = File::new(path.clone()).carry_out(Request::Open).unwrap_err().to_string();
    assert!(refused.contains("not those that were written"), "{refused}");
    std::fs::write(&path, b"this is no database, however long it goes on").unwrap();
    let refused = File::new(path).carry_out(Request::Open).unwrap_err().to_string();
    assert!(refused.contains("not a database"), "{refused}");
    let (_, view) = place.file("catalog-2.db");
    assert_eq!(view.books.len(), 3, "its neighbour is");
}

#[test]
fn a_purchase_is_one_decision() {
    let mut tables = Tables::default();
    let outcome = |tables: &mut Tables, entry: &Entry| tables.apply(entry).outcome;
    assert_eq!(outcome(&mut tables, &sell(1, 9, None)), Outcome::Sold { order: 1, left: 0 });
    assert_eq!(outcome(&mut tables, &sell(1, 1, None)), Outcome::Short { available: 0 });
    assert_eq!(outcome(&mut tables, &sell(7, 1, None)), Outcome::NoBook);
    let keyed = sell(2, 1, Some("k"));
    let sold = Outcome::Sold { order: 2, left: 96 };
    assert_eq!(tables.apply(&keyed), Settled { outcome: sold.clone(), replayed: false });
    assert_eq!(tables.apply(&keyed), Settled { outcome: sold, replayed: true });
    assert_eq!(outcome(&mut tables, &sell(2, 2, Some("k"))), Outcome::KeyTaken);
    assert_eq!(tables.orders.len(), 2);
}

/// Returns all pages of a file's state with their cursors.
fn pages(file: &mut File) -> Vec<(Cursor, Page)> {
    let (mut all, mut at) = (Vec::new(), Some(Cursor::FIRST));
    while let Some(begin) = at {
        let Answer::Page(page) = file.carry_out(Request::Page(begin, None)).unwrap() else {
            panic!("a page was asked for")
        };
        at = page.next;
        all.push((begin, page));
    }
    all
}

#[test]
fn a_state_that_goes_page_by_page_is_the_same_at_the_other_end() {
    let place = Place::new("pages");
    let (mut from, _) = place.file("from.db");
    let entries: Arc<[Entry]> = (0..2 * limits::STORE_PAGE + 7)
        .map(|number| sell(2, u32::from(number < 90), Some(&format!("key-{number}"))))
        .collect();
    from.carry_out(Request::Apply(1, Arc::clone(&entries))).unwrap();
    let all = pages(&mut from);
    assert!(all.len() > 6, "books, orders and keys, of which there are several pages");
    let other = Request::Page(Cursor::FIRST, Some(1));
    assert!(matches!(from.carry_out(other), Ok(Answer::Folded)), "a state that is over");
    let (mut to, before) = place.file("to.db");
    // Rows that do not match the digest change nothing.
    for (at, page) in &all {
        let wrong = Page { digest: page.digest ^ 1, ..page.clone() };
        let staged = to.carry_out(Request::Stage(*at, Arc::new(wrong)));
        assert_eq!(staged.is_err(), page.next.is_none());
    }
    let Answer::Opened(view) = to.carry_out(Request::Open).unwrap() else { panic!() };
    assert_eq!((view.seq, view.digest), (before.seq, before.digest));
    let mut last = None;
    for (at, page) in all {
        last = Some(to.carry_out(Request::Stage(at, Arc::new(page))).unwrap());
    }
    let Some(Answer::Opened(view)) = last else { panic!("the last page makes it whole") };
    let Answer::Opened(own) = from.carry_out(Request::Open).unwrap() else { panic!() };
    assert_eq!((view.seq, view.digest, view.books), (own.seq, own.digest, own.books));
    // The keys are part of the state: a repeated purchase is not executed again.
    let again = Request::Apply(own.seq + 1, entries[..1].into());
    let told = applied(to.carry_out(again.clone()).unwrap()).settled;
    assert!(told[0].replayed, "{told:?}");
    assert_eq!(told, applied(from.carry_out(again).unwrap()).settled);
}
