//! A bounded box between two threads: things are put in one by one and taken out all at once.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// See the module.
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
    /// A box for at most `most` things.
    pub fn new(most: usize) -> BatchQueue<T> {
        let contents = Mutex::new(Contents { items: Vec::new(), closed: false, nudged: false });
        BatchQueue { contents, filled: Condvar::new(), most }
    }

    /// Puts `item` in.
    ///
    /// # Errors
    /// Gives it back when the box is full.
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

    /// Swaps all that is in the box for the emptied `batch`.
    pub fn swap(&self, batch: &mut Vec<T>) {
        batch.clear();
        std::mem::swap(&mut self.lock().items, batch);
    }

    /// Waits until there is something, or a nudge, and swaps what there is for the emptied `batch`.
    /// False when the box is closed and nothing is left in it.
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

    /// Ends the wait of the taker once, whether or not there is something for it.
    pub fn nudge(&self) {
        self.lock().nudged = true;
        self.filled.notify_one();
    }

    /// Nothing more will be put in.
    pub fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    /// A panic elsewhere leaves a list of whole items: it is as good as before.
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
