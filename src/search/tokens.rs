//! Words as tantivy takes them: a text that begins with the mark of its language.

use std::collections::HashMap;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use super::words::{Endings, Forms, Tongue, Word, words};

/// The name the schema knows it by.
pub(super) const NAME: &str = "parvis";

/// Words of one field that can be found; more is no letter.
const WORDS_MAX: usize = 50_000;
/// Words whose endings are remembered.
const REMEMBERED_MAX: usize = 8_192;

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
    known: HashMap<(String, Tongue), Forms>,
}

impl Cutter {
    pub(super) fn new() -> Cutter {
        Cutter { endings: Endings::new(), known: HashMap::new() }
    }

    fn forms(&mut self, word: &str, tongue: Tongue) -> Forms {
        let key = (word.to_owned(), tongue);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let forms = self.endings.forms(word, tongue);
        if self.known.len() >= REMEMBERED_MAX {
            self.known.clear();
        }
        self.known.insert(key, forms.clone());
        forms
    }

    fn tokens(&mut self, text: &str, tongue: Tongue) -> Vec<Token> {
        let words = words(text);
        let mut tokens = Vec::with_capacity(words.len());
        for (n, word) in words.iter().take(WORDS_MAX).enumerate() {
            for form in self.forms(word.text, tongue).into_iter() {
                tokens.push(token(word, form));
            }
            if word.joined > 0
                && let Some(whole) = self.endings.joined(&words[n..=n + word.joined], tongue)
            {
                tokens.push(token(word, whole));
            }
        }
        tokens
    }
}

fn token(word: &Word<'_>, text: String) -> Token {
    let position = usize::try_from(word.position).unwrap_or(usize::MAX);
    Token { offset_from: word.at, offset_to: word.end(), position, text, position_length: 1 }
}

impl Tokenizer for Cutter {
    type TokenStream<'a> = Tokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens {
        let (tongue, text) = unmarked(text);
        Tokens { tokens: self.tokens(text, tongue), next: 0 }
    }
}

/// The words of one text, one after the other.
pub(super) struct Tokens {
    tokens: Vec<Token>,
    /// One more than the one that is looked at.
    next: usize,
}

impl TokenStream for Tokens {
    fn advance(&mut self) -> bool {
        self.next += 1;
        self.next <= self.tokens.len()
    }

    fn token(&self) -> &Token {
        &self.tokens[self.next - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokens[self.next - 1]
    }
}
