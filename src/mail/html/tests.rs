//! What becomes of HTML that strangers wrote, kind or not.

use std::time::{Duration, Instant};

use super::*;

/// What must never come through, one attempt a line; every one is also tried inside other HTML.
const ATTEMPTS: &str = include_str!("attempts.txt");

fn cleaned(html: &str) -> String {
    clean(html, &|_| None).map_or(String::new(), |html| html.as_str().to_owned())
}

/// Reads clean HTML as strictly as it is meant: names what should not be there.
fn faults(html: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        let mut quoted = false;
        let end = rest.bytes().position(|b| {
            quoted ^= b == b'"';
            b == b'>' && !quoted
        });
        let Some(end) = end else {
            faults.push(format!("a tag without end: {rest}"));
            break;
        };
        let inside = &rest[1..end];
        rest = &rest[end + 1..];
        let name = inside.trim_start_matches('/').split(' ').next().unwrap_or("");
        let known = elements::element_names().chain(["details", "summary"]).any(|known| known == name);
        if !known {
            faults.push(format!("element {name}"));
        }
        let mut attributes = inside[inside.find(' ').unwrap_or(inside.len())..].trim();
        while let Some((key, value)) = attributes.split_once("=\"") {
            let (value, after) = value.split_once('"').unwrap_or((value, ""));
            let fits = match key {
                "href" => ["http://", "https://", "mailto:"]
                    .iter()
                    .any(|s| value.to_ascii_lowercase().starts_with(s)),
                "src" => value.starts_with("/ours/"),
                "rel" => value == "nofollow noopener noreferrer ugc",
                "alt" | "lang" | "dir" | "colspan" | "rowspan" | "start" => !value.contains('<'),
                _ => false,
            };
            if !fits {
                faults.push(format!("attribute {key}={value}"));
            }
            attributes = after.trim();
        }
        if !attributes.is_empty() {
            faults.push(format!("attributes {attributes}"));
        }
    }
    faults
}

#[test]
fn no_attempt_comes_through() {
    let attempts: Vec<&str> = ATTEMPTS.lines().filter(|l| !l.is_empty() && !l.starts_with("# ")).collect();
    assert!(attempts.len() >= 120, "{}", attempts.len());
    let mut wrong = String::new();
    for attempt in &attempts {
        let attempt =
            attempt.replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "\0").replace("\\r", "\r");
        for around in [
            "{}",
            "<table><tr><td>{}",
            "<p>{}</p>",
            "<a href=\"https://e.example/\">{}</a>",
            "<div class=gmail_quote>a{}",
        ] {
            let html = around.replace("{}", &attempt);
            let once = cleaned(&html);
            let twice = cleaned(&once);
            for clean in [&once, &twice] {
                for fault in faults(clean) {
                    wrong.push_str(&format!("{html}\n  {fault}\n"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Given, and what a reader gets.
const CASES: &[(&str, &str)] = &[
    ("<p>Bonjour <b>à toutes</b></p>", "<p>Bonjour <b>à toutes</b></p>"),
    ("<p class=x id=y style='color:red' onclick=z>a</p>", "<p>a</p>"),
    ("a<br/>b<hr>c", "a<br>b<hr>c"),
    ("<center>a</center><font color=red>b</font>", "<div>a</div>b"),
    ("<p>a<p>b<div>c", "<p>a</p><p>b</p><div>c</div>"),
    ("<b><p>a</b>b</p>", "<b><p>ab</p></b>"),
    ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
    (
        "<table><tr><td>a<td>b<tr><td>c</table>",
        "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>",
    ),
    ("<td>a</td></div></p>", "a"),
    ("a < b &amp; c &lt; d &eacute;", "a &lt; b &amp; c &lt; d é"),
    ("a<!-- b --><!--[if mso]>c<![endif]--><![if !mso]>d<![endif]>e", "ade"),
    ("<style>a{}</style><title>b</title><script>c</script>d", "d"),
    (
        "<a href=\"https://e.example/?a=1&amp;b=2\" target=_blank>x</a>",
        "<a href=\"https://e.example/?a=1&amp;b=2\" rel=\"nofollow noopener noreferrer ugc\">x</a>",
    ),
    (
        "<a href=/relative>x</a><a name=y>z</a>",
        "<a rel=\"nofollow noopener noreferrer ugc\">x</a><a rel=\"nofollow noopener noreferrer ugc\">z</a>",
    ),
    ("<img src=https://e.example/a.png alt=Plan>", "Plan"),
    ("<img src=https://e.example/a.png>", "[image]"),
    ("<img src=https://e.example/a.png alt=''><img src=x width=1>", ""),
    ("<img src=cid:plan@e.example alt=\"Le plan\">", "<img src=\"/ours/plan@e.example\" alt=\"Le plan\">"),
    ("<img src=CID:unknown>", "[image]"),
    ("<p lang=fr dir=ltr>a", "<p lang=\"fr\" dir=\"ltr\">a</p>"),
    // History behind a summary.
    (
        "<div>Oui.</div><div class=\"gmail_quote\"><div>Le 12 mai, Marie a écrit :</div><blockquote>LONG</blockquote></div>",
        "<div>Oui.</div><details><summary>…</summary><div><div>Le 12 mai, Marie a écrit :</div><blockquote>LONG</blockquote></div></details>",
    ),
    (
        "<p>Oui.</p><blockquote type=\"cite\">LONG</blockquote><p>fin",
        "<p>Oui.</p><details><summary>…</summary><blockquote>LONG</blockquote></details><p>fin</p>",
    ),
    ("<p>Oui.</p><blockquote type=cite>bref</blockquote>", "<p>Oui.</p><blockquote>bref</blockquote>"),
    ("<blockquote type=cite>LONG</blockquote><p>Oui.", "<blockquote>LONG</blockquote><p>Oui.</p>"),
    (
        "<div>Voir.</div><div class=gmail_quote>---------- Forwarded message ---------<br>LONG</div>",
        "<div>Voir.</div><div>---------- Forwarded message ---------<br>LONG</div>",
    ),
    (
        "<div>Oui.<div id=appendonsend></div><hr><div id=divRplyFwdMsg>De : Marie</div><div>LONG</div></div>fin",
        "<div>Oui.<div></div><hr><details><summary>…</summary><div>De : Marie</div><div>LONG</div></details></div>fin",
    ),
    (
        "<div><p>Oui.</p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p>De : Marie</p></div></div><p>LONG</p></div>",
        "<div><p>Oui.</p><details><summary>…</summary><div><div><p>De : Marie</p></div></div><p>LONG</p></details></div>",
    ),
    ("<div data-history=\"rest\">a</div><div data-history=whole>b", "<div>a</div><div>b</div>"),
];

#[test]
fn what_readers_get() {
    let long = "Un long message. ".repeat(20);
    let picture = |id: &str| (id == "plan@e.example").then(|| format!("/ours/{id}"));
    let mut wrong = String::new();
    for (given, expected) in CASES {
        let (given, expected) = (given.replace("LONG", &long), expected.replace("LONG", &long));
        let found = clean(&given, &picture).expect("small and flat");
        if found.as_str() != expected || !faults(found.as_str()).is_empty() {
            wrong.push_str(&format!("{given}\n--- is\n{}\n--- not\n{expected}\n", found.as_str()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn strangers_see_no_domains() {
    let html =
        clean("<a href=\"mailto:marie@e.example?subject=x\">marie@e.example</a> jean&#64;e.example", &|_| {
            None
        });
    let masked = html.expect("small").masked();
    assert_eq!(
        masked.as_str(),
        "<a href=\"mailto:marie@…?subject=x\" rel=\"nofollow noopener noreferrer ugc\">marie@…</a> jean@…"
    );
}

#[test]
fn a_link_to_write_attaches_nothing_and_tells_nobody_else() {
    for (link, kept) in [
        ("mailto:a@e.example?subject=x&amp;body=y", "mailto:a@e.example?subject=x&amp;body=y"),
        ("mailto:a@e.example?attach=/etc/passwd", "mailto:a@e.example"),
        ("MAILTO:a@e.example?Subject=x&#38;ATTACHMENT=f&amp;bcc=b@e.example", "MAILTO:a@e.example?Subject=x"),
        (
            "mailto:a@e.example?%61ttach=f&amp;In-Reply-To=%3Cx%40y%3E",
            "mailto:a@e.example?In-Reply-To=%3Cx%40y%3E",
        ),
        ("mailto:?&amp;&amp;cc=b@e.example", "mailto:"),
        ("https://e.example/?attach=x", "https://e.example/?attach=x"),
    ] {
        let html = clean(&format!("<a href=\"{link}\">x</a>"), &|_| None).expect("small");
        let expected = format!("<a href=\"{kept}\" rel=\"nofollow noopener noreferrer ugc\">x</a>");
        assert_eq!(html.as_str(), expected, "{link}");
    }
}

#[test]
fn html_as_text() {
    for (html, text) in [
        ("<p>Bonjour&nbsp;!</p><p>À <b>demain</b><br>Marie</p>", "Bonjour !\n\nÀ demain\nMarie\n"),
        ("<ul><li>un<li>deux</ul>", "* un\n* deux\n"),
        (
            "<p>Oui.</p><blockquote>Tu viens ?<blockquote>Où ?</blockquote></blockquote>",
            "Oui.\n\n> Tu viens ?\n> \n> > Où ?\n",
        ),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a\nb\n"),
        ("<style>x</style>a", "a\n"),
    ] {
        let found: String = to_text(html).lines().map(|l| format!("{}\n", l.trim_end())).collect();
        let text: String = text.lines().map(|l| format!("{}\n", l.trim_end())).collect();
        assert_eq!(found, text, "{html}");
    }
}

/// Enough for what is quadratic to take many times the bound.
const BOMB_BYTES: usize = 300_000;

/// HTML that costs other cleaners seconds or their stack.
#[test]
fn bombs_cost_little() {
    let fill = |piece: &str| piece.repeat(BOMB_BYTES / piece.len());
    let numbered = |piece: &str| (0..15_000).map(|n| piece.replace('#', &n.to_string())).collect::<String>();
    let deep = |open: &str, then: &str| open.repeat(490) + &then.repeat(100_000 / then.len());
    let bombs = [
        fill("<div>"),
        fill("<div><p>"),
        fill("<b>"),
        fill("<table><tr><td>"),
        fill("<table><div></table>"),
        fill("<a href=x><b>"),
        fill("<svg><style><div>"),
        fill("<math><mtext>"),
        fill("<form><div></form>"),
        fill("<li>"),
        fill("<p>"),
        fill("<"),
        fill("<!"),
        fill("<!--"),
        fill("<!--->-"),
        fill("</"),
        fill("<script>"),
        fill("<title></"),
        fill("<a "),
        fill("&"),
        fill("&a;"),
        "x&amp;y".repeat(39_000),
        format!("<a href=\"https://e.example/{}\">x", fill("&")),
        fill("<blockquote type=cite>x"),
        fill("<div class=gmail_quote>x</div>"),
        fill("<div class=gmail_quote><i></i></div>"),
        fill("<template><select>"),
        numbered("<b id=#>"),
        numbered("<b id=#><p>"),
        numbered("<font size=#><div></div>"),
        format!("<div {}>", numbered("a# ")),
        format!("<div {}>", numbered("class=# ")),
        deep("<div>", "<i></i>"),
        deep("<span>", "</p>"),
        deep("<b>", "<p>x</p>"),
        deep("<ul><li>", "<li>x"),
        deep("<blockquote>", "x<br>"),
        deep("<table><tr><td>", "<tr><td>"),
    ];
    for bomb in &bombs {
        let started = started();
        let html = clean(bomb, &|_| None);
        let text = to_text(bomb);
        let took = started.elapsed();
        let start = &bomb[..60];
        assert!(html.is_none_or(|html| faults(html.as_str()).is_empty()), "{start}");
        assert!(text.len() <= 40 * bomb.len(), "{start}");
        // Not optimised, on a busy machine: the bound is for what grows faster than the input,
        // which without our limits takes many seconds even optimised.
        assert!(took < Duration::from_secs(5), "{start} took {took:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
fn started() -> Instant {
    Instant::now()
}

proptest::proptest! {
    #[test]
    fn any_soup_is_harmless(pieces in proptest::collection::vec((0..SOUP.len(), "\\PC{0,6}"), 0..40)) {
        let html: String = pieces.iter().map(|(n, noise)| format!("{}{noise}", SOUP[*n])).collect();
        let clean = cleaned(&html);
        proptest::prop_assert_eq!(faults(&clean), Vec::<String>::new(), "{}", html);
        to_text(&html);
    }
}

const SOUP: [&str; 40] = [
    "<",
    ">",
    "\"",
    "'",
    "=",
    "/",
    "&",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<svg>",
    "</svg>",
    "<math>",
    "<mtext>",
    "<style>",
    "</style>",
    "<title>",
    "</title>",
    "<script>",
    "</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:x'>",
    "<a href=https://e.example title='",
    "<table>",
    "<tr>",
    "<td>",
    "</table>",
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<div class=gmail_quote>",
    "</div>",
    "<blockquote type=cite>",
    "<noscript>",
    "<template>",
    "<select>",
    "<textarea>",
    "<xmp>",
];
