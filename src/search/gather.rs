//! Gathers what a query finds by thread, in one pass, with bounded work and memory.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::ColumnValues;
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use super::{Gathered, Order};

/// Posts looked at for one query; a query that finds more is answered from these.
const LOOKED_AT_MAX: u64 = 400_000;
/// The best posts of each thread that are kept.
const BEST_OF_THREAD: usize = 3;

/// Gathers in an order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gather {
    pub(super) order: Order,
    pub(super) gathered: Gathered,
}

/// What was found, best first.
#[derive(Debug, Default)]
pub(super) struct Heap {
    pub(super) groups: Vec<Gathering>,
    pub(super) posts: u64,
}

/// The posts found of one thread.
#[derive(Clone, Debug)]
pub(super) struct Gathering {
    pub(super) posts: u32,
    /// At most [`BEST_OF_THREAD`], the best first.
    pub(super) best: Vec<One>,
}

/// A post, and how good it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct One {
    rank: f64,
    date: i64,
    pub(super) at: DocAddress,
}

impl One {
    fn better(&self, other: &One) -> std::cmp::Ordering {
        // Of equals the one that came first, which the others mostly answer; without ranks, the newer.
        let earlier = self.date.cmp(&other.date);
        let dates = if self.rank == 0.0 { earlier.reverse() } else { earlier };
        other.rank.total_cmp(&self.rank).then(dates).then(other.at.cmp(&self.at))
    }
}

impl Gathering {
    fn take(&mut self, one: One) {
        self.posts += 1;
        self.keep(one);
    }

    fn keep(&mut self, one: One) {
        let place = self.best.partition_point(|known| known.better(&one).is_lt());
        if place < BEST_OF_THREAD {
            self.best.truncate(BEST_OF_THREAD - 1);
            self.best.insert(place, one);
        }
    }
}

impl Collector for Gather {
    type Fruit = Heap;
    type Child = OfSegment;

    fn for_segment(&self, ordinal: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<OfSegment> {
        let fast = segment.fast_fields();
        let key = match self.gathered {
            Gathered::Threads => "thread",
            Gathered::Posts => "post",
        };
        Ok(OfSegment {
            order: self.order,
            ordinal,
            keys: fast.column_first_or_default(key)?,
            dates: fast.column_first_or_default("date")?,
            groups: HashMap::new(),
            posts: 0,
        })
    }

    fn requires_scoring(&self) -> bool {
        match self.order {
            Order::Relevance => true,
            Order::Newest => false,
        }
    }

    fn merge_fruits(&self, segments: Vec<(HashMap<u64, Gathering>, u64)>) -> tantivy::Result<Heap> {
        let mut all: HashMap<u64, Gathering> = HashMap::new();
        let mut posts = 0;
        for (groups, of_segment) in segments {
            posts += of_segment;
            if all.is_empty() {
                all = groups;
                continue;
            }
            for (key, group) in groups {
                let known = all.entry(key).or_insert_with(|| Gathering { posts: 0, best: Vec::new() });
                known.posts += group.posts;
                group.best.into_iter().for_each(|one| known.keep(one));
            }
        }
        let mut groups: Vec<Gathering> = all.into_values().filter(|group| !group.best.is_empty()).collect();
        groups.sort_unstable_by(|one, other| one.best[0].better(&other.best[0]));
        Ok(Heap { groups, posts })
    }
}

/// What was found in one segment.
pub(super) struct OfSegment {
    order: Order,
    ordinal: SegmentOrdinal,
    keys: Arc<dyn ColumnValues<u64>>,
    dates: Arc<dyn ColumnValues<i64>>,
    groups: HashMap<u64, Gathering>,
    posts: u64,
}

impl SegmentCollector for OfSegment {
    type Fruit = (HashMap<u64, Gathering>, u64);

    fn collect(&mut self, doc: DocId, score: Score) {
        self.posts += 1;
        if self.posts > LOOKED_AT_MAX {
            return;
        }
        let (key, date) = (self.keys.get_val(doc), self.dates.get_val(doc));
        let rank = match self.order {
            Order::Relevance => f64::from(score),
            Order::Newest => 0.0,
        };
        let one = One { rank, date, at: DocAddress::new(self.ordinal, doc) };
        let group = self.groups.entry(key).or_insert_with(|| Gathering { posts: 0, best: Vec::new() });
        group.take(one);
    }

    fn harvest(self) -> Self::Fruit {
        (self.groups, self.posts)
    }
}
