//! The letters of who looks for something: what was found, and what they then asked for.

use super::exchange::group_facts;
use super::facts::Facts;
use super::kinds::Group;
use super::message::Frame;
use super::words::{self, capitalised};
use crate::domain::time::Timestamp;

/// What was found, numbered.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Where was looked; absent: everywhere they may read.
    pub group: Option<Group<'a>>,
    /// What for.
    pub words: &'a str,
    /// The best of it.
    pub items: &'a [FoundItem],
    /// Editions whose own words hold it.
    pub editions: &'a [FoundEdition],
    /// How many posts there are in all.
    pub in_all: u64,
    /// None holds all the words, and these most of them.
    pub nearly: bool,
    /// What may have been meant, where nothing was found.
    pub meant: Option<&'a str>,
}

/// One of the posts found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundItem {
    /// Its subject.
    pub title: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub date: Timestamp,
    /// The name of its list, where that is not the one they looked in.
    pub list: Option<String>,
    /// Why it was found, in its own words.
    pub excerpt: String,
    /// Its page, if they can open it.
    pub page: Option<String>,
}

/// One of the editions found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundEdition {
    /// What it is called.
    pub title: String,
    /// When it went out.
    pub date: Timestamp,
    /// The name of its list, where that is not the one they looked in.
    pub list: Option<String>,
    /// Why it was found, in the animators' words.
    pub excerpt: String,
    /// Its page.
    pub page: Option<String>,
}

/// Posts somebody asked for.
#[derive(Clone, Copy, Debug)]
pub struct AskedFor<'a> {
    /// Of which list; absent: of several.
    pub group: Option<Group<'a>>,
    /// The subject of the first.
    pub title: &'a str,
    /// They asked for the whole conversation.
    pub thread: bool,
    /// There is more of it.
    pub cut: bool,
    /// In their order.
    pub posts: &'a [PostAskedFor],
}

/// One of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PostAskedFor {
    /// Its subject.
    pub title: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub date: Timestamp,
    /// What it says.
    pub text: String,
    /// What is attached to it.
    pub files: Vec<String>,
    /// Its page, if they can open it.
    pub page: Option<String>,
}

impl Found<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let item = |(item, n): (&FoundItem, usize)| {
            Facts::default()
                .phrase("n", &n.to_string())
                .phrase("title", title_or_none(&item.title, frame))
                .phrase("author", &item.author)
                .phrase("day", &day(item.date, frame))
                .phrase("list", item.list.as_deref().unwrap_or_default())
                .phrase("excerpt", &item.excerpt)
                .link("page", item.page.as_deref().unwrap_or_default())
        };
        let edition = |edition: &FoundEdition| {
            Facts::default()
                .phrase("title", &edition.title)
                .phrase("day", &day(edition.date, frame))
                .phrase("list", edition.list.as_deref().unwrap_or_default())
                .phrase("excerpt", &edition.excerpt)
                .link("page", edition.page.as_deref().unwrap_or_default())
        };
        let shown = self.items.len();
        let more = self.in_all > shown as u64;
        let in_all = words::number(usize::try_from(self.in_all).unwrap_or(usize::MAX), frame.language);
        group_facts(self.group, facts, frame.language)
            .phrase("words", self.words)
            .is("some", shown > 0)
            .is("more", more)
            .is("nearly", self.nearly)
            .phrase("in_all", &capitalised(&in_all))
            .phrase("shown", &words::number(shown, frame.language))
            .phrase("meant", self.meant.unwrap_or_default())
            .is("nothing", shown == 0 && self.editions.is_empty())
            .each("editions", self.editions.iter().map(edition).collect())
            .each("items", self.items.iter().zip(1..).map(item).collect())
    }
}

impl AskedFor<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let post = |post: &PostAskedFor| {
            Facts::default()
                .phrase("title", title_or_none(&post.title, frame))
                .phrase("author", &post.author)
                .phrase("day", &day(post.date, frame))
                .text("text", &post.text)
                .phrase("files", &post.files.join(", "))
                .link("page", post.page.as_deref().unwrap_or_default())
        };
        group_facts(self.group, facts, frame.language)
            .phrase("title", title_or_none(self.title, frame))
            .is("some", !self.posts.is_empty())
            .is("thread", self.thread)
            .is("cut", self.cut)
            .each("posts", self.posts.iter().map(post).collect())
    }
}

/// A day, with its year where that is not this one.
fn day(date: Timestamp, frame: &Frame<'_>) -> String {
    let (then, now) = (date.date_in(frame.zone), frame.date.date_in(frame.zone));
    let day = words::day(then, frame.language);
    if then.year == now.year { day } else { format!("{day} {}", then.year) }
}

fn title_or_none<'t>(title: &'t str, frame: &Frame<'_>) -> &'t str {
    use crate::domain::list::Language;
    match (title.trim(), frame.language) {
        ("", Language::Fr) => "(sans objet)",
        ("", Language::En) => "(no subject)",
        (title, Language::Fr | Language::En) => title,
    }
}
