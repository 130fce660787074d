//! What should be, told in the order it happens, and kept apart from everything Parvis keeps.

use std::collections::{BTreeMap, BTreeSet};

use parvis::domain::time::Timestamp;

/// A list's name and an address.
pub(super) type Place = (&'static str, String);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wants {
    Mail,
    /// Is on holiday.
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OwnPosts {
    Wanted,
    Unwanted,
}

/// A post as its author knows it.
#[derive(Clone, Debug)]
pub(super) struct Post {
    pub(super) list: &'static str,
    pub(super) author: String,
    /// How often the door said 250.
    pub(super) accepted: u32,
    /// How often nobody heard what the door said.
    pub(super) unheard: u32,
    /// How often an animator said no to it.
    pub(super) ended: usize,
    pub(super) fate: Fate,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// Nobody has decided.
    Open,
    Waiting,
    /// Refused or thrown away by an animator.
    Ended,
    Published {
        readers: BTreeSet<String>,
        /// Of the clock.
        at: Timestamp,
        /// As [`Model::steps`].
        step: u64,
    },
}

#[derive(Default)]
pub(super) struct Model {
    pub(super) members: BTreeMap<Place, (Wants, OwnPosts)>,
    /// By Message-ID.
    pub(super) posts: BTreeMap<String, Post>,
    /// Counts what happens, so that before and after can be told without a clock.
    pub(super) steps: u64,
    /// When somebody last stopped getting mail of a list.
    lapses: BTreeMap<Place, u64>,
}

impl Model {
    pub(super) fn joins(&mut self, place: Place) {
        self.steps += 1;
        self.members.entry(place).or_insert((Wants::Mail, OwnPosts::Wanted));
    }

    pub(super) fn leaves(&mut self, place: &Place) {
        self.steps += 1;
        if self.members.remove(place).is_some() {
            self.lapses.insert(place.clone(), self.steps);
        }
    }

    pub(super) fn wants(&mut self, place: &Place, wants: Wants) {
        self.steps += 1;
        if let Some(member) = self.members.get_mut(place) {
            member.0 = wants;
            if wants == Wants::Nothing {
                self.lapses.insert(place.clone(), self.steps);
            }
        }
    }

    pub(super) fn gets_mail(&self, place: &Place) -> bool {
        self.members.get(place).is_some_and(|(wants, _)| *wants == Wants::Mail)
    }

    /// Whether mail was unwanted at some moment since.
    pub(super) fn lapsed_since(&self, place: &Place, step: u64) -> bool {
        self.lapses.get(place).is_some_and(|lapse| *lapse > step)
    }

    /// Who gets a post of that author that is published now.
    pub(super) fn readers(&self, list: &str, author: &str) -> BTreeSet<String> {
        let reads = |(place, (wants, own)): (&Place, &(Wants, OwnPosts))| {
            let own_unwanted = place.1 == author && *own == OwnPosts::Unwanted;
            (place.0 == list && *wants == Wants::Mail && !own_unwanted).then(|| place.1.clone())
        };
        self.members.iter().filter_map(reads).collect()
    }

    pub(super) fn published(&mut self, id: &str, at: Timestamp) {
        self.steps += 1;
        let Some(post) = self.posts.get(id) else { return };
        let readers = self.readers(post.list, &post.author);
        let fate = Fate::Published { readers, at, step: self.steps };
        if let Some(post) = self.posts.get_mut(id) {
            post.fate = fate;
        }
    }
}
