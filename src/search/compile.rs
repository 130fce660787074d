//! From what was asked to what the index is asked: words without endings in every language they
//! may be read in, each field with its weight, and the lists it is asked about in every query.

use std::collections::HashSet;
use std::ops::Bound;

use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, Occur, PhraseQuery,
    Query as IndexQuery, RangeQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::query::{Clause, Query, Wanted, Within};
use super::schema::{Fields, HAS_ATTACHMENT, NOT_FOR_STRANGERS};
use super::words::{Endings, Tongue, Word, is_everywhere, words};
use super::{Reader, Shelf};

type Boxed = Box<dyn IndexQuery>;

/// A word in the subject, in the author's name and in a file counts so much against one in the text.
const SUBJECT_WEIGHT: f32 = 2.5;
const AUTHOR_WEIGHT: f32 = 2.0;
const BODY_WEIGHT: f32 = 1.0;
const ATTACHED_WEIGHT: f32 = 0.7;
/// Words that stand together as they were asked for count so much more.
const TOGETHER_WEIGHT: f32 = 2.0;
/// How much the second best field counts.
const TIE: f32 = 0.2;
/// Of fewer words, one alone says too little.
const NEARLY_WORDS_MIN: usize = 3;
/// Words of one phrase that are looked at.
const PHRASE_WORDS_MAX: usize = 12;

/// What the index is asked, and what of it can be shown.
pub(super) struct Compiled {
    pub(super) query: Boxed,
    /// What words looked for in a text are kept under.
    pub(super) marks: HashSet<String>,
    /// Whether some answers are better than others.
    pub(super) ranked: bool,
}

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sought {
    Posts,
    Editions,
}

/// Which of several words must be there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Needed {
    All,
    /// All but one, of five or more all but two; phrases and conditions always.
    NearlyAll,
}

/// What a query means, each list being looked into as its reader may. `None`: nothing can be found.
pub(super) fn compile(
    fields: &Fields,
    query: &Query,
    shelves: &[&Shelf],
    sought: Sought,
    needed: Needed,
) -> Option<Compiled> {
    let as_reader = |reader: Reader| {
        let theirs: Vec<&Shelf> = shelves.iter().filter(|shelf| shelf.reader == reader).copied().collect();
        Compiler { fields, reader, sought, endings: Endings::new() }.compile(query, &theirs, needed)
    };
    match (as_reader(Reader::Stranger), as_reader(Reader::Member)) {
        (Some(open), Some(theirs)) => Some(Compiled {
            query: Box::new(BooleanQuery::union(vec![open.query, theirs.query])),
            marks: open.marks.into_iter().chain(theirs.marks).collect(),
            ranked: open.ranked,
        }),
        (one, other) => one.or(other),
    }
}

/// Writes queries for the index.
pub(super) struct Compiler<'a> {
    pub(super) fields: &'a Fields,
    pub(super) reader: Reader,
    pub(super) sought: Sought,
    pub(super) endings: Endings,
}

impl<'a> Compiler<'a> {
    /// Of what anybody may find.
    pub(super) fn of_strangers(fields: &'a Fields) -> Compiler<'a> {
        Compiler { fields, reader: Reader::Stranger, sought: Sought::Posts, endings: Endings::new() }
    }

    fn compile(&self, query: &Query, shelves: &[&Shelf], needed: Needed) -> Option<Compiled> {
        if shelves.is_empty() || query.is_empty() {
            return None;
        }
        let mut parts: Vec<(Occur, Boxed)> = Vec::new();
        let mut marks = HashSet::new();
        let wanted: Vec<&Clause> = query.clauses.iter().filter(|c| c.wanted == Wanted::Yes).collect();
        // Words that are everywhere are only looked for when there is nothing else.
        let telling = wanted.iter().any(|clause| !is_idle(clause));
        let mut single: Vec<(Occur, Boxed)> = Vec::new();
        for clause in wanted.iter().filter(|clause| !telling || !is_idle(clause)) {
            // A word nothing is kept under is a word nobody wrote.
            let one = self.clause(clause, &mut marks)?;
            match needed {
                Needed::NearlyAll if is_single(clause) => single.push((Occur::Should, one)),
                Needed::NearlyAll | Needed::All => parts.push((Occur::Must, one)),
            }
        }
        if needed == Needed::NearlyAll {
            let left_out = match single.len() {
                0..NEARLY_WORDS_MIN => return None,
                NEARLY_WORDS_MIN..=4 => 1,
                _ => 2,
            };
            let enough = single.len() - left_out;
            parts.push((Occur::Must, Box::new(BooleanQuery::with_minimum_required_clauses(single, enough))));
        }
        if let Some(together) = self.together(&wanted) {
            parts.push((Occur::Should, together));
        }
        let ranked = !parts.is_empty();
        if parts.is_empty() {
            parts.push((Occur::Must, Box::new(ConstScoreQuery::new(Box::new(AllQuery), 0.0))));
        }
        for clause in query.clauses.iter().filter(|clause| clause.wanted == Wanted::No) {
            parts.extend(self.clause(clause, &mut HashSet::new()).map(|one| (Occur::MustNot, one)));
        }
        parts.extend(self.conditions(query));
        parts.push((Occur::Must, self.within(shelves)));
        Some(Compiled { query: Box::new(BooleanQuery::new(parts)), marks, ranked })
    }

    /// Only what one author wrote under that name.
    pub(super) fn by_author(&self, key: &str, shelf: &Shelf) -> Compiled {
        let mut parts: Vec<(Occur, Boxed)> = vec![
            (Occur::Must, word(Term::from_field_text(self.fields.by, key))),
            (Occur::Must, self.within(&[shelf])),
        ];
        parts.extend(self.not_for_strangers());
        Compiled { query: Box::new(BooleanQuery::new(parts)), marks: HashSet::new(), ranked: false }
    }

    /// Only posts that hold what a word is kept under, of these lists.
    pub(super) fn holding(&self, form: &str, shelves: &[&Shelf]) -> Boxed {
        let fields = self.text_fields().map(|(field, _)| field).into_iter().chain([self.fields.author]);
        let either = fields.map(|field| word(Term::from_field_text(field, form)));
        let mut parts: Vec<(Occur, Boxed)> = vec![
            (Occur::Must, Box::new(BooleanQuery::union(either.collect()))),
            (Occur::Must, self.within(shelves)),
        ];
        parts.extend(self.not_for_strangers());
        Box::new(BooleanQuery::new(parts))
    }

    fn within(&self, shelves: &[&Shelf]) -> Boxed {
        let any: Boxed = match shelves {
            [shelf] => self.on(shelf),
            shelves => Box::new(BooleanQuery::union(shelves.iter().map(|shelf| self.on(shelf)).collect())),
        };
        Box::new(ConstScoreQuery::new(any, 0.0))
    }

    /// What of one list may be found.
    fn on(&self, shelf: &Shelf) -> Boxed {
        let list = word(match self.sought {
            Sought::Posts => self.fields.list_term(shelf.list),
            Sought::Editions => self.fields.editions_term(shelf.list),
        });
        match shelf.from {
            None => list,
            Some(from) => {
                let from = Bound::Included(self.fields.post_term(from));
                let since: Boxed = Box::new(RangeQuery::new(from, Bound::Unbounded));
                Box::new(BooleanQuery::new(vec![(Occur::Must, list), (Occur::Must, since)]))
            }
        }
    }

    fn not_for_strangers(&self) -> Option<(Occur, Boxed)> {
        match self.reader {
            Reader::Stranger => {
                Some((Occur::MustNot, word(Term::from_field_text(self.fields.is, NOT_FOR_STRANGERS))))
            }
            Reader::Member => None,
        }
    }

    fn conditions(&self, query: &Query) -> Vec<(Occur, Boxed)> {
        let mut parts: Vec<(Occur, Boxed)> = self.not_for_strangers().into_iter().collect();
        if let Some(wanted) = query.attachment {
            let occur = match wanted {
                Wanted::Yes => Occur::Must,
                Wanted::No => Occur::MustNot,
            };
            let is = word(Term::from_field_text(self.fields.is, HAS_ATTACHMENT));
            parts.push((occur, Box::new(ConstScoreQuery::new(is, 0.0))));
        }
        if query.after.is_some() || query.before.is_some() {
            let at = |moment: crate::domain::time::Timestamp| {
                Term::from_field_i64(self.fields.date, moment.seconds())
            };
            let from = query.after.map_or(Bound::Unbounded, |after| Bound::Included(at(after)));
            let to = query.before.map_or(Bound::Unbounded, |before| Bound::Excluded(at(before)));
            let range = Box::new(RangeQuery::new(from, to));
            parts.push((Occur::Must, Box::new(ConstScoreQuery::new(range, 0.0))));
        }
        parts
    }

    fn text_fields(&self) -> [(Field, f32); 3] {
        let Fields { subject, body, attached, .. } = self.fields;
        [(*subject, SUBJECT_WEIGHT), (*body, BODY_WEIGHT), (*attached, ATTACHED_WEIGHT)]
    }

    fn fields_of(&self, within: Within) -> Vec<(Field, f32)> {
        let Fields { subject, author, address, .. } = self.fields;
        let mut fields = match within {
            Within::Anywhere => {
                let mut all = self.text_fields().to_vec();
                all.push((*author, AUTHOR_WEIGHT));
                all
            }
            Within::From => vec![(*author, 1.0)],
            Within::Subject => vec![(*subject, 1.0)],
        };
        match (self.reader, within) {
            (Reader::Member, Within::Anywhere | Within::From) => fields.push((*address, 1.0)),
            (Reader::Member, Within::Subject) | (Reader::Stranger, _) => {}
        }
        fields
    }

    /// One word, or several that stand together; in every language and field they may stand in.
    fn clause(&self, clause: &Clause, marks: &mut HashSet<String>) -> Option<Boxed> {
        let asked = words(&clause.words);
        let asked = &asked[..asked.len().min(PHRASE_WORDS_MAX)];
        let readings = self.readings_in(asked, &Tongue::ALL);
        if clause.within == Within::Anywhere {
            marks.extend(readings.iter().flatten().map(|(_, form)| form.clone()));
        }
        let mut either: Vec<Boxed> = Vec::new();
        for (field, weight) in self.fields_of(clause.within) {
            for reading in &readings {
                let found = in_field(field, reading);
                either.push(Box::new(BoostQuery::new(found, weight)));
            }
        }
        match either.len() {
            0 => None,
            1 => either.pop(),
            _ => Some(Box::new(DisjunctionMaxQuery::with_tie_breaker(either, TIE))),
        }
    }

    /// How words may be kept in any of these languages, each way once.
    fn readings_in(&self, asked: &[Word<'_>], tongues: &[Tongue]) -> Vec<Reading> {
        let mut all: Vec<Reading> = Vec::new();
        for reading in tongues.iter().flat_map(|tongue| self.readings(asked, *tongue)) {
            if !all.contains(&reading) {
                all.push(reading);
            }
        }
        all
    }

    /// How words may be kept in a language: with their accents, without, joined.
    fn readings(&self, asked: &[Word<'_>], tongue: Tongue) -> Vec<Reading> {
        let forms: Vec<(usize, _)> = asked
            .iter()
            .zip(0..)
            .map(|(word, position)| (position, self.endings.forms(word.text, tongue)))
            .collect();
        let plain: Reading =
            forms.iter().filter_map(|(at, forms)| Some((*at, forms.first.clone()?))).collect();
        let accented: Reading = forms
            .iter()
            .filter_map(|(at, forms)| Some((*at, forms.other.clone().or_else(|| forms.first.clone())?)))
            .collect();
        let whole = asked.first().filter(|word| word.joined + 1 == asked.len());
        let joined = whole.and_then(|_| self.endings.joined(asked, tongue)).map(|form| vec![(0, form)]);
        let mut readings = vec![plain, accented];
        readings.extend(joined);
        readings.retain(|reading| !reading.is_empty());
        readings.dedup();
        readings
    }

    /// Several words asked for one by one count more where they stand together.
    fn together(&self, wanted: &[&Clause]) -> Option<Boxed> {
        let row: Vec<&str> = wanted
            .iter()
            .filter(|clause| clause.within == Within::Anywhere && !clause.phrase)
            .map(|clause| clause.words.as_str())
            .collect();
        if row.len() < 2 {
            return None;
        }
        let row = row.join(" ");
        let asked = words(&row);
        let asked = &asked[..asked.len().min(PHRASE_WORDS_MAX)];
        let mut either: Vec<Boxed> = Vec::new();
        for reading in self.readings_in(asked, &[Tongue::French, Tongue::English]) {
            if reading.len() > 1 {
                let Fields { subject, body, .. } = self.fields;
                either.push(Box::new(BoostQuery::new(in_field(*subject, &reading), SUBJECT_WEIGHT)));
                either.push(in_field(*body, &reading));
            }
        }
        let together = (!either.is_empty()).then(|| DisjunctionMaxQuery::new(either));
        together.map(|together| Box::new(BoostQuery::new(Box::new(together), TOGETHER_WEIGHT)) as Boxed)
    }
}

/// Places in a phrase, and what stands there.
type Reading = Vec<(usize, String)>;

/// A word that may be left out where nothing holds all of them.
fn is_single(clause: &Clause) -> bool {
    clause.within == Within::Anywhere && !clause.phrase
}

/// A word that would find everything.
fn is_idle(clause: &Clause) -> bool {
    clause.within == Within::Anywhere && words(&clause.words).iter().all(|word| is_everywhere(word.text))
}

fn in_field(field: Field, reading: &[(usize, String)]) -> Boxed {
    match reading {
        [(_, form)] => word_with_weight(Term::from_field_text(field, form)),
        several => Box::new(PhraseQuery::new_with_offset(
            several.iter().map(|(at, form)| (*at, Term::from_field_text(field, form))).collect(),
        )),
    }
}

fn word(term: Term) -> Boxed {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

fn word_with_weight(term: Term) -> Boxed {
    Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
}
