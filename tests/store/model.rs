//! Random requests, crashes, recoveries and restarts in sequence, compared with a simple model:
//! every answer must be the same as that of the model.

use crate::util::http::{Client, Reply, text};
use crate::util::process::{Place, Server};
use crate::{REPLICAS, agreeing, ask};
use fastrand::Rng;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// The model: a single map.
struct Shop {
    /// Title, copies, cents and topic by id.
    books: BTreeMap<u32, (String, u32, u32, String)>,
    /// The book, the copies and the outcome by key.
    keys: HashMap<String, (u32, u32, Sale)>,
    /// Book and copies, by number from 1.
    orders: Vec<(u32, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sale {
    /// The number of the order, and the remaining copies.
    Order(usize, u32),
    Short(u32),
    NoBook,
    OtherPurchase,
}

impl Shop {
    fn open() -> Shop {
        let books = [
            (1, ("The Great Gatsby".to_string(), 9, 200_000, "Fiction".to_string())),
            (2, ("Introduction to Python".to_string(), 97, 50_000, "Programming".to_string())),
            (3, ("History of Art".to_string(), 0, 4_500, "Art".to_string())),
        ];
        Shop { books: books.into(), keys: HashMap::new(), orders: Vec::new() }
    }

    fn sell(&mut self, book: u32, count: u32, key: Option<&String>) -> (Sale, bool) {
        if let Some((own, many, sale)) = key.and_then(|key| self.keys.get(key)) {
            let same = (*own, *many) == (book, count);
            return if same { (*sale, true) } else { (Sale::OtherPurchase, false) };
        }
        let sale = match self.books.get_mut(&book) {
            None => Sale::NoBook,
            Some((_, copies, ..)) if *copies < count => Sale::Short(*copies),
            Some((_, copies, ..)) => {
                *copies -= count;
                self.orders.push((book, count));
                Sale::Order(self.orders.len(), *copies)
            }
        };
        key.map(|key| self.keys.insert(key.clone(), (book, count, sale)));
        (sale, false)
    }

    fn book(&self, id: u32) -> Option<Value> {
        let (title, quantity, cents, topic) = self.books.get(&id)?;
        let price = f64::from(*cents) / 100.0;
        Some(
            json!({"id": id, "title": title, "quantity": quantity, "price": price, "topic": topic}),
        )
    }

    fn list(&self, has: impl Fn(&str) -> bool) -> Vec<Value> {
        let found = self.books.iter().filter(|(_, (.., topic))| has(topic));
        found.filter_map(|(id, _)| self.book(*id)).collect()
    }
}

/// The model, the server, and the replicas that are up.
struct Pair {
    shop: Shop,
    server: Server,
    down: Option<&'static str>,
    rng: Rng,
}

impl Pair {
    /// Returns one of the replicas of a role that are up.
    fn up(&mut self, role: &str) -> &'static str {
        let up = REPLICAS.iter().filter(|name| name.starts_with(role) && Some(**name) != self.down);
        self.rng.choice(up.collect::<Vec<_>>()).unwrap()
    }

    fn front(&mut self) -> &'static str {
        self.rng.choice(["web", "panel"]).unwrap()
    }

    fn ask(&self, service: &str, method: &str, path: &str, fields: &str, body: &str) -> Reply {
        let request = text(method, path, fields, body);
        Client::connect(self.server.addr(service, "tcp")).ask(&request).unwrap()
    }

    fn buy(&mut self) {
        let book = self.rng.u32(1..=6);
        let key = self.rng.bool().then(|| format!("key-{}", self.rng.u8(..30)));
        let field = key.as_ref().map_or(String::new(), |key| format!("Idempotency-Key: {key}\r\n"));
        let replayed = |reply: &Reply| reply.field("Idempotent-Replayed") == Some("true");
        if self.rng.bool() {
            let count = self.rng.u32(1..4);
            let body = format!("{{\"book_id\":{book},\"quantity\":{count}}}");
            let service = if self.rng.bool() { self.front() } else { self.up("order") };
            let reply = self.ask(service, "POST", "/api/orders", &field, &body);
            let (sale, again) = self.shop.sell(book, count, key.as_ref());
            let status = match sale {
                Sale::Order(number, left) => {
                    let told = json!({
                        "id": number, "book_id": book, "quantity": count, "available": left,
                    });
                    let mut body = reply.json();
                    let key = body.as_object_mut().unwrap().remove("key").unwrap();
                    assert_eq!(body, told);
                    let place = format!("/api/orders/{number}?key={}", key.as_str().unwrap());
                    assert_eq!(reply.field("Location"), Some(place.as_str()));
                    201
                }
                Sale::Short(left) => {
                    assert_eq!(reply.json()["available"], left);
                    409
                }
                Sale::NoBook => 404,
                Sale::OtherPurchase => 422,
            };
            assert_eq!((reply.status, replayed(&reply)), (status, again), "{}", reply.body);
            return;
        }
        let own = self.rng.bool();
        let service = if own { self.up("order") } else { self.front() };
        let reply = self.ask(service, "PUT", &format!("/purchase/{book}/"), &field, "");
        let (sale, again) = self.shop.sell(book, 1, key.as_ref());
        let (status, front, replica) = match sale {
            Sale::Order(..) => {
                (200, "Product purchased successfully", "Book successfully purchased")
            }
            Sale::Short(_) => (400, "Product out of stock", "Book out of stock"),
            Sale::NoBook => (404, "Product not found", "Book not found"),
            Sale::OtherPurchase => return assert_eq!(reply.status, 422),
        };
        let told = if own {
            json!({"message": replica, "status": status == 200})
        } else {
            json!({"message": front, "success": status == 200})
        };
        assert_eq!((reply.status, replayed(&reply), reply.json()), (status, again, told));
    }

    fn change(&mut self) {
        let id = self.rng.u32(1..=6);
        let (copies, cents) = (self.rng.u32(..30), self.rng.u32(..100_000));
        let topic = *self.rng.choice(&["Art", "Fiction", "Non-fiction", "Programming"]).unwrap();
        let price = f64::from(cents) / 100.0;
        let service = self.up("catalog");
        let (reply, status) = match self.rng.u8(..4) {
            0 => {
                let body = json!({"quantity": copies, "price": price}).to_string();
                let reply = self.ask(service, "PUT", &format!("/modify/{id}"), "", &body);
                if let Some((_, own, paid, _)) = self.shop.books.get_mut(&id) {
                    (*own, *paid) = (copies, cents);
                }
                (reply, 200)
            }
            1 => {
                let body = json!({"topic": topic}).to_string();
                let reply = self.ask("panel", "PATCH", &format!("/api/books/{id}"), "", &body);
                if let Some((.., own)) = self.shop.books.get_mut(&id) {
                    *own = topic.to_string();
                }
                (reply, 200)
            }
            2 => {
                let delta = self.rng.i64(-4..0);
                let body = json!({"delta": delta, "reason": "count"}).to_string();
                let reply = self.ask("panel", "POST", &format!("/api/books/{id}/stock"), "", &body);
                let after = self.shop.books.get(&id).map_or(0, |book| i64::from(book.1) + delta);
                if let (Ok(after), Some(book)) =
                    (u32::try_from(after), self.shop.books.get_mut(&id))
                {
                    book.1 = after;
                }
                (reply, if after < 0 { 409 } else { 200 })
            }
            _ if self.shop.books.len() < 6 => return self.add(copies, cents, topic),
            _ => return,
        };
        match self.shop.book(id) {
            None => assert_eq!(reply.status, 404, "{}", reply.body),
            Some(book) => {
                assert_eq!(reply.status, status, "{}", reply.body);
                assert!(status == 409 || reply.json() == book, "{} for {book}", reply.body);
            }
        }
    }

    fn add(&mut self, copies: u32, cents: u32, topic: &str) {
        let (id, price) = (self.shop.books.len() as u32 + 1, f64::from(cents) / 100.0);
        let body = json!({"title": "New", "quantity": copies, "price": price, "topic": topic});
        let reply = self.ask("panel", "POST", "/api/books", "", &body.to_string());
        self.shop.books.insert(id, ("New".to_string(), copies, cents, topic.to_string()));
        assert_eq!((reply.status, reply.json()), (201, self.shop.book(id).unwrap()));
    }

    /// Reads a book and a list at every port that is open.
    fn look(&mut self) {
        let id = self.rng.u32(1..=7);
        let text = *self.rng.choice(&["all", "fic", "art", "o", "programming", "x"]).unwrap();
        let topic = *self.rng.choice(&["Art", "art", "Fiction", "Fic"]).unwrap();
        let listed = self.shop.list(|topic| text == "all" || topic.to_lowercase().contains(text));
        let exact = self.shop.list(|own| own == topic);
        for service in ["web", "panel"] {
            self.expect(service, &format!("/product/{id}"), self.shop.book(id));
            self.expect(service, &format!("/api/books/{id}"), self.shop.book(id));
            let listed = (!listed.is_empty()).then(|| listed.clone().into());
            self.expect(service, &format!("/products/{text}"), listed);
            self.expect(service, "/api/books", Some(self.shop.list(|_| true).into()));
        }
        for service in ["catalog-1", "catalog-2"] {
            if self.down != Some(service) {
                self.expect(service, &format!("/retrieve/item/{id}"), self.shop.book(id));
                let exact = (!exact.is_empty()).then(|| exact.clone().into());
                self.expect(service, &format!("/retrieve/topic/{topic}"), exact);
            }
        }
    }

    fn expect(&self, service: &str, path: &str, due: Option<Value>) {
        let reply = self.ask(service, "GET", path, "", "");
        match due {
            Some(due) => assert_eq!((reply.status, reply.json()), (200, due), "{service} {path}"),
            None => assert_eq!(reply.status, 404, "{service} {path}"),
        }
    }

    fn control(&self, name: &str, what: &str) {
        let path = format!("/api/store/replicas/{name}/{what}");
        assert_eq!(ask(self.server.panel(), "POST", &path, "", "").status, 200);
    }

    /// Recovers the replica that is down, or crashes one of those that are up.
    fn disturb(&mut self) {
        if let Some(name) = self.down.take() {
            self.control(name, "recover");
            agreeing(&self.server);
        } else {
            self.down = self.rng.choice(REPLICAS);
            self.down.iter().for_each(|name| self.control(name, "crash"));
        }
    }

    fn compare_orders(&self) {
        let told = self.ask("panel", "GET", "/api/orders?limit=500", "", "").json();
        let told = told.as_array().unwrap().iter().rev().map(|order| {
            let number = |name: &str| order[name].as_u64().unwrap() as u32;
            (number("book_id"), number("quantity"))
        });
        assert_eq!(told.collect::<Vec<_>>(), self.shop.orders);
    }
}

#[test]
fn every_answer_is_that_of_a_single_map() {
    let place = Place::new();
    let (mut shop, mut rng) = (Shop::open(), Rng::with_seed(29));
    for signal in [Signal::TERM, Signal::KILL, Signal::KILL] {
        let server = Server::start_in(&place, &["--store-cache=5"]);
        let mut pair = Pair { shop, server, down: None, rng };
        pair.look();
        for _ in 0..150 {
            match pair.rng.u8(..12) {
                0 => pair.disturb(),
                1..4 => pair.change(),
                _ => pair.buy(),
            }
            pair.look();
        }
        if pair.down.is_some() {
            pair.disturb();
        }
        agreeing(&pair.server);
        pair.compare_orders();
        pair.server.signal(signal);
        pair.server.wait();
        (shop, rng) = (pair.shop, pair.rng);
    }
    let (orders, keys) = (shop.orders.len(), shop.keys.len());
    assert!(orders > 60 && keys > 20, "it sold hardly anything: {orders} orders, {keys} keys");
}
