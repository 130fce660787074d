//! Sets of persons, by number: readers of a post, small on disk and in the journal.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::ids::PersonId;

/// A set of persons. Written as ranges: `3-17,40`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PersonSet {
    chunks: BTreeMap<u32, Chunk>,
}

/// [`Chunk::PERSONS`] neighbouring numbers, one bit each: small enough for one state value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Chunk(Vec<u8>);

impl Chunk {
    /// Persons a chunk holds.
    pub(super) const PERSONS: u32 = 4096;
    const BYTES: usize = Self::PERSONS as usize / 8;

    fn new() -> Chunk {
        Chunk(vec![0; Self::BYTES])
    }

    /// From the bytes of a state value; `None` if they are not a chunk.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Chunk> {
        (bytes.len() == Self::BYTES).then(|| Chunk(bytes.to_vec()))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// Which chunk a person is in.
    pub(super) fn number(person: PersonId) -> u32 {
        person.0 / Self::PERSONS
    }

    fn bit(person: PersonId) -> (usize, u8) {
        let within = (person.0 % Self::PERSONS) as usize;
        (within / 8, 1 << (within % 8))
    }

    pub(super) fn insert(&mut self, person: PersonId) {
        let (byte, bit) = Self::bit(person);
        self.0[byte] |= bit;
    }

    /// Whether the person was in it.
    pub(super) fn remove(&mut self, person: PersonId) -> bool {
        let (byte, bit) = Self::bit(person);
        let was = self.0[byte] & bit != 0;
        self.0[byte] &= !bit;
        was
    }

    pub(super) fn contains(&self, person: PersonId) -> bool {
        let (byte, bit) = Self::bit(person);
        self.0[byte] & bit != 0
    }

    pub(super) fn persons(&self, number: u32) -> impl Iterator<Item = PersonId> + '_ {
        let first = number * Self::PERSONS;
        let bits = move |(at, byte): (usize, &u8)| {
            let (at, byte) = (u32::try_from(at).unwrap_or(0), *byte);
            (0..8).filter(move |bit| byte & (1 << bit) != 0).map(move |bit| PersonId(first + at * 8 + bit))
        };
        self.0.iter().enumerate().filter(|(_, byte)| **byte != 0).flat_map(bits)
    }
}

impl Chunk {
    /// Neighbours, within bytes: the first, and the number after the last.
    fn runs(&self, number: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        let first = number * Self::PERSONS;
        let bytes = (first..).step_by(8).zip(&self.0).filter(|(_, byte)| **byte != 0);
        bytes.flat_map(|(first, byte)| {
            let mut left = *byte;
            let mut bit = 0;
            std::iter::from_fn(move || {
                if left == 0 {
                    return None;
                }
                let gap = left.trailing_zeros();
                let ones = (left >> gap).trailing_ones();
                let from = bit + gap;
                bit = from + ones;
                left = left.checked_shr(gap + ones).unwrap_or(0);
                Some((first + from, first + bit))
            })
        })
    }
}

impl PersonSet {
    /// Adds a person.
    pub fn insert(&mut self, person: PersonId) {
        self.chunks.entry(Chunk::number(person)).or_insert_with(Chunk::new).insert(person);
    }

    /// Takes a person out.
    pub fn remove(&mut self, person: PersonId) {
        if let Some(chunk) = self.chunks.get_mut(&Chunk::number(person)) {
            chunk.remove(person);
        }
    }

    /// Whether the person is in it.
    pub fn contains(&self, person: PersonId) -> bool {
        self.chunks.get(&Chunk::number(person)).is_some_and(|chunk| chunk.contains(person))
    }

    /// How many.
    pub fn len(&self) -> u32 {
        let ones = |chunk: &Chunk| chunk.0.iter().map(|byte| byte.count_ones()).sum::<u32>();
        self.chunks.values().map(ones).sum()
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.chunks.values().all(Chunk::is_empty)
    }

    /// In the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = PersonId> + '_ {
        self.chunks.iter().flat_map(|(number, chunk)| chunk.persons(*number))
    }

    pub(super) fn chunks(&self) -> impl Iterator<Item = (u32, &Chunk)> {
        self.chunks.iter().map(|(number, chunk)| (*number, chunk))
    }

    fn ranges(&self) -> String {
        let mut text = String::new();
        let mut say = |(from, end): (u32, u32)| {
            let comma = if text.is_empty() { "" } else { "," };
            let written = match end - from {
                1 => write!(text, "{comma}{from}"),
                _ => write!(text, "{comma}{from}-{}", end - 1),
            };
            written.expect("memory takes it");
        };
        let mut run: Option<(u32, u32)> = None;
        for (from, end) in self.chunks.iter().flat_map(|(number, chunk)| chunk.runs(*number)) {
            match run {
                Some((first, before)) if before == from => run = Some((first, end)),
                other => {
                    other.into_iter().for_each(&mut say);
                    run = Some((from, end));
                }
            }
        }
        run.into_iter().for_each(&mut say);
        text
    }

    fn parse(text: &str) -> Option<PersonSet> {
        let mut set = PersonSet::default();
        for range in text.split(',').filter(|range| !range.is_empty()) {
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            let (from, to): (u32, u32) = (from.parse().ok()?, to.parse().ok()?);
            if from > to || to > PersonId::MAX.0 {
                return None;
            }
            (from..=to).for_each(|person| set.insert(PersonId(person)));
        }
        Some(set)
    }
}

impl FromIterator<PersonId> for PersonSet {
    fn from_iter<I: IntoIterator<Item = PersonId>>(persons: I) -> PersonSet {
        let mut set = PersonSet::default();
        persons.into_iter().for_each(|person| set.insert(person));
        set
    }
}

impl Serialize for PersonSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.ranges())
    }
}

impl<'de> Deserialize<'de> for PersonSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        PersonSet::parse(&text).ok_or_else(|| de::Error::custom("not ranges of persons"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_written_as_ranges_and_read_again() {
        for (persons, text) in [
            (vec![], ""),
            (vec![5], "5"),
            (vec![1, 2, 3, 7, 9, 10], "1-3,7,9-10"),
            (vec![4095, 4096, 4097, 16_777_215], "4095-4097,16777215"),
            ((0..20).chain([22, 24]).chain(31..42).collect(), "0-19,22,24,31-41"),
        ] {
            let set: PersonSet = persons.iter().map(|p| PersonId(*p)).collect();
            assert_eq!(set.ranges(), text);
            assert_eq!(PersonSet::parse(text), Some(set.clone()));
            assert_eq!(set.iter().map(|p| p.0).collect::<Vec<_>>(), persons);
            assert_eq!(set.len() as usize, persons.len());
        }
        assert_eq!(PersonSet::parse("9-1"), None);
        assert_eq!(PersonSet::parse("1-99999999999"), None);
    }
}
