//! Answers on their way to the cache while books change: forced orders, one after the other. What
//! was read before a write may answer requests from before the write, and none after it.

#![allow(clippy::unwrap_used)]

mod util;

use pentad::service::http::ListenerRole;
use pentad::service::store::front::Balance;
use util::bookstore::{Bookstore, answer};
use util::fake::Client;
use util::http::{field_of, text};

/// A store, and a client of its front.
struct Story {
    store: Bookstore,
}

/// A request without an answer yet.
struct Open(Client);

impl Story {
    fn begin() -> Story {
        Story { store: Bookstore::open(60, 10, Balance::RoundRobin, 1) }
    }

    /// Sends a request to this listener, and runs until the first replica's answer is on its way,
    /// where it is held.
    fn ask(&mut self, face: ListenerRole, request: &str) -> Open {
        let client = self.store.visit(face).unwrap();
        client.send(request.as_bytes());
        self.store.street.settle();
        self.store.connect();
        self.store.street.settle();
        for link in &self.store.links {
            let bytes = link.front.receive(usize::MAX);
            link.replica.send(&bytes);
        }
        self.store.street.settle();
        Open(client)
    }

    fn read(&mut self, path: &str) -> Open {
        self.ask(ListenerRole::Web, &text("GET", path, "", ""))
    }

    /// Sends a write to a replica's own listener, and waits for its answer.
    fn write(&mut self, face: ListenerRole, method: &str, path: &str, body: &str) {
        let Open(client) = self.ask(face, &text(method, path, "", body));
        let (status, _, body) = answer(&mut client.receive(usize::MAX)).unwrap();
        assert_eq!(status, 200, "{body}");
    }

    fn buy(&mut self, book: u32) {
        self.write(ListenerRole::Order(1), "PUT", &format!("/purchase/{book}/"), "");
    }

    /// Delivers everything that is on its way. Returns the answer to the request, and its cache
    /// status.
    fn hear(&mut self, Open(client): &Open) -> (String, String) {
        self.store.settle();
        let (status, head, body) = answer(&mut client.receive(usize::MAX)).unwrap();
        assert!(status == 200 || status == 404, "{head}{body}");
        (field_of(&head, "X-Cache").unwrap().to_string(), body)
    }

    /// Sends a request and returns its answer.
    fn look(&mut self, path: &str) -> (String, String) {
        let open = self.read(path);
        self.hear(&open)
    }

    fn refused(&self) -> u64 {
        self.store.state().front.cache.figures().refused_fills
    }
}

fn copies(body: &str, book: u32) -> u64 {
    let value: serde_json::Value = serde_json::from_str(body).unwrap();
    let list = value.as_array().cloned().unwrap_or_else(|| vec![value]);
    let own = list.iter().find(|one| one["id"] == book).unwrap_or_else(|| panic!("{body}"));
    own["quantity"].as_u64().unwrap()
}

#[test]
fn an_answer_that_a_purchase_has_overtaken_is_not_kept() {
    for (path, book) in [("/product/2", 2), ("/products/prog", 2), ("/products/all", 2)] {
        let mut story = Story::begin();
        let early = story.read(path);
        story.buy(book);
        let (_, body) = story.hear(&early);
        assert_eq!(copies(&body, book), 97, "{path}: who asked before may be told");
        assert_eq!(story.refused(), 1, "{path}");
        let (verdict, body) = story.look(path);
        assert_eq!((verdict.as_str(), copies(&body, book)), ("MISS", 96), "{path}");
        let (verdict, body) = story.look(path);
        assert_eq!((verdict.as_str(), copies(&body, book)), ("HIT", 96), "{path}");
    }
}

#[test]
fn a_read_after_a_purchase_does_not_join_an_earlier_one() {
    let mut story = Story::begin();
    let early = story.read("/product/2");
    let joined = story.read("/product/2");
    story.buy(2);
    let late = story.read("/product/2");
    assert_eq!(story.store.state().front.cache.figures().collapsed, 1);
    let told = [&early, &joined, &late].map(|open| copies(&story.hear(open).1, 2));
    assert_eq!(told, [97, 97, 96]);
    assert_eq!(copies(&story.look("/product/2").1, 2), 96);
}

#[test]
fn a_later_answer_stays_when_an_earlier_one_comes_at_last() {
    let mut story = Story::begin();
    let early = story.read("/product/2");
    // The answer is held, and later messages overtake it.
    let held = std::mem::take(&mut story.store.links);
    story.buy(2);
    let (verdict, body) = story.look("/product/2");
    assert_eq!((verdict.as_str(), copies(&body, 2)), ("MISS", 96));
    story.store.links.extend(held);
    assert_eq!(copies(&story.hear(&early).1, 2), 97);
    let (verdict, body) = story.look("/product/2");
    assert_eq!((verdict.as_str(), copies(&body, 2)), ("HIT", 96), "what is kept is the later one");
}

#[test]
fn a_list_on_its_way_is_not_kept_if_a_book_enters_or_leaves_it() {
    for (list, topic, before, after) in
        [("/products/fic", "Fiction", 1, 2), ("/products/prog", "Art", 1, 0)]
    {
        let mut story = Story::begin();
        let early = story.read(list);
        let body = format!("{{\"topic\":\"{topic}\"}}");
        story.write(ListenerRole::Catalog(2), "PATCH", "/api/books/2", &body);
        let count = |body: &str| body.matches("\"id\":").count();
        assert_eq!(count(&story.hear(&early).1), before, "{list}");
        let (verdict, body) = story.look(list);
        assert_eq!((verdict.as_str(), count(&body)), ("MISS", after), "{list}");
    }
}

#[test]
fn what_a_write_does_not_concern_is_kept() {
    let mut story = Story::begin();
    let other = story.read("/product/1");
    story.buy(2);
    assert_eq!(copies(&story.hear(&other).1, 1), 9);
    assert_eq!(story.look("/product/1").0, "HIT");
    assert_eq!(story.refused(), 0);
}

#[test]
fn an_unanswered_write_is_visible_nowhere_then_everywhere() {
    let mut story = Story::begin();
    assert_eq!(story.look("/product/2").0, "MISS");
    let buyer = story.store.visit(ListenerRole::Order(1)).unwrap();
    buyer.send(text("PUT", "/purchase/2/", "", "").as_bytes());
    let street = &mut story.store.street;
    let jobs = |street: &util::fake::TestNet| street.reactor.outside.jobs.len();
    while jobs(street) == 0 {
        street.turn(|| true);
    }
    street.finish_job(0);
    street.turn(|| true);
    assert_eq!(jobs(street), 4, "it is durable, and each replica is to apply it");
    for left in (1..4).rev() {
        street.finish_job(0);
        street.turn(|| true);
        assert_eq!(jobs(street), left);
        for face in [ListenerRole::Catalog(1), ListenerRole::Catalog(2), ListenerRole::Web] {
            let path = if face == ListenerRole::Web { "/product/2" } else { "/retrieve/item/2" };
            let client = street
                .connect_saying(
                    pentad::service::Kind::Http(face),
                    usize::MAX,
                    text("GET", path, "", "").as_bytes(),
                )
                .unwrap();
            street.turn(|| true);
            let (.., body) = answer(&mut client.receive(usize::MAX)).unwrap();
            assert_eq!(copies(&body, 2), 97, "{face:?} with {left} replicas to go");
        }
    }
    story.store.settle();
    let sold = answer(&mut buyer.receive(usize::MAX)).unwrap();
    assert_eq!(sold.0, 200);
    for face in [ListenerRole::Catalog(1), ListenerRole::Catalog(2)] {
        let asked = story.ask(face, &text("GET", "/retrieve/item/2", "", ""));
        let (.., body) = answer(&mut asked.0.receive(usize::MAX)).unwrap();
        assert_eq!(copies(&body, 2), 96);
    }
    assert_eq!(story.look("/product/2").0, "MISS");
}
