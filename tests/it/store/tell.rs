//! Everything a store answers, as text: two stores that tell the same remember the same.

use std::fmt::Write;

use parvis::domain::ids::PostId;
use parvis::store::Store;
use parvis::store::archive::ThreadSummary;

use super::scene::at;

/// Every question, and its answer.
pub(super) fn tell(store: &Store) -> String {
    let mut out = String::new();
    people(store, &mut out);
    let lists = store.reader().lists().expect("lists");
    for list in &lists {
        archive(store, list.id, &mut out);
    }
    waiting(store, &mut out);
    out
}

macro_rules! say {
    ($out:expr, $($format:tt)*) => { writeln!($out, $($format)*).expect("memory takes it") };
}

fn people(store: &Store, out: &mut String) {
    for person in store.persons().expect("persons") {
        let addresses: Vec<&str> = person.addresses.iter().map(|a| a.as_str()).collect();
        say!(out, "person {}: {} <{}>", person.id, person.name, addresses.join(", "));
        for address in &person.addresses {
            let found = store.person_at(address).expect("readable").map(|p| p.id);
            if found != Some(person.id) {
                say!(out, "  {address} is that of {found:?}");
            }
        }
        for member in store.memberships(person.id).expect("memberships") {
            let readers = store.readers(member.list, at(0)).expect("readers");
            let reads = if readers.contains(person.id) { "reads" } else { "reads not" };
            say!(
                out,
                "  of list {}: {:?} {:?} {reads}, {} posts",
                member.list,
                member.state,
                member.reading,
                member.posts
            );
        }
    }
}

fn archive(store: &Store, list: parvis::domain::ids::ListId, out: &mut String) {
    let reader = store.reader();
    let known = reader.list(list).expect("readable").expect("there");
    let counts = reader.counts(list).expect("counts");
    let named = reader.lists_named(known.address.name()).expect("readable").len();
    let at_address = store.list_at(&known.address).expect("readable").map(|found| found.id);
    say!(
        out,
        "list {list}: {} ({} of that name, {at_address:?}), {:?}, {} posts in {} threads",
        known.address,
        named,
        known.state,
        counts.posts,
        counts.threads
    );
    for month in reader.months(list).expect("months") {
        let posts = reader.month(list, (month.year, month.month), 0, 1000).expect("a month");
        let numbers: Vec<String> = posts.iter().map(|post| post.id.to_string()).collect();
        say!(out, "  {}-{:02}: {} posts: {}", month.year, month.month, month.posts, numbers.join(" "));
    }
    let latest: Vec<String> =
        reader.latest_posts(list, 1000).expect("latest").iter().map(|post| post.id.to_string()).collect();
    say!(out, "  latest: {}", latest.join(" "));
    for summary in reader.latest_threads(list, 0, 1000).expect("threads") {
        let ThreadSummary { id, key, subject, first_author, posts, first, last, last_author } = &summary;
        say!(
            out,
            "  thread {} {key}: {subject:?}, {posts} posts, {first} {first_author} to {last} {last_author}",
            id.0
        );
        let found = reader.thread_of(list, key).expect("readable");
        if found != Some(*id) {
            say!(out, "    its key leads to {found:?}");
        }
        let thread = reader.thread(list, *id, 1000).expect("readable").expect("there");
        for post in &thread.posts {
            let same_id = reader.posts_by_message_id(list, &post.message_id).expect("readable");
            let same_id: Vec<String> = same_id.iter().map(|post| post.id.to_string()).collect();
            let references: Vec<&str> = post.references.iter().map(|id| id.as_str()).collect();
            say!(
                out,
                "    post {} {} ({} of that id) {:?} by {:?} {:?} on {} answers [{}] {:?} {}",
                post.id,
                post.message_id,
                same_id.join(" "),
                post.subject,
                post.author_name,
                post.author_address.as_ref().map(|a| a.as_str()),
                post.date,
                references.join(" "),
                post.excerpt,
                post.hash12
            );
            let link = reader.thread(list, parvis::store::archive::ThreadId(post.id), 0).expect("readable");
            if let Some(link) = link
                && link.summary.id != *id
            {
                say!(out, "      as a thread it leads to {:?}", link.summary.id);
            }
        }
    }
}

fn waiting(store: &Store, out: &mut String) {
    for post in store.posts(PostId(0), 100_000).expect("posts") {
        let raw = match store.raw(post.id) {
            Ok(raw) => format!("{} bytes", raw.map_or(0, |raw| raw.len())),
            Err(error) => error.to_string(),
        };
        say!(
            out,
            "message {} of {:?}: {:?} received {} via {:?} by {:?}, {raw}; decided {:?} {:?} {:?} {:?} {:?}",
            post.id,
            post.list.map(|l| l.0),
            post.state,
            post.received,
            post.via,
            post.author,
            post.decided_at.map(|t| t.to_string()),
            post.decided_by,
            post.hold_reason,
            post.drop_reason,
            post.refusal
        );
        for line in store.ledger(post.id).expect("a ledger") {
            say!(out, "  on {}: {:?}", line.at, line.copies);
        }
    }
    say!(out, "undecided: {:?}", store.undecided().expect("readable"));
    for held in store.held().expect("readable") {
        say!(
            out,
            "held {}: {:?} from {:?} {:?} since {}",
            held.id,
            held.reason,
            held.from,
            held.subject,
            held.at
        );
    }
    for fan in store.fans().expect("readable") {
        let owed = store.owed(fan.post).expect("readable");
        let numbers: Vec<u32> = owed.iter().map(|person| person.0).collect();
        say!(
            out,
            "owed {} of list {} since {}: {:?} of {:?}",
            fan.post,
            fan.list,
            fan.since,
            numbers,
            fan.totals
        );
        for copy in store.put_off(fan.post).expect("readable") {
            say!(
                out,
                "  put off {}: {} times, until {}: {}",
                copy.person,
                copy.attempts,
                copy.next,
                copy.last_reply
            );
        }
    }
    say!(out, "due: {:?}", store.due(at(100_000_000), 100_000).expect("readable").copies);
    for letter in store.letters().expect("readable") {
        say!(out, "letter {} since {}: {:?}", letter.letter, letter.since, letter.about);
    }
    say!(out, "fence: {:?}", store.fence().expect("readable"));
}
