//! The routes of the bookstore: on the listeners of the front, and on each replica's own.

use super::front::{reads, writes};
use super::log::{entries, follower, read_barrier, replication_api};
use super::replicas::{Phase, Replica, Role, books as book_api, catalog, changes, lists, orders};
use super::{page as shop, views};
use crate::limits::STORE_BODY_BYTES;
use crate::service::http::{
    Guard, HandlerFn, ListenerRole, Purpose, Request, Response, Route, Style, json, page,
};
use crate::service::{Answer, Cx};
use crate::stats::Handler;
use crate::wire::http::Method::{Patch, Put};
use crate::work::store::list::Query;
use crate::work::store::shelves::Shelves;
use serde_json::json as value;

/// The older paths: errors are members of an object.
const PLAIN: Route = Route::new(Handler::Store).style(Style::Plain);
/// The API: errors are problem details.
const API: Route = Route::new(Handler::Store).style(Style::Problem);
/// The API for operators, on the panel alone …
const PANEL: Route = API.only(ListenerRole::Panel).guard(Guard::Operator);
/// … of which the panel's pages show this.
const VIEW: Route = PANEL.purpose(Purpose::View);
/// The API for other processes of the same bookstore, on the panel alone.
const BETWEEN: Route = PANEL.guard(Guard::Store);
/// The shop: errors look as the client would have them.
const SHOP: Route = Route::new(Handler::Store);

/// The routes of the front.
pub const FRONT: &[Route] = &[
    SHOP.get("/store[/]", shop::page, "Shows the shop.").purpose(Purpose::Page),
    SHOP.get("/store/{file}", shop::asset, "Sends a part of the shop's page.")
        .purpose(Purpose::View),
    PLAIN.get("/health[/]", front_health, "Reports that the front is up."),
    PLAIN.get("/product/{id}[/]", reads::product, "Shows a book."),
    PLAIN.get("/products/{topic}[/]", reads::products, "Lists the books of a topic."),
    PLAIN
        .on(Put, "/purchase/{id}[/]", writes::purchase, "Buys a copy of a book.")
        .discards(STORE_BODY_BYTES),
    PLAIN
        .post("/purchase/{id}[/]", writes::purchase, "Buys a copy of a book.")
        .discards(STORE_BODY_BYTES),
    API.get("/api/books[/]", writes::to_catalog, "Lists books by a filter, page by page."),
    API.get("/api/books/{id}[/]", reads::book, "Shows a book with its version."),
    API.get("/api/topics[/]", writes::to_catalog, "Lists topics with their numbers of books."),
    API.post("/api/orders[/]", writes::to_orders, "Orders copies of a book.")
        .takes(STORE_BODY_BYTES),
    PANEL.get("/api/orders[/]", writes::to_orders, "Lists orders, the newest first."),
    API.get("/api/orders/{id}[/]", writes::order, "Shows an order.").guard(Guard::Keyed),
    VIEW.get("/api/store/replicas[/]", views::replicas, "Lists the replicas and their states."),
    VIEW.get("/api/store/cache[/]", views::cache, "Reports the figures of the front's cache."),
    VIEW.get("/api/store/log[/]", entries::entries, "Lists entries of the log."),
    PANEL.post("/api/books[/]", writes::to_catalog, "Adds a book.").takes(STORE_BODY_BYTES),
    PANEL
        .on(Patch, "/api/books/{id}[/]", writes::to_catalog, "Changes a book.")
        .takes(STORE_BODY_BYTES),
    PANEL
        .post("/api/books/{id}/stock[/]", writes::to_catalog, "Adds or takes copies of a book.")
        .takes(STORE_BODY_BYTES),
    PANEL
        .post("/api/store/replicas/{name}/crash[/]", views::crash, "Crashes a replica.")
        .discards(STORE_BODY_BYTES),
    PANEL
        .post("/api/store/replicas/{name}/recover[/]", views::recover, "Recovers a replica.")
        .discards(STORE_BODY_BYTES),
    BETWEEN
        .post(follower::FOLLOW, replication_api::follow, "Waits for news of the log.")
        .takes(STORE_BODY_BYTES)
        .purpose(Purpose::Probe),
    BETWEEN
        .post(follower::ENTRIES, replication_api::append, "Appends entries to the log.")
        .takes(STORE_BODY_BYTES),
    BETWEEN.get(follower::STATE, entries::first_state, "Sends the state that the log begins with."),
];

/// The routes of a catalog.
pub const CATALOG: &[Route] = &[
    PLAIN.get("/retrieve/item/{id}[/]", |r, cx| read(item, r, cx), "Shows a book."),
    PLAIN.get("/retrieve/topic/{topic}[/]", |r, cx| read(topic, r, cx), "Lists a topic's books."),
    PLAIN.get("/retrieve/search/{text}[/]", |r, cx| read(search, r, cx), "Searches for topics."),
    PLAIN
        .on(Put, "/modify/{id}[/]", |r, cx| up(catalog::modify, r, cx), "Changes a book.")
        .guard(Guard::Store)
        .takes(STORE_BODY_BYTES),
    PLAIN
        .post("/modify/{id}[/]", |r, cx| up(catalog::modify, r, cx), "Changes a book.")
        .guard(Guard::Store)
        .takes(STORE_BODY_BYTES),
    PLAIN.get("/", index, "Describes the replica on a page."),
    PLAIN.get("/health[/]", |r, cx| up(health, r, cx), "Reports the replica's state."),
    API.get("/api/books[/]", |r, cx| read(books, r, cx), "Lists books by a filter."),
    API.get("/api/topics[/]", |r, cx| read(topics, r, cx), "Lists topics."),
    API.post("/api/books[/]", |r, cx| up(book_api::add, r, cx), "Adds a book.")
        .guard(Guard::Store)
        .takes(STORE_BODY_BYTES),
    API.on(Patch, "/api/books/{id}[/]", |r, cx| up(book_api::patch, r, cx), "Changes a book.")
        .guard(Guard::Store)
        .takes(STORE_BODY_BYTES),
    API.post(
        "/api/books/{id}/stock[/]",
        |r, cx| up(book_api::stock, r, cx),
        "Adds or takes copies.",
    )
    .guard(Guard::Store)
    .takes(STORE_BODY_BYTES),
];

/// The routes of an order server.
pub const ORDERING: &[Route] = &[
    PLAIN
        .on(Put, "/purchase/{id}[/]", |r, cx| up(changes::purchase, r, cx), "Buys a copy.")
        .discards(STORE_BODY_BYTES),
    PLAIN
        .post("/purchase/{id}[/]", |r, cx| up(changes::purchase, r, cx), "Buys a copy.")
        .discards(STORE_BODY_BYTES),
    PLAIN.get("/", index, "Describes the replica on a page."),
    PLAIN.get("/health[/]", |r, cx| up(health, r, cx), "Reports the replica's state."),
    API.post("/api/orders[/]", |r, cx| up(changes::place, r, cx), "Orders copies of a book.")
        .takes(STORE_BODY_BYTES),
    API.get(
        "/api/orders[/]",
        |r, cx| in_file(orders::orders, r, cx),
        "Lists orders, the newest first.",
    )
    .guard(Guard::Store),
    API.get("/api/orders/{id}[/]", |r, cx| in_file(orders::order, r, cx), "Shows an order.")
        .guard(Guard::Keyed),
];

fn front_health(_: &Request<'_, '_, '_>, _: &mut Cx<'_>) -> Answer {
    json(200, r#"{"name":"front","state":"UP"}"#.to_string()).into()
}

/// Counts a request to the replica behind the listener, whose file it returns.
///
/// # Errors
/// The answer, if the replica is not up.
fn admit(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Result<usize, Response> {
    let current = cx.world.store.log.is_current(cx.now, cx.draining);
    let replica = replica_at(request.face, cx).ok_or_else(nowhere)?;
    replica.requests += 1;
    if replica.is_up() && current {
        return Ok(replica.file);
    }
    replica.errors += 1;
    let phase = if replica.is_up() { Phase::Behind } else { replica.phase };
    let text = format!("{} is {}; nothing was done", replica.name, phase.name());
    Err(Style::Plain.error(503, &text).retry_after(1))
}

/// Calls a handler, if the replica is up.
fn up(handler: HandlerFn, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    match admit(request, cx) {
        Ok(_) => handler(request, cx),
        Err(response) => response.into(),
    }
}

/// Reads from the replica's file, if the replica is up.
fn in_file(
    read: fn(usize, &Request<'_, '_, '_>, &mut Cx<'_>) -> Answer,
    request: &Request<'_, '_, '_>,
    cx: &mut Cx<'_>,
) -> Answer {
    match admit(request, cx) {
        Ok(file) => read(file, request, cx),
        Err(response) => response.into(),
    }
}

/// Calls a handler that reads books, if the replica is up, and not before the log's owner has
/// answered all that is to be seen here.
fn read(handler: HandlerFn, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    match (admit(request, cx), cx.world.store.log.unanswered()) {
        (Err(response), _) => response.into(),
        (Ok(_), Some(seq)) => read_barrier::wait(handler, seq, request, cx),
        (Ok(_), None) => handler(request, cx),
    }
}

/// Returns the replica behind the listener, if it may show books at this moment.
fn current<'w>(
    request: &Request<'_, '_, '_>,
    cx: &'w mut Cx<'_>,
) -> Result<&'w mut Replica, Response> {
    let is_current = cx.world.store.log.is_current(cx.now, cx.draining);
    let replica = replica_at(request.face, cx);
    replica.filter(|replica| is_current && replica.is_up()).ok_or_else(|| {
        let text = "the replica is down; nothing was done";
        Style::Plain.error(503, text).retry_after(1)
    })
}

fn item(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    current(request, cx).map_or_else(Answer::from, |replica| catalog::item(request, replica).into())
}

fn topic(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    found(catalog::topic(request.segment()), request, cx)
}

fn search(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    found(catalog::search(request.segment()), request, cx)
}

fn found(query: Option<Query>, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let Some(query) = query else {
        return catalog::error(404, catalog::NO_BOOKS).into();
    };
    let list = |shelves: &Shelves, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>| {
        lists::contract(query, shelves, request, cx)
    };
    listed(list, request, cx)
}

fn books(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    listed(lists::page, request, cx)
}

fn topics(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    listed(lists::topics, request, cx)
}

/// Makes a list of the replica's books.
fn listed(
    list: impl FnOnce(&Shelves, &Request<'_, '_, '_>, &mut Cx<'_>) -> Answer,
    request: &Request<'_, '_, '_>,
    cx: &mut Cx<'_>,
) -> Answer {
    match current(request, cx).map(|replica| replica.books.clone()) {
        Ok(shelves) => list(&shelves, request, cx),
        Err(response) => response.into(),
    }
}

/// Returns the replica behind a listener.
fn replica_at<'w>(face: ListenerRole, cx: &'w mut Cx<'_>) -> Option<&'w mut Replica> {
    match face {
        ListenerRole::Catalog(number) => cx.world.store.replicas.at(Role::Catalog, number),
        ListenerRole::Order(number) => cx.world.store.replicas.at(Role::Order, number),
        ListenerRole::Web | ListenerRole::Panel => None,
    }
}

fn nowhere() -> Response {
    Style::Plain.error(503, "no such replica here").retry_after(1)
}

fn health(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let Some(replica) = replica_at(request.face, cx) else { return nowhere().into() };
    let (name, state) = (&replica.name, replica.phase.name());
    json(200, value!({"name": name, "state": state, "seq": replica.seq}).to_string()).into()
}

/// A small page about a replica, whatever its state.
fn index(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let Some(replica) = replica_at(request.face, cx) else { return nowhere().into() };
    replica.requests += 1;
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
    page(200, html.into()).into()
}
