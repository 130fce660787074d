//! What stands in a digest, and what does not any more.

use super::*;

#[test]
fn contents_say_what_is_what() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    scene.add("anne", &[("reading", "daily")]);
    scene.add("plain", &[("reading", "daily"), ("digest_form", "plain")]);
    for (author, subject) in [
        ("Paul", "[lilas] Re: [Lilas-users] Fwd: La cave"),
        ("Inès", "TR: La cave"),
        ("Tom", "[Vends] un vélo"),
    ] {
        scene.post_as(author, subject, "Bonjour.");
        scene.after(60_000);
    }
    scene.after(24 * HOUR);
    for name in ["anne", "plain"] {
        let mail = text_of(&scene.mails(name)[0]);
        for line in ["\n  1. La cave, Paul\n", "\n  2. La cave, Inès\n", "\n  3. [Vends] un vélo\n"] {
            assert!(mail.contains(line), "{line} is not in\n{mail}");
        }
    }
    // And so does the page.
    let page = scene.mails("anne")[0].replace("=\r\n", "");
    assert!(page.contains("</a>, Paul"), "{page}");
}

#[test]
fn programs_keep_their_lines_in_both_bodies() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    scene.add("anne", &[("reading", "daily")]);
    scene.post_of(
        "Voici :\r\n\r\nlet rec map f = function\r\n    [] -> []\r\n  | a :: l ->\r\n\tf a :: map f l",
    );
    scene.after(24 * HOUR);
    let mail = scene.mails("anne")[0].clone();
    let text = text_of(&mail);
    let program = "\nlet rec map f = function\n    [] -> []\n  | a :: l ->\n    f a :: map f l\n";
    assert!(text.contains(program), "{text}");
    let page = mail.replace("=\r\n", "").replace("=C2=A0", "~");
    assert!(page.contains("~~~~[] -&gt; []") && page.contains("~~| a"), "{page}");
}

#[test]
fn what_one_person_began_twice_is_told_apart_by_when() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    scene.add("anne", &[("reading", "daily")]);
    scene.post_as("Paul", "La cave", "Bonjour.");
    scene.after(2 * HOUR);
    scene.post_as("Paul", "La cave", "Rebonjour.");
    scene.after(24 * HOUR);
    let text = text_of(&scene.mails("anne")[0]).replace('\u{a0}', " ");
    for line in [
        "\n  1. La cave, Paul, vendredi 20 novembre à 10 h\n",
        "\n  2. La cave, Paul, vendredi 20 novembre à 12 h\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn what_was_withdrawn_does_not_leave_with_the_others() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    scene.add("anne", &[("reading", "daily")]);
    scene.add("mime", &[("reading", "daily"), ("digest_form", "mime")]);
    let (one, two) = (scene.post(), scene.post());
    digests::issue_now(scene.desk(), &scene.list()).unwrap();
    let post = scene.desk().store.reader().latest_posts(scene.list().id, 1).unwrap()[0].id;
    let event = Event::Withdrawn { post, by: parvis::store::event::Decider::Operator };
    scene.desk().store.commit(Change::at(scene.desk().now()).event(event)).unwrap();
    scene.deliver();
    assert_eq!(scene.got("anne"), [[one]]);
    assert_eq!(scene.got("mime"), [[one]]);
    assert!(!scene.mails("mime")[0].contains(&format!("mark-{two}-")));
}

/// Outlook draws with Word, which knows tables and neither a width at most nor a padding.
#[test]
fn outlook_gets_a_table_that_nobody_else_sees() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    scene.add("anne", &[("reading", "daily")]);
    scene.post();
    digests::issue_now(scene.desk(), &scene.list()).unwrap();
    scene.deliver();
    let page = scene.mails("anne")[0].replace("=\r\n", "").replace("=3D", "=");
    let html = page.split("<!DOCTYPE html>").nth(1).expect("a page");
    let only_there: String =
        html.split("<!--[if mso]>").skip(1).filter_map(|rest| rest.split("<![endif]-->").next()).collect();
    assert_eq!(only_there.matches("<table").count(), 1, "{only_there}");
    assert_eq!(only_there.matches("</table>").count(), 1, "{only_there}");
    assert!(only_there.contains("width=\"") && only_there.contains("cellpadding=\""), "{only_there}");
    let elsewhere = html.split("<!--[if mso]>").map(|part| part.split("<![endif]-->").last().unwrap_or(part));
    assert!(!elsewhere.collect::<String>().contains("<table"));
}
