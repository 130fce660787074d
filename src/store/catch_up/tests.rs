//! Every kind of event said twice, and read again after a stop, leaves the same state.

use super::*;
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, PersonId};
use crate::domain::ids::{PassId, QuestionId};
use crate::domain::list::{Language, List, ListAddress, ListSettings, ListState, Preset};
use crate::domain::member::{Joined, Membership, Person};
use crate::domain::moderation::{HoldReason, ThreadPace};
use crate::domain::proof::Proof;
use crate::domain::time::Timestamp;
use crate::domain::wish::{Answered, AskedBecause, Heed, Matter, Question, Wish};
use crate::store::change::{Change, Shelf};
use crate::store::event::{
    Ban, Decider, DropReason, Event, LetterAbout, LetterOutcome, Line, ListCause, MemberCause, Via,
};
use crate::store::ledger::{CopyOutcome, CopyResult};
use crate::store::{Opens, Store, StoreOptions};

type Entries = Vec<(Vec<u8>, Vec<u8>)>;

fn entries(engine: &Engine) -> Entries {
    engine.scan(b"", b"").collect::<Result<_, _>>().expect("readable")
}

fn moment() -> Timestamp {
    Timestamp::from_seconds(1_795_348_800)
}

fn raw(subject: &str) -> Vec<u8> {
    format!("From: a@x.example\nSubject: {subject}\nMessage-ID: <{subject}>\nReferences: <r>\n\nx\n").into()
}

fn received(post: u64, subject: &str) -> Change {
    let raw = raw(subject);
    let (post, list) = (PostId(post), ListId(1));
    let content = data_encoding::HEXLOWER.encode(&parse::content_key(&raw));
    let mail = MailPlace { file: String::new(), offset: 0, len: 0 };
    let (author, proof, via) = (Some(PersonId(1)), Proof::NoMeans, Via::Lmtp);
    Change::at(moment()).mail(post, Shelf::List(list), &raw, "", moment()).event(Event::Received {
        post,
        list: Some(list),
        mail,
        content,
        author,
        proof,
        via,
        door: None,
        disclosed: false,
    })
}

fn outcome(post: u64, person: u32, result: CopyResult) -> Change {
    Change::at(moment()).outcome(CopyOutcome { post: PostId(post), person: PersonId(person), result })
}

fn cared_for() -> Vec<Change> {
    let (list, person, thread, by) = (ListId(1), PersonId(1), PostId(1), None);
    let banned = |ban| Event::Banned { list, person, ban, by };
    let paced = |pace| Event::ThreadPace { list, thread, pace, by };
    [banned(Ban::On), paced(ThreadPace::Slow), banned(Ban::Off)]
        .map(|event| Change::at(moment()).event(event))
        .into()
}

/// Passes given, and one that ended; threads set right, and a post withdrawn.
fn by_hand() -> Vec<Change> {
    let person = PersonId(1);
    let given = |pass, opens| Event::PassGiven { pass: PassId(pass), person, opens, until: moment() };
    let ended = Event::PassEnded { pass: PassId(3), person };
    let list = ListId(1);
    let by = Decider::Operator;
    let apart = Event::Rethreaded { list, posts: vec![PostId(2)], into: PostId(2), answers: None, by };
    let joined =
        Event::Rethreaded { list, posts: vec![PostId(2)], into: PostId(1), answers: Some(PostId(1)), by };
    let withdrawn = Event::Withdrawn { post: PostId(6), by };
    let all = Change::at(moment()).event(given(1, Opens::Pages)).event(given(2, Opens::Feeds));
    let threads = Change::at(moment()).event(apart).event(joined).event(withdrawn);
    vec![all.event(given(3, Opens::Pages)), Change::at(moment()).event(ended), threads]
}

/// Every kind of event, and everything that can happen to one post after another.
fn eventful(store: &Store) {
    let list = |name: &str| {
        let address = ListAddress::parse(name).expect("an address");
        let settings = ListSettings::preset(Preset::Discussion, "x", Language::En);
        let list =
            List { id: ListId(1), address, state: ListState::Open, since: moment(), settings, opening: None };
        Event::List { list: Box::new(list), cause: ListCause::Made, by: None }
    };
    let member = |person| Event::Member {
        member: Box::new(Membership::new(ListId(1), PersonId(person), Joined::Declared, moment())),
        cause: MemberCause::Added,
        by: None,
    };
    let person = |id, address: &str| Person {
        id: PersonId(id),
        addresses: vec![EmailAddress::parse(address).expect("an address")],
        name: String::new(),
        language: None,
    };
    let event = |event| Change::at(moment()).event(event);
    let published = |post| {
        let readers = [PersonId(1), PersonId(2)].into_iter().collect();
        event(Event::Published {
            post: PostId(post),
            list: ListId(1),
            by: None,
            readers,
            from: None,
            later: crate::store::person_set::PersonSet::default(),
        })
    };
    let held = |post| event(Event::Held { post: PostId(post), reason: HoldReason::FirstPost });
    let asked = |number| {
        let question = Question {
            number: QuestionId(number),
            person: PersonId(number),
            list: Some(ListId(1)),
            matter: Matter::Wish { wish: Wish::Leave },
            until: moment(),
            cause: AskedBecause::Unproven,
        };
        Event::Asked { question: Box::new(question) }
    };
    let heeded = |person, heed| {
        let (list, thread, person) = (ListId(1), PostId(1), PersonId(person));
        Event::Heeded { list, thread, person, heed }
    };
    let (refused, discarded) = (PostId(4), PostId(3));
    let mail = MailPlace { file: "mail/1/000001.mbox".to_owned(), offset: 0, len: 0 };
    let imported =
        Event::Imported { post: PostId(6), list: ListId(1), mail, content: "00".repeat(32), dated: moment() };
    let about = LetterAbout::Welcome { list: ListId(1), person: PersonId(1) };
    for change in [
        event(list("a@x.example")),
        event(list("b@x.example")),
        Change::at(moment()).person(person(1, "one@x.example")).person(person(2, "two@x.example")),
        // An address passes from one to the other, the taker first.
        Change::at(moment()).person(person(2, "one@x.example")).person(person(1, "three@x.example")),
        event(member(1)).event(member(2)),
        received(1, "p1"),
        event(Event::Attempted { post: PostId(1), attempts: 1 }),
        published(1),
        outcome(1, 1, CopyResult::Taken(String::new())),
        outcome(1, 2, CopyResult::PutOff { attempts: 1, next: moment(), reply: String::new() }),
        received(2, "p2"),
        held(2),
        published(2),
        outcome(2, 1, CopyResult::Gone),
        outcome(2, 2, CopyResult::Failed(String::new())),
        received(3, "same"),
        held(3),
        event(Event::Dropped { post: discarded, why: DropReason::Discarded, by: None }),
        received(4, "p4"),
        held(4),
        event(Event::Refused { post: refused, by: None, words: "non".to_owned() }),
        received(5, "same"),
        event(imported),
        event(asked(1)).event(asked(2)),
        event(Event::Answered { question: QuestionId(1), answer: Answered::Yes }),
        event(Event::Lapsed { question: QuestionId(2) }),
        event(heeded(1, Heed::Mute)).event(heeded(2, Heed::Follow)),
        event(heeded(1, Heed::Usual)),
        event(Event::LetterOwed { letter: 1, about: about.clone() }),
        event(Event::LetterOwed { letter: 2, about }),
        event(Event::LetterDone { letter: 1, outcome: LetterOutcome::Pointless }),
    ]
    .into_iter()
    .chain(by_hand())
    .chain(cared_for())
    {
        store.commit(change).expect("committed");
    }
}

#[test]
fn applied_twice_the_truth_says_no_more_than_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let zone = Zone::utc();
    let options = StoreOptions { data: folder.path().to_owned(), zone: zone.clone(), reserve_bytes: 0 };
    let store = Store::open(options, moment()).expect("opens");
    eventful(&store);
    let living = entries(store.reader().engine());

    let built = Engine::open(&folder.path().join("state/again")).expect("opens");
    catch_up(folder.path(), &built, &zone, Ends::Leave).expect("built");
    assert_eq!(entries(&built), living);

    // Everything again, from the first line.
    let mut forget = View::new(&built);
    forget.remove(keys::setting(POSITION));
    forget.remove(keys::setting(PEOPLE));
    forget.remove(keys::setting(LEDGER));
    built.apply(&forget.into_batch()).expect("applied");
    catch_up(folder.path(), &built, &zone, Ends::Leave).expect("built");
    assert_eq!(entries(&built), living);

    // Each line twice in a row.
    let twice = Engine::open(&folder.path().join("state/twice")).expect("opens");
    let mut summarize = |post: PostId, place: &MailPlace| {
        archive::read_mail(folder.path(), post, place)
            .map_or_else(|_| Summary::default(), |raw| parse::summarize(&raw))
    };
    let apply_line = |line: &Line, summarize: apply::Summaries<'_>| {
        let mut view = View::new(&twice);
        apply::apply(&mut view, line, &zone, summarize).expect("applied");
        twice.apply(&view.into_batch()).expect("applied");
    };
    let outcomes_of = |post| store.ledger(post).expect("readable");
    store
        .history(|line| {
            apply_line(&line, &mut summarize);
            let once = entries(&twice);
            apply_line(&line, &mut summarize);
            assert_eq!(entries(&twice), once, "{:?}", line.event);
            let Event::Published { post, .. } = line.event else { return };
            for (person, result) in outcomes_of(post).into_iter().flat_map(|line| line.copies) {
                let states = [(); 2].map(|()| {
                    let mut view = View::new(&twice);
                    let outcome = CopyOutcome { post, person, result: result.clone() };
                    apply::apply_outcome(&mut view, &outcome).expect("applied");
                    twice.apply(&view.into_batch()).expect("applied");
                    entries(&twice)
                });
                assert_eq!(states[0], states[1], "{result:?}");
            }
        })
        .expect("readable");
}
