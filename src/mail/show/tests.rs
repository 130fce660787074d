//! What is shown of a message, whole or broken.

use super::*;

fn texts(raw: &[u8]) -> Vec<String> {
    show(raw)
        .blocks
        .into_iter()
        .map(|block| match block {
            Block::Text(text) => text,
            Block::Quote { text, .. } => format!("> {text}"),
            Block::Signature(text) => format!("-- {text}"),
        })
        .collect()
}

#[test]
fn bodies_in_every_dress() {
    for (raw, read) in [
        (&b"Subject: x\n\nBonjour\n"[..], "Bonjour"),
        (b"Subject: x\r\n\r\nBonjour\r\n", "Bonjour"),
        (b"\nBonjour", "Bonjour"),
        (b"Bonjour sans champs", "Bonjour sans champs"),
        (b"Subject: x\nBonjour: oui\nsans ligne vide", "sans ligne vide"),
        (b"Content-Type: text/plain; charset=x-unknown\n\ncaf\xe9", "café"),
        (b"Content-Type: text/plain; charset=\"yes\"\nContent-Transfer-Encoding: 8bits\n\ncaf\xe9", "café"),
        (b"Content-Type: text/plain; charset=utf-7\n\n+ADw-b+AD4-", "+ADw-b+AD4-"),
        (b"Content-Type: TEXT/PLAIN; CHARSET=ISO-8859-15\nContent-Transfer-Encoding: QUOTED-PRINTABLE\n\n=A4", "€"),
        (b"Content-Type: text/plain; format=flowed\n\nun \ndeux\n", "un deux"),
        (b"Content-Type: text\n\nvieux", "vieux"),
        (b"Content-Type: text/enriched\n\n<b>vieux</b>", "<b>vieux</b>"),
        (b"Content-Type: multipart/mixed\n\nsans marque", "sans marque"),
        (b"Content-Type: multipart/mixed; boundary=b\n\njamais ouverte", "jamais ouverte"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\njamais close", "jamais close"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b  \n\nun\n--b--  \nfin", "un"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\nun sans champs\n--b--", "un sans champs"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nun\n--b\n\ndeux\n--b--", "un\ndeux"),
        (b"Content-Type: multipart/alternative; boundary=b\n\n--b\n\ntexte\n--b\nContent-Type: text/html\n\n<p>texte\n--b--", "texte"),
        (b"Content-Type: text/html\n\n<p>un</p><p>deux", "un\n\ndeux"),
        (b"Content-Type: message/rfc822\n\nSubject: y\n\ndedans", ""),
    ] {
        assert_eq!(texts(raw).join("\n"), read, "{}", String::from_utf8_lossy(raw));
    }
}

#[test]
fn the_html_is_preferred_only_when_the_text_says_nothing() {
    let message = |text: &str, html: &str| {
        format!(
            "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n{text}\n--b\n\
             Content-Type: text/html; charset=utf-8\n\n{html}\n--b--\n"
        )
    };
    let long = "<p>Nous nous retrouvons dimanche à la salle des fêtes pour le repas.</p>".repeat(8);
    for (text, html, preferred) in [
        ("Bonjour", "<p>Bonjour", Preferred::Text),
        ("", "<p>Bonjour", Preferred::Html),
        (" \n\n", "<p>Bonjour", Preferred::Html),
        ("Your mail program needs an HTML viewer.", &long, Preferred::Html),
        ("Voir la version HTML", &long, Preferred::Html),
        ("Rendez-vous dimanche à la salle pour le repas, à partir de midi. Marie", &long, Preferred::Text),
    ] {
        let shown = show(message(text, html).as_bytes());
        assert_eq!(shown.preferred, preferred, "{text}");
        assert_eq!(shown.html.is_some(), preferred == Preferred::Html, "{text}");
        assert!(!shown.blocks.is_empty(), "{text}");
    }
    let shown = show(message("", &"<div>".repeat(5_000)).as_bytes());
    assert_eq!((shown.html, shown.preferred), (None, Preferred::Text));
}

#[test]
fn what_came_with_it() {
    let raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/related; boundary=r\n\n\
--r\nContent-Type: text/html\n\n<p>Le plan : <img src=\"cid:plan@e.example\"> <img src=\"cid:faux@e.example\">\n\
--r\nContent-Type: image/png\nContent-ID: <plan@e.example>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgoAAAA=\n\
--r\nContent-Type: image/png; name=faux.png\nContent-ID: <faux@e.example>\n\n<script>\n--r--\n\
--b\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\n\
--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename*=utf-8''%C3%A9t%C3%A9.pdf\n\n%PDF\n\
--b\nContent-Type: text/html\"><script>\nContent-Disposition: attachment; filename=\"../caf\xe9.html\"\n\n<b>\n\
--b\nContent-Type: message/rfc822\n\nSubject: Re: a/b\n\nx\n\
--b\nContent-Type: text/plain; name=notes.txt\n\nnotes\n--b--\n";
    let shown = show_with_pictures(raw, &|picture| Some(format!("/ours/{}", picture.n)));
    let found: Vec<String> = shown
        .attachments
        .iter()
        .map(|a| {
            format!("{} {} {:?} {} {}", a.n, a.name, a.kind, a.bytes, if a.inline { "in" } else { "beside" })
        })
        .collect();
    expect_test::expect![[r#"
        1 attachment-1.png Picture(Png) 11 in
        2 faux.png Other 8 in
        3 attachment-3.ics Calendar 15 beside
        4 été.pdf Other 4 beside
        5 café.html Other 3 beside
        6 b.eml Other 19 beside
        7 notes.txt Other 5 beside"#]]
    .assert_eq(&found.join("\n"));
    let html = shown.html.expect("html");
    assert!(html.as_str().contains("Le plan : <img src=\"/ours/1\" alt=\"\"> [image]"), "{}", html.as_str());
    for one in &shown.attachments {
        let (again, bytes) = attachment(raw, one.n).expect("numbered");
        assert_eq!((&again, bytes.len() as u64), (one, one.bytes));
    }
    assert_eq!(attachment(raw, 0), None);
    assert_eq!(attachment(raw, 8), None);
}

#[test]
fn languages_are_told_only_from_what_the_author_wrote() {
    let french = "Bonjour à toutes et à tous, nous nous retrouvons dimanche prochain pour préparer la fête du quartier.";
    let english =
        "Hello everybody, we are meeting next Sunday in order to prepare the party of the neighbourhood.";
    for (text, language) in [
        (french.to_owned(), Some("fr")),
        (english.to_owned(), Some("en")),
        (format!("{french}\n> {english}\n> {english}\n> {english}"), Some("fr")),
        ("ok merci".to_owned(), None),
        (String::new(), None),
    ] {
        let mail = format!("Content-Type: text/plain; charset=utf-8\n\n{text}");
        assert_eq!(crate::mail::parse::summarize(mail.as_bytes()).language, language);
    }
}

#[test]
fn too_much_of_everything_is_said_not_suffered() {
    let nested = (0..200_000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"))
        .collect::<String>();
    let parts = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(200_000));
    let messages = "Content-Type: message/rfc822\n\n".repeat(50_000);
    let header = "X: y\n".repeat(200_000);
    let subject = format!("Subject: {}\n\nx", "a ".repeat(500_000));
    let comment = format!("Content-Type: text/plain; {}\n\nx", "(".repeat(40_000));
    let boundary = format!("Content-Type: multipart/mixed; boundary=\"{}\"\n\nx", "=?".repeat(8_000));
    let continued = (0..10_000).map(|n| format!("\n name*{n}*=x;")).collect::<String>();
    let continued = format!("Content-Type: text/plain;{continued} x=y\n\nx");
    for (raw, fault) in [
        (&nested, Some(Undisplayable::TooDeep)),
        (&parts, Some(Undisplayable::TooManyParts)),
        (&messages, None),
        (&header, None),
        (&subject, None),
        (&comment, None),
        (&boundary, None),
        (&continued, None),
    ] {
        assert_eq!(show(raw.as_bytes()).fault, fault, "{}", &raw[..60]);
        plain_text(raw.as_bytes());
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_can_be_shown(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let shown = show(&bytes);
        proptest::prop_assert_ne!(shown.fault, Some(Undisplayable::Unreadable));
    }

    #[test]
    fn any_soup_of_mime_can_be_shown(pieces in proptest::collection::vec((0..SOUP.len(), "[ -~\\n]{0,8}"), 0..40)) {
        let raw: String = pieces.iter().map(|(n, noise)| format!("{}{noise}", SOUP[*n])).collect();
        let shown = show(raw.as_bytes());
        proptest::prop_assert_ne!(shown.fault, Some(Undisplayable::Unreadable), "{}", raw);
        for one in shown.attachments {
            proptest::prop_assert!(attachment(raw.as_bytes(), one.n).is_some());
        }
    }
}

const SOUP: [&str; 22] = [
    "\n",
    "\r\n",
    "\n\n",
    "--b\n",
    "--b--\n",
    "--c\n",
    "--c--\n",
    "Content-Type: multipart/mixed; boundary=b\n\n",
    "Content-Type: multipart/alternative; boundary=c\n\n",
    "Content-Type: multipart/digest; boundary=b\n\n",
    "Content-Type: text/html\n\n",
    "Content-Type: message/rfc822\n\n",
    "Content-Type: text/plain; format=flowed; delsp=yes\n",
    "Content-Transfer-Encoding: base64\n",
    "Content-Transfer-Encoding: quoted-printable\n",
    "Content-Disposition: attachment",
    "; filename*0*=utf-8''%C3",
    "; filename=\"=?utf-8?Q?=C3=A9?=\"",
    "Content-ID: <x>\n",
    "<div>",
    "> ",
    "=C3=\n",
];
