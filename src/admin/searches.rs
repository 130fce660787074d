//! `parvis search`.

use serde_json::{Value, json};

use super::{NotDone, refused};
use crate::domain::list::List;
use crate::flow::{Desk, lists};
use crate::search::{EditionHit, Gathered, Hit, Order, Reader, SearchError, Shelf, Wish, plain};

/// Posts that are told; more words find fewer.
const TOLD_MAX: usize = 50;

/// What the web finds, for somebody who may read everything.
pub(super) fn search(desk: &Desk, list: &str, query: &str) -> Result<Value, NotDone> {
    let list = lists::find(desk, list)?;
    // Without a server nobody else kept the index.
    desk.search.catch_up_wholly(|_| ())?;
    let lists = desk.store.reader().lists()?;
    // The operator may read everything.
    let shelf = |list: &List| Shelf {
        list: list.id,
        address: list.address.to_string(),
        reader: Reader::Member,
        from: None,
    };
    let shelves: Vec<Shelf> = lists.iter().map(shelf).collect();
    let found = desk.search.find(&Wish {
        query,
        readable: &shelves,
        at_hand: &[list.id],
        order: Order::Relevance,
        gathered: Gathered::Posts,
        nearly: false,
        skip: 0,
        take: TOLD_MAX,
    })?;
    if found.nothing_asked {
        return refused("no word to look for was given");
    }
    // What animators wrote stands above what it is about.
    let editions = found.editions.iter().map(|hit| edition_told(desk, hit));
    let hits = found.groups.iter().flat_map(|group| &group.hits);
    let posts = hits.map(|hit| told(desk, hit));
    Ok(Value::Array(editions.chain(posts).collect::<Result<_, _>>()?))
}

fn edition_told(desk: &Desk, hit: &EditionHit) -> Result<Value, NotDone> {
    let list = desk.store.reader().list(hit.list)?;
    let language = list.as_ref().map_or(desk.language, |list| list.settings.language);
    Ok(json!({
        "message_id": Value::Null,
        "thread": Value::Null,
        "edition": hit.number,
        "subject": hit.heading(language),
        "from": Some(hit.by.join(", ")).filter(|by| !by.is_empty()),
        "date": hit.at.rfc3339(&desk.zone),
        "excerpt": plain(&hit.excerpt),
        "url": list.map(|list| desk.edition_url(&list, hit.number)),
    }))
}

fn told(desk: &Desk, hit: &Hit) -> Result<Value, NotDone> {
    let post = &hit.post;
    let thread = desk.store.reader().thread_key(post.list, post.thread)?;
    let list = desk.store.reader().list(post.list)?;
    let url = list.map(|list| desk.post_url(&list, &post.message_id));
    let address = post.author_address.as_ref().map(ToString::to_string);
    let from = match (post.author_name.as_str(), address) {
        ("", address) => address,
        (name, None) => Some(name.to_owned()),
        (name, Some(address)) => Some(format!("{name} <{address}>")),
    };
    Ok(json!({
        "message_id": post.message_id.as_str(),
        "thread": thread,
        "edition": Value::Null,
        "subject": post.subject,
        "from": from,
        "date": post.date.rfc3339(&desk.zone),
        "excerpt": plain(&hit.excerpt),
        "url": url,
    }))
}

impl From<SearchError> for NotDone {
    fn from(error: SearchError) -> NotDone {
        match error {
            SearchError::Store(error) => error.into(),
            error @ SearchError::Index(_) => NotDone::Refused(error.to_string()),
        }
    }
}
