//! Somebody is gone from a message, and nothing else is.

use super::*;
use crate::domain::address::EmailAddress;
use crate::mail::parse;

fn zoe() -> Traces {
    let address = EmailAddress::parse("Zoe.Martin@courrier.example").expect("an address");
    Traces::new([&address], ["Zoé Martin", "Zouzou"])
}

const INSTEAD: Instead<'static> =
    Instead { name: "Former member 17", address: "member-17@parvis.invalid", note: "Texte retiré" };

/// What a message says to a reader, all encodings undone.
fn decoded(raw: &[u8]) -> String {
    let (headers, _) = Headers::scan_leniently(raw);
    let structure = Structure::of(raw, &headers);
    let mut said = String::new();
    for field in headers.fields() {
        said.push_str(&crate::mail::words::decode(&field.value()));
        said.push('\n');
    }
    for part in &structure.parts {
        if part.shape == Shape::Leaf {
            said.push_str(&String::from_utf8_lossy(&part.transfer.decode(&raw[part.body.clone()])));
        }
    }
    said.to_lowercase()
}

fn is_gone(raw: &[u8]) {
    let said = decoded(raw);
    for trace in ["zoe.martin@courrier", "zoé martin", "martin, zoé", "zouzou"] {
        assert!(!said.contains(trace), "{trace} in {said}");
    }
}

#[test]
fn whoever_is_named_is_written_over_in_every_encoding() {
    for message in [
        "From: Bob <bob@club.example>\r\nCc: Zoé Martin <zoe.martin@courrier.example>\r\n\r\nhello\r\n",
        "From: b@c.example\r\nTo: =?utf-8?q?Zo=C3=A9_Martin?= <ZOE.MARTIN@courrier.example>\r\n\r\nx\r\n",
        "From: b@c.example\r\nTo: =?utf-8?B?Wm/DqSBNYXJ0aW4=?= <zoe.martin@courrier.example>\r\n\r\nx\r\n",
        "From: b@c.example\r\nTo: =?iso-8859-1?q?Zo=E9?= =?iso-8859-1?q?_Martin?= <z@x.example>\r\n\r\nx\r\n",
        "From: b@c.example\r\nTo: \"Zouzou\" <zoe.martin@courrier.example>\r\n\r\nx\r\n",
        "From: b@c.example\r\n\r\nLe 3 mai, Zoé\r\n> Martin <zoe.martin@courrier.example> a écrit :\r\n> oui\r\n",
        "From: b@c.example\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nMerci Zo=C3=A9 Mar=\r\ntin !\r\n",
        "From: b@c.example\r\nContent-Transfer-Encoding: base64\r\n\r\nTWVyY2kgWm/DqSBNYXJ0aW4sIG1lcmNpIHpvZS5tYXJ0\r\naW5AY291cnJpZXIuZXhhbXBsZQo=\r\n",
        "From: b@c.example\r\nContent-Type: text/html\r\n\r\n<a href=\"mailto:zoe.martin%40courrier.example\">MARTIN, Zo&eacute;</a>\r\n",
        "From: b@c.example\r\nReferences: <12.zoe.martin@courrier.example>\r\n\r\nx\r\n",
        "From: b@c.example\r\n\r\nZoe Martin said so; ask zoe.martin at courrier.example.\r\n",
    ] {
        let masked = mask_message(message.as_bytes(), &zoe()).expect(message);
        assert_eq!(masked.bytes.len(), message.len(), "{message}");
        is_gone(&masked.bytes);
        assert_eq!(mask_message(&masked.bytes, &zoe()), None, "twice changes nothing: {message}");
        let (before, after) = (parse::summarize(message.as_bytes()), parse::summarize(&masked.bytes));
        assert_eq!(before.author_address, after.author_address);
    }
}

#[test]
fn others_stay() {
    for message in [
        "From: Jo <jo.zoe.martin@courrier.example>\r\n\r\nx\r\n",
        "From: b@c.example\r\n\r\nzoe.martin@courrier.example.org is somebody else\r\n",
        "From: b@c.example\r\n\r\nZoé Martinez, Enzoé Martin, Martin, and Zouzou the cat\r\n",
        "",
        "From: b@c.example\r\nContent-Transfer-Encoding: base64\r\n\r\n====\r\n",
    ] {
        assert_eq!(mask_message(message.as_bytes(), &zoe()), None, "{message}");
    }
}

#[test]
fn their_own_words_stay_under_no_name_or_go() {
    let own = "Received: from home.example ([192.0.2.9])\r\n    by lists.example; Mon, 23 Nov 2026 03:47:16 +0100\r\n\
        From: Zoé Martin <zoe.martin@courrier.example>\r\nMessage-ID: <1@courrier.example>\r\n\
        In-Reply-To: <0@club.example>\r\nSubject: Vide-grenier\r\nX-Mailer: Zmail\r\n\
        Date: Mon, 23 Nov 2026 03:47:16 +0100\r\n\r\nDimanche, chez Zoé Martin.\r\n\r\n-- \r\nZoé M., 06 12 34 56 78\r\n";
    for (words, kept) in [(WithWords::Keep, true), (WithWords::Remove, false)] {
        let made = forget_author_in_place(own.as_bytes(), &zoe(), &INSTEAD, words);
        assert!(made.len() <= own.len());
        is_gone(&made);
        let summary = parse::summarize(&made);
        assert_eq!(summary.message_id.map(|id| id.to_string()), Some("1@courrier.example".to_owned()));
        assert_eq!(summary.references.len(), 1);
        assert_eq!(summary.author_name, "Former member 17");
        assert_eq!(summary.date, parse::summarize(own.as_bytes()).date);
        assert_eq!(summary.subject, if kept { "Vide-grenier" } else { "Texte retiré" });
        let said = decoded(&made);
        assert_eq!(said.contains("dimanche, chez"), kept, "{said}");
        for gone in ["06 12", "192.0.2.9", "zmail"] {
            assert!(!said.contains(gone), "{gone} in {said}");
        }
        assert_eq!(forget_author_in_place(&made, &zoe(), &INSTEAD, words).len(), made.len(), "twice is once");
    }
}

#[test]
fn it_never_grows_and_never_fails() {
    let long = "From: zoe.martin@courrier.example\r\n\r\nhi\r\n";
    for end in 0..long.len() {
        let raw = &long.as_bytes()[..end];
        for words in [WithWords::Keep, WithWords::Remove] {
            assert!(forget_author_in_place(raw, &zoe(), &INSTEAD, words).len() <= raw.len());
        }
        let masked = mask_message(raw, &zoe());
        assert!(masked.is_none_or(|masked| masked.bytes.len() == raw.len()));
    }
    for bomb in ["=?", "=?utf-8?q?zo=C3=A9 ", "zoé ", "=", "zoe.martin@", "\r\n--x\r\n"] {
        let text = bomb.repeat(500_000 / bomb.len());
        mask_message(text.as_bytes(), &zoe());
        mask_message(format!("Content-Type: multipart/mixed; boundary=x\r\n\r\n{text}").as_bytes(), &zoe());
    }
}
