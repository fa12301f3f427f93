//! What may be asked of the bookstore over HTTP, on which listener, and who answers.

use super::front::{reads, writes};
use super::replicas::{Phase, Replica, Role};
use super::{api, catalog, front, order, page as shop, words};
use crate::limits;
use crate::service::http::{
    Answer, Face, Pending as HttpPending, Request, Response, Style, json, page,
};
use crate::service::{Cx, Effect, Event, Refusal, Ticket};
use crate::wire::target::pair;
use crate::work::db::store::{Answer as Kept, Request as Wanted};
use crate::work::store::{Order, Seq, codec};
use crate::work::{Job, Outcome};
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
    /// `/retrieve/item/<id>`.
    Item,
    /// `/retrieve/topic/<topic>`.
    Topic,
    /// `/retrieve/search/<text>`.
    Search,
    /// `/modify/<id>`.
    Modify,
    /// `/api/books`.
    Books,
    /// `/api/topics`.
    Topics,
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

/// What a request remembers while it waits.
#[derive(Debug)]
pub enum Pending {
    /// For a catalog's reply, which the cache may want too.
    Read(reads::Pending),
    /// For a replica's reply.
    Passed(writes::Pending),
    /// For the log.
    Write(order::Pending),
    /// For a file.
    Rows(Rows),
}

/// A request for orders, or for entries of the log.
#[derive(Debug)]
pub struct Rows {
    ticket: Ticket,
    until: Instant,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// Orders, so many at most.
    Orders(usize),
    /// This one.
    Order(u64),
    /// Entries behind this one.
    Entries(Seq),
}

impl Pending {
    /// When the client has waited long enough.
    pub fn deadline(&self) -> Instant {
        match self {
            Pending::Read(pending) => pending.deadline(),
            Pending::Passed(pending) => pending.deadline(),
            Pending::Write(pending) => pending.deadline(),
            Pending::Rows(rows) => rows.until,
        }
    }

    /// Something has happened; the response, if it can be given now.
    pub fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        match self {
            Pending::Read(pending) => pending.news(&event, cx),
            Pending::Passed(pending) => pending.news(&event, cx),
            Pending::Write(pending) => pending.news(&event, cx.now),
            Pending::Rows(rows) => rows.news(event, cx.now),
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
        Ask::Replicas => Answer::Ready(replicas(cx)),
        Ask::Cache => Answer::Ready(cache(cx)),
        Ask::Log => entries(request, cx),
        Ask::Crash | Ask::Recover => Answer::Ready(control(ask, request, cx)),
        Ask::Health => Answer::Ready(json(200, r#"{"name":"front","state":"UP"}"#.to_string())),
        Ask::Page => Answer::Ready(shop::page(request)),
        Ask::Asset => Answer::Ready(shop::asset(request)),
        Ask::Replica(own) => of_replica(own, request, cx),
    }
}

fn of_replica(own: Own, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let (role, number) = match request.face {
        Face::Catalog(number) => (Role::Catalog, number),
        Face::Order(number) => (Role::Order, number),
        Face::Web | Face::Panel => return Answer::Ready(Style::Plain.error(404, "no replica")),
    };
    let Some(replica) = cx.world.store.replica(role, number) else {
        return Answer::Ready(Style::Plain.error(503, "no such replica here").retry_after(1));
    };
    replica.requests += 1;
    if own == Own::Index {
        return Answer::Ready(index(replica));
    }
    if !replica.is_up() {
        replica.errors += 1;
        let text = format!("{} is {}; nothing was done", replica.name, replica.phase.name());
        return Answer::Ready(Style::Plain.error(503, &text).retry_after(1));
    }
    let books = || replica.books.values().map(|book| &**book);
    match own {
        Own::Index | Own::Health => Answer::Ready(health(replica)),
        Own::Item => Answer::Ready(catalog::item(request, replica)),
        Own::Topic => Answer::Ready(catalog::topic(request, replica)),
        Own::Search => Answer::Ready(catalog::search(request, replica)),
        Own::Books => Answer::Ready(catalog::books(request, replica)),
        Own::Topics => Answer::Ready(api::topics(books())),
        Own::Modify => catalog::modify(request, cx),
        Own::Add => api::add(request, cx),
        Own::Patch => api::patch(request, cx),
        Own::Stock => api::stock(request, cx),
        Own::Purchase => order::purchase(request, cx),
        Own::Place => order::place(request, cx),
        Own::Orders | Own::Order => {
            let file = replica.file;
            orders(own, file, request, cx)
        }
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

fn replicas(cx: &Cx<'_>) -> Response {
    let store = &cx.world.store;
    let own = store.replicas.iter().map(|replica| {
        let Replica { name, role, phase, seq, digest, requests, errors, problem, .. } = replica;
        let (role, state) = (role.name(), phase.name());
        let lag = store.log.tip.saturating_sub(*seq);
        let problem = problem.as_ref().map_or(String::new(), |problem| {
            format!(",\"problem\":{}", serde_json::Value::from(problem.as_str()))
        });
        format!(
            "{{\"name\":\"{name}\",\"role\":\"{role}\",\"state\":\"{state}\",\"seq\":{seq},\
             \"lag\":{lag},\"digest\":\"{digest:016x}\",\"requests\":{requests},\
             \"errors\":{errors}{problem}}}"
        )
    });
    let elsewhere = store.front.seen(cx.now).into_iter();
    let elsewhere = elsewhere
        .filter(|seen| store.replicas.iter().all(|replica| replica.name != seen.name))
        .map(|front::Seen { name, role, reachable, requests, errors }| {
            let state = if reachable { Phase::Up.name() } else { Phase::Down.name() };
            format!(
                "{{\"name\":\"{name}\",\"role\":\"{}\",\"state\":\"{state}\",\"seq\":null,\
                 \"lag\":null,\"digest\":null,\"requests\":{requests},\"errors\":{errors}}}",
                role.name()
            )
        });
    json(200, format!("[{}]", own.chain(elsewhere).collect::<Vec<_>>().join(",")))
}

fn cache(cx: &Cx<'_>) -> Response {
    let cache = &cx.world.store.front.cache;
    let (entries, most) = cache.size();
    let front::cache::Counts { hits, misses, collapsed, invalidated, evicted, refused } =
        cache.counts;
    let asked = (hits + misses + collapsed).max(1) as f64;
    json(
        200,
        value!({
            "entries": entries,
            "max_entries": most,
            "ttl": cache.ttl().as_secs_f64(),
            "hits": hits,
            "misses": misses,
            "collapsed": collapsed,
            "hit_ratio": (hits as f64 / asked * 1e4).round() / 1e4,
            "invalidations": invalidated,
            "evictions": evicted,
            "refused_fills": refused,
        })
        .to_string(),
    )
}

fn control(ask: Ask, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Response {
    let path = request.head.target.path();
    let name = words::segment(path, "/api/store/replicas/").split('/').next().unwrap_or("");
    let store = &mut cx.world.store;
    let known = if ask == Ask::Crash {
        store.crash(name, cx.effects)
    } else {
        store.recover(name, cx.effects)
    };
    let replica = store.replicas.iter().find(|replica| known && replica.name == name);
    match replica {
        Some(replica) => {
            let (name, state) = (&replica.name, replica.phase.name());
            json(200, value!({"name": name, "state": state}).to_string())
        }
        None => Style::Problem.error(404, "No replica of this process has that name."),
    }
}

fn entries(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let query = request.head.target.query().unwrap_or("");
    let since = pair(query, "since").map_or(Some(0), |since| since.parse::<Seq>().ok());
    let Some(since) = since.filter(|since| *since <= i64::MAX as u64) else {
        return Answer::Ready(Style::Problem.error(400, "since is the number of an entry."));
    };
    let wanted = Wanted::Read(since, ENTRIES);
    rows(super::log::FILE, wanted, What::Entries(since), request, cx)
}

fn orders(own: Own, file: usize, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    if own == Own::Order {
        let text = words::segment(request.head.target.path(), "/api/orders/");
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let Some(number) = text.parse::<u64>().ok().filter(|_| digits) else {
            let detail = "The number of an order is a number.";
            return Answer::Ready(Style::Problem.error(400, detail));
        };
        let wanted = Wanted::Orders(number.saturating_add(1), 1);
        return rows(file, wanted, What::Order(number), request, cx);
    }
    let query = request.head.target.query().unwrap_or("");
    let limit = pair(query, "limit").map_or(Some(50), |text| text.parse::<usize>().ok());
    let before = pair(query, "cursor").map_or(Some(u64::MAX), |text| text.parse::<u64>().ok());
    let limit = limit.filter(|limit| (1..=500).contains(limit));
    let (Some(limit), Some(before)) = (limit, before) else {
        return Answer::Ready(Style::Problem.error(400, "The query has no valid limit or cursor."));
    };
    rows(file, Wanted::Orders(before, limit), What::Orders(limit), request, cx)
}

fn rows(
    file: usize,
    wanted: Wanted,
    what: What,
    request: &Request<'_, '_, '_>,
    cx: &mut Cx<'_>,
) -> Answer {
    cx.effects.push(Effect::Submit(request.ticket, Job::Store(file, wanted)));
    let rows = Rows { ticket: request.ticket, until: cx.now + limits::STORE_WAIT, what };
    Answer::Wait(HttpPending::Store(Pending::Rows(rows)))
}

/// Entries of one answer, roughly.
const ENTRIES: usize = 1000;

impl Rows {
    fn news(&mut self, event: Event, now: Instant) -> Option<Response> {
        let unavailable = || Style::Problem.error(503, "The file cannot be read.").retry_after(1);
        let own = self.ticket;
        let refused = matches!(event, Event::Refused(Refusal::Job(ticket)) if ticket == own);
        if refused || matches!(event, Event::Tick) && self.until <= now {
            return Some(unavailable());
        }
        let Event::Done(ticket, outcome) = event else { return None };
        if ticket != self.ticket {
            return None;
        }
        let Outcome::Store(Ok(kept)) = outcome else { return Some(unavailable()) };
        Some(self.answer(kept))
    }

    fn answer(&self, kept: Kept) -> Response {
        match (self.what, kept) {
            (What::Orders(limit), Kept::Orders(found)) => {
                let all = found.iter().map(|(order, date)| words::order(order, date));
                let response = json(200, format!("[{}]", all.collect::<Vec<_>>().join(",")));
                match found.last() {
                    Some((Order { id: last @ 2.., .. }, _)) if found.len() == limit => {
                        let link =
                            format!("</api/orders?limit={limit}&cursor={last}>; rel=\"next\"");
                        response.field("Link", link)
                    }
                    Some(_) | None => response,
                }
            }
            (What::Order(number), Kept::Orders(found)) => match found.first() {
                Some((order, date)) if order.id == number => json(200, words::order(order, date)),
                Some(_) | None => Style::Problem.error(404, "There is no such order."),
            },
            (What::Entries(since), Kept::Entries(first, entries)) => {
                debug_assert_eq!(first, since + 1, "what was asked for");
                let all = (first..).zip(entries.iter()).map(|(seq, entry)| {
                    let mut object = codec::value(entry);
                    object["seq"] = seq.into();
                    object
                });
                json(200, serde_json::Value::Array(all.collect()).to_string())
            }
            (What::Entries(_), Kept::Folded) => {
                Style::Problem.error(410, "The log begins later: these entries were folded.")
            }
            (What::Orders(_) | What::Order(_) | What::Entries(_), _) => {
                Style::Problem.error(500, "That is not what was asked for.")
            }
        }
    }
}
