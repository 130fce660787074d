//! Gathers what a query finds by thread, in one pass, with bounded work and memory.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::ColumnValues;
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use super::{Gathered, Order};

/// Posts looked at for one query; a query that finds more is answered from these.
const LOOKED_AT_MAX: u64 = 400_000;
/// The best posts of each thread that are kept: a third one tells little, and costs as much.
const BEST_OF_THREAD: usize = 2;

/// Gathers in an order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gather {
    pub(super) order: Order,
    pub(super) gathered: Gathered,
    /// Threads that are passed over.
    pub(super) skip: usize,
    /// Threads at most.
    pub(super) take: usize,
}

/// What was found, best first.
#[derive(Debug)]
pub(super) struct Heap {
    /// Those that were asked for.
    pub(super) groups: Vec<Gathering>,
    /// How many there are in all.
    pub(super) groups_in_all: usize,
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
    rank: f32,
    date: i64,
    pub(super) at: DocAddress,
}

impl One {
    fn better(&self, other: &One) -> Ordering {
        // Of equals the one that came first, which the others mostly answer; without ranks, the newer.
        let earlier = self.date.cmp(&other.date);
        let dates = if self.rank == 0.0 { earlier.reverse() } else { earlier };
        other.rank.total_cmp(&self.rank).then(dates).then(other.at.cmp(&self.at))
    }
}

impl Gathering {
    fn keep(&mut self, one: One) {
        let place = self.best.partition_point(|known| known.better(&one).is_lt());
        if place < BEST_OF_THREAD {
            self.best.truncate(BEST_OF_THREAD - 1);
            self.best.insert(place, one);
        }
    }
}

/// A post that was found, and its thread.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    thread: u64,
    one: One,
}

/// What is known of a thread before it is chosen.
struct Known {
    thread: u64,
    posts: u32,
    best: One,
}

impl Collector for Gather {
    type Fruit = Heap;
    type Child = OfSegment;

    fn for_segment(&self, ordinal: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<OfSegment> {
        let fast = segment.fast_fields();
        let thread = match self.gathered {
            Gathered::Threads => "thread",
            Gathered::Posts => "post",
        };
        Ok(OfSegment {
            order: self.order,
            ordinal,
            threads: fast.column_first_or_default(thread)?,
            dates: fast.column_first_or_default("date")?,
            seen: Vec::new(),
            posts: 0,
        })
    }

    fn requires_scoring(&self) -> bool {
        match self.order {
            Order::Relevance => true,
            Order::Newest => false,
        }
    }

    /// Common words find tens of thousands: only the threads of one page are put in order, and only
    /// of these the best posts are looked for.
    fn merge_fruits(&self, segments: Vec<(Vec<Seen>, u64)>) -> tantivy::Result<Heap> {
        let posts = segments.iter().map(|(_, of_segment)| of_segment).sum();
        let seen = || segments.iter().flat_map(|(seen, _)| seen);
        let known = by_thread(seen());
        let groups_in_all = known.len();
        let chosen = self.window(known);
        let mut groups: Vec<Gathering> =
            chosen.iter().map(|known| Gathering { posts: known.posts, best: Vec::new() }).collect();
        let places: FxHashMap<u64, usize> =
            chosen.iter().enumerate().map(|(place, known)| (known.thread, place)).collect();
        for post in seen() {
            if let Some(place) = places.get(&post.thread) {
                groups[*place].keep(post.one);
            }
        }
        Ok(Heap { groups, groups_in_all, posts })
    }
}

impl Gather {
    /// The threads that were asked for, the best first.
    fn window(&self, mut known: Vec<Known>) -> Vec<Known> {
        let better = |one: &Known, other: &Known| one.best.better(&other.best);
        let end = self.skip.saturating_add(self.take);
        if end < known.len() {
            known.select_nth_unstable_by(end, better);
            known.truncate(end);
        }
        known.sort_unstable_by(better);
        known.drain(..self.skip.min(known.len()));
        known
    }
}

fn by_thread<'s>(seen: impl Iterator<Item = &'s Seen>) -> Vec<Known> {
    let mut places: FxHashMap<u64, usize> = FxHashMap::default();
    let mut known: Vec<Known> = Vec::new();
    for Seen { thread, one } in seen {
        let place = *places.entry(*thread).or_insert(known.len());
        match known.get_mut(place) {
            Some(group) => {
                group.posts += 1;
                if one.better(&group.best).is_lt() {
                    group.best = *one;
                }
            }
            None => known.push(Known { thread: *thread, posts: 1, best: *one }),
        }
    }
    known
}

/// What was found in one segment.
pub(super) struct OfSegment {
    order: Order,
    ordinal: SegmentOrdinal,
    threads: Arc<dyn ColumnValues<u64>>,
    dates: Arc<dyn ColumnValues<i64>>,
    seen: Vec<Seen>,
    posts: u64,
}

impl SegmentCollector for OfSegment {
    type Fruit = (Vec<Seen>, u64);

    fn collect(&mut self, doc: DocId, score: Score) {
        self.posts += 1;
        if self.posts > LOOKED_AT_MAX {
            return;
        }
        let (thread, date) = (self.threads.get_val(doc), self.dates.get_val(doc));
        let rank = match self.order {
            Order::Relevance => score,
            Order::Newest => 0.0,
        };
        self.seen.push(Seen { thread, one: One { rank, date, at: DocAddress::new(self.ordinal, doc) } });
    }

    fn harvest(self) -> Self::Fruit {
        (self.seen, self.posts)
    }
}
