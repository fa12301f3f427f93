//! What may be asked of the bookstore over HTTP, on which listener, and who answers.

use super::front::{reads, writes};
use super::log::{read_barrier, replication_api};
use super::replicas::{Phase, Replica, Role, books, catalog, lists, writes as order};
use super::{page as shop, rows, views};
use crate::service::http::{
    Answer, Face, Pending as HttpPending, Request, Response, Style, json, page,
};
use crate::service::{Cx, Event};
use crate::work::store::list::Query;
use crate::work::store::shelves::Shelves;
use serde_json::json as value;
use std::time::Instant;

/// What may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Of the front: `/product/<id>`.
    Product,
    /// `/products/<topic>`.
    Products,
    /// `/purchase/<id>/`.
    Purchase,
    /// `/api/books/{id}`.
    Book,
    /// What a catalog answers of the API.
    ToCatalog,
    /// What an order server answers of the API.
    ToOrders,
    /// `/api/orders/{n}`.
    Order,
    /// `/api/store/replicas`.
    Replicas,
    /// `/api/store/cache`.
    Cache,
    /// `/api/store/log`.
    Log,
    /// `/api/store/replicas/{name}/crash`.
    Crash,
    /// `/api/store/replicas/{name}/recover`.
    Recover,
    /// `/api/store/log/follow`.
    Follow,
    /// `/api/store/log/entries`.
    Append,
    /// `/api/store/log/state`.
    FirstState,
    /// `/health`.
    Health,
    /// `/store/`.
    Page,
    /// What that page is made of.
    Asset,
    /// Of a replica.
    Replica(Own),
}

/// What may be asked of a replica, on its own listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// `/`.
    Index,
    /// `/health`.
    Health,
    /// To show books.
    Read(Read),
    /// `/modify/<id>`.
    Modify,
    /// `POST /api/books`.
    Add,
    /// `PATCH /api/books/{id}`.
    Patch,
    /// `/api/books/{id}/stock`.
    Stock,
    /// `/purchase/<id>/`.
    Purchase,
    /// `POST /api/orders`.
    Place,
    /// `/api/orders`.
    Orders,
    /// `/api/orders/{n}`.
    Order,
}

/// Which books a catalog is asked to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// `/retrieve/item/<id>`.
    Item,
    /// `/retrieve/topic/<topic>`.
    Topic,
    /// `/retrieve/search/<text>`.
    Search,
    /// `/api/books`.
    Books,
    /// `/api/topics`.
    Topics,
}

/// What a request remembers while it waits.
#[derive(Debug)]
pub enum Pending {
    /// For an entry to be answered.
    BarrierRead(Box<read_barrier::BarrierRead>),
    /// For a catalog's reply, which the cache may want too.
    Read(reads::Pending),
    /// For a replica's reply.
    Passed(writes::Pending),
    /// For the log.
    Write(order::Pending),
    /// For a file.
    Rows(rows::Rows),
    /// For a list that is made elsewhere.
    List(lists::Pending),
    /// For what comes next in the log.
    Asked(replication_api::Asked),
    /// For the log, on behalf of another process.
    Appended(replication_api::Appended),
    /// For another process to do something to a replica.
    Wished(views::Wished),
}

impl Pending {
    /// When the client has waited long enough.
    pub fn deadline(&self) -> Instant {
        match self {
            Pending::Read(pending) => pending.deadline(),
            Pending::Passed(pending) => pending.deadline(),
            Pending::Write(pending) => pending.deadline(),
            Pending::Rows(rows) => rows.deadline(),
            Pending::List(pending) => pending.deadline(),
            Pending::Asked(asked) => asked.deadline(),
            Pending::Appended(appended) => appended.deadline(),
            Pending::Wished(wished) => wished.deadline(),
            Pending::BarrierRead(later) => later.deadline(),
        }
    }

    /// The peer says more before it is answered: that waits where it is, and so does its end.
    pub fn interrupted(&mut self) {
        if let Pending::Asked(asked) = self {
            asked.listens = false;
        }
    }

    /// Whether the peer's end is news before it is answered.
    pub fn minds_the_end(&self) -> bool {
        matches!(self, Pending::Asked(asked) if asked.listens)
    }

    /// Something has happened; the response, if it can be given now.
    pub fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        match self {
            Pending::Read(pending) => pending.news(&event, cx),
            Pending::Passed(pending) => pending.news(&event, cx),
            Pending::Write(pending) => pending.news(&event, cx),
            Pending::Rows(rows) => rows.news(event, cx),
            Pending::List(pending) => pending.news(&event, cx.now),
            Pending::Asked(asked) => asked.news(&event, cx.now),
            Pending::Appended(appended) => appended.news(event, cx.now),
            Pending::Wished(wished) => wished.news(&event, cx.now),
            Pending::BarrierRead(later) => match later.news(&event, cx)? {
                Answer::Ready(response) => Some(response),
                Answer::Wait(HttpPending::Store(pending)) => {
                    *self = pending;
                    None
                }
                Answer::Wait(_) => unreachable!("a read of books waits for nothing else"),
            },
        }
    }
}

/// Answers, or begins to.
pub fn ask(ask: Ask, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    match ask {
        Ask::Product => reads::product(request, cx),
        Ask::Products => reads::products(request, cx),
        Ask::Purchase => writes::purchase(request, cx),
        Ask::Book => reads::book(request, cx),
        Ask::ToCatalog => writes::to_catalog(request, cx),
        Ask::ToOrders => writes::to_orders(request, cx),
        Ask::Order => writes::order(request, cx),
        Ask::Replicas => Answer::Ready(views::replicas(cx)),
        Ask::Cache => Answer::Ready(views::cache(cx)),
        Ask::Log => rows::entries(request, cx),
        Ask::Crash | Ask::Recover => views::control(ask == Ask::Crash, request, cx),
        Ask::Follow => replication_api::follow(request, cx),
        Ask::Append => replication_api::append(request, cx),
        Ask::FirstState => rows::first_state(request, cx),
        Ask::Health => Answer::Ready(json(200, r#"{"name":"front","state":"UP"}"#.to_string())),
        Ask::Page => Answer::Ready(shop::page(request)),
        Ask::Asset => Answer::Ready(shop::asset(request)),
        Ask::Replica(own) => of_replica(own, request, cx),
    }
}

fn of_replica(own: Own, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let current = cx.world.store.is_current(cx.now, cx.draining);
    let Some(replica) = replica_at(request.face, cx) else {
        return Answer::Ready(Style::Plain.error(503, "no such replica here").retry_after(1));
    };
    replica.requests += 1;
    if own != Own::Index && !(replica.is_up() && current) {
        replica.errors += 1;
        let phase = if replica.is_up() { Phase::Behind } else { replica.phase };
        let text = format!("{} is {}; nothing was done", replica.name, phase.name());
        return Answer::Ready(Style::Plain.error(503, &text).retry_after(1));
    }
    let file = replica.file;
    match own {
        Own::Index => Answer::Ready(index(replica)),
        Own::Health => Answer::Ready(health(replica)),
        Own::Read(read) => match cx.world.store.unanswered() {
            Some(seq) => read_barrier::wait(read, seq, request, cx),
            None => read_now(read, request, cx),
        },
        Own::Modify => catalog::modify(request, cx),
        Own::Add => books::add(request, cx),
        Own::Patch => books::patch(request, cx),
        Own::Stock => books::stock(request, cx),
        Own::Purchase => order::purchase(request, cx),
        Own::Place => order::place(request, cx),
        Own::Orders => rows::orders(file, request, cx),
        Own::Order => rows::order(file, request, cx),
    }
}

/// What a replica shows at this moment.
pub fn read_now(read: Read, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let current = cx.world.store.is_current(cx.now, cx.draining);
    let replica = replica_at(request.face, cx).filter(|replica| current && replica.is_up());
    let Some(replica) = replica else {
        let text = "the replica is down; nothing was done";
        return Answer::Ready(Style::Plain.error(503, text).retry_after(1));
    };
    let path = request.head.target.path();
    let list = |query: Option<Query>, shelves: &Shelves, cx: &mut Cx<'_>| match query {
        Some(query) => lists::contract(query, shelves, request, cx),
        None => Answer::Ready(catalog::error(404, catalog::NO_BOOKS)),
    };
    if read == Read::Item {
        return Answer::Ready(catalog::item(request, replica));
    }
    let shelves = replica.books.clone();
    match read {
        Read::Item => unreachable!("answered above"),
        Read::Topic => list(catalog::topic(path), &shelves, cx),
        Read::Search => list(catalog::search(path), &shelves, cx),
        Read::Books => lists::page(&shelves, request, cx),
        Read::Topics => lists::topics(&shelves, request, cx),
    }
}

/// The replica behind a listener.
fn replica_at<'w>(face: Face, cx: &'w mut Cx<'_>) -> Option<&'w mut Replica> {
    match face {
        Face::Catalog(number) => cx.world.store.replica(Role::Catalog, number),
        Face::Order(number) => cx.world.store.replica(Role::Order, number),
        Face::Web | Face::Panel => None,
    }
}

fn health(replica: &Replica) -> Response {
    let (name, state) = (&replica.name, replica.phase.name());
    json(200, value!({"name": name, "state": state, "seq": replica.seq}).to_string())
}

/// A small page about a replica.
fn index(replica: &Replica) -> Response {
    let (name, state) = (&replica.name, replica.phase.name());
    let (seq, digest, orders) = (replica.seq, replica.digest, replica.orders);
    let books = replica.books.len();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{name}</title>\n\
         <style>:root{{color-scheme:light dark}}body{{font:1rem/1.5 system-ui,sans-serif;\
         margin:10vh auto;max-width:34rem;padding:0 1rem}}</style>\n<h1>{name}</h1>\n\
         <p>{state}: {books} books and {orders} orders at entry {seq} of the log, \
         digest <code>{digest:016x}</code>.</p>\n</html>\n"
    );
    page(200, html.into())
}
