//! An edition on paper: what its mail says, and whom to hand it to.

use super::sheet::{Made, gather, sheet};
use crate::domain::list::List;
use crate::domain::member::Medium;
use crate::flow::{Desk, FlowError, is_current};
use crate::paper::{self, Handed, PaperFault};

/// Who sees to whom it is handed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum For {
    /// Those who bring it: with a page that says to whom.
    Bringers,
    /// Readers.
    Readers,
}

/// An edition that went out, as a PDF; nothing if there is none of that number, or nothing of it is
/// there any more.
pub fn printed(
    desk: &Desk,
    list: &List,
    number: u32,
    whom: For,
) -> Result<Option<Result<Vec<u8>, PaperFault>>, FlowError> {
    let Some(shown) = desk.store.reader().edition(list.id, number)? else { return Ok(None) };
    let posts: Vec<_> = shown.edition.chosen().flat_map(|item| item.posts.clone()).collect();
    let gathered = gather(desk, &posts, &[], Some(&shown.edition))?;
    let made = Made { number: Some(number), shown: Some(&shown), at: shown.at, part: (1, 1) };
    let Some(sheet) = sheet(desk, list, list.settings.language, &gathered, &made)? else { return Ok(None) };
    let handed = match whom {
        For::Bringers => handed(desk, list)?,
        For::Readers => Vec::new(),
    };
    Ok(Some(paper::pdf(&sheet, &handed)))
}

/// Who gets the list on paper, by name.
pub fn handed(desk: &Desk, list: &List) -> Result<Vec<Handed>, FlowError> {
    let mut handed = Vec::new();
    for member in desk.store.members(list.id)? {
        if member.medium != Medium::Paper || !is_current(&member) {
            continue;
        }
        let Some(person) = desk.store.person(member.person)? else { continue };
        let (name, how) = person.name.split_once(',').unwrap_or((&person.name, ""));
        handed.push(Handed { name: name.trim().to_owned(), how: how.trim().to_owned() });
    }
    handed.sort_by_key(|one| one.name.to_lowercase());
    Ok(handed)
}
