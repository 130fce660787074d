//! An animator's answer to a mail that asks what to do with what waits.
//!
//! A small grammar and whole phrases, not sentences: what goes to an author are the animator's own
//! words, so nothing is guessed here. Anything else decides nothing and is asked about.

mod free;
mod items;
mod several;
mod speech;

use std::collections::HashSet;

use serde::Deserialize;

use super::book::own_words;
use super::tokens;
use crate::domain::command::{Decision, ModeratorAnswer};
use free::Act;
pub use several::Held;
use speech::{Lexicon, Says};

/// What an answer may say, as people say it (`data/phrases/decisions.toml`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    accept: HashSet<String>,
    refuse: HashSet<String>,
    refuse_whole: HashSet<String>,
    no_refusal: Vec<String>,
    discard: HashSet<String>,
    ban: HashSet<String>,
    reason: HashSet<String>,
    polite: HashSet<String>,
    slight: HashSet<String>,
    filler: Vec<String>,
    open: Vec<String>,
    wishes: Vec<String>,
    contrary: HashSet<String>,
    intro: Vec<String>,
    weighty: Vec<String>,
    #[serde(skip, default = "Lexicon::of_both_languages")]
    lexicon: Lexicon,
    #[serde(skip, default = "speech::several")]
    several: several::Lists,
    /// Words for the one thing that is spoken of: its author’s name, its title.
    #[serde(skip)]
    named: Vec<String>,
    /// Something in the mail is left open: then only whole phrases count.
    #[serde(skip)]
    guarded: bool,
}

/// Politeness that stands for nothing having been written.
const EMPTY: &[&str] = &[
    "bonjour",
    "bonsoir",
    "salut",
    "hello",
    "hi",
    "hey",
    "coucou",
    "cordialement",
    "amicalement",
    "bises",
    "bien a vous",
    "bien a toi",
    "regards",
    "best regards",
    "kind regards",
    "best",
    "cheers",
];

/// What a stretch between two marks says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Clause {
    Accept,
    Discard,
    Ban,
    Reason,
    Polite,
    Other,
}

impl Words {
    fn own() -> Words {
        own_words(include_str!("../../data/phrases/decisions.toml"))
    }

    fn clause(&self, text: &str) -> Clause {
        let bare = bare(text);
        let bare = self.without_polite(&bare);
        match bare {
            // A thumb has no letters, and is no mark.
            "" if only_thumbs(text) => Clause::Accept,
            "" if !text.chars().any(char::is_alphanumeric) && !only_marks(text) => Clause::Other,
            "" => Clause::Polite,
            bare if self.accept.contains(bare) => Clause::Accept,
            bare if self.discard.contains(bare) => Clause::Discard,
            bare if self.ban.contains(bare) => Clause::Ban,
            bare if self.reason.contains(bare) => Clause::Reason,
            bare if self.refuse_whole.contains(bare) || self.refuse.contains(bare) => Clause::Other,
            bare => match self.says(bare) {
                Says::Decides { act: Act::Accept, .. } => Clause::Accept,
                Says::Decides { act: Act::Discard, .. } => Clause::Discard,
                Says::Decides { act: Act::Ban, .. } => Clause::Ban,
                Says::Why => Clause::Reason,
                Says::Decides { act: Act::Refuse, .. } | Says::Weighty | Says::Tells => Clause::Other,
            },
        }
    }

    /// What the words of a clause say one by one.
    fn says(&self, bare: &str) -> Says {
        if self.guarded { Says::Tells } else { self.lexicon.says(bare, &self.named) }
    }

    /// « On ne publie pas, le ton est trop vif »: what stands behind a clause that refuses, if it is
    /// said to the author as much as to us.
    fn refused_first(&self, text: &str) -> Option<String> {
        let text = self.behind_greeting(text);
        let first = clauses(text).next()?;
        let whole = bare(first);
        let phrase = self.refuse_whole.contains(self.without_polite(&whole));
        let said = || self.lexicon.says(&whole, &self.named);
        if free::is_open(self, first) || !(phrase || matches!(said(), Says::Decides { act: Act::Refuse, .. }))
        {
            return None;
        }
        let after = first.as_ptr().addr() - text.as_ptr().addr() + first.len();
        let rest = text.get(after..)?.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '«').trim();
        let other = |clause: &str| {
            let decides = matches!(self.clause(clause), Clause::Accept | Clause::Discard | Clause::Ban);
            decides || matches!(self.says(&bare(clause)), Says::Weighty | Says::Decides { .. })
        };
        let of_author = |word: &str| self.named.iter().any(|name| name == word);
        let about_them = bare(rest).split(' ').any(of_author) || several::speaks_of_somebody(rest);
        let open = free::is_open(self, &free::without_wishes(self, rest));
        let plain = !open && !rest.contains(['?', '«', '“', '"']) && !about_them && !clauses(rest).any(other);
        let polite = clauses(rest).all(|clause| self.clause(clause) == Clause::Polite);
        (plain && !polite).then(|| rest.to_owned())
    }

    /// Words without politeness before or behind them; nothing, if that is all they are.
    fn without_polite<'b>(&self, bare: &'b str) -> &'b str {
        let mut words: &'b str = bare;
        loop {
            if self.polite.contains(words) {
                return "";
            }
            let cut = self.polite.iter().find_map(|polite| {
                let behind = words.strip_suffix(polite.as_str()).and_then(|rest| rest.strip_suffix(' '));
                behind.or_else(|| words.strip_prefix(polite.as_str()).and_then(|rest| rest.strip_prefix(' ')))
            });
            match cut {
                Some(rest) => words = rest,
                None => return words,
            }
        }
    }

    /// One decision that is all of a text; what goes to an author is left as it was written.
    fn decision(&self, text: &str) -> Option<Decision> {
        let asks = text.contains(['?', '\u{ff1f}']);
        let whole = bare(text);
        let whole = self.without_polite(&whole);
        let starts = |phrase: &String| {
            whole.strip_prefix(phrase.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        let like_a_refusal = self.no_refusal.iter().any(starts);
        if self.refuse_whole.contains(whole) {
            return (!asks).then_some(Decision::Refuse(String::new()));
        }
        if !like_a_refusal && let Some(words) = self.refusal(text) {
            return words.map(Decision::Refuse);
        }
        if asks {
            return None;
        }
        if let Some(words) = self.refused_first(text) {
            return Some(Decision::Refuse(words));
        }
        let clauses: Vec<Clause> = clauses(text).map(|clause| self.clause(clause)).collect();
        let all = |allowed: &[Clause]| clauses.iter().all(|clause| allowed.contains(clause));
        let any = |wanted: Clause| clauses.contains(&wanted);
        if any(Clause::Accept) && all(&[Clause::Accept, Clause::Polite]) {
            return Some(Decision::Accept);
        }
        if any(Clause::Ban) && all(&[Clause::Ban, Clause::Discard, Clause::Reason, Clause::Polite]) {
            return Some(Decision::Ban);
        }
        let thrown = any(Clause::Discard) && all(&[Clause::Discard, Clause::Reason, Clause::Polite]);
        thrown.then_some(Decision::Discard)
    }

    /// « non », and the words for the author. `Some(None)`: it begins so, and goes on like a yes.
    #[allow(clippy::option_option, reason = "no refusal, one that contradicts itself, and one with words")]
    fn refusal(&self, text: &str) -> Option<Option<String>> {
        let text = self.behind_greeting(text);
        let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        if !self.refuse.contains(&tokens::fold(word)) {
            return None;
        }
        let words = rest.trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, ',' | ':' | '.' | '-' | '–' | '—' | ';' | '!' | '…')
        });
        let words = words.trim();
        if words.is_empty() || words.chars().all(|c| !c.is_alphanumeric()) {
            return Some((!words.contains('?')).then(String::new));
        }
        // « non non, c'est bon, envoie », « non, jette », « refuse ou jette », « no reply needed »
        let another = |clause: &str| {
            matches!(self.clause(self.behind_no(clause)), Clause::Accept | Clause::Discard | Clause::Ban)
        };
        let folded = tokens::fold(words);
        let or = ["ou ", "or "].iter().any(|or| folded.starts_with(or));
        let first = bare(clauses(words).next().unwrap_or_default());
        let idle = ["needed", "necessary", "required", "necessaire"].iter().any(|end| first.ends_with(end));
        if clauses(words).any(another) || or || idle {
            return Some(None);
        }
        // « nan, on refuse » says it twice; « non, pas ici » tells the author why.
        let again = |clause: &str| {
            let bare = bare(clause);
            self.refuse.contains(&bare) || (self.refuse_whole.contains(&bare) && bare.contains("refus"))
        };
        if clauses(words).all(|clause| self.clause(clause) == Clause::Polite || again(clause)) {
            return Some(Some(String::new()));
        }
        // « No no, let him » is no refusal, and nobody knows what it is.
        let doubled =
            clauses(words).next().is_some_and(|clause| matches!(bare(clause).as_str(), "non" | "no"));
        if doubled {
            return Some(None);
        }
        Some(Some(words.to_owned()))
    }

    /// « non c’est bon »: what is said behind the no.
    fn behind_no<'t>(&self, text: &'t str) -> &'t str {
        let text = text.trim();
        match text.split_once(' ') {
            Some((word, rest)) if self.refuse.contains(&tokens::fold(word)) => rest,
            Some(_) | None => text,
        }
    }

    /// « Bonjour, non … »: without what only greets.
    fn behind_greeting<'t>(&self, text: &'t str) -> &'t str {
        let text = text.trim_start();
        match text.split_once([',', '!', '.']) {
            Some((first, rest)) if EMPTY.contains(&bare(first).as_str()) => rest.trim_start(),
            Some(_) | None => text,
        }
    }
}

/// What stands between marks.
fn clauses(text: &str) -> impl Iterator<Item = &str> {
    let apart = |c: char| matches!(c, ',' | '.' | ';' | ':' | '!' | '…' | '–' | '—' | '(' | ')' | '\n');
    text.split(apart).filter(|clause| !clause.trim().is_empty())
}

/// Reads an animator's own words, without quote, signature and telephone footer; `name` is theirs,
/// which below their words decides nothing. `held` is what the letter they answer named.
pub fn moderator_answer(text: &str, name: &str, held: &[Held<'_>]) -> ModeratorAnswer {
    let mut words = Words::own();
    // An address in it: that is about somebody, and not about what waits.
    words.guarded = free::is_open(&words, text) || text.contains('@');
    if let [one] = held {
        let called = bare(&format!("{} {}", one.author, one.title));
        words.named = called.split(' ').filter(|word| word.len() > 1).map(str::to_owned).collect();
    }
    let unclear = || ModeratorAnswer::Unclear(text.trim().to_owned());
    let signs = |line: &str| {
        let name = bare(name);
        // « Martine, animatrice »
        let line = bare(line.split(',').next().unwrap_or(line));
        !line.is_empty() && line.split(' ').all(|word| name.split(' ').any(|part| part == word))
    };
    let is_empty = |line: &&str| EMPTY.contains(&bare(line).as_str()) || only_marks(line) || signs(line);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said: Vec<&str> = lines.iter().copied().filter(|line| !is_empty(line)).collect();
    let Some(first) = said.first() else { return ModeratorAnswer::All(Decision::Accept) };
    let decided: Vec<&str> =
        said.iter().copied().filter(|line| words.clause(line) != Clause::Polite).collect();
    if decided.is_empty() {
        // « Merci » alone is no decision.
        return unclear();
    }
    let by_name = || several::read(&words, &decided.join("\n"), held);
    let by_number = || items::freely(&words, &decided);
    if let Some(items) = items::read(&words, &decided).or_else(by_name).or_else(by_number) {
        return ModeratorAnswer::Each(items);
    }
    let first = decided.first().copied().unwrap_or(first);
    match words.decision(first) {
        // An author's words may go over several lines; the other decisions have none.
        Some(Decision::Refuse(said_first)) => {
            let after = rest_of_text(text, first);
            let more: Vec<&str> = after.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            let contrary = more.iter().any(|line| words.clause(line) == Clause::Accept);
            let idle = |line: &&str| is_empty(line) || words.clause(line) == Clause::Polite;
            let after = if more.iter().all(idle) && said_first.is_empty() { "" } else { after };
            let whole = format!("{said_first}\n{after}");
            let whole = free::for_the_author(&words, whole.trim(), &signs);
            if contrary { unclear() } else { ModeratorAnswer::All(Decision::Refuse(whole)) }
        }
        Some(decision) => {
            let same = |line: &&str| words.decision(line).as_ref() == Some(&decision);
            if decided.iter().all(same) {
                return ModeratorAnswer::All(decision);
            }
            free::decision(&words, text, &decided).map_or_else(unclear, ModeratorAnswer::All)
        }
        // One sentence over two lines: « ok / c'est bon pour moi ».
        None => free::decision(&words, text, &decided).map_or_else(unclear, ModeratorAnswer::All),
    }
}

/// The text below its first line of words, with its empty lines.
fn rest_of_text<'a>(text: &'a str, first: &str) -> &'a str {
    let after = text.find(first).map_or("", |at| &text[at + first.len()..]);
    after.trim()
}

/// A line in small letters without accents and marks.
fn bare(line: &str) -> String {
    let folded = tokens::fold(line);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// A line of nothing but points and dashes. A question mark or a thumb is something else.
fn only_marks(line: &str) -> bool {
    line.chars().all(|c| matches!(c, '.' | ',' | '!' | '-' | '_' | '*' | '=' | ' '))
}

/// « 👍👍 », in whatever colour.
fn only_thumbs(text: &str) -> bool {
    const YES: [char; 4] = ['👍', '👌', '✅', '✔'];
    let colour = |c: char| ('\u{1f3fb}'..='\u{1f3ff}').contains(&c) || c == '\u{fe0f}';
    text.chars().any(|c| YES.contains(&c))
        && text.chars().all(|c| YES.contains(&c) || colour(c) || c.is_whitespace() || "!.".contains(c))
}
