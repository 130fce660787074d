//! Answers to digests: to one post, to all of them, to an author alone; and digests of several lists.

use super::*;

#[test]
fn an_answer_from_a_digest_lands_in_its_conversation() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    scene.add("anne", &[("reading", "daily")]);
    scene.add("each", &[]);
    let (one, _) = (scene.post(), scene.post());
    scene.after(24 * HOUR);
    let digest = text_of(&scene.mails("anne")[0]);
    let answers = digest.split("Répondre au groupe\u{a0}: ").nth(1).unwrap();
    scene.write("anne", answers.split_whitespace().next().unwrap(), "mark-99- Je viens.");
    assert_eq!(scene.got("each").last(), Some(&vec![99]));
    let copy = scene.mails("each").pop().unwrap();
    assert!(copy.contains(&format!("In-Reply-To: <p{one}@author.example>")), "{copy}");
    let threads = scene.desk().store.reader().latest_threads(scene.list().id, 0, 9).unwrap();
    assert_eq!(threads.iter().map(|thread| thread.posts).max(), Some(2));
}

#[test]
fn an_answer_to_a_whole_digest_finds_its_conversation() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    scene.add("anne", &[("reading", "daily")]);
    scene.add("each", &[]);
    let (_, two) = (scene.post(), scene.post());
    scene.after(24 * HOUR);
    let before = scene.mails("each").len();
    let digest = scene.mails("anne").pop().unwrap();
    scene.write("anne", &answers_of(&digest), "mark-77- Je viens, et j’apporte\nle pain.\n\n> tout le reste");
    assert_eq!(scene.mails("each").len(), before, "nothing goes out before it is known where to");
    let asked = text_of(&scene.mails("anne").pop().unwrap());
    for line in ["\n1. sujet 1\n", "\n2. sujet 2\n", "nouveau"] {
        assert!(asked.contains(line), "{line} is not in\n{asked}");
    }
    scene.answer("anne", "le 2, merci");
    let copy = scene.mails("each").pop().unwrap();
    let text = text_of(&copy);
    assert!(copy.contains(&format!("In-Reply-To: <p{two}@author.example>")), "{copy}");
    assert!(text.contains("Subject: Re: sujet 2") && text.contains("et j’apporte\nle pain."), "{text}");
    assert!(!text.contains("tout le reste"), "{text}");
    assert_eq!(scene.mails("each").len(), before + 1);
    // Said twice, it is sent once.
    let number =
        scene.mails("anne").iter().rev().find(|mail| text_of(mail).contains("nouveau")).unwrap().clone();
    scene.write("anne", &answers_of(&number), "2");
    assert_eq!(scene.mails("each").len(), before + 1);
    // The number may stand on top at once; a whole post can be had.
    scene.write("anne", &answers_of(&digest), "1\nmark-78- Et moi aussi.");
    assert!(text_of(&scene.mails("each").pop().unwrap()).contains("Subject: Re: sujet 1"));
    scene.write("anne", &answers_of(&digest), "2 en entier, svp");
    let whole = text_of(&scene.mails("anne").pop().unwrap());
    assert!(whole.contains("> mark-2-"), "{whole}");
    // A command is one here too.
    scene.write("anne", &answers_of(&digest), "hebdo");
    assert_eq!(scene.mails("each").len(), before + 2);
    scene.is_whole();
}

#[test]
fn a_private_word_reaches_its_author_and_gives_no_address_away() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    scene.add("anne", &[("reading", "daily")]);
    scene.add("marcel", &[("reading", "each")]);
    scene.write("marcel", "lilas@lists.example", "mark-5- Un vélo est à donner.");
    scene.after(24 * HOUR);
    let digest = text_of(&scene.mails("anne").pop().unwrap());
    let private = digest.split("Un mot en privé\u{a0}: ").nth(1).unwrap();
    let private = private.split_whitespace().next().unwrap().to_owned();
    scene.write("anne", &private, "Il est encore là ?");
    let word = scene.mails("marcel").pop().unwrap();
    let text = text_of(&word);
    assert!(text.contains("> Il est encore là ?") && text.contains("anne vous écrit"), "{text}");
    assert!(!word.contains("anne@members"), "{word}");
    scene.answer("marcel", "Oui, passe ce soir.");
    let back = scene.mails("anne").pop().unwrap();
    assert!(text_of(&back).contains("> Oui, passe ce soir.") && !back.contains("marcel@members"), "{back}");
    // Nobody else writes so, and nobody very often.
    let before = scene.mails("marcel").len();
    scene.write("stranger", &private, "Bonjour");
    assert_eq!(scene.mails("marcel").len(), before);
    for n in 0..6 {
        scene.write("anne", &private, &format!("Encore moi {n}"));
    }
    assert!(scene.mails("marcel").len() <= before + 5);
    assert!(text_of(&scene.mails("anne").pop().unwrap()).contains("n’a pas été transmis"));
    scene.is_whole();
}

/// Another list beside the scene's own.
fn garden_of(scene: &Scene) -> List {
    let new = NewList {
        address: "jardin@lists.example".to_owned(),
        name: Some("Le jardin".to_owned()),
        language: Language::Fr,
        preset: Preset::Discussion,
    };
    let garden = lists::create(scene.desk(), &new).unwrap();
    let settings = [("posting", "anyone"), ("moderation", "none")];
    let settings: Vec<(String, String)> =
        settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    lists::set(scene.desk(), &garden, &settings).unwrap();
    lists::find(scene.desk(), "jardin@lists.example").unwrap()
}

/// Reads both lists by the day, in one mail or in two.
fn reads_both(scene: &Scene, garden: &List, name: &str, together: &str) {
    scene.add(name, &[("reading", "daily"), ("together", together)]);
    let wish = Wish {
        email: EmailAddress::parse(&format!("{name}@members.example")).unwrap(),
        name: None,
        language: None,
        since: None,
        settings: vec![("reading".into(), "daily".into()), ("together".into(), together.into())],
        joined: Joined::Declared,
    };
    add_member(&scene.desk().store, garden, &wish, scene.act()).unwrap().unwrap();
}

/// Where a mail says one leaves: by a click, and by a mail.
fn ways_out(mail: &str) -> (String, String) {
    let field = mail.split("List-Unsubscribe:").nth(1).unwrap();
    let mut ways = field.split('<').skip(1).map(|way| way.split('>').next().unwrap());
    let (click, write) = (ways.next().unwrap(), ways.next().unwrap());
    let write = write.trim_start_matches("mailto:").split('?').next().unwrap();
    (click.rsplit('/').next().unwrap().to_owned(), write.to_owned())
}

/// Who clicks wants no more of that mail (RFC 8058), whatever it is made of.
#[test]
fn one_click_on_a_mail_of_several_lists_leaves_each_of_them() {
    use parvis::flow::obey_command::{Left, leave_by_token, lists_of_leave_token};
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    let garden = garden_of(&scene);
    for (name, together) in [("anne", "yes"), ("lea", "yes"), ("marcel", "no")] {
        reads_both(&scene, &garden, name, together);
    }
    let one = scene.post();
    scene.write("marcel", "jardin@lists.example", "mark-50- Des tomates !");
    scene.after(24 * HOUR);
    let mail = scene.mails("anne")[0].clone();
    let foot = text_of(&mail);
    for stop in ["lilas-stop@lists.example", "jardin-stop@lists.example"] {
        assert!(foot.contains(stop), "{stop} is not in\n{foot}");
    }
    let click =
        |scene: &Scene, token: &str| leave_by_token(&scene.desk().store, token, scene.desk().now()).unwrap();
    let names = |lists: &[List]| -> Vec<String> { lists.iter().map(|l| l.settings.name.clone()).collect() };
    let (token, _) = ways_out(&mail);
    let asked = lists_of_leave_token(&scene.desk().store, &token).unwrap();
    assert_eq!(names(&asked), ["Le jardin", "Les Lilas"]);
    let Left::Now(left) = click(&scene, &token) else { panic!("they were members") };
    assert_eq!(left.len(), 2);
    let Left::Before(left) = click(&scene, &token) else { panic!("twice is as good as once") };
    assert_eq!(left.len(), 2);
    // The same by mail, and where each list has its own mail it is that list alone.
    let (_, address) = ways_out(&scene.mails("lea")[0]);
    scene.write("lea", &address, "");
    let (token, _) = ways_out(&scene.mails("marcel")[0]);
    let Left::Now(left) = click(&scene, &token) else { panic!("a member") };
    assert_eq!(left.len(), 1);
    let before = scene.got("anne").len();
    assert_eq!(scene.got("anne").concat(), [50, one]);
    let next = scene.post();
    scene.after(24 * HOUR);
    assert_eq!((scene.got("anne").len(), scene.got("lea").len()), (before, 1));
    assert_eq!(scene.got("marcel").concat().contains(&next), left[0].settings.name != "Les Lilas");
    scene.is_whole();
}

/// What was of the list somebody left stays away, what is of the others comes, once and whole.
#[test]
fn who_leaves_one_of_several_lists_before_their_mail_is_sent_gets_the_others() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    let garden = garden_of(&scene);
    for name in ["anne", "lea", "marcel", "paul"] {
        reads_both(&scene, &garden, name, "yes");
    }
    let one = scene.post();
    scene.write("marcel", "jardin@lists.example", "mark-50- Des tomates !");
    let two = scene.post();
    scene.later(24 * HOUR);
    digests::issue_due(scene.desk()).unwrap();
    let leaves = |list: &List, name: &str| {
        let email = EmailAddress::parse(&format!("{name}@members.example")).unwrap();
        remove_member(&scene.desk().store, list, &email, scene.act()).unwrap().unwrap();
    };
    leaves(&garden, "anne");
    leaves(&scene.list(), "lea");
    leaves(&garden, "paul");
    leaves(&scene.list(), "paul");
    scene.deliver();
    assert_eq!(scene.got("anne"), [[one, two]]);
    assert_eq!(scene.got("lea"), [[50]]);
    assert_eq!(scene.got("marcel"), [[50, one, two]]);
    assert_eq!(scene.got("paul").len(), 0);
    let mail = scene.mails("anne")[0].clone();
    let text = text_of(&mail);
    assert!(mail.contains("List-Id: Les Lilas") && !mail.contains("jardin"), "{mail}");
    // Its conversations are called by the numbers others have for them.
    assert!(text.contains("\n  2. sujet 1\n") && text.contains("\n  3. sujet 1002\n"), "{text}");
    scene.write("anne", &answers_of(&mail), "3\nmark-60- J’en suis.");
    scene.after(24 * HOUR);
    assert_eq!(scene.got("anne").last(), Some(&vec![60]));
    assert!(text_of(scene.mails("anne").last().unwrap()).contains("sujet 1002"));
    scene.is_whole();
}

#[test]
fn several_lists_come_in_one_mail_for_who_asks() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    let garden = garden_of(&scene);
    for (name, together) in [("anne", "yes"), ("marcel", "no")] {
        reads_both(&scene, &garden, name, together);
    }
    let one = scene.post();
    scene.write("marcel", "jardin@lists.example", "mark-50- Des tomates !");
    let two = scene.post();
    scene.after(24 * HOUR);
    assert_eq!(scene.got("anne"), [[50, one, two]]);
    let mut separate = scene.got("marcel");
    separate.sort();
    assert_eq!(separate, [vec![one, two], vec![50]]);
    let mail = text_of(&scene.mails("anne")[0]);
    for said in
        ["Le jardin et Les Lilas", "1. Le jardin · edition", "Les Lilas · sujet 1", "jardin+", "lilas+"]
    {
        assert!(mail.contains(said), "{said} is not in\n{mail}");
    }
    // An answer finds its own list.
    scene.write("anne", &answers_of(&scene.mails("anne")[0].clone()), "2\nmark-60- J’en veux bien.");
    scene.after(24 * HOUR);
    assert_eq!(scene.got("anne").last(), Some(&vec![60]));
    assert!(text_of(scene.mails("anne").last().unwrap()).contains("Les Lilas"));
    scene.is_whole();
}
