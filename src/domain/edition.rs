//! An edition: what the animators make of a list's posts before they go out, and the draft of it.
//!
//! Items keep the number they were first shown under, whatever is moved or added since, so that two
//! people who answer two versions of one draft mean the same things.

use serde::{Deserialize, Serialize};

use super::ids::{PersonId, PostId};
use super::list::Language;
use super::time::Timestamp;

/// A draft as it stands, or an edition as it went out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Edition {
    /// Which of the list's.
    pub number: u32,
    /// How often it was changed.
    pub revision: u32,
    /// When its draft was made.
    pub opened: Timestamp,
    /// When it goes out by itself.
    pub goes: Timestamp,
    /// What it is called; empty: by its number.
    pub title: String,
    /// The animators' words above it; may be empty.
    pub intro: String,
    /// What it speaks of, in the order it is read.
    pub items: Vec<EditionItem>,
    /// Who worked on it, in the order they did.
    pub by: Vec<PersonId>,
    /// How the latest answers to the draft were understood, so that each is told what was made of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heard: Vec<Heard>,
}

/// What was made of an answer to a draft.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Heard {
    /// The mail.
    pub mail: PostId,
    /// What was done; an introduction without its words.
    pub wishes: Vec<EditionWish>,
    /// What was not understood, as it was written.
    pub unclear: Vec<String>,
}

/// A conversation, as far as it is new.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EditionItem {
    /// What it is called in the draft; never changes.
    pub number: u32,
    /// Its new posts, by date.
    pub posts: Vec<PostId>,
    /// What it is called instead of its subject; empty: its subject.
    pub title: String,
    /// A word of the animators; may be empty.
    pub note: String,
    /// Whether it stands in the edition.
    pub place: ItemPlace,
    /// Whether all of its posts do.
    pub fold: Fold,
    /// What was noticed about it.
    pub noticed: Option<Noticed>,
}

/// Whether an item stands in the edition.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemPlace {
    /// It does.
    In,
    /// It does not, and counts as read; it stays in the archive.
    Dropped,
    /// Not in this one, but in the next draft.
    Later,
}

/// How much of a conversation is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fold {
    /// Every new post.
    Open,
    /// The first of them and the latest.
    Folded,
}

/// What a reader who goes through the posts first would notice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Noticed {
    /// A question nobody has answered.
    Unanswered,
    /// Nothing but thanks.
    Thanks,
    /// It says what another item says.
    Duplicate,
}

/// One thing an animator wants of a draft.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EditionWish {
    /// It goes out as it stands.
    Send,
    /// It does not go out yet.
    Wait,
    /// These do not stand in it.
    Drop(Vec<u32>),
    /// These do; where they do already, only they.
    Keep(Vec<u32>),
    /// These do too, whatever else does.
    Restore(Vec<u32>),
    /// These alone.
    KeepOnly(Vec<u32>),
    /// These first, in that order.
    First(Vec<u32>),
    /// These last, in that order.
    Last(Vec<u32>),
    /// These right before another.
    Before(Vec<u32>, u32),
    /// These right after another.
    After(Vec<u32>, u32),
    /// Each in the place of the other.
    Swap(u32, u32),
    /// These the next time.
    Later(Vec<u32>),
    /// What an item is called, or the whole.
    Title(Option<u32>, String),
    /// A word about an item.
    Note(u32, String),
    /// Words above everything.
    Intro(String),
    /// All posts of these.
    Unfold(Vec<u32>),
    /// The first and the latest of these.
    Fold(Vec<u32>),
}

/// What somebody is asked about a digest, or about what stands in one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "digest", rename_all = "kebab-case")]
pub enum DigestAsked {
    /// Which of its conversations a mail answers that was written to all of it.
    Which {
        /// The digest.
        issue: PostId,
        /// The mail, which waits for the answer.
        mail: PostId,
    },
    /// Whether a private word in their name is theirs.
    Word {
        /// The mail.
        mail: PostId,
        /// The post it is about.
        post: PostId,
    },
    /// What they answer goes to whoever wrote to them in private.
    Back {
        /// To whom.
        with: PersonId,
        /// The post it began with.
        post: PostId,
    },
    /// To an animator: may this post stand for its conversation?
    Summary {
        /// The post.
        post: PostId,
    },
}

/// What somebody is told about a digest, or about what stands in one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "digest", rename_all = "kebab-case")]
pub enum DigestTold {
    /// What somebody wrote to them in private.
    Word {
        /// Where the words are.
        mail: PostId,
        /// Whose they are.
        with: PersonId,
        /// The post they are about.
        post: PostId,
    },
    /// Their private word was not passed on.
    NotPassed {
        /// The post it was about.
        post: PostId,
    },
    /// To an animator: an edition went out.
    WentOut {
        /// Which of the list's.
        number: u32,
    },
    /// To an animator who answered a draft: it had gone by then.
    Gone {
        /// Which of the list's.
        number: u32,
    },
}

/// What an edition is called: by its title, or else by its number.
pub fn heading(title: &str, number: u32, language: Language) -> String {
    match (title, language) {
        ("", Language::Fr) => format!("édition {number}"),
        ("", Language::En) => format!("edition {number}"),
        (title, _) => title.to_owned(),
    }
}

/// So many of the latest answers to a draft are remembered.
pub const HEARD_MAX: usize = 8;
/// More items than this are not proposed at once; the others come with the next edition.
pub const ITEMS_MAX: usize = 200;

impl Edition {
    /// The item of that number.
    pub fn item(&self, number: u32) -> Option<&EditionItem> {
        self.items.iter().find(|item| item.number == number)
    }

    /// What stands in it, in order.
    pub fn chosen(&self) -> impl Iterator<Item = &EditionItem> {
        self.items.iter().filter(|item| item.place == ItemPlace::In)
    }

    /// Does what was wished; sending is for others. Numbers nobody has do nothing.
    pub fn apply(&mut self, wish: &EditionWish) {
        match wish {
            EditionWish::Send | EditionWish::Wait => {}
            EditionWish::Drop(numbers) => self.put(numbers, ItemPlace::Dropped),
            EditionWish::Later(numbers) => self.put(numbers, ItemPlace::Later),
            EditionWish::Keep(numbers) => {
                let all_in = numbers.iter().filter_map(|n| self.item(*n)).all(|i| i.place == ItemPlace::In);
                self.put(numbers, ItemPlace::In);
                if all_in {
                    self.drop_others(numbers);
                }
            }
            EditionWish::Restore(numbers) => self.put(numbers, ItemPlace::In),
            EditionWish::KeepOnly(numbers) => {
                self.put(numbers, ItemPlace::In);
                self.drop_others(numbers);
            }
            EditionWish::First(numbers) => {
                self.put(numbers, ItemPlace::In);
                self.items.sort_by_key(|item| position(numbers, item.number).unwrap_or(numbers.len()));
            }
            EditionWish::Last(numbers) => {
                self.put(numbers, ItemPlace::In);
                self.items.sort_by_key(|item| position(numbers, item.number).map_or(0, |at| at + 1));
            }
            EditionWish::Before(numbers, other) => self.move_beside(numbers, *other, 0),
            EditionWish::After(numbers, other) => self.move_beside(numbers, *other, 1),
            EditionWish::Swap(one, other) => {
                let place = |number: u32| self.items.iter().position(|item| item.number == number);
                if let (Some(one), Some(other)) = (place(*one), place(*other)) {
                    self.items.swap(one, other);
                }
            }
            EditionWish::Title(None, title) => self.title.clone_from(title),
            EditionWish::Title(Some(number), title) => {
                self.each(&[*number], |item| item.title.clone_from(title));
            }
            EditionWish::Note(number, note) => self.each(&[*number], |item| item.note.clone_from(note)),
            EditionWish::Intro(words) => self.intro.clone_from(words),
            EditionWish::Unfold(numbers) => self.each(numbers, |item| item.fold = Fold::Open),
            EditionWish::Fold(numbers) => self.each(numbers, |item| item.fold = Fold::Folded),
        }
    }

    fn put(&mut self, numbers: &[u32], place: ItemPlace) {
        self.each(numbers, |item| item.place = place);
    }

    /// Takes these out of the row, and puts them back so many places behind the start of another.
    fn move_beside(&mut self, numbers: &[u32], other: u32, behind: usize) {
        let wanted: Vec<u32> = numbers.iter().copied().filter(|number| *number != other).collect();
        if self.item(other).is_none() {
            return;
        }
        self.put(&wanted, ItemPlace::In);
        let (mut moved, rest): (Vec<EditionItem>, Vec<EditionItem>) =
            self.items.drain(..).partition(|item| wanted.contains(&item.number));
        moved.sort_by_key(|item| position(&wanted, item.number));
        self.items = rest;
        let at = self.items.iter().position(|item| item.number == other).map_or(0, |at| at + behind);
        self.items.splice(at..at, moved);
    }

    fn drop_others(&mut self, numbers: &[u32]) {
        let others = self.items.iter_mut().filter(|item| !numbers.contains(&item.number));
        others.filter(|item| item.place == ItemPlace::In).for_each(|item| item.place = ItemPlace::Dropped);
    }

    fn each(&mut self, numbers: &[u32], mut change: impl FnMut(&mut EditionItem)) {
        self.items.iter_mut().filter(|item| numbers.contains(&item.number)).for_each(&mut change);
    }
}

fn position(numbers: &[u32], number: u32) -> Option<usize> {
    numbers.iter().position(|wanted| *wanted == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Edition {
        let item = |number: u32| EditionItem {
            number,
            posts: vec![PostId(u64::from(number))],
            title: String::new(),
            note: String::new(),
            place: if number == 4 { ItemPlace::Dropped } else { ItemPlace::In },
            fold: Fold::Open,
            noticed: None,
        };
        let now = Timestamp::from_seconds(0);
        Edition {
            number: 1,
            revision: 0,
            opened: now,
            goes: now,
            title: String::new(),
            intro: String::new(),
            items: (1..=5).map(item).collect(),
            by: Vec::new(),
            heard: Vec::new(),
        }
    }

    #[test]
    fn wishes_one_after_the_other() {
        for (wishes, chosen) in [
            (vec![], "1 2 3 5"),
            (vec![EditionWish::Drop(vec![2, 5])], "1 3"),
            (vec![EditionWish::Keep(vec![1, 3])], "1 3"),
            (vec![EditionWish::Keep(vec![4])], "1 2 3 4 5"),
            (vec![EditionWish::Keep(vec![4, 1])], "1 2 3 4 5"),
            (vec![EditionWish::KeepOnly(vec![4, 1])], "1 4"),
            (vec![EditionWish::First(vec![3, 1])], "3 1 2 5"),
            (vec![EditionWish::Last(vec![3, 1])], "2 5 3 1"),
            (vec![EditionWish::Before(vec![5, 4], 2)], "1 5 4 2 3"),
            (vec![EditionWish::After(vec![1], 3)], "2 3 1 5"),
            (vec![EditionWish::After(vec![3], 3)], "1 2 3 5"),
            (vec![EditionWish::Swap(1, 5), EditionWish::Restore(vec![1, 4]), EditionWish::Wait], "5 2 3 4 1"),
            (
                vec![EditionWish::First(vec![3]), EditionWish::Later(vec![3, 9]), EditionWish::Drop(vec![1])],
                "2 5",
            ),
        ] {
            let mut edition = draft();
            wishes.iter().for_each(|wish| edition.apply(wish));
            let numbers: Vec<String> = edition.chosen().map(|item| item.number.to_string()).collect();
            assert_eq!(numbers.join(" "), chosen, "{wishes:?}");
        }
    }
}
