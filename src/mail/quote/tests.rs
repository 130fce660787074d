//! Where a quote begins, in the ways mail programs have of saying so.

use super::*;

/// Blocks on one line each: `T` text, `Q heading|` quote, `S` signature; `/` ends a line.
fn cut(text: &str) -> String {
    let flat = |text: &str| text.replace('\n', "/");
    let line = |block: Block| match block {
        Block::Text(text) => format!("T {}", flat(&text)),
        Block::Quote { heading, text } => {
            format!("Q {}| {}", flat(&heading.unwrap_or_default()), flat(&text))
        }
        Block::Signature(text) => format!("S {}", flat(&text)),
    };
    blocks(text).into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Input (`/` ends a line) and blocks.
const CASES: &[(&str, &str)] = &[
    // Marks alone.
    ("Oui./> Tu viens ?", "T Oui.\nQ | Tu viens ?"),
    ("> Tu viens ?/Oui.", "Q | Tu viens ?\nT Oui."),
    ("> un/>> deux/> trois", "Q | un/> deux/trois"),
    (">un/>>deux", "Q | un/>deux"),
    ("> un//> deux/Oui.", "Q | un//deux\nT Oui."),
    ("> un/Oui./> deux/Non.", "Q | un\nT Oui.\nQ | deux\nT Non."),
    (" > un/ > deux/Oui.", "Q | un/deux\nT Oui."),
    ("> /> vide", "Q | vide"),
    ("Il neige./>From ici tout va bien/Bien.", "T Il neige./>From ici tout va bien/Bien."),
    ("a > b et c < d", "T a > b et c < d"),
    ("Il faut une version/>3.12 au moins./Merci.", "T Il faut une version/>3.12 au moins./Merci."),
    ("Tu disais :/>3.12 au moins./Oui.", "T Tu disais :\nQ | 3.12 au moins.\nT Oui."),
    // French attributions.
    (
        "Oui.//Le 12 mai 2026 à 10:23, Marie Dupont a écrit :/> Tu viens ?",
        "T Oui.\nQ Le 12 mai 2026 à 10:23, Marie Dupont a écrit :| Tu viens ?",
    ),
    (
        "Oui.//Le mar. 12 mai 2026 à 10:23, Marie Dupont <marie@exemple.example> a/écrit ://> Tu viens ?",
        "T Oui.\nQ Le mar. 12 mai 2026 à 10:23, Marie Dupont <marie@exemple.example> a écrit :| Tu viens ?",
    ),
    (
        "Oui.//Le mar. 12 mai 2026 à 10:23, Marie Dupont/<marie@exemple.example> a écrit :/> Tu viens ?",
        "T Oui.\nQ Le mar. 12 mai 2026 à 10:23, Marie Dupont <marie@exemple.example> a écrit :| Tu viens ?",
    ),
    (
        "Le 12/05/2026 10:23, Marie a écrit\u{a0}:/> Tu viens ?",
        "Q Le 12/05/2026 10:23, Marie a écrit\u{a0}:| Tu viens ?",
    ),
    ("Marie Dupont a écrit :/> Tu viens ?/Oui.", "Q Marie Dupont a écrit :| Tu viens ?\nT Oui."),
    ("Marie Dupont écrit :/> Tu viens ?", "Q Marie Dupont écrit :| Tu viens ?"),
    ("Marie <marie@exemple.example> a écrit :/> Viens", "Q Marie <marie@exemple.example> a écrit :| Viens"),
    (
        "Oui.//Le 12 mai 2026 à 10:23, Marie <marie@exemple.example> a écrit ://Tu viens ?/Marie",
        "T Oui.\nQ Le 12 mai 2026 à 10:23, Marie <marie@exemple.example> a écrit :| Tu viens ?/Marie",
    ),
    (
        "Oui.//Le lundi 11 mai 2026 à 18 h 30, Jean a écrit :/> Bien",
        "T Oui.\nQ Le lundi 11 mai 2026 à 18 h 30, Jean a écrit :| Bien",
    ),
    (
        "Oui.//Selon Marie Dupont <m@exemple.example>:/> Bien",
        "T Oui.//Selon Marie Dupont <m@exemple.example>:\nQ | Bien",
    ),
    // Prose that is no attribution.
    (
        "Le paragraphe qui pose problème :/il est trop long.",
        "T Le paragraphe qui pose problème :/il est trop long.",
    ),
    ("Le maire a écrit :/« venez »", "T Le maire a écrit :/« venez »"),
    ("Le 12 mai, on se retrouve :/- à 10 h/- à midi", "T Le 12 mai, on se retrouve :/- à 10 h/- à midi"),
    ("On the other hand:/nothing", "T On the other hand:/nothing"),
    ("On Monday we wrote to them:/no answer", "T On Monday we wrote to them:/no answer"),
    ("As Marie wrote:/it rains", "T As Marie wrote:/it rains"),
    ("Am Montag schrieb ich:/nichts", "T Am Montag schrieb ich:/nichts"),
    ("À 18 h : apéro/De : rien", "T À 18 h : apéro/De : rien"),
    ("Date : dimanche/Lieu : la salle/Objet : la fête", "T Date : dimanche/Lieu : la salle/Objet : la fête"),
    (
        "Sent from my desk, the letter was long/and went on.",
        "T Sent from my desk, the letter was long/and went on.",
    ),
    ("Envoyé de mon jardin, ce mot/vous dira tout.", "T Envoyé de mon jardin, ce mot/vous dira tout."),
    // English and others.
    (
        "Yes.//On Tue, May 12, 2026 at 10:23 AM Mary Smith <mary@example.example> wrote:/> Coming?",
        "T Yes.\nQ On Tue, May 12, 2026 at 10:23 AM Mary Smith <mary@example.example> wrote:| Coming?",
    ),
    (
        "Yes.//On Tue, May 12, 2026 at 10:23 AM Mary Smith </mary@example.example> wrote://> Coming?",
        "T Yes.\nQ On Tue, May 12, 2026 at 10:23 AM Mary Smith < mary@example.example> wrote:| Coming?",
    ),
    ("On 12/05/2026 10:23, Mary wrote:/> a", "Q On 12/05/2026 10:23, Mary wrote:| a"),
    ("Mary Smith writes:/> a/b", "Q Mary Smith writes:| a\nT b"),
    (
        "Yes.//On May 12, 2026, at 10:23 AM, Mary <m@e.example> wrote://Coming?",
        "T Yes.\nQ On May 12, 2026, at 10:23 AM, Mary <m@e.example> wrote:| Coming?",
    ),
    (
        "Yes.//---- On Tue, 12 May 2026 14:17:36 +0530 Mary <m@e.example> wrote ----//Coming?",
        "T Yes.\nQ ---- On Tue, 12 May 2026 14:17:36 +0530 Mary <m@e.example> wrote ----| Coming?",
    ),
    (
        "Ja.//Am 12.05.26 um 10:23 schrieb Max Muster:/> Kommst du?",
        "T Ja.\nQ Am 12.05.26 um 10:23 schrieb Max Muster:| Kommst du?",
    ),
    (
        "Ja.//Max Muster <max@e.example> schrieb am Di., 12. Mai 2026,/10:23:/> Kommst du?",
        "T Ja.\nQ Max Muster <max@e.example> schrieb am Di., 12. Mai 2026, 10:23:| Kommst du?",
    ),
    (
        "Ja.//Am 12.05.2026 10:23 schrieb \"Max\" <max@e.example/>://> a",
        "T Ja.\nQ Am 12.05.2026 10:23 schrieb \"Max\" <max@e.example>:| a",
    ),
    (
        "Sí.//El mar, 12 may 2026 a las 10:23, Ana (<ana@e.example>) escribió:/> ¿Vienes?",
        "T Sí.\nQ El mar, 12 may 2026 a las 10:23, Ana (<ana@e.example>) escribió:| ¿Vienes?",
    ),
    (
        "Sì.//Il giorno mar 12 mag 2026 alle ore 10:23 Ugo <u@e.example> ha scritto:/> Vieni?",
        "T Sì.\nQ Il giorno mar 12 mag 2026 alle ore 10:23 Ugo <u@e.example> ha scritto:| Vieni?",
    ),
    (
        "Ja.//Op di 12 mei 2026 om 10:23 schreef Jan <jan@e.example>:/> Kom je?",
        "T Ja.\nQ Op di 12 mei 2026 om 10:23 schreef Jan <jan@e.example>:| Kom je?",
    ),
    (
        "Sim.//Em ter., 12 de mai. de 2026 às 10:23, Rui <r@e.example> escreveu:/> Vens?",
        "T Sim.\nQ Em ter., 12 de mai. de 2026 às 10:23, Rui <r@e.example> escreveu:| Vens?",
    ),
    (
        "Ja.//Den 12 maj 2026 10:23 skrev Eva <eva@e.example>:/> Kommer du?",
        "T Ja.\nQ Den 12 maj 2026 10:23 skrev Eva <eva@e.example>:| Kommer du?",
    ),
    (
        "Tak.//W dniu 12.05.2026 o 10:23, Ola pisze:/> Idziesz?",
        "T Tak.\nQ W dniu 12.05.2026 o 10:23, Ola pisze:| Idziesz?",
    ),
    (
        "2026-05-12 10:23 GMT+02:00 Marie <m@e.example>:/> a",
        "Q 2026-05-12 10:23 GMT+02:00 Marie <m@e.example>:| a",
    ),
    // Outlook and those who do as it does.
    (
        "Oui.//-----Message d'origine-----/De : Marie/Envoyé : mardi/À : Jean/Objet : Fête//Tu viens ?",
        "T Oui.\nQ -----Message d'origine-----/De : Marie/Envoyé : mardi/À : Jean/Objet : Fête| Tu viens ?",
    ),
    (
        "Yes.//-----Original Message-----/From: Mary/Sent: Tuesday/To: John/Subject: Party//Coming?/> old",
        "T Yes.\nQ -----Original Message-----/From: Mary/Sent: Tuesday/To: John/Subject: Party| Coming?/> old",
    ),
    (
        "Oui.//De : Marie Dupont <m@e.example>/Envoyé : mardi 12 mai 2026 10:23/À : Jean/Cc : Paul/Objet : Fête//Tu viens ?",
        "T Oui.\nQ De : Marie Dupont <m@e.example>/Envoyé : mardi 12 mai 2026 10:23/À : Jean/Cc : Paul/Objet : Fête| Tu viens ?",
    ),
    (
        "Oui.//________________________________/De : Marie/Envoyé\u{a0}: mardi/À : Jean/Objet : Fête//Tu viens ?",
        "T Oui.\nQ ________________________________/De : Marie/Envoyé\u{a0}: mardi/À : Jean/Objet : Fête| Tu viens ?",
    ),
    (
        "Yes.//*From:* Mary/*Sent:* Tuesday/*To:* John/*Subject:* Party//Coming?",
        "T Yes.\nQ *From:* Mary/*Sent:* Tuesday/*To:* John/*Subject:* Party| Coming?",
    ),
    (
        "Yes.//From: Mary/Sent: Tuesday/To: John <j@e.example>;/Paul <p@e.example>/Subject: Party//Coming?",
        "T Yes.\nQ From: Mary/Sent: Tuesday/To: John <j@e.example>;/Paul <p@e.example>/Subject: Party| Coming?",
    ),
    (
        "Ja.//Von: Max/Gesendet: Dienstag/An: Eva/Betreff: Fest//Kommst du?",
        "T Ja.\nQ Von: Max/Gesendet: Dienstag/An: Eva/Betreff: Fest| Kommst du?",
    ),
    (
        "Sì.//Da: Ugo/Risposta: Ugo/Data: martedì/A: Eva/Oggetto: Festa//Vieni?",
        "T Sì.\nQ Da: Ugo/Risposta: Ugo/Data: martedì/A: Eva/Oggetto: Festa| Vieni?",
    ),
    (
        "Oui.//-------- Message original --------/Objet : Fête/De : Marie/À : Jean//Tu viens ?",
        "T Oui.\nQ -------- Message original --------/Objet : Fête/De : Marie/À : Jean| Tu viens ?",
    ),
    (
        "De : Marie/Envoyé : mardi/À : Jean/Objet : Fête//Tu viens ?",
        "T De : Marie/Envoyé : mardi/À : Jean/Objet : Fête//Tu viens ?",
    ),
    // Forwards are what the author has to say.
    (
        "Voir.//---------- Forwarded message ---------/From: Mary <m@e.example>/Date: Tue/Subject: Party/To: John//Come all.",
        "T Voir.//---------- Forwarded message ---------/From: Mary <m@e.example>/Date: Tue/Subject: Party/To: John//Come all.",
    ),
    (
        "Voir.//-------- Message transféré --------/Sujet : Fête/Date : mardi/De : Marie/Pour : Jean//Venez./> ancien",
        "T Voir.//-------- Message transféré --------/Sujet : Fête/Date : mardi/De : Marie/Pour : Jean//Venez.\nQ | ancien",
    ),
    (
        "Début du message réexpédié ://De: Marie/Date: mardi/À: Jean/Objet: Fête//Venez.",
        "T Début du message réexpédié ://De: Marie/Date: mardi/À: Jean/Objet: Fête//Venez.",
    ),
    (
        "See.//Begin forwarded message://From: Mary/Date: Tue/To: John/Subject: Party//Come.",
        "T See.//Begin forwarded message://From: Mary/Date: Tue/To: John/Subject: Party//Come.",
    ),
    // Signatures.
    ("Oui./-- /Marie/06 00 00 00 00", "T Oui.\nS -- /Marie/06 00 00 00 00"),
    ("Oui./--/Marie", "T Oui.\nS --/Marie"),
    (
        "Oui./-- /Marie//Le 12 mai 2026, Jean a écrit :/> Tu viens ?",
        "T Oui.\nS -- /Marie\nQ Le 12 mai 2026, Jean a écrit :| Tu viens ?",
    ),
    ("> Tu viens ?/> -- /> Jean/Oui./-- /Marie", "Q | Tu viens ?/-- /Jean\nT Oui.\nS -- /Marie"),
    ("Oui.//Envoyé de mon iPhone", "T Oui.\nS Envoyé de mon iPhone"),
    (
        "Oui.//Envoyé de mon iPhone//> Le 12 mai 2026, Jean a écrit :/> Viens",
        "T Oui.\nS Envoyé de mon iPhone\nQ | Le 12 mai 2026, Jean a écrit :/Viens",
    ),
    ("Yes.//Sent from my Galaxy", "T Yes.\nS Sent from my Galaxy"),
    (
        "Oui.//Télécharger Outlook pour Android<https://e.example/a>",
        "T Oui.\nS Télécharger Outlook pour Android<https://e.example/a>",
    ),
    (
        "Yes.//Get Outlook for iOS/________________________________/From: Mary/Sent: Tue/To: John/Subject: P//Coming?",
        "T Yes.\nS Get Outlook for iOS\nQ ________________________________/From: Mary/Sent: Tue/To: John/Subject: P| Coming?",
    ),
    ("Ja.//Von meinem iPhone gesendet", "T Ja.\nS Von meinem iPhone gesendet"),
    ("Envoyé de mon iPhone//Oui, je viens.", "S Envoyé de mon iPhone\nT Oui, je viens."),
    (
        "Oui.//_______________________________________________/Quartier mailing list/https://e.example/quartier",
        "T Oui.\nS _______________________________________________/Quartier mailing list/https://e.example/quartier",
    ),
    (
        "Oui./Paul/_______________________________________________/Quartier mailing list/https://e.example/quartier",
        "T Oui./Paul\nS _______________________________________________/Quartier mailing list/https://e.example/quartier",
    ),
    ("", ""),
    ("//", ""),
];

#[test]
fn texts_in_blocks() {
    let mut wrong = String::new();
    for (text, expected) in CASES {
        // `/` ends a line, but not in an address of the web or a date.
        let text = text
            .replace("https://", "https:\u{1}")
            .replace("12/05", "12\u{2}05")
            .replace("05/2026", "05\u{2}2026");
        let text =
            text.replace("example/quartier", "example\u{2}quartier").replace("example/a>", "example\u{2}a>");
        let text = text.replace('/', "\n").replace('\u{1}', "//").replace('\u{2}', "/");
        let found = cut(&text);
        if found != *expected {
            wrong.push_str(&format!("\n{text}\n--- is\n{found}\n--- not\n{expected}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(CASES.len() >= 75);
}

#[test]
fn what_is_quoted_in_a_few_lines_is_short() {
    let short = |text: &str| blocks(text).iter().filter(|b| b.short()).count();
    assert_eq!(short("> a\n> b\n> c\nOui."), 1);
    assert_eq!(short("> a\n> b\n> c\n> d\nOui."), 0);
    assert_eq!(short("Oui.\n-- \nMarie"), 0);
}

#[test]
fn of_an_answer_only_its_own_words_are_obeyed() {
    let file = include_str!("../../../tests/quotes/programs.txt");
    let cases = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut wrong = String::new();
    for case in cases.clone() {
        let (name, text) = case.split_once(" | ").expect("a program, a bar, a text");
        let own = super::own_words(&text.replace('⏎', "\n"));
        if own.trim() != "REPLY" {
            wrong.push_str(&format!("{name}: {own}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(cases.count() >= 145);
}

/// Everything but quote marks, blanks and the breaks of lines.
fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '>').collect()
}

fn letters_of(blocks: &[Block]) -> String {
    let text = |block: &Block| match block {
        Block::Text(text) | Block::Signature(text) => letters(text),
        Block::Quote { heading, text } => letters(heading.as_deref().unwrap_or("")) + &letters(text),
    };
    blocks.iter().map(text).collect()
}

proptest::proptest! {
    #[test]
    fn nothing_is_lost(lines in proptest::collection::vec(0..LINES.len(), 0..30), noise in "\\PC{0,20}") {
        let text: Vec<&str> = lines.iter().map(|n| LINES[*n]).chain([noise.as_str()]).collect();
        let text = text.join("\n");
        proptest::prop_assert_eq!(letters_of(&blocks(&text)), letters(&text));
    }
}

/// Lines that mean something to the cutting, in any order.
const LINES: [&str; 24] = [
    "",
    "",
    "Oui.",
    "> cité",
    ">> deux fois",
    ">",
    ">:",
    "Le 12 mai 2026 à 10:23, Marie <m@e.example> a",
    "écrit :",
    "On May 12, 2026, at 10:23 AM, Mary <m@e.example> wrote:",
    "-----Original Message-----",
    "De : Marie",
    "Envoyé : mardi",
    "À : Jean",
    "Objet : Fête",
    "-- ",
    "Envoyé de mon iPhone",
    "---------- Forwarded message ---------",
    "________________________________",
    ">From ici",
    "Begin forwarded message:",
    "2026-05-12 10:23 Marie",
    "https://e.example/x",
    "Marie <m@e.example>",
];

#[test]
fn long_texts_take_no_longer_than_they_are_long() {
    for line in LINES {
        let text = format!("Oui.\n{}", format!("{line}\n").repeat(200_000 / (line.len() + 1)));
        assert_eq!(letters_of(&blocks(&text)), letters(&text));
    }
    let wall = "> ".repeat(500_000);
    assert_eq!(blocks(&wall).len(), 1);
}
