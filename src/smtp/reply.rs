//! Every code and text said at the door.
//!
//! A [`Reply`] is printable ASCII whatever it was made from, and every code but those of the
//! greetings carries an enhanced code of the same class (RFC 2034, RFC 3463). Texts that a person
//! may find in a report about their mail are French without accents, then English; those only
//! programs read are English.

use std::borrow::Cow;
use std::fmt;

/// What we say to one command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    code: u16,
    enhanced: Enhanced,
    text: Cow<'static, str>,
}

/// The three numbers of RFC 3463: class, subject, detail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Enhanced(u16, u16, u16);

/// Characters of one line with code and enhanced code, without CRLF; RFC 5321 §4.5.3.1.5 allows 510.
const LINE_CHARS_MAX: usize = 200;

/// Lines of one reply; what is longer is cut.
const REPLY_LINES_MAX: usize = 8;

impl Reply {
    /// `Reply::new(550, "5.1.1 no such address here")`.
    ///
    /// The text may come from anywhere: accents are taken off, other characters outside printable
    /// ASCII become `?`, a line feed begins another line of the reply. Without an enhanced code it
    /// gets the general one of its class. A code no final answer can have becomes 451.
    pub fn new(code: u16, text: &str) -> Reply {
        let code = if matches!(code, 200..=259 | 400..=459 | 500..=559) { code } else { 451 };
        let class = code / 100;
        let (enhanced, text) = match split_enhanced(text) {
            Some((Enhanced(_, subject, detail), text)) => (Enhanced(class, subject, detail), text),
            None => (Enhanced(class, 0, 0), text),
        };
        Reply { code, enhanced, text: Cow::Owned(as_ascii(text)) }
    }

    /// The three digits.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// Without codes; printable ASCII and line feeds.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// 2xx: it is ours now.
    pub fn is_success(&self) -> bool {
        self.code / 100 == 2
    }

    /// 421 is the last thing said on a connection (RFC 5321 §3.8).
    pub fn closes(&self) -> bool {
        self.code == 421
    }

    /// As it goes on the wire, with CRLF.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let Enhanced(class, subject, detail) = self.enhanced;
        let status = format!("{class}.{subject}.{detail} ");
        let mut lines =
            wrapped(&self.text, LINE_CHARS_MAX - "250 ".len() - status.len()).into_iter().peekable();
        while let Some(line) = lines.next() {
            let last = lines.peek().is_none();
            write_line(out, self.code, last, &[&status, line]);
        }
    }
}

/// As one line, for logs and tests: `550 5.1.1 no such address here`.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Enhanced(class, subject, detail) = self.enhanced;
        write!(f, "{} {class}.{subject}.{detail} {}", self.code, self.text.replace('\n', " "))
    }
}

/// RFC 5321 §3.1, §4.1.1.1 and §4.1.1.4: the answers that carry no enhanced code.
pub(super) fn write_plain(out: &mut Vec<u8>, code: u16, lines: &[&str]) {
    for (index, line) in lines.iter().enumerate() {
        write_line(out, code, index + 1 == lines.len(), &[line]);
    }
}

fn write_line(out: &mut Vec<u8>, code: u16, last: bool, parts: &[&str]) {
    let digit = |n: u16| b'0' + u8::try_from(n % 10).expect("one digit");
    out.extend([digit(code / 100), digit(code / 10), digit(code), if last { b' ' } else { b'-' }]);
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// Splits at line feeds, then at spaces where a line is too long, then anywhere.
fn wrapped(text: &str, width: usize) -> Vec<&str> {
    let mut lines = Vec::with_capacity(1);
    for mut rest in text.split('\n') {
        while rest.len() > width && lines.len() < REPLY_LINES_MAX {
            let at = rest[..width].rfind(' ').filter(|at| *at > 0).unwrap_or(width);
            lines.push(&rest[..at]);
            rest = rest[at..].trim_start();
        }
        lines.push(rest);
        if lines.len() >= REPLY_LINES_MAX {
            lines.truncate(REPLY_LINES_MAX);
            break;
        }
    }
    lines
}

/// Takes `5.1.1 ` off the front of a text.
fn split_enhanced(text: &str) -> Option<(Enhanced, &str)> {
    let (status, rest) = text.split_once(' ').unwrap_or((text, ""));
    let number = |n: &str| n.parse::<u16>().ok().filter(|_| n.len() <= 3 && !n.starts_with('+'));
    let mut numbers = status.split('.').map(number);
    let (class, subject, detail) = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some((Enhanced(class, subject, detail), rest))
}

/// Printable ASCII and line feeds only; French letters keep their shape.
fn as_ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for letter in text.trim().chars() {
        match letter {
            ' '..='~' | '\n' => ascii.push(letter),
            '\r' => {}
            '\t' | '\u{a0}' | '\u{202f}' => ascii.push(' '),
            'à' | 'â' | 'ä' => ascii.push('a'),
            'é' | 'è' | 'ê' | 'ë' => ascii.push('e'),
            'î' | 'ï' => ascii.push('i'),
            'ô' | 'ö' => ascii.push('o'),
            'ù' | 'û' | 'ü' => ascii.push('u'),
            'ç' => ascii.push('c'),
            'À' | 'Â' => ascii.push('A'),
            'É' | 'È' | 'Ê' => ascii.push('E'),
            'Ç' => ascii.push('C'),
            'œ' => ascii.push_str("oe"),
            '’' | '‘' => ascii.push('\''),
            '«' | '»' | '“' | '”' => ascii.push('"'),
            _ => ascii.push('?'),
        }
    }
    ascii
}

/// One table of what the door says by itself; what the mailroom says comes through [`Reply::new`].
macro_rules! fixed_replies {
    ($($name:ident = $code:literal ($class:literal $subject:literal $detail:literal) $text:literal;)*) => {
        $(pub(super) const $name: Reply = Reply {
            code: $code,
            enhanced: Enhanced($class, $subject, $detail),
            text: Cow::Borrowed($text),
        };)*
        #[cfg(test)]
        const FIXED: &[Reply] = &[$($name),*];
    };
}

fixed_replies! {
    SENDER_OK = 250 (2 1 0) "sender ok";
    RECIPIENT_OK = 250 (2 1 5) "recipient ok";
    TLS_READY = 220 (2 0 0) "go ahead with TLS";
    RESET_OK = 250 (2 0 0) "forgotten";
    NOOP_OK = 250 (2 0 0) "ok";
    HELP = 214 (2 0 0) "RFC 5321 is spoken here; people are answered at postmaster";
    // RFC 5321 §7.3: the same bytes for every address, or it would be a way to ask who is a member.
    VERIFY = 252 (2 0 0) "write, and it will be seen";
    GOODBYE = 221 (2 0 0) "goodbye";

    UNKNOWN_COMMAND = 500 (5 5 1) "command not known";
    WRONG_GREETING_SMTP = 500 (5 5 1) "SMTP here: EHLO, please";
    WRONG_GREETING_LMTP = 500 (5 5 1) "LMTP here: LHLO, please";
    BAD_LINE = 500 (5 5 2) "control characters or bytes outside ASCII in a command";
    EMPTY_LINE = 500 (5 5 2) "empty line";
    BARE_LINE_END = 500 (5 5 2) "a line ends in CR LF";
    LINE_TOO_LONG = 500 (5 5 2) "line too long";
    BAD_ARGUMENTS = 501 (5 5 4) "arguments not understood";
    CONTROL_IN_PARAMETER = 501 (5 5 4) "a parameter holds control characters";
    NOT_OFFERED = 502 (5 5 1) "not offered here";
    HELLO_FIRST = 503 (5 5 1) "first say who you are";
    ALREADY_SENDER = 503 (5 5 1) "one sender for each message";
    TLS_ALREADY = 503 (5 5 1) "TLS is on already";
    TALKED_BEFORE_TLS = 501 (5 5 1) "wait for the answer to STARTTLS before you go on";
    SENDER_FIRST = 503 (5 5 1) "first the sender: MAIL FROM";
    RECIPIENT_FIRST = 503 (5 5 1) "first a recipient: RCPT TO";
    NO_RECIPIENT_LEFT = 554 (5 5 1) "none of the recipients was taken";
    PARAMETER_NOT_OFFERED = 555 (5 5 4) "a parameter that is not offered here";

    BAD_SENDER = 501 (5 1 7) "L'adresse de l'expediteur n'en est pas une (The sender's address is not one.)";
    BAD_RECIPIENT = 501 (5 1 3) "L'adresse du destinataire n'en est pas une (The recipient's address is not one.)";
    SENDER_ROUTE = 553 (5 1 7) "a sender is a plain address, without a route";
    ROUTED_RECIPIENT = 550 (5 7 1) "Cette adresse passe par un autre serveur, et nous ne transmettons pas (We do not relay.)";
    LITERAL_RECIPIENT = 550 (5 1 3) "no mail is taken for an address in brackets";
    NOT_ASCII = 553 (5 6 7) "Les adresses avec accents ne sont pas encore possibles (Addresses outside ASCII are not taken yet.)";
    TOO_MANY_RECIPIENTS = 452 (4 5 3) "that many at once is enough; the others with another message";

    MESSAGE_TOO_LARGE = 552 (5 3 4) "Ce message est trop lourd (This message is too large.)";
    BARE_ENDS_IN_MESSAGE = 550 (5 5 2) "Ce message contient des fins de ligne incorrectes (This message holds a bare CR or LF.)";
    NUL_IN_MESSAGE = 554 (5 6 0) "Ce message contient un octet nul (This message holds a NUL byte.)";
    TEXT_LINE_TOO_LONG = 554 (5 6 0) "Une ligne de ce message est trop longue (A line of this message is too long.)";
    HEADER_TOO_LARGE = 554 (5 6 0) "L'en-tete de ce message est trop grand (The header of this message is too large.)";
    MAIL_LOOP = 554 (5 4 6) "Ce message tourne en rond (This message goes round in circles.)";
    LOCAL_TROUBLE = 451 (4 3 0) "Un ennui de notre cote, reessayez plus tard (Trouble on our side; please try again later.)";

    NOT_SMTP = 554 (5 5 1) "this is not SMTP";
    TALKED_FIRST = 554 (5 5 1) "the server speaks first";
    TOO_MANY_ERRORS = 421 (4 7 0) "too many errors";
    TOO_MUCH_IDLING = 421 (4 7 0) "too many commands without a message";
    ENDLESS_LINE = 421 (4 7 0) "a line without an end";
    ENDLESS_MESSAGE = 421 (4 3 4) "a message without an end";
    TOO_MANY_CONNECTIONS = 421 (4 7 0) "too many connections; please come back later";
    TOO_SLOW = 421 (4 4 2) "too slow; please come back later";
    SESSION_TOO_LONG = 421 (4 4 2) "long enough for one connection; please come back";
    STOPPING = 421 (4 3 2) "stopping for a moment; please come back";
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn wire(reply: &Reply) -> String {
        let mut out = Vec::new();
        reply.write(&mut out);
        String::from_utf8(out).expect("ASCII")
    }

    fn well_formed(reply: &Reply) {
        let wire = wire(reply);
        assert!(wire.ends_with("\r\n"), "{wire:?}");
        let lines: Vec<&str> = wire.trim_end_matches("\r\n").split("\r\n").collect();
        assert!(lines.len() <= REPLY_LINES_MAX, "{wire:?}");
        for (index, line) in lines.iter().enumerate() {
            assert!(line.len() <= LINE_CHARS_MAX, "{wire:?}");
            assert!(line.bytes().all(|b| (b' '..=b'~').contains(&b)), "{wire:?}");
            let separator = if index + 1 == lines.len() { ' ' } else { '-' };
            assert!(
                line.starts_with(&format!("{}{separator}{}.", reply.code(), reply.code() / 100)),
                "{wire:?}"
            );
        }
    }

    #[test]
    fn every_fixed_reply_is_one_line_with_codes_of_one_class() {
        for reply in FIXED {
            well_formed(reply);
            assert_eq!(wire(reply).lines().count(), 1, "{reply}");
            assert!(matches!(reply.code(), 200..=559));
            assert_eq!(
                &Reply::new(reply.code(), reply.to_string().split_once(' ').expect("a text").1),
                reply
            );
        }
    }

    fn check(code: u16, text: &str, expected: Expect) {
        let reply = Reply::new(code, text);
        well_formed(&reply);
        expected.assert_eq(&wire(&reply).replace("\r\n", "\n"));
    }

    #[test]
    fn what_comes_from_elsewhere_is_made_fit() {
        check(550, "5.1.1 no such address here", expect![["550 5.1.1 no such address here\n"]]);
        check(550, "4.7.1 another class", expect![["550 5.7.1 another class\n"]]);
        check(550, "5.1 is not a status", expect![["550 5.0.0 5.1 is not a status\n"]]);
        check(354, "go on", expect![["451 4.0.0 go on\n"]]);
        check(0, "", expect![["451 4.0.0 \n"]]);
        check(
            550,
            "5.7.1 Ce groupe est réservé à « ses » membres.",
            expect![[r#"550 5.7.1 Ce groupe est reserve a " ses " membres.
"#]],
        );
        check(
            250,
            "2.0.0 kept\r\n550 5.1.1 forged\0\u{1b}\u{85}",
            expect![[r#"
            250-2.0.0 kept
            250 2.0.0 550 5.1.1 forged??
        "#]],
        );
    }

    #[test]
    fn a_long_text_becomes_several_lines() {
        well_formed(&Reply::new(550, &"5.7.1 ".repeat(300)));
        well_formed(&Reply::new(550, &"x".repeat(5_000)));
        well_formed(&Reply::new(550, &"\n".repeat(50)));
        let text = format!("5.7.1 {}and the end", "words of some length ".repeat(15));
        assert_eq!(wire(&Reply::new(550, &text)).lines().count(), 2);
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_a_reply(code: u16, text in "(?s).{0,400}") {
            well_formed(&Reply::new(code, &text));
        }
    }
}
