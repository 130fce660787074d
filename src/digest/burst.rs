//! The two forms of a digest that programs take apart: `multipart/digest` (RFC 2046 §5.1.5) and
//! RFC 1153.

use super::wrap::hanging;
use super::{Sheet, words};
use crate::domain::list::Language;
use crate::mail::compose::normalised;
use crate::mail::headers::Headers;
use crate::mail::show;
use crate::mail::words as header_words;

/// A post as it goes into one of these forms.
#[derive(Clone, Debug)]
pub struct Enclosed<'a> {
    /// The bytes as they were received.
    pub raw: &'a [u8],
    /// Its page.
    pub page: Option<String>,
    /// Its Message-ID, also if we gave it one; without brackets.
    pub message_id: String,
}

/// Fields of a post that go along, in the order they stand in (Mailman's, which programs know).
const FIELDS: [&str; 12] = [
    "Date",
    "From",
    "To",
    "Cc",
    "Subject",
    "Message-ID",
    "Keywords",
    "In-Reply-To",
    "References",
    "Content-Type",
    "MIME-Version",
    "Content-Transfer-Encoding",
];
/// The same of RFC 1153 §3, where nothing is MIME.
const PLAIN_FIELDS: [&str; 7] = ["Date", "From", "Subject", "To", "Cc", "Message-ID", "Keywords"];
/// Larger posts stand in a `multipart/digest` as their text, with links to the rest. Bytes.
const WHOLE_BYTES_MAX: usize = 300 * 1024;
/// RFC 1153 §3: between the preamble and the first message.
const FIRST_RULE: usize = 70;
/// RFC 1153 §3: between messages.
const RULE: &str = "------------------------------";
/// Longer lines of text are cut (RFC 5322 §2.1.1), bytes.
const LINE_BYTES_MAX: usize = 900;

/// The fields of a `multipart/digest` between two texts, and its body.
pub fn mime(sheet: &Sheet, posts: &[Enclosed<'_>]) -> (Vec<u8>, Vec<u8>) {
    let enclosed: Vec<Vec<u8>> = posts.iter().map(|post| message(post, sheet.language)).collect();
    let (top, tail) = (masthead(sheet), closing(sheet));
    let inside: Vec<&[u8]> =
        enclosed.iter().map(Vec::as_slice).chain([top.as_bytes(), tail.as_bytes()]).collect();
    let (outer, inner) = (boundary("digest", &inside), boundary("posts", &inside));
    let bits = if inside.iter().all(|bytes| bytes.is_ascii()) { "7bit" } else { "8bit" };
    let fields = format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"{outer}\"\r\n\
         Content-Transfer-Encoding: {bits}\r\n"
    );
    let text_bits = |text: &str| if text.is_ascii() { "7bit" } else { "8bit" };
    let mut body = Vec::new();
    let mut push = |text: &str| body.extend_from_slice(text.as_bytes());
    push(&format!(
        "--{outer}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {}\r\n\r\n",
        text_bits(&top)
    ));
    push(&top);
    push(&format!(
        "\r\n--{outer}\r\nContent-Type: multipart/digest; boundary=\"{inner}\"\r\n\
         Content-Transfer-Encoding: {bits}\r\n\r\n"
    ));
    for one in &enclosed {
        // The empty line ends an empty header: parts of a digest are messages unless they say otherwise.
        body.extend_from_slice(format!("--{inner}\r\n\r\n").as_bytes());
        body.extend_from_slice(one);
        if !one.ends_with(b"\r\n") {
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"\r\n");
    }
    let mut push = |text: &str| body.extend_from_slice(text.as_bytes());
    push(&format!(
        "--{inner}--\r\n\r\n--{outer}\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: {}\r\n\r\n",
        text_bits(&tail)
    ));
    push(&tail);
    push(&format!("\r\n--{outer}--\r\n"));
    (fields.into_bytes(), body)
}

/// The fields of an RFC 1153 digest, and its body.
pub fn plain(sheet: &Sheet, posts: &[Enclosed<'_>]) -> (Vec<u8>, Vec<u8>) {
    let mut text = format!("{}{}\r\n\r\n", masthead(sheet), "-".repeat(FIRST_RULE));
    for post in posts {
        text.push_str(&plain_message(post, sheet.language));
        text.push_str("\r\n\r\n");
        text.push_str(RULE);
        text.push_str("\r\n\r\n");
    }
    let end = format!("End of {} Digest", header_words::clean(&sheet.group));
    text.push_str(&format!("{end}\r\n{}\r\n", "*".repeat(end.chars().count())));
    let bits = if text.is_ascii() { "7bit" } else { "8bit" };
    let fields = format!(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {bits}\r\n"
    );
    (fields.into_bytes(), text.into_bytes())
}

/// The preamble: whose digest, where to write, what stands in it.
fn masthead(sheet: &Sheet) -> String {
    let Sheet { group, title, address, doors, threads, .. } = sheet;
    let t = words::words(sheet.language);
    let mut text = format!("{} Digest\r\n{title}\r\n\r\n", header_words::clean(group));
    let said = [(t.to_all, address.as_str()), (t.stop, doors.stop.as_str())];
    for (what, where_to) in said.into_iter().filter(|(_, address)| !address.is_empty()) {
        text.push_str(&format!("{what}{}{where_to}\r\n", t.colon));
    }
    text.push_str(&format!("\r\n{}\r\n\r\n", t.contents));
    for thread in threads {
        let count = thread.items.len();
        let several =
            if count > 1 { format!(" ({})", words::messages(count, sheet.language)) } else { String::new() };
        let apart = match thread.told_apart.as_str() {
            "" => String::new(),
            author => format!(", {author}"),
        };
        let line = hanging(thread.n, &format!("{}{apart}{several}", thread.title));
        text.push_str(&line.replace('\n', "\r\n"));
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    text
}

fn closing(sheet: &Sheet) -> String {
    let t = words::words(sheet.language);
    let mut text = format!("{} · {}\r\n", header_words::clean(&sheet.group), sheet.address);
    if let Some(archive) = &sheet.archive {
        text.push_str(&format!("{}{}{archive}\r\n", t.on_the_web, t.colon));
    }
    text.push_str(&format!("{}{}{}\r\n", t.stop, t.colon, sheet.doors.stop));
    text
}

/// A post with the fields a reader needs, its body untouched; one that is very large, as its text.
fn message(post: &Enclosed<'_>, language: Language) -> Vec<u8> {
    let raw = normalised(post.raw);
    let (headers, _) = Headers::scan_leniently(&raw);
    let whole = raw.len() <= WHOLE_BYTES_MAX;
    let mut out = Vec::with_capacity(raw.len().min(WHOLE_BYTES_MAX) + 256);
    for name in FIELDS {
        let about_content = name.starts_with("Content-") || name == "MIME-Version";
        match headers.all(name).next() {
            Some(field) if whole || !about_content => out.extend_from_slice(field.raw()),
            None if name == "Message-ID" => {
                out.extend_from_slice(format!("Message-ID: <{}>\r\n", post.message_id).as_bytes());
            }
            Some(_) | None => {}
        }
    }
    if let Some(page) = post.page.as_ref().filter(|page| page.is_ascii() && page.len() < LINE_BYTES_MAX) {
        out.extend_from_slice(format!("Archived-At: <{page}>\r\n").as_bytes());
    }
    if whole {
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(headers.body());
    } else {
        out.extend_from_slice(
            b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
        );
        out.extend_from_slice(text_of(post, language).as_bytes());
    }
    out
}

/// RFC 1153 §3: fields in a fixed order, then text; what is no text is told of.
fn plain_message(post: &Enclosed<'_>, language: Language) -> String {
    let raw = normalised(post.raw);
    let (headers, _) = Headers::scan_leniently(&raw);
    let mut out = String::new();
    for name in PLAIN_FIELDS {
        let value = match headers.get(name) {
            Some(value) => header_words::clean(&header_words::decode(&value)),
            None if name == "Message-ID" => format!("<{}>", post.message_id),
            None => continue,
        };
        out.push_str(&cut_line(&format!("{name}: {value}"), "\r\n  "));
        out.push_str("\r\n");
    }
    out.push_str("\r\n");
    out.push_str(text_of(post, language).trim_end());
    out
}

/// All of its text, and what came with it; a line that would end it is moved by a space.
fn text_of(post: &Enclosed<'_>, language: Language) -> String {
    let t = words::words(language);
    let shown = show::show(post.raw);
    let text = show::plain_text(post.raw);
    let end = text.floor_char_boundary(super::POST_BYTES_MAX);
    let mut out = String::with_capacity(end + 256);
    for line in text[..end].lines() {
        let line: String = line.trim_end().chars().filter(|c| *c == '\t' || !c.is_control()).collect();
        // Thirty hyphens end a message (RFC 1153); for nmh's `burst` one does (RFC 934).
        if line.starts_with('-') && !line.starts_with("- ") {
            out.push(' ');
        }
        out.push_str(&cut_line(&line, "\r\n"));
        out.push_str("\r\n");
    }
    let page = post.page.as_deref().unwrap_or_default();
    if end < text.len() {
        out.push_str(&format!("\r\n[{} {page}]\r\n", t.cut));
    }
    for one in &shown.attachments {
        let size = crate::letters::size(one.bytes, language);
        out.push_str(&format!("\r\n[{}{}{} ({size}) {page}]\r\n", t.attached, t.colon, one.name));
    }
    out
}

/// Lines that may travel.
fn cut_line(line: &str, between: &str) -> String {
    if line.len() <= LINE_BYTES_MAX {
        return line.to_owned();
    }
    let mut out = String::with_capacity(line.len() + 64);
    let mut rest = line;
    while rest.len() > LINE_BYTES_MAX {
        let end = rest.floor_char_boundary(LINE_BYTES_MAX);
        let end = rest[..end].rfind(' ').filter(|at| *at > 0).unwrap_or(end);
        out.push_str(&rest[..end]);
        out.push_str(between);
        rest = rest[end..].trim_start_matches(' ');
    }
    out.push_str(rest);
    out
}

/// A boundary that occurs in nothing of what it stands between.
fn boundary(name: &str, inside: &[&[u8]]) -> String {
    let candidates = (0_u64..).map(|n| format!("=_parvis_{name}_{n}"));
    let free =
        |mark: &String| inside.iter().all(|bytes| memchr::memmem::find(bytes, mark.as_bytes()).is_none());
    candidates.into_iter().find(free).expect("no text holds all numbers")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::ThreadPart;

    fn sheet() -> Sheet {
        Sheet {
            language: Language::En,
            group: "Ants".to_owned(),
            address: "ants@lists.example".to_owned(),
            title: "Ants: two messages, Sunday 22 November".to_owned(),
            heading: String::new(),
            about: String::new(),
            part: None,
            intro: String::new(),
            by: String::new(),
            page: None,
            archive: None,
            threads: vec![ThreadPart { n: 1, title: "Queens".to_owned(), ..ThreadPart::default() }],
            doors: crate::digest::Doors::default(),
        }
    }

    fn enclosed(raw: &[u8]) -> Enclosed<'_> {
        Enclosed {
            raw,
            page: Some("https://l.example/ants/m/1/".to_owned()),
            message_id: "made@up".to_owned(),
        }
    }

    #[test]
    fn the_plain_form_is_that_of_rfc_1153() {
        let first = b"From: Anne <a@b.example>\r\nTo: ants@lists.example\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\nReceived: x\r\nMessage-ID: <1@b>\r\n\r\nYes.\r\n------------------------------\r\n- a\r\n-- b\r\nFrom here\r\n";
        let second = b"Subject: None\r\n\r\nNo.\r\n";
        let (fields, body) = plain(&sheet(), &[enclosed(first), enclosed(second)]);
        expect_test::expect![[r#"
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: 8bit

            Ants Digest
            Ants: two messages, Sunday 22 November

            Write to the group: ants@lists.example

            In this mail

              1. Queens

            ----------------------------------------------------------------------

            Date: Sun, 22 Nov 2026 10:00:00 +0000
            From: Anne <a@b.example>
            Subject: Café
            To: ants@lists.example
            Message-ID: <1@b>

            Yes.
             ------------------------------
            - a
             -- b
            From here

            ------------------------------

            Subject: None
            Message-ID: <made@up>

            No.

            ------------------------------

            End of Ants Digest
            ******************
        "#]]
        .assert_eq(
            &format!("{}\n{}", String::from_utf8_lossy(&fields), String::from_utf8_lossy(&body))
                .replace('\r', ""),
        );
    }

    #[test]
    fn the_mime_form_holds_each_post_as_it_was() {
        let first = b"Received: secret\r\nFrom: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_parvis_posts_0\"\r\nMessage-ID: <1@b>\r\n\r\n--=_parvis_posts_0\r\n\r\nhi\r\n--=_parvis_posts_0--\r\n";
        let (fields, body) = mime(&sheet(), &[enclosed(first), enclosed(b"no header at all")]);
        let whole = [fields.as_slice(), b"\r\n", &body].concat();
        let text = String::from_utf8(whole.clone()).expect("utf-8");
        assert!(!text.contains("secret") && text.contains("boundary=\"=_parvis_posts_1\""));
        let boundary = "--=_parvis_posts_1\r\n\r\n";
        let parts: Vec<&str> = text.split(boundary).skip(1).collect();
        assert_eq!(parts.len(), 2, "{text}");
        assert!(parts[0].starts_with("From: a@b.example\r\nMessage-ID: <1@b>\r\nContent-Type: multipart"));
        assert!(parts[1].starts_with("Message-ID: <made@up>\r\n"));
    }

    #[test]
    fn whatever_a_post_is_a_digest_can_be_made_of_it() {
        for raw in [&b""[..], b"\r\n", b"\xff\xfe", b"From: a\n\n\0\r\n.\r\n", "é".repeat(400_000).as_bytes()]
        {
            for make in [mime, plain] {
                let (_, body) = make(&sheet(), &[enclosed(raw)]);
                assert!(
                    body.split(|b| *b == b'\n').all(|line| line.len() <= 999),
                    "{:?}",
                    &raw[..raw.len().min(9)]
                );
            }
        }
    }
}
