//! What the templates print, every word ready.

use serde::Serialize;

use super::words::{self, Words, messages, others, part_words};
use super::wrap::{hanging, wrapped};
use super::{Item, OwnDoors, Sheet, ThreadPart};
use crate::domain::list::Language;
use crate::mail::paragraphs::{Paragraph, paragraphs};

/// A digest, ready to be printed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct View<'a> {
    t: Words,
    language: &'static str,
    group: &'a str,
    address: &'a str,
    title: &'a str,
    /// What an edition is called; empty for a digest.
    heading: &'a str,
    about: &'a str,
    part: String,
    intro: Said,
    by: &'a str,
    page: Option<&'a str>,
    archive: Option<&'a str>,
    threads: Vec<ThreadView<'a>>,
    post: Link,
    request: Link,
    stop: Link,
    /// Each list by itself, where it is of several.
    lists: Vec<ListView<'a>>,
}

#[derive(Clone, Debug, Serialize)]
struct ListView<'a> {
    name: &'a str,
    address: &'a str,
    stop: Link,
}

/// Words of people, for both bodies.
#[derive(Clone, Debug, Serialize)]
struct Said {
    /// Wrapped for a terminal; empty for none.
    text: String,
    paragraphs: Vec<Paragraph>,
}

/// An address to write to.
#[derive(Clone, Debug, Serialize)]
struct Link {
    address: String,
    /// `mailto:`, with a subject.
    href: String,
}

#[derive(Clone, Debug, Serialize)]
struct ThreadView<'a> {
    n: String,
    title: &'a str,
    /// Who began it, where another is called the same.
    told_apart: &'a str,
    /// For the contents of the plain text.
    hanging: String,
    page: Option<&'a str>,
    count: String,
    others: String,
    note: Said,
    summary_by: &'a str,
    summary: Said,
    items: Vec<ItemView<'a>>,
}

#[derive(Clone, Debug, Serialize)]
struct ItemView<'a> {
    author: &'a str,
    when: &'a str,
    words: Said,
    cut: bool,
    page: Option<&'a str>,
    attachments: Vec<AttachedView<'a>>,
    answer: Option<Link>,
    private: Option<Link>,
}

#[derive(Clone, Debug, Serialize)]
struct AttachedView<'a> {
    name: &'a str,
    size: &'a str,
    page: Option<&'a str>,
}

impl<'a> View<'a> {
    pub(super) fn new(sheet: &'a Sheet) -> View<'a> {
        let t = words::words(sheet.language);
        let Sheet {
            language,
            group,
            address,
            title,
            heading,
            about,
            part,
            intro,
            by,
            page,
            archive,
            threads,
            doors,
        } = sheet;
        View {
            t,
            language: language.tag(),
            group,
            address,
            title,
            heading,
            about,
            part: part.map(part_words).unwrap_or_default(),
            intro: Said::new(intro),
            by,
            page: page.as_deref(),
            archive: archive.as_deref(),
            threads: threads.iter().map(|thread| ThreadView::new(thread, *language)).collect(),
            post: Link::new(&doors.post, ""),
            request: Link::new(&doors.request, ""),
            stop: Link::new(&doors.stop, ""),
            lists: doors.lists.iter().map(ListView::new).collect(),
        }
    }
}

impl<'a> ThreadView<'a> {
    fn new(thread: &'a ThreadPart, language: Language) -> ThreadView<'a> {
        let ThreadPart { n, title, told_apart, page, note, summary, left_out, items } = thread;
        let count = messages(items.len() + left_out, language);
        let several = items.len() + left_out > 1;
        let named = match told_apart.as_str() {
            "" => title.clone(),
            author => format!("{title}, {author}"),
        };
        let whole = if several { format!("{named} ({count})") } else { named };
        ThreadView {
            n: n.to_string(),
            title,
            told_apart,
            hanging: hanging(*n, &whole),
            page: page.as_deref(),
            count: if several { count } else { String::new() },
            others: if *left_out > 0 { others(*left_out, language) } else { String::new() },
            note: Said::new(note),
            summary_by: summary.as_ref().map_or("", |summary| &summary.by),
            summary: Said::new(summary.as_ref().map_or("", |summary| &summary.text)),
            items: items.iter().map(|item| ItemView::new(item, title)).collect(),
        }
    }
}

impl<'a> ListView<'a> {
    fn new(doors: &'a OwnDoors) -> ListView<'a> {
        let OwnDoors { name, address, stop } = doors;
        ListView { name, address, stop: Link::new(stop, "") }
    }
}

impl<'a> ItemView<'a> {
    fn new(item: &'a Item, title: &str) -> ItemView<'a> {
        let Item { author, when, text, language: _, page, attachments, answer, private } = item;
        let subject = format!("Re: {title}");
        ItemView {
            author,
            when,
            words: Said::new(&text.text),
            cut: text.cut,
            page: page.as_deref(),
            attachments: attachments
                .iter()
                .map(|one| AttachedView { name: &one.name, size: &one.size, page: one.page.as_deref() })
                .collect(),
            answer: answer.as_ref().map(|address| Link::new(address, &subject)),
            private: private.as_ref().map(|address| Link::new(address, &subject)),
        }
    }
}

impl Said {
    fn new(words: &str) -> Said {
        Said { text: wrapped(words), paragraphs: paragraphs(words) }
    }
}

impl Link {
    /// RFC 6068 §2.
    fn new(address: &str, subject: &str) -> Link {
        use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
        const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
        const ADDRESS: &AsciiSet = &KEPT.remove(b'@').remove(b'+');
        let mut href = format!("mailto:{}", utf8_percent_encode(address, ADDRESS));
        if !subject.is_empty() {
            href.push_str("?subject=");
            href.extend(utf8_percent_encode(subject, KEPT));
        }
        Link { address: address.to_owned(), href }
    }
}
