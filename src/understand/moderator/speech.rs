//! What a clause decides, by its words: every one of them known, and all of one mind.
//!
//! Where no whole phrase is known. A word that is not known leaves the clause to be asked about, if
//! another of its words decides something; with none that does, it only tells something.

use std::collections::HashMap;

use serde::Deserialize;

use super::free::Act;
use super::several::Lists as Several;
use crate::understand::book::own_words;

/// Words of a clause that are looked at; a longer one is a letter to people.
const CLAUSE_WORDS_MAX: usize = 24;
/// Words between the two halves of « laisse … passer ».
const APART_WORDS_MAX: usize = 5;

/// The words, one by one (`data/phrases/deciding.toml`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    publish: Vec<String>,
    r#move: Vec<String>,
    fine: Vec<String>,
    trouble: Vec<String>,
    discard: Vec<String>,
    refuse: Vec<String>,
    ban: Vec<String>,
    spam: Vec<String>,
    not: Vec<String>,
    no: Vec<String>,
    lacking: Vec<String>,
    object: Vec<String>,
    small: Vec<String>,
    apart: Vec<(String, String, String)>,
    aside: Vec<String>,
    several: Several,
}

/// What one word is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sign {
    Publish,
    Move,
    Fine,
    Trouble,
    Discard,
    Refuse,
    Ban,
    Spam,
    /// « pas », “not”.
    Not,
    /// « non », “no”.
    No,
    /// « aucun », “nothing”.
    Lacking,
    Object,
    Small,
}

/// What a clause says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Says {
    /// What becomes of it; `plainly`: by more than « super » or « oui ».
    Decides { act: Act, plainly: bool },
    /// Why it is thrown away.
    Why,
    /// It speaks of what becomes of it, and it is not understood how.
    Weighty,
    /// Something else.
    Tells,
}

/// All words of both languages.
pub(super) struct Lexicon {
    signs: HashMap<String, Sign>,
    apart: Vec<(String, String, Sign)>,
    aside: Vec<Vec<String>>,
}

fn lists() -> Lists {
    own_words(include_str!("../../../data/phrases/deciding.toml"))
}

/// The words for several things.
pub(super) fn several() -> Several {
    lists().several
}

impl Lexicon {
    pub(super) fn of_both_languages() -> Lexicon {
        let lists = lists();
        let mut signs = HashMap::new();
        // The first that has a word keeps it.
        for (words, sign) in [
            (lists.ban, Sign::Ban),
            (lists.refuse, Sign::Refuse),
            (lists.discard, Sign::Discard),
            (lists.spam, Sign::Spam),
            (lists.publish, Sign::Publish),
            (lists.r#move, Sign::Move),
            (lists.fine, Sign::Fine),
            (lists.trouble, Sign::Trouble),
            (lists.not, Sign::Not),
            (lists.no, Sign::No),
            (lists.lacking, Sign::Lacking),
            (lists.object, Sign::Object),
            (lists.small, Sign::Small),
        ] {
            for word in words {
                signs.entry(word).or_insert(sign);
            }
        }
        let sign = |name: &str| match name {
            "publish" => Sign::Publish,
            "discard" => Sign::Discard,
            "ban" => Sign::Ban,
            _ => Sign::Refuse,
        };
        let apart = lists.apart.into_iter().map(|(first, last, name)| (first, last, sign(&name))).collect();
        let split = |phrase: String| phrase.split(' ').map(str::to_owned).collect();
        Lexicon { signs, apart, aside: lists.aside.into_iter().map(split).collect() }
    }

    /// What a clause says, in small letters without marks; `named` are words for what is spoken of,
    /// such as its author’s name.
    pub(super) fn says(&self, bare: &str, named: &[String]) -> Says {
        let words = self.without_asides(bare);
        let signs = self.signs(&words, named);
        let has = |sign: Sign| signs.contains(&Some(sign));
        let known = signs.iter().all(Option::is_some) && words.len() <= CLAUSE_WORDS_MAX;
        let decides = [Sign::Publish, Sign::Discard, Sign::Refuse, Sign::Ban].into_iter().any(has);
        match (known, decides, has(Sign::Spam)) {
            (true, _, _) => of_known(&signs),
            (false, true, _) => Says::Weighty,
            (false, false, true) if !has(Sign::Not) => Says::Why,
            (false, false, _) => Says::Tells,
        }
    }

    /// Whether a word is one for what nobody wants.
    pub(super) fn is_spam(&self, word: &str) -> bool {
        self.signs.get(word) == Some(&Sign::Spam)
    }

    /// Whether a word is one of these.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.signs.contains_key(word)
    }

    /// Whether nothing stands there but words that say nothing.
    pub(super) fn is_idle(&self, bare: &str, named: &[String]) -> bool {
        let words = self.without_asides(bare);
        self.signs(&words, named).iter().all(|sign| matches!(sign, Some(Sign::Small | Sign::Object)))
    }

    fn without_asides<'b>(&self, bare: &'b str) -> Vec<&'b str> {
        let mut words: Vec<&str> = bare.split(' ').filter(|word| !word.is_empty()).collect();
        for aside in &self.aside {
            let at = words.windows(aside.len()).position(|window| window.iter().eq(aside.iter()));
            if let Some(at) = at {
                words.drain(at..at + aside.len());
            }
        }
        words
    }

    fn signs(&self, words: &[&str], named: &[String]) -> Vec<Option<Sign>> {
        let mut signs: Vec<Option<Sign>> = Vec::with_capacity(words.len());
        for (at, word) in words.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| words.get(at)).copied().unwrap_or_default();
            signs.push(match *word {
                // “don’t”, “can’t”, “isn’t”.
                "t" if NEGATED.contains(&before) => Some(Sign::Not),
                word if NEGATED.contains(&word) && words.get(at + 1) == Some(&"t") => Some(Sign::Small),
                // “his post”, “the post”: no order.
                "post" if DETERMINERS.contains(&before) => Some(Sign::Object),
                // « il l’a publié »: that is told.
                "a" if HAVING.contains(&before) => None,
                word => {
                    let is_named = || named.iter().any(|name| name == word).then_some(Sign::Object);
                    self.signs.get(word).copied().or_else(is_named)
                }
            });
        }
        for (first, last, sign) in &self.apart {
            let Some(from) = words.iter().position(|word| word == first) else { continue };
            let behind = words.iter().skip(from + 1).take(APART_WORDS_MAX).position(|word| word == last);
            if let Some(behind) = behind {
                signs[from] = Some(*sign);
                signs[from + 1 + behind] = Some(Sign::Small);
            }
        }
        signs
    }
}

/// Before “n’t”.
const NEGATED: [&str; 14] = [
    "don", "can", "won", "isn", "aren", "shouldn", "wouldn", "couldn", "doesn", "didn", "wasn", "mustn",
    "needn", "haven",
];
/// Before an « a » that is no « à ».
const HAVING: [&str; 9] = ["l", "il", "elle", "on", "qui", "m", "t", "y", "nous"];
/// Before a “post” that is a thing.
const DETERMINERS: [&str; 9] = ["the", "this", "that", "his", "her", "their", "s", "le", "ce"];

/// What words say that are all known.
fn of_known(signs: &[Option<Sign>]) -> Says {
    let signs: Vec<Sign> = signs.iter().flatten().copied().collect();
    let gone = |sign: &Sign| matches!(sign, Sign::Discard | Sign::Refuse | Sign::Ban);
    // « oui, jette », « bon, poubelle »: what opens the clause only nods.
    let nods = signs.iter().take_while(|sign| matches!(sign, Sign::Fine | Sign::Small)).count();
    let signs = if signs[nods..].iter().any(gone) { &signs[nods..] } else { &signs[..] };
    let has = |sign: Sign| signs.contains(&sign);
    let one = |act, plainly| Says::Decides { act, plainly };
    let (out, gone) = (has(Sign::Publish) || has(Sign::Fine), signs.iter().any(gone));
    if has(Sign::Trouble) {
        // « pas de souci », « rien contre », “no harm in it”.
        let without = has(Sign::Not) || has(Sign::No) || has(Sign::Lacking);
        return if without && !gone { one(Act::Accept, has(Sign::Publish)) } else { Says::Weighty };
    }
    if has(Sign::No) || has(Sign::Not) {
        return negated(signs, gone, out);
    }
    if has(Sign::Lacking) {
        return if gone || out { Says::Weighty } else { Says::Tells };
    }
    match (has(Sign::Ban), has(Sign::Discard), has(Sign::Refuse)) {
        (true, _, false) if !out => one(Act::Ban, true),
        (false, true, false) if !out => one(Act::Discard, true),
        (false, false, true) if !out => one(Act::Refuse, true),
        (false, false, false) if has(Sign::Spam) && (out || has(Sign::Move)) => Says::Weighty,
        (false, false, false) if has(Sign::Spam) => Says::Why,
        (false, false, false) if has(Sign::Publish) => one(Act::Accept, true),
        (false, false, false) if has(Sign::Fine) => one(Act::Accept, false),
        // « ça passe », “it can go”; “out” alone says nothing.
        (false, false, false) if has(Sign::Move) && signs.len() > 1 => one(Act::Accept, false),
        (false, false, false) => Says::Tells,
        (_, _, _) => Says::Weighty,
    }
}

/// « on ne publie pas », « non merci », “not this one”.
fn negated(signs: &[Sign], gone: bool, out: bool) -> Says {
    let has = |sign: Sign| signs.contains(&sign);
    let refused = Says::Decides { act: Act::Refuse, plainly: true };
    if has(Sign::No) {
        let first = signs.iter().find(|sign| **sign != Sign::Small);
        let bare_no = first == Some(&Sign::No) && signs.get(1) != Some(&Sign::Object);
        let alone = !gone && !out && !has(Sign::Move) && !has(Sign::Spam) && !has(Sign::Lacking);
        // « non non, envoie »: nobody knows.
        let once = signs.iter().filter(|sign| **sign == Sign::No).count() == 1;
        return if bare_no && alone && once { refused } else { Says::Weighty };
    }
    match (gone, has(Sign::Publish), has(Sign::Fine), has(Sign::Move), has(Sign::Object)) {
        (false, true, false, _, _) | (false, false, false, true, _) => refused,
        (false, false, false, false, true) if !has(Sign::Spam) => refused,
        (_, _, _, _, _) => Says::Weighty,
    }
}
