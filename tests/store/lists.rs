//! Tests of lists of books: successive pages, queries that are too long, and lists that are longer
//! than the buffers of a connection.

use crate::util::http::{Client, get as get_line};
use crate::util::process::{FREE, Place, Server, eventually};
use crate::{ask, field, get};
use pentad::work::db::store::{Answer, File, Origin, Request};
use pentad::work::store::Entry;
use std::sync::Arc;

const JSON: &str = "Content-Type: application/json\r\n";

fn titles(server: &Server, path: &str) -> (Vec<String>, Option<String>) {
    let reply = get(server.web(), path);
    assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    let books = reply.json();
    let title = |book: &serde_json::Value| book["title"].as_str().unwrap().to_string();
    let next = field(&reply, "Link")
        .map(|link| link.strip_prefix('<').unwrap().split_once('>').unwrap().0.to_string());
    (books.as_array().unwrap().iter().map(title).collect(), next)
}

#[test]
fn a_page_goes_on_behind_the_last_book_for_every_sort() {
    let server = Server::start(&[]);
    for sort in ["id", "-id", "title", "-title", "price", "-price", "stock", "-stock"] {
        let (mut seen, next) = titles(&server, &format!("/api/books?sort={sort}&limit=2"));
        // With offsets, this book before or after all others would cause a duplicate or a gap.
        for (title, price, quantity) in [("  first", 0, 0), ("~ last", 1_000_000, 1_000_000)] {
            let title = format!("{title} {sort}");
            let book = format!(
                "{{\"title\":\"{title}\",\"price\":{price},\"topic\":\"New\",\
                 \"quantity\":{quantity}}}"
            );
            assert_eq!(
                ask(server.panel(), "POST", "/api/books", JSON, &book).status,
                201,
                "{book}"
            );
        }
        let mut path = next;
        while let Some(next) = path {
            let (more, next) = titles(&server, &next);
            seen.extend(more);
            path = next;
        }
        for title in ["The Great Gatsby", "Introduction to Python", "History of Art"] {
            let count = seen.iter().filter(|seen| *seen == title).count();
            assert_eq!(count, 1, "{sort}: {title} of {seen:?}");
        }
        let mut once = seen.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), seen.len(), "{sort}: {seen:?}");
    }
    for query in [
        "cursor=2",
        "cursor=id.x",
        "cursor=price.1.100",
        "sort=price&cursor=id.1",
        "sort=price&cursor=price.1",
        "sort=title&cursor=title.",
    ] {
        assert_eq!(get(server.web(), &format!("/api/books?{query}")).status, 400, "{query}");
    }
}

#[test]
fn no_query_is_too_long_for_the_answer_about_it() {
    let server = Server::start(&[]);
    let long = "!".repeat(7000);
    for (path, status) in [
        (format!("/api/books?limit=1&x={long}"), 200),
        (format!("/api/books?limit=1&q={long}"), 400),
        (format!("/api/books?limit=1&topic={long}"), 400),
        (format!("/products/{long}"), 404),
    ] {
        let reply = get(server.web(), &path);
        assert_eq!(reply.status, status, "{} {}", &path[..30], reply.body);
        assert!(reply.head.len() < 4096, "{}", reply.head);
    }
    let (_, next) = titles(&server, &format!("/api/books?limit=1&x={long}"));
    assert_eq!(titles(&server, &next.unwrap()).0, ["Introduction to Python"]);
}

const BOOKS: u32 = 6000;

/// Starts a server with many books, whose titles have 200 letters of four bytes.
fn crowded() -> Server {
    let place = Place::new();
    std::fs::create_dir_all(place.path("data")).unwrap();
    let mut log = File::log(place.path("data/store-log.db"));
    let mut written = |request| log.carry_out(request).unwrap();
    assert!(matches!(written(Request::Open), Answer::Opened(_)));
    written(Request::Mark(Origin { log: 7, leased: false }));
    let book = |id: u32| Entry::Add {
        title: format!("{id:08}{}", "\u{1d11e}".repeat(192)),
        quantity: id % 7,
        price: id,
        topic: "Many".to_string(),
    };
    for first in (4..=BOOKS).step_by(1000) {
        let record = (first..=BOOKS.min(first + 999)).map(book).collect::<Arc<[Entry]>>();
        written(Request::Append(record));
    }
    drop(log);
    Server::launch(&place, place.command(FREE))
}

fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(server.proc("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn a_long_list_comes_whole_and_is_not_held_by_each_reader() {
    let server = crowded();
    let catalog = server.addr("catalog-1", "tcp");
    let all = get(catalog, "/retrieve/search/all");
    assert_eq!(all.json().as_array().unwrap().len(), BOOKS as usize);
    let head = ask(catalog, "HEAD", "/retrieve/search/all", "", "");
    assert_eq!(field(&head, "Content-Length"), Some(all.body.len().to_string().as_str()));
    assert_eq!(get(server.web(), "/products/all").body, all.body);
    assert_eq!(get(catalog, "/api/topics").json()[2]["books"], BOOKS - 3);
    let page = get(server.web(), "/api/books?sort=-price&limit=500");
    assert_eq!(page.json()[499]["id"], BOOKS - 499 + 2, "two of the first three cost more");
    let log = get(server.panel(), "/api/store/log?since=10").json();
    assert_eq!((&log[0]["seq"], &log[999 - 10]["seq"]), (&11.into(), &1000.into()));
    // A client that does not read occupies memory for a piece of the list, not for the whole list.
    let before = resident(&server);
    let readers = (0..64).map(|_| {
        let mut reader = Client::connect(catalog);
        reader.send(get_line("/retrieve/search/all"));
        reader
    });
    let mut readers = readers.collect::<Vec<_>>();
    eventually("an answer to a second client", || {
        (get(catalog, "/retrieve/item/1").status == 200).then_some(())
    });
    let begun = readers.iter().all(|reader| reader.stream.peek(&mut [0; 65536]).is_ok());
    assert!(begun, "each of them has the beginning");
    let (held, whole) = (resident(&server).saturating_sub(before), 64 * all.body.len() as u64);
    assert!(held < whole / 8, "{held} bytes are held, and all lists are {whole}");
    for reader in &mut readers[..4] {
        assert_eq!(reader.reply().unwrap().body.len(), all.body.len());
    }
}
