//! What a digest or an edition says, as facts: gathered from the archive when it is sent or printed.

use std::collections::{HashMap, HashSet};

use crate::digest::{self, Attached, Condensed, Doors, Item, OwnDoors, Sheet, ThreadPart, condense};
use crate::domain::edition::{Edition, EditionItem, Fold};
use crate::domain::ids::{ListId, MessageId, PersonId, PostId};
use crate::domain::list::{ArchivePolicy, Language, List, Posting};
use crate::domain::recipient::{ListDoor, word_for};
use crate::domain::time::Timestamp;
use crate::domain::token::Purpose;
use crate::flow::send::compose_copy::{attachments_key, page_of, path_segment};
use crate::flow::{Desk, FlowError, answer_address, beside, is_current};
use crate::letters;
use crate::mail::show::{Shown, show};
use crate::mail::summary::summary_words;
use crate::mail::{subject, words};
use crate::store::archive::{PostState, PostSummary};
use crate::store::editions::EditionShown;
use crate::store::issue::Issue;

/// Titles of conversations are cut, characters.
const TITLE_CHARS_MAX: usize = 150;
/// Names of authors are cut, characters.
const NAME_CHARS_MAX: usize = 80;

/// A post that stands in it.
pub(super) struct Gathered {
    pub(super) post: PostSummary,
    pub(super) raw: Vec<u8>,
    /// Which conversation it belongs to, as the contents number them from 1.
    pub(super) conversation: usize,
}

/// What is made of them.
pub(super) struct Made<'a> {
    /// Which edition, if it is one.
    pub(super) number: Option<u32>,
    /// What the animators made of it.
    pub(super) shown: Option<&'a EditionShown>,
    /// When it went out.
    pub(super) at: Timestamp,
    /// Which of how many mails.
    pub(super) part: (u32, u32),
}

/// Whether a post may still be sent: nobody took it back since it was frozen, and it is of one of these
/// lists, if any is named.
fn is_shown(post: &PostSummary, of: &[ListId]) -> bool {
    let meant = of.is_empty() || of.contains(&post.list);
    meant && post.state == PostState::Published && post.withdrawn.is_none()
}

/// How many of these posts are there still.
pub(in crate::flow) fn shown(desk: &Desk, posts: &[PostId], of: &[ListId]) -> Result<usize, FlowError> {
    let mut count = 0;
    for post in posts {
        count += usize::from(desk.store.reader().post(*post)?.is_some_and(|post| is_shown(&post, of)));
    }
    Ok(count)
}

/// Those of these posts that are there still, in that order. Conversations have the number they have
/// with all posts there, so that it means the same to who got more of them, or got them earlier.
pub(super) fn gather(
    desk: &Desk,
    posts: &[PostId],
    of: &[ListId],
    edition: Option<&Edition>,
) -> Result<Vec<Gathered>, FlowError> {
    let (mut gathered, mut begun) = (Vec::new(), HashMap::new());
    let chosen = edition.map(|edition| placed(edition, posts)).unwrap_or_default();
    for post in posts {
        let Some(summary) = desk.store.reader().post(*post)? else { continue };
        let next = begun.len() + 1;
        let conversation = match edition {
            Some(_) => chosen.get(post).copied().unwrap_or(next),
            None => *begun.entry(summary.thread).or_insert(next),
        };
        let shown = if is_shown(&summary, of) { desk.store.raw(*post)? } else { None };
        gathered.extend(shown.map(|raw| Gathered { post: summary, raw, conversation }));
    }
    Ok(gathered)
}

/// The place of each of these posts, as the animators put them.
fn placed(edition: &Edition, posts: &[PostId]) -> HashMap<PostId, usize> {
    let posts: HashSet<&PostId> = posts.iter().collect();
    let here = edition.chosen().filter(|item| item.posts.iter().any(|post| posts.contains(post)));
    (1..).zip(here).flat_map(|(n, item)| item.posts.iter().map(move |post| (*post, n))).collect()
}

/// All of it in one language; nothing if no post of it is there any more.
pub(super) fn sheet(
    desk: &Desk,
    list: &List,
    language: Language,
    gathered: &[Gathered],
    made: &Made<'_>,
) -> Result<Option<Sheet>, FlowError> {
    let Made { number, shown, at, part } = *made;
    let mut threads = Vec::new();
    let lists = lists_of(desk, list, gathered)?;
    for group in grouped(shown.map(|shown| &shown.edition), gathered) {
        let own = group.posts.first().and_then(|first| lists.iter().find(|own| own.id == first.post.list));
        let part = self::part(desk, own.unwrap_or(list), language, &group)?;
        threads.extend(part.map(|part| match own.filter(|_| lists.len() > 1) {
            Some(own) => ThreadPart { title: format!("{} · {}", own.settings.name, part.title), ..part },
            None => part,
        }));
    }
    if threads.is_empty() {
        return Ok(None);
    }
    tell_apart(&mut threads);
    let called: Vec<&str> = lists.iter().map(|list| list.settings.name.as_str()).collect();
    let (name, day) = (&letters::names(&called, language), at.date_in(&desk.zone));
    let heading = shown.map(|shown| heading(&shown.edition, language)).unwrap_or_default();
    let (title, about) = match shown {
        Some(_) => digest::subject_of_edition((name, &heading), gathered.len(), day, part, language),
        None => digest::subject(name, gathered.len(), day, part, language),
    };
    let names =
        |names: &Vec<String>| letters::names(&names.iter().map(String::as_str).collect::<Vec<_>>(), language);
    let first = part.0 == 1;
    Ok(Some(Sheet {
        language,
        group: name.clone(),
        address: list.address.to_string(),
        title,
        heading,
        about,
        part: Some(part).filter(|(_, of)| *of > 1),
        intro: shown.filter(|_| first).map(|shown| shown.edition.intro.clone()).unwrap_or_default(),
        by: shown.map(|shown| names(&shown.by)).unwrap_or_default(),
        page: number.filter(|_| has_archive(list)).map(|n| format!("{}e/{n}/", desk.archive_url(list))),
        archive: (has_archive(list) && lists.len() == 1).then(|| desk.archive_url(list)),
        threads,
        doors: doors(&lists),
    }))
}

pub(super) fn has_archive(list: &List) -> bool {
    list.settings.archive != ArchivePolicy::None
}

/// Conversations that are called the same are told apart by who began them, or when.
fn tell_apart(threads: &mut [ThreadPart]) {
    let mut called: HashMap<String, Vec<String>> = HashMap::new();
    let author =
        |thread: &ThreadPart| thread.items.first().map(|item| item.author.clone()).unwrap_or_default();
    for thread in threads.iter() {
        called.entry(thread.title.to_lowercase()).or_default().push(author(thread));
    }
    for thread in threads {
        let (Some(authors), own) = (called.get(&thread.title.to_lowercase()), author(thread)) else {
            continue;
        };
        let same = authors.iter().filter(|author| **author == own).count();
        // The same person began both: then it is when.
        let when = thread.items.first().filter(|_| same > 1).map(|item| item.when.as_str());
        if authors.len() > 1 {
            thread.told_apart = [own.as_str()].into_iter().chain(when).collect::<Vec<_>>().join(", ");
        }
    }
}

/// The first of these lists is the one the mail comes from.
fn doors(lists: &[List]) -> Doors {
    let stop = |list: &List| list.address.beside(word_for(&ListDoor::Leave, list.settings.language));
    let own = |list: &List| OwnDoors {
        name: list.settings.name.clone(),
        address: list.address.to_string(),
        stop: stop(list),
    };
    let Some(list) = lists.first() else { return Doors::default() };
    Doors {
        post: match list.settings.posting {
            Posting::Anyone | Posting::Members => list.address.to_string(),
            Posting::Animators => String::new(),
        },
        request: beside(list, &ListDoor::Request),
        stop: stop(list),
        lists: if lists.len() > 1 { lists.iter().map(own).collect() } else { Vec::new() },
    }
}

/// The lists these posts are of; the one the mail comes from first.
fn lists_of(desk: &Desk, list: &List, gathered: &[Gathered]) -> Result<Vec<List>, FlowError> {
    let mut lists = vec![list.clone()];
    for post in gathered {
        if lists.iter().all(|known| known.id != post.post.list) {
            lists.extend(desk.store.list(post.post.list)?);
        }
    }
    Ok(lists)
}

/// What is said in one conversation, as far as it is here.
struct Grouped<'a> {
    /// Its number.
    n: usize,
    posts: Vec<&'a Gathered>,
    /// What the animators made of it, in an edition.
    item: Option<&'a EditionItem>,
}

/// Conversation by conversation: in the order the issue has them, or as the animators put them.
fn grouped<'a>(edition: Option<&'a Edition>, gathered: &'a [Gathered]) -> Vec<Grouped<'a>> {
    let mut groups: Vec<Grouped<'a>> = Vec::new();
    match edition {
        Some(edition) => {
            for item in edition.chosen() {
                let here = |post: &&Gathered| item.posts.contains(&post.post.id);
                let posts: Vec<_> = gathered.iter().filter(here).collect();
                let n = posts.first().map_or(0, |first| first.conversation);
                groups.push(Grouped { n, posts, item: Some(item) });
            }
        }
        None => {
            for post in gathered {
                let n = post.conversation;
                match groups.iter_mut().find(|group| group.n == n) {
                    Some(group) => group.posts.push(post),
                    None => groups.push(Grouped { n, posts: vec![post], item: None }),
                }
            }
        }
    }
    groups.retain(|group| !group.posts.is_empty());
    groups
}

/// A conversation of an issue, as its contents number it from 1.
pub(in crate::flow) struct Numbered {
    pub(in crate::flow) title: String,
    pub(in crate::flow) n: usize,
    /// Its posts that stand there, by date.
    pub(in crate::flow) posts: Vec<PostId>,
}

/// The conversations of an issue that are there still, in the order of its contents.
pub(in crate::flow) fn numbered(
    desk: &Desk,
    list: &List,
    issue: &Issue,
    language: Language,
) -> Result<Vec<Numbered>, FlowError> {
    let shown =
        issue.edition.map(|number| desk.store.reader().edition(list.id, number)).transpose()?.flatten();
    let edition = shown.as_ref().map(|shown| &shown.edition);
    let gathered = gather(desk, &issue.posts, &[], edition)?;
    let groups = grouped(edition, &gathered);
    Ok(groups
        .iter()
        .map(|group| Numbered {
            title: title_of_group(list, group, language),
            n: group.n,
            posts: group.posts.iter().map(|post| post.post.id).collect(),
        })
        .collect())
}

fn title_of_group(list: &List, group: &Grouped<'_>, language: Language) -> String {
    match (group.item.map(|item| item.title.as_str()), group.posts.first()) {
        (Some(title), _) if !title.is_empty() => title.to_owned(),
        (_, Some(first)) => title_of(list, &first.post, language),
        (_, None) => String::new(),
    }
}

fn part(
    desk: &Desk,
    list: &List,
    language: Language,
    group: &Grouped<'_>,
) -> Result<Option<ThreadPart>, FlowError> {
    let Some(first) = group.posts.first() else { return Ok(None) };
    let thread = first.post.thread;
    let page = desk.store.reader().thread(list.id, thread, 0)?;
    let page = page.map(|found| format!("{}t/{}/", desk.archive_url(list), found.summary.key));
    let summary = match group.item {
        // It stands for what was said until then; where it stood before, it is known.
        Some(_) => desk.store.reader().summary(list.id, thread)?,
        None => None,
    };
    let summary = summary.and_then(|stands| group.posts.iter().find(|post| post.post.id == stands.id));
    let after = |post: &&&Gathered| summary.is_none_or(|stands| post.post.date > stands.post.date);
    let shown: Vec<&Gathered> = group.posts.iter().filter(after).copied().collect();
    let folded = group.item.is_some_and(|item| item.fold == Fold::Folded) && shown.len() > 2;
    let shown = match (folded, shown.first(), shown.last()) {
        (true, Some(first), Some(last)) => vec![*first, *last],
        _ => shown,
    };
    Ok(Some(ThreadPart {
        n: group.n,
        title: title_of_group(list, group, language),
        told_apart: String::new(),
        page: page.filter(|_| has_archive(list)),
        note: group.item.map(|item| item.note.clone()).unwrap_or_default(),
        summary: summary.map(|stands| digest::Summary {
            by: author_of(list, &stands.post, language),
            text: harmless(summary_words(&condense(&show(&stands.raw)).text)),
        }),
        left_out: group.posts.len() - shown.len() - usize::from(summary.is_some()),
        items: shown
            .iter()
            .map(|one| item(desk, list, language, &one.post, &show(&one.raw)))
            .collect::<Result<_, _>>()?,
    }))
}

/// What an edition is called.
pub fn heading(edition: &Edition, language: Language) -> String {
    crate::domain::edition::heading(&edition.title, edition.number, language)
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
    // What it was called on the server the list came from: « [quartier] », “[Ants-users]”.
    let bare = subject::without_mark(bare, &called(list));
    match (bare, language) {
        ("", Language::Fr) => "(sans objet)".to_owned(),
        ("", Language::En) => "(no subject)".to_owned(),
        (bare, _) => cut(bare, TITLE_CHARS_MAX),
    }
}

/// How a server says in a subject or a name that it is about this list.
fn called(list: &List) -> [&str; 2] {
    [list.address.name(), &list.settings.name]
}

fn author_of(list: &List, post: &PostSummary, language: Language) -> String {
    let author = cut(subject::without_via(&post.author_name, &called(list)), NAME_CHARS_MAX);
    match (author.as_str(), language) {
        ("", Language::Fr) => "(sans nom)".to_owned(),
        ("", Language::En) => "(no name)".to_owned(),
        (_, Language::Fr | Language::En) => author,
    }
}

fn item(
    desk: &Desk,
    list: &List,
    language: Language,
    post: &PostSummary,
    shown: &Shown,
) -> Result<Item, FlowError> {
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
    let text = condense(shown);
    let address = |purpose: Purpose| {
        let token = desk.store.tokens().token(purpose);
        answer_address(&desk.hostname, Some(&list.address), &token).to_string()
    };
    Ok(Item {
        author: author_of(list, post, language),
        when: letters::moment(post.date, &desk.zone, language),
        text: Condensed { text: harmless(&text.text), cut: text.cut },
        language: post.language.clone().unwrap_or_default(),
        page,
        attachments,
        answer: match list.settings.posting {
            Posting::Anyone | Posting::Members => Some(address(Purpose::Answer { post: post.id })),
            Posting::Animators => None,
        },
        private: reachable_author(desk, list, post.id)?.map(|_| address(Purpose::Private { post: post.id })),
    })
}

/// The author of a post, if mail of the list reaches them.
pub(in crate::flow) fn reachable_author(
    desk: &Desk,
    list: &List,
    post: PostId,
) -> Result<Option<PersonId>, FlowError> {
    let Some(author) = desk.store.post(post)?.and_then(|info| info.author) else { return Ok(None) };
    let member = desk.store.member(list.id, author)?;
    Ok(member.is_some_and(|member| is_current(&member) && member.medium.is_mail()).then_some(author))
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
