//! What was worked out and is still true: pages, and the order of long conversations.
//!
//! Everything that changes a page is a line of the journal, so what was made when the journal was
//! as long as it is now can be shown again. A bounded number of bytes; when they are used up, what
//! was put there first makes room.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long the journal is, in lines.
pub type JournalLength = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Values by their keys, as long as nothing has changed.
pub(crate) struct Kept<K, V> {
    length: JournalLength,
    bytes_max: usize,
    inner: Mutex<Inner<K, V>>,
}

struct Inner<K, V> {
    /// How long the journal was when everything in here was made.
    length: u64,
    values: HashMap<K, (Arc<V>, usize)>,
    /// In the order they were put here.
    order: VecDeque<K>,
    bytes: usize,
}

/// When something was begun to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Moment(u64);

impl Moment {
    /// How long the journal was then, in lines.
    pub(crate) fn lines(self) -> u64 {
        self.0
    }
}

impl<K: Clone + Eq + Hash, V> Kept<K, V> {
    pub(crate) fn new(length: JournalLength, bytes_max: usize) -> Kept<K, V> {
        let inner = Inner { length: 0, values: HashMap::new(), order: VecDeque::new(), bytes: 0 };
        Kept { length, bytes_max, inner: Mutex::new(inner) }
    }

    /// To be asked before anything is read for a value.
    pub(crate) fn moment(&self) -> Moment {
        Moment((self.length)())
    }

    /// What was made of this, if it is still so.
    pub(crate) fn get(&self, key: &K) -> Option<Arc<V>> {
        let now = (self.length)();
        let inner = self.inner();
        let (value, _) = inner.values.get(key).filter(|_| inner.length == now)?;
        Some(value.clone())
    }

    /// Keeps what was made from what was read since that moment.
    pub(crate) fn put(&self, key: K, value: Arc<V>, bytes: usize, moment: Moment) {
        // One value does not push everything else out.
        if bytes > self.bytes_max / 4 || (self.length)() != moment.0 {
            return;
        }
        let mut inner = self.inner();
        if inner.length != moment.0 {
            inner.values.clear();
            inner.order.clear();
            (inner.length, inner.bytes) = (moment.0, 0);
        }
        if inner.values.contains_key(&key) {
            return;
        }
        while inner.bytes + bytes > self.bytes_max
            && let Some(oldest) = inner.order.pop_front()
        {
            let freed = inner.values.remove(&oldest).map_or(0, |(_, bytes)| bytes);
            inner.bytes -= freed;
        }
        inner.bytes += bytes;
        inner.order.push_back(key.clone());
        inner.values.insert(key, (value, bytes));
    }

    fn inner(&self) -> MutexGuard<'_, Inner<K, V>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn what_was_made_counts_until_the_journal_grows() {
        let journal = Arc::new(AtomicU64::new(5));
        let length = journal.clone();
        let kept: Kept<&str, u32> = Kept::new(Arc::new(move || length.load(Ordering::Relaxed)), 100);
        let moment = kept.moment();
        kept.put("a", Arc::new(1), 10, moment);
        assert_eq!(kept.get(&"a").as_deref(), Some(&1));
        journal.store(6, Ordering::Relaxed);
        assert_eq!(kept.get(&"a"), None);
        // Made from what was read before the line came.
        kept.put("b", Arc::new(2), 10, moment);
        assert_eq!(kept.get(&"b"), None);
        kept.put("b", Arc::new(3), 10, kept.moment());
        assert_eq!((kept.get(&"a"), kept.get(&"b").as_deref()), (None, Some(&3)));
    }

    #[test]
    fn it_holds_no_more_than_it_may() {
        let kept: Kept<u32, u32> = Kept::new(Arc::new(|| 1), 100);
        for n in 0..1_000 {
            kept.put(n, Arc::new(n), 10, kept.moment());
        }
        kept.put(2_000, Arc::new(0), 26, kept.moment());
        let there: Vec<u32> = (0..3_000).filter(|n| kept.get(n).is_some()).collect();
        assert_eq!(there, (990..1_000).collect::<Vec<_>>());
        assert_eq!(kept.inner().bytes, 100);
    }
}
