//! The words on paper that stand around those of its authors.

use crate::digest::Sheet;
use crate::domain::list::Language;

/// What stands at the foot of each page, beside its number.
pub(super) fn footer(sheet: &Sheet) -> Footer {
    Footer { left: format!("{} · {}", sheet.group, sheet.address), language: sheet.language }
}

/// The foot of a page.
pub(super) struct Footer {
    pub(super) left: String,
    language: Language,
}

impl Footer {
    /// « 3 sur 8 ».
    pub(super) fn page(&self, number: usize, of: usize) -> String {
        match self.language {
            Language::Fr => format!("{number} sur {of}"),
            Language::En => format!("{number} of {of}"),
        }
    }
}

/// The words that need no facts.
pub(super) struct Words {
    pub(super) contents: &'static str,
    pub(super) by: &'static str,
    pub(super) summary_by: &'static str,
    pub(super) cut: &'static str,
    pub(super) no_words: &'static str,
    pub(super) attached: &'static str,
    pub(super) colon: &'static str,
    pub(super) to_answer: &'static str,
    pub(super) by_mail: &'static str,
    pub(super) by_hand: &'static str,
    pub(super) hand_to: &'static str,
    pub(super) hand_to_how: &'static str,
}

pub(super) fn words(language: Language) -> Words {
    match language {
        Language::Fr => Words {
            contents: "Au sommaire",
            by: "Préparée par",
            summary_by: "Résumé de",
            cut: "(La suite est dans les archives du groupe.)",
            no_words: "(sans texte)",
            attached: "Joint",
            colon: "\u{a0}: ",
            to_answer: "Pour répondre",
            by_mail: "Par courriel, écrivez à ",
            by_hand: "Sans courriel, écrivez votre réponse sur une feuille et confiez-la à la personne \
                      qui vous apporte ces pages\u{a0}: elle l’enverra pour vous.",
            hand_to: "À remettre à",
            hand_to_how: "Cette page n’est pas à distribuer. Cochez à mesure.",
        },
        Language::En => Words {
            contents: "In this issue",
            by: "Put together by",
            summary_by: "Summary by",
            cut: "(There is more in the group’s archive.)",
            no_words: "(no text)",
            attached: "Attached",
            colon: ": ",
            to_answer: "To answer",
            by_mail: "By e-mail, write to ",
            by_hand: "Without e-mail, write your answer on a sheet and give it to whoever brings you \
                      these pages: they will send it for you.",
            hand_to: "To be handed to",
            hand_to_how: "This page is not for handing out. Tick each as you go.",
        },
    }
}
