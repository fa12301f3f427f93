//! Entries as JSON objects, for the log's file and for HTTP.
//!
//! Parsing a printed entry returns the same entry. Entries beyond the bounds of the store are
//! rejected, because a log with such an entry was modified.

use super::{Book, Entry, Outcome, PRICE_MAX, QUANTITY_MAX, Settled};
use serde_json::{Map, Value, json};

/// The longest title in characters.
pub const TITLE_MAX: usize = 200;
/// The longest topic in characters.
pub const TOPIC_MAX: usize = 60;
/// The longest key in bytes.
pub const KEY_MAX: usize = 255;
/// The longest reason in characters.
pub const REASON_MAX: usize = 200;
/// The highest id of a book.
pub const ID_MAX: u64 = 1 << 31;
/// The largest number of versions that a change may expect.
pub const EXPECTED_MAX: usize = 16;

/// Returns an entry as a JSON object.
pub fn value(entry: &Entry) -> Value {
    match entry {
        Entry::Sell { book, quantity, key, at } => {
            let mut object = json!({"type":"sell","book":book,"quantity":quantity,"at":at});
            if let Some(key) = key {
                object["key"] = key.as_str().into();
            }
            object
        }
        Entry::Change { book, price, quantity, title, topic, expected } => {
            let mut object = json!({"type":"change","book":book});
            let mut put = |name: &str, value: Option<Value>| {
                if let Some(value) = value {
                    object[name] = value;
                }
            };
            put("price", price.map(Value::from));
            put("quantity", quantity.map(Value::from));
            put("title", title.clone().map(Value::from));
            put("topic", topic.clone().map(Value::from));
            put("expected", expected.clone().map(Value::from));
            object
        }
        Entry::Stock { book, delta, reason } => {
            json!({"type":"stock","book":book,"delta":delta,"reason":reason})
        }
        Entry::Add { title, quantity, price, topic } => {
            json!({"type":"add","title":title,"quantity":quantity,"price":price,"topic":topic})
        }
    }
}

/// Parses the output of [`value`].
pub fn entry(value: &Value) -> Option<Entry> {
    let object = value.as_object()?;
    let id = || number(object, "book", ID_MAX).filter(|id| *id > 0).map(|id| id as u32);
    let quantity = || number(object, "quantity", QUANTITY_MAX.into()).map(|n| n as u32);
    let price = || number(object, "price", PRICE_MAX.into()).map(|n| n as u32);
    let entry = match object.get("type")?.as_str()? {
        "sell" => Entry::Sell {
            book: id()?,
            quantity: quantity()?,
            key: optional(object, "key", |_| text(object, "key", KEY_MAX, KEY_MAX))?,
            at: number(object, "at", u64::MAX)?,
        },
        "change" => Entry::Change {
            book: id()?,
            price: optional(object, "price", |_| price())?,
            quantity: optional(object, "quantity", |_| quantity())?,
            title: optional(object, "title", |_| text(object, "title", TITLE_MAX, 4 * TITLE_MAX))?,
            topic: optional(object, "topic", |_| text(object, "topic", TOPIC_MAX, 4 * TOPIC_MAX))?,
            expected: optional(object, "expected", versions)?,
        },
        "stock" => Entry::Stock {
            book: id()?,
            delta: object.get("delta")?.as_i64()?,
            reason: text(object, "reason", REASON_MAX, 4 * REASON_MAX)?,
        },
        "add" => Entry::Add {
            title: text(object, "title", TITLE_MAX, 4 * TITLE_MAX)?,
            quantity: quantity()?,
            price: price()?,
            topic: text(object, "topic", TOPIC_MAX, 4 * TOPIC_MAX)?,
        },
        _ => return None,
    };
    Some(entry)
}

/// Prints entries as a JSON array.
pub fn print(entries: &[Entry]) -> String {
    Value::Array(entries.iter().map(value).collect()).to_string()
}

/// Parses the output of [`print()`].
pub fn parse(text: &[u8]) -> Option<Vec<Entry>> {
    let value: Value = serde_json::from_slice(text).ok()?;
    value.as_array()?.iter().map(entry).collect()
}

/// Returns the outcome of an entry as a JSON object.
pub fn settled_value(settled: &Settled) -> Value {
    let replayed = settled.replayed;
    match &settled.outcome {
        Outcome::Sold { order, left } => {
            json!({"is":"sold","order":order,"left":left,"replayed":replayed})
        }
        Outcome::Short { available } => {
            json!({"is":"short","available":available,"replayed":replayed})
        }
        Outcome::NoBook => json!({"is":"no-book","replayed":replayed}),
        Outcome::Kept(book) => json!({"is":"kept","id":book.id,"title":book.title,
            "quantity":book.quantity,"price":book.price,"topic":book.topic,"replayed":replayed}),
        Outcome::Stale => json!({"is":"stale","replayed":replayed}),
        Outcome::KeyTaken => json!({"is":"key-taken","replayed":replayed}),
        Outcome::Full => json!({"is":"full","replayed":replayed}),
    }
}

/// Parses the output of [`settled_value`].
pub fn settled(value: &Value) -> Option<Settled> {
    let object = value.as_object()?;
    let small = |name| number(object, name, u32::MAX.into()).map(|n| n as u32);
    let outcome = match object.get("is")?.as_str()? {
        "sold" => Outcome::Sold { order: number(object, "order", u64::MAX)?, left: small("left")? },
        "short" => Outcome::Short { available: small("available")? },
        "no-book" => Outcome::NoBook,
        "kept" => Outcome::Kept(Book {
            id: small("id")?,
            title: object.get("title")?.as_str()?.to_string(),
            quantity: small("quantity")?,
            price: small("price")?,
            topic: object.get("topic")?.as_str()?.to_string(),
        }),
        "stale" => Outcome::Stale,
        "key-taken" => Outcome::KeyTaken,
        "full" => Outcome::Full,
        _ => return None,
    };
    Some(Settled { outcome, replayed: object.get("replayed")?.as_bool()? })
}

/// Reads a member that is a number of at most `most`.
pub fn number(object: &Map<String, Value>, name: &str, most: u64) -> Option<u64> {
    object.get(name)?.as_u64().filter(|number| *number <= most)
}

/// Reads a member that is a text within these bounds.
pub fn text(
    object: &Map<String, Value>,
    name: &str,
    chars_max: usize,
    bytes_max: usize,
) -> Option<String> {
    let text = object.get(name)?.as_str()?;
    let fits = text.len() <= bytes_max && text.chars().count() <= chars_max;
    fits.then(|| text.to_string())
}

fn versions(value: &Value) -> Option<Vec<u64>> {
    let list = value.as_array().filter(|list| list.len() <= EXPECTED_MAX)?;
    list.iter().map(Value::as_u64).collect()
}

/// Returns `Some(None)` if the member is missing, and `None` if it is invalid.
fn optional<T>(
    object: &Map<String, Value>,
    name: &str,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Option<Option<T>> {
    match object.get(name) {
        None => Some(None),
        Some(value) => read(value).map(Some),
    }
}
