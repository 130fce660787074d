//! The draft of an edition, as an animator gets it: each item begins its line with its number.

use super::facts::Facts;
use super::kinds::Group;
use super::message::Frame;
use super::words;
use crate::domain::edition::{EditionWish, Fold, ItemPlace, Noticed};
use crate::domain::list::Language;
use crate::domain::time::Timestamp;

/// What do you want done with this edition?
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// Of what.
    pub group: Group<'a>,
    /// Which.
    pub number: u32,
    /// What it is called; may be empty.
    pub heading: &'a str,
    /// The animators' words above it; may be empty.
    pub intro: &'a str,
    /// When it goes by itself.
    pub goes: Timestamp,
    /// What it may hold, in the order it is read.
    pub items: &'a [DraftLine<'a>],
    /// What was done as they answered.
    pub understood: &'a [EditionWish],
    /// What was not, a line each.
    pub unclear: &'a str,
    /// Whether this is the answer to an answer.
    pub again: bool,
}

/// One item of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DraftLine<'a> {
    /// What one answers it by.
    pub number: u32,
    /// What it is called.
    pub title: &'a str,
    /// Who wrote in it, in words.
    pub authors: &'a str,
    /// How many new posts it has.
    pub posts: usize,
    /// What was noticed about it.
    pub noticed: Option<Noticed>,
    /// Whether it stands in it.
    pub place: ItemPlace,
    /// Whether all its posts do.
    pub fold: Fold,
    /// The animators' word about it; may be empty.
    pub note: &'a str,
}

impl Draft<'_> {
    pub(super) fn add_to(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let language = frame.language;
        let line = |item: &DraftLine<'_>| {
            Facts::default().phrase("n", &item.number.to_string()).phrase("words", &item.words(language))
        };
        let lines = |of: &dyn Fn(&DraftLine<'_>) -> bool| -> Vec<Facts> {
            self.items.iter().filter(|item| of(item)).map(line).collect()
        };
        let understood = self.understood.iter().map(|w| Facts::default().phrase("words", &wish(w, language)));
        self.group
            .named(facts, language)
            .phrase("number", &self.number.to_string())
            .phrase("heading", self.heading)
            .quote("intro", &said(self.intro))
            .phrase("goes", &words::moment(self.goes, frame.zone, language))
            .each("understood", understood.collect())
            .quote("unclear", self.unclear)
            .is("again", self.again)
            .each("chosen", lines(&|item| item.place == ItemPlace::In))
            .each("left", lines(&|item| item.place != ItemPlace::In))
    }
}

impl DraftLine<'_> {
    /// « La fête des voisins (Anne et Marcel, trois messages) · question sans réponse ».
    fn words(&self, language: Language) -> String {
        let count = words::number(self.posts, language);
        let several = match (self.posts, self.fold, language) {
            (1, _, _) => String::new(),
            (_, Fold::Open, _) => format!(", {count} messages"),
            (_, Fold::Folded, Language::Fr) => format!(", {count} messages, dont le premier et le dernier"),
            (_, Fold::Folded, Language::En) => format!(", {count} messages, of which the first and the last"),
        };
        let mut text = format!("{} ({}{several})", self.title, self.authors);
        let noticed = match (self.noticed, language) {
            (None, _) => "",
            (Some(Noticed::Unanswered), Language::Fr) => " · question sans réponse",
            (Some(Noticed::Unanswered), Language::En) => " · a question without an answer",
            (Some(Noticed::Thanks), Language::Fr) => " · remerciements",
            (Some(Noticed::Thanks), Language::En) => " · thanks",
            (Some(Noticed::Duplicate), Language::Fr) => " · doublon",
            (Some(Noticed::Duplicate), Language::En) => " · a duplicate",
        };
        text.push_str(noticed);
        text.push_str(match (self.place, language) {
            (ItemPlace::Later, Language::Fr) => " · pour la prochaine fois",
            (ItemPlace::Later, Language::En) => " · for the next time",
            (ItemPlace::In | ItemPlace::Dropped, _) => "",
        });
        if !self.note.is_empty() {
            text.push_str(" · ");
            text.push_str(self.note);
        }
        text
    }
}

/// Words without their empty lines.
fn said(words: &str) -> String {
    words.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

/// What was done.
fn wish(wish: &EditionWish, language: Language) -> String {
    let list = |numbers: &[u32]| {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        numbers.join(", ")
    };
    match (wish, language) {
        (EditionWish::Send, Language::Fr) => "l’envoyer, dès que le reste sera clair".to_owned(),
        (EditionWish::Send, Language::En) => "send it, once the rest is clear".to_owned(),
        (EditionWish::Wait, Language::Fr) => "attendre avant de l’envoyer".to_owned(),
        (EditionWish::Wait, Language::En) => "wait before sending it".to_owned(),
        (EditionWish::Restore(n), Language::Fr) => format!("remis\u{a0}: {}", list(n)),
        (EditionWish::Restore(n), Language::En) => format!("put back: {}", list(n)),
        (EditionWish::Before(n, other), Language::Fr) => format!("juste avant {other}\u{a0}: {}", list(n)),
        (EditionWish::Before(n, other), Language::En) => format!("right before {other}: {}", list(n)),
        (EditionWish::After(n, other), Language::Fr) => format!("juste après {other}\u{a0}: {}", list(n)),
        (EditionWish::After(n, other), Language::En) => format!("right after {other}: {}", list(n)),
        (EditionWish::Swap(one, other), Language::Fr) => format!("échangés\u{a0}: {one} et {other}"),
        (EditionWish::Swap(one, other), Language::En) => format!("swapped: {one} and {other}"),
        (EditionWish::Drop(n), Language::Fr) => format!("retiré\u{a0}: {}", list(n)),
        (EditionWish::Drop(n), Language::En) => format!("dropped: {}", list(n)),
        (EditionWish::Keep(n), Language::Fr) => format!("gardé\u{a0}: {}", list(n)),
        (EditionWish::Keep(n), Language::En) => format!("kept: {}", list(n)),
        (EditionWish::KeepOnly(n), Language::Fr) => format!("gardé, et rien d’autre\u{a0}: {}", list(n)),
        (EditionWish::KeepOnly(n), Language::En) => format!("kept, and nothing else: {}", list(n)),
        (EditionWish::First(n), Language::Fr) => format!("en premier\u{a0}: {}", list(n)),
        (EditionWish::First(n), Language::En) => format!("first: {}", list(n)),
        (EditionWish::Last(n), Language::Fr) => format!("à la fin\u{a0}: {}", list(n)),
        (EditionWish::Last(n), Language::En) => format!("at the end: {}", list(n)),
        (EditionWish::Later(n), Language::Fr) => format!("pour la prochaine fois\u{a0}: {}", list(n)),
        (EditionWish::Later(n), Language::En) => format!("for the next time: {}", list(n)),
        (EditionWish::Title(None, title), Language::Fr) => format!("le titre\u{a0}: {title}"),
        (EditionWish::Title(None, title), Language::En) => format!("the title: {title}"),
        (EditionWish::Title(Some(n), title), Language::Fr) => format!("le titre de {n}\u{a0}: {title}"),
        (EditionWish::Title(Some(n), title), Language::En) => format!("the title of {n}: {title}"),
        (EditionWish::Note(n, note), Language::Fr) => format!("un mot pour {n}\u{a0}: {note}"),
        (EditionWish::Note(n, note), Language::En) => format!("a word for {n}: {note}"),
        (EditionWish::Intro(_), Language::Fr) => "votre introduction".to_owned(),
        (EditionWish::Intro(_), Language::En) => "your introduction".to_owned(),
        (EditionWish::Unfold(n), Language::Fr) => format!("en entier\u{a0}: {}", list(n)),
        (EditionWish::Unfold(n), Language::En) => format!("in full: {}", list(n)),
        (EditionWish::Fold(n), Language::Fr) => {
            format!("le premier et le dernier message\u{a0}: {}", list(n))
        }
        (EditionWish::Fold(n), Language::En) => format!("the first and the last message: {}", list(n)),
    }
}
