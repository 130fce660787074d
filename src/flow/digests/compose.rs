//! An issue as a mail, in one language: gathered from the archive when it is sent.

use crate::digest::{self, Attached, Condensed, Doors, Enclosed, Item, Sheet, ThreadPart, condense};
use crate::domain::edition::{Edition, EditionItem, Fold};
use crate::domain::ids::MessageId;
use crate::domain::list::{ArchivePolicy, Language, List, Posting};
use crate::domain::member::DigestForm;
use crate::domain::recipient::{ListDoor, word_for};
use crate::domain::time::Timestamp;
use crate::domain::token::Purpose;
use crate::flow::send::compose_copy::{ListWords, attachments_key, page_of, path_segment};
use crate::flow::{Desk, FlowError, answer_address, beside};
use crate::letters;
use crate::mail::compose::{self, PreparedCopy};
use crate::mail::show::{Shown, show};
use crate::mail::{subject, words};
use crate::store::archive::{PostSummary, ThreadId};
use crate::store::issue::Issue;

/// Titles of conversations are cut, characters.
const TITLE_CHARS_MAX: usize = 150;
/// Names of authors are cut, characters.
const NAME_CHARS_MAX: usize = 80;

/// A post that stands in it.
struct Gathered {
    post: PostSummary,
    raw: Vec<u8>,
}

/// What all its readers in that language get; nothing if no post of it is there any more.
pub(in crate::flow) fn compose(
    desk: &Desk,
    issue: &Issue,
    list: &List,
    language: Language,
) -> Result<Option<PreparedCopy>, FlowError> {
    let since = issue.at;
    let mut gathered = Vec::new();
    for post in &issue.posts {
        let (post, raw) = (desk.store.reader().post(*post)?, desk.store.raw(*post)?);
        // What was called back stands in nothing that leaves after that.
        let post = post.filter(|post| post.withdrawn.is_none());
        gathered.extend(post.zip(raw).map(|(post, raw)| Gathered { post, raw }));
    }
    if gathered.is_empty() {
        return Ok(None);
    }
    let day = since.date_in(&desk.zone);
    let edition = match issue.edition {
        Some(number) => desk.store.reader().edition(list.id, number)?,
        None => None,
    };
    let threads = match &edition {
        Some(shown) => chosen(desk, list, language, &shown.edition, &gathered)?,
        None => threads(desk, list, language, &gathered)?,
    };
    let heading = edition.as_ref().map(|shown| heading(&shown.edition, language)).unwrap_or_default();
    let (mut title, about) = digest::subject(&list.settings.name, gathered.len(), day, issue.part, language);
    if edition.is_some() {
        let name = &list.settings.name;
        title = digest::subject_of_edition((name, &heading), gathered.len(), day, issue.part, language).0;
    }
    let names =
        |names: &Vec<String>| letters::names(&names.iter().map(String::as_str).collect::<Vec<_>>(), language);
    let first = issue.part.0 == 1;
    let sheet = Sheet {
        language,
        group: list.settings.name.clone(),
        address: list.address.to_string(),
        title,
        heading,
        about,
        part: Some(issue.part).filter(|(_, of)| *of > 1),
        intro: edition
            .as_ref()
            .filter(|_| first)
            .map(|shown| shown.edition.intro.clone())
            .unwrap_or_default(),
        by: edition.as_ref().map(|shown| names(&shown.by)).unwrap_or_default(),
        page: issue
            .edition
            .filter(|_| has_archive(list))
            .map(|n| format!("{}e/{n}/", desk.archive_url(list))),
        archive: has_archive(list).then(|| desk.archive_url(list)),
        threads,
        doors: doors(list),
    };
    let (fields, body) = match issue.form {
        DigestForm::Page => {
            let bodies = desk.digests.print(&sheet);
            for fault in &bodies.faults {
                tracing::warn!(template = %fault.path.display(), why = %fault.why, "a digest's own template was not used");
            }
            digest::page(&bodies)
        }
        DigestForm::Mime => digest::mime(&sheet, &enclosed(desk, list, &gathered)),
        DigestForm::Plain => digest::plain(&sheet, &enclosed(desk, list, &gathered)),
    };
    let head = head(desk, list, issue, &sheet.title, since, language);
    let raw = [head.as_bytes(), &fields, b"\r\n", &body].concat();
    Ok(Some(compose::prepare(&raw, &ListWords::new(desk, list).edits(language))))
}

/// RFC 3834 §5: a machine wrote it. It is no post, so it has no page of the archive.
fn head(
    desk: &Desk,
    list: &List,
    issue: &Issue,
    title: &str,
    since: Timestamp,
    language: Language,
) -> String {
    let from = beside(list, &ListDoor::Request);
    let name = words::phrase(&list.settings.name, "From: ".len());
    let id = message_id(desk, issue);
    format!(
        "From: {name}\r\n <{from}>\r\nTo: {name}\r\n <{}>\r\nReply-To: {from}\r\nSubject: {}\r\nDate: {}\r\n\
         Message-ID: <{id}>\r\nAuto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n\
         Content-Language: {}\r\n",
        list.address,
        words::unstructured(title, "Subject: ".len()),
        since.rfc5322(&desk.zone),
        language.tag(),
    )
}

/// The Message-ID of all its copies.
pub fn message_id(desk: &Desk, issue: &Issue) -> MessageId {
    MessageId::parse(&format!("digest-{}-{}@{}", issue.number, issue.at.millis(), desk.hostname))
        .expect("digits and a host name")
}

fn has_archive(list: &List) -> bool {
    list.settings.archive != ArchivePolicy::None
}

fn doors(list: &List) -> Doors {
    Doors {
        post: match list.settings.posting {
            Posting::Anyone | Posting::Members => list.address.to_string(),
            Posting::Animators => String::new(),
        },
        request: beside(list, &ListDoor::Request),
        stop: list.address.beside(word_for(&ListDoor::Leave, list.settings.language)),
    }
}

/// Conversation by conversation, in the order the issue has them.
fn threads(
    desk: &Desk,
    list: &List,
    language: Language,
    gathered: &[Gathered],
) -> Result<Vec<ThreadPart>, FlowError> {
    let mut threads: Vec<(ThreadId, ThreadPart)> = Vec::new();
    for Gathered { post, raw } in gathered {
        let shown = show(raw);
        let item = item(desk, list, language, post, &shown);
        match threads.iter_mut().find(|(thread, _)| *thread == post.thread) {
            Some((_, part)) => part.items.push(item),
            None => {
                let summary = desk.store.reader().thread(list.id, post.thread, 0)?;
                let page =
                    summary.map(|thread| format!("{}t/{}/", desk.archive_url(list), thread.summary.key));
                let page = page.filter(|_| has_archive(list));
                let title = title_of(list, post, language);
                threads.push((
                    post.thread,
                    ThreadPart { title, page, items: vec![item], ..ThreadPart::default() },
                ));
            }
        }
    }
    Ok(threads.into_iter().map(|(_, part)| part).collect())
}

/// What stands in an edition, as far as its posts are in this mail; folded where it is.
fn chosen(
    desk: &Desk,
    list: &List,
    language: Language,
    edition: &Edition,
    gathered: &[Gathered],
) -> Result<Vec<ThreadPart>, FlowError> {
    let mut parts = Vec::new();
    for item in edition.chosen() {
        let here = |post: &Gathered| item.posts.contains(&post.post.id);
        let here: Vec<&Gathered> = gathered.iter().filter(|post| here(post)).collect();
        let folded = item.fold == Fold::Folded && here.len() > 2;
        let shown: Vec<&Gathered> = match (folded, here.first(), here.last()) {
            (true, Some(first), Some(last)) => vec![first, last],
            _ => here.clone(),
        };
        let (Some(first), left_out) = (shown.first(), here.len() - shown.len()) else { continue };
        let thread = desk.store.reader().thread(list.id, first.post.thread, 0)?;
        let page = thread.map(|thread| format!("{}t/{}/", desk.archive_url(list), thread.summary.key));
        let title =
            if item.title.is_empty() { title_of(list, &first.post, language) } else { item.title.clone() };
        let items = shown.iter().map(|g| self::item(desk, list, language, &g.post, &show(&g.raw))).collect();
        parts.push(ThreadPart {
            title,
            page: page.filter(|_| has_archive(list)),
            note: item.note.clone(),
            summary: None,
            left_out,
            items,
        });
    }
    Ok(parts)
}

/// What an edition is called.
pub fn heading(edition: &Edition, language: Language) -> String {
    match (edition.title.as_str(), language) {
        ("", Language::Fr) => format!("édition {}", edition.number),
        ("", Language::En) => format!("edition {}", edition.number),
        (title, _) => title.to_owned(),
    }
}

/// What an item of an edition is called, by the animators or by its author; and the id of its first post.
pub fn title_of_item(
    desk: &Desk,
    list: &List,
    item: &EditionItem,
    language: Language,
) -> Result<Option<(String, MessageId)>, FlowError> {
    let first = item.posts.first().map(|post| desk.store.reader().post(*post)).transpose()?.flatten();
    Ok(first.map(|post| {
        let title = if item.title.is_empty() { title_of(list, &post, language) } else { item.title.clone() };
        (title, post.message_id)
    }))
}

fn title_of(list: &List, post: &PostSummary, language: Language) -> String {
    let bare = subject::bare(&post.subject, &list.settings.subject_prefix);
    match (bare, language) {
        ("", Language::Fr) => "(sans objet)".to_owned(),
        ("", Language::En) => "(no subject)".to_owned(),
        (bare, _) => cut(bare, TITLE_CHARS_MAX),
    }
}

fn item(desk: &Desk, list: &List, language: Language, post: &PostSummary, shown: &Shown) -> Item {
    let may_be_read = has_archive(list) && !post.no_archive;
    let page = may_be_read.then(|| page_of(desk, list, &post.message_id));
    let key = attachments_key(desk, post.id);
    let attached = shown.attachments.iter().filter(|one| !(one.inline && one.content_id.is_some()));
    let attachments = attached.map(|one| Attached {
        name: cut(&one.name, NAME_CHARS_MAX),
        size: letters::size(one.bytes.max(1 << 10), language),
        page: page.as_ref().map(|page| format!("{page}a/{}/{}{key}", one.n, path_segment(&one.name))),
    });
    let attachments = attachments.collect();
    let author = cut(&post.author_name, NAME_CHARS_MAX);
    let nobody = match language {
        Language::Fr => "(sans nom)",
        Language::En => "(no name)",
    };
    let text = condense(shown);
    Item {
        author: if author.is_empty() { nobody.to_owned() } else { author },
        when: letters::moment(post.date, &desk.zone, language),
        text: Condensed { text: harmless(&text.text), cut: text.cut },
        page,
        attachments,
        answer: match list.settings.posting {
            Posting::Anyone | Posting::Members => {
                let token = desk.store.tokens().token(Purpose::Answer { post: post.id });
                Some(answer_address(&desk.hostname, Some(&list.address), &token).to_string())
            }
            Posting::Animators => None,
        },
        private: None,
    }
}

fn enclosed<'a>(desk: &Desk, list: &List, gathered: &'a [Gathered]) -> Vec<Enclosed<'a>> {
    let one = |Gathered { post, raw }: &'a Gathered| Enclosed {
        raw,
        page: (has_archive(list) && !post.no_archive).then(|| page_of(desk, list, &post.message_id)),
        message_id: post.message_id.to_string(),
    };
    gathered.iter().map(one).collect()
}

/// One line, cut.
fn cut(text: &str, chars_max: usize) -> String {
    let clean = words::clean(text);
    match clean.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean,
    }
}

/// Lines without what would turn them around or end them.
fn harmless(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let indent: String = line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
        let spaced: String = line
            .chars()
            .skip(indent.chars().count())
            .filter(|c| {
                *c == '\t'
                    || !(c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
            })
            .collect();
        format!("{indent}{spaced}")
    });
    lines.collect::<Vec<_>>().join("\n")
}
