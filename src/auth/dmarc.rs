//! What the author's domain asks for (RFC 9989), found by walking up the DNS: no list of public
//! suffixes.

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::dmarc::{Alignment, Dmarc, Policy as Wish, Psd};

use super::budget::Budget;
use crate::dns::{Answer, Resolver, Trouble};
use crate::domain::proof::Policy;

/// RFC 9989 §4.10: a name with more labels is looked at itself, and then from seven labels on.
const LABELS_MAX: usize = 8;

/// What stands above a name.
pub enum Walk {
    /// All that is there.
    Known(Records),
    /// The DNS did not answer.
    Unknown,
    /// There is nobody to ask.
    NobodyToAsk,
}

/// The records on the way up.
pub struct Records {
    start: String,
    /// The name and the record, the longest name first.
    found: Vec<(String, Dmarc)>,
}

/// Goes up from a domain, and picks up what is published (RFC 9989 §4.10).
pub(super) async fn walk(budget: &Budget<'_>, domain: &str) -> Walk {
    let labels: Vec<&str> = domain.split('.').collect();
    let mut found = Vec::new();
    let mut left = labels.len();
    // One label alone is a top-level domain: nobody's mail comes from there.
    while left >= 1 && labels.len() >= 2 {
        let name = labels[labels.len() - left..].join(".");
        match budget.txt(&format!("_dmarc.{name}")).await {
            Answer::Found(texts) => {
                if let Some(record) = only_record(&texts.records) {
                    let ends = matches!(record.psd, Psd::Yes | Psd::No);
                    found.push((name, record));
                    if ends {
                        break;
                    }
                }
            }
            Answer::NoRecord | Answer::NoName => {}
            Answer::Trouble(Trouble::NoResolver) => return Walk::NobodyToAsk,
            Answer::Trouble(Trouble::Failed(_)) => return Walk::Unknown,
        }
        left = if left > LABELS_MAX { LABELS_MAX - 1 } else { left - 1 };
    }
    Walk::Known(Records { start: domain.to_owned(), found })
}

/// RFC 9989 §4.10: what does not begin with the version is no record, and of several none counts.
fn only_record(texts: &[Vec<u8>]) -> Option<Dmarc> {
    let mut records = texts.iter().filter_map(|text| Dmarc::parse(text).ok());
    let record = records.next()?;
    records.next().is_none().then_some(record)
}

impl Records {
    /// Whether the author's domain takes part in DMARC.
    pub fn applies(&self) -> bool {
        // RFC 9989 §4.7: without "p" it counts as "none", but only if somebody wants reports.
        self.applied().is_some_and(|(_, record)| record.p != Wish::Unspecified || !record.rua().is_empty())
    }

    /// The record that counts for the author: their own, their organisation's, or what is above.
    fn applied(&self) -> Option<(&str, &Dmarc)> {
        let organisation = self.organisation();
        let named = |wanted: &str| self.found.iter().find(|(name, _)| name == wanted);
        let record = named(&self.start).or_else(|| named(&organisation)).or(self.found.last());
        record.map(|(name, record)| (name.as_str(), record))
    }

    /// The organisation's domain (RFC 9989 §4.10.2); itself where nothing is published.
    fn organisation(&self) -> String {
        for (name, record) in &self.found {
            match record.psd {
                Psd::No => return name.clone(),
                Psd::Yes if *name != self.start => {
                    let below = self.start.strip_suffix(name.as_str()).unwrap_or("").trim_end_matches('.');
                    let label = below.rsplit('.').next().unwrap_or(below);
                    return format!("{label}.{name}");
                }
                Psd::Yes | Psd::Default => {}
            }
        }
        self.found.last().map_or_else(|| self.start.clone(), |(name, _)| name.clone())
    }
}

impl Walk {
    /// Whether signatures must be of the very same domain.
    pub(super) fn strict_dkim(&self) -> Alignment {
        self.applied().map_or(Alignment::Relaxed, |record| record.adkim)
    }

    /// Whether the reverse-path must be of the very same domain.
    pub(super) fn strict_spf(&self) -> Alignment {
        self.applied().map_or(Alignment::Relaxed, |record| record.aspf)
    }

    fn applied(&self) -> Option<&Dmarc> {
        match self {
            Walk::Known(records) => records.applied().map(|(_, record)| record),
            Walk::Unknown | Walk::NobodyToAsk => None,
        }
    }
}

/// Whether another domain speaks for the author's (RFC 9989 §4.10.2).
pub(super) async fn aligned(
    budget: &Budget<'_>,
    walk: &Walk,
    author: &str,
    other: &str,
    alignment: Alignment,
) -> bool {
    let other = other.trim_end_matches('.').to_ascii_lowercase();
    if other == author {
        return true;
    }
    let Walk::Known(records) = walk else { return false };
    if alignment == Alignment::Strict {
        return false;
    }
    let organisation = records.organisation();
    if other == organisation {
        return true;
    }
    let below = other.strip_suffix(&organisation).is_some_and(|rest| rest.ends_with('.'));
    below
        && match Box::pin(self::walk(budget, &other)).await {
            Walk::Known(others) => others.organisation() == organisation,
            Walk::Unknown | Walk::NobodyToAsk => false,
        }
}

/// What the author's domain wants done with mail that fails.
pub(super) async fn policy(budget: &Budget<'_>, walk: &Walk, author: &str) -> Policy {
    let Walk::Known(records) = walk else { return Policy::None };
    let Some((name, record)) = records.applied().filter(|_| records.applies()) else { return Policy::None };
    let wish = if name == author {
        record.p
    } else if record.np != record.sp && matches!(budget.ipv4(author).await, Answer::NoName) {
        record.np
    } else {
        record.sp
    };
    match (wish, record.t) {
        (Wish::Reject, false) => Policy::Reject,
        // RFC 9989 §4.7: while it is tried out, one step less.
        (Wish::Reject, true) | (Wish::Quarantine, false) => Policy::Quarantine,
        (Wish::Quarantine, true) | (Wish::None | Wish::Unspecified, _) => Policy::None,
    }
}

/// The same for a domain alone; none: the DNS did not answer.
pub async fn policy_of(resolver: &Resolver, domain: &str) -> Option<Policy> {
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    let budget = Budget::new(resolver);
    match walk(&budget, &domain).await {
        Walk::Known(records) => Some(policy(&budget, &Walk::Known(records), &domain).await),
        Walk::Unknown | Walk::NobodyToAsk => None,
    }
}
