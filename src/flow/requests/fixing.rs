//! Conversations set right by an animator's mail: answering a post, they say where it belongs.

use super::talk::Talk;
use crate::domain::command::AnimatorCommand;
use crate::domain::ids::{MessageId, PostId};
use crate::domain::list::List;
use crate::domain::wish::Fixed;
use crate::flow::set_right::{self, NotRight};
use crate::flow::{Desk, FlowError};
use crate::store::archive::{PostSummary, ThreadSummary};
use crate::store::event::{Decider, Note};
use crate::understand::fold;

/// Conversations among which one is looked for by its subject, the latest.
const THREADS_LOOKED_AT: usize = 2_000;

/// Does it, and tells what came of it. `answered` is the post it was said about.
pub(super) fn set_thread_right(
    talk: &mut Talk<'_>,
    list: &List,
    answered: Option<PostId>,
    command: &AnimatorCommand,
) -> Result<(), FlowError> {
    let post = match answered {
        Some(post) => talk.desk.store.reader().post(post)?,
        None => None,
    };
    let Some(post) = post.filter(|post| post.list == list.id) else {
        // Nothing was answered, so nobody knows what it is about: what can be said tells how.
        return talk.tell(Some(list.id), Note::Help);
    };
    let by = Decider::Person(talk.person.id);
    let fixed = match command {
        AnimatorCommand::Split => done(set_right::split(talk.desk, &post, by), Fixed::Split)?,
        AnimatorCommand::MoveTo(words) => match target(talk.desk, &post, words)? {
            Some(target) => done(set_right::move_to(talk.desk, &post, &target, by), Fixed::Moved)?,
            None => Fixed::NoSuchThread,
        },
        AnimatorCommand::JoinWith(words) => match target(talk.desk, &post, words)? {
            Some(target) => done(set_right::join(talk.desk, &post, &target, by), Fixed::Joined)?,
            None => Fixed::NoSuchThread,
        },
        AnimatorCommand::Add(_)
        | AnimatorCommand::Invite(_)
        | AnimatorCommand::Remove(_)
        | AnimatorCommand::Ban(_)
        | AnimatorCommand::Unban(_)
        | AnimatorCommand::Role(..)
        | AnimatorCommand::Hold(_)
        | AnimatorCommand::Pace(_)
        | AnimatorCommand::Close
        | AnimatorCommand::Reopen
        | AnimatorCommand::Members
        | AnimatorCommand::Slow
        | AnimatorCommand::History
        | AnimatorCommand::Letter => return Ok(()),
    };
    talk.tell(Some(list.id), Note::SetRight { post: post.id, fixed })
}

fn done(set: Result<usize, NotRight>, fixed: Fixed) -> Result<Fixed, FlowError> {
    match set {
        Ok(_) => Ok(fixed),
        Err(NotRight::Refused(_)) => Ok(Fixed::NothingToDo),
        Err(NotRight::Flow(error)) => Err(error),
    }
}

/// The post somebody means for this one: by its page, its Message-ID, or the subject of its conversation.
fn target(desk: &Desk, post: &PostSummary, words: &str) -> Result<Option<PostSummary>, FlowError> {
    let archive = desk.store.reader();
    let list = post.list;
    if let Some(id) = id_in(words) {
        return Ok(archive.posts_by_message_id(list, &id)?.into_iter().next());
    }
    let key = words.split("/t/").nth(1).and_then(|rest| rest.split(['/', ' ', '#', '?']).next());
    let thread = match key {
        Some(key) => archive.thread_of(list, key)?,
        None => {
            let mut threads = archive.latest_threads(list, 0, THREADS_LOOKED_AT)?;
            // Nobody names the conversation in which it stands: what was parted has the same title.
            threads.retain(|thread| thread.id != post.thread);
            by_subject(&threads, words).map(|thread| thread.id)
        }
    };
    let Some(thread) = thread else { return Ok(None) };
    let found = archive.thread(list, thread, set_right::POSTS_MAX)?;
    // What stands in it already answers something; what is moved there answers its first post.
    Ok(found.and_then(|thread| thread.posts.into_iter().find(|post| post.withdrawn.is_none())))
}

fn id_in(words: &str) -> Option<MessageId> {
    let trimmed = words.trim().trim_matches(['<', '>']);
    match words.split("/m/").nth(1).and_then(|rest| rest.split(['/', ' ', '#', '?']).next()) {
        Some(encoded) => {
            let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().ok()?;
            MessageId::parse(&decoded)
        }
        None if trimmed.contains('@') && !trimmed.contains(' ') => MessageId::parse(trimmed),
        None => None,
    }
}

/// The one conversation of these words: of that subject, or else the only one that has them in it.
fn by_subject<'t>(threads: &'t [ThreadSummary], words: &str) -> Option<&'t ThreadSummary> {
    let wanted = plain(words);
    let is = |thread: &&ThreadSummary| plain(&thread.subject) == wanted;
    let has = |thread: &&ThreadSummary| plain(&thread.subject).contains(&wanted);
    let only = |mut found: Vec<&'t ThreadSummary>| if found.len() == 1 { found.pop() } else { None };
    if wanted.is_empty() {
        return None;
    }
    // Of several with that very subject, the latest: nobody means the one of three years ago.
    threads.iter().find(is).or_else(|| only(threads.iter().filter(has).collect()))
}

/// Letters without accents and digits alone, in small letters, without the marks of answers.
fn plain(text: &str) -> String {
    let lower = fold(text);
    let mut words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    while words.len() > 1 && matches!(words[0], "re" | "fwd" | "tr" | "fw") {
        words.remove(0);
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::PostId;
    use crate::domain::time::Timestamp;
    use crate::store::archive::ThreadId;

    fn thread(n: u64, subject: &str) -> ThreadSummary {
        let at = Timestamp::from_seconds(0);
        ThreadSummary {
            id: ThreadId(PostId(n)),
            key: n.to_string(),
            subject: subject.to_owned(),
            first_author: String::new(),
            posts: 1,
            first: at,
            last: at,
            last_author: String::new(),
        }
    }

    #[test]
    fn a_conversation_by_its_subject() {
        let threads = [
            thread(1, "Re: Vide-grenier de juin"),
            thread(2, "Compost"),
            thread(3, "Compost"),
            thread(4, "Le compost des voisins"),
            thread(5, "Fête"),
        ];
        for (words, found) in [
            ("vide-grenier de juin", Some(1)),
            ("Re: « Vide grenier de juin »", Some(1)),
            ("grenier", Some(1)),
            ("compost", Some(2)),
            ("voisins", Some(4)),
            ("de", None),
            ("fete", Some(5)),
            ("", None),
        ] {
            let meant = by_subject(&threads, words).map(|thread| thread.id.0.0);
            assert_eq!(meant, found, "{words}");
        }
    }

    #[test]
    fn an_id_or_a_page() {
        for (words, id) in [
            ("<a.b@c.example>", Some("a.b@c.example")),
            ("a@b.example", Some("a@b.example")),
            ("https://l.example/quartier/m/a%2Fb%40c.example/", Some("a/b@c.example")),
            ("https://l.example/quartier/t/abcdefghijkl/", None),
            ("le vide-grenier", None),
        ] {
            assert_eq!(id_in(words).as_ref().map(MessageId::as_str), id, "{words}");
        }
    }
}
