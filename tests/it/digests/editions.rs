//! Editions: curated by answering mails, summed up, printed.

use super::*;

#[test]
fn an_edition_is_curated_by_answering_mails() {
    // A Friday; editions go on Monday at eight, their drafts a day before.
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    scene.set_list(&[("curation", "draft")]);
    scene.add("claire", &[("role", "animator"), ("reading", "weekly")]);
    scene.add("marcel", &[("role", "animator"), ("reading", "none")]);
    scene.add("daily", &[("reading", "daily")]);
    scene.add("each", &[]);
    let asks = scene.post_of("Qui a une échelle ?");
    let party = scene.post_of("La fête aura lieu samedi.");
    let thanks = scene.post_of("Merci beaucoup !");
    let bike = scene.post_of("Un vélo est à donner.");
    scene.after(24 * HOUR);
    assert_eq!(scene.got("daily").len(), 0, "no digest beside the edition");
    assert!(scene.mails("claire").is_empty());
    scene.after(22 * HOUR);
    let draft = text_of(&scene.mails("claire")[0]);
    for line in [
        "\n1. sujet 1 (Anne) · question sans réponse\n",
        "\n2. sujet 2 (Anne)\n",
        "\n4. sujet 3 (Anne) · remerciements\n",
    ] {
        assert!(draft.contains(line), "{line} is not in\n{draft}");
    }
    assert_eq!(scene.mails("marcel").len(), 1);
    // Two animators, each answering what they have.
    scene.answer("claire", "mets le sujet 2 en premier\nnote 2 Venez nombreux !\nretirer 9");
    let again = text_of(scene.mails("claire").last().unwrap());
    for said in ["en premier\u{a0}: 2", "> retirer 9", "\n2. sujet 2 (Anne) · Venez nombreux !\n1. sujet 1"]
    {
        assert!(again.contains(said), "{said} is not in\n{again}");
    }
    scene.answer("marcel", "plus tard 3\ntitre La semaine\nintro Bonjour à tous,\n\nquelle semaine.\nok");
    let got = scene.got("daily");
    assert_eq!(got, [[party, asks]]);
    assert_eq!(scene.got("claire"), [[party, asks]]);
    assert_eq!(scene.got("each"), [[asks], [party], [thanks], [bike]]);
    let edition = text_of(&scene.mails("daily")[0]);
    for said in
        ["Subject: ", "La semaine", "quelle semaine.", "Venez nombreux", "https://lists.example/lilas/e/1/"]
    {
        assert!(edition.contains(said), "{said} is not in\n{edition}");
    }
    // What was put off comes back, and goes by itself when nobody answers.
    scene.answer("claire", "ok");
    scene.after(7 * 24 * HOUR);
    scene.after(24 * HOUR);
    assert_eq!(scene.got("daily"), [vec![party, asks], vec![bike]]);
    let kept = scene.desk().store.reader().edition(scene.list().id, 1).unwrap().unwrap();
    let mut by = kept.by.clone();
    by.sort();
    assert_eq!(by, ["claire", "marcel"], "nobody signs with nothing");
    assert_eq!((kept.edition.title.as_str(), kept.edition.items.len()), ("La semaine", 2));
    // The animators' words are found by mail, by whoever may read them.
    scene.desk().search.catch_up_wholly(|_| ()).unwrap();
    scene.write("daily", "lilas-request@lists.example", "chercher nombreux");
    let found = text_of(scene.mails("daily").last().unwrap());
    for said in ["Dans les éditions", "La semaine", "Venez nombreux", "https://lists.example/lilas/e/1/"] {
        assert!(found.contains(said), "{said} is not in\n{found}");
    }
    assert!(!found.contains("Aucun message") && !found.contains("par son numéro"), "{found}");
    scene.write("passer-by", "lilas-request@lists.example", "chercher nombreux");
    let found = text_of(scene.mails("passer-by").last().unwrap());
    assert!(found.contains("Aucun message") && !found.contains("Venez"), "{found}");
    scene.is_whole();
}

#[test]
fn a_summary_stands_for_its_conversation_in_the_next_edition() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    scene.set_list(&[("curation", "draft")]);
    scene.add("claire", &[("role", "animator"), ("reading", "weekly")]);
    scene.add("anne", &[("reading", "daily")]);
    scene.post_of("La fête aura lieu samedi.");
    scene.after(HOUR);
    scene.write_answering("anne", "p1@author.example", "Résumé :\n\nSamedi à 15 h, dans la cour.");
    let asked = text_of(&scene.mails("claire").pop().unwrap());
    assert!(asked.contains("> Samedi à 15 h, dans la cour."), "{asked}");
    let thread = scene.desk().store.reader().latest_threads(scene.list().id, 0, 1).unwrap()[0].id;
    assert!(scene.desk().store.reader().summary(scene.list().id, thread).unwrap().is_none());
    scene.answer("claire", "ok");
    let stands = scene.desk().store.reader().summary(scene.list().id, thread).unwrap().unwrap();
    assert_eq!(stands.author_name, "anne");
    digests::send_now(scene.desk(), &scene.list()).unwrap();
    scene.deliver();
    let edition = text_of(scene.mails("anne").last().unwrap());
    assert!(edition.contains("Résumé de anne\u{a0}:\n\nSamedi à 15 h, dans la cour."), "{edition}");
    assert!(!edition.contains("aura lieu samedi"), "{edition}");
    // And it can be printed, with whom to hand it to; the animator has the link.
    parvis::flow::membership::add_on_paper(
        &scene.desk().store,
        &scene.list(),
        "Mme Duval, par Paul",
        scene.act(),
    )
    .unwrap()
    .unwrap();
    let printed = digests::printed(scene.desk(), &scene.list(), 1, digests::For::Bringers).unwrap().unwrap();
    assert!(printed.unwrap().starts_with(b"%PDF-"));
    let told: Vec<String> = scene.mails("claire").iter().map(|mail| text_of(mail)).collect();
    assert!(told.iter().any(|mail| mail.contains("/lilas/e/1/paper.pdf?k=")), "{told:?}");
    scene.is_whole();
}

/// Whatever else stands in it: as long as something was not understood, nothing goes.
#[test]
fn ok_beside_words_that_were_not_understood_sends_nothing() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    scene.set_list(&[("curation", "draft")]);
    scene.add("claire", &[("role", "animator"), ("reading", "weekly")]);
    let posts: Vec<u64> = (0..3).map(|n| scene.post_of(&format!("Nouvelle numéro {n}."))).collect();
    digests::draft_now(scene.desk(), &scene.list()).unwrap().unwrap();
    scene.deliver();
    scene.answer(
        "claire",
        "ok\n\nMais il faudrait que la date de la réunion soit corrigée par quelqu’un qui la connaît",
    );
    assert_eq!(scene.got("claire").len(), 0);
    let again = text_of(scene.mails("claire").last().unwrap());
    for said in ["> Mais il faudrait que la date", "l’envoyer, dès que le reste sera clair"] {
        assert!(again.contains(said), "{said} is not in\n{again}");
    }
    // Under a condition, neither.
    scene.answer("claire", "retire le 2 et envoie si Marcel est d’accord");
    assert_eq!(scene.got("claire").len(), 0);
    scene.answer("claire", "ok\n\nClaire\n06 12 34 56 78");
    assert_eq!(scene.got("claire"), [posts]);
}

/// Two read the same draft, and answer it in the same moment: each has their way, and is told so.
#[test]
fn two_animators_at_the_same_moment_lose_nothing() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    scene.set_list(&[("curation", "draft")]);
    scene.add("claire", &[("role", "animator"), ("reading", "weekly")]);
    scene.add("marcel", &[("role", "animator"), ("reading", "none")]);
    let posts: Vec<u64> = (0..5).map(|n| scene.post_of(&format!("Nouvelle numéro {n}."))).collect();
    digests::draft_now(scene.desk(), &scene.list()).unwrap().unwrap();
    scene.deliver();
    let [to_claire, to_marcel] =
        ["claire", "marcel"].map(|name| answers_of(&scene.mails(name).pop().unwrap()));
    // Neither has seen what the other asks; « le premier » is the first of what both have before them.
    scene.keep("claire", &to_claire, "", "retire le premier\ntitre La semaine de Claire");
    scene.keep("marcel", &to_marcel, "", "5 avant le 2\nnote 3 De Marcel");
    scene.decide();
    let draft = scene.desk().store.draft(scene.list().id).unwrap().unwrap().draft;
    let order: Vec<u32> = draft.chosen().map(|item| item.number).collect();
    assert_eq!((order.as_slice(), draft.title.as_str()), ([5, 2, 3, 4].as_slice(), "La semaine de Claire"));
    assert_eq!((draft.item(3).unwrap().note.as_str(), draft.by.len()), ("De Marcel", 2));
    // Each is told what was made of their own words, as the draft was then.
    let told = text_of(scene.mails("claire").last().unwrap());
    assert!(told.contains("retiré\u{a0}: 1\n") && !told.contains("juste avant"), "{told}");
    let told = text_of(scene.mails("marcel").last().unwrap());
    assert!(told.contains("juste avant 2\u{a0}: 5") && !told.contains("retiré\u{a0}: "), "{told}");
    // One would send, and the other wait; whoever is heard last finds it as it then is.
    let opened = draft.goes;
    scene.answer("marcel", "N’envoie pas encore, je relis demain.");
    let waiting = scene.desk().store.draft(scene.list().id).unwrap().unwrap().draft;
    assert!(waiting.goes >= opened && scene.got("claire").is_empty());
    let both = ["claire", "marcel"].map(|name| answers_of(&scene.mails(name).pop().unwrap()));
    scene.keep("claire", &both[0], "", "ok");
    scene.keep("marcel", &both[1], "", "retirer 4");
    scene.decide();
    assert_eq!(scene.got("claire"), [[posts[4], posts[1], posts[2], posts[3]]]);
    let kept = scene.desk().store.reader().edition(scene.list().id, 1).unwrap().unwrap();
    assert!(kept.edition.heard.is_empty());
    let late = text_of(scene.mails("marcel").last().unwrap());
    assert!(!late.contains("retiré"), "{late}");
    scene.is_whole();
}

/// The draft is there already, and the operator asks for it again once more was written.
#[test]
fn a_draft_that_is_asked_for_again_has_what_came_since() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    scene.set_list(&[("curation", "draft")]);
    scene.add("claire", &[("role", "animator"), ("reading", "weekly")]);
    let posts: Vec<u64> = (0..3).map(|n| scene.post_of(&format!("Nouvelle numéro {n}."))).collect();
    digests::draft_now(scene.desk(), &scene.list()).unwrap().unwrap();
    scene.deliver();
    scene.answer("claire", "enlève le 2");
    let shown = scene.mails("claire").len();
    // Nothing new: nobody is written to.
    digests::draft_now(scene.desk(), &scene.list()).unwrap().unwrap();
    scene.deliver();
    assert_eq!(scene.mails("claire").len(), shown);
    let late = scene.post_of("Une dernière nouvelle.");
    let draft = digests::draft_now(scene.desk(), &scene.list()).unwrap().unwrap();
    assert_eq!((draft.items.len(), draft.chosen().count()), (4, 3), "what was taken out stays so");
    scene.deliver();
    assert_eq!(scene.mails("claire").len(), shown + 1);
    scene.answer("claire", "ok");
    assert_eq!(scene.got("claire"), [vec![posts[0], posts[2], late]]);
}
