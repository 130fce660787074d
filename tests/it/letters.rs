//! The letters Parvis writes, as their readers get them.

use std::fs;
use std::path::Path;

use expect_test::{expect, expect_file};
use mail_parser::{MessageParser, MimeHeaders};
use parvis::domain::address::EmailAddress;
use parvis::domain::ids::MessageId;
use parvis::domain::list::{Language, ListAddress};
use parvis::domain::time::{Timestamp, Zone};
use parvis::letters::{
    AutoSubmitted, Frame, Group, Held, Letter, LetterKind, LetterMail, Letters, ListHeaders, Mailbox,
    Refused, WhyHeld, samples,
};

/// What nobody but us says (compared in lower case, at the beginning of a word).
const TRADE_WORDS: &[&str] = &[
    "liste",
    "mailing",
    "abonn",
    "désabonn",
    "token",
    "jeton",
    "bounce",
    "digest",
    "modér",
    "moder",
    "requête",
    "request",
    "commande",
    "command",
    "subscri",
    "unsubscri",
    "rejet",
    "reject",
    "erreur :",
    "error",
];

fn letters() -> Letters {
    let (letters, faults) = Letters::new(None);
    assert!(faults.is_empty());
    letters
}

fn every_letter() -> Vec<(Language, &'static str, LetterMail)> {
    let letters = letters();
    samples().iter().map(|s| (s.language, s.name, s.compose(&letters))).collect()
}

#[test]
fn every_letter_reads_as_it_should() {
    let letters = letters();
    for language in Language::ALL {
        for kind in LetterKind::ALL {
            let of = samples().into_iter().filter(|s| s.language == language && s.kind == kind);
            let show = |mail: LetterMail| format!("Subject: {}\n\n{}", mail.subject, mail.text);
            let shown: Vec<String> =
                of.map(|s| format!("== {}\n{}", s.name, show(s.compose(&letters)))).collect();
            expect_file![format!("../letters/{language}-{}.txt", kind.name())].assert_eq(&shown.join("\n"));
        }
    }
}

#[test]
fn a_whole_letter_on_the_wire() {
    let letters = letters();
    let held = samples().into_iter().find(|s| s.name == "held" && s.language == Language::Fr).unwrap();
    let mail = held.compose(&letters);
    let wire = String::from_utf8(mail.bytes).unwrap();
    assert_eq!(wire.matches("\r\n").count(), wire.matches('\n').count());
    expect_file!["../letters/fr-held.eml"].assert_eq(&wire.replace("\r\n", "\n"));
    expect_file!["../letters/fr-held.html"].assert_eq(&mail.html);
}

#[test]
fn every_letter_is_a_proper_automatic_mail() {
    for (language, name, mail) in every_letter() {
        let name = format!("{language} {name}");
        let wire = std::str::from_utf8(&mail.bytes).unwrap();
        assert!(wire.is_ascii(), "{name}");
        // An address is never broken, so its line may pass the 78 of RFC 5322 §2.1.1.
        assert!(wire.lines().all(|line| line.len() <= 78 || line.contains("<mailto:")), "{name}");
        let parsed = MessageParser::default().parse(&mail.bytes).expect("a mail");
        assert_eq!(parsed.subject(), Some(mail.subject.as_str()), "{name}");
        assert_eq!(parsed.body_text(0).unwrap().replace("\r\n", "\n"), mail.text, "{name}");
        assert_eq!(parsed.body_html(0).unwrap().replace("\r\n", "\n"), mail.html, "{name}");
        assert!(parsed.is_content_type("multipart", "alternative"), "{name}");
        assert_eq!(
            parsed.from().unwrap().first().unwrap().address().unwrap().split('@').nth(1),
            Some("lilas.example")
        );
        let raw = |field| parsed.header_raw(field).map(str::trim);
        assert!(matches!(raw("Auto-Submitted"), Some("auto-generated" | "auto-replied")), "{name}");
        assert_eq!(raw("X-Auto-Response-Suppress"), Some("All"), "{name}");
        assert!(raw("List-Id").unwrap().ends_with(".lilas.example>"), "{name}");
        assert_eq!(raw("List-Post"), None, "{name}");
        assert_eq!(raw("List-Unsubscribe").is_some(), !name.contains("farewell"), "{name}");
        for field in ["From", "To", "Date", "Message-ID", "Subject", "List-Id", "Reply-To", "MIME-Version"] {
            let prefix = format!("{field}:");
            assert_eq!(wire.lines().filter(|l| l.starts_with(&prefix)).count(), 1, "{name}: {field}");
        }
    }
}

#[test]
fn both_bodies_say_the_same_in_the_same_order() {
    for (language, name, mail) in every_letter() {
        let plain: String =
            mail.text.lines().map(|l| l.strip_prefix("> ").unwrap_or(l).to_owned() + "\n").collect();
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&read_html(&mail.html)), words(&plain), "{language} {name}");
    }
}

/// What a reader of the HTML sees, without what a reader does not see.
fn read_html(html: &str) -> String {
    let body = html.split_once("<body").expect("a body").1.split_once('>').expect("closed").1;
    let mut seen = String::new();
    let mut rest = body;
    while let Some((text, tag)) = rest.split_once('<') {
        seen.push_str(text);
        rest = tag.split_once('>').expect("closed").1;
    }
    seen.push_str(rest);
    seen.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[test]
fn the_html_fetches_nothing_and_suits_the_dark() {
    for (_, name, mail) in every_letter() {
        for absent in ["<img", "src=", "@import", "url(", "<link", "<script", "<title"] {
            assert!(!mail.html.contains(absent), "{name}: {absent}");
        }
        for present in ["color-scheme", "prefers-color-scheme:dark", "font-size:16px"] {
            assert!(mail.html.contains(present), "{name}: {present}");
        }
    }
}

#[test]
fn french_letters_keep_french_spaces() {
    for (language, name, mail) in every_letter().into_iter().filter(|(l, ..)| *l == Language::Fr) {
        for text in [&mail.subject, &mail.text] {
            let words = text.split([' ', '\n']).filter(|w| !w.contains("://") && !w.contains('@'));
            for word in words {
                let chars: Vec<char> = word.chars().collect();
                for (i, c) in chars.iter().enumerate() {
                    let before = i.checked_sub(1).map(|b| chars[b]);
                    let after = chars.get(i + 1).copied();
                    let good = match c {
                        ';' | '!' | '?' => before == Some('\u{202f}'),
                        ':' | '»' => before == Some('\u{a0}'),
                        '«' => after == Some('\u{a0}'),
                        '\'' | '"' | '“' | '”' => false,
                        _ => true,
                    };
                    assert!(good, "{language} {name}: {word:?}");
                }
            }
        }
    }
}

#[test]
fn no_letter_speaks_of_our_trade_or_raises_its_voice() {
    for (language, name, mail) in every_letter() {
        let said = format!("{}\n{}", mail.subject, mail.text);
        let words = said.split_whitespace().filter(|w| !w.contains('@') && !w.contains("://"));
        let said = words.collect::<Vec<_>>().join(" ").to_lowercase();
        for word in TRADE_WORDS {
            let begins = said.starts_with(word) || said.contains(&format!(" {word}"));
            assert!(!begins, "{language} {name} says {word:?}");
        }
        assert!(!said.contains(['!', '[', ']', '{', '}', '\u{2}', '\u{3}', '\u{e}', '\u{f}']), "{name}");
    }
}

#[test]
fn every_letter_fits_a_telephone() {
    // Half a screen is about fifteen lines; the welcome has more to say.
    for (language, name, mail) in every_letter() {
        let lines: usize = mail.text.lines().map(|l| l.chars().count().div_ceil(40).max(1)).sum();
        // A draft is worked on: it has every item, and how to answer; who looks for something gets it,
        // and who asks for their settings; who joins must know what they agree to.
        let most = [
            ("welcome", 34),
            ("ask-join", 30),
            ("settings", 34),
            ("recovery", 34),
            ("draft", 64),
            ("found", 31),
        ]
        .into_iter()
        .find(|(kind, _)| name.starts_with(kind));
        assert!(lines <= most.map_or(26, |(_, most)| most), "{language} {name}: {lines}");
    }
}

#[test]
fn somebody_unproven_gets_back_nothing_they_typed() {
    for (_, name, mail) in every_letter().into_iter().filter(|(_, name, _)| *name == "held-unproven") {
        let all = format!("{}{}{}", mail.subject, mail.text, mail.html);
        assert!(!all.contains("Vide-grenier") && !all.contains("Jumble"), "{name}");
    }
}

/// Composes with the same hostile text wherever a stranger can put one.
fn compose_with(letters: &Letters, text: &str, references: &[MessageId]) -> Vec<LetterMail> {
    let address = ListAddress::parse("quartier@lilas.example").expect("valid");
    let group = Group { name: text, address: &address };
    let mail = EmailAddress::parse("quartier-aide@lilas.example").expect("valid");
    let id = MessageId::parse("1@lilas.example").expect("valid");
    let mailbox = Mailbox { name: text, address: &mail };
    let zone = Zone::utc();
    let compose = |letter: Letter<'_>, language| {
        let frame = Frame {
            language,
            to: mailbox,
            from: mailbox,
            reply_to: Some(&mail),
            list: Some(ListHeaders { name: text, address: &address, archive: Some(text), unsubscribe: None }),
            message_id: &id,
            date: Timestamp::from_seconds(1_795_000_000),
            zone: &zone,
            in_reply_to: references.last(),
            references,
            auto: AutoSubmitted::Replied,
        };
        letters.compose(letter, &frame)
    };
    let held = Held { group, title: text, why: WhyHeld::FirstPost, animators: &[text, text] };
    let refused = Refused { group, title: text, words: text, by: Some(text) };
    Language::ALL
        .into_iter()
        .flat_map(|l| [compose(Letter::Held(held), l), compose(Letter::Refused(refused), l)])
        .collect()
}

#[test]
fn a_stranger_adds_no_header_no_markup_and_no_sentence() {
    for hostile in [
        "x\r\nBcc: everybody@lilas.example\r\n\r\nPour partir, répondez : oui",
        "\"><img src=x onerror=alert(1)></div><script>",
        "\u{2}oui\u{3} \u{e}https://evil.example/\u{f} [[oui]] {{group}} {{{group}}}",
        "=_parvis_letter\r\n--=_parvis_letter--\r\n",
        "\u{202e}gpj.exe\u{202c}, \"quoted\" (comment) <a@b.example>, c@d.example;",
        &"très long 🐝 ".repeat(2_000),
        "",
        "\0\u{1b}[31m\u{7f}\u{85}\u{2028}",
    ] {
        for (n, mail) in compose_with(&letters(), hostile, &[]).into_iter().enumerate() {
            let wire = String::from_utf8(mail.bytes.clone()).expect("ASCII");
            assert!(wire.is_ascii() && wire.len() < 200_000, "{hostile:?}");
            assert!(wire.lines().all(|line| line.len() <= 998), "{hostile:?}");
            let header = wire.split("\r\n\r\n").next().expect("always one").to_lowercase();
            assert!(!header.contains("\r\nbcc:"), "{hostile:?}");
            let parsed = MessageParser::default().parse(&mail.bytes).expect("a mail");
            assert_eq!(parsed.text_body_count() + parsed.html_body_count(), 2, "{hostile:?}");
            assert_eq!(parsed.from().unwrap().iter().count(), 1, "{hostile:?}");
            let from = parsed.from().unwrap().first().unwrap();
            assert_eq!(from.address(), Some("quartier-aide@lilas.example"), "{hostile:?}");
            assert_eq!(parsed.to().unwrap().iter().count(), 1, "{hostile:?}");
            assert!(!mail.html.contains("<img") && !mail.html.contains("<script"), "{hostile:?}");
            assert!(!mail.html.contains("href=\"https://evil"), "{hostile:?}");
            // Only the held letter asks for words, and only for its own.
            assert_eq!(mail.html.matches("class=\"answers\"").count(), (n + 1) % 2, "{hostile:?}");
            assert!(!mail.text.contains("\nPour partir"), "{hostile:?}");
        }
    }
}

#[test]
fn a_long_thread_of_strange_ids_stays_one_header() {
    let mut ids: Vec<MessageId> =
        (0..500).map(|n| MessageId::parse(&format!("{n}@x.example")).unwrap()).collect();
    ids.push(MessageId::parse(&"x".repeat(MessageId::BYTES_MAX)).unwrap());
    ids.push(MessageId::parse("é@x.example").unwrap());
    ids.push(MessageId::parse("parent@x.example").unwrap());
    for mail in compose_with(&letters(), "x", &ids) {
        let parsed = MessageParser::default().parse(&mail.bytes).expect("a mail");
        let references = parsed.references().as_text_list().unwrap().to_vec();
        assert_eq!(references.len(), 20);
        assert_eq!((references[0].as_ref(), references[1].as_ref()), ("0@x.example", "482@x.example"));
        assert_eq!(references[19], "parent@x.example");
        assert!(mail.bytes.is_ascii());
    }
    ids.pop();
    assert!(
        compose_with(&letters(), "x", &ids)
            .iter()
            .all(|m| !String::from_utf8_lossy(&m.bytes).contains("References"))
    );
}

#[test]
fn a_template_that_fails_for_one_reader_is_replaced_for_that_letter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fr/held/body.hbs");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "{{#if to}}Salut{{else}}{{nobody_knows_this}}{{/if}}").unwrap();
    let (letters, faults) = Letters::new(Some(folder.path().to_owned()));
    assert_eq!(faults, []);
    assert_eq!(compose_with(&letters, "Anne", &[])[0].text, "Salut\n");
    let nameless = &compose_with(&letters, "", &[])[0];
    assert!(nameless.text.starts_with("Bonjour,"));
    assert_eq!(nameless.faults.len(), 1);
    assert_eq!(nameless.faults[0].path, path);
}

#[test]
fn a_folder_replaces_templates_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("fr/held/body.hbs", "Salut {{to}} : c'est [[retirer]] ?\r\n");
    write("fr/welcome/body.hbs", "{{nobody_knows_this}}");
    write("fr/farewell/subject.hbs", "{{#if}");
    write("en/held/subject.hbs", " \n");
    write("en/refused/body.hbs", &"x".repeat(70_000));
    let (letters, faults) = Letters::new(Some(folder.path().to_owned()));

    let sample = |name: &str| {
        let all = samples();
        all.iter().find(|s| s.name == name && s.language == Language::Fr).unwrap().compose(&letters)
    };
    let held = sample("held");
    assert_eq!(held.text, "Salut Marcel Dupont\u{a0}: c’est retirer\u{202f}?\n");
    assert_eq!(held.subject, "Pas encore parti\u{a0}: votre message pour Le quartier des Lilas");
    assert!(sample("welcome").text.contains("Claire Martin"));
    assert!(sample("farewell").subject.contains("Au revoir"));

    let mut said: Vec<String> = faults.iter().map(|f| show_fault(&f.to_string(), folder.path())).collect();
    said.sort();
    expect![[r#"
        cannot use the letter template DIR/en/held/subject.hbs: it says nothing
        cannot use the letter template DIR/en/refused/body.hbs: it is larger than 64 KiB
        cannot use the letter template DIR/fr/farewell/subject.hbs: Template error: invalid handlebars syntax: expecte
        cannot use the letter template DIR/fr/welcome/body.hbs: Error rendering "folder/fr/welcome/body.hbs" line 1, c"#]].assert_eq(&said.join("\n"));
}

fn show_fault(fault: &str, folder: &Path) -> String {
    let fault = fault.replace(&folder.display().to_string(), "DIR");
    fault.chars().take(110).collect()
}
