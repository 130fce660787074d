//! A copy whose From is the list's, because the author's domain forbids others to send in its name
//! and the author's signature does not survive (RFC 9989 §7.4, RFC 7960 §4.1.3.3).
//!
//! Whoever answers reaches the same people as otherwise, and the author stands in `Author`
//! (RFC 9057). The archive and digests are made from the post as it came, and know nothing of this.

use super::CopyEdits;
use crate::mail::headers::Headers;
use crate::mail::words::{self, Mailbox};

/// A display name is at most this long, in characters.
const NAME_CHARS: usize = 200;
/// More authors than this are not named.
const AUTHORS_MAX: usize = 10;

/// Who wrote a post, as far as they can be written to.
pub(super) struct Authors {
    mailboxes: Vec<Mailbox>,
    /// Whether From was there at all.
    value: Option<String>,
}

impl Authors {
    pub(super) fn of(headers: &Headers<'_>) -> Authors {
        let value = headers.get("from").map(|value| value.into_owned());
        let mut mailboxes = words::mailboxes(value.as_deref().unwrap_or_default());
        mailboxes.truncate(AUTHORS_MAX);
        Authors { mailboxes, value }
    }

    /// `Anne Martin via Quartier`, with the list's address.
    pub(super) fn field_via_list(&self, edits: &CopyEdits<'_>, member_name: &str) -> String {
        let names: Vec<String> = self.mailboxes.iter().map(|mailbox| name_of(mailbox, member_name)).collect();
        let names = names.iter().filter(|name| !name.is_empty()).map(String::as_str).collect::<Vec<_>>();
        let list = match words::clean(edits.list_phrase) {
            phrase if phrase.is_empty() => {
                edits.post_address.split('@').next().unwrap_or_default().to_owned()
            }
            phrase => phrase,
        };
        let name = if names.is_empty() { list } else { format!("{} via {list}", names.join(", ")) };
        format!("From: {}\r\n", mailbox(&name, edits.post_address, "From: ".len()))
    }

    /// The author as they wrote themselves (RFC 9057 §2); nothing where there was no From.
    pub(super) fn author_field(&self) -> String {
        if self.value.is_none() { String::new() } else { self.field("Author") }
    }

    /// A field with every author's address.
    pub(super) fn field(&self, name: &str) -> String {
        let written = self.written(&[]);
        if written.is_empty() { String::new() } else { format!("{name}: {}\r\n", written.join(",\r\n ")) }
    }

    /// The authors who are not among those in these fields.
    pub(super) fn written_beside(&self, headers: &Headers<'_>, fields: &[&str]) -> Vec<String> {
        let there: Vec<String> = fields
            .iter()
            .flat_map(|name| headers.all(name).collect::<Vec<_>>())
            .flat_map(|field| words::mailboxes(&field.value()))
            .filter_map(|mailbox| mailbox.address.map(|address| address.key()))
            .collect();
        self.written(&there)
    }

    fn written(&self, but: &[String]) -> Vec<String> {
        let wanted = self.mailboxes.iter().filter_map(|mailbox| {
            let address = mailbox.address.as_ref().filter(|address| !but.contains(&address.key()))?;
            Some((mailbox.name.as_str(), address))
        });
        wanted.map(|(name, address)| self::mailbox(name, address.as_str(), 1)).collect()
    }
}

/// `Name <address>`, on two lines if one would be long.
fn mailbox(name: &str, address: &str, column: usize) -> String {
    let address: String = address.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let name = words::clean(name);
    if name.is_empty() {
        return address;
    }
    let phrase = words::phrase(words::first_chars(&name, NAME_CHARS), column);
    let last_line = phrase.rsplit("\r\n").next().map_or(0, str::len);
    let blank = if last_line + address.len() > super::head::ONE_LINE { "\r\n " } else { " " };
    format!("{phrase}{blank}<{address}>")
}

/// What an author is called: by themselves, else by the list, else what stands before the at sign.
/// Never an address: some servers take a name with another domain in it for a forgery.
fn name_of(mailbox: &Mailbox, member_name: &str) -> String {
    let local = || {
        let address = mailbox.address.as_ref().map_or(mailbox.text.as_str(), |address| address.as_str());
        address.split('@').next().unwrap_or_default().to_owned()
    };
    let own = without_address(&mailbox.name);
    let known = without_address(member_name);
    [own, known].into_iter().find(|name| !name.is_empty()).unwrap_or_else(local)
}

/// A name without what looks like an address in it.
fn without_address(name: &str) -> String {
    let cleaned = words::clean(name);
    let words: Vec<&str> = cleaned.split(' ').filter(|word| !word.contains('@')).collect();
    words.join(" ").trim_matches(|c: char| "'\"()<>, ".contains(c)).to_owned()
}
