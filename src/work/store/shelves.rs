//! All books of a replica by id, on shelves that copies share: a copy costs a pointer per shelf,
//! and a change of a book costs one shelf.

use super::Book;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The books: see the module.
#[derive(Debug, Clone, Default)]
pub struct Shelves {
    shelves: BTreeMap<u32, Arc<Vec<Arc<Book>>>>,
    count: usize,
}

/// The binary logarithm of the number of ids on a shelf; ids are assigned without gaps.
const SHELF_BITS: u32 = 8;

impl Shelves {
    /// Returns the number of books.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns true if there are no books.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the book with this id.
    pub fn get(&self, id: u32) -> Option<&Arc<Book>> {
        let shelf = self.shelves.get(&(id >> SHELF_BITS))?;
        let place = shelf.binary_search_by_key(&id, |book| book.id).ok()?;
        Some(&shelf[place])
    }

    /// Inserts or replaces a book.
    pub fn put(&mut self, book: Arc<Book>) {
        let shelf = self.shelves.entry(book.id >> SHELF_BITS).or_default();
        let shelf = Arc::make_mut(shelf);
        match shelf.binary_search_by_key(&book.id, |known| known.id) {
            Ok(place) => shelf[place] = book,
            Err(place) => {
                shelf.insert(place, book);
                self.count += 1;
            }
        }
    }

    /// Returns the first shelf at or after this number, with its number.
    pub fn shelf(&self, from: u32) -> Option<(u32, &[Arc<Book>])> {
        self.shelves.range(from..).next().map(|(number, shelf)| (*number, &***shelf))
    }

    /// Iterates over all books by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Book>> {
        self.shelves.values().flat_map(|shelf| shelf.iter())
    }
}

impl FromIterator<Book> for Shelves {
    fn from_iter<I: IntoIterator<Item = Book>>(books: I) -> Shelves {
        let mut shelves = Shelves::default();
        books.into_iter().for_each(|book| shelves.put(Arc::new(book)));
        shelves
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::store::first_books;

    #[test]
    fn a_copy_stays_as_it_was_when_books_come_and_change() {
        let mut shelves = first_books().into_iter().collect::<Shelves>();
        let copy = shelves.clone();
        let [first, ..] = first_books();
        for id in [1, 256, 257, 4, 1 << 31] {
            shelves.put(Arc::new(Book { id, quantity: 1, ..first.clone() }));
        }
        let ids = |shelves: &Shelves| shelves.iter().map(|book| book.id).collect::<Vec<_>>();
        assert_eq!((ids(&copy), copy.len()), (vec![1, 2, 3], 3));
        assert_eq!(ids(&shelves), [1, 2, 3, 4, 256, 257, 1 << 31]);
        assert_eq!(shelves.len(), 7);
        assert_eq!((shelves.get(1).unwrap().quantity, copy.get(1).unwrap().quantity), (1, 9));
        assert_eq!((shelves.get(5), copy.get(4)), (None, None));
        assert_eq!(shelves.shelf(0).map(|(number, shelf)| (number, shelf.len())), Some((0, 4)));
        assert_eq!(shelves.shelf(2).map(|(number, _)| number), Some(1 << 23));
    }
}
