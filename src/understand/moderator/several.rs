//! Answers to several things at once, by what they are called: « la tarte oui, Karim non : trop
//! agressif, et les douteux à la poubelle ».
//!
//! A text is cut into short stretches; each names things, says what becomes of them, or both. What is
//! said belongs to what was named last. A stretch that decides and is not understood leaves all of it
//! to be asked about; a thing that is only talked of stays as it is.

mod naming;
mod stretches;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::free::{self, Act};
use super::speech::Says;
use super::{Decision, Words, bare};
use stretches::{Link, Stretch, stretches};

/// Words of an answer that are looked at; a longer one is a letter to people.
const WORDS_MAX: usize = 160;

/// Something that waits, as its letter shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held<'a> {
    /// The number before it.
    pub number: u32,
    /// Who wrote it, or who wants to join.
    pub author: &'a str,
    /// Its subject.
    pub title: &'a str,
    /// How it begins.
    pub text: &'a str,
    /// Whether it is the line of mails nobody wants, probably.
    pub doubtful: bool,
}

/// Words for several things (`data/phrases/deciding.toml`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lists {
    all: Vec<String>,
    rest: Vec<String>,
    except: Vec<String>,
    only: Vec<String>,
    doubtful: Vec<String>,
    advert: Vec<String>,
    selling: Vec<String>,
    first: Vec<String>,
    last: Vec<String>,
    places: Vec<Vec<String>>,
    counts: Vec<Vec<String>>,
}

/// What is named.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
enum Named {
    #[default]
    Nothing,
    These(Vec<u32>),
    All,
    Rest,
    /// It cannot be told which.
    Unknown,
}

/// What each thing is to become: `None` where nothing is sure.
pub(super) fn read(words: &Words, text: &str, held: &[Held<'_>]) -> Option<Vec<(u32, Decision)>> {
    if held.len() < 2
        || text.contains(['?', '\u{ff1f}', '«', '“', '"', '@'])
        || bare(text).split(' ').count() > WORDS_MAX
    {
        return None;
    }
    let mut reader = Reader {
        words,
        text,
        held,
        found: BTreeMap::new(),
        spoken: Vec::new(),
        pending: Vec::new(),
        why: false,
        only: Vec::new(),
        last: None,
        act: None,
        before: Before::Nothing,
        leads: false,
        refusing: None,
    };
    for stretch in stretches(words, text) {
        reader.stretch(stretch)?;
    }
    reader.end()
}

/// How something came to be decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum By {
    Name,
    All,
}

/// Who is refused, and where the words for them begin and end.
struct Refusing {
    items: Vec<u32>,
    from: Option<usize>,
    to: usize,
    line: usize,
}

struct Reader<'a> {
    words: &'a Words,
    text: &'a str,
    held: &'a [Held<'a>],
    found: BTreeMap<u32, (Decision, By)>,
    /// All that was named.
    spoken: Vec<u32>,
    /// Named, and nothing said of it yet.
    pending: Vec<u32>,
    /// What is pending was called spam.
    why: bool,
    /// Named with « seulement ».
    only: Vec<u32>,
    /// What was decided last.
    last: Option<(Vec<u32>, Act)>,
    /// Said before what it is about: « OUI : 1, 5 ».
    act: Option<Act>,
    /// What was last done about something named in this sentence.
    before: Before,
    /// It was said before what it is about: « Publier 1 ».
    leads: bool,
    refusing: Option<Refusing>,
}

/// What was last done about something named in a sentence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Before {
    Nothing,
    Decided(Act),
    Left,
}

impl Reader<'_> {
    fn stretch(&mut self, stretch: Stretch<'_>) -> Option<()> {
        let (named, left) = self.named(stretch.text);
        let says = self.says(&left);
        let idle = self.words.lexicon.is_idle(&left, &[]) || self.words.without_polite(&left).is_empty();
        if self.goes_on(stretch, &named, says, idle) {
            return Some(());
        }
        self.refused()?;
        if free::is_open(self.words, &left) {
            self.left_open(named);
        } else {
            self.said(stretch, named, says, idle)?;
        }
        if stretch.ends { self.sentence_ends() } else { Some(()) }
    }

    /// « bannissez-le il dépasse les bornes »: what decides, and behind it a story.
    fn says(&self, left: &str) -> Says {
        const TELLERS: [&str; 14] =
            ["il", "elle", "ils", "elles", "he", "she", "they", "it", "c", "ca", "je", "j", "i", "we"];
        let whole = self.words.lexicon.says(left, &[]);
        if whole != Says::Weighty {
            return whole;
        }
        let words: Vec<&str> = left.split(' ').collect();
        let story = (1..words.len()).filter(|at| TELLERS.contains(&words[*at])).find_map(|at| {
            let before = self.words.lexicon.says(&words[..at].join(" "), &[]);
            let behind = self.words.lexicon.says(&words[at..].join(" "), &[]);
            (matches!(before, Says::Decides { .. }) && behind == Says::Tells).then_some(before)
        });
        story.unwrap_or(whole)
    }

    fn left_open(&mut self, named: Named) {
        match named {
            Named::Nothing => self.take_back(),
            Named::These(items) => self.leave(&items),
            Named::Unknown | Named::All | Named::Rest => {}
        }
        self.before = Before::Left;
    }

    fn said(&mut self, stretch: Stretch<'_>, named: Named, says: Says, idle: bool) -> Option<()> {
        match (named, says) {
            (Named::Unknown, _) | (_, Says::Weighty) => return None,
            // « le reste, oui »: of what?
            (Named::Rest, _) if self.spoken.is_empty() => return None,
            (Named::Nothing, Says::Decides { act, .. }) => self.act_alone(stretch, act)?,
            (Named::Nothing, Says::Why) if self.pending.is_empty() && self.before == Before::Nothing => {
                self.act = self.act.or(Some(Act::Discard));
            }
            (Named::Nothing, Says::Why) => self.why |= !self.pending.is_empty(),
            (Named::Nothing, Says::Tells) => {}
            // “Junk can go”: where to?
            (Named::These(items), Says::Decides { act: Act::Accept, plainly: false })
                if self.are_doubtful(&items) =>
            {
                self.leave(&items);
            }
            (named, Says::Decides { act, .. }) => self.decide(stretch, named, act)?,
            (Named::These(items), Says::Why) => {
                self.resolve()?;
                self.wait_for(&items, true);
            }
            (Named::These(items), Says::Tells) if idle => self.name(stretch, &items)?,
            (Named::These(items), Says::Tells) => {
                self.resolve()?;
                self.leave(&items);
                self.before = Before::Left;
            }
            // « tout est là »: nobody knows what for.
            (Named::All | Named::Rest, Says::Why) => return None,
            (Named::All | Named::Rest, Says::Tells) if idle => return None,
            (Named::All | Named::Rest, Says::Tells) => {}
        }
        Some(())
    }

    fn decide(&mut self, stretch: Stretch<'_>, named: Named, act: Act) -> Option<()> {
        let by = if matches!(named, Named::These(_)) { By::Name } else { By::All };
        if by == By::All {
            self.resolve()?;
        }
        let leads = self.leads(stretch.text);
        if by == By::Name && self.enumerates() && !self.pending.is_empty() {
            if !leads {
                // « ok 1, 2 et 3 non »: what of 2?
                return None;
            }
            self.resolve()?;
        }
        let mut items = self.items(named);
        if by == By::Name {
            items.splice(0..0, std::mem::take(&mut self.pending));
        }
        self.assign(&items, act, by)?;
        self.leads = leads;
        if by == By::Name {
            self.refuses(stretch, items, act);
        }
        Some(())
    }

    /// Whether a stretch says what becomes of something before it names it.
    fn leads(&self, text: &str) -> bool {
        let ends = text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at);
        let mut read = ends.chain([text.len()]).map(|end| self.named(&text[..end]));
        let (_, left) = read.find(|(named, _)| *named != Named::Nothing).unwrap_or_default();
        matches!(self.says(&left), Says::Decides { .. })
    }

    /// Whether what is named next may go on with « Publier 1 ».
    fn enumerates(&self) -> bool {
        self.leads && matches!(self.before, Before::Decided(_))
    }

    /// What follows may be the words for whom this refuses.
    fn refuses(&mut self, stretch: Stretch<'_>, items: Vec<u32>, act: Act) {
        if act == Act::Refuse {
            let (to, line) = (stretch.at + stretch.text.len(), stretch.line);
            self.refusing = Some(Refusing { items, from: None, to, line });
        }
    }

    fn are_doubtful(&self, items: &[u32]) -> bool {
        items.iter().all(|item| self.held.iter().any(|held| held.doubtful && held.number == *item))
    }

    /// What was named before, and of which nothing more is said.
    fn resolve(&mut self) -> Option<()> {
        let items = std::mem::take(&mut self.pending);
        if items.is_empty() {
            return Some(());
        }
        match (self.before, std::mem::take(&mut self.why)) {
            (_, true) => self.assign(&items, Act::Discard, By::Name),
            // « non au 2 et au 3 »
            (Before::Decided(act), false) => self.assign(&items, act, By::Name),
            (Before::Left, false) => {
                self.leave(&items);
                Some(())
            }
            (Before::Nothing, false) => None,
        }
    }

    /// Whether this belongs to the words for who was refused.
    fn goes_on(&mut self, stretch: Stretch<'_>, named: &Named, says: Says, idle: bool) -> bool {
        let Some(refusing) = &mut self.refusing else { return false };
        let decides = matches!(says, Says::Decides { .. });
        let names = *named != Named::Nothing;
        let numbered = names && stretch.text.bytes().any(|byte| byte.is_ascii_digit());
        let another = names && decides || numbered && (idle || says == Says::Why);
        let other = stretch.line != refusing.line || another || stretch.link == Link::Except;
        if other || (decides && refusing.from.is_none()) {
            return false;
        }
        refusing.from.get_or_insert(stretch.at);
        refusing.to = stretch.at + stretch.text.len();
        true
    }

    /// The words for who was refused are complete.
    fn refused(&mut self) -> Option<()> {
        let Some(refusing) = self.refusing.take() else { return Some(()) };
        let Some(from) = refusing.from else { return Some(()) };
        let given = self.text.get(from..refusing.to).unwrap_or_default();
        let given =
            given.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | '-' | '–' | ';'));
        if free::is_polite(self.words, given) {
            return Some(());
        }
        // « c’est un pénible » is not meant for them.
        if speaks_of_somebody(given) {
            self.leave(&refusing.items);
            return Some(());
        }
        for item in &refusing.items {
            self.found.insert(*item, (Decision::Refuse(given.to_owned()), By::Name));
        }
        Some(())
    }

    fn items(&self, named: Named) -> Vec<u32> {
        let all = || self.held.iter().map(|held| held.number);
        match named {
            Named::These(items) => items,
            Named::All => all()
                .filter(|number| !self.found.contains_key(number) && !self.spoken.contains(number))
                .collect(),
            Named::Rest => all().filter(|number| !self.spoken.contains(number)).collect(),
            Named::Nothing | Named::Unknown => Vec::new(),
        }
    }

    fn assign(&mut self, items: &[u32], act: Act, by: By) -> Option<()> {
        let decision = match act {
            Act::Accept => Decision::Accept,
            Act::Refuse => Decision::Refuse(String::new()),
            Act::Discard => Decision::Discard,
            Act::Ban => Decision::Ban,
        };
        for item in items {
            match self.found.get(item) {
                Some((known, By::Name))
                    if std::mem::discriminant(known) != std::mem::discriminant(&decision) =>
                {
                    return None;
                }
                Some(_) | None => self.found.insert(*item, (decision.clone(), by)),
            };
        }
        if by == By::Name {
            self.spoken.extend(items);
        }
        self.pending.retain(|item| !items.contains(item));
        self.only.retain(|item| !items.contains(item));
        self.why = false;
        self.act = None;
        self.before = Before::Decided(act);
        self.last = Some((items.to_vec(), act));
        Some(())
    }

    /// « …, poubelle »: about what was named and waits for it, or the same said again.
    fn act_alone(&mut self, stretch: Stretch<'_>, act: Act) -> Option<()> {
        if !self.pending.is_empty() {
            let items = std::mem::take(&mut self.pending);
            self.assign(&items, act, By::Name)?;
            self.refuses(stretch, items, act);
            return Some(());
        }
        match &self.last {
            None if self.act.is_none_or(|known| known == act) => self.act = Some(act),
            // « on efface et on l’empêche d’écrire »
            Some((items, Act::Discard)) if act == Act::Ban => {
                let items = items.clone();
                items.iter().for_each(|item| drop(self.found.remove(item)));
                return self.assign(&items, act, By::Name);
            }
            Some((_, Act::Ban)) if act == Act::Discard => {}
            Some((_, last)) if *last == act => {}
            None | Some(_) if self.act.is_none() => self.act = Some(act),
            None | Some(_) => return None,
        }
        Some(())
    }

    fn name(&mut self, stretch: Stretch<'_>, items: &[u32]) -> Option<()> {
        if stretch.link == Link::Except {
            // « tout est bon, sauf la 4 »
            items.iter().for_each(|item| {
                if matches!(self.found.get(item), Some((_, By::All))) {
                    self.found.remove(item);
                }
            });
        }
        let folded = bare(stretch.text);
        if folded.split(' ').any(|word| self.words.several.only.iter().any(|only| only == word)) {
            self.only.extend(items);
            self.spoken.extend(items);
            return Some(());
        }
        let Some(act) = self.act else {
            self.wait_for(items, false);
            // « Publier 1, 2 et 3 »
            let closes = stretch.link == Link::And && self.enumerates();
            return if closes { self.resolve() } else { Some(()) };
        };
        self.assign(items, act, By::Name)?;
        self.act = Some(act);
        Some(())
    }

    fn wait_for(&mut self, items: &[u32], why: bool) {
        self.spoken.extend(items);
        self.pending.extend(items);
        self.why |= why;
    }

    /// Talked of, or left open: they stay as they are.
    fn leave(&mut self, items: &[u32]) {
        self.spoken.extend(items);
        items.iter().for_each(|item| drop(self.found.remove(item)));
        self.pending.retain(|item| !items.contains(item));
    }

    /// « 2 ok, s’il enlève son adresse »
    fn take_back(&mut self) {
        let items = match std::mem::take(&mut self.pending) {
            none if none.is_empty() => self.last.take().map(|(items, _)| items).unwrap_or_default(),
            pending => pending,
        };
        self.leave(&items);
    }

    fn sentence_ends(&mut self) -> Option<()> {
        if self.before != Before::Nothing || self.why {
            self.resolve()?;
        }
        // « OUI. 1 et 3 … »: a decision that belongs to nothing.
        let idle = self.act.is_some() && self.before == Before::Nothing && !self.found.is_empty();
        let spam_only = self.act == Some(Act::Discard);
        if idle && !spam_only {
            return None;
        }
        if self.before != Before::Nothing || spam_only {
            self.act = None;
        }
        self.before = Before::Nothing;
        Some(())
    }

    fn end(mut self) -> Option<Vec<(u32, Decision)>> {
        self.refused()?;
        if self.act.is_some() {
            return None;
        }
        let thrown = |(decision, by): &(Decision, By)| *by == By::All && *decision != Decision::Accept;
        if self.found.values().any(thrown) {
            for item in std::mem::take(&mut self.only) {
                self.found.insert(item, (Decision::Accept, By::Name));
            }
        }
        (!self.found.is_empty())
            .then(|| self.found.into_iter().map(|(number, (decision, _))| (number, decision)).collect())
    }
}

/// Whether words speak of somebody, and not to them.
pub(super) fn speaks_of_somebody(text: &str) -> bool {
    const OF_THEM: [&str; 8] = ["il", "elle", "lui", "he", "she", "him", "her", "ils"];
    const OF_NOBODY: [&str; 6] = ["faut", "y", "est", "s", "fallait", "pleut"];
    let folded = bare(text);
    let words: Vec<&str> = folded.split(' ').collect();
    words.iter().enumerate().any(|(at, word)| {
        let next = words.get(at + 1).copied().unwrap_or_default();
        OF_THEM.contains(word) && !(*word == "il" && OF_NOBODY.contains(&next))
    })
}
