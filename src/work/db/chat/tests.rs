//! Tests that store sessions and query figures.

use super::*;
use rusqlite::Connection;

fn row(id: &str, day: &str, outcome: &str, agent: Option<&str>) -> Session {
    Session {
        id: id.to_string(),
        chat: agent.map(|_| id.len() as u32),
        visitor: "Ann".to_string(),
        agent: agent.map(str::to_string),
        day: day.to_string(),
        outcome: outcome.to_string(),
        waited_ms: 30_000,
        talked_ms: 60_000,
        present: "bo,cy".to_string(),
        ..Session::default()
    }
}

fn ask(connection: &mut Connection, request: &Request) -> Answer {
    let transaction = connection.transaction().unwrap();
    let answer = answer(&transaction, &mut Sums::default(), request).unwrap();
    transaction.commit().unwrap();
    answer
}

#[test]
fn what_was_kept_is_found_summed_and_rated() {
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch(SCHEMA).unwrap();
    let line = Line { at_ms: 5, who: "Ann".to_string(), text: "hi".to_string() };
    let first = row("a", "2026-01-31", "handled", Some("bo"));
    for (session, lines) in [
        (first.clone(), vec![line.clone()]),
        (row("bb", "2026-01-31", "handled", Some("bo")), vec![]),
        (row("c", "2026-02-01", "lost", None), vec![]),
    ] {
        let kept = ask(&mut db, &Request::Keep(Box::new(session), lines));
        assert_eq!(kept, Answer::Kept);
    }
    ask(&mut db, &Request::Rate("a".to_string(), 4, "good".to_string()));
    let days = |from: &str, to: &str| Days { from: from.to_string(), to: to.to_string() };
    let january = days("2026-01-01", "2026-01-31");
    let Answer::Figures(figures) = ask(&mut db, &Request::Figures(vec![january])) else { panic!() };
    let expected = Group {
        outcome: "handled".to_string(),
        agent: Some("bo".to_string()),
        present: "bo,cy".to_string(),
        count: 2,
        waited_ms: 60_000,
        talked_ms: 120_000,
        longest_ms: 30_000,
        within: 2,
        rated: 1,
        stars: 4,
        good: 1,
        ..Group::default()
    };
    assert_eq!(figures, [(vec![expected], vec![])]);
    let opening = ask(&mut db, &Request::Opening(days("2026-02-01", "2026-02-01")));
    assert!(matches!(opening, Answer::Opening(2, groups, _) if groups[0].outcome == "lost"));
    let Answer::Sessions(rows) = ask(&mut db, &Request::Sessions("2026-01-31".to_string(), 9))
    else {
        panic!()
    };
    assert_eq!(rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["a", "bb"]);
    let rated = Session { rating: Some(4), comment: "good".to_string(), ..first };
    let found = Answer::Transcript(Some((Box::new(rated), vec![line])));
    assert_eq!(ask(&mut db, &Request::Transcript("a".to_string())), found);
    assert_eq!(ask(&mut db, &Request::History(1)), found);
    assert_eq!(ask(&mut db, &Request::History(9)), Answer::Transcript(None));
}
