//! What animators answer to a mail that asks: a small grammar, in which nothing is guessed.

use parvis::domain::command::{Decision, ModeratorAnswer};
use parvis::mail::said;
use parvis::understand::{Held, moderator_answer};

fn shown(answer: &ModeratorAnswer) -> String {
    let decision = |decision: &Decision| match decision {
        Decision::Accept => "ok".to_owned(),
        Decision::Refuse(words) => format!("non({})", words.replace('\n', "/")),
        Decision::Discard => "jeter".to_owned(),
        Decision::Ban => "bannir".to_owned(),
    };
    match answer {
        ModeratorAnswer::All(one) => decision(one),
        ModeratorAnswer::Each(items) => {
            items.iter().map(|(n, one)| format!("{n} {}", decision(one))).collect::<Vec<_>>().join(", ")
        }
        ModeratorAnswer::Unclear(words) => format!("?{}", words.replace('\n', "/")),
    }
}

/// An answer (`/` ends a line), and what it decides.
const CASES: &[(&str, &str)] = &[
    ("", "ok"),
    ("  //", "ok"),
    ("ok", "ok"),
    ("OK !", "ok"),
    ("Oui.", "ok"),
    ("oui merci", "ok"),
    ("Bonjour,/oui/merci", "ok"),
    ("yes please", "ok"),
    ("publier", "ok"),
    ("Publiez", "ok"),
    ("d’accord", "ok"),
    ("non", "non()"),
    ("non hors sujet", "non(hors sujet)"),
    ("Non, c’est déjà annoncé.", "non(c’est déjà annoncé.)"),
    ("non : trop long/Merci de raccourcir.//Claire", "non(trop long/Merci de raccourcir.//Claire)"),
    ("no, off topic", "non(off topic)"),
    ("refuser pas de publicité ici", "non(pas de publicité ici)"),
    ("Refusé", "non()"),
    ("jeter", "jeter"),
    ("Jetez svp", "jeter"),
    ("discard", "jeter"),
    ("bannir", "bannir"),
    ("ban", "bannir"),
    ("1 ok, 2 jeter, 3 non hors sujet", "1 ok, 2 jeter, 3 non(hors sujet)"),
    ("1 ok/2 jeter/3 non, pas ici, merci", "1 ok, 2 jeter, 3 non(pas ici, merci)"),
    ("1 et 3 ok, 2 non déjà dit", "1 ok, 3 ok, 2 non(déjà dit)"),
    ("1) ok; 2) ban", "1 ok, 2 bannir"),
    ("2: yes", "2 ok"),
    // Nothing is decided by anything else.
    ("ok mais raccourcissez", "?ok mais raccourcissez"),
    ("ok/Mais enlève la photo.", "?ok/Mais enlève la photo."),
    ("Je ne sais pas, qu’en penses-tu ?", "?Je ne sais pas, qu’en penses-tu ?"),
    ("nonobstant le règlement", "?nonobstant le règlement"),
    ("jeter un œil demain", "?jeter un œil demain"),
    ("Hors sujet.", "?Hors sujet."),
    ("?", "??"),
    ("👎", "?👎"),
    ("👍", "ok"),
    ("1 ok, 1 jeter", "?1 ok, 1 jeter"),
    ("1 peut-être", "?1 peut-être"),
    ("2 messages à revoir", "?2 messages à revoir"),
    ("3", "?3"),
    ("oui et non", "?oui et non"),
];

#[test]
fn answers_of_animators() {
    let mut wrong = String::new();
    for (text, wanted) in CASES {
        let found = shown(&moderator_answer(&text.replace('/', "\n"), "Claire Martin", &[]));
        if found != *wanted {
            wrong.push_str(&format!("{text:?}: {found}, not {wanted}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What is left of an answer without quote and signature.
fn own_words(answer: &str) -> String {
    let head =
        "From: Claire Martin <claire@voisine.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
    said::said(format!("{head}{}\r\n", answer.replace('/', "\r\n")).as_bytes()).text
}

/// The free wordings of one file: which are decided rightly, which asked about, which wrongly.
fn tally(name: &str) -> (usize, usize, Vec<String>) {
    let text = super::file(&format!("decisions/{name}.txt"));
    let (mut right, mut asked, mut wrong) = (0, 0, Vec::new());
    for case in super::cases(&text) {
        let found = shown(&moderator_answer(&own_words(&case.mail), "Claire Martin", &[]));
        let decided = found.split('(').next().unwrap_or_default();
        let decided = if decided.starts_with('?') { "?" } else { decided };
        if decided == case.wanted {
            right += 1;
        } else if decided == "?" {
            asked += 1;
        } else {
            wrong.push(format!("{name}:{}: {found}, not {}: {}", case.line, case.wanted, case.mail));
        }
    }
    (right, asked, wrong)
}

#[test]
fn free_wordings_are_decided_as_they_are_meant_or_asked_about() {
    for name in ["fr", "en"] {
        let (right, asked, wrong) = tally(name);
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(right >= 165 && asked <= 1, "{name}: {right} right, {asked} asked");
    }
}

/// Written before the reader understood more than the grammar, and never used to make it better: of
/// 40, so many were right when they were first read, and none was wrong.
#[test]
fn free_wordings_kept_aside_are_never_decided_wrongly() {
    for (name, least) in [("heldout.fr", 20), ("heldout.en", 20)] {
        let (right, asked, wrong) = tally(name);
        assert!(wrong.is_empty(), "{right} right, {asked} asked, {wrong:#?}");
        assert!(right >= least, "{name}: {right} right, {asked} asked");
    }
}

/// By people who never saw the grammar: what they mean is done, or they are asked; never anything else.
#[test]
fn wordings_of_strangers_to_the_grammar() {
    for (name, least) in [
        ("fresh.fr", 50),
        ("fresh.en", 50),
        ("kept.fr", 45),
        ("kept.en", 33),
        ("second.fr", 19),
        ("second.en", 19),
    ] {
        let (right, asked, wrong) = tally(name);
        assert!(wrong.is_empty(), "{right} right, {asked} asked, {wrong:#?}");
        assert!(right >= least, "{name}: {right} right, {asked} asked");
    }
}

/// Several at once: each number is decided as it was meant, or left open; no other is touched.
#[test]
fn several_at_once_in_free_words() {
    for (name, least) in [("several.fr", 5), ("several.en", 5)] {
        let text = super::file(&format!("decisions/{name}.txt"));
        let mut right = 0;
        for case in super::cases(&text) {
            let said = own_words(&case.mail);
            let ModeratorAnswer::Each(items) = moderator_answer(&said, "Claire Martin", &[]) else {
                continue;
            };
            let wanted: Vec<&str> = case.wanted.split(", ").collect();
            for (number, decision) in &items {
                let each = ModeratorAnswer::Each(vec![(*number, decision.clone())]);
                let found = shown(&each);
                let found = found.split('(').next().unwrap_or_default();
                assert!(wanted.contains(&found), "{name}:{}: {found}: {}", case.line, case.mail);
            }
            right += usize::from(items.len() == wanted.len());
        }
        assert!(right >= least, "{name}: {right} right");
    }
}

/// What waits in `named.fr.txt` and `named.en.txt`.
fn waiting(language: &str) -> [Held<'static>; 4] {
    let french = language == "fr";
    let of = |number, author, title, text| Held { number, author, title, text, doubtful: false };
    let (tart, recipe) = if french {
        ("Tarte aux pommes", "La recette de ma grand-mère : six pommes et une pâte.")
    } else {
        ("Apple tart", "My grandmother’s recipe: six apples and a crust.")
    };
    let drill = if french { "Perceuse à vendre" } else { "Drill for sale" };
    [
        of(1, "Paul Roux", tart, recipe),
        of(2, "Léa Martin", drill, ""),
        of(3, "Karim Benali", "Parking", ""),
        Held { doubtful: true, ..of(4, "", "", "") },
    ]
}

/// Items by what they are called: each is decided as it was meant, with the words for its author, or
/// left open; what is only talked of is not touched.
#[test]
fn several_at_once_by_their_names() {
    for (language, least) in [("fr", 14), ("en", 13)] {
        let text = super::file(&format!("decisions/named.{language}.txt"));
        let mut right = 0;
        for case in super::cases(&text) {
            let answer = moderator_answer(&own_words(&case.mail.replace('\n', "/")), "", &waiting(language));
            let found = shown(&answer);
            let found = if found.starts_with('?') { "?".to_owned() } else { found };
            let wanted: Vec<&str> = case.wanted.split(", ").collect();
            if let ModeratorAnswer::Each(items) = &answer {
                let begins = |(number, decision): &(u32, Decision)| {
                    let each = shown(&ModeratorAnswer::Each(vec![(*number, decision.clone())]));
                    let kind = each.split('(').next().unwrap_or_default().to_owned();
                    wanted.iter().any(|wanted| wanted.split('(').next() == Some(kind.as_str()))
                };
                assert!(items.iter().all(begins), "{language}:{}: {found}: {}", case.line, case.mail);
            }
            right += usize::from(found == case.wanted);
        }
        assert!(right >= least, "{language}: {right} right");
    }
}

/// An answer to one thing that is about somebody, or about something else, decides nothing.
#[test]
fn what_is_about_something_else_decides_nothing() {
    let held = [Held { number: 1, author: "Paul Roux", title: "Fête", text: "", doubtful: false }];
    for text in [
        "adresse morte, à supprimer des abonnés : vieux@port.example",
        "dead address, delete from members: old@harbour.example",
        "Il l’a déjà publié la semaine dernière.",
        "virez mon mail merci",
        "Le reste, oui.",
        "laisse tomber la photo et publie",
        "non non, envoie",
    ] {
        let found = shown(&moderator_answer(text, "Claire Martin", &held));
        assert!(found.starts_with('?'), "{text}: {found}");
    }
}

proptest::proptest! {
    #[test]
    fn no_answer_harms(text in "\\PC{0,60}", digits in "[0-9 ,;ok\\n]{0,200}") {
        moderator_answer(&text, "", &[]);
        moderator_answer(&digits, "", &[]);
    }
}
