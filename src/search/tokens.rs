//! Words as tantivy takes them: a text that begins with the mark of its language.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use super::words::{Endings, Forms, Tongue, Word, words};

/// The name the schema knows it by.
pub(super) const NAME: &str = "parvis";

/// Words of one field that can be found; more is no letter.
const WORDS_MAX: usize = 50_000;
/// Words of one language whose endings are remembered.
const REMEMBERED_MAX: usize = 16_384;

/// Before each text that is handed to tantivy, its language.
pub(super) fn marked(text: &str, tongue: Tongue) -> String {
    let mark = match tongue {
        Tongue::French => 'f',
        Tongue::English => 'e',
        Tongue::Other => 'o',
    };
    format!("{mark}{text}")
}

pub(super) fn unmarked(text: &str) -> (Tongue, &str) {
    let tongue = match text.as_bytes().first() {
        Some(b'f') => Tongue::French,
        Some(b'e') => Tongue::English,
        Some(_) | None => Tongue::Other,
    };
    (tongue, text.get(1..).unwrap_or_default())
}

/// Cuts texts into words without endings. Remembers what it found out: texts repeat themselves.
#[derive(Clone)]
pub(super) struct Cutter {
    endings: Endings,
    /// By language.
    known: [FxHashMap<String, Arc<Forms>>; Tongue::ALL.len()],
}

impl Cutter {
    pub(super) fn new() -> Cutter {
        Cutter { endings: Endings::new(), known: Default::default() }
    }

    fn forms(&mut self, word: &str, tongue: Tongue) -> Arc<Forms> {
        let known = &mut self.known[tongue as usize];
        if let Some(forms) = known.get(word) {
            return forms.clone();
        }
        let forms = Arc::new(self.endings.forms(word, tongue));
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(word.to_owned(), forms.clone());
        forms
    }
}

impl Tokenizer for Cutter {
    type TokenStream<'a> = Tokens<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens<'a> {
        let (tongue, text) = unmarked(text);
        let mut words = words(text);
        words.truncate(WORDS_MAX);
        Tokens { cutter: self, tongue, words, next: 0, left: Left::Nothing, token: Token::default() }
    }
}

/// The words of one text, one after the other, each in all its forms.
pub(super) struct Tokens<'a> {
    cutter: &'a mut Cutter,
    tongue: Tongue,
    words: Vec<Word<'a>>,
    /// One more than the word that is looked at.
    next: usize,
    left: Left,
    token: Token,
}

/// What is still to be said of the word that is looked at.
enum Left {
    Nothing,
    /// Its other form, and what it is with those that are joined to it.
    Other(Arc<Forms>),
    Joined,
}

impl Tokens<'_> {
    /// The next form of the word that is looked at.
    fn another(&mut self) -> bool {
        loop {
            match std::mem::replace(&mut self.left, Left::Nothing) {
                Left::Nothing => return false,
                Left::Other(forms) => {
                    self.left = Left::Joined;
                    if let Some(other) = &forms.other {
                        return self.say(other);
                    }
                }
                Left::Joined => {
                    let at = self.next - 1;
                    let joined = self.words[at].joined;
                    let parts = self.words.get(at..=at + joined).filter(|_| joined > 0);
                    let whole = parts.and_then(|parts| self.cutter.endings.joined(parts, self.tongue));
                    return whole.is_some_and(|whole| self.say(&whole));
                }
            }
        }
    }

    fn say(&mut self, form: &str) -> bool {
        self.token.text.clear();
        self.token.text.push_str(form);
        true
    }
}

impl TokenStream for Tokens<'_> {
    fn advance(&mut self) -> bool {
        loop {
            if self.another() {
                return true;
            }
            let Some(word) = self.words.get(self.next).copied() else { return false };
            self.next += 1;
            self.token.offset_from = word.at;
            self.token.offset_to = word.end();
            self.token.position = usize::try_from(word.position).unwrap_or(usize::MAX);
            let forms = self.cutter.forms(word.text, self.tongue);
            let first = forms.first.as_deref().is_some_and(|form| self.say(form));
            self.left = Left::Other(forms);
            if first {
                return true;
            }
        }
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_in_all_its_forms_where_it_stands() {
        let text = marked("Le marché des écoles, rendez-vous à dix heures", Tongue::French);
        let mut cutter = Cutter::new();
        let mut stream = cutter.token_stream(&text);
        let mut found = Vec::new();
        while stream.advance() {
            let token = stream.token();
            found.push((
                token.position,
                token.text.clone(),
                text[1..][token.offset_from..token.offset_to].to_owned(),
            ));
        }
        let said: Vec<(usize, &str, &str)> =
            found.iter().map(|(at, form, word)| (*at, form.as_str(), word.as_str())).collect();
        assert_eq!(
            said,
            [
                (1, "march", "marché"),
                (3, "ecol", "écoles"),
                (4, "rend", "rendez"),
                (4, "rendezvou", "rendez"),
                (7, "dix", "dix"),
                (8, "heur", "heures"),
            ]
        );
    }
}
