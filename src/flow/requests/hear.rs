//! What a mail asks for, as wishes: between the words somebody chose and what can be carried out.

use super::{Request, answered_post};
use crate::domain::address::EmailAddress;
use crate::domain::care::Care;
use crate::domain::command::{Addresses, AnimatorCommand, Command, Meaning, OwnPosts, Understood};
use crate::domain::command::{Holidays, Scope as Groups};
use crate::domain::ids::{ListId, PostId};
use crate::domain::list::{Language, List, Roster};
use crate::domain::member::{Membership, Role};
use crate::domain::proof::Proof;
use crate::domain::time::Timestamp;
use crate::domain::wish::{Heed, Matter, Wish};
use crate::flow::author::author_of;
use crate::flow::whereabouts::{is_there, last_posts};
use crate::flow::{Desk, FlowError, is_current};
use crate::mail::parse;
use crate::mail::said::{self, Said as Words};
use crate::mail::subject::bare;
use crate::store::archive::{PostState, ThreadId};
use crate::store::event::RequestDoor;
use crate::understand::fold;
use crate::understand::{GroupName, Mail, Place, Situation, Speaker};

/// What was heard, and where it is meant.
pub(super) struct HeardMail {
    pub(super) said: Said,
    /// The language of the words, if that can be told.
    pub(super) language: Option<Language>,
}

/// What was heard.
pub(super) struct Said {
    pub(super) heard: Heard,
    pub(super) scope: Scope,
    /// The groups whose names or addresses stand in it, for the answer to « dans quel groupe ? ».
    pub(super) mentioned: Vec<ListId>,
}

/// What a mail comes to.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Heard {
    /// This, in this order.
    Wishes(Vec<Wish>),
    /// Probably this.
    Guess(Wish),
    Yes,
    No,
    /// The words say this, the address they were written to that.
    Either(Wish, Wish),
    /// They do not want something; nothing is to be done.
    Declined,
    /// Words for those who look after the group.
    ForPeople,
    /// Something that is asked for, and that nothing here carries out.
    ForOthers,
    /// No words at all.
    Nothing,
}

/// In which groups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Scope {
    /// The one that was written to.
    Here,
    /// These.
    Named(Vec<ListId>),
    /// All of theirs.
    All,
}

/// Reads a request.
pub(super) fn hear(desk: &Desk, request: &Request<'_>) -> Result<HeardMail, FlowError> {
    let words = said::said(request.raw);
    let understood = understood(desk, request, &words)?;
    let answered = match &request.list {
        Some(list) => answered_post(desk, list.id, request.raw)?,
        None => None,
    };
    // What answers a post has its title above it, and need not mean one's own of that title.
    let titles = if answered.is_none() { words.text.as_str() } else { "" };
    let own_post = own_post(desk, request, titles)?;
    let answered_of_others = match &request.list {
        Some(list) if animates(desk, request, list)? => answered,
        Some(_) | None => None,
    };
    let wishes = Wishes { desk, request, answered, own_post, answered_of_others };
    let heard = wishes.of_meaning(&understood.meaning);
    let scope = match &understood.scope {
        Groups::Here => Scope::Here,
        Groups::All => Scope::All,
        Groups::Named(names) => Scope::Named(lists_named(desk, names)?),
    };
    let mentioned = lists_mentioned(desk, &words.text)?;
    Ok(HeardMail { said: Said { heard, scope, mentioned }, language: understood.language })
}

/// The groups a few words name; words in which a name is one among many others name none.
fn lists_mentioned(desk: &Desk, text: &str) -> Result<Vec<ListId>, FlowError> {
    const WORDS_MAX: usize = 12;
    let text = text.to_lowercase();
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '!' | '?' | '(' | ')'))
        .map(|word| word.trim_matches(['.', ':', '"', '«', '»']))
        .filter(|word| !word.is_empty())
        .collect();
    if words.len() > WORDS_MAX {
        return Ok(Vec::new());
    }
    let said = words.join(" ");
    let mut found = Vec::new();
    for list in desk.store.reader().lists()? {
        let address = list.address.to_string();
        let name = list.settings.name.to_lowercase();
        let by_address = words.iter().any(|word| *word == address || *word == list.address.name());
        if by_address || (!name.is_empty() && said.contains(&name)) {
            found.push(list.id);
        }
    }
    Ok(found)
}

/// The post of their own somebody answers; else the only one whose title they write; else the latest
/// of theirs that waits.
fn own_post(desk: &Desk, request: &Request<'_>, text: &str) -> Result<Option<PostId>, FlowError> {
    let Some(author) = request.info.author else { return Ok(None) };
    let mail = parse::summarize(request.raw);
    let written = if text.is_empty() { String::new() } else { in_words(&format!("{} {text}", mail.subject)) };
    let (mut waiting, mut named) = (None, Vec::new());
    for info in last_posts(desk, author, request.info.list, OWN_POSTS_LOOKED_AT)? {
        let Some(post) = desk.store.raw(info.id)?.map(|raw| parse::summarize(&raw)) else { continue };
        if post.message_id.is_some_and(|id| mail.references.contains(&id)) {
            return Ok(Some(info.id));
        }
        let title = in_words(bare(&post.subject, ""));
        if title.len() >= TITLE_BYTES_MIN && written.contains(&title) && is_there(desk, &info)? {
            named.push(info.id);
        }
        if info.state == PostState::Held && waiting.is_none() {
            waiting = Some(info.id);
        }
    }
    Ok(match named.as_slice() {
        [only] => Some(*only),
        [] => waiting,
        // Asked about by name, in place of a guess.
        [_, _, ..] => None,
    })
}

/// Shorter titles stand in sentences that do not mean them.
const TITLE_BYTES_MIN: usize = 6;

/// A text as its words alone, each with a blank on both sides.
fn in_words(text: &str) -> String {
    let folded = fold(text);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    format!(" {} ", words.collect::<Vec<_>>().join(" "))
}

/// Whether the writer looks after the list, if it is them.
fn animates(desk: &Desk, request: &Request<'_>, list: &List) -> Result<bool, FlowError> {
    let Some(author) = request.info.author else { return Ok(false) };
    let member = desk.store.member(list.id, author)?;
    Ok(member.is_some_and(|member| member.role == Role::Animator && is_current(&member)))
}

/// The conversation of the post that mail answers, and what it is called.
pub(super) fn topic_of(
    desk: &Desk,
    list: &List,
    mail: PostId,
) -> Result<Option<(ThreadId, String)>, FlowError> {
    let answered = match answered_in(desk, list, mail)? {
        Some(post) => Some(post),
        // The letter that asks about a post is not in the archive: what it is about counts, or else
        // the conversation a post that waits would join.
        None => match asked_about(desk, mail)? {
            Some(post) if desk.store.reader().post(post)?.is_some() => Some(post),
            Some(post) => answered_in(desk, list, post)?,
            None => None,
        },
    };
    let post = answered.map(|post| desk.store.reader().post(post)).transpose()?.flatten();
    Ok(post.map(|post| (post.thread, post.subject)))
}

fn answered_in(desk: &Desk, list: &List, mail: PostId) -> Result<Option<PostId>, FlowError> {
    let Some(raw) = desk.store.raw(mail)? else { return Ok(None) };
    answered_post(desk, list.id, &raw)
}

/// The one post the letter was about that a mail answers.
fn asked_about(desk: &Desk, mail: PostId) -> Result<Option<PostId>, FlowError> {
    let door = desk.store.post(mail)?.and_then(|info| info.door);
    let Some(RequestDoor::Answer(question)) = door else { return Ok(None) };
    let Some(asked) = desk.store.question(question)? else { return Ok(None) };
    let Matter::Care { care: Care::Release { post } | Care::ReleaseWith { post, .. } } =
        asked.question.matter
    else {
        return Ok(None);
    };
    Ok(Some(post))
}

/// So many of somebody's latest posts are looked at to find the one they mean.
const OWN_POSTS_LOOKED_AT: usize = 20;

/// Whether the whole of a mail to the list, subject and body, is nothing but a request.
pub(super) fn is_nothing_but_a_command(desk: &Desk, request: &Request<'_>) -> Result<bool, FlowError> {
    let words = said::said(request.raw);
    Ok(match understood(desk, request, &words)?.meaning {
        Meaning::Certain(_) => true,
        Meaning::Guess(_)
        | Meaning::Declined(_)
        | Meaning::Contradiction { .. }
        | Meaning::ForPeople
        | Meaning::Nothing => false,
    })
}

fn lists_named(desk: &Desk, names: &[String]) -> Result<Vec<ListId>, FlowError> {
    let mut found = Vec::new();
    for list in desk.store.reader().lists()? {
        let is_it = |name: &String| {
            let name = name.trim();
            name.eq_ignore_ascii_case(list.address.name())
                || name.eq_ignore_ascii_case(&list.address.to_string())
                || name.to_lowercase() == list.settings.name.to_lowercase()
        };
        if names.iter().any(is_it) {
            found.push(list.id);
        }
    }
    Ok(found)
}

/// What turns commands into wishes: the day it is, and what the mail answers.
struct Wishes<'a> {
    desk: &'a Desk,
    request: &'a Request<'a>,
    answered: Option<PostId>,
    /// The one of the writer's own posts it is about.
    own_post: Option<PostId>,
    /// The post that was answered, where the writer looks after the list.
    answered_of_others: Option<PostId>,
}

impl Wishes<'_> {
    fn of_meaning(&self, meaning: &Meaning) -> Heard {
        match meaning {
            Meaning::Certain(commands) => match commands.as_slice() {
                [] => Heard::Nothing,
                [Command::Yes] => Heard::Yes,
                [Command::No] => Heard::No,
                commands => {
                    let wishes: Vec<Wish> = commands.iter().filter_map(|c| self.wish(c)).collect();
                    if wishes.is_empty() { Heard::ForOthers } else { Heard::Wishes(wishes) }
                }
            },
            Meaning::Guess(command) => self.wish(command).map_or(Heard::ForOthers, Heard::Guess),
            Meaning::Declined(Command::Leave) if self.leaves_soon() => Heard::Wishes(vec![Wish::Resume]),
            Meaning::Declined(_) => Heard::Declined,
            Meaning::Contradiction { address, words } => self.which(address, words),
            Meaning::ForPeople => Heard::ForPeople,
            Meaning::Nothing => Heard::Nothing,
        }
    }

    /// Asked which; a no leaves everything as it is.
    fn which(&self, address: &Command, words: &Meaning) -> Heard {
        let of_words = match self.of_meaning(words) {
            Heard::Wishes(wishes) => wishes.into_iter().next(),
            Heard::Guess(wish) => Some(wish),
            other @ (Heard::Yes
            | Heard::No
            | Heard::Either(..)
            | Heard::Declined
            | Heard::ForPeople
            | Heard::ForOthers
            | Heard::Nothing) => return other,
        };
        match (of_words, self.wish(address)) {
            (Some(words), Some(address @ (Wish::Join | Wish::Leave))) if words != address => {
                Heard::Either(words, address)
            }
            (Some(words), _) => Heard::Guess(words),
            (None, _) => Heard::Nothing,
        }
    }

    fn wish(&self, command: &Command) -> Option<Wish> {
        let mail = self.request.info.id;
        Some(match command {
            Command::Join => Wish::Join,
            Command::Leave => Wish::Leave,
            Command::Read(rhythm) => {
                Wish::Read { reading: rhythm.reading, day: rhythm.day, hour: rhythm.hour }
            }
            Command::Pause(holidays) => {
                Wish::Pause { from: self.beginning_of(*holidays), until: self.end_of(*holidays) }
            }
            Command::Resume | Command::ComeBack => Wish::Resume,
            Command::Mute => Wish::Heed { post: self.answered, heed: Heed::Mute },
            Command::Follow => Wish::Heed { post: self.answered, heed: Heed::Follow },
            Command::Threads(wanted) => Wish::Threads { wanted: *wanted },
            Command::Summary(summary) => Wish::Summary { summary: *summary },
            Command::Until(day) => {
                Wish::End { until: day.map(|day| Timestamp::last_second_of(day, &self.desk.zone)) }
            }
            Command::Quiet(hours) => {
                Wish::Quiet { hours: hours.map(|hours| format!("{}-{}", hours.from, hours.to)) }
            }
            Command::OwnPosts(own) => Wish::OwnPosts { sent: *own == OwnPosts::Sent },
            Command::Settings => Wish::Settings,
            Command::Name(_) => Wish::Rename { mail },
            Command::Language(language) => Wish::Speak { language: *language },
            Command::Help => Wish::Help,
            Command::Animator(_) => Wish::Animate { mail },
            Command::NewAddress(_) => Wish::Move { mail },
            Command::Withdraw => Wish::Withdraw { post: self.own_post.or(self.answered_of_others) },
            Command::WhereIsMyMessage => Wish::Trace,
            Command::MyData => Wish::MyData,
            Command::ForgetMe => Wish::Forget { posts: None },
            Command::Search(_) => Wish::Search { mail },
            Command::Thread(_) | Command::Yes | Command::No => return None,
        })
    }

    /// Whether the writer has said when they leave, and can take it back.
    fn leaves_soon(&self) -> bool {
        let (Some(list), Some(author)) = (&self.request.list, self.request.info.author) else { return false };
        let member = self.desk.store.member(list.id, author).ok().flatten();
        member.is_some_and(|member| member.ends_by_wish)
    }

    /// The moment the first day begins, if it is not today.
    fn beginning_of(&self, holidays: Holidays) -> Option<Timestamp> {
        let from = holidays.from.map(|day| Timestamp::at_hour(day, 0, &self.desk.zone));
        from.filter(|from| *from > self.request.now)
    }

    /// The end of the last day that was named.
    fn end_of(&self, holidays: Holidays) -> Option<Timestamp> {
        holidays.until.map(|day| Timestamp::last_second_of(day, &self.desk.zone))
    }
}

/// The name somebody wants to be called by, in the mail that says so.
pub(super) fn name_in(desk: &Desk, mail: PostId) -> Result<Option<String>, FlowError> {
    let commands = commands_in(desk, None, mail)?;
    Ok(commands
        .into_iter()
        .find_map(|command| if let Command::Name(name) = command { Some(name) } else { None }))
}

/// What somebody looks for, in the mail that says so.
pub(in crate::flow) fn words_sought(desk: &Desk, mail: PostId) -> Result<Option<String>, FlowError> {
    let commands = commands_in(desk, None, mail)?;
    Ok(commands
        .into_iter()
        .find_map(|command| if let Command::Search(words) = command { Some(words) } else { None }))
}

/// The addresses somebody spoke of, in the mail that says so.
pub(super) fn addresses_in(desk: &Desk, mail: PostId) -> Result<Addresses, FlowError> {
    let commands = commands_in(desk, None, mail)?.into_iter();
    let found = commands.filter_map(|c| if let Command::NewAddress(named) = c { Some(named) } else { None });
    // A subject says what it is about, and the text which.
    let named = found.fold(Addresses::default(), |all, named| Addresses {
        old: all.old.or(named.old),
        new: all.new.or(named.new),
    });
    if named != Addresses::default() {
        return Ok(named);
    }
    // Guessed from other words, and said yes to: the one address in it is the other one, new or old.
    let Some(raw) = desk.store.raw(mail)? else { return Ok(named) };
    let author = author_of(desk, mail)?;
    let text = said::said(&raw).text;
    let words = text.split(|c: char| c.is_whitespace() || "<>()[]«»“”\",;:".contains(c));
    let mut others: Vec<EmailAddress> = words
        .filter_map(|word| EmailAddress::parse(word.trim_matches(['.', '!', '?', '\''])).ok())
        .filter(|address| author.as_ref() != Some(address))
        .collect();
    others.dedup();
    let other = if others.len() == 1 { others.pop() } else { None };
    Ok(Addresses { old: other.clone(), new: other })
}

/// What an animator asked for, in the mail that says so.
pub(super) fn animator_commands_in(
    desk: &Desk,
    list: &List,
    mail: PostId,
) -> Result<Vec<AnimatorCommand>, FlowError> {
    let commands = commands_in(desk, Some(list), mail)?.into_iter();
    Ok(commands
        .filter_map(|c| if let Command::Animator(command) = c { Some(command) } else { None })
        .collect())
}

/// What a mail said that was read before: what the journal must not hold stands only there.
fn commands_in(desk: &Desk, list: Option<&List>, mail: PostId) -> Result<Vec<Command>, FlowError> {
    let (Some(info), Some(raw)) = (desk.store.post(mail)?, desk.store.raw(mail)?) else {
        return Ok(Vec::new());
    };
    let (door, list) = (info.door.unwrap_or(RequestDoor::Request), list.cloned());
    let request = Request { info: &info, door, list, raw: &raw, now: desk.now() };
    let words = said::said(&raw);
    Ok(match understood(desk, &request, &words)?.meaning {
        Meaning::Certain(commands) => commands,
        Meaning::Guess(command) => vec![command],
        Meaning::Contradiction { words, .. } => match *words {
            Meaning::Certain(commands) => commands,
            Meaning::Guess(command) => vec![command],
            Meaning::Declined(_) | Meaning::Contradiction { .. } | Meaning::ForPeople | Meaning::Nothing => {
                Vec::new()
            }
        },
        Meaning::Declined(_) | Meaning::ForPeople | Meaning::Nothing => Vec::new(),
    })
}

/// What the words mean, read with what is known around them. Who is not proven lends nothing to
/// that, neither language nor role: else what is answered would tell who is known here.
fn understood(desk: &Desk, request: &Request<'_>, words: &Words) -> Result<Understood, FlowError> {
    let lists = desk.store.reader().lists()?;
    let addresses: Vec<String> = lists.iter().map(|list| list.address.to_string()).collect();
    let groups: Vec<GroupName<'_>> = lists
        .iter()
        .zip(&addresses)
        .map(|(list, address)| GroupName { name: &list.settings.name, address })
        .collect();
    let known = match request.door {
        RequestDoor::Answer(_) | RequestDoor::Post => true,
        RequestDoor::Bounce { .. } | RequestDoor::Probe { .. } | RequestDoor::Report => false,
        RequestDoor::Join
        | RequestDoor::Leave
        | RequestDoor::Help
        | RequestDoor::Request
        | RequestDoor::Digest { .. }
        | RequestDoor::Private { .. }
        | RequestDoor::Search => request.info.proof == Some(Proof::Proven),
    };
    let author = request.info.author.filter(|_| known);
    let author = author.map(|author| desk.store.person(author)).transpose()?.flatten();
    let memberships = match &author {
        Some(author) => desk.store.memberships(author.id)?,
        None => Vec::new(),
    };
    let looks_after = |member: &Membership| {
        member.role == Role::Animator
            && is_current(member)
            && request.list.as_ref().is_none_or(|list| list.id == member.list)
    };
    let sees_members = |member: &Membership| {
        let here = request.list.as_ref().filter(|list| list.id == member.list);
        is_current(member) && here.is_some_and(|list| list.settings.roster == Roster::Members)
    };
    let of_list = request.list.as_ref().map(|list| list.settings.language);
    let situation = Situation {
        place: match request.door {
            RequestDoor::Join => Place::Says(Command::Join),
            RequestDoor::Leave => Place::Says(Command::Leave),
            RequestDoor::Help => Place::Says(Command::Help),
            RequestDoor::Request
            | RequestDoor::Bounce { .. }
            | RequestDoor::Probe { .. }
            | RequestDoor::Report => Place::Request,
            RequestDoor::Search => Place::Search,
            RequestDoor::Answer(_) | RequestDoor::Digest { .. } | RequestDoor::Private { .. } => {
                Place::Answer
            }
            RequestDoor::Post => Place::List,
        },
        today: request.now.date_in(&desk.zone),
        language: author.as_ref().and_then(|author| author.language).or(of_list),
        // Of somebody unproven an animator's words are understood too, and asked about.
        speaker: if !known || memberships.iter().any(looks_after) {
            Speaker::Animator
        } else if memberships.iter().any(sees_members) {
            Speaker::SeesMembers
        } else {
            Speaker::Anybody
        },
        name: &words.name,
        own: author.as_ref().map_or(&[], |author| &author.addresses),
        groups: &groups,
    };
    let mail = Mail { subject: &words.subject, answers: words.answers, text: &words.text };
    Ok(desk.phrases.read(&mail, &situation))
}
