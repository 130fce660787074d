//! Editions as people make them, and as nobody should.

use super::*;
use crate::digest::{Attached, Condensed, Doors, Item, Summary, ThreadPart};
use crate::domain::list::Language;

const LONG: &str = "Bonjour à toutes et à tous,\n\nLa réunion de lundi a permis d’avancer : l’assemblée a \
    approuvé à l’unanimité le réaménagement de l’intersection, et l’administration communale s’est engagée à \
    présenter un calendrier avant la fin du trimestre ! Qui pourrait accompagner les représentants ?\n\n\
    - une échelle\n- deux tréteaux\n- des volontaires particulièrement courageux, qui n’ont pas peur des \
    courants d’air ni des responsabilités\n\n> Et le goûter ?\n\nOui, 🎂 pour tout le monde 👩‍👩‍👧 !\n\n\
    Voir https://www.exemple-de-quartier.example/comptes-rendus/2026/11/reunion-publique?page=2&tri=date#haut";

fn item(author: &str, text: &str, language: &str) -> Item {
    Item {
        author: author.to_owned(),
        when: "samedi 21 novembre à 9 h".to_owned(),
        text: Condensed { text: text.to_owned(), cut: false },
        language: language.to_owned(),
        ..Item::default()
    }
}

fn edition(threads: Vec<ThreadPart>) -> Sheet {
    Sheet {
        language: Language::Fr,
        group: "Le quartier des Lilas".to_owned(),
        address: "lilas@lists.example".to_owned(),
        title: "Le quartier des Lilas : La semaine".to_owned(),
        heading: "La semaine du quartier".to_owned(),
        about: "12 messages, dimanche 22 novembre".to_owned(),
        part: None,
        intro: "Chères voisines, chers voisins,\n\nune semaine bien remplie ; bonne lecture !".to_owned(),
        by: "Claire et Marcel".to_owned(),
        page: None,
        archive: None,
        threads,
        doors: Doors { post: "lilas@lists.example".to_owned(), ..Doors::default() },
    }
}

fn a_week() -> Sheet {
    let odd = format!(
        "{}\n\n{}\n\nПривет, соседи! Καλημέρα. 漢字とかな\n\n{}",
        "A".repeat(400),
        "é".repeat(300),
        "x\u{202e}y"
    );
    let code =
        "$ ls -l\nnom        taille   date\nplan.pdf   12 Mo    lundi\nphoto.jpg  3 Mo     mardi\n│ ├── └──";
    let attachments = vec![Attached { name: "plan.pdf".to_owned(), size: "2 Mo".to_owned(), page: None }];
    edition(vec![
        ThreadPart {
            n: 1,
            title: "Réunion publique : le compte rendu".to_owned(),
            note: "À lire avant lundi.".to_owned(),
            items: vec![item("Anne Martin", LONG, "fr"), Item { attachments, ..item("Marcel", "Moi !", "") }],
            left_out: 3,
            ..ThreadPart::default()
        },
        ThreadPart {
            n: 2,
            title: "Odd things".to_owned(),
            summary: Some(Summary { by: "Claire".to_owned(), text: "En bref, c’est oui.".to_owned() }),
            items: vec![item("Ivan", &odd, "ru"), item("Léa", code, ""), item("Nobody", "", "")],
            ..ThreadPart::default()
        },
    ])
}

fn handed() -> Vec<Handed> {
    let one = |name: &str, how: &str| Handed { name: name.to_owned(), how: how.to_owned() };
    vec![one("Mme Duval", "2e étage, par Paul"), one("M. Haddad", "")]
}

fn pages(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    text.matches("/Type/Page/").count() + text.matches("/Type /Page\n").count()
}

#[test]
fn a_week_on_paper() {
    let pdf = pdf(&a_week(), &handed()).unwrap();
    assert!(pdf.starts_with(b"%PDF-1."));
    let text = String::from_utf8_lossy(&pdf);
    // Fonts are in it, cut to what is used.
    assert!(text.matches("/FontFile2").count() + text.matches("/FontFile3").count() >= 3);
    assert!(pdf.len() < 400 << 10, "{}", pdf.len());
}

#[test]
fn a_hundred_conversations() {
    let thread = |n: usize| ThreadPart {
        n: 3,
        title: format!(
            "Conversation {n}, dont le titre est assez long pour prendre plus d’une ligne au sommaire"
        ),
        items: vec![item("Anne Martin", LONG, "fr"); 2],
        ..ThreadPart::default()
    };
    let pdf = pdf(&edition((1..=100).map(thread).collect()), &[]).unwrap();
    assert!(pages(&pdf) > 30, "{}", pages(&pdf));
}
