//! What a server holds, as facts in words: two servers are alike if theirs are.
//!
//! Copies on their way are no part of it: they move from one moment to the next.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::RecoveryError;
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::member::Membership;
use crate::store::Store;
use crate::store::archive::PostState;

/// Posts read at once.
const POSTS_AT_ONCE: usize = 1_000;

/// One thing that is so.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fact {
    /// About what, in words; no two have the same, and nothing that happens later changes them.
    pub about: String,
    /// What else it is called, once that is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub called: String,
    /// What is so.
    pub is: String,
    /// The list it belongs to, by address.
    pub list: Option<String>,
    /// It came to be so after the moment that was asked about.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub younger: bool,
}

/// How two servers differ.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Differences {
    /// What was so at the moment of the copy, and is not in it; a sentence each.
    pub differs: Vec<String>,
    /// What came to be so after it; a sentence each.
    pub younger: Vec<String>,
    /// The lists any of these are about.
    pub lists: Vec<String>,
}

/// Every fact of a store, and which of them are younger than the journal's line of that number.
pub fn facts(store: &Store, after: u64) -> Result<Vec<Fact>, RecoveryError> {
    let touched = Touched::after(store, after)?;
    let mut facts = Vec::new();
    let mut names: BTreeMap<ListId, String> = BTreeMap::new();
    for list in store.reader().lists()? {
        let address = list.address.to_string();
        let younger = touched.lists.contains(&list.id);
        let fact = |what: &str, is: String| Fact {
            about: format!("{address}, {what}"),
            called: String::new(),
            is,
            list: Some(address.clone()),
            younger,
        };
        facts.push(fact("state", plain(&list.state)));
        facts.extend(list.settings.values().into_iter().map(|(key, value)| fact(key, value)));
        for member in store.members(list.id)? {
            facts.push(membership(store, &address, &member, &touched)?);
        }
        names.insert(list.id, address);
    }
    for person in store.persons()? {
        let Some(first) = person.addresses.first() else { continue };
        facts.push(Fact {
            about: format!("{first}, person"),
            called: String::new(),
            is: plain(&person),
            list: None,
            younger: touched.persons.contains(&person.id),
        });
    }
    let mut from = PostId(0);
    loop {
        let posts = store.posts(from, POSTS_AT_ONCE)?;
        let Some(last) = posts.last() else { return Ok(facts) };
        from = PostId(last.id.0 + 1);
        for post in posts {
            let list = post.list.and_then(|list| names.get(&list).cloned());
            let called = post.message_id.as_ref().map_or_else(String::new, |id| format!(", <{id}>"));
            let place = list.as_deref().unwrap_or("this host");
            let raw = match store.raw(post.id) {
                Ok(Some(raw)) => data_encoding::HEXLOWER.encode(&Sha256::digest(&raw)),
                Ok(None) => "nothing".to_owned(),
                Err(why) => why.to_string(),
            };
            facts.push(Fact {
                about: format!("message {} to {place}", post.id),
                called,
                is: format!("{}, {raw}", state_word(post.state)),
                list,
                younger: touched.posts.contains(&post.id),
            });
        }
    }
}

fn state_word(state: PostState) -> &'static str {
    match state {
        PostState::Undecided => "undecided",
        PostState::Published => "published",
        PostState::Held => "held",
        PostState::Refused => "refused",
        PostState::Dropped => "put away",
    }
}

fn membership(
    store: &Store,
    list: &str,
    member: &Membership,
    touched: &Touched,
) -> Result<Fact, RecoveryError> {
    let person = store.person(member.person)?;
    let address = person.and_then(|person| person.addresses.first().map(ToString::to_string));
    let who = address.unwrap_or_else(|| format!("person {}", member.person));
    // What they wrote is counted by their posts.
    let member = Membership { posts: 0, ..member.clone() };
    Ok(Fact {
        about: format!("{who}, member of {list}"),
        called: String::new(),
        is: plain(&member),
        list: Some(list.to_owned()),
        younger: touched.members.contains(&(member.list, member.person)),
    })
}

fn plain<T: Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What lines of the journal speak of.
#[derive(Default)]
struct Touched {
    posts: BTreeSet<PostId>,
    lists: BTreeSet<ListId>,
    persons: BTreeSet<PersonId>,
    members: BTreeSet<(ListId, PersonId)>,
}

impl Touched {
    fn after(store: &Store, seq: u64) -> Result<Touched, RecoveryError> {
        let mut touched = Touched::default();
        if seq >= store.journal_len() {
            return Ok(touched);
        }
        store.history(|line| {
            if line.seq > seq {
                // By the names their fields have, so that a kind of line that is new here counts too.
                touched.note(&serde_json::to_value(&line.event).unwrap_or_default());
            }
        })?;
        Ok(touched)
    }

    fn note(&mut self, event: &serde_json::Value) {
        let number = |value: &serde_json::Value| value.as_u64();
        let small = |value: &serde_json::Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
        self.posts.extend(number(&event["post"]).map(PostId));
        self.lists.extend(small(&event["list"]["id"]).map(ListId));
        let member = &event["member"];
        let person = small(&event["person"]).or(small(&member["person"])).map(PersonId);
        self.persons.extend(person);
        if let (Some(list), Some(person)) = (small(&member["list"]), person) {
            self.members.insert((ListId(list), person));
        }
    }
}

/// What differs between a copy and the server it is a copy of.
pub fn compare(copy: &[Fact], server: &[Fact]) -> Differences {
    let by_name = |facts: &[Fact]| -> BTreeMap<String, Fact> {
        facts.iter().map(|fact| (fact.about.clone(), fact.clone())).collect()
    };
    let (copy, server) = (by_name(copy), by_name(server));
    let mut found = Differences::default();
    let mut note = |fact: &Fact, younger: bool, sentence: String| {
        if younger { &mut found.younger } else { &mut found.differs }.push(sentence);
        found.lists.extend(fact.list.clone());
    };
    for (about, fact) in &server {
        let called = &fact.called;
        match copy.get(about) {
            None => note(fact, fact.younger, format!("{about}{called}: missing in the copy")),
            Some(other) if other.is != fact.is => {
                note(fact, fact.younger, format!("{about}{called}: {}", in_both(&other.is, &fact.is)));
            }
            Some(_) => {}
        }
    }
    for (about, fact) in copy.iter().filter(|(about, _)| !server.contains_key(*about)) {
        note(fact, false, format!("{about}{}: in the copy, and not on the server", fact.called));
    }
    found.lists.sort();
    found.lists.dedup();
    found
}

/// Both values, if they are short enough to be read.
fn in_both(copy: &str, server: &str) -> String {
    const READABLE_CHARS: usize = 60;
    if copy.chars().count() <= READABLE_CHARS && server.chars().count() <= READABLE_CHARS {
        return format!("{copy:?} in the copy, {server:?} on the server");
    }
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    let (Some(one), Some(other)) = (parsed(copy), parsed(server)) else {
        return "another in the copy than on the server".to_owned();
    };
    let keys = other.as_object().into_iter().flatten();
    let differing: Vec<&str> =
        keys.filter(|(key, value)| one[key.as_str()] != **value).map(|(key, _)| key.as_str()).collect();
    format!("another {} in the copy than on the server", differing.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(about: &str, is: &str, younger: bool) -> Fact {
        let (about, is) = (about.to_owned(), is.to_owned());
        Fact { about, called: String::new(), is, list: Some("a@x.example".to_owned()), younger }
    }

    #[test]
    fn what_differs_is_named_and_what_is_younger_apart() {
        let copy = [fact("one", "1", false), fact("two", "2", false), fact("three", "3", false)];
        let server = [fact("one", "1", false), fact("two", "zwei", false), fact("four", "4", true)];
        let found = compare(&copy, &server);
        assert_eq!(
            found.differs,
            [r#"two: "2" in the copy, "zwei" on the server"#, "three: in the copy, and not on the server"]
        );
        assert_eq!(found.younger, ["four: missing in the copy"]);
        assert_eq!(found.lists, ["a@x.example"]);
        assert_eq!(compare(&copy, &copy), Differences::default());
    }
}
