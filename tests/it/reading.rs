//! Whole messages as programs write them, as a reader finds them.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use parvis::mail::mask::{mask_addresses, mask_raw};
use parvis::mail::parse::summarize;
use parvis::mail::show::{Block, attachment, plain_text, show, show_with_pictures};
use parvis::mail::text::{Segment, links};

fn page(raw: &str) -> String {
    let shown = show_with_pictures(raw.as_bytes(), &|a| Some(format!("/ours/{}/{}", a.n, a.name)));
    let mut out = format!(
        "{:?} preferred, in {}\n",
        shown.preferred,
        summarize(raw.as_bytes()).language.unwrap_or("no language")
    );
    for block in &shown.blocks {
        let (name, text) = match block {
            Block::Text(text) => ("text".to_owned(), text),
            Block::Signature(text) => ("signature".to_owned(), text),
            Block::Quote { heading, text } => {
                let open = if block.short() { "quote in sight" } else { "quote" };
                (format!("{open}, {}", heading.as_deref().unwrap_or("without heading")), text)
            }
        };
        writeln!(out, "[{name}]\n{text}").expect("a string");
    }
    for one in &shown.attachments {
        writeln!(out, "[attachment {} {} {:?}]", one.n, one.name, one.kind).expect("a string");
    }
    if let Some(html) = &shown.html {
        writeln!(out, "[html]\n{}", html.as_str()).expect("a string");
    }
    out
}

fn check(raw: &str, expected: Expect) {
    expected.assert_eq(&page(raw));
    for end in (0..raw.len()).filter(|end| raw.is_char_boundary(*end)) {
        let start = &raw.as_bytes()[..end];
        assert_ne!(show(start).fault, Some(parvis::mail::show::Undisplayable::Unreadable), "cut at {end}");
        mask_raw(start);
        attachment(start, 1);
    }
}

const GMAIL: &str = r#"From: Marie Dupont <marie@exemple.example>
To: quartier@lists.example.org
Subject: =?UTF-8?Q?Re:_Vide=2Dgrenier?=
Content-Type: multipart/alternative; boundary="0000000000001"

--0000000000001
Content-Type: text/plain; charset="UTF-8"
Content-Transfer-Encoding: quoted-printable

Bonjour =C3=A0 toutes et =C3=A0 tous, je viendrai avec plaisir dimanche matin=
 et j'apporterai des tables.

Marie

Le mar. 12 mai 2026 =C3=A0 10:23, Jean Petit <jean@exemple.example> a
=C3=A9crit :

> Qui vient dimanche ?
>
> Il faut des tables, des chaises,
> et du monde pour ranger.
>
> Jean

--0000000000001
Content-Type: text/html; charset="UTF-8"
Content-Transfer-Encoding: quoted-printable

<div dir=3D"ltr">Bonjour =C3=A0 toutes et =C3=A0 tous, je viendrai avec plaisir.<br><=
/div><br><div class=3D"gmail_quote gmail_quote_container"><div dir=3D"ltr" class=3D=
"gmail_attr">Le mar. 12 mai 2026 =C3=A0 10:23, Jean Petit &lt;<a href=3D"mailto:jean@e=
xemple.example">jean@exemple.example</a>&gt; a =C3=A9crit=C2=A0:<br></div><blockquote =
class=3D"gmail_quote" style=3D"margin:0px"><p>Qui vient dimanche ?</p><p>Il faut des tables=
, des chaises, et du monde pour ranger. Et des bras le soir pour tout remettre en place.</p></blockquote></div>

--0000000000001--
"#;

#[test]
fn an_answer_from_gmail() {
    check(
        GMAIL,
        expect![[r#"
            Text preferred, in fr
            [text]
            Bonjour à toutes et à tous, je viendrai avec plaisir dimanche matin et j'apporterai des tables.

            Marie
            [quote, Le mar. 12 mai 2026 à 10:23, Jean Petit <jean@exemple.example> a écrit :]
            Qui vient dimanche ?

            Il faut des tables, des chaises,
            et du monde pour ranger.

            Jean
        "#]],
    );
}

const OUTLOOK: &str = r#"From: Jean Petit <jean@exemple.example>
Subject: RE: Plan
Content-Type: multipart/related; boundary="_004_"; type="text/html"

--_004_
Content-Type: text/html; charset="iso-8859-1"
Content-Transfer-Encoding: quoted-printable

<html><head><style>p.MsoNormal {margin:0cm}</style></head><body lang=3D"FR">
<div class=3D"WordSection1"><p class=3D"MsoNormal">Voici le plan de la salle, =E0 imprimer.<o:p></o:p></p>
<p class=3D"MsoNormal"><img width=3D"300" id=3D"i" src=3D"cid:image001.png@01D0" alt=3D"Plan"></p>
<div><div style=3D"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">
<p class=3D"MsoNormal"><b>De&nbsp;:</b> Marie Dupont<br><b>Envoy=E9&nbsp;:</b> mardi 12 mai 2026 10:23<br>
<b>=C0&nbsp;:</b> Jean Petit<br><b>Objet&nbsp;:</b> Plan</p></div></div>
<p class=3D"MsoNormal">Tu as le plan ?</p></div></body></html>

--_004_
Content-Type: image/png; name="image001.png"
Content-Disposition: inline; filename="image001.png"
Content-ID: <image001.png@01D0>
Content-Transfer-Encoding: base64

iVBORw0KGgoAAAANSUhEUg==

--_004_--
"#;

#[test]
fn an_answer_from_outlook_without_text() {
    check(
        OUTLOOK,
        expect![[r#"
            Html preferred, in fr
            [text]
            Voici le plan de la salle, à imprimer.

            Plan
            [quote in sight, De : Marie Dupont
            Envoyé : mardi 12 mai 2026 10:23
            À : Jean Petit
            Objet : Plan]
            Tu as le plan ?
            [attachment 1 image001.png Picture(Png)]
            [html]
            <div>
            <div><p>Voici le plan de la salle, à imprimer.</p>
            <p><img src="/ours/1/image001.png" alt="Plan"></p>
            <details><summary>…</summary><div><div>
            <p><b>De&nbsp;:</b> Marie Dupont<br><b>Envoyé&nbsp;:</b> mardi 12 mai 2026 10:23<br>
            <b>À&nbsp;:</b> Jean Petit<br><b>Objet&nbsp;:</b> Plan</p></div></div>
            <p>Tu as le plan ?</p></details></div>
            </div>
        "#]],
    );
}

const BETWEEN: &str = "From: Paul <paul@exemple.example>
Content-Type: text/plain; charset=utf-8; format=flowed

On 12/05/2026 10:23, Mary Smith wrote:
> Shall we meet on Sunday?
Yes, \nat ten.

> Who brings the tables?
I do, and Jean has chairs; see https://exemple.example/chaises.

-- \nPaul
";

#[test]
fn answers_between_the_questions() {
    check(
        BETWEEN,
        expect![[r#"
        Text preferred, in no language
        [quote in sight, On 12/05/2026 10:23, Mary Smith wrote:]
        Shall we meet on Sunday?
        [text]
        Yes, at ten.
        [quote in sight, without heading]
        Who brings the tables?
        [text]
        I do, and Jean has chairs; see https://exemple.example/chaises.
        [signature]
        -- 
        Paul
    "#]],
    );
}

#[test]
fn text_for_searching_and_for_links() {
    assert!(plain_text(OUTLOOK.as_bytes()).contains("Voici le plan de la salle, à imprimer."));
    let text = plain_text(BETWEEN.as_bytes());
    let urls: Vec<Segment<'_>> = links(&text).into_iter().filter(|s| matches!(s, Segment::Url(_))).collect();
    assert_eq!(urls, [Segment::Url("https://exemple.example/chaises")]);
}

#[test]
fn strangers_find_no_domain_of_a_member_anywhere() {
    for raw in [GMAIL, OUTLOOK, BETWEEN] {
        let shown = show(raw.as_bytes());
        let mut all = String::from_utf8_lossy(&mask_raw(raw.as_bytes())).into_owned();
        all.push_str(&mask_addresses(&plain_text(raw.as_bytes())));
        all.push_str(shown.html.map(|html| html.masked()).as_ref().map_or("", |html| html.as_str()));
        assert!(!all.contains("@exemple.example"), "{all}");
    }
}
