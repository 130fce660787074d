//! What a stranger sees of the addresses in a message.

use super::*;

#[test]
fn addresses_in_texts() {
    for (text, masked) in [
        ("marie@exemple.example", "marie@…"),
        ("Marie <marie.dupont+liste@exemple.example>, dit-elle.", "Marie <marie.dupont+liste@…>, dit-elle."),
        ("Écrire à marie@exemple.example.", "Écrire à marie@…."),
        ("re+abcdefghijklmnopqrstuvwxyz234567@b.example", "re+…@…"),
        ("re+abcdefghijklmnopqrstuvwxyz23456@b.example", "re+abcdefghijklmnopqrstuvwxyz23456@…"),
        ("a@b.example,c@d.example;e@f.example", "a@…,c@…;e@…"),
        ("mailto:marie@exemple.example?subject=x", "mailto:marie@…?subject=x"),
        ("\"marie d\"@exemple.example", "\"marie d\"@…"),
        ("marie@[192.0.2.1] et marie@[IPv6:2001:db8::1]", "marie@… et marie@…"),
        ("élodie@éxemple.example", "élodie@…"),
        ("marie&#64;exemple.example marie&#x40;exemple.example", "marie@… marie@…"),
        ("marie＠exemple.example", "marie@…"),
        ("marie@exemple.example@exemple.example", "marie@…@exemple.example"),
        ("@marie sur https://social.example/@marie", "@marie sur https://social.example/@marie"),
        (
            "https://lists.example.org/quartier/m/a1%40exemple.example/",
            "https://lists.example.org/quartier/m/a1%40exemple.example/",
        ),
        (
            "@media { } a @ b.example 3@5 x@1.2.3 root@localhost",
            "@media { } a @ b.example 3@5 x@1.2.3 root@localhost",
        ),
        ("marie@…", "marie@…"),
        ("a@@b.example @ @", "a@@b.example @ @"),
        ("&amp; R&D @", "&amp; R&D @"),
        ("", ""),
    ] {
        assert_eq!(mask_addresses(text), masked);
        assert_eq!(mask_addresses(masked), masked, "masking twice");
    }
}

#[test]
fn a_message_for_strangers() {
    let raw = b"Received: from home (192.0.2.7) by mx.exemple.example; Sun, 22 Nov 2026 18:30:00 +0100\r\n\
Return-Path: <marie@exemple.example>\r\n\
DKIM-Signature: v=1; d=exemple.example;\r\n b=abc\r\n\
X-Originating-IP: [192.0.2.7]\r\n\
From: =?utf-8?Q?marie=40exemple.example?= <marie@exemple.example>\r\n\
To: quartier@lists.example.org,\r\n jean@exemple.example\r\n\
Message-ID: <20261122183000.1@exemple.example>\r\n\
References: <marie@exemple.example> <abc123456@exemple.example>\r\n\
Subject: =?iso-8859-1?Q?F=EAte?=\r\n\
MIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=x\r\n\
\r\n\
jean@exemple.example\r\n\
--x\r\n\
Content-Type: text/plain; charset=iso-8859-1; format=flowed\r\n\
Content-Transfer-Encoding: quoted-printable\r\n\
\r\n\
=C9crivez =E0 marie@=\r\nexemple.example\r\n\
--x\r\n\
Content-Type: text/plain\r\n\
\r\n\
Rien.\r\n\
--x\r\n\
Content-Type: application/pdf; name=plan.pdf\r\n\
Content-Disposition: attachment\r\n\
Content-Transfer-Encoding: base64\r\n\
\r\n\
bWFyaWVAZXhlbXBsZS5leGFtcGxl\r\n\
--x--\r\n\
jean@exemple.example\r\n";
    let masked = String::from_utf8(mask_raw(raw)).expect("utf-8");
    expect_test::expect![[r#"
        From: =?utf-8?B?bWFyaWVA4oCm?= <marie@…>
        To: quartier@…,
         jean@…
        Message-ID: <20261122183000.1@exemple.example>
        References: <marie@…> <abc123456@exemple.example>
        Subject: =?iso-8859-1?Q?F=EAte?=
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary=x

        jean@…
        --x
        Content-Type: text/plain; charset=utf-8; format=flowed
        Content-Transfer-Encoding: 8bit

        Écrivez à marie@…
        --x
        Content-Type: text/plain

        Rien.
        --x
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: 8bit

        [pièce jointe retirée / attachment left out]
        --x--
        jean@…
    "#]]
    .assert_eq(&masked.replace("\r\n", "\n"));
    assert_eq!(masked.matches('\n').count(), masked.matches("\r\n").count(), "line ends stay CRLF");
}

#[test]
fn hostile_texts_take_no_longer_than_they_are_long() {
    for piece in ["a@", "@", "a@b.", "&", "&#64;", "=?u?q?x", "=?", "<a@b.cc", "x@[", ">"] {
        let text = piece.repeat(400_000 / piece.len());
        assert!(mask_addresses(&text).len() <= 2 * text.len());
        let raw = format!("Subject: {text}\nReferences: {text}\n\n{text}");
        assert!(!mask_raw(raw.as_bytes()).is_empty());
    }
}

proptest::proptest! {
    #[test]
    fn no_whole_address_is_left(local in "[a-z0-9._+-]{1,10}", domain in "[a-z0-9-]{1,8}\\.[a-z]{2,6}", around in "\\PC{0,10}") {
        let text = format!("{around} <{local}@x{domain}> {around}");
        let whole = format!("@x{domain}>");
        let masked = mask_addresses(&text);
        proptest::prop_assert!(!masked.contains(&whole), "{}", masked);
    }

    #[test]
    fn any_bytes_are_taken(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        mask_raw(&bytes);
    }
}
