//! What people would type into the archives of the demonstration's two communities, and the post
//! they mean: the first of what is found.

use parvis::domain::ids::ListId;
use parvis::search::{Found, Gathered, Order, Reader, Shelf, Wish};

use super::super::pages::site::Site;

/// Asked in French, of both lists; who wrote what is meant, and words of its subject.
const ASKED: &[(&str, &str, &str)] = &[
    // Apostrophes, elisions, accents or none, capitals.
    ("fuite d'eau", "Solange", "Fuite d'eau"),
    ("fuite d’eau rue des Glycines", "Solange", "Fuite d'eau"),
    ("l'eau coupée", "Hélène", "Fuite d'eau"),
    ("regie des eaux", "Karim", "Fuite d'eau"),
    ("RÉGIE DES EAUX", "Karim", "Fuite d'eau"),
    ("biberon", "Aïcha", "Fuite d'eau"),
    ("taboule", "Gérard", "Fête des voisins"),
    ("accordeon", "Yann", "Fête des voisins"),
    ("déchèterie", "Hélène", "encombrants"),
    ("decheterie artisans", "Hélène", "encombrants"),
    ("arrêté signature place des Lilas", "Hélène", "Vide-grenier"),
    // Plurals and feminines, also those the stemmer leaves.
    ("chat perdu", "Théo", "chat perdu"),
    ("chats perdus", "Théo", "chat perdu"),
    ("fuites", "Solange", "Fuite d'eau"),
    ("vélo cargo", "Jean-Baptiste", "Vide-grenier"),
    ("velos cargos", "Jean-Baptiste", "Vide-grenier"),
    ("trottinette", "Solange", "Piste cyclable"),
    ("affiches", "Nadia", "L'affiche"),
    ("perceuse libre samedi", "Inès", "Prêt d'outils"),
    ("perceuses", "Inès", "Prêt d'outils"),
    ("fêtes des voisins", "Lucie", "Fête des voisins"),
    ("tenors", "Yann", "chorale"),
    ("trousseau de clés", "Lucie", "Trousseau"),
    ("trousseau de clefs", "Lucie", "Trousseau"),
    ("fractions", "Karim", "Soutien scolaire"),
    ("fraction guerre", "Karim", "Soutien scolaire"),
    // What hyphens join, or not.
    ("videgrenier affiche", "Nadia", "L'affiche"),
    ("porte-clés sardine", "Lucie", "Trousseau"),
    ("taille-haie", "Gérard", "Prêt d'outils"),
    ("taille haie", "Gérard", "Prêt d'outils"),
    ("compte-rendu réunion", "Nadia", "compte rendu"),
    ("compte rendu de la réunion", "Nadia", "compte rendu"),
    ("baby-sitting résidence", "Théo", "Bienvenue"),
    // Several words, the common ones among them.
    ("le chat de Théo", "Théo", "chat perdu"),
    ("qui prête une perceuse entre voisins", "Karim", "Prêt d'outils"),
    ("sonner chez les voisins", "Aïcha", "Canicule"),
    ("buffet normand", "Gérard", "Vide-grenier"),
    ("croissants pour les exposants", "Marcel", "Vide-grenier"),
    ("parking de la piscine", "Jean-Baptiste", "Vide-grenier"),
    ("attestation sur l'honneur", "Hélène", "Vide-grenier"),
    ("infirmière", "Aïcha", "Canicule"),
    ("four de la boulangerie", "Marcel", "encombrants"),
    ("soutien scolaire", "Inès", "Soutien scolaire"),
    ("latin chouquettes", "Théo", "Soutien scolaire"),
    // Phrases.
    ("\"aide aux devoirs\"", "Inès", "Soutien scolaire"),
    ("\"fleur d'oranger\"", "Marcel", "L'affiche"),
    ("\"salle Prévert\" climatisée", "Aïcha", "Canicule"),
    // Conditions.
    ("from:gérard taboulé", "Gérard", "Fête des voisins"),
    ("from:gerard buffet", "Gérard", "Vide-grenier"),
    ("de:odette outil", "Odette", "Prêt d'outils"),
    ("from:solange chorale", "Solange", "chorale"),
    ("subject:canicule", "Aïcha", "Canicule"),
    ("sujet:chorale berceuse", "Solange", "chorale"),
    ("outils after:2026-07-01 before:2026-07-09", "Karim", "Prêt d'outils"),
    ("répétition après:2026-09", "Yann", "chorale"),
    ("has:attachment affiche", "Nadia", "L'affiche"),
    ("avec:pj chorale", "Yann", "chorale"),
    ("perceuse -onze", "Inès", "Prêt d'outils"),
    // A file by its name, and by what stands in it.
    ("outils prêtés.csv", "Karim", "Prêt d'outils"),
    ("pistache.png", "Théo", "chat perdu"),
    ("list:quartier sardine", "Lucie", "Trousseau"),
];

/// What was mistyped, and what is proposed.
const MISTYPED: &[(&str, &str)] = &[
    ("chorrale", "chorale"),
    ("cannicule", "canicule"),
    ("perceuze", "perceuse"),
    ("oreilettes", "oreillettes"),
    ("reunoin", "réunion"),
    ("déchetterie", "déchèterie"),
    ("vidde-grenier", "vide-grenier"),
    ("accordeont", "accordéon"),
    ("from:zerouk", "from:zerrouk"),
];

/// The messages of a mailbox, with the line ends of the wire; some are in no known charset.
fn messages(mailbox: &[u8]) -> Vec<Vec<u8>> {
    let mut mails: Vec<Vec<u8>> = Vec::new();
    for line in mailbox.split(|byte| *byte == b'\n') {
        match mails.last_mut() {
            _ if line.starts_with(b"From ") => mails.push(Vec::new()),
            Some(mail) => {
                mail.extend_from_slice(line);
                mail.extend_from_slice(b"\r\n");
            }
            None => {}
        }
    }
    mails
}

struct Communities {
    site: Site,
    lists: Vec<(ListId, String)>,
}

impl Communities {
    fn new() -> Communities {
        let site = Site::empty();
        let mut lists = Vec::new();
        for (name, language) in [("quartier", "fr"), ("allotments", "en")] {
            let address = format!("{name}@lists.example.org");
            let list = site.list(&address, name, &[("archive", "public"), ("language", language)]);
            let path = format!("{}/data/demo/{name}.mbox", env!("CARGO_MANIFEST_DIR"));
            let bytes = std::fs::read(path).expect("posts of the demonstration");
            let mails = messages(&bytes);
            assert!(mails.len() > 100, "{name}");
            site.posts(list, &mails);
            lists.push((list, address));
        }
        site.search.catch_up_wholly(|_| ()).expect("an index");
        Communities { site, lists }
    }

    fn find(&self, query: &str) -> Found {
        let shelf = |(list, address): &(ListId, String)| Shelf {
            list: *list,
            address: address.clone(),
            reader: Reader::Stranger,
            from: None,
        };
        let shelves: Vec<Shelf> = self.lists.iter().map(shelf).collect();
        let all: Vec<ListId> = self.lists.iter().map(|(list, _)| *list).collect();
        let wish = Wish {
            query,
            readable: &shelves,
            at_hand: &all,
            order: Order::Relevance,
            gathered: Gathered::Posts,
            nearly: false,
            skip: 0,
            take: 5,
        };
        self.site.search.find(&wish).expect("an answer")
    }
}

#[test]
fn the_first_answer_is_the_one_that_is_meant() {
    let communities = Communities::new();
    assert!(ASKED.len() >= 60);
    let mut missed = Vec::new();
    for (query, author, subject) in ASKED {
        let found = communities.find(query);
        let best = found.groups.first().and_then(|group| group.hits.first()).map(|hit| &hit.post);
        let said = best.map(|post| format!("{}: {}", post.author_name, post.subject)).unwrap_or_default();
        let meant = said.starts_with(author) && said.replace('’', "'").contains(subject);
        if !meant {
            missed.push(format!("{query}: {said}"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    for query in ["motquinexistepas", "list:allotments sardine", "from:odette perceuse", "\"devoirs aide\""] {
        assert_eq!(communities.find(query).posts_in_all, 0, "{query}");
    }
}

#[test]
fn slips_of_the_finger_are_understood() {
    let communities = Communities::new();
    for (typed, meant) in MISTYPED {
        assert_eq!(communities.find(typed).suggestion.as_deref(), Some(*meant), "{typed}");
    }
}
