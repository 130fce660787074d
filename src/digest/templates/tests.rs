//! A day of a list, printed.

use super::*;
use crate::digest::{Attached, Summary};

fn item(author: &str, text: &str) -> Item {
    Item {
        author: author.to_owned(),
        when: "samedi 21 novembre à 9 h".to_owned(),
        text: Condensed { text: text.to_owned(), cut: false },
        language: "fr".to_owned(),
        page: Some("https://l.example/lilas/m/1/".to_owned()),
        answer: Some("lilas+abc@l.example".to_owned()),
        private: Some("lilas+def@l.example".to_owned()),
        attachments: Vec::new(),
    }
}

fn a_day() -> Sheet {
    let (title, about) = crate::digest::subject(
        "Le quartier des Lilas",
        3,
        crate::domain::time::CivilDate::new(2026, 11, 22).expect("a day"),
        (1, 1),
        Language::Fr,
    );
    let attachments = vec![Attached {
        name: "plan <1>.pdf".to_owned(),
        size: "80 Ko".to_owned(),
        page: Some("https://l.example/a?k=1&b".to_owned()),
    }];
    Sheet {
        language: Language::Fr,
        group: "Le quartier des Lilas".to_owned(),
        address: "lilas@l.example".to_owned(),
        title,
        heading: String::new(),
        about,
        part: None,
        intro: String::new(),
        by: String::new(),
        page: None,
        archive: Some("https://l.example/lilas/".to_owned()),
        threads: vec![
            ThreadPart {
                n: 1,
                title: "Vide-grenier <dimanche>".to_owned(),
                page: Some("https://l.example/lilas/t/x/".to_owned()),
                items: vec![
                    Item {
                        attachments,
                        ..item(
                            "Jeanne Petit",
                            "Bonjour,\n\nIl reste douze places, voir https://v.example/?a=1&b=2 pour s’inscrire avant samedi soir au plus tard.\n\n- table\n- chaise",
                        )
                    },
                    item("Marcel & fils", "> Qui vient ?\n\nMoi <b>bien</b> sûr."),
                ],
                left_out: 2,
                ..ThreadPart::default()
            },
            ThreadPart {
                n: 2,
                title: "Eau".to_owned(),
                note: "À lire.".to_owned(),
                summary: Some(Summary {
                    by: "Claire".to_owned(), text: "La fuite est réparée.".to_owned()
                }),
                items: vec![item("Claire", "")],
                ..ThreadPart::default()
            },
        ],
        doors: Doors {
            post: "lilas@l.example".to_owned(),
            request: "lilas-request@l.example".to_owned(),
            stop: "lilas-stop@l.example".to_owned(),
            lists: Vec::new(),
        },
    }
}

#[test]
fn both_bodies_say_the_same() {
    let bodies = DigestTemplates::new(None).0.print(&a_day());
    expect_test::expect_file!["../../../tests/digests/day.txt"].assert_eq(&bodies.text);
    expect_test::expect_file!["../../../tests/digests/day.html"].assert_eq(&bodies.html);
    for word in ["douze", "Moi", "réparée", "À lire", "plan", "Jeanne Petit", "lilas+abc@l.example"] {
        assert!(bodies.text.contains(word) && bodies.html.contains(word), "{word}");
    }
    assert!(!bodies.html.contains("<b>bien") && !bodies.html.contains("<dimanche>"));
    assert!(bodies.text.lines().all(|line| line.chars().count() <= 78), "{}", bodies.text);
}

#[test]
fn a_template_of_the_folder_replaces_ours_unless_it_is_broken() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("page.txt.hbs"), "Nous : {{group}}").expect("written");
    std::fs::write(folder.path().join("page.html.hbs"), "{{nobody}}").expect("written");
    let (templates, faults) = DigestTemplates::new(Some(folder.path().to_owned()));
    assert_eq!(faults.len(), 1, "{faults:?}");
    let bodies = templates.print(&a_day());
    assert_eq!(bodies.text, "Nous : Le quartier des Lilas\n");
    assert!(bodies.html.contains("Au sommaire"));
}
