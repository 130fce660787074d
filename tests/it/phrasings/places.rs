//! Where a mail was sent decides as much as its words; and what is no mail at all harms nothing.

use parvis::domain::command::{Command, Meaning, Scope};
use parvis::understand::{GroupName, Mail, PhraseBook, Place, Situation, Speaker};

use super::{book, cases, file, shown, today, understood};

#[test]
fn at_a_lists_own_address_only_what_is_nothing_but_a_command() {
    let book = book();
    let text = file("at-list.txt");
    let mut wrong = String::new();
    for case in cases(&text) {
        let meaning = understood(&book, &case.mail, Place::List).meaning;
        let is_post = matches!(meaning, Meaning::ForPeople | Meaning::Nothing);
        let found = if is_post { "people".to_owned() } else { shown(&meaning) };
        if found != case.wanted {
            wrong.push_str(&format!(
                "at-list.txt:{}: {found}, not {}: {}\n",
                case.line, case.wanted, case.mail
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn no_phrasing_left_to_people_is_caught_at_a_list() {
    let book = book();
    for name in ["fr.txt", "en.txt", "heldout.fr.txt", "heldout.en.txt"] {
        let text = file(name);
        for case in cases(&text).into_iter().filter(|case| case.wanted == "people") {
            let meaning = understood(&book, &case.mail, Place::List).meaning;
            assert!(!matches!(meaning, Meaning::Certain(_)), "{name}:{}: {}", case.line, shown(&meaning));
        }
    }
}

/// The address, the mail, and what comes of both.
const ADDRESSES: &[(Command, &str, &str)] = &[
    (Command::Leave, "", "leave"),
    (Command::Leave, "Bonjour, merci pour tout, je déménage à Lyon.", "leave"),
    (Command::Leave, "[Re: Vide-grenier] stop", "leave"),
    (Command::Leave, "oui", "leave"),
    (Command::Leave, "désincription", "leave"),
    (Command::Leave, "je ne veux pas partir, juste moins de mails", "leave or ?read weekly"),
    (Command::Leave, "hebdo", "leave or read weekly"),
    (Command::Leave, "pause jusqu'au 15 août", "leave or pause until 2027-08-15"),
    (Command::Leave, "ne me désinscrivez pas", "leave or not leave"),
    (Command::Leave, "Please do not remove me from the list", "leave or not leave"),
    (Command::Leave, "inscription", "leave or join"),
    (Command::Join, "", "join"),
    (Command::Join, "Bonjour, je suis nouvelle dans le quartier.", "join"),
    (Command::Join, "hebdo", "join + read weekly"),
    (Command::Join, "stop", "join or leave"),
    (Command::Join, "Please unsubscribe me", "join or leave"),
    (Command::Help, "", "help"),
    (Command::Help, "hebdo", "read weekly"),
    (Command::Help, "Je n’arrive pas à joindre une photo.", "help"),
];

#[test]
fn the_address_decides_unless_the_words_plainly_say_otherwise() {
    let book = book();
    for (command, mail, wanted) in ADDRESSES {
        let found = shown(&understood(&book, mail, Place::Says(command.clone())).meaning);
        assert_eq!(found, *wanted, "{command:?} {mail}");
    }
}

#[test]
fn at_the_place_for_searching_the_words_are_searched_for() {
    let book = book();
    for (mail, wanted) in [
        ("[vide-grenier]", "search vide-grenier"),
        ("fuite d’eau⏎Marcel", "search fuite d’eau"),
        ("[Re: Fête] plombier", "search plombier"),
        ("", "nothing"),
    ] {
        assert_eq!(
            shown(&understood(&book, &mail.replace('⏎', "\n"), Place::Search).meaning),
            wanted,
            "{mail}"
        );
    }
}

#[test]
fn groups_that_are_named_are_told() {
    let book = book();
    let groups = [
        GroupName { name: "Le quartier des Lilas", address: "quartier@lilas.example" },
        GroupName { name: "Le jardin partagé", address: "jardin@lilas.example" },
    ];
    let situation = Situation {
        place: Place::Request,
        today: today(),
        language: None,
        speaker: Speaker::Anybody,
        name: "",
        own: &[],
        groups: &groups,
    };
    let named = |addresses: &[&str]| Scope::Named(addresses.iter().map(|a| (*a).to_owned()).collect());
    for (text, scope) in [
        ("stop", Scope::Here),
        ("désinscrivez-moi du jardin", named(&["jardin@lilas.example"])),
        ("désinscrivez-moi de quartier@lilas.example", named(&["quartier@lilas.example"])),
        ("je voudrais rejoindre le groupe Le jardin partagé", named(&["jardin@lilas.example"])),
        ("unsubscribe me from jardin", named(&["jardin@lilas.example"])),
        ("désinscrivez-moi de toutes les listes", Scope::All),
        ("unsubscribe me from all lists", Scope::All),
    ] {
        let found = book.read(&Mail { subject: "", answers: false, text }, &situation);
        assert!(matches!(found.meaning, Meaning::Certain(_)), "{text}: {}", shown(&found.meaning));
        assert_eq!(found.scope, scope, "{text}");
    }
}

#[test]
fn what_only_animators_may_ask_is_nothing_to_others() {
    let book = book();
    for text in ["membres", "ajouter jeanne@courrier.example", "history", "ralentir"] {
        let situation = Situation {
            place: Place::Request,
            today: today(),
            language: None,
            speaker: Speaker::Anybody,
            name: "",
            own: &[],
            groups: &[],
        };
        let found = book.read(&Mail { subject: "", answers: false, text }, &situation).meaning;
        assert!(!matches!(found, Meaning::Certain(_)), "{text}: {}", shown(&found));
    }
}

#[test]
fn a_folder_adds_wordings_and_a_bad_line_costs_itself_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[say]\nleave = [\"je rends mon tablier\", \"(oh)\", \"a [b\"]\nnothing-such = [\"x\"]\n";
    std::fs::write(folder.path().join("fr.toml"), text).unwrap();
    std::fs::write(folder.path().join("en.toml"), "say = 3").unwrap();
    let (book, faults) = PhraseBook::new(Some(folder.path()));
    assert_eq!(faults.len(), 4, "{faults:?}");
    assert_eq!(shown(&understood(&book, "Je rends mon tablier !", Place::Request).meaning), "leave");
    assert_eq!(shown(&understood(&book, "désinscription", Place::Request).meaning), "leave");
}

#[test]
fn words_without_end_take_no_longer_than_they_are_long() {
    let book = book();
    for piece in [
        "stop ",
        "oui, ",
        "@",
        "2 ",
        "désinscrire moi de la liste ",
        "stop\n",
        "((((",
        "’’’’",
        "\u{301}",
        "a@b.example ",
    ] {
        let text = piece.repeat(64 * 1024 / piece.len());
        understood(&book, &text, Place::Request);
        understood(&book, &format!("[{}] x", text.replace(['\n', ']'], " ")), Place::List);
    }
}

#[test]
fn no_beginning_of_a_phrasing_harms() {
    let book = book();
    for name in ["fr.txt", "en.txt"] {
        let text = file(name);
        for case in cases(&text).iter().step_by(7) {
            for (at, _) in case.mail.char_indices().step_by(3) {
                understood(&book, &case.mail[..at], Place::Request);
            }
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
    #[test]
    fn no_text_harms(text in "[a-z àé'’,.?!\\n0-9@/-]{0,200}", other in "\\PC{0,80}") {
        let book = book();
        understood(&book, &text, Place::Request);
        understood(&book, &other, Place::List);
    }
}
