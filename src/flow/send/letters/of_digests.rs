//! The letters around digests: from what was asked, or is told, to a letter.

use super::exchange::group;
use super::{Facts, Unsigned, name_or_address};
use crate::domain::edition::{DigestAsked, DigestTold};
use crate::domain::ids::PostId;
use crate::domain::list::{ArchivePolicy, List};
use crate::domain::token::Purpose;
use crate::flow::{Desk, FlowError, digests};
use crate::letters::{
    AboutPost, AskSummary, GoneEdition, Letter, OfDigest, PrivateWord, TooLate, WentOut, WhichItem,
};
use crate::mail::show::show;
use crate::mail::summary::{own_words, summary_words};
use crate::mail::{said, subject};

pub(super) fn ask(
    desk: &Desk,
    facts: &Facts,
    list: &List,
    asked: &DigestAsked,
    send: impl FnOnce(Letter<'_>) -> Option<Unsigned>,
) -> Result<Option<Unsigned>, FlowError> {
    let group = group(list);
    Ok(match asked {
        DigestAsked::Which { issue, mail: _ } => {
            let Some(issue) = desk.store.issue(*issue)? else { return Ok(None) };
            let there = digests::numbered(desk, list, &issue, facts.language)?;
            let titles: Vec<_> = there.into_iter().map(|one| (one.n, one.title)).collect();
            send(Letter::Digest(OfDigest::WhichItem(WhichItem { group, titles: &titles })))
        }
        DigestAsked::Word { mail: _, post } => {
            let title = title_of(desk, list, *post)?;
            send(Letter::Digest(OfDigest::AskWord(AboutPost { group, title: &title })))
        }
        DigestAsked::Summary { post } => {
            let Some(raw) = desk.store.raw(*post)? else { return Ok(None) };
            let (own, title) = (own_words(&raw), title_of(desk, list, *post)?);
            let author = desk.store.post(*post)?.and_then(|info| info.author);
            let author = author.map(|author| name_or_address(desk, author)).transpose()?.unwrap_or_default();
            send(Letter::Digest(OfDigest::AskSummary(AskSummary {
                group,
                author: &author,
                title: &title,
                words: summary_words(&own),
            })))
        }
        DigestAsked::Back { .. } => None,
    })
}

pub(super) fn tell(
    desk: &Desk,
    list: &List,
    told: &DigestTold,
    send: impl FnOnce(Letter<'_>) -> Option<Unsigned>,
) -> Result<Option<Unsigned>, FlowError> {
    let group = group(list);
    Ok(match told {
        DigestTold::Word { mail, with, post } => {
            let Some(raw) = desk.store.raw(*mail)? else { return Ok(None) };
            let said = said::said(&raw);
            let known = desk.store.person(*with)?.map(|person| person.name).unwrap_or_default();
            let title = title_of(desk, list, *post)?;
            send(Letter::Digest(OfDigest::PrivateWord(PrivateWord {
                group,
                author: if known.is_empty() { &said.name } else { &known },
                title: &title,
                words: &said.text,
                had_files: !show(&raw).attachments.is_empty(),
            })))
        }
        DigestTold::NotPassed { post } => {
            let title = title_of(desk, list, *post)?;
            send(Letter::Digest(OfDigest::NotPassed(AboutPost { group, title: &title })))
        }
        DigestTold::Gone { number } => {
            let Some(shown) = desk.store.reader().edition(list.id, *number)? else { return Ok(None) };
            let gone = GoneEdition { number: *number, title: &shown.edition.title, at: shown.at };
            send(Letter::TooLate(TooLate { group: Some(group), edition: Some(gone) }))
        }
        DigestTold::WentOut { number } => {
            let Some(shown) = desk.store.reader().edition(list.id, *number)? else { return Ok(None) };
            let page = desk.edition_url(list, *number);
            let token = desk.store.tokens().token(Purpose::Paper { list: list.id, edition: *number });
            let handed = digests::handed(desk, list)?.into_iter();
            let handed: Vec<String> = handed
                .map(|one| if one.how.is_empty() { one.name } else { format!("{}, {}", one.name, one.how) })
                .collect();
            send(Letter::Digest(OfDigest::WentOut(WentOut {
                group,
                heading: &digests::heading(&shown.edition, list.settings.language),
                page: Some(page.as_str()).filter(|_| list.settings.archive != ArchivePolicy::None),
                pdf: &format!("{page}paper.pdf?k={token}"),
                handed: &handed,
            })))
        }
    })
}

fn title_of(desk: &Desk, list: &List, post: PostId) -> Result<String, FlowError> {
    let post = desk.store.reader().post(post)?;
    Ok(post
        .map(|post| subject::bare(&post.subject, &list.settings.subject_prefix).to_owned())
        .unwrap_or_default())
}
