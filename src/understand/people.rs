//! Lists of people as animators paste them: « ajouter : Anne Martin <anne@…>, Bob Roy <bob@…> », one
//! a line or one behind the other, out of an address book, a mail or a spreadsheet.
//!
//! What is read is shown before anything is done, so what cannot be read is kept as it was written
//! and shown too. Words that are no such list are left to the reader of sentences.

mod apart;
mod naming;
mod rows;
mod words;

use serde::Deserialize;

use super::book::own_words;
use super::tokens::{self, Kin, Kind};
use crate::domain::address::EmailAddress;
use crate::domain::command::{AnimatorCommand, Called};
use words::{at_signs, is_heading, named_in, stands};

/// Words around a list; more are a letter to people.
const CUE_WORDS_MAX: usize = 60;
/// People one mail may name; more are not read.
const PEOPLE_MAX: usize = 500;
/// Words of a name.
const NAME_WORDS_MAX: usize = 5;
/// Characters kept of what could not be read.
const WRITTEN_CHARS_MAX: usize = 120;

/// The words that begin and surround such lists.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PeopleWords {
    verbs: Verbs,
    words: Words,
    cues: Cues,
    apart: Apart,
}

/// Above a list that says no more: « Partis : ».
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Apart {
    add: Vec<String>,
    remove: Vec<String>,
}

/// What people say around a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cues {
    add: Vec<String>,
    invite: Vec<String>,
    remove: Vec<String>,
    ban: Vec<String>,
    unban: Vec<String>,
    open: Vec<String>,
    requests: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verbs {
    add: Vec<String>,
    invite: Vec<String>,
    remove: Vec<String>,
    ban: Vec<String>,
    unban: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    lead: Vec<String>,
    filler: Vec<String>,
    particles: Vec<String>,
    closing: Vec<String>,
}

type Make = fn(Vec<Called>) -> AnimatorCommand;

impl PeopleWords {
    pub(super) fn own() -> PeopleWords {
        own_words(include_str!("../../data/phrases/people.toml"))
    }

    /// The lists a text holds.
    pub(super) fn read(&self, text: &str) -> Option<Vec<AnimatorCommand>> {
        let spelled = at_signs(text);
        let text = spelled.as_str();
        if !text.contains('@') {
            return None;
        }
        if !self.leaves_open(text)
            && let Some(several) = self.apart(text)
        {
            return Some(several.into_iter().map(|command| named_in(command, text)).collect());
        }
        let table = text.lines().any(is_heading);
        let begun = if table { None } else { self.begun(text) };
        // « Il faudrait ajouter Rémi, son adresse c’est … » is a sentence, and no list of two.
        let addressed = |command: &AnimatorCommand| {
            command.people().unwrap_or_default().iter().filter(|called| called.address.is_some()).count()
        };
        let missing = begun.as_ref().is_none_or(|begun| addressed(begun) < text.matches('@').count());
        let around = if missing { self.around(text) } else { None };
        let found = match (begun, around) {
            (Some(begun), Some(around)) if addressed(&around) <= addressed(&begun) => begun,
            (begun, around) => around.or(begun)?,
        };
        // « ajouter … mais invitez-les seulement »
        if let AnimatorCommand::Add(people) = &found
            && self.invites(text)
        {
            return Some(vec![named_in(AnimatorCommand::Invite(people.clone()), text)]);
        }
        Some(vec![named_in(found, text)])
    }

    fn leaves_open(&self, text: &str) -> bool {
        let spaced = format!(" {} ", folded_words(text).join(" "));
        self.cues.open.iter().any(|phrase| stands(phrase, &spaced))
    }

    fn invites(&self, text: &str) -> bool {
        let spaced = format!(" {} ", folded_words(text).join(" "));
        self.cues.invite.iter().any(|phrase| stands(phrase, &spaced))
    }

    /// A list behind the word that says what it is for.
    fn begun(&self, text: &str) -> Option<AnimatorCommand> {
        let (make, rest) = self.verb(text)?;
        if !rest.contains('@') {
            return None;
        }
        let mut people = self.people(rest)?;
        for called in &mut people {
            called.name = rows::put_right(&called.name);
        }
        let named = people.iter().any(|called| called.address.is_some() || called.written.contains('@'));
        named.then(|| make(people))
    }

    /// People among other words: « Nouveaux : … Merci de les ajouter », “Samira wants in: sam@…”.
    fn around(&self, text: &str) -> Option<AnimatorCommand> {
        let lines: Vec<&str> = text.lines().map(without_bullet).filter(|line| !line.is_empty()).collect();
        let rows: Vec<&str> = lines.iter().copied().filter(|line| line.contains('@')).collect();
        let heading = lines.iter().copied().find(|line| is_heading(line));
        let make = self.cue(text, heading.is_some())?;
        let mut people: Vec<Called> = Vec::new();
        for row in rows {
            for called in rows::read(row, heading) {
                let known = people.iter().any(|other| other.address == called.address);
                if !known && people.len() < PEOPLE_MAX {
                    people.push(called);
                }
            }
        }
        (!people.is_empty()).then(|| make(people))
    }

    /// What words around a list ask for, if they ask for one thing, and leave nothing open.
    fn cue(&self, text: &str, is_table: bool) -> Option<Make> {
        let without: String = text
            .split_inclusive(char::is_whitespace)
            .map(|word| if word.contains('@') { ", " } else { word })
            .collect();
        let words = folded_words(&without);
        let spaced = format!(" {} ", words.join(" "));
        let has = |phrases: &[String]| phrases.iter().any(|phrase| stands(phrase, &spaced));
        let asks = without.contains(['?', '\u{ff1f}']) && !has(&self.cues.requests);
        if words.len() > CUE_WORDS_MAX || asks || has(&self.cues.open) {
            return None;
        }
        let cues = &self.cues;
        match (has(&cues.add), has(&cues.invite), has(&cues.remove), has(&cues.ban), has(&cues.unban)) {
            (_, true, false, false, false) => Some(AnimatorCommand::Invite),
            (true, false, false, false, false) => Some(AnimatorCommand::Add),
            (false, false, true, false, false) => Some(AnimatorCommand::Remove),
            (false, false, _, true, false) => Some(AnimatorCommand::Ban),
            (false, false, false, _, true) => Some(AnimatorCommand::Unban),
            (false, false, false, false, false) if is_table => Some(AnimatorCommand::Add),
            (_, _, _, _, _) => None,
        }
    }

    /// What is to be done, by the first words that are not mere politeness; and what stands behind.
    fn verb<'t>(&self, text: &'t str) -> Option<(Make, &'t str)> {
        let words = tokens::tokens(text, 0, &Kin::new());
        let is_lead = |word: &str| self.words.lead.iter().any(|lead| lead == word);
        let mut at = 0;
        while words.get(at).is_some_and(|token| token.kind == Kind::Comma || is_lead(&token.word)) {
            at += 1;
        }
        let verbs: [(&[String], Make); 5] = [
            (&self.verbs.add, AnimatorCommand::Add),
            (&self.verbs.invite, AnimatorCommand::Invite),
            (&self.verbs.remove, AnimatorCommand::Remove),
            (&self.verbs.ban, AnimatorCommand::Ban),
            (&self.verbs.unban, AnimatorCommand::Unban),
        ];
        let length = |phrase: &String| {
            let wanted: Vec<&str> = phrase.split(' ').collect();
            let here = words[at..].iter().take(wanted.len()).map(|token| token.word.as_str());
            here.eq(wanted.iter().copied()).then_some(wanted.len())
        };
        // The longest: « ajout de » before « ajout ».
        let found = verbs
            .iter()
            .filter_map(|(phrases, make)| Some((phrases.iter().filter_map(length).max()?, *make)))
            .max_by_key(|(length, _)| *length)?;
        let (length, make) = found;
        let mut next = at + length;
        let is_filler = |word: &str| self.words.filler.iter().any(|filler| filler == word);
        while words.get(next).is_some_and(|token| token.kind == Kind::Comma || is_filler(&token.word)) {
            next += 1;
        }
        let begins = match words.get(next) {
            Some(token) => token.at.start,
            None => return None,
        };
        // A bracket or quotation mark before the first of them is theirs.
        let before = text[..begins].trim_end_matches(['<', '"', '«', '(', '\'', '\u{a0}']);
        Some((make, &text[before.len()..]))
    }

    /// Everybody a list names; nothing, if it is prose.
    fn people(&self, text: &str) -> Option<Vec<Called>> {
        let mut people: Vec<Called> = Vec::new();
        let mut after_gap = false;
        let last = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().map(without_bullet).collect();
        for (at, line) in lines.iter().copied().enumerate() {
            if line.is_empty() {
                after_gap = !people.is_empty();
                continue;
            }
            let has_address = line.contains('@');
            // A name, and its address on the line below.
            let follows = line.split_whitespace().count() <= NAME_WORDS_MAX
                && lines.get(at + 1).is_some_and(|next| next.contains('@'));
            if !has_address && !people.is_empty() && !follows && (after_gap || self.closes(line)) {
                break;
            }
            if is_heading(line) {
                continue;
            }
            // « ta », « à bientôt »: no name, and nobody's address.
            let is_idle_line = !line.contains(char::is_uppercase) && !line.contains(char::is_numeric);
            // « Solange », below it all.
            let signs = line == last && !line.contains(char::is_whitespace);
            if !has_address && !people.is_empty() && (is_idle_line || signs) {
                continue;
            }
            for called in self.of_line(line) {
                if people.is_empty() && called.address.is_none() && !self.is_name(&called.written) {
                    return None;
                }
                let known = |other: &&Called| other.address.is_some() && other.address == called.address;
                if !people.iter().any(|other| known(&other)) {
                    people.push(called);
                }
            }
            if people.len() >= PEOPLE_MAX {
                break;
            }
        }
        people.truncate(PEOPLE_MAX);
        (!people.is_empty()).then_some(people)
    }

    fn closes(&self, line: &str) -> bool {
        let words = folded_words(line);
        let begins = |closing: &String| {
            let wanted: Vec<&str> = closing.split(' ').collect();
            words.iter().take(wanted.len()).map(String::as_str).eq(wanted.iter().copied())
        };
        self.words.closing.iter().any(begins) || words.iter().all(|word| self.words.filler.contains(word))
    }

    fn of_line(&self, line: &str) -> Vec<Called> {
        let columns = split(line, &[';', '\t']);
        let with_address = columns.iter().filter(|column| column.contains('@')).count();
        // A row of a spreadsheet: a name, an address, and whatever else.
        if columns.len() > 1 && with_address == 1 && columns.len() <= 4 {
            let address = columns.iter().find(|column| column.contains('@')).copied().unwrap_or_default();
            let names = columns.iter().filter(|column| self.is_name(column)).copied();
            let name = names.collect::<Vec<_>>().join(" ");
            return vec![self.with_name(self.one(address), &name)];
        }
        columns.iter().flat_map(|column| self.of_column(column)).collect()
    }

    /// What stands between two semicolons, or a whole line: one, or several behind commas.
    fn of_column(&self, column: &str) -> Vec<Called> {
        if column.matches('@').count() <= 1 && split(column, &[',']).len() <= 2 && column.contains('@') {
            return vec![self.maybe_reversed(column)];
        }
        let pieces = split(column, &[',']);
        let pairs = pieces.len().is_multiple_of(2)
            && pieces.chunks(2).all(|pair| !pair[0].contains('@') && pair[1].contains('@'))
            && pieces.iter().step_by(2).all(|piece| self.is_name(piece));
        if pairs {
            return pieces
                .chunks(2)
                .map(|pair| self.with_name(self.one(pair[1]), &self.put_right(pair[0], pair[1])))
                .collect();
        }
        let apart = pieces.iter().flat_map(|piece| at_and(piece));
        apart.flat_map(|piece| self.several(piece)).collect()
    }

    /// « Martin, Anne <anne@…> »: the family name first, as Outlook writes it.
    fn maybe_reversed(&self, column: &str) -> Called {
        match split(column, &[',']).as_slice() {
            [name, address] if !name.contains('@') && self.is_name(name) => {
                self.with_name(self.one(address), &self.put_right(name, address))
            }
            _ => self.one(column),
        }
    }

    /// The whole name of « Martin » before « Anne <anne@…> ».
    fn put_right(&self, family: &str, given_and_address: &str) -> String {
        let given = self.one(given_and_address).name;
        if given.is_empty() { family.trim().to_owned() } else { format!("{given} {}", family.trim()) }
    }

    /// Addresses with nothing but blanks between them are several; « anne@… <mailto:anne@…> » is one.
    fn several(&self, piece: &str) -> Vec<Called> {
        let words: Vec<&str> = piece.split_whitespace().collect();
        if words.len() > 1 && words.iter().all(|word| word.contains('@') && !word.contains("mailto:")) {
            return words.iter().map(|word| self.one(word)).collect();
        }
        vec![self.one(piece)]
    }

    /// One person.
    fn one(&self, piece: &str) -> Called {
        let written: String = piece.trim().chars().take(WRITTEN_CHARS_MAX).collect();
        let ends = |c: char| c.is_whitespace() || "<>()[]\"',;«»“”".contains(c);
        let found = piece.split(ends).find(|word| word.contains('@')).unwrap_or_default();
        let bare = found.trim_start_matches("mailto:").trim_end_matches(['.', ':', '!', '?']);
        let Ok(address) = EmailAddress::parse(bare) else {
            let name = if piece.contains('@') { String::new() } else { self.name_in(piece) };
            return Called { name, address: None, written };
        };
        let at = piece.find(found).unwrap_or(0);
        let before = self.name_in(&piece[..at]);
        let after = self.name_in(&piece[at + found.len()..]);
        let name = if before.is_empty() { after } else { before };
        let odd = name.is_empty() && !self.is_idle(&piece[..at]);
        // « un lien vers anne@… » asks for something else.
        let address = if odd { None } else { Some(address) };
        Called { name, address, written }
    }

    fn with_name(&self, called: Called, name: &str) -> Called {
        let name = self.name_in(name);
        if name.is_empty() { called } else { Called { name, ..called } }
    }

    /// The name a few words are; empty, if they are none.
    fn name_in(&self, text: &str) -> String {
        let text = text.trim_matches(|c: char| c.is_whitespace() || "<>()[]\"'«»“”,:;-–—".contains(c));
        let mut words: Vec<&str> = text.split_whitespace().collect();
        while words.last().is_some_and(|word| self.is_idle(word)) {
            words.pop();
        }
        while words.first().is_some_and(|word| self.is_idle(word)) {
            words.remove(0);
        }
        let name = words.join(" ");
        // « Roy, Bob », within quotation marks.
        let name = match name.split_once(',') {
            Some((family, given)) if !given.contains(',') => format!("{} {}", given.trim(), family.trim()),
            Some(_) | None => name,
        };
        if self.is_name(&name) { name } else { String::new() }
    }

    fn is_idle(&self, text: &str) -> bool {
        let shouted = |word: &str| word.chars().count() > 1 && !word.contains(char::is_lowercase);
        let starts_small = |word: &str| !word.starts_with(char::is_uppercase) || shouted(word);
        text.split_whitespace().all(starts_small)
            && folded_words(text).iter().all(|word| self.words.filler.contains(word))
    }

    /// A few words that begin with capital letters, or particles between them.
    fn is_name(&self, text: &str) -> bool {
        let words: Vec<&str> = text.split_whitespace().collect();
        let fits = |word: &&str| {
            let bare = word.trim_matches(|c: char| "\"'«»“”().".contains(c));
            bare.starts_with(char::is_uppercase) || self.words.particles.contains(&tokens::fold(bare))
        };
        let named =
            words.iter().any(|word| word.trim_matches(['"', '«', '“']).starts_with(char::is_uppercase));
        named
            && words.len() <= NAME_WORDS_MAX
            && words.iter().all(fits)
            && !text.contains(['@', '?', '!', ':'])
    }
}

fn folded_words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(tokens::fold).collect()
}

/// « - anne@… », « 2. anne@… », « • Anne »: without what only numbers them.
fn without_bullet(line: &str) -> &str {
    let line = line.trim().trim_start_matches(['-', '*', '•', '·', '–', '—', '>']).trim_start();
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    match line[digits..].strip_prefix(['.', ')']) {
        Some(rest) if digits > 0 && digits < 4 && rest.starts_with(' ') => rest.trim_start(),
        Some(_) | None => line,
    }
}

/// Parts between separators that stand in no quotation marks and no brackets; none is empty.
fn split<'t>(text: &'t str, separators: &[char]) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut bracketed) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '<' => bracketed = true,
            '>' => bracketed = false,
            c if separators.contains(&c) && !quoted && !bracketed => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// « anne@… et bob@… »: apart.
fn at_and(piece: &str) -> Vec<&str> {
    let mut parts = vec![piece];
    for and in [" et ", " and ", " & ", " ou "] {
        parts = parts
            .into_iter()
            .flat_map(
                |part| if part.matches('@').count() > 1 { part.split(and).collect() } else { vec![part] },
            )
            .collect();
    }
    let led = |part: &&str| {
        part.trim_start().strip_prefix("et ").or(part.trim_start().strip_prefix("and ")).is_some()
    };
    parts
        .into_iter()
        .map(
            |part| {
                if led(&part) {
                    part.trim_start().split_once(' ').map_or(part, |(_, rest)| rest)
                } else {
                    part
                }
            },
        )
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}
