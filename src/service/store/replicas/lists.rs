//! Lists of books and topics: made by a worker from a copy of the replica's books as shown at the
//! moment, or in place if they are short.

use super::catalog;
use crate::limits;
use crate::service::http::{Content, Request, Response, Style, json};
use crate::service::store::format;
use crate::service::store::wait::{News, Purpose, Waiting};
use crate::service::{Answer, Cx, Effect};
use crate::wire::http::Method;
use crate::wire::target::pairs;
use crate::work::store::codec::{TITLE_MAX, TOPIC_MAX};
use crate::work::store::list::{Filter, Items, Job as Making, List, Place, Product, Query, Sort};
use crate::work::store::shelves::Shelves;
use crate::work::{Compute, Job, Outcome};
use std::fmt::Write as _;
use std::sync::Arc;

/// Books of one answer unless the query says otherwise, and at most.
const LIMIT: usize = 50;
const LIMIT_MAX: usize = 500;

/// Up to so many books are listed on the loop: that takes less time than to wake a worker.
const IN_PLACE: usize = 256;

/// A list up to this long goes out with its head.
const WHOLE_BYTES: u64 = 16 * 1024;

/// A list that a worker makes.
#[derive(Debug)]
pub struct Wanted {
    shape: Shape,
    /// True if the content is not sent: the request was HEAD.
    unsent: bool,
}

/// The form of the response.
#[derive(Debug)]
pub enum Shape {
    /// 404 if it is empty, as the older clients know it.
    Contract,
    /// A page, and the query of the next one without its cursor.
    Page(Box<Filter>),
    /// As it is.
    Plain,
}

/// `/retrieve/topic/…` and `/retrieve/search/…`: the books of this query.
pub fn contract(
    query: Query,
    shelves: &Shelves,
    request: &Request<'_, '_, '_>,
    cx: &mut Cx<'_>,
) -> Answer {
    books(query, Shape::Contract, shelves, request, cx)
}

/// `GET /api/books`.
pub fn page(shelves: &Shelves, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    match filter(request.head.target.query().unwrap_or("")) {
        Ok(filter) => {
            let query = Query::Page(Box::new(filter.clone()));
            books(query, Shape::Page(Box::new(filter)), shelves, request, cx)
        }
        Err(name) => {
            let expected = match name {
                "q" => "at most 200 characters",
                "topic" => "at most 60 characters",
                "in_stock" => "true or false",
                "sort" => "id, title, price or stock, after a minus for descending order",
                "limit" => "a number from 1 to 500",
                "cursor" => "the one of a link to the next page",
                _ => "a number from 0 to 1000000 with at most two decimals",
            };
            let detail = format!("The query has no valid {name}: expected {expected}.");
            Style::Problem.error(400, &detail).into()
        }
    }
}

/// `GET /api/topics`.
pub fn topics(shelves: &Shelves, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    books(Query::Topics, Shape::Plain, shelves, request, cx)
}

fn books(
    query: Query,
    shape: Shape,
    shelves: &Shelves,
    request: &Request<'_, '_, '_>,
    cx: &mut Cx<'_>,
) -> Answer {
    let unsent = request.head.method == Method::Head;
    let making = Making::books(query, shelves.clone());
    if shelves.len() <= IN_PLACE {
        let Product::List(list) = making.at_once() else { return unavailable().into() };
        return shape.response(&list, unsent).into();
    }
    let ticket = request.ticket;
    cx.effects.push(Effect::Submit(ticket, Job::Compute(Compute::List(making))));
    let list = Purpose::List(Wanted { shape, unsent });
    Waiting::begin(list, ticket, limits::STORE_WAIT, cx)
}

fn unavailable() -> Response {
    Style::Problem.error(503, "Too much work is waiting.").retry_after(1)
}

impl Wanted {
    /// The response, if the list has been made, or cannot be.
    pub fn news(&self, news: &News) -> Option<Response> {
        match news {
            News::Done(Outcome::List(Product::List(list))) => {
                Some(self.shape.response(list, self.unsent))
            }
            News::Done(_) | News::Refused | News::Overdue => Some(unavailable()),
            News::Told(_) => None,
        }
    }
}

impl Shape {
    fn response(&self, list: &Arc<List>, unsent: bool) -> Response {
        match self {
            Shape::Contract if list.items.is_empty() => catalog::error(404, catalog::NO_BOOKS),
            Shape::Contract | Shape::Plain => whole(list, unsent),
            Shape::Page(filter) => {
                let response = whole(list, unsent);
                match (&list.items, list.more) {
                    (Items::Books(books), true) => match books.last() {
                        Some(last) => {
                            let cursor = filter.sort.place(last).print(filter.sort);
                            response.field("Link", next(filter, &cursor))
                        }
                        None => response,
                    },
                    (Items::Books(_) | Items::Topics(_) | Items::Entries(..), _) => response,
                }
            }
        }
    }
}

/// A list as the content of a response.
pub fn whole(list: &Arc<List>, unsent: bool) -> Response {
    let mut response = json(200, String::new());
    response.body = match list.bytes {
        bytes if unsent => Content::Unsent(bytes),
        ..=WHOLE_BYTES => {
            let mut text = String::with_capacity(list.bytes as usize);
            list.print(0, usize::MAX, &mut text);
            Content::Bytes(text.into_bytes().into())
        }
        _ => Content::List(Arc::clone(list)),
    };
    response
}

/// The link to the next page. Only valid members of the query are repeated, so it is never long.
fn next(filter: &Filter, cursor: &str) -> String {
    let mut link = "</api/books?".to_string();
    let mut put = |name: &str, value: &str| {
        let _ = write!(link, "{name}={}&", format::escape(value));
    };
    if !filter.text.is_empty() {
        put("q", &filter.text);
    }
    if let Some(topic) = &filter.topic {
        put("topic", topic);
    }
    if *filter.price.start() > 0 {
        put("min_price", &format::price(*filter.price.start()));
    }
    if *filter.price.end() < u32::MAX {
        put("max_price", &format::price(*filter.price.end()));
    }
    if let Some(in_stock) = filter.in_stock {
        put("in_stock", if in_stock { "true" } else { "false" });
    }
    if filter.sort != Sort::Id || filter.descending {
        put("sort", &format!("{}{}", if filter.descending { "-" } else { "" }, filter.sort.name()));
    }
    if filter.limit != LIMIT {
        put("limit", &filter.limit.to_string());
    }
    let _ = write!(link, "cursor={}>; rel=\"next\"", format::escape(cursor));
    link
}

/// Reads the query of a page.
///
/// # Errors
/// The name of the member that is not valid.
fn filter(query: &str) -> Result<Filter, &'static str> {
    let mut wanted = Filter {
        text: String::new(),
        topic: None,
        price: 0..=u32::MAX,
        in_stock: None,
        sort: Sort::Id,
        descending: false,
        limit: LIMIT,
        after: None,
    };
    let mut cursor = None;
    let short = |text: &str, most: usize| text.chars().count() <= most;
    for (name, value) in pairs(query) {
        match &*name {
            "q" if short(&value, TITLE_MAX) => wanted.text = value.to_lowercase(),
            "q" => return Err("q"),
            "topic" if short(&value, TOPIC_MAX) => wanted.topic = Some(value.to_lowercase()),
            "topic" => return Err("topic"),
            "min_price" => {
                let from = format::price_in(&value).ok_or("min_price")?;
                wanted.price = from..=*wanted.price.end();
            }
            "max_price" => {
                let to = format::price_in(&value).ok_or("max_price")?;
                wanted.price = *wanted.price.start()..=to;
            }
            "in_stock" => {
                wanted.in_stock = Some(match &*value {
                    "true" | "1" => true,
                    "false" | "0" => false,
                    _ => return Err("in_stock"),
                });
            }
            "sort" => {
                wanted.descending = value.starts_with('-');
                let word = value.strip_prefix('-').unwrap_or(&value);
                wanted.sort = Sort::named(word).ok_or("sort")?;
            }
            "limit" => {
                let limit = value.parse().ok().filter(|_| !value.starts_with('+'));
                let limit = limit.filter(|limit| (1..=LIMIT_MAX).contains(limit));
                wanted.limit = limit.ok_or("limit")?;
            }
            "cursor" => cursor = Some(value),
            _ => {}
        }
    }
    let after = |text| Place::parse(text, wanted.sort).ok_or("cursor");
    wanted.after = cursor.as_deref().map(after).transpose()?;
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_asked_for_as_this_one_was() {
        let query = "q=%C3%89t%C3%A9&topic=a%26b&min_price=1.5&max_price=20&in_stock=1&sort=-title\
                     &limit=7&more=x";
        let filter_of = |query: &str| filter(query).unwrap();
        let link = next(&filter_of(query), "title.7.a b");
        let next = link.strip_prefix("</api/books?").unwrap();
        let next = filter_of(next.strip_suffix(">; rel=\"next\"").unwrap());
        let after = Place::parse("title.7.a b", Sort::Title);
        assert_eq!(next, Filter { after, ..filter_of(query) });
    }

    #[test]
    fn a_link_is_short_whatever_the_query() {
        let long = |count| "é".repeat(count);
        let query = format!("q={}&topic={}&sort=title", long(TITLE_MAX), long(TOPIC_MAX));
        let filter = filter(&query).unwrap();
        assert!(next(&filter, &format!("title.1.{}", long(TITLE_MAX))).len() < 4096);
        for query in [format!("q={}", long(TITLE_MAX + 1)), format!("topic={}", long(61))] {
            assert!(super::filter(&query).is_err());
        }
    }
}
