//! The rows of the bookstore: on the front's listeners, and on each replica's own.

use super::pattern::Pattern;
use super::response::Style;
use super::routes::{Body, Endpoint, Guard, Route};
use crate::limits;
use crate::service::http::Face;
use crate::service::store::asks::{Ask, Own, Read};
use crate::service::store::log::follower;
use crate::service::store::page::FOLDER;
use crate::wire::http::Method;

/// A row of the older paths: errors are members of an object.
const fn plain(method: Method, path: Pattern, ask: Ask) -> Route {
    row(None, method, path, ask, Style::Plain)
}

/// A row of the shop: errors look as the client would have them.
const fn page(path: Pattern, ask: Ask) -> Route {
    Route { style: None, ..plain(Method::Get, path, ask) }
}

/// A row of the API: errors are problem details.
const fn api(method: Method, path: Pattern, ask: Ask) -> Route {
    row(None, method, path, ask, Style::Problem)
}

/// A row of the API for operators, on the panel alone.
const fn panel(method: Method, path: Pattern, ask: Ask) -> Route {
    let open = row(Some(Face::Panel), method, path, ask, Style::Problem);
    Route { guard: Guard::Operator, ..open }
}

/// A row for other processes of the same bookstore, on the panel alone.
const fn between(method: Method, path: &'static str, ask: Ask) -> Route {
    Route { guard: Guard::Store, ..panel(method, Pattern::Exact(path), ask) }
}

const fn row(face: Option<Face>, method: Method, path: Pattern, ask: Ask, style: Style) -> Route {
    let takes = matches!(method, Method::Put | Method::Post | Method::Patch);
    let body = if takes { Body::AtMost(limits::STORE_BODY_BYTES) } else { Body::Refused };
    let (endpoint, guard) = (Endpoint::Store(ask), Guard::Open);
    Route { face, path, method, endpoint, body, guard, style: Some(style) }
}

const fn named(prefix: &'static str) -> Pattern {
    Pattern::Named(prefix, "")
}

const fn own(method: Method, path: Pattern, own: Own) -> Route {
    plain(method, path, Ask::Replica(own))
}

const fn own_api(method: Method, path: Pattern, own: Own) -> Route {
    api(method, path, Ask::Replica(own))
}

/// The row, for operators: the front, wherever it is, passes on nothing of others.
const fn guarded(row: Route) -> Route {
    Route { guard: Guard::Store, ..row }
}

/// The row, for whoever knows an order's key.
const fn keyed(row: Route) -> Route {
    Route { guard: Guard::Keyed, ..row }
}

const BOOKS: Pattern = Pattern::Slashed("/api/books");
const BOOK: Pattern = named("/api/books/");
const STOCK: Pattern = Pattern::Named("/api/books/", "/stock");
const TOPICS: Pattern = Pattern::Slashed("/api/topics");
const ORDERS: Pattern = Pattern::Slashed("/api/orders");
const ORDER: Pattern = named("/api/orders/");
const PURCHASE: Pattern = named("/purchase/");

/// The front's.
pub const FRONT: &[Route] = &[
    page(Pattern::Slashed("/store"), Ask::Page),
    page(Pattern::Under(FOLDER), Ask::Asset),
    plain(Method::Get, Pattern::Slashed("/health"), Ask::Health),
    plain(Method::Get, named("/product/"), Ask::Product),
    plain(Method::Get, named("/products/"), Ask::Products),
    plain(Method::Put, PURCHASE, Ask::Purchase),
    plain(Method::Post, PURCHASE, Ask::Purchase),
    api(Method::Get, BOOKS, Ask::ToCatalog),
    api(Method::Get, BOOK, Ask::Book),
    api(Method::Get, TOPICS, Ask::ToCatalog),
    api(Method::Post, ORDERS, Ask::ToOrders),
    panel(Method::Get, ORDERS, Ask::ToOrders),
    keyed(api(Method::Get, ORDER, Ask::Order)),
    panel(Method::Get, Pattern::Slashed("/api/store/replicas"), Ask::Replicas),
    panel(Method::Get, Pattern::Slashed("/api/store/cache"), Ask::Cache),
    panel(Method::Get, Pattern::Slashed("/api/store/log"), Ask::Log),
    panel(Method::Post, BOOKS, Ask::ToCatalog),
    panel(Method::Patch, BOOK, Ask::ToCatalog),
    panel(Method::Post, STOCK, Ask::ToCatalog),
    panel(Method::Post, Pattern::Named("/api/store/replicas/", "/crash"), Ask::Crash),
    panel(Method::Post, Pattern::Named("/api/store/replicas/", "/recover"), Ask::Recover),
    between(Method::Post, follower::FOLLOW, Ask::Follow),
    between(Method::Post, follower::ENTRIES, Ask::Append),
    between(Method::Get, follower::STATE, Ask::FirstState),
];

/// A catalog's.
pub const CATALOG: &[Route] = &[
    own(Method::Get, named("/retrieve/item/"), Own::Read(Read::Item)),
    own(Method::Get, named("/retrieve/topic/"), Own::Read(Read::Topic)),
    own(Method::Get, named("/retrieve/search/"), Own::Read(Read::Search)),
    guarded(own(Method::Put, named("/modify/"), Own::Modify)),
    guarded(own(Method::Post, named("/modify/"), Own::Modify)),
    own(Method::Get, Pattern::Exact("/"), Own::Index),
    own(Method::Get, Pattern::Slashed("/health"), Own::Health),
    own_api(Method::Get, BOOKS, Own::Read(Read::Books)),
    own_api(Method::Get, TOPICS, Own::Read(Read::Topics)),
    guarded(own_api(Method::Post, BOOKS, Own::Add)),
    guarded(own_api(Method::Patch, BOOK, Own::Patch)),
    guarded(own_api(Method::Post, STOCK, Own::Stock)),
];

/// An order server's.
pub const ORDERING: &[Route] = &[
    own(Method::Put, PURCHASE, Own::Purchase),
    own(Method::Post, PURCHASE, Own::Purchase),
    own(Method::Get, Pattern::Exact("/"), Own::Index),
    own(Method::Get, Pattern::Slashed("/health"), Own::Health),
    own_api(Method::Post, ORDERS, Own::Place),
    guarded(own_api(Method::Get, ORDERS, Own::Orders)),
    keyed(own_api(Method::Get, ORDER, Own::Order)),
];
