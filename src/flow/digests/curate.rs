//! A draft and what an animator answers: the draft as it is shown, and what follows from the answer.

use super::editions::{Following, asked, changing, patience, renewed, sending};
use super::sheet::title_of_item;
use crate::domain::edition::{Edition, EditionItem, EditionWish, Fold, HEARD_MAX, Heard, ItemPlace, Noticed};
use crate::domain::ids::{PersonId, PostId};
use crate::domain::list::{Language, List};
use crate::domain::time::Timestamp;
use crate::flow::{Desk, FlowError};
use crate::letters::{self, Draft, DraftLine, Group};
use crate::store::event::Occasion;
use crate::understand::{DraftAnswer, DraftItem, draft_answer};

/// What follows from an answer to a draft.
pub(in crate::flow) enum Answer {
    /// The draft was changed, or the edition goes out.
    Followed(Box<Following>),
    /// That edition is out already.
    TooLate,
    /// It has nothing to do with the draft.
    SomethingElse,
}

/// What words that are no command for a draft would mean elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::flow) enum Otherwise {
    /// A request.
    Request,
    /// Nothing that is known.
    Nothing,
}

/// What follows from words of an animator about a draft.
pub(in crate::flow) fn answered(
    desk: &Desk,
    list: &List,
    number: u32,
    person: PersonId,
    (words, otherwise): (&str, Otherwise),
    occasion: Occasion,
) -> Result<Answer, FlowError> {
    let Some(current) = desk.store.draft(list.id)?.filter(|shown| shown.draft.number == number) else {
        return Ok(Answer::TooLate);
    };
    let mut draft = current.draft;
    let heard = with_items(desk, list, &draft, |items| draft_answer(words, items))?;
    let about_it =
        otherwise == Otherwise::Nothing && heard.unclear.iter().any(|words| is_about_a_draft(words));
    if heard.wishes.is_empty() && !about_it {
        return Ok(Answer::SomethingElse);
    }
    heard.wishes.iter().for_each(|wish| draft.apply(wish));
    if !heard.wishes.is_empty() && !draft.by.contains(&person) {
        draft.by.push(person);
    }
    if heard.wishes.contains(&EditionWish::Wait) {
        // Who asks to wait is not silent.
        draft.goes = draft.goes.max(desk.now() + patience(list));
    }
    let version = Some(current.document);
    // Nothing goes as long as something was not understood.
    let goes = heard.wishes.contains(&EditionWish::Send) && heard.unclear.is_empty();
    if goes && draft.chosen().next().is_some() {
        return Ok(Answer::Followed(Box::new(sending(desk, list, draft, version)?)));
    }
    renewed(desk, list, &mut draft)?;
    remember(&mut draft, occasion.answers, heard);
    let mut following = changing(desk, list, &draft, version);
    following.events.extend(asked(desk, list, person, &draft, occasion));
    Ok(Answer::Followed(Box::new(following)))
}

/// What was made of an answer is written down with the draft: read again against the draft it has
/// changed, « le premier » would be another.
fn remember(draft: &mut Edition, mail: Option<PostId>, heard: DraftAnswer) {
    let Some(mail) = mail else { return };
    let DraftAnswer { wishes, unclear } = heard;
    let intro = |wish: &EditionWish| matches!(wish, EditionWish::Intro(_));
    let wishes =
        wishes.into_iter().map(|wish| if intro(&wish) { EditionWish::Intro(String::new()) } else { wish });
    draft.heard.push(Heard { mail, wishes: wishes.collect(), unclear });
    let older = draft.heard.len().saturating_sub(HEARD_MAX);
    draft.heard.drain(..older);
}

/// Whether words that were not understood may have been meant as a command.
fn is_about_a_draft(words: &str) -> bool {
    words.split_whitespace().count() <= COMMAND_WORDS_MAX || words.chars().any(|c| c.is_ascii_digit())
}

/// Longer sentences without a number are talk.
const COMMAND_WORDS_MAX: usize = 8;

/// A draft for an animator's eyes, with what became of their answer.
pub(in crate::flow) struct Shown {
    edition: Edition,
    lines: Vec<Line>,
    understood: Vec<EditionWish>,
    unclear: String,
    again: bool,
}

struct Line {
    number: u32,
    title: String,
    authors: String,
    posts: usize,
    noticed: Option<Noticed>,
    place: ItemPlace,
    fold: Fold,
    note: String,
}

impl Line {
    fn shown(&self) -> DraftLine<'_> {
        let Line { number, title, authors, posts, noticed, place, fold, note } = self;
        DraftLine {
            number: *number,
            title,
            authors,
            posts: *posts,
            noticed: *noticed,
            place: *place,
            fold: *fold,
            note,
        }
    }
}

/// The draft of that number as it is now, for the letter that answers `mail`, if it answers one.
pub(in crate::flow) fn letter(
    desk: &Desk,
    list: &List,
    number: u32,
    mail: Option<PostId>,
    language: Language,
) -> Result<Option<Shown>, FlowError> {
    let current = desk.store.draft(list.id)?.filter(|shown| shown.draft.number == number);
    let Some(edition) = current.map(|shown| shown.draft) else { return Ok(None) };
    let heard = mail.and_then(|mail| edition.heard.iter().find(|heard| heard.mail == mail)).cloned();
    let (understood, unclear) =
        heard.map(|heard| (heard.wishes, heard.unclear.join("\n"))).unwrap_or_default();
    let mut lines = Vec::new();
    for item in &edition.items {
        let Some((title, _)) = title_of_item(desk, list, item, language)? else { continue };
        let authors = authors(desk, &item.posts)?;
        let names: Vec<&str> = authors.iter().map(String::as_str).collect();
        lines.push(Line {
            number: item.number,
            title,
            authors: letters::names(&names, language),
            posts: item.posts.len(),
            noticed: item.noticed,
            place: item.place,
            fold: item.fold,
            note: item.note.clone(),
        });
    }
    let shown = Shown { edition, lines, understood, unclear, again: mail.is_some() };
    Ok(Some(shown))
}

impl Shown {
    /// The lines of its letter.
    pub(in crate::flow) fn lines(&self) -> Vec<DraftLine<'_>> {
        self.lines.iter().map(Line::shown).collect()
    }

    /// Its facts.
    pub(in crate::flow) fn draft<'a>(&'a self, group: Group<'a>, items: &'a [DraftLine<'a>]) -> Draft<'a> {
        let Shown { edition, understood, unclear, again, lines: _ } = self;
        let goes: Timestamp = edition.goes;
        Draft {
            group,
            number: edition.number,
            heading: &edition.title,
            intro: &edition.intro,
            goes,
            items,
            understood,
            unclear,
            again: *again,
        }
    }
}

fn with_items<T>(
    desk: &Desk,
    list: &List,
    edition: &Edition,
    read: impl FnOnce(&[DraftItem<'_>]) -> T,
) -> Result<T, FlowError> {
    let mut known = Vec::new();
    for item in &edition.items {
        let called = |item: &EditionItem| {
            let title = title_of_item(desk, list, item, list.settings.language)?;
            Ok::<_, FlowError>(title.map(|(title, _)| title).unwrap_or_default())
        };
        // Who has called it something else speaks of it by either name.
        let mut title = called(item)?;
        if !item.title.is_empty() {
            title = format!("{title} {}", called(&EditionItem { title: String::new(), ..item.clone() })?);
        }
        known.push((item, title, authors(desk, &item.posts)?));
    }
    let items: Vec<DraftItem<'_>> = known
        .iter()
        .map(|(item, title, authors)| DraftItem {
            number: item.number,
            title,
            authors,
            noticed: item.noticed,
            is_in: item.place == ItemPlace::In,
        })
        .collect();
    Ok(read(&items))
}

/// Who wrote these posts, each once: by name, or by address who gives none.
fn authors(desk: &Desk, posts: &[PostId]) -> Result<Vec<String>, FlowError> {
    let mut names: Vec<String> = Vec::new();
    for post in posts {
        let Some(post) = desk.store.reader().post(*post)? else { continue };
        let address = || post.author_address.map(|address| address.to_string()).unwrap_or_default();
        let name = if post.author_name.trim().is_empty() { address() } else { post.author_name };
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}
