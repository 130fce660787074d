//! Old addresses come with an archive: a table of where each post stood elsewhere, kept with the list.

use crate::domain::ids::{ListId, MessageId};
use crate::flow::{Desk, FlowError};
use crate::store::change::Change;
use crate::store::event::Event;
use crate::store::{OldAddress, PATH_BYTES_MAX};

/// Addresses noted in one change.
const AT_ONCE: usize = 500;
/// Rows that lead nowhere which are told one by one.
const TOLD_MAX: usize = 100;

/// What came of a table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Noted {
    /// Addresses that lead to a post now.
    pub noted: u64,
    /// Those that did already.
    pub known: u64,
    /// Rows that could not be used: their number in the table, and why.
    pub unusable: Vec<(u64, String)>,
}

/// Reads `ADDRESS Message-ID` rows, the two parted by a tab, a comma or spaces, and notes them.
pub fn note(desk: &Desk, list: ListId, table: &str) -> Result<Noted, FlowError> {
    let mut noted = Noted::default();
    let mut some = Vec::new();
    for (n, row) in (1_u64..).zip(table.lines()) {
        if row.trim().is_empty() || row.starts_with('#') {
            continue;
        }
        match read(desk, list, row)? {
            Ok(address) => {
                let leads = desk.store.reader().at_old_address(&address.path)?;
                if leads == Some((list, address.post)) {
                    noted.known += 1;
                    continue;
                }
                some.push(address);
                if some.len() == AT_ONCE {
                    commit(desk, list, &mut some, &mut noted)?;
                }
            }
            Err(why) if noted.unusable.len() < TOLD_MAX => noted.unusable.push((n, why)),
            Err(_) => {}
        }
    }
    commit(desk, list, &mut some, &mut noted)?;
    Ok(noted)
}

fn commit(desk: &Desk, list: ListId, some: &mut Vec<OldAddress>, noted: &mut Noted) -> Result<(), FlowError> {
    if some.is_empty() {
        return Ok(());
    }
    noted.noted += some.len() as u64;
    let addresses = std::mem::take(some);
    Ok(desk.store.commit(Change::at(desk.now()).event(Event::OldAddresses { list, addresses }))?)
}

fn read(desk: &Desk, list: ListId, row: &str) -> Result<Result<OldAddress, String>, FlowError> {
    let mut parts = row.splitn(2, ['\t', ',', ' ']);
    let (Some(url), Some(id)) = (parts.next(), parts.next()) else {
        return Ok(Err("it needs an address and a Message-ID".to_owned()));
    };
    let Some(path) = path_of(url) else { return Ok(Err(format!("{url:?} is no address of a page"))) };
    let id = id.trim().trim_matches('"');
    let Some(id) = MessageId::parse(id) else { return Ok(Err(format!("{id:?} is no Message-ID"))) };
    let posts = desk.store.reader().posts_by_message_id(list, &id)?;
    Ok(match posts.first() {
        Some(post) => Ok(OldAddress { path, post: post.id }),
        None => Err(format!("the list has no post <{id}>")),
    })
}

/// The path of an address, without what stands before and after it.
fn path_of(url: &str) -> Option<String> {
    let url = url.trim().trim_matches('"');
    let below = match url.split_once("://") {
        Some((_, rest)) => &rest[rest.find('/')?..],
        None => url,
    };
    let path = below.split(['?', '#']).next().unwrap_or_default();
    let is_path = path.starts_with('/') && path.len() > 1 && path.len() <= PATH_BYTES_MAX;
    (is_path && !path.contains(char::is_control)).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn paths_of_addresses() {
        for (url, path) in [
            (
                "https://old.example/pipermail/quartier/2005-June/000123.html",
                Some("/pipermail/quartier/2005-June/000123.html"),
            ),
            ("/hyperkitty/list/a@b.example/message/ABC/", Some("/hyperkitty/list/a@b.example/message/ABC/")),
            (
                "http://s.example/sympa/arc/x/2005-06/msg00012.html#top",
                Some("/sympa/arc/x/2005-06/msg00012.html"),
            ),
            ("https://old.example", None),
            ("/", None),
            ("quartier/1", None),
            ("", None),
        ] {
            assert_eq!(path_of(url).as_deref(), path, "{url}");
        }
    }
}
