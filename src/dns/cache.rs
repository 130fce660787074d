//! Answers that are still good. Bounded in number and in bytes, whatever strangers make us ask.

use std::collections::HashMap;
use std::time::Duration;

use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::time::Instant;

use super::{Answer, Records};

/// The most answers kept.
const ENTRIES_MAX: usize = 4096;

/// The most they take together, as they came over the wire or a little more.
const BYTES_MAX: usize = 8 << 20;

/// No answer is kept for longer, whatever it says.
pub(super) const KEPT_MAX: Duration = Duration::from_secs(3600);

/// Answers by name and type.
#[derive(Default)]
pub(super) struct Cache {
    entries: HashMap<(String, RecordType), Entry>,
    bytes: usize,
}

struct Entry {
    until: Instant,
    bytes: usize,
    answer: Answer<RData>,
}

impl Cache {
    /// What was answered, if that is still good.
    pub(super) fn get(&self, name: &str, kind: RecordType, now: Instant) -> Option<Answer<RData>> {
        let entry = self.entries.get(&(name.to_owned(), kind))?;
        (entry.until > now).then(|| entry.answer.clone())
    }

    /// Keeps an answer for as long as it says.
    pub(super) fn put(
        &mut self,
        name: &str,
        kind: RecordType,
        answer: &Answer<RData>,
        good_for: Duration,
        now: Instant,
    ) {
        if good_for.is_zero() {
            return;
        }
        let bytes = name.len() + weight(answer);
        if self.entries.len() >= ENTRIES_MAX || self.bytes + bytes > BYTES_MAX {
            self.entries.retain(|_, entry| entry.until > now);
            self.bytes = self.entries.values().map(|entry| entry.bytes).sum();
        }
        if self.entries.len() >= ENTRIES_MAX || self.bytes + bytes > BYTES_MAX {
            // All of it is good and there is no room: a flood of questions. Beginning anew is cheap.
            self.entries.clear();
            self.bytes = 0;
        }
        let entry = Entry { until: now + good_for.min(KEPT_MAX), bytes, answer: answer.clone() };
        if let Some(earlier) = self.entries.insert((name.to_owned(), kind), entry) {
            self.bytes -= earlier.bytes;
        }
        self.bytes += bytes;
    }
}

fn weight(answer: &Answer<RData>) -> usize {
    /// What an entry takes beside its texts.
    const ENTRY_BYTES: usize = 200;
    let texts = |data: &RData| {
        if let RData::TXT(text) = data {
            text.txt_data.iter().map(|part| part.len()).sum()
        } else if let RData::TLSA(tlsa) = data {
            tlsa.cert_data.len()
        } else {
            0
        }
    };
    ENTRY_BYTES
        + match answer {
            Answer::Found(Records { records, .. }) => {
                records.iter().map(|data| ENTRY_BYTES + texts(data)).sum()
            }
            Answer::NoRecord | Answer::NoName | Answer::Trouble(_) => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::Dnssec;
    use hickory_resolver::proto::rr::rdata::TXT;

    fn text(bytes: usize) -> Answer<RData> {
        let part = |length: usize| "x".repeat(length);
        let whole: Vec<String> = (0..bytes / 250).map(|_| part(250)).collect();
        Answer::Found(Records { records: vec![RData::TXT(TXT::new(whole))], dnssec: Dnssec::Unsigned })
    }

    #[tokio::test]
    async fn an_answer_is_good_for_as_long_as_it_says() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        cache.put("a.example", RecordType::TXT, &text(250), Duration::from_secs(60), now);
        cache.put("b.example", RecordType::TXT, &text(250), Duration::ZERO, now);
        cache.put("c.example", RecordType::TXT, &text(250), Duration::from_secs(1 << 30), now);
        let at = |seconds| now + Duration::from_secs(seconds);
        assert!(cache.get("a.example", RecordType::TXT, at(59)).is_some());
        assert!(cache.get("a.example", RecordType::TXT, at(60)).is_none());
        assert!(cache.get("a.example", RecordType::A, now).is_none());
        assert!(cache.get("b.example", RecordType::TXT, now).is_none());
        assert!(cache.get("c.example", RecordType::TXT, at(3600)).is_none());
    }

    #[tokio::test]
    async fn a_flood_takes_no_more_than_its_room() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        for n in 0..20_000 {
            let size = if n % 2 == 0 { 50_000 } else { 250 };
            cache.put(&format!("{n}.example"), RecordType::TXT, &text(size), KEPT_MAX, now);
            assert!(cache.entries.len() <= ENTRIES_MAX && cache.bytes <= BYTES_MAX);
        }
        assert!(cache.get("19999.example", RecordType::TXT, now).is_some());
        let all: usize = cache.entries.values().map(|entry| entry.bytes).sum();
        assert_eq!(all, cache.bytes);
    }
}
