//! A bounded queue between two threads: items are added one by one and taken all at once.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The queue; see the module.
#[derive(Debug)]
pub struct BatchQueue<T> {
    contents: Mutex<Contents<T>>,
    filled: Condvar,
    most: usize,
}

#[derive(Debug)]
struct Contents<T> {
    items: Vec<T>,
    closed: bool,
    nudged: bool,
}

impl<T> BatchQueue<T> {
    /// Creates a queue for at most `most` items.
    pub fn new(most: usize) -> BatchQueue<T> {
        let contents = Mutex::new(Contents { items: Vec::new(), closed: false, nudged: false });
        BatchQueue { contents, filled: Condvar::new(), most }
    }

    /// Adds an item.
    ///
    /// # Errors
    /// Returns the item if the queue is full.
    pub fn put(&self, item: T) -> Result<(), T> {
        let mut contents = self.lock();
        if contents.items.len() >= self.most {
            return Err(item);
        }
        contents.items.push(item);
        if contents.items.len() == 1 {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Swaps the queued items with the empty `batch`.
    pub fn swap(&self, batch: &mut Vec<T>) {
        batch.clear();
        std::mem::swap(&mut self.lock().items, batch);
    }

    /// Waits for items or a nudge, and swaps the items with the empty `batch`. Returns false when
    /// the queue is closed and empty.
    pub fn wait(&self, batch: &mut Vec<T>) -> bool {
        batch.clear();
        let mut contents = self.lock();
        while contents.items.is_empty() && !contents.closed && !contents.nudged {
            contents = self.filled.wait(contents).unwrap_or_else(PoisonError::into_inner);
        }
        contents.nudged = false;
        std::mem::swap(&mut contents.items, batch);
        !batch.is_empty() || !contents.closed
    }

    /// Ends one wait of the consumer, even without an item.
    pub fn nudge(&self) {
        self.lock().nudged = true;
        self.filled.notify_one();
    }

    /// Closes the queue for producers.
    pub fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    /// Locks; a panic of another thread leaves a consistent list.
    fn lock(&self) -> MutexGuard<'_, Contents<T>> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_is_put_in_comes_out_once_and_in_order() {
        let batch_queue = Arc::new(BatchQueue::new(usize::MAX));
        let taker = {
            let batch_queue = Arc::clone(&batch_queue);
            std::thread::spawn(move || {
                let (mut all, mut batch) = (Vec::new(), Vec::new());
                while batch_queue.wait(&mut batch) {
                    all.append(&mut batch);
                }
                all
            })
        };
        for item in 0..10_000 {
            batch_queue.put(item).unwrap();
        }
        batch_queue.close();
        assert_eq!(taker.join().unwrap(), (0..10_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_nudge_ends_one_wait_and_takes_nothing_away() {
        let batch_queue = BatchQueue::new(2);
        let mut batch = Vec::new();
        batch_queue.nudge();
        assert!(batch_queue.wait(&mut batch) && batch.is_empty());
        batch_queue.put(1).unwrap();
        batch_queue.nudge();
        assert!(batch_queue.wait(&mut batch));
        assert_eq!(batch, [1]);
        batch_queue.nudge();
        batch_queue.close();
        assert!(!batch_queue.wait(&mut batch), "closed and empty is the end");
    }

    #[test]
    fn a_full_box_gives_back_and_takes_again_when_emptied() {
        let batch_queue = BatchQueue::new(2);
        assert_eq!(batch_queue.put(1), Ok(()));
        assert_eq!(batch_queue.put(2), Ok(()));
        assert_eq!(batch_queue.put(3), Err(3));
        let mut batch = Vec::new();
        batch_queue.swap(&mut batch);
        assert_eq!(batch, [1, 2]);
        assert_eq!(batch_queue.put(3), Ok(()));
    }
}
