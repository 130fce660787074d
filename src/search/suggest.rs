//! « Vouliez-vous dire … ? »: the word that was meant, where the one that was written is nowhere.
//!
//! Only words of posts the reader may read are ever suggested.

use std::collections::{HashMap, HashSet};

use tantivy::Searcher;
use tantivy::collector::TopDocs;
use tantivy::query::{EnableScoring, Query as IndexQuery};
use tantivy::schema::Value;
use tantivy::{DocAddress, DocSet, TERMINATED, TantivyDocument};

use super::SearchError;
use super::Shelf;
use super::compile::Compiler;
use super::query::{Clause, Query, Wanted, Within};
use super::schema::{is_cut, shown_whole};
use super::tokens::unmarked;
use super::words::{Endings, Tongue, fold, is_everywhere, words};
use crate::domain::ids::PostId;
use crate::mail::mask::mask_addresses;
use crate::store::archive::ArchiveReader;

/// Words of the index compared with one that was written, in each of its parts.
const COMPARED_MAX: usize = 60_000;
/// Those that are looked at closely.
const CANDIDATES_MAX: usize = 6;
/// Words of a query for which others are looked for.
const DOUBTFUL_MAX: usize = 3;
/// Shorter words are not guessed, letters.
const GUESSED_CHARS_MIN: usize = 4;
/// Words from so many letters on may be wrong twice.
const TWICE_WRONG_CHARS_MIN: usize = 7;

/// Where somebody looks.
pub(super) struct Asked<'a> {
    pub(super) archive: &'a ArchiveReader,
    pub(super) compiler: &'a Compiler<'a>,
    pub(super) searcher: &'a Searcher,
    /// Those they may read.
    pub(super) shelves: &'a [&'a Shelf],
}

/// The query with words that are found in place of those that are not; `None`: no idea.
pub(super) fn suggest(asked: &Asked<'_>, query: &Query, text: &str) -> Result<Option<String>, SearchError> {
    let mut better = text.to_owned();
    let mut doubtful = 0;
    for clause in query.clauses.iter().filter(|clause| is_guessable(clause)) {
        for word in words(&clause.words).iter().filter(|word| !is_everywhere(word.text)) {
            if doubtful == DOUBTFUL_MAX || is_found(asked, word.text)? {
                continue;
            }
            doubtful += 1;
            if let Some(meant) = meant(asked, word.text)? {
                better = better.replacen(word.text, &meant, 1);
            }
        }
    }
    Ok((better != text).then_some(better))
}

fn is_guessable(clause: &Clause) -> bool {
    clause.wanted == Wanted::Yes
        && match clause.within {
            Within::Anywhere | Within::Subject => true,
            Within::From => false,
        }
}

fn forms_of(endings: &Endings, word: &str) -> Vec<String> {
    let mut forms: Vec<String> =
        Tongue::ALL.iter().flat_map(|tongue| endings.forms(word, *tongue).into_iter()).collect();
    forms.sort();
    forms.dedup();
    forms
}

fn is_found(asked: &Asked<'_>, word: &str) -> Result<bool, SearchError> {
    for form in forms_of(&asked.compiler.endings, word) {
        if finds_any(asked.searcher, &*asked.compiler.holding(&form, asked.shelves))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a query finds anything; what else it finds is not looked at.
fn finds_any(searcher: &Searcher, query: &dyn IndexQuery) -> Result<bool, SearchError> {
    let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
    for segment in searcher.segment_readers() {
        let mut found = weight.scorer(segment, 1.0)?;
        while found.doc() != TERMINATED {
            if segment.alive_bitset().is_none_or(|alive| alive.is_alive(found.doc())) {
                return Ok(true);
            }
            found.advance();
        }
    }
    Ok(false)
}

/// The nearest word that is found, as it was written there.
fn meant(asked: &Asked<'_>, word: &str) -> Result<Option<String>, SearchError> {
    let Asked { archive: _, compiler, searcher, shelves } = asked;
    let forms = forms_of(&compiler.endings, word);
    let neighbours = neighbours(compiler, searcher, &forms)?.into_iter();
    let mut near: Vec<(usize, u64, String)> =
        neighbours.map(|(form, (distance, posts))| (distance, posts, form)).collect();
    near.sort_by(|one, other| (one.0, other.1, &one.2).cmp(&(other.0, one.1, &other.2)));
    for (_, _, form) in near.into_iter().take(CANDIDATES_MAX) {
        let query = compiler.holding(&form, shelves);
        let best = searcher.search(&*query, &TopDocs::with_limit(1).order_by_score())?;
        if let Some((_, at)) = best.into_iter().next() {
            // In a file only: without its ending it is still a word that is found.
            return Ok(Some(written_in(asked, at, &form)?.unwrap_or(form)));
        }
    }
    Ok(None)
}

/// How a word is written in the text of a post, or else in its subject.
fn written_in(asked: &Asked<'_>, at: DocAddress, form: &str) -> Result<Option<String>, SearchError> {
    let Asked { archive, compiler, searcher, shelves: _ } = asked;
    let kept: TantivyDocument = searcher.doc(at)?;
    let shown = kept.get_first(compiler.fields.shown).and_then(|value| value.as_str());
    let (tongue, text) = unmarked(shown.unwrap_or_default());
    if let Some(written) = as_written(&compiler.endings, text, tongue, form) {
        return Ok(Some(written));
    }
    let fast = searcher.segment_reader(at.segment_ord).fast_fields();
    let post = PostId(fast.column_first_or_default::<u64>("post")?.get_val(at.doc_id));
    if is_cut(shown.unwrap_or_default())
        && let Some(raw) = archive.raw(post).ok().flatten()
        && let Some(written) =
            as_written(&compiler.endings, unmarked(&shown_whole(&raw, tongue)).1, tongue, form)
    {
        return Ok(Some(written));
    }
    let subject = archive.post(post)?.map(|post| post.subject);
    Ok(as_written(&compiler.endings, &mask_addresses(&subject.unwrap_or_default()), tongue, form))
}

/// Words of the index that are nearly the same: how many letters are wrong, how often they stand.
fn neighbours(
    compiler: &Compiler<'_>,
    searcher: &Searcher,
    forms: &[String],
) -> Result<HashMap<String, (usize, u64)>, SearchError> {
    let mut found: HashMap<String, (usize, u64)> = HashMap::new();
    let letters: Vec<Vec<char>> = forms.iter().map(|form| form.chars().collect()).collect();
    let beginnings: HashSet<char> = letters.iter().filter_map(|form| form.first().copied()).collect();
    let fields = [compiler.fields.body, compiler.fields.subject];
    for segment in searcher.segment_readers() {
        for field in fields {
            let index = segment.inverted_index(field)?;
            for first in &beginnings {
                let (from, to) = (first.to_string(), next(*first).to_string());
                let mut terms = index.terms().range().ge(from.as_bytes()).lt(to.as_bytes()).into_stream()?;
                for _ in 0..COMPARED_MAX {
                    if !terms.advance() {
                        break;
                    }
                    let Ok(term) = std::str::from_utf8(terms.key()) else { continue };
                    let posts = u64::from(terms.value().doc_freq);
                    if let Some(distance) = nearest(&letters, term) {
                        let known = found.entry(term.to_owned()).or_insert((distance, 0));
                        known.1 += posts;
                    }
                }
            }
        }
    }
    Ok(found)
}

fn next(c: char) -> char {
    char::from_u32(u32::from(c) + 1).unwrap_or(char::MAX)
}

fn nearest(forms: &[Vec<char>], term: &str) -> Option<usize> {
    // Most are too short or too long: that is seen at once.
    let length = term.chars().count();
    let may_be = |form: &&Vec<char>| form.len().abs_diff(length) <= wrong_max(form.len());
    if !forms.iter().any(|form| may_be(&form)) {
        return None;
    }
    let term: Vec<char> = term.chars().collect();
    forms.iter().filter(may_be).filter_map(|form| distance(form, &term)).min()
}

/// How many letters of a word may be wrong.
fn wrong_max(letters: usize) -> usize {
    match letters {
        ..GUESSED_CHARS_MIN => 0,
        GUESSED_CHARS_MIN..TWICE_WRONG_CHARS_MIN => 1,
        _ => 2,
    }
}

/// How many letters are wrong, missing, too many or changed about, if no more than may be.
fn distance(one: &[char], other: &[char]) -> Option<usize> {
    let allowed = wrong_max(one.len());
    if allowed == 0 || one.len().abs_diff(other.len()) > allowed || one == other {
        return None;
    }
    let mut two_back: Vec<usize> = Vec::new();
    let mut back: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (back[j] + usize::from(a != b)).min(back[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(two_back[j - 1] + 1);
            }
            row.push(least);
        }
        if row.iter().all(|distance| *distance > allowed) {
            return None;
        }
        (two_back, back) = (back, row);
    }
    back.last().copied().filter(|distance| *distance <= allowed)
}

/// The word of a text that is kept under that form, in small letters.
fn as_written(endings: &Endings, text: &str, tongue: Tongue, form: &str) -> Option<String> {
    let found = words(text).into_iter().find(|word| {
        fold(word.text).starts_with(|c| form.starts_with(c))
            && endings.forms(word.text, tongue).into_iter().any(|known| known == form)
    });
    found.map(|word| word.text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger() {
        let letters = |word: &str| word.chars().collect::<Vec<_>>();
        for (one, other, wrong) in [
            ("reunoin", "reunion", Some(1)),
            ("compsot", "compost", Some(1)),
            ("jardn", "jardin", Some(1)),
            ("asemblee", "assemblee", Some(1)),
            ("velo", "velo", None),
            ("vlo", "velo", None),
            ("pain", "main", Some(1)),
            ("jardin", "jasmin", None),
        ] {
            assert_eq!(distance(&letters(one), &letters(other)), wrong, "{one} {other}");
        }
    }
}
