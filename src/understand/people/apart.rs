//! People of whom different things are asked in one mail: « Nouveaux : … Partis : … », “add ann@… and
//! take bob@… off”.

use super::{Make, PeopleWords, folded_words, rows};
use crate::domain::command::{AnimatorCommand, Called};

impl PeopleWords {
    /// Several lists, each with what it is for; nothing, if it is one, or that cannot be told of each.
    pub(super) fn apart(&self, text: &str) -> Option<Vec<AnimatorCommand>> {
        let mut found: Vec<(Make, Vec<Called>)> = Vec::new();
        let mut heading: Option<Make> = None;
        for line in text.lines().map(super::without_bullet).filter(|line| !line.is_empty()) {
            if !line.contains('@') {
                // A word that says what follows, or a sentence that says nothing about it.
                let begins = self.makes(line);
                if !begins.is_empty() {
                    heading = begins.first().copied();
                }
                continue;
            }
            for stretch in self.stretches(line) {
                let named = rows::read(stretch, None);
                if named.is_empty() {
                    continue;
                }
                let own = self.makes(stretch);
                let make = match own.as_slice() {
                    [] => heading?,
                    [one] => *one,
                    // Two things are asked of the same people.
                    [_, ..] => return None,
                };
                match found.iter_mut().find(|(known, _)| same(*known, make)) {
                    Some((_, people)) => people.extend(named),
                    None => found.push((make, named)),
                }
            }
        }
        (found.len() > 1).then(|| found.into_iter().map(|(make, people)| make(people)).collect())
    }

    /// A line in its parts around « et », “and”, where each part has an address and says what it is for.
    fn stretches<'t>(&self, line: &'t str) -> Vec<&'t str> {
        let mut parts = vec![line];
        for and in [" et ", " and ", " but ", " mais ", ". ", ", "] {
            parts = parts
                .into_iter()
                .flat_map(|part| match part.split_once(and) {
                    Some((one, other)) if self.is_whole(one) && self.is_whole(other) => vec![one, other],
                    Some(_) | None => vec![part],
                })
                .collect();
        }
        parts
    }

    fn is_whole(&self, part: &str) -> bool {
        part.contains('@') && !self.makes(part).is_empty()
    }

    /// What words ask to be done with people.
    fn makes(&self, text: &str) -> Vec<Make> {
        let without: String = text
            .split_inclusive(char::is_whitespace)
            .map(|word| if word.contains('@') { ", " } else { word })
            .collect();
        let spaced = format!(" {} ", folded_words(&without).join(" "));
        let cues = &self.cues;
        let kinds: [(&[String], &[String], Make); 5] = [
            (&cues.add, &self.apart.add, AnimatorCommand::Add),
            (&cues.invite, &[], AnimatorCommand::Invite),
            (&cues.remove, &self.apart.remove, AnimatorCommand::Remove),
            (&cues.ban, &[], AnimatorCommand::Ban),
            (&cues.unban, &[], AnimatorCommand::Unban),
        ];
        let has = |phrases: &[String]| phrases.iter().any(|phrase| super::words::stands(phrase, &spaced));
        kinds.iter().filter(|(cues, more, _)| has(cues) || has(more)).map(|(_, _, make)| *make).collect()
    }
}

fn same(one: Make, other: Make) -> bool {
    std::mem::discriminant(&one(Vec::new())) == std::mem::discriminant(&other(Vec::new()))
}
