//! The phrase book: `data/phrases/LANGUAGE.toml`, and what an operator's folder adds to it.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::gist::Gist;
use super::orders::Orders;
use super::pattern::{Pattern, Vocabulary};
use super::people::PeopleWords;
use super::slots::{Calendar, DateWord, Unit};
use super::tokens::{self, Kin};
use super::topic::Topic;
use crate::domain::list::Language;
use crate::domain::member::Day;

/// The largest file of phrases read from a folder, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// The phrases of both languages.
pub struct PhraseBook {
    pub(super) kin: Kin,
    pub(super) vocabulary: Vocabulary,
    /// In an order in which each uses only those before it.
    pub(super) sets: Vec<Vec<Pattern>>,
    pub(super) numbers: SetNumbers,
    pub(super) phrases: Vec<Phrase>,
    pub(super) gists: Vec<Gist>,
    pub(super) calendar: Calendar,
    pub(super) negations: Vec<String>,
    pub(super) doubts: Vec<String>,
    pub(super) breaks: Vec<String>,
    pub(super) articles: Vec<String>,
    pub(super) people: PeopleWords,
    pub(super) orders: Orders,
}

/// The sets that mean something to the reader itself, in every language.
#[derive(Default)]
pub(super) struct SetNumbers {
    pub(super) idle: Vec<usize>,
    pub(super) greeting: Vec<usize>,
    pub(super) closing: Vec<usize>,
    pub(super) aside: Vec<usize>,
    pub(super) polite: Vec<usize>,
    /// Something is asked of whoever reads this, wherever in a clause it stands.
    pub(super) asking: Vec<usize>,
    /// The same, where a clause begins with it.
    pub(super) orders: Vec<usize>,
    /// It is about others, about what was, or about what might be.
    pub(super) told: Vec<usize>,
    /// Somebody asks how or why.
    pub(super) wondering: Vec<usize>,
    /// What is given up follows: "instead of".
    pub(super) contrast: Vec<usize>,
    pub(super) everything: Vec<usize>,
    /// What says that nothing is waited for.
    pub(super) now: Vec<usize>,
    /// A day on which something happens.
    pub(super) upon: Vec<usize>,
    /// A stretch of days, or a day that is over, which is no such day.
    pub(super) period: Vec<usize>,
}

/// One phrase, and what it says.
pub(super) struct Phrase {
    pub(super) topic: Topic,
    pub(super) language: Language,
    pub(super) pattern: Pattern,
    pub(super) weight: Weight,
}

/// What a phrase is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Weight {
    /// If nothing else is said, this is what is wanted.
    Say,
    /// Wherever it stands, this is probably what is wanted.
    Propose,
}

/// Something in a file of phrases that cannot be used; the rest of it is.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("cannot use all of the phrases in {}: {why}", path.display())]
pub struct PhraseFault {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// A file of phrases as it is written.
#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields, default)]
struct File {
    /// Read as the key: `"je veux" = ["jveux"]`.
    kin: HashMap<String, Vec<String>>,
    words: Words,
    sets: HashMap<String, Vec<String>>,
    dates: Dates,
    say: HashMap<String, Vec<String>>,
    act: HashMap<String, Vec<String>>,
    propose: HashMap<String, Vec<String>>,
    gist: HashMap<String, Vec<String>>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields, default)]
struct Words {
    negation: Vec<String>,
    doubt: Vec<String>,
    breaks: Vec<String>,
    articles: Vec<String>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields, default)]
struct Dates {
    months: Vec<Vec<String>>,
    days: Vec<Vec<String>>,
    numbers: HashMap<String, u32>,
    units: HashMap<String, Vec<String>>,
    words: HashMap<String, Vec<String>>,
}

/// Words of our own, from a file that is compiled in.
pub(super) fn own_words<T: serde::de::DeserializeOwned>(source: &str) -> T {
    toml::from_str(source).expect("our own words are tested")
}

fn own(language: Language) -> &'static str {
    match language {
        Language::Fr => include_str!("../../data/phrases/fr.toml"),
        Language::En => include_str!("../../data/phrases/en.toml"),
    }
}

impl PhraseBook {
    /// Our own phrases, and those of `folder/fr.toml` and `folder/en.toml` beside them.
    ///
    /// A file or phrase that cannot be read is left out and reported.
    pub fn new(folder: Option<&Path>) -> (PhraseBook, Vec<PhraseFault>) {
        let mut faults = Vec::new();
        let mut files: Vec<(Language, PathBuf, File)> = Vec::new();
        for language in Language::ALL {
            let name = format!("{}.toml", language.tag());
            let file = toml::from_str(own(language)).expect("our own phrases are tested");
            files.push((language, PathBuf::from("data/phrases").join(&name), file));
            let Some(path) = folder.map(|folder| folder.join(&name)) else { continue };
            match read_file(&path) {
                Ok(Some(file)) => files.push((language, path, file)),
                Ok(None) => {}
                Err(why) => faults.push(PhraseFault { path, why }),
            }
        }
        (build(files, &mut faults), faults)
    }
}

fn build(files: Vec<(Language, PathBuf, File)>, faults: &mut Vec<PhraseFault>) -> PhraseBook {
    let kin = kin_of(&files, faults);
    let mut book = PhraseBook {
        kin,
        vocabulary: Vocabulary::default(),
        sets: Vec::new(),
        numbers: SetNumbers::default(),
        phrases: Vec::new(),
        gists: Vec::new(),
        calendar: Calendar::default(),
        negations: Vec::new(),
        doubts: Vec::new(),
        breaks: Vec::new(),
        articles: Vec::new(),
        people: PeopleWords::own(),
        orders: Orders::own(),
    };
    for language in Language::ALL {
        let of_language: Vec<&(Language, PathBuf, File)> =
            files.iter().filter(|(of, _, _)| *of == language).collect();
        let sets = book.add_sets(&of_language, faults);
        for (_, path, file) in of_language {
            let mut report = |why| faults.push(PhraseFault { path: path.clone(), why });
            book.negations.extend(file.words.negation.iter().cloned());
            book.doubts.extend(file.words.doubt.iter().cloned());
            book.breaks.extend(file.words.breaks.iter().cloned());
            book.articles.extend(file.words.articles.iter().cloned());
            book.add_dates(&file.dates, &mut report);
            book.add_phrases(language, file, &sets, &mut report);
        }
    }
    book
}

/// Words read as others, in all languages at once: a word is one thing, whoever writes it.
fn kin_of(files: &[(Language, PathBuf, File)], faults: &mut Vec<PhraseFault>) -> Kin {
    let mut first = Kin::new();
    for (_, path, file) in files {
        let mut rows: Vec<(&String, &Vec<String>)> = file.kin.iter().collect();
        rows.sort_unstable();
        for (read_as, written) in rows {
            let words: Vec<String> = read_as.split_whitespace().map(str::to_owned).collect();
            for word in written {
                if first.get(word).is_some_and(|known| *known != words) {
                    let why = format!("[kin] {word:?} is already read as {:?}", first[word].join(" "));
                    faults.push(PhraseFault { path: path.clone(), why });
                    continue;
                }
                first.insert(word.clone(), words.clone());
            }
        }
    }
    // "jveux" is "je veux", and "veux" is "vouloir".
    let again = |word: &String| first.get(word).cloned().unwrap_or_else(|| vec![word.clone()]);
    first.iter().map(|(word, read_as)| (word.clone(), read_as.iter().flat_map(again).collect())).collect()
}

impl PhraseBook {
    /// The words that were probably meant, by a slip of the finger in them or in one of their kin.
    pub(super) fn meant_by(&self, written: &str) -> Vec<(usize, bool)> {
        let mut found: Vec<usize> = self.vocabulary.meant_by(written).collect();
        for (kin, read_as) in &self.kin {
            if let [one] = read_as.as_slice()
                && tokens::is_slip(written, kin)
            {
                found.extend(self.vocabulary.get(one));
            }
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|number| (number, true)).collect()
    }

    /// The sets of a language, those that are used before those that use them.
    fn add_sets(
        &mut self,
        files: &[&(Language, PathBuf, File)],
        faults: &mut Vec<PhraseFault>,
    ) -> HashMap<String, usize> {
        let mut waiting: HashMap<&str, Vec<(&Path, &str)>> = HashMap::new();
        for (_, path, file) in files {
            for (name, phrases) in &file.sets {
                let phrases = phrases.iter().map(|phrase| (path.as_path(), phrase.as_str()));
                waiting.entry(name).or_default().extend(phrases);
            }
        }
        let mut known = HashMap::new();
        let mut names: Vec<&str> = waiting.keys().copied().collect();
        names.sort_unstable();
        while !names.is_empty() {
            let uses_waiting = |name: &&str| {
                let uses = |phrase: &str| names.iter().any(|other| phrase.contains(&format!("@{other}")));
                waiting[name].iter().any(|(_, phrase)| uses(phrase))
            };
            // Those left use each other in a circle: their phrases are reported, one by one.
            let next = names.iter().position(|name| !uses_waiting(name)).unwrap_or(0);
            let name = names.remove(next);
            let mut patterns = Vec::new();
            for (path, phrase) in &waiting[name] {
                match Pattern::parse(phrase, &self.kin, &mut self.vocabulary, &known) {
                    Ok(pattern) => patterns.push(pattern),
                    Err(why) => faults.push(PhraseFault { path: path.to_path_buf(), why }),
                }
            }
            let number = self.sets.len();
            self.sets.push(patterns);
            known.insert(name.to_owned(), number);
            match name {
                "idle" => self.numbers.idle.push(number),
                "greeting" => self.numbers.greeting.push(number),
                "closing" => self.numbers.closing.push(number),
                "aside" => self.numbers.aside.push(number),
                "polite" => {
                    self.numbers.polite.push(number);
                    self.numbers.asking.push(number);
                }
                "request" | "asking" => self.numbers.asking.push(number),
                "orders" => self.numbers.orders.push(number),
                "told" => self.numbers.told.push(number),
                "wondering" => self.numbers.wondering.push(number),
                "contrast" => self.numbers.contrast.push(number),
                "everything" => self.numbers.everything.push(number),
                "now" => self.numbers.now.push(number),
                "upon" => self.numbers.upon.push(number),
                "period" | "since" => self.numbers.period.push(number),
                _ => {}
            }
        }
        known
    }

    fn add_phrases(
        &mut self,
        language: Language,
        file: &File,
        sets: &HashMap<String, usize>,
        report: &mut impl FnMut(String),
    ) {
        let tables =
            [("say", &file.say), ("act", &file.act), ("propose", &file.propose), ("gist", &file.gist)];
        for (kind, table) in tables {
            let mut names: Vec<&String> = table.keys().collect();
            names.sort_unstable();
            for name in names {
                let Some(topic) = Topic::of_name(name) else {
                    report(format!("[{kind}] there is nothing called {name:?}"));
                    continue;
                };
                for phrase in &table[name] {
                    if kind == "gist" {
                        match Gist::parse(phrase, topic, language, &self.kin, &mut self.vocabulary, sets) {
                            Ok(gist) => self.gists.push(gist),
                            Err(why) => report(format!("[{kind}] {name}: {why}")),
                        }
                        continue;
                    }
                    match Pattern::parse(phrase, &self.kin, &mut self.vocabulary, sets) {
                        Ok(pattern) => self.add_phrase(kind, topic, language, &pattern, sets),
                        Err(why) => report(format!("[{kind}] {name}: {why}")),
                    }
                }
            }
        }
    }

    fn add_phrase(
        &mut self,
        kind: &str,
        topic: Topic,
        language: Language,
        pattern: &Pattern,
        sets: &HashMap<String, usize>,
    ) {
        let mut push = |pattern, weight| self.phrases.push(Phrase { topic, language, pattern, weight });
        match kind {
            "act" => {
                if let Some(request) = sets.get("request") {
                    push(pattern.after_set(*request, false), Weight::Say);
                }
                if let Some(possible) = sets.get("possible") {
                    push(pattern.after_set(*possible, true), Weight::Propose);
                }
            }
            "propose" => push(pattern.clone(), Weight::Propose),
            _ => push(pattern.clone(), Weight::Say),
        }
    }

    fn add_dates(&mut self, dates: &Dates, report: &mut impl FnMut(String)) {
        let kin = self.kin.clone();
        let word = |text: &String| -> String {
            let tokens = tokens::tokens(text, 0, &kin);
            tokens.into_iter().next().map_or_else(|| tokens::fold(text), |token| token.word)
        };
        for (month, names) in (1..=12_i8).zip(&dates.months) {
            self.calendar.months.extend(names.iter().map(|name| (word(name), month)));
        }
        const DAYS: [Day; 7] = [
            Day::Monday,
            Day::Tuesday,
            Day::Wednesday,
            Day::Thursday,
            Day::Friday,
            Day::Saturday,
            Day::Sunday,
        ];
        for (day, names) in DAYS.into_iter().zip(&dates.days) {
            self.calendar.days.extend(names.iter().map(|name| (word(name), day)));
        }
        self.calendar.numbers.extend(dates.numbers.iter().map(|(name, number)| (word(name), *number)));
        for (name, words) in &dates.units {
            let unit = match name.as_str() {
                "day" => Unit::Day,
                "week" => Unit::Week,
                "fortnight" => Unit::Fortnight,
                "month" => Unit::Month,
                "year" => Unit::Year,
                "hour" => Unit::Hour,
                _ => {
                    report(format!("[dates.units] there is no unit called {name:?}"));
                    continue;
                }
            };
            self.calendar.units.extend(words.iter().map(|text| (word(text), unit)));
        }
        for (name, words) in &dates.words {
            let meaning = match name.as_str() {
                "next" => DateWord::Next,
                "end" => DateWord::End,
                "tomorrow" => DateWord::Tomorrow,
                "small" => DateWord::Small,
                "noon" => DateWord::Noon,
                "midnight" => DateWord::Midnight,
                "morning" => DateWord::Morning,
                "evening" => DateWord::Evening,
                "christmas" => DateWord::Christmas,
                _ => {
                    report(format!("[dates.words] there is no word called {name:?}"));
                    continue;
                }
            };
            self.calendar.words.extend(words.iter().map(|text| (word(text), meaning)));
        }
    }
}

/// A file that is not there is no fault.
fn read_file(path: &Path) -> Result<Option<File>, String> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut source = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut source).map_err(|error| error.to_string())?;
    if source.len() as u64 > FILE_BYTES_MAX {
        return Err("it is larger than 256 KiB".to_owned());
    }
    toml::from_str(&source).map(Some).map_err(|error| error.to_string())
}
