//! One book's stock, as a naive single shop would keep it: the possible requests at each door, the
//! meaning of the answers, and their consistency.

use super::http::{field_of, text};
use super::linear::{Span, is_linearizable};
use fastrand::Rng;
use serde_json::Value;
use std::collections::BTreeMap;

/// A request about a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// Read the number of copies.
    Look,
    /// Sell so many; a purchase with a name happens once.
    Sell(u32, Option<u8>),
    /// Set the number of copies.
    Set(u32),
    /// Add or remove so many.
    Move(i64),
}

/// An answer about a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The present number of copies.
    Copies(u32),
    /// They were sold; the number left, if it was given; true if it was decided before.
    Sold(Option<u32>, bool),
    /// There are not enough; true if it was decided before.
    Short(bool),
    /// The name belongs to another purchase.
    Taken,
    /// The outcome is unknown.
    Unknown,
}

/// A request about a book, and its answer.
pub type Deed = (Want, Told);

/// A book's copies, and the purchases by name: the number of copies, and the number left then, if
/// there were enough.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shelf {
    pub copies: u32,
    names: BTreeMap<u8, (u32, Option<u32>)>,
}

impl Shelf {
    /// Creates a shelf with so many copies.
    pub fn of(copies: u32) -> Shelf {
        Shelf { copies, names: BTreeMap::new() }
    }

    /// Returns the shelf after a deed, if that answer is possible.
    pub fn after(&self, (want, told): &Deed) -> Option<Shelf> {
        let mut next = self.clone();
        let would = next.serve(want);
        // A front that sent a request twice cannot tell whether the client had sent it before.
        let named = matches!(want, Want::Sell(_, Some(_)));
        let same = |again: bool, before: bool| again == before || again && named;
        let fits = match (told, &would) {
            (Told::Unknown, _) => true,
            (Told::Sold(left, again), Told::Sold(would, before)) => {
                (left.is_none() || left == would) && same(*again, *before)
            }
            (Told::Short(again), Told::Short(before)) => same(*again, *before),
            (Told::Copies(_) | Told::Sold(..) | Told::Short(_) | Told::Taken, _) => *told == would,
        };
        fits.then_some(next)
    }

    /// Returns the answer of the shop.
    pub fn serve(&mut self, want: &Want) -> Told {
        match *want {
            Want::Look => {}
            Want::Set(copies) => self.copies = copies,
            Want::Move(delta) => match u32::try_from(i64::from(self.copies) + delta) {
                Ok(copies) => self.copies = copies,
                Err(_) => return Told::Short(false),
            },
            Want::Sell(count, name) => return self.sell(count, name),
        }
        Told::Copies(self.copies)
    }

    fn sell(&mut self, count: u32, name: Option<u8>) -> Told {
        let known = name.and_then(|name| self.names.get(&name).copied());
        let (left, again) = match known {
            Some((before, _)) if before != count => return Told::Taken,
            Some((_, left)) => (left, true),
            None => (self.copies.checked_sub(count), false),
        };
        if !again {
            self.copies = left.unwrap_or(self.copies);
            name.map(|name| self.names.insert(name, (count, left)));
        }
        left.map_or(Told::Short(again), |left| Told::Sold(Some(left), again))
    }
}

/// Returns true if a shelf of so many copies could have given all these answers.
pub fn is_possible(copies: u32, history: &[Span<Deed>]) -> bool {
    is_linearizable(Shelf::of(copies), history, Shelf::after)
}

/// The receiver of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The front, on the public listener, which has no operators.
    Front,
    /// The front, on the operators' listener.
    Panel,
    /// A catalog.
    Catalog,
    /// An order server.
    Order,
}

impl Want {
    /// Returns a random request for this door. Few copies and few names, so that they collide.
    pub fn any(door: Door, rng: &mut Rng) -> Want {
        let name = |rng: &mut Rng| (rng.u8(..3) == 0).then(|| rng.u8(..6));
        match (door, rng.u8(..8)) {
            (Door::Order, _) => Want::Sell(rng.u32(1..3), name(rng)),
            (Door::Catalog, 0) => Want::Set(rng.u32(..6)),
            (Door::Panel, 0) => Want::Move(rng.i64(-3..4) * 2 + 1),
            (Door::Front | Door::Panel, 1..4) => Want::Sell(rng.u32(1..3), name(rng)),
            (Door::Front | Door::Panel | Door::Catalog, _) => Want::Look,
        }
    }

    /// Returns the HTTP request for this door, one of the equivalent ones.
    pub fn request(&self, door: Door, book: u32, rng: &mut Rng) -> String {
        let key = |name: Option<u8>| {
            name.map_or(String::new(), |name| format!("Idempotency-Key: {book}-{name}\r\n"))
        };
        let looks = [format!("/product/{book}"), format!("/api/books/{book}")];
        match (self, door) {
            (Want::Look, Door::Front | Door::Panel) => match rng.usize(..4) {
                at @ 0..2 => text("GET", &looks[at], "", ""),
                2 => text("GET", "/products/all", "", ""),
                _ => text("GET", "/api/books", "", ""),
            },
            (Want::Look, Door::Catalog | Door::Order) => {
                text("GET", &format!("/retrieve/item/{book}"), "", "")
            }
            (Want::Sell(1, name), _) => text("PUT", &format!("/purchase/{book}/"), &key(*name), ""),
            (Want::Sell(count, name), _) => {
                let body = format!("{{\"book_id\":{book},\"quantity\":{count}}}");
                text("POST", "/api/orders", &key(*name), &body)
            }
            (Want::Set(copies), _) => {
                text("PUT", &format!("/modify/{book}"), "", &format!("{{\"quantity\":{copies}}}"))
            }
            (Want::Move(delta), _) => {
                let body = format!("{{\"delta\":{delta},\"reason\":\"count\"}}");
                text("POST", &format!("/api/books/{book}/stock"), "", &body)
            }
        }
    }

    /// Parses an answer about the book; `None` if it says that nothing happened.
    pub fn told(&self, book: u32, status: u16, head: &str, body: &str) -> Option<Told> {
        let again = field_of(head, "Idempotent-Replayed") == Some("true");
        let value: Value = serde_json::from_str(body).unwrap_or_default();
        let of_book = |value: &Value| (value["id"] == book).then(|| value["quantity"].clone());
        let number = |value: &Value| value.as_u64().map(|number| number as u32);
        match (status, self) {
            (503, _) if body.contains("nothing was") => None,
            (503, Want::Look) => None,
            (503, _) => Some(Told::Unknown),
            (200 | 201, Want::Sell(..)) => Some(Told::Sold(number(&value["available"]), again)),
            (400 | 409, Want::Sell(..) | Want::Move(_)) => Some(Told::Short(again)),
            (422, Want::Sell(..)) => Some(Told::Taken),
            (200, Want::Look | Want::Set(_) | Want::Move(_)) => {
                let list = value.as_array().and_then(|list| list.iter().find_map(of_book));
                let copies = list.or_else(|| of_book(&value)).as_ref().and_then(number);
                Some(Told::Copies(copies.unwrap_or_else(|| panic!("no book {book} in {body}"))))
            }
            _ => panic!("{self:?} was answered with {status} {body}"),
        }
    }
}
