//! The table against an oracle that is just a list.

use super::*;
use std::collections::HashSet;
use std::time::Duration;

fn limits(sessions: usize) -> Limits {
    Limits {
        sessions,
        session_idle: Duration::from_secs(30),
        session_lifetime: Duration::from_secs(100),
        ..Limits::default()
    }
}

/// A visit with one `Cookie` field.
fn visit(table: &mut Sessions, field: &str, now: Instant, limits: &Limits) -> Visit {
    table.visit(std::iter::once(field.as_bytes()), now, limits)
}

fn first(table: &mut Sessions, now: Instant, limits: &Limits) -> Id {
    assert_eq!(visit(table, "", now, limits), Visit::New);
    table.begin(now, limits)
}

fn field(id: Id) -> String {
    format!("{COOKIE}={}", std::str::from_utf8(&id.text()).unwrap())
}

/// Id, beginning and last use; the most recently used first. Sessions whose cookie has not come
/// back yet, and those whose has.
#[derive(Default)]
struct Twin {
    fresh: Vec<(Id, Instant, Instant)>,
    proven: Vec<(Id, Instant, Instant)>,
    counted: u64,
}

impl Twin {
    /// Returns true if the session is known and not expired. An expired one is removed.
    fn use_again(&mut self, id: Id, now: Instant, limits: &Limits) -> bool {
        let is_it = |entry: &(Id, Instant, Instant)| entry.0 == id;
        let fresh = self.fresh.iter().position(is_it).map(|at| self.fresh.remove(at));
        let proven = self.proven.iter().position(is_it).map(|at| self.proven.remove(at));
        let Some((_, began, used)) = fresh.or(proven) else { return false };
        let lives = now - used < limits.session_idle && now - began < limits.session_lifetime;
        if lives {
            self.proven.insert(0, (id, began, now));
        }
        if lives && fresh.is_some() {
            self.counted += 1;
            let most = (limits.sessions - (limits.sessions / 16).max(1)).max(1);
            self.proven.truncate(most);
        }
        lives
    }

    fn begin(&mut self, id: Id, now: Instant, limits: &Limits) {
        for _ in 0..FORGOTTEN_PER_FIRST {
            self.fresh.pop_if(|entry| now - entry.2 >= limits.session_idle);
            self.proven.pop_if(|entry| now - entry.2 >= limits.session_idle);
        }
        if self.live() >= limits.sessions {
            let list = if self.fresh.is_empty() { &mut self.proven } else { &mut self.fresh };
            list.pop();
        }
        self.fresh.insert(0, (id, now, now));
    }

    fn live(&self) -> usize {
        self.fresh.len() + self.proven.len()
    }
}

#[test]
fn whoever_comes_the_table_holds_what_two_lists_would_hold() {
    for seed in 0..200 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let limits = limits(rng.usize(1..40));
        let (mut table, mut twin) = (Sessions::new([7; 32]), Twin::default());
        let (mut now, mut known) = (Instant::now(), vec![]);
        for _ in 0..400 {
            now += Duration::from_secs(rng.u64(..8));
            let asked = rng.choice(&known).copied().filter(|_| rng.u8(..4) > 0);
            let expected = asked.filter(|id| twin.use_again(*id, now, &limits));
            let sent = asked.map_or(String::new(), |id| format!("a=b; {}", field(id)));
            match visit(&mut table, &sent, now, &limits) {
                Visit::Known(id) => assert_eq!(Some(id), expected),
                Visit::New => {
                    let id = table.begin(now, &limits);
                    assert!(expected.is_none() && !known.contains(&id));
                    twin.begin(id, now, &limits);
                    known.push(id);
                }
                Visit::None => unreachable!("sessions are on"),
            }
            assert_eq!((table.live(), table.counted()), (twin.live(), twin.counted));
            assert!(table.live() <= limits.sessions);
            let all = twin.fresh.iter().chain(&twin.proven);
            let places = all.filter_map(|entry| table.place(entry.0));
            assert_eq!(places.collect::<HashSet<_>>().len(), table.live());
        }
    }
}

#[test]
fn who_returns_no_cookie_pushes_out_nobody_who_does_nor_counts() {
    let (mut table, limits, now) = (Sessions::new([7; 32]), limits(100), Instant::now());
    let faithful = (0..50).map(|_| {
        let id = first(&mut table, now, &limits);
        assert_eq!(visit(&mut table, &field(id), now, &limits), Visit::Known(id));
        id
    });
    let faithful = faithful.collect::<Vec<_>>();
    for _ in 0..10_000 {
        first(&mut table, now, &limits);
    }
    assert_eq!((table.live(), table.counted()), (100, 50));
    for id in faithful {
        assert_eq!(visit(&mut table, &field(id), now, &limits), Visit::Known(id));
    }
    assert_eq!(table.counted(), 50, "each once");
}

#[test]
fn in_a_full_table_there_is_room_for_a_new_one_to_come_back() {
    let (mut table, limits, now) = (Sessions::new([7; 32]), limits(32), Instant::now());
    for _ in 0..100 {
        let id = first(&mut table, now, &limits);
        assert_eq!(visit(&mut table, &field(id), now, &limits), Visit::Known(id));
    }
    let new = first(&mut table, now, &limits);
    first(&mut table, now, &limits);
    assert_eq!(visit(&mut table, &field(new), now, &limits), Visit::Known(new));
}

#[test]
fn what_is_not_ours_is_never_adopted() {
    let (mut table, limits, now) = (Sessions::new([7; 32]), limits(20), Instant::now());
    let own = first(&mut table, now, &limits);
    let foreign = first(&mut Sessions::new([8; 32]), now, &limits);
    for stranger in [
        field(foreign),
        field(Id(0)),
        field(table.id(0, 0)),
        field(table.id(0, 2)),
        field(table.id(1, 1)),
        field(Id(own.0 ^ 1)),
        field(Id(own.0 ^ 1 << 127)),
        field(own).to_uppercase(),
        field(own) + "A",
        field(own).trim_end_matches(char::is_alphanumeric).to_string(),
        field(own).replace('=', "x="),
    ] {
        let asked = visit(&mut table, &stranger, now, &limits);
        assert_eq!(asked, Visit::New, "{stranger} was taken for one of ours");
        let id = table.begin(now, &limits);
        assert!(id != foreign && id != own);
    }
    let both = format!("{}; {}", field(foreign), field(own));
    assert_eq!(visit(&mut table, &both, now, &limits), Visit::Known(own));
}

#[test]
fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
    let (mut table, limits, start) = (Sessions::new([7; 32]), limits(10), Instant::now());
    let id = first(&mut table, start, &limits);
    for second in [29, 58, 87, 99] {
        let now = start + Duration::from_secs(second);
        assert_eq!(visit(&mut table, &field(id), now, &limits), Visit::Known(id));
    }
    let over = start + limits.session_lifetime;
    assert_eq!(visit(&mut table, &field(id), over, &limits), Visit::New);
    let next = table.begin(over, &limits);
    let idle = over + limits.session_idle;
    assert_eq!(visit(&mut table, &field(next), idle, &limits), Visit::New);
}

#[test]
fn ids_look_random_and_depend_on_the_secret() {
    let ids = |secret| {
        let mut table = Sessions::new([secret; 32]);
        (0..1000).map(|_| first(&mut table, Instant::now(), &limits(10))).collect::<HashSet<_>>()
    };
    let (own, other) = (ids(7), ids(8));
    assert!(own.len() == 1000 && own.is_disjoint(&other));
    let ones = own.iter().map(|id| id.0.count_ones()).sum::<u32>();
    assert!((63_000..65_000).contains(&ones), "half of all bits, not {ones} of 128000");
}

#[test]
fn without_room_for_any_there_is_none() {
    let visit = visit(&mut Sessions::new([7; 32]), "", Instant::now(), &limits(0));
    assert_eq!(visit, Visit::None);
}

#[test]
fn neither_logs_nor_debugging_tell_the_id() {
    let id = first(&mut Sessions::new([7; 32]), Instant::now(), &limits(10));
    let text = String::from_utf8(id.text().to_vec()).unwrap();
    let told = format!("{id:?} {} {:?}", id.digest(), Visit::Known(id));
    assert!(!told.contains(&text) && !told.contains(&format!("{:x}", id.0)), "{told}");
    assert_eq!(id.digest().to_string().len(), 12);
}
