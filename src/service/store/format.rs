//! Names, numbers and bodies of the bookstore, as clients write and read them.

use crate::service::Cx;
use crate::service::http::{Request, Response, Style};
use crate::wire::http::Head;
use crate::wire::json::parse;
use crate::work::store::codec::{ID_MAX, KEY_MAX, REASON_MAX, TITLE_MAX, TOPIC_MAX};
use crate::work::store::list::print_book;
use crate::work::store::{Book, Order, PRICE_MAX, QUANTITY_MAX};

pub use crate::work::store::list::price;
use serde_json::Value;
use std::fmt::Write as _;

/// An id in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Id {
    /// Something else than digits.
    NotNumeric,
    /// Digits, but no book has this id.
    OutOfRange,
    /// An id that a book may have.
    Is(u32),
}

/// Reads an id.
pub fn id(text: &str) -> Id {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Id::NotNumeric;
    }
    match text.parse::<u64>() {
        Ok(id) if (1..=ID_MAX).contains(&id) => Id::Is(id as u32),
        Ok(_) | Err(_) => Id::OutOfRange,
    }
}

/// A segment of a path that means `text`.
pub fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(byte.into());
        } else {
            write!(escaped, "%{byte:02X}").expect("a String takes every write");
        }
    }
    escaped
}

/// A book, as the contract has it.
pub fn book(book: &Book) -> String {
    let mut text = String::new();
    print_book(book, &mut text);
    text
}

/// The entity tag of a book.
pub fn etag(book: &Book) -> String {
    format!("\"{:016x}\"", book.version())
}

/// An order, with its date.
pub fn order(order: &Order, date: &str) -> String {
    let Order { id, book, quantity, .. } = order;
    format!("{{\"id\":{id},\"book_id\":{book},\"order_date\":\"{date}\",\"quantity\":{quantity}}}")
}

/// The key that a purchase is known by.
///
/// # Errors
/// There are two, or it is none.
pub fn key(head: &Head<'_, '_>) -> Result<Option<String>, Response> {
    let mut keys = head.fields("idempotency-key");
    let Some(key) = keys.next() else { return Ok(None) };
    let key = std::str::from_utf8(key).unwrap_or("").trim();
    if keys.next().is_some() || key.is_empty() || key.len() > KEY_MAX {
        return Err(Style::Problem.error(400, "Idempotency-Key is 1 to 255 characters, once."));
    }
    Ok(Some(key.to_string()))
}

/// A key that no other request has.
pub fn own_key(cx: &mut Cx<'_>) -> String {
    let since = cx.wall.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("own-{:x}-{:016x}", since.as_nanos(), cx.rng.u64(..))
}

/// The body as a JSON object; nothing counts as an empty one.
///
/// # Errors
/// It is something else.
pub fn object(request: &Request<'_, '_, '_>) -> Result<Value, Response> {
    if request.body.trim_ascii().is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    if !request.is_json() {
        return Err(Style::Problem.error(415, "The content type must be application/json."));
    }
    let body = parse(request.body).ok().filter(Value::is_object);
    body.ok_or_else(|| Style::Problem.error(400, "The body is no JSON object."))
}

/// A member that is not what it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrong(pub &'static str);

type Member<T> = Result<Option<T>, Wrong>;

fn member<'v>(body: &'v Value, name: &str) -> Option<&'v Value> {
    body.get(name)
}

/// `price`, in cents.
pub fn price_of(body: &Value) -> Member<u32> {
    let Some(value) = member(body, "price") else { return Ok(None) };
    cents(value).map(Some).ok_or(Wrong("price"))
}

/// A price with at most two decimals.
fn cents(value: &Value) -> Option<u32> {
    let hundredfold = value.as_f64().filter(|_| value.is_number())? * 100.0;
    let cents = hundredfold.round();
    let exact = (hundredfold - cents).abs() < 1e-4;
    (exact && (0.0..=f64::from(PRICE_MAX)).contains(&cents)).then_some(cents as u32)
}

/// A price in a query.
pub fn price_in(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number: f64 = text.parse().ok().filter(|_| plain)?;
    cents(&Value::from(number))
}

/// `quantity`.
pub fn quantity_of(body: &Value) -> Member<u32> {
    let Some(value) = member(body, "quantity") else { return Ok(None) };
    let quantity = value.as_u64().filter(|n| *n <= QUANTITY_MAX.into());
    quantity.map(|n| Some(n as u32)).ok_or(Wrong("quantity"))
}

/// `title`.
pub fn title_of(body: &Value) -> Member<String> {
    text_of(body, "title", TITLE_MAX)
}

/// `topic`.
pub fn topic_of(body: &Value) -> Member<String> {
    text_of(body, "topic", TOPIC_MAX)
}

/// `reason`.
pub fn reason_of(body: &Value) -> Member<String> {
    text_of(body, "reason", REASON_MAX)
}

fn text_of(body: &Value, name: &'static str, most: usize) -> Member<String> {
    let Some(value) = member(body, name) else { return Ok(None) };
    let text = value.as_str().filter(|text| {
        let printable = !text.chars().any(char::is_control);
        !text.trim().is_empty() && text.chars().count() <= most && printable
    });
    text.map(|text| Some(text.to_string())).ok_or(Wrong(name))
}

/// `delta`: copies in or out, not none.
pub fn delta_of(body: &Value) -> Result<i64, Wrong> {
    let most = i64::from(QUANTITY_MAX);
    let delta = member(body, "delta").and_then(Value::as_i64);
    delta.filter(|n| *n != 0 && (-most..=most).contains(n)).ok_or(Wrong("delta"))
}

/// `book_id`.
pub fn book_id_of(body: &Value) -> Result<u32, Wrong> {
    let id = member(body, "book_id").and_then(Value::as_u64);
    id.filter(|id| (1..=ID_MAX).contains(id)).map(|id| id as u32).ok_or(Wrong("book_id"))
}

impl Wrong {
    /// 422.
    pub fn problem(self) -> Response {
        Style::Problem
            .error(422, &format!("{} is missing, of another type or out of range.", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_cents_and_never_rounded() {
        for (text, expected) in [
            ("0", Some(0)),
            ("500.0", Some(50_000)),
            ("45.95", Some(4_595)),
            ("0.1", Some(10)),
            ("1000000", Some(100_000_000)),
            ("999999.99", Some(99_999_999)),
            ("1000000.01", None),
            ("0.001", None),
            ("-1", None),
            ("true", None),
            ("\"5\"", None),
            ("null", None),
            ("1e300", None),
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(cents(&value), expected, "{text}");
        }
        for (cents, text) in [(50_000, "500.0"), (4_595, "45.95"), (4_590, "45.9"), (5, "0.05")] {
            assert_eq!(price(cents), text);
        }
    }

    #[test]
    fn an_id_is_digits_that_a_book_may_have() {
        for (text, expected) in [
            ("1", Id::Is(1)),
            ("2147483648", Id::Is(1 << 31)),
            ("2147483649", Id::OutOfRange),
            ("0", Id::OutOfRange),
            ("99999999999999999999999", Id::OutOfRange),
            ("", Id::NotNumeric),
            ("-1", Id::NotNumeric),
            ("+1", Id::NotNumeric),
            ("1.0", Id::NotNumeric),
            ("a", Id::NotNumeric),
        ] {
            assert_eq!(id(text), expected, "{text}");
        }
    }

    #[test]
    fn a_topic_survives_a_path() {
        let topic = "C & C++ / été";
        let escaped = escape(topic).replace("%2F", "-");
        let decoded = crate::wire::target::decode_path(&escaped).unwrap();
        assert_eq!(String::from_utf8_lossy(&decoded), topic.replace('/', "-"));
    }
}
