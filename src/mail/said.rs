//! What a mail says to whoever obeys it: its subject and its author's own words, nothing quoted.
//!
//! What the words mean is `understand`'s to say; here is only whose they are.

use super::content_type::ContentType;
use super::headers::Headers;
use super::{quote, show, subject, words};

/// Bytes of one's own words that are looked at; a command stands in the first few.
pub const OWN_WORDS_BYTES_MAX: usize = 64 * 1024;

/// A mail's own words.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Said {
    /// The subject, decoded, on one line; empty if there is none.
    pub subject: String,
    /// Whether the subject is that of the message which is answered or forwarded, and so not theirs.
    pub answers: bool,
    /// What they wrote themselves: without quotes, signature, telephone footer, forwarded message.
    pub text: String,
    /// The same, and before what is written below a quoted line, that line with `> ` before it.
    pub in_place: String,
    /// What stands below without anything that marks it as quoted; their words may be among it.
    pub history: Option<String>,
    /// It is sealed for somebody else, so nobody here knows what it says.
    pub sealed: bool,
    /// What they are called, as their program says it in From.
    pub name: String,
}

/// Reads a mail's own words, from its HTML where there is no text. Total and bounded.
pub fn said(raw: &[u8]) -> Said {
    let (headers, _) = Headers::scan_leniently(raw);
    let decoded = |name| headers.get(name).map(|v| words::clean(&words::decode(&v))).unwrap_or_default();
    let name = headers.get("From").and_then(|from| words::mailboxes(&from).into_iter().next());
    let subject = decoded("Subject");
    let whole = show::plain_text(raw);
    let capped = |mut text: String| {
        text.truncate(text.floor_char_boundary(OWN_WORDS_BYTES_MAX));
        text
    };
    let text = capped(quote::own_words(&whole));
    Said {
        answers: subject::is_answered(&subject),
        subject,
        sealed: headers.get("Content-Type").is_some_and(|value| is_sealed(&value)),
        history: quote::unmarked_history(&whole),
        in_place: capped(quote::own_words_in_place(&whole)),
        text,
        name: name.map(|mailbox| mailbox.name.to_string()).unwrap_or_default(),
    }
}

/// RFC 1847 §2.2, RFC 8551 §3.2.
fn is_sealed(content_type: &str) -> bool {
    let kinds = ["multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"];
    kinds.contains(&ContentType::parse(content_type).essence.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_words() {
        let headers =
            "From: Marcel Dupont <marcel@courrier.example>\nSubject: =?utf-8?q?R=C3=A9_=3A?= Fête\n";
        for (mail, text) in [
            ("\nhebdo\n", "hebdo"),
            ("\nhebdo\n-- \nMarcel\n", "hebdo"),
            ("\nhebdo\n\nEnvoyé de mon iPhone\n", "hebdo"),
            ("\nhebdo\n\nLe 12 mai 2026 à 10:23, Claire <c@e.example> a écrit :\n> stop\n", "hebdo"),
            ("\nLe 12 mai 2026 à 10:23, Claire <c@e.example> a écrit :\n> stop\n", ""),
            (
                "\n-----Message d'origine-----\nDe : Claire\nEnvoyé : mardi\nÀ : Marcel\nObjet : Fête\n\nstop\n",
                "",
            ),
            (
                "\n---------- Forwarded message ---------\nFrom: Claire\nDate: Tue\nSubject: P\nTo: M\n\nstop\n",
                "",
            ),
            ("Content-Type: text/html\n\n<p>hebdo</p><blockquote>stop</blockquote>\n", "hebdo"),
            ("", ""),
        ] {
            let said = said(format!("{headers}{mail}").replace('\n', "\r\n").as_bytes());
            assert_eq!(said.text.trim(), text, "{mail}");
            assert_eq!((said.name.as_str(), said.answers), ("Marcel Dupont", true));
        }
    }
}
