//! What somebody is recognised by: their addresses and names, as others may have written them.

use memchr::memmem;

use crate::domain::address::EmailAddress;

/// A name of fewer words may be anybody's: it is looked for beside an address only.
const NAME_WORDS_MIN: usize = 2;
/// Between the words of a name stand at most so many blanks, line ends and quote marks.
const GAP_BYTES_MAX: usize = 12;
/// So far before an address a name is taken to be its own: `Bob" <bob@…`.
const BESIDE_BYTES_MAX: usize = 4;

/// Addresses and names, ready to be looked for.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    addresses: Vec<Vec<u8>>,
    /// Each name as its words, each word in several spellings, in lower case.
    names: Vec<Vec<Vec<Vec<u8>>>>,
    /// First names and nicknames, for the place right before an address.
    short_names: Vec<Vec<Vec<u8>>>,
}

/// One place where somebody is named.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) what: What,
}

/// What stands there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum What {
    Address,
    Name,
}

/// Whether an address may be the end of a longer word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Within {
    /// In a text `jo.anne@…` is somebody else.
    Text,
    /// A Message-ID may hold it behind anything.
    MessageId,
}

impl Traces {
    /// Of somebody with these addresses, called so.
    pub fn new<'a>(
        addresses: impl IntoIterator<Item = &'a EmailAddress>,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Traces {
        let mut traces = Traces::default();
        for address in addresses {
            for spelling in spellings_of_address(address) {
                push_new(&mut traces.addresses, spelling.into_bytes());
            }
        }
        for name in names {
            let words: Vec<&str> = name.split([' ', '\t', ',', '\u{a0}']).filter(|w| !w.is_empty()).collect();
            if words.len() >= NAME_WORDS_MIN {
                push_new(&mut traces.names, words.iter().map(|word| spellings(word)).collect());
                push_new(&mut traces.names, words.iter().rev().map(|word| spellings(word)).collect());
            }
            if let [only] = words.as_slice() {
                push_new(&mut traces.short_names, spellings(only));
            }
        }
        traces
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.names.is_empty()
    }

    /// Every place, in order, none within another. `text` is in lower case.
    pub(super) fn find(&self, text: &[u8], within: Within) -> Vec<Place> {
        let mut places = Vec::new();
        for address in &self.addresses {
            for start in memmem::find_iter(text, address) {
                let end = start + address.len();
                if within == Within::MessageId || stands_alone(text, start, end) {
                    places.push(Place { start, end, what: What::Address });
                    places.extend(self.short_name_before(text, start));
                }
            }
        }
        for name in &self.names {
            let Some((first, rest)) = name.split_first() else { continue };
            for word in first {
                for start in memmem::find_iter(text, word) {
                    if is_letter(text, start.wrapping_sub(1)) {
                        continue;
                    }
                    if let Some(end) = follow(text, start + word.len(), rest) {
                        places.push(Place { start, end, what: What::Name });
                    }
                }
            }
        }
        places.sort();
        let mut reached = 0;
        places.retain(|place| {
            let apart = place.start >= reached;
            reached = reached.max(place.end);
            apart
        });
        places
    }

    /// `Bob <bob@club.example>`: what stands right before their address is their name.
    fn short_name_before(&self, text: &[u8], address: usize) -> Option<Place> {
        let lead = text[..address].iter().rev().take_while(|b| b" \t\"'<(".contains(b)).count();
        let end = address - lead.min(BESIDE_BYTES_MAX);
        self.short_names.iter().flatten().find_map(|name| {
            let start = end.checked_sub(name.len())?;
            let is_it = text[start..end] == name[..] && !is_letter(text, start.wrapping_sub(1));
            is_it.then_some(Place { start, end, what: What::Name })
        })
    }
}

/// Where a name ends whose first word ends at `at`, if all the others follow.
fn follow(text: &[u8], mut at: usize, rest: &[Vec<Vec<u8>>]) -> Option<usize> {
    for word in rest {
        let gap = text[at..].iter().take(GAP_BYTES_MAX).take_while(|b| b" \t\r\n>,".contains(b)).count();
        if gap == 0 {
            return None;
        }
        let next = &text[at + gap..];
        let found = word.iter().find(|spelling| next.starts_with(spelling))?;
        at += gap + found.len();
    }
    (!is_letter(text, at)).then_some(at)
}

/// Not in the midst of a longer address.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).map(|at| text[at]);
    let in_local = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/?^_`{|}~.".contains(&b);
    // `mailto:`, quotes and brackets end a word; an escaped line end (`\n`) does not begin one.
    let begins = before.is_none_or(|b| !in_local(b) || (b == b'n' && start > 1 && text[start - 2] == b'\\'));
    let in_domain = |at: usize| text.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-');
    let goes_on = in_domain(end) || text.get(end) == Some(&b'.') && in_domain(end + 1);
    begins && !goes_on
}

fn is_letter(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80)
}

/// An address as mail programs, link makers, bounces and old archives write it.
fn spellings_of_address(address: &EmailAddress) -> Vec<String> {
    let (local, domain) = (address.local_part().to_ascii_lowercase(), address.domain().to_ascii_lowercase());
    ["@", "%40", "=", "&#64;", "&#x40;", "&commat;", " at ", " (at) ", " [at] "]
        .iter()
        .map(|sign| format!("{local}{sign}{domain}"))
        .collect()
}

/// A word of a name in lower case, in the charsets and the escapes it is met in.
fn spellings(word: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for cased in [word.to_owned(), word.to_lowercase(), word.to_uppercase()] {
        let cased: String = cased.chars().map(|c| c.to_ascii_lowercase()).collect();
        push_new(&mut found, cased.clone().into_bytes());
        if cased.is_ascii() {
            continue;
        }
        // Latin-1's characters have Unicode's numbers.
        let latin: Option<Vec<u8>> = cased.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        if let Some(latin) = latin {
            push_new(&mut found, latin);
        }
        let escaped = |write: fn(u32) -> String| -> Vec<u8> {
            let one = |c: char| if c.is_ascii() { c.to_string() } else { write(u32::from(c)) };
            cased.chars().map(one).collect::<String>().into_bytes()
        };
        push_new(&mut found, escaped(|code| format!("&#{code};")));
        push_new(&mut found, escaped(|code| format!("&#x{code:x};")));
        let plain: String = cased.chars().map(without_accent).collect();
        push_new(&mut found, plain.into_bytes());
        let named: String = cased.chars().map(named_entity).collect();
        push_new(&mut found, named.into_bytes());
    }
    found
}

/// The letters of western names without their accents.
fn without_accent(letter: char) -> char {
    const ACCENTED: &str = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝ";
    const PLAIN: &str = "aaaaaaceeeeiiiinooooouuuuyyaaaaaaceeeeiiiinooooouuuuy";
    let at = ACCENTED.chars().position(|accented| accented == letter);
    at.and_then(|at| PLAIN.chars().nth(at)).unwrap_or(letter)
}

/// `é` as HTML names it, in lower case.
fn named_entity(letter: char) -> String {
    let kind = match letter.to_lowercase().next().unwrap_or(letter) {
        'à' | 'è' | 'ì' | 'ò' | 'ù' => "grave",
        'á' | 'é' | 'í' | 'ó' | 'ú' | 'ý' => "acute",
        'â' | 'ê' | 'î' | 'ô' | 'û' => "circ",
        'ä' | 'ë' | 'ï' | 'ö' | 'ü' | 'ÿ' => "uml",
        'ã' | 'ñ' | 'õ' => "tilde",
        'ç' => "cedil",
        _ => return letter.to_string(),
    };
    format!("&{}{kind};", without_accent(letter))
}

fn push_new<T: PartialEq>(found: &mut Vec<T>, one: T) {
    if !found.contains(&one) {
        found.push(one);
    }
}

/// The names under which these addresses stand before an author's words, each once.
pub fn also_called(raw: &[u8], addresses: &[EmailAddress]) -> Vec<String> {
    let (headers, _) = crate::mail::headers::Headers::scan_leniently(raw);
    let mut names = Vec::new();
    for field in ["from", "sender", "reply-to"] {
        for field in headers.all(field) {
            for mailbox in crate::mail::words::mailboxes(&field.value()) {
                let theirs = mailbox.address.is_some_and(|address| addresses.contains(&address));
                if theirs && !mailbox.name.is_empty() {
                    push_new(&mut names, mailbox.name.to_string());
                }
            }
        }
    }
    names
}
