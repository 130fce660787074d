//! One post: as part of a conversation, and on its own page.

use serde::Serialize;

use crate::domain::ids::MessageId;
use crate::domain::list::ListState;
use crate::mail::show::{Attachment, AttachmentKind, Shown};
use crate::store::archive::PostSummary;

use super::super::dates;
use super::super::routes::{ListPage, Route};
use super::super::sight::Eyes;
use super::super::text::one_line;
use super::{BodyView, Desk, Door, Frame, Link, Place, SUBJECT_CHARS_MAX, When as Moment, mailto};
use crate::mail::calendar::{self, When};
use crate::mail::file_names::shown_name;

/// Events of one post that are told.
const EVENTS_MAX: usize = 5;
/// Longer excerpts are cut, characters.
const EXCERPT_CHARS_MAX: usize = 300;

/// A post, with as much of its text as the page has room for.
pub(crate) struct Printed<'p> {
    pub(crate) post: &'p PostSummary,
    /// `None`: only an excerpt.
    pub(crate) shown: Option<&'p Shown>,
}

/// One post, wherever it stands.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PostView {
    anchor: String,
    author: String,
    when: Moment,
    href: String,
    /// Who is answered, and where their words are.
    answers: Option<Link>,
    /// 0 for the first of a conversation.
    depth: usize,
    language: Option<String>,
    /// In place of the text.
    notice: Option<String>,
    excerpt: Option<String>,
    body: Option<BodyView>,
    attachments: Vec<AttachmentView>,
    /// What its calendar parts invite to.
    events: Vec<EventView>,
    reply: Option<String>,
    /// Its subject, where it differs from what stands above.
    subject: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct EventView {
    title: String,
    when: Option<String>,
    place: Option<String>,
    organizer: Option<String>,
    /// It does not take place, or it comes again.
    note: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct AttachmentView {
    name: String,
    href: String,
    facts: String,
    /// What it shows, for those who do not see it; `None` for what is no picture.
    picture: Option<String>,
    /// Where it is shown small.
    small: String,
}

/// `/LIST/m/MESSAGE-ID/`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PostPageView {
    frame: Frame,
    title: String,
    language: Option<String>,
    /// Said above several posts of one id.
    several: Option<String>,
    posts: Vec<SinglePost>,
    position: Option<String>,
    previous: Option<Link>,
    next: Option<Link>,
    thread: Option<Link>,
    raw: Option<Link>,
    /// What is missing from that.
    raw_words: Option<String>,
    doors: Vec<Door>,
}

#[derive(Clone, Debug, Serialize)]
struct SinglePost {
    post: PostView,
    /// The link to this one of several.
    alone: Option<String>,
}

/// Where a post stands in its conversation.
pub(crate) struct Neighbours<'p> {
    pub(crate) thread_key: &'p str,
    /// Counted from 1, and of how many; `None` where that was not counted.
    pub(crate) position: Option<(usize, usize)>,
    pub(crate) previous: Option<&'p PostSummary>,
    pub(crate) next: Option<&'p PostSummary>,
}

impl PostView {
    /// A post; `answers` is the post it replies to, and `bytes_max` the room for its text.
    pub(crate) fn new(
        desk: &Desk<'_>,
        place: Place<'_>,
        printed: &Printed<'_>,
        bytes_max: usize,
    ) -> PostView {
        let post = printed.post;
        let route = Route::list(place.segment, ListPage::Post { id: post.message_id.clone() });
        let notice = desk.hidden_because(post);
        let shown = printed.shown.filter(|_| notice.is_none());
        let excerpt = one_line(&desk.masked(&post.excerpt), EXCERPT_CHARS_MAX);
        // Told when it came, where the text is long enough; shorter ones are looked at again.
        let again = || shown.and_then(Shown::language).map(str::to_owned);
        let language = post.language.clone().or_else(again);
        PostView {
            anchor: format!("m-{}", post.hash12),
            author: if notice.is_some() { String::new() } else { desk.author(post) },
            when: desk.when(post.date),
            href: desk.href(&route),
            answers: None,
            depth: 0,
            language: language.filter(|tag| is_language_tag(tag)),
            excerpt: (notice.is_none() && shown.is_none()).then_some(excerpt),
            body: shown.map(|shown| BodyView::new(desk, shown, bytes_max)),
            attachments: shown.map_or_else(Vec::new, |shown| attachments(desk, place, post, shown)),
            events: shown.map_or_else(Vec::new, |shown| events(desk, shown)),
            reply: if notice.is_some() { None } else { desk.reply(place, post) },
            notice,
            subject: None,
        }
    }

    /// In a conversation: how deep, and whom it answers.
    pub(crate) fn below(mut self, depth: usize, answers: Option<Link>) -> PostView {
        self.depth = depth;
        self.answers = answers;
        self
    }

    /// With its own subject.
    pub(crate) fn titled(mut self, subject: String) -> PostView {
        self.subject = Some(subject);
        self
    }
}

impl PostPageView {
    /// Posts of one Message-ID, mostly one.
    pub(crate) fn new(
        desk: &Desk<'_>,
        place: Place<'_>,
        printed: &[Printed<'_>],
        neighbours: Option<&Neighbours<'_>>,
    ) -> Option<PostPageView> {
        let first = printed.first()?.post;
        let id = first.message_id.clone();
        let page = ListPage::Post { id: id.clone() };
        let shown = printed.iter().map(|one| one.post).find(|post| desk.hidden_because(post).is_none());
        let title = shown.map_or_else(|| desk.title_of_hidden(first), |post| desk.subject(&post.subject));
        let frame = desk.list_frame(place, &title, page.clone(), &[]);
        let several = printed.len() > 1;
        let room = super::TEXT_BYTES_MAX / printed.len();
        let single = |one: &Printed<'_>| SinglePost {
            post: PostView::new(desk, place, one, room),
            alone: several.then(|| {
                desk.href_with(&Route::list(place.segment, page.clone()), &[("c", &one.post.hash12)])
            }),
        };
        let raw = Link {
            text: desk.say("raw_post"),
            href: desk.href(&Route::list(place.segment, ListPage::Raw { id })),
        };
        let neighbour = |key: &str, post: Option<&PostSummary>| {
            post.map(|post| Link {
                text: desk.tell(key, &[("author", &desk.author(post))]),
                href: desk.post_href(place, post, &first.message_id),
            })
        };
        let number = |n: usize| dates::number(desk.language, u64::try_from(n).unwrap_or(u64::MAX));
        let position = neighbours.and_then(|n| n.position);
        Some(PostPageView {
            frame,
            title,
            language: shown.and_then(|post| post.language.clone()).filter(|tag| is_language_tag(tag)),
            several: several.then(|| desk.say("several")),
            posts: printed.iter().map(single).collect(),
            position: position
                .map(|(n, of)| desk.tell("position", &[("n", &number(n)), ("of", &number(of))])),
            previous: neighbour("previous_post", neighbours.and_then(|n| n.previous)),
            next: neighbour("next_post", neighbours.and_then(|n| n.next)),
            thread: neighbours.map(|n| thread_link(desk, place, n.thread_key, &first.hash12)),
            raw: (shown.is_some() && !several).then_some(raw),
            raw_words: (desk.eyes == Eyes::Stranger).then(|| desk.say("raw_words")),
            doors: desk.join_door(place.list).into_iter().collect(),
        })
    }
}

fn thread_link(desk: &Desk<'_>, place: Place<'_>, key: &str, hash: &str) -> Link {
    let route = Route::list(place.segment, ListPage::Thread { key: key.to_owned() });
    Link { text: desk.say("whole_thread"), href: format!("{}#m-{hash}", desk.href(&route)) }
}

fn attachments(desk: &Desk<'_>, place: Place<'_>, post: &PostSummary, shown: &Shown) -> Vec<AttachmentView> {
    shown.attachments.iter().map(|one| attachment(desk, place, post, one)).collect()
}

/// What an invitation says, in the reader's words; addresses hidden as everywhere.
fn events(desk: &Desk<'_>, shown: &Shown) -> Vec<EventView> {
    let zone = &desk.site.zone;
    let all = shown.calendars.iter().flat_map(|text| calendar::events(text, zone));
    let some = |text: &str| {
        let text = one_line(&desk.masked(text), SUBJECT_CHARS_MAX);
        (!text.is_empty()).then_some(text)
    };
    all.take(EVENTS_MAX)
        .map(|event| EventView {
            title: some(&event.summary).unwrap_or_else(|| desk.say("no_subject")),
            when: event.start.map(|start| when(desk, start, event.end)),
            place: some(&event.place),
            organizer: some(&event.organizer),
            note: match (event.cancelled, event.repeats) {
                (true, _) => Some(desk.say("event_cancelled")),
                (false, true) => Some(desk.say("event_repeats")),
                (false, false) => None,
            },
        })
        .collect()
}

/// From when to when, as one would say it.
fn when(desk: &Desk<'_>, start: When, end: Option<When>) -> String {
    let (language, zone) = (desk.language, &desk.site.zone);
    let between = |first: &str, last: &str| desk.tell("event_between", &[("first", first), ("last", last)]);
    match (start, end) {
        (When::Day(first), Some(When::Day(last))) => {
            between(&dates::day(language, first), &dates::day(language, last))
        }
        (When::Day(day), _) => dates::day(language, day),
        (When::At(first), Some(When::At(last))) if first < last => {
            let one_day = first.date_in(zone) == last.date_in(zone);
            let end =
                if one_day { dates::hour(language, last, zone) } else { dates::moment(language, last, zone) };
            between(&dates::moment(language, first, zone), &end)
        }
        (When::At(first), _) => dates::moment(language, first, zone),
    }
}

fn attachment(desk: &Desk<'_>, place: Place<'_>, post: &PostSummary, one: &Attachment) -> AttachmentView {
    let name = shown_name(&one.name);
    let kind = match one.kind {
        AttachmentKind::Picture(_) => "kind_picture",
        AttachmentKind::Calendar => "kind_calendar",
        AttachmentKind::Other => "kind_other",
    };
    let size = dates::size(desk.words, desk.language, one.bytes);
    let picture = matches!(one.kind, AttachmentKind::Picture(_));
    let href = desk.attachment_href(place, post, one);
    AttachmentView {
        small: format!("{href}&small"),
        href,
        facts: desk.tell("attachment_line", &[("kind", &desk.say(kind)), ("size", &size)]),
        picture: picture.then(|| desk.tell("picture_alt", &[("name", &name)])),
        name,
    }
}

/// What may stand in a `lang` attribute: `fr`, `pt-BR`.
pub(super) fn is_language_tag(tag: &str) -> bool {
    (2..=35).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

impl Desk<'_> {
    /// Another post; by content where it carries the same id as the one that is shown.
    fn post_href(&self, place: Place<'_>, post: &PostSummary, shown: &MessageId) -> String {
        let route = Route::list(place.segment, ListPage::Post { id: post.message_id.clone() });
        let content = [("c", post.hash12.as_str())];
        let query: &[(&str, &str)] = if post.message_id == *shown { &content } else { &[] };
        self.href_with(&route, query)
    }

    /// Where an attachment can be had; by content, since several posts may carry one id.
    pub(crate) fn attachment_href(&self, place: Place<'_>, post: &PostSummary, one: &Attachment) -> String {
        let (id, name) = (post.message_id.clone(), shown_name(&one.name));
        let route = Route::list(place.segment, ListPage::Attachment { id, n: one.n, name });
        format!("{}{}?c={}", self.site.base_path, route.path(), super::super::routes::encode(&post.hash12))
    }

    /// An answer to a post, to the whole group (RFC 6068 §2 and its example of `In-Reply-To`).
    fn reply(&self, place: Place<'_>, post: &PostSummary) -> Option<String> {
        if place.list.state != ListState::Open {
            return None;
        }
        let subject = one_line(&self.masked(&post.subject), SUBJECT_CHARS_MAX);
        let answered = subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
        let subject = if answered { subject } else { format!("Re: {subject}") };
        let id = format!("<{}>", post.message_id);
        Some(mailto(&place.list.address.to_string(), &[("In-Reply-To", &id), ("Subject", &subject)]))
    }
}
