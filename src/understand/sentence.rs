//! What one sentence asks for.
//!
//! A sentence is sure when all of it is one phrase of the phrase book, politeness aside. A phrase
//! found among other words, or with a slip of the finger, is only to be proposed; behind a "not"
//! it is declined.

use std::collections::HashMap;

use super::book::{Phrase, PhraseBook, Weight};
use super::mail::Speaker;
use super::pattern::{Chart, Exactness, Span};
use super::slots::{Kept, Slot, SlotReader};
use super::tokens::{Kind, SENTENCE_WORDS_MAX, Sentence, Token};
use super::topic::{Read, Sureness, Topic};
use crate::domain::address::EmailAddress;
use crate::domain::command::Command;
use crate::domain::list::Language;
use crate::domain::time::CivilDate;

/// Words beside a phrase that is proposed wherever it stands.
const WORDS_BESIDE_PROPOSED_MAX: usize = 20;
/// Words beside a proposed phrase of a single word.
const WORDS_BESIDE_WORD_MAX: usize = 2;
/// Words beside a phrase of three words or more.
const WORDS_BESIDE_LONG_MAX: usize = 12;
/// Words beside a phrase of two words.
const WORDS_BESIDE_SHORT_MAX: usize = 3;
/// Words behind a phrase in which a "not" still belongs to it.
const NEGATION_BEHIND_MAX: usize = 2;

/// What is known around a sentence.
pub(super) struct Around<'a> {
    pub(super) text: &'a str,
    pub(super) today: CivilDate,
    pub(super) language: Option<Language>,
    pub(super) speaker: Speaker,
    /// Words of the writer's own name.
    pub(super) name: &'a [String],
    pub(super) own: &'a [EmailAddress],
    pub(super) groups: &'a [Vec<Vec<String>>],
    /// Whether reasons somebody gives ("too many mails") may stand beside a command.
    pub(super) asides: bool,
}

/// Words as they are looked at: what is known of each, and the reasons among them.
pub(super) struct Charted {
    pub(super) chart: Chart,
    /// Where reasons stand, and what was read in them: "I am away until Monday".
    asides: Vec<(usize, usize, Vec<Kept>)>,
}

/// A command and where it came from.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Found {
    pub(super) command: Command,
    pub(super) language: Option<Language>,
    pub(super) groups: Vec<usize>,
    /// Every group was meant.
    pub(super) everywhere: bool,
    /// Words that say it.
    pub(super) words: usize,
    /// Good enough to be proposed only: by a slip of the finger, or by a phrase that is no more.
    pub(super) faint: bool,
}

/// What was heard.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Heard {
    /// Politeness and names.
    Silent,
    Sure(Vec<Found>),
    Probably(Found),
    /// Nothing but a reason ("too many mails"), and what it hints at.
    Reason(Found),
    Declined(Found),
    Prose,
}

impl Heard {
    /// The same, where something beside it makes it a guess.
    fn unsure(self) -> Heard {
        match self {
            Heard::Sure(mut found) => Heard::Probably(found.remove(0)),
            Heard::Silent | Heard::Probably(_) | Heard::Reason(_) | Heard::Declined(_) | Heard::Prose => self,
        }
    }
}

/// What is being looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stretch {
    Sentence,
    /// A part of one, in which a single word is too little to go by.
    Clause,
}

/// A phrase found over some of the words.
struct Hit<'a> {
    phrase: &'a Phrase,
    from: usize,
    span: Span,
    found: Found,
    sureness: Sureness,
}

/// Reads sentences with the phrases of a book.
pub(super) struct Ear<'a> {
    pub(super) book: &'a PhraseBook,
    pub(super) around: &'a Around<'a>,
}

impl Ear<'_> {
    /// Whether something else may begin after this: a comma, "but", "and".
    pub(super) fn breaks(&self, token: &Token) -> bool {
        token.kind == Kind::Comma || self.book.breaks.contains(&token.word)
    }

    pub(super) fn hear(&self, sentence: &Sentence) -> Heard {
        let heard = self.ending(sentence).unwrap_or_else(|| self.hear_words(sentence));
        if sentence.signs { heard.unsure() } else { heard }
    }

    pub(super) fn hear_words(&self, sentence: &Sentence) -> Heard {
        let tokens = self.without_greeting(&sentence.tokens);
        if tokens.is_empty() {
            return Heard::Silent;
        }
        if tokens.len() > SENTENCE_WORDS_MAX {
            return Heard::Prose;
        }
        let charted = self.chart(tokens);
        if let Some(heard) = self.whole(tokens, &charted, sentence.question) {
            return heard;
        }
        if let Some(kept) = self.without_contrast(tokens, &charted.chart) {
            return self.among_clauses(&kept, &self.chart(&kept), sentence.question).unsure();
        }
        self.among_clauses(tokens, &charted, sentence.question)
    }

    fn among_clauses(&self, tokens: &[Token], charted: &Charted, question: bool) -> Heard {
        let clauses = self.clauses(tokens);
        if clauses.len() > 1 {
            let heard: Vec<Heard> = clauses.iter().map(|clause| self.clause(clause)).collect();
            let heard = self.together(tokens, heard);
            let asked = question && matches!(heard, Heard::Sure(_));
            match heard {
                Heard::Sure(mut found) if asked => return Heard::Probably(found.remove(0)),
                Heard::Prose => {}
                Heard::Silent
                | Heard::Sure(_)
                | Heard::Probably(_)
                | Heard::Reason(_)
                | Heard::Declined(_) => return heard,
            }
        }
        self.among(tokens, &charted.chart, Stretch::Sentence)
    }

    fn clause(&self, tokens: &[Token]) -> Heard {
        let charted = self.chart(tokens);
        match self.whole(tokens, &charted, false) {
            // What is searched for goes on to the end of its sentence.
            Some(Heard::Sure(found)) if matches!(found[0].command, Command::Search(_) | Command::Name(_)) => {
                Heard::Prose
            }
            // A moment beside other words is that of something else.
            Some(Heard::Sure(found)) if matches!(found[0].command, Command::Summary(_)) => Heard::Prose,
            Some(Heard::Probably(found)) if matches!(found.command, Command::Summary(_)) => Heard::Prose,
            Some(heard) => heard,
            None => self.among(tokens, &charted.chart, Stretch::Clause),
        }
    }

    /// The sentence as one phrase; nothing if it is more than that.
    fn whole(&self, tokens: &[Token], charted: &Charted, question: bool) -> Option<Heard> {
        let chart = &charted.chart;
        let reached = chart.reached_by_idle(tokens.len());
        let leaves: Vec<bool> = (0..=tokens.len()).map(|at| chart.leads_to_end(at, tokens.len())).collect();
        let mut hits = Vec::new();
        for phrase in self.book.phrases.iter().filter(|phrase| self.may_say(phrase.topic)) {
            for from in &reached {
                let spans = phrase.pattern.spans(chart, *from, Exactness::Whole);
                let ending = spans.into_iter().filter(|span| leaves[span.end]);
                hits.extend(ending.filter_map(|span| self.hit(phrase, *from, span)));
            }
        }
        let silent = || reached.contains(&tokens.len()).then(|| self.reason(tokens, charted));
        let Some(best) = hits.iter().map(|hit| hit.span.slips).min() else { return silent() };
        if let Some(heard) = silent().filter(|_| best > 0) {
            return Some(heard);
        }
        if !charted.asides.is_empty() {
            hits = hits.into_iter().filter_map(|hit| self.with_reasons(hit, charted)).collect();
            if hits.is_empty() {
                return silent();
            }
        }
        hits.retain(|hit| hit.span.slips == best);
        let says = hits.iter().any(|hit| hit.phrase.weight == Weight::Say);
        hits.retain(|hit| !says || hit.phrase.weight == Weight::Say);
        // Words that could be anything yield to words that are known.
        let known = |hit: &Hit<'_>| !hit.span.kept.iter().any(|kept| matches!(kept, Kept::Words(_)));
        let any_known = hits.iter().any(known);
        hits.retain(|hit| !any_known || known(hit));
        Some(self.chosen(&hits, chart, question))
    }

    /// A sentence that is nothing but a reason: "I am back", "I am away until Monday".
    fn reason(&self, tokens: &[Token], charted: &Charted) -> Heard {
        if charted.asides.is_empty() {
            return Heard::Silent;
        }
        match self.among(tokens, &charted.chart, Stretch::Sentence) {
            Heard::Probably(found) => Heard::Reason(found),
            Heard::Silent | Heard::Sure(_) | Heard::Reason(_) | Heard::Declined(_) | Heard::Prose => {
                Heard::Silent
            }
        }
    }

    /// A command beside a reason: the days that were named there are those that are meant.
    fn with_reasons<'p>(&self, mut hit: Hit<'p>, charted: &Charted) -> Option<Hit<'p>> {
        let beside = |aside: &&(usize, usize, Vec<Kept>)| aside.0 >= hit.span.end || aside.1 <= hit.from;
        let asides: Vec<&(usize, usize, Vec<Kept>)> = charted.asides.iter().filter(beside).collect();
        let days: Vec<Kept> = asides.iter().map(|aside| &aside.2).max_by_key(|kept| kept.len()).cloned()?;
        // "Yes, I am away" answers nothing.
        if matches!(hit.found.command, Command::Yes | Command::No) {
            return None;
        }
        if days.is_empty() {
            return Some(hit);
        }
        if matches!(&hit.found.command, Command::Pause(holidays) if holidays.until.is_none()) {
            hit.span.kept.extend(days);
            return self.hit(hit.phrase, hit.from, hit.span);
        }
        hit.sureness = Sureness::Doubtful;
        Some(hit)
    }

    /// Of phrases that are the whole sentence, what is meant.
    fn chosen(&self, hits: &[Hit<'_>], chart: &Chart, question: bool) -> Heard {
        let mine = |hit: &&Hit<'_>| Some(hit.phrase.language) == self.around.language;
        let least = |hit: &&Hit<'_>| (hit.sureness, std::cmp::Reverse(hit.span.words));
        let first = hits.iter().filter(mine).min_by_key(least).or_else(|| hits.iter().min_by_key(least));
        let first = first.expect("there is one, or nothing would have to be chosen");
        let mut found = first.found.clone();
        let same = |hit: &Hit<'_>| hit.found.command == found.command;
        let languages: Vec<Language> =
            hits.iter().filter(|hit| same(hit)).map(|h| h.phrase.language).collect();
        let one_language = languages.windows(2).all(|pair| pair[0] == pair[1]);
        found.language = one_language.then_some(first.phrase.language);
        if first.phrase.topic == Topic::Stay {
            return Heard::Declined(found);
        }
        // Words that are searched for may begin a word earlier or later.
        let ambiguous = hits.iter().any(|hit| {
            let other = hit.found.command != found.command && hit.sureness == Sureness::Sure;
            other && (hit.phrase.topic != first.phrase.topic || hit.span.words >= first.span.words)
        });
        // "Can you take me off?" asks for it, "is one taken off?" asks.
        let polite = self
            .book
            .numbers
            .polite
            .iter()
            .any(|set| chart.sets[*set].get(first.from).is_some_and(|spans| !spans.is_empty()));
        let asked = question && !polite && !found.command.only_asks();
        let sure = first.phrase.weight == Weight::Say
            && first.span.slips == 0
            && first.sureness == Sureness::Sure
            && !ambiguous
            && !asked;
        if sure { Heard::Sure(vec![found]) } else { Heard::Probably(found) }
    }

    /// A phrase among other words.
    fn among(&self, tokens: &[Token], chart: &Chart, stretch: Stretch) -> Heard {
        let idle: Vec<bool> = (0..tokens.len()).map(|at| chart.is_idle_at(at)).collect();
        let is_negation = |token: &Token| self.book.negations.contains(&token.word);
        let mut best: Option<(usize, bool, Hit<'_>)> = None;
        for phrase in self.book.phrases.iter().filter(|phrase| self.may_say(phrase.topic)) {
            for from in 0..tokens.len() {
                for span in phrase.pattern.spans(chart, from, Exactness::Loose) {
                    let outside = (0..tokens.len()).filter(|at| !(from..span.end).contains(at));
                    let (mut beside, mut negated) = (0, false);
                    for at in outside {
                        // "Nothing until June, I am abroad without a computer" is not declined by "without".
                        negated |= is_negation(&tokens[at]) && at < span.end + NEGATION_BEHIND_MAX;
                        beside += usize::from(!idle[at] && tokens[at].kind != Kind::Comma);
                    }
                    let allowed = match (phrase.weight, span.words) {
                        (Weight::Propose, 0..=1) if stretch == Stretch::Clause => continue,
                        (Weight::Propose, 0..=1) => WORDS_BESIDE_WORD_MAX,
                        (Weight::Propose, _) if phrase.topic.answers() => WORDS_BESIDE_SHORT_MAX,
                        (Weight::Propose, _) => WORDS_BESIDE_PROPOSED_MAX,
                        // "At six" is said of anything.
                        (Weight::Say, _) if phrase.topic == Topic::SummaryAt => 0,
                        (Weight::Say, 0..=1) => 0,
                        (Weight::Say, 2) => WORDS_BESIDE_SHORT_MAX,
                        (Weight::Say, _) if phrase.topic.answers() => WORDS_BESIDE_SHORT_MAX,
                        (Weight::Say, _) => WORDS_BESIDE_LONG_MAX,
                    };
                    let open = span.kept.iter().any(|kept| matches!(kept, Kept::Words(_)));
                    if beside > allowed
                        || (open && (beside > 0 || stretch == Stretch::Clause))
                        || beside + span.slips > allowed.max(1)
                    {
                        continue;
                    }
                    let score = (100 + span.words * 3).saturating_sub(span.slips * 2 + beside);
                    let worse = best.as_ref().is_some_and(|(known, _, _)| *known >= score);
                    if worse || (phrase.topic.takes_an_object() && self.has_another_object(tokens, span.end))
                    {
                        continue;
                    }
                    if let Some(hit) = self.hit(phrase, from, span) {
                        best = Some((score, negated, hit));
                    }
                }
            }
        }
        match best {
            Some((_, _, hit)) if hit.phrase.topic == Topic::Stay => Heard::Declined(hit.found),
            Some((_, true, hit)) => Heard::Declined(hit.found),
            Some((_, false, hit)) => Heard::Probably(hit.found),
            None => Heard::Prose,
        }
    }

    /// "I am leaving *the choir*": what follows is none of ours.
    fn has_another_object(&self, tokens: &[Token], at: usize) -> bool {
        let article = tokens.get(at).is_some_and(|token| self.book.articles.contains(&token.word));
        article && tokens.get(at + 1).is_some_and(|token| token.kind == Kind::Word)
    }

    pub(super) fn may_say(&self, topic: Topic) -> bool {
        match self.around.speaker {
            Speaker::Animator => true,
            Speaker::SeesMembers => topic == Topic::Members || !topic.is_animators(),
            Speaker::Anybody => !topic.is_animators(),
        }
    }

    fn hit<'p>(&self, phrase: &'p Phrase, from: usize, span: Span) -> Option<Hit<'p>> {
        let (mut found, sureness) = self.found(phrase.topic, phrase.language, &span)?;
        found.faint |= phrase.weight == Weight::Propose;
        Some(Hit { phrase, from, span, found, sureness })
    }

    /// The command a topic makes with what was read beside it.
    pub(super) fn found(&self, topic: Topic, language: Language, span: &Span) -> Option<(Found, Sureness)> {
        let Around { text, today, .. } = *self.around;
        let read = Read { kept: &span.kept, text, language, today };
        let (command, sureness) = topic.command(&read)?;
        let groups = span
            .kept
            .iter()
            .filter_map(|kept| if let Kept::Group(group) = kept { Some(*group) } else { None });
        let found = Found {
            command,
            language: Some(language),
            groups: groups.collect(),
            everywhere: span.kept.contains(&Kept::Everywhere),
            words: span.words,
            faint: span.typos > 0,
        };
        Some((found, sureness))
    }

    /// Everything that is known of the words before phrases are looked for.
    pub(super) fn chart(&self, tokens: &[Token]) -> Charted {
        let book = self.book;
        let words = tokens.iter().map(|token| {
            let mut known: Vec<(usize, bool)> =
                book.vocabulary.get(&token.word).map(|number| (number, false)).into_iter().collect();
            if token.kind == Kind::Word {
                if known.is_empty() {
                    known = book.meant_by(&token.word);
                }
                known.extend(book.vocabulary.stems_of(&token.word).map(|number| (number, false)));
            }
            known
        });
        let passable = tokens
            .iter()
            .map(|token| !book.negations.contains(&token.word) && !book.doubts.contains(&token.word));
        let reader = SlotReader {
            tokens,
            calendar: &book.calendar,
            today: self.around.today,
            groups: self.around.groups,
        };
        let places = 0..=tokens.len();
        let mut slots: HashMap<Slot, Vec<Vec<(usize, Kept)>>> = HashMap::new();
        for slot in Slot::ALL {
            slots.insert(slot, places.clone().map(|at| reader.read(slot, at)).collect());
        }
        let mut chart = Chart {
            words: words.collect(),
            sets: Vec::new(),
            idle: vec![Vec::new(); tokens.len() + 1],
            slots,
            passable: passable.collect(),
        };
        self.name_idle(tokens, &mut chart);
        // What says nothing comes first, so that the other sets may be interrupted by it.
        for set in self.idle_sets() {
            for at in places.clone() {
                for pattern in &book.sets[set] {
                    let spans = pattern.spans(&chart, at, Exactness::Whole);
                    chart.idle[at].extend(spans.iter().filter(|span| span.slips == 0).map(|span| span.end));
                }
            }
        }
        for (number, set) in book.sets.iter().enumerate() {
            let everywhere = book.numbers.everything.contains(&number);
            let of_set = places.clone().map(|at| {
                let spans = set.iter().flat_map(|pattern| pattern.spans(&chart, at, Exactness::Whole));
                let mut best: Vec<Span> = Vec::new();
                for mut span in spans {
                    if everywhere {
                        span.kept.push(Kept::Everywhere);
                    }
                    match best.iter_mut().find(|known| known.end == span.end && known.kept == span.kept) {
                        Some(known) if known.slips > span.slips => *known = span,
                        Some(_) => {}
                        None => best.push(span),
                    }
                }
                best
            });
            let of_set = of_set.collect();
            chart.sets.push(of_set);
        }
        let asides = if self.around.asides { self.asides_idle(tokens, &mut chart) } else { Vec::new() };
        Charted { chart, asides }
    }

    fn idle_sets(&self) -> impl Iterator<Item = usize> {
        let numbers = &self.book.numbers;
        numbers.idle.iter().chain(&numbers.greeting).chain(&numbers.closing).copied()
    }

    /// Commas, and the writer's own name and addresses.
    fn name_idle(&self, tokens: &[Token], chart: &mut Chart) {
        for (at, token) in tokens.iter().enumerate() {
            let own = match &token.kind {
                Kind::Comma => true,
                Kind::Word => token.capital && self.around.name.contains(&token.word),
                Kind::Address(address) => self.around.own.contains(address),
                Kind::Number(_) => false,
            };
            if own {
                chart.idle[at].push(at + 1);
            }
        }
    }

    /// "I am away", "too many mails": a reason, where it is a whole clause.
    fn asides_idle(&self, tokens: &[Token], chart: &mut Chart) -> Vec<(usize, usize, Vec<Kept>)> {
        let mut found = Vec::new();
        let is_break = |at: usize| tokens.get(at).is_none_or(|token| self.breaks(token));
        for set in &self.book.numbers.aside {
            for at in 0..tokens.len() {
                let begins = at == 0
                    || is_break(at - 1)
                    || is_break(at)
                    || chart.idle[..at].iter().flatten().any(|end| *end == at);
                for span in chart.sets[*set][at].iter().filter(|span| span.slips == 0 && begins) {
                    let breaks = span.end < tokens.len() && is_break(span.end);
                    let end = span.end + usize::from(breaks);
                    if breaks || end == tokens.len() {
                        chart.idle[at].push(end);
                        found.push((at, span.end, span.kept.clone()));
                    }
                }
            }
        }
        found
    }
}
