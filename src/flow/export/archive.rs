//! `archive.mbox`: the published posts of a list as one mailbox any mail program opens.

use std::io::Write;

use super::{DamagedPost, ExportError};
use crate::domain::ids::{ListId, PostId};
use crate::mail::headers::Headers;
use crate::mail::mbox::write_entry;
use crate::store::archive::PostState;
use crate::store::{Store, StoreError};

/// What went into the file, and what did not.
pub(super) struct Archived {
    pub(super) posts: u64,
    pub(super) damaged: Vec<DamagedPost>,
}

pub(super) fn write(store: &Store, list: ListId, out: &mut dyn Write) -> Result<Archived, ExportError> {
    let mut archived = Archived { posts: 0, damaged: Vec::new() };
    for post in store.reader().post_numbers(list)? {
        let Some(info) = store.post(post)?.filter(|info| info.state == PostState::Published) else {
            continue;
        };
        let kept = match store.kept_mail(&info) {
            Ok(kept) => kept,
            // What cannot be read must not keep the rest from its owners.
            Err(error @ (StoreError::Damaged { .. } | StoreError::Io { .. })) => {
                archived.damaged.push(DamagedPost { post, why: error.to_string() });
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let came_by_mail = info.via.is_some();
        let raw = if came_by_mail { without_our_trace(post, &kept.raw) } else { &kept.raw };
        write_entry(&mut &mut *out, &kept.sender, info.received, raw)?;
        archived.posts += 1;
    }
    Ok(archived)
}

/// Without the `Received` our door put in front of it, known by the post's number.
fn without_our_trace(post: PostId, raw: &[u8]) -> &[u8] {
    let (headers, _) = Headers::scan_leniently(raw);
    let Some(first) = headers.fields().first().filter(|field| field.is("received")) else { return raw };
    let id = format!("P{post}");
    let value = first.value();
    let mut words = value.split([' ', '\t', ';']).filter(|word| !word.is_empty());
    let ours = words.any(|word| word == "id") && words.next() == Some(id.as_str());
    if ours { &raw[first.raw().len()..] } else { raw }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_trace_is_taken_off() {
        let ours = "Received: from x ([192.0.2.1])\r\n\tby lists.example with ESMTP id P17\r\n\tfor <a@b.example>;\r\n\tMon, 5 Jan 2026 10:00:00 +0100\r\n";
        let theirs = ours.replace("P17", "P170");
        let post = "From: a@b.example\r\n\r\nbody\r\n";
        for (raw, left) in [
            (format!("{ours}{post}"), post.to_owned()),
            (format!("{theirs}{post}"), format!("{theirs}{post}")),
            (format!("{ours}{theirs}{post}"), format!("{theirs}{post}")),
            (format!("X: y\r\n{ours}{post}"), format!("X: y\r\n{ours}{post}")),
            (post.to_owned(), post.to_owned()),
            (String::new(), String::new()),
        ] {
            assert_eq!(String::from_utf8_lossy(without_our_trace(PostId(17), raw.as_bytes())), left);
        }
    }
}
