//! The letters of a conversation: from what was asked, or is told, to a letter.

use super::archive;
use super::orders::{self, Desktop, Wanted};
use super::{Facts, Shown, Unsigned, answer_to, care, compose, compose_with};
use super::{finding, of_digests};
use crate::domain::care::Told;
use crate::domain::ids::{ListId, PostId};
use crate::domain::list::{Curation, Joining, Language, List, ListState};
use crate::domain::member::{MemberState, Membership, Reading};
use crate::domain::recipient::ListDoor;
use crate::domain::time::Timestamp;
use crate::domain::token::Purpose;
use crate::domain::wish::{AskedBecause, Matter, PostsLeft, Question, SummaryWish, Wish};
use crate::flow::author::author_of;
use crate::flow::{Desk, FlowError, about, beside, digests, is_current, moderate, whereabouts};
use crate::letters::{
    Act, AskAdmit, AskConsent, AskEither, AskForget, AskJoin, AskLeave, AskSame, AskWhich, AskWish, AskYours,
    AskedFor, Attachment, Done, EndsSoon, Forgotten, Found, Group, Help, JoinWaits, Letter, MyData, NoEntry,
    NoMember, PassedOn, Pause, Settings, SignIn, TakenBack, TooLate, Unchanged, Whereabouts, WhyNoEntry,
    WrittenTo,
};
use crate::mail::parse;
use crate::store::OwedLetter;
use crate::store::event::{LetterAbout, Note};

/// So many bytes of somebody's messages go into one mail; coded, it is a third more.
const MAILBOX_BYTES_MAX: usize = 8 << 20;

/// A question or a note as a mail; nothing, where it has become pointless.
pub(super) fn write(desk: &Desk, facts: &Facts, owed: &OwedLetter) -> Result<Option<Unsigned>, FlowError> {
    let (question, unproven) = match &owed.about {
        LetterAbout::Question { question, occasion, .. } => (Some(*question), occasion.unproven),
        LetterAbout::Note { occasion, .. } => (occasion.question, occasion.unproven),
        LetterAbout::Welcome { .. }
        | LetterAbout::Farewell { .. }
        | LetterAbout::NowAnimator { .. }
        | LetterAbout::Held { .. }
        | LetterAbout::Refused { .. } => return Ok(None),
    };
    let list = facts.list.as_ref();
    let member = match list {
        Some(list) => desk.store.member(list.id, facts.person.id)?,
        None => None,
    };
    let is_member = !unproven && member.as_ref().is_some_and(is_current);
    let answers = question.map(|question| answer_to(desk, list, &question, facts.person.id));
    let told = Shown { is_member, answers, enclosed: None };
    if let LetterAbout::Note { note: Note::MyData, .. } = &owed.about {
        return Ok(Some(my_data(desk, facts, owed, told)?));
    }
    match &owed.about {
        LetterAbout::Question { question, .. } => {
            let asked = desk.store.question(*question)?.filter(|asked| asked.answer.is_none());
            let shows = asked.as_ref().is_some_and(|a| a.question.cause != AskedBecause::Unproven);
            match asked.map(|a| a.question.matter).zip(list) {
                Some((Matter::Care { care: about }, list)) => {
                    return care::ask(desk, facts, (list, &about), owed, told);
                }
                Some((Matter::Wish { wish: Wish::Animate { mail } }, list)) if shows => {
                    return orders::write(&Desktop { desk, facts, list, owed }, &Wanted::Ask(mail), told);
                }
                Some(_) | None => {}
            }
        }
        LetterAbout::Note { note: Note::Care { told: Told::Postmaster { post } }, .. } => {
            return care::pass_on(desk, facts, *post, owed, told);
        }
        LetterAbout::Note { note: Note::Care { told: Told::SetAside { post } }, .. } => {
            return Ok(Some(care::set_aside(desk, facts, *post, owed, told)));
        }
        LetterAbout::Note { note: Note::Care { told: what }, .. } => {
            let Some(list) = list else { return Ok(None) };
            return care::tell(desk, facts, (list, what), owed, told);
        }
        LetterAbout::Note { .. }
        | LetterAbout::Welcome { .. }
        | LetterAbout::Farewell { .. }
        | LetterAbout::NowAnimator { .. }
        | LetterAbout::Held { .. }
        | LetterAbout::Refused { .. } => {}
    }
    let send = |letter: Letter<'_>| Some(compose(desk, facts, owed, letter, told));
    Ok(match &owed.about {
        LetterAbout::Question { question, .. } => {
            let Some(asked) = desk.store.question(*question)? else { return Ok(None) };
            if asked.answer.is_some() {
                return Ok(None);
            }
            ask(desk, facts, &asked.question, owed.about.answers(), send)?
        }
        LetterAbout::Note { note, .. } => {
            tell(desk, facts, note, member.as_ref().filter(|m| is_current(m)), send)?
        }
        LetterAbout::Welcome { .. }
        | LetterAbout::Farewell { .. }
        | LetterAbout::NowAnimator { .. }
        | LetterAbout::Held { .. }
        | LetterAbout::Refused { .. } => None,
    })
}

/// All that is kept about the reader, with the files that say it.
fn my_data(desk: &Desk, facts: &Facts, owed: &OwedLetter, told: Shown) -> Result<Unsigned, FlowError> {
    let person = &facts.person;
    let data = about::everything(desk, Some(person), &person.addresses)?;
    let (mailbox, left_out) = about::mailbox_of(desk, person, MAILBOX_BYTES_MAX)?;
    let (data_name, mailbox_name) = match facts.language {
        Language::Fr => ("mes-donnees.json", "mes-messages.mbox"),
        Language::En => ("my-data.json", "my-messages.mbox"),
    };
    let json = serde_json::to_vec_pretty(&data).unwrap_or_default();
    let files = [
        Attachment { name: data_name, kind: "application/json", bytes: json },
        // RFC 4155.
        Attachment { name: mailbox_name, kind: "application/mbox", bytes: mailbox },
    ];
    let letter = Letter::MyData(MyData { host: &desk.hostname, left_out });
    Ok(compose_with(desk, facts, owed, letter, told, &files))
}

/// The subject of a post that waits.
fn title_of(desk: &Desk, post: PostId) -> Result<String, FlowError> {
    Ok(desk.store.raw(post)?.map(|raw| parse::summarize(&raw).subject).unwrap_or_default())
}

pub(super) fn group(list: &List) -> Group<'_> {
    Group { name: &list.settings.name, address: &list.address }
}

fn ask(
    desk: &Desk,
    facts: &Facts,
    asked: &Question,
    asked_in: Option<PostId>,
    send: impl FnOnce(Letter<'_>) -> Option<Unsigned>,
) -> Result<Option<Unsigned>, FlowError> {
    let list = facts.list.as_ref();
    let here = list.map(group);
    Ok(match (&asked.matter, list) {
        (Matter::Wish { wish: Wish::Join }, Some(list)) => send(join(desk, list, asked, None)),
        (Matter::Invitation { by }, Some(list)) => {
            let by = desk.store.person(*by)?.map(|person| person.name).unwrap_or_default();
            send(join(desk, list, asked, Some(&by)))
        }
        (Matter::Wish { wish: Wish::Leave }, Some(list)) => {
            send(Letter::AskLeave(AskLeave { group: group(list) }))
        }
        (Matter::Wish { wish: Wish::Move { mail } }, _) if !is_from(desk, facts, *mail)? => {
            let Some(address) = author_of(desk, *mail)? else { return Ok(None) };
            send(Letter::AskSame(AskSame { group: here, address: address.as_str(), moves: true }))
        }
        (Matter::Adopt { .. }, _) => {
            send(Letter::AskSame(AskSame { group: here, address: facts.address.as_str(), moves: true }))
        }
        (Matter::SamePerson { post }, _) => {
            let Some(address) = author_of(desk, *post)? else { return Ok(None) };
            send(Letter::AskSame(AskSame { group: here, address: address.as_str(), moves: false }))
        }
        (Matter::Wish { wish: Wish::Forget { .. } }, _) => {
            send(Letter::AskForget(AskForget { host: &desk.hostname }))
        }
        (Matter::Either { words, address }, Some(list)) => {
            let thread = thread_subject(desk, words)?;
            let at = if *address == Wish::Join { WrittenTo::Join } else { WrittenTo::Leave };
            send(Letter::AskEither(AskEither { group: group(list), act: act(words, &thread), at }))
        }
        (Matter::Consent { post }, Some(list)) => {
            let title = title_of(desk, *post)?;
            let (group, until) = (group(list), asked.until);
            send(Letter::AskConsent(AskConsent { group, title: &title, until }))
        }
        (Matter::Opening, Some(list)) => send(archive::opening_soon(desk, facts, list, asked)?),
        (Matter::Yours { post }, Some(list)) => {
            let title = title_of(desk, *post)?;
            let people = readers_in_all(desk, list)?;
            send(Letter::AskYours(AskYours { group: group(list), title: &title, people }))
        }
        // What a post is called is not told to whoever wrote in its author's name.
        (Matter::Wish { wish: wish @ Wish::Withdraw { .. } }, _) if asked.cause == AskedBecause::Unproven => {
            send(Letter::AskWish(AskWish { group: here, act: act(wish, "") }))
        }
        (Matter::Wish { wish }, _) => {
            let thread = thread_subject(desk, wish)?;
            send(Letter::AskWish(AskWish { group: here, act: act(wish, &thread) }))
        }
        (Matter::WhichList { wish }, _) => {
            let addresses = addresses_of(desk, facts)?;
            let groups: Vec<&str> = addresses.iter().map(String::as_str).collect();
            send(Letter::AskWhich(AskWhich { groups: &groups, act: act(wish, "") }))
        }
        (Matter::Admit { newcomer }, Some(list)) => {
            let Some(person) = desk.store.person(*newcomer)? else { return Ok(None) };
            let Some(address) = person.addresses.first() else { return Ok(None) };
            send(Letter::AskAdmit(AskAdmit { group: group(list), address: address.as_str() }))
        }
        (Matter::SignIn { .. }, _) => {
            let purpose = Purpose::Question { question: asked.number, person: facts.person.id };
            let token = desk.store.tokens().token(purpose);
            let link = desk.sign_in_url(&token);
            send(Letter::SignIn(SignIn { host: &desk.hostname, link: &link, until: asked.until }))
        }
        (Matter::Digest { asked: about }, Some(list)) => of_digests::ask(desk, facts, list, about, send)?,
        (Matter::Draft { number }, Some(list)) => {
            let shown = digests::letter(desk, list, *number, asked_in, facts.language)?;
            let Some(shown) = shown else { return Ok(None) };
            let lines = shown.lines();
            send(Letter::Draft(shown.draft(group(list), &lines)))
        }
        (
            Matter::Talk
            | Matter::Found { .. }
            | Matter::Care { .. }
            | Matter::Back { .. }
            | Matter::Opening
            | Matter::Consent { .. }
            | Matter::Either { .. }
            | Matter::Yours { .. }
            | Matter::Draft { .. }
            | Matter::Digest { .. }
            | Matter::Admit { .. }
            | Matter::Invitation { .. },
            _,
        ) => None,
    })
}

/// How many people a post of a list goes to, now or with others.
fn readers_in_all(desk: &Desk, list: &List) -> Result<usize, FlowError> {
    let readers = desk.store.readers_of_each(list.id, desk.now())?;
    Ok(usize::try_from(readers.each.len() + readers.later.len()).unwrap_or(usize::MAX))
}

/// Whether a mail came from one of the reader's own addresses.
fn is_from(desk: &Desk, facts: &Facts, mail: PostId) -> Result<bool, FlowError> {
    let author = author_of(desk, mail)?;
    Ok(author.is_some_and(|author| facts.person.addresses.contains(&author)))
}

fn join<'a>(desk: &'a Desk, list: &'a List, asked: &Question, invited_by: Option<&'a str>) -> Letter<'a> {
    Letter::AskJoin(AskJoin {
        group: group(list),
        invited_by,
        promise: &list.settings.promise,
        archive: list.settings.archive,
        kept_days: list.settings.kept_days(),
        host: &desk.hostname,
        until: asked.until,
    })
}

fn tell(
    desk: &Desk,
    facts: &Facts,
    note: &Note,
    member: Option<&Membership>,
    send: impl FnOnce(Letter<'_>) -> Option<Unsigned>,
) -> Result<Option<Unsigned>, FlowError> {
    let list = facts.list.as_ref();
    let here = list.map(group);
    let animators: Vec<&str> = facts.animators.iter().map(String::as_str).collect();
    Ok(match (note, list) {
        (Note::Help, _) => send(Letter::Help(Help { group: here, host: &desk.hostname })),
        (Note::Done { wish }, _) => {
            let thread = thread_subject(desk, wish)?;
            let curated = list.is_some_and(is_curated);
            send(Letter::Done(Done { group: here, act: act(wish, &thread), curated }))
        }
        (Note::Settings | Note::MemberAlready, Some(list)) => {
            member.and_then(|member| send(Letter::Settings(settings(facts, list, member, desk.now()))))
        }
        (Note::NoMember, _) => {
            let open =
                |list: &&List| list.settings.joining != Joining::Closed && list.state == ListState::Open;
            let join = list.filter(open).map(|list| beside(list, &ListDoor::Join));
            send(Letter::NoMember(NoMember { group: here, join_address: join.as_deref() }))
        }
        (Note::JoinWaits, Some(list)) => {
            send(Letter::JoinWaits(JoinWaits { group: group(list), animators: &animators }))
        }
        (Note::JoinClosed | Note::NotAdmitted, Some(list)) => {
            let why = if *note == Note::JoinClosed { WhyNoEntry::Closed } else { WhyNoEntry::Declined };
            send(Letter::NoEntry(NoEntry { group: group(list), why }))
        }
        (Note::EndsSoon, Some(list)) => {
            member.and_then(|member| member.until.zip(Some(member.ends_by_wish))).and_then(
                |(until, by_wish)| send(Letter::EndsSoon(EndsSoon { group: group(list), until, by_wish })),
            )
        }
        (Note::Trace, _) => {
            let posts = whereabouts::of(desk, facts.person.id, list.map(|list| list.id))?;
            send(Letter::Whereabouts(Whereabouts { group: here, posts: &posts }))
        }
        (Note::Found { mail, posts }, _) => finding::found(desk, facts, *mail, posts)?.and_then(|told| {
            send(Letter::Found(Found {
                group: here,
                words: &told.words,
                items: &told.items,
                editions: &told.editions,
                in_all: told.in_all,
                nearly: told.nearly,
                meant: told.meant.as_deref(),
            }))
        }),
        (Note::AskedFor { posts, thread }, _) => {
            let (posts, cut) = finding::asked_for(desk, facts, posts, *thread)?;
            let title = posts.first().map(|post| post.title.clone()).unwrap_or_default();
            send(Letter::AskedFor(AskedFor {
                group: here,
                title: &title,
                thread: *thread,
                cut,
                posts: &posts,
            }))
        }
        (Note::Digest { told: what }, Some(list)) => of_digests::tell(desk, list, what, send)?,
        (Note::TakenBack | Note::GoneAlready, Some(list)) => {
            send(Letter::TakenBack(TakenBack { group: group(list), in_time: *note == Note::TakenBack }))
        }
        (Note::SetRight { post, fixed }, Some(list)) => archive::set_right(desk, list, *post, *fixed, send)?,
        (Note::KeptBack { posts }, Some(list)) => send(archive::kept_back(list, *posts)),
        (Note::Forgotten { posts }, _) => send(Letter::Forgotten(Forgotten {
            host: &desk.hostname,
            withdrawn: *posts == PostsLeft::Withdrawn,
        })),
        (Note::Unchanged, _) => send(Letter::Unchanged(Unchanged { group: here })),
        (Note::PassedOn, _) => {
            let person = facts.person.id;
            let alone = list.map(|list| moderate::is_the_only_looker(desk, list.id, person)).transpose()?;
            let alone = alone.unwrap_or_default();
            let others: Vec<&str> =
                animators.iter().copied().filter(|name| *name != facts.person.name).collect();
            send(Letter::PassedOn(PassedOn { group: here, animators: &others, alone }))
        }
        // It has files, and is written beside this.
        (Note::MyData, _) => None,
        (Note::TooLate, _) => send(Letter::TooLate(TooLate { group: here, edition: None })),
        (
            Note::Settings
            | Note::Care { .. }
            | Note::Digest { .. }
            | Note::MemberAlready
            | Note::JoinWaits
            | Note::JoinClosed
            | Note::NotAdmitted
            | Note::EndsSoon
            | Note::SetRight { .. }
            | Note::KeptBack { .. }
            | Note::TakenBack
            | Note::GoneAlready,
            None,
        )
        | (Note::Care { .. }, Some(_)) => None,
    })
}

fn settings<'a>(facts: &'a Facts, list: &'a List, member: &'a Membership, now: Timestamp) -> Settings<'a> {
    Settings {
        group: group(list),
        address: facts.address.as_str(),
        reading: member.reading,
        curated: is_curated(list),
        day: member.day.unwrap_or(list.settings.digest_day),
        hour: member.hour.unwrap_or(list.settings.digest_hour),
        form: member.digest_form,
        together: member.together == Some(true),
        own_posts: member.own_posts.unwrap_or(list.settings.own_posts),
        ends_by_wish: member.ends_by_wish,
        pause: match (member.state, member.pause_until) {
            (MemberState::Paused, Some(until)) => Pause::Until(until),
            (MemberState::Paused, None) => Pause::Open,
            (MemberState::Active, Some(until)) if member.pause_has_begun(now) => Pause::Until(until),
            (MemberState::Active, None) if member.pause_has_begun(now) => Pause::Open,
            (MemberState::Active, until) if let Some(from) = member.pause_from.filter(|from| now < *from) => {
                Pause::From(from, until)
            }
            (MemberState::Active | MemberState::Bouncing | MemberState::Pending | MemberState::Left, _) => {
                Pause::No
            }
        },
        quiet: member.quiet.as_deref(),
        threads: member.threads,
        until: member.until,
        since: member.since,
    }
}

fn is_curated(list: &List) -> bool {
    list.settings.curation == Curation::Draft
}

/// The addresses of the groups somebody is in.
fn addresses_of(desk: &Desk, facts: &Facts) -> Result<Vec<String>, FlowError> {
    let memberships = desk.store.memberships(facts.person.id)?;
    let lists: Vec<ListId> = memberships.iter().filter(|m| is_current(m)).map(|m| m.list).collect();
    let mut addresses = Vec::new();
    for list in lists {
        addresses.extend(desk.store.list(list)?.map(|list| list.address.to_string()));
    }
    Ok(addresses)
}

fn thread_subject(desk: &Desk, wish: &Wish) -> Result<String, FlowError> {
    // One that waits is in no archive.
    if let Wish::Withdraw { post: Some(post) } = wish {
        return title_of(desk, *post);
    }
    let Wish::Heed { post: Some(post), .. } = wish else { return Ok(String::new()) };
    Ok(desk.store.reader().post(*post)?.map(|post| post.subject).unwrap_or_default())
}

/// A wish as letters say it.
fn act<'a>(wish: &'a Wish, thread: &'a str) -> Act<'a> {
    match wish {
        Wish::Join => Act::Join,
        Wish::Leave => Act::Leave,
        Wish::Read { reading, day, hour } => Act::Read(*reading, *day, *hour),
        Wish::Summary { summary: SummaryWish::At { day, hour } } => {
            let reading = if day.is_some() { Reading::Weekly } else { Reading::Daily };
            Act::Read(reading, *day, *hour)
        }
        Wish::Summary { summary: SummaryWish::Form { form } } => Act::Form(*form),
        Wish::Summary { summary: SummaryWish::Together { together } } => Act::Together(*together),
        Wish::End { until } => Act::End(*until),
        Wish::Pause { from, until } => Act::Pause(*from, *until),
        Wish::Resume => Act::Resume,
        Wish::Speak { language } => Act::Speak(*language),
        Wish::Quiet { hours } => Act::Quiet(hours.as_deref()),
        Wish::Threads { wanted } => Act::Threads(*wanted),
        Wish::Heed { heed, .. } => Act::Heed(*heed, thread),
        Wish::OwnPosts { sent } => Act::OwnPosts(*sent),
        Wish::Rename { .. } => Act::Rename,
        Wish::Move { .. } => Act::Move,
        Wish::Animate { .. } => Act::Animate,
        Wish::Help => Act::Help,
        Wish::Settings => Act::Settings,
        Wish::MyData => Act::MyData,
        Wish::Forget { .. } => Act::Forget,
        Wish::Withdraw { .. } => Act::Withdraw(thread),
        Wish::Trace => Act::Trace,
        Wish::Search { .. } => Act::Search,
    }
}
