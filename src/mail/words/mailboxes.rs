//! Lists of addresses in header fields (RFC 5322 §3.4), as people's programs write them.
//!
//! One pass over the text with a few counters: no recursion into comments, no backtracking but one
//! (a quotation mark that is never closed is an ordinary character).

use super::{clean, decode};
use crate::domain::address::EmailAddress;

/// At most this many mailboxes of one field are read.
const MAILBOXES_MAX: usize = 1_000;

/// One person in an address field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mailbox {
    /// The name, decoded and cleaned; empty if there is none.
    pub name: String,
    /// The address, if mail can be sent to it.
    pub address: Option<EmailAddress>,
    /// What stands where the address should, cleaned.
    pub text: String,
}

/// What an address field holds.
#[derive(Default, Debug)]
pub(crate) struct AddressList {
    pub(crate) mailboxes: Vec<Mailbox>,
    /// How many groups (`name: a, b;`) there were.
    pub(crate) groups: usize,
}

/// The mailboxes of an address field's unfolded value; members of groups stand among the others.
pub fn mailboxes(value: &str) -> Vec<Mailbox> {
    address_list(value).mailboxes
}

/// The mailboxes and groups of an address field's unfolded value.
pub(crate) fn address_list(value: &str) -> AddressList {
    let mut reader = Reader::default();
    match reader.read(value, Quotes::Count) {
        Ok(()) => reader.list,
        Err(NeverClosed) => {
            let mut reader = Reader::default();
            let _ = reader.read(value, Quotes::AreOrdinary);
            reader.list
        }
    }
}

#[derive(Clone, Copy)]
enum Quotes {
    Count,
    AreOrdinary,
}

struct NeverClosed;

/// One mailbox in the making.
#[derive(Default)]
struct Reader {
    list: AddressList,
    /// Words outside brackets, as a name: quotes taken away.
    words: String,
    /// The same without blanks and with quotes, as an address.
    bare: String,
    /// Where the last of `words` begins.
    last_word: usize,
    angle: Option<String>,
    comment: String,
    in_angle: bool,
    /// Whether `bare` holds an at sign.
    has_at: bool,
}

impl Reader {
    fn read(&mut self, value: &str, quotes: Quotes) -> Result<(), NeverClosed> {
        let (mut in_quotes, mut comment_depth, mut escaped) = (false, 0usize, false);
        for c in value.chars() {
            if escaped {
                escaped = false;
                match (comment_depth, in_quotes) {
                    (0, _) => self.take(c, in_quotes, true),
                    (_, _) => self.comment.push(c),
                }
                continue;
            }
            match c {
                '\\' if in_quotes || comment_depth > 0 => escaped = true,
                '"' if comment_depth == 0 && matches!(quotes, Quotes::Count) => {
                    in_quotes = !in_quotes;
                    self.take_quote();
                }
                c if in_quotes => self.take(c, true, false),
                '(' => {
                    if comment_depth == 0 {
                        self.comment.clear();
                        self.words.push(' ');
                    } else {
                        self.comment.push('(');
                    }
                    comment_depth += 1;
                }
                ')' if comment_depth > 0 => {
                    comment_depth -= 1;
                    if comment_depth > 0 {
                        self.comment.push(')');
                    }
                }
                c if comment_depth > 0 => self.comment.push(c),
                '<' => {
                    if self.angle.is_some() {
                        // A second address without a comma is a second mailbox.
                        self.close();
                    }
                    self.angle = Some(String::new());
                    self.in_angle = true;
                }
                '>' => self.in_angle = false,
                ',' | ';' if !self.in_angle && !self.in_encoded_word() => self.close(),
                ',' => self.take(c, false, false),
                ':' if !self.in_angle && !self.in_encoded_word() && !self.has_at => {
                    self.list.groups += 1;
                    self.forget();
                }
                c => self.take(c, false, false),
            }
        }
        if in_quotes {
            return Err(NeverClosed);
        }
        self.close();
        Ok(())
    }

    fn take(&mut self, c: char, quoted: bool, escaped: bool) {
        match &mut self.angle {
            Some(angle) if self.in_angle => {
                if escaped {
                    angle.push('\\');
                }
                if quoted || !c.is_whitespace() {
                    angle.push(c);
                }
            }
            Some(_) | None => {
                self.words.push(c);
                self.has_at |= c == '@';
                if c.is_whitespace() {
                    self.last_word = self.words.len();
                }
                if escaped {
                    self.bare.push('\\');
                }
                if quoted || !c.is_whitespace() {
                    self.bare.push(c);
                }
            }
        }
    }

    /// Careless programs leave colons and commas in encoded words.
    fn in_encoded_word(&self) -> bool {
        let word = &self.words[self.last_word..];
        self.angle.is_none() && word.starts_with("=?") && !word.ends_with("?=")
    }

    fn take_quote(&mut self) {
        match &mut self.angle {
            Some(angle) if self.in_angle => angle.push('"'),
            Some(_) | None => self.bare.push('"'),
        }
    }

    fn close(&mut self) {
        let name = |text: &str| clean(&decode(text));
        let mailbox = match self.angle.take() {
            Some(angle) => {
                // RFC 5322 §4.4: a route in front of the address is dropped.
                let spec = match angle.strip_prefix('@') {
                    Some(route) => route.rsplit_once(':').map_or(angle.as_str(), |(_, spec)| spec),
                    None => &angle,
                };
                let words = name(&self.words);
                let name = if words.is_empty() { name(&self.comment) } else { words };
                Some(Mailbox { name, address: EmailAddress::parse(spec).ok(), text: clean(spec) })
            }
            None if self.bare.is_empty() => None,
            None => match EmailAddress::parse(&self.bare) {
                Ok(address) => {
                    let text = address.to_string();
                    Some(Mailbox { name: name(&self.comment), address: Some(address), text })
                }
                Err(_) => Some(Mailbox { name: name(&self.comment), address: None, text: name(&self.words) }),
            },
        };
        if let Some(mailbox) = mailbox
            && self.list.mailboxes.len() < MAILBOXES_MAX
        {
            self.list.mailboxes.push(mailbox);
        }
        self.forget();
    }

    fn forget(&mut self) {
        self.words.clear();
        self.bare.clear();
        self.comment.clear();
        self.last_word = 0;
        self.angle = None;
        self.in_angle = false;
        self.has_at = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Vec<String> {
        mailboxes(value)
            .into_iter()
            .map(|m| match m.address {
                Some(address) => format!("{} <{address}>", m.name),
                None => format!("{} ?{}?", m.name, m.text),
            })
            .collect()
    }

    #[test]
    fn addresses_as_they_are_written() {
        for (value, expected) in [
            ("a@b.example", vec![" <a@b.example>"]),
            ("Anne <a@b.example>", vec!["Anne <a@b.example>"]),
            ("a@b.example (Anne (the first))", vec!["Anne (the first) <a@b.example>"]),
            (
                "\"Curie, Marie\" <m@x.example>, b@x.example",
                vec!["Curie, Marie <m@x.example>", " <b@x.example>"],
            ),
            ("\"a\\\"b\" <m@x.example>", vec!["a\"b <m@x.example>"]),
            ("=?utf-8?q?Zo=C3=A9?= <z@x.example>", vec!["Zoé <z@x.example>"]),
            ("\"=?utf-8?q?Zo=C3=A9=2C_P?=\" <z@x.example>", vec!["Zoé, P <z@x.example>"]),
            (
                "=?utf-8?q?Curie,_M?= <m@x.example>, b@x.example",
                vec!["Curie, M <m@x.example>", " <b@x.example>"],
            ),
            ("=?utf-8?q?hi=0D=0ABcc:_v?= <z@x.example>", vec!["hi Bcc: v <z@x.example>"]),
            ("<a@b.example>", vec![" <a@b.example>"]),
            ("<@hop.example,@other.example:a@b.example>", vec![" <a@b.example>"]),
            ("a @ b.example", vec![" <a@b.example>"]),
            ("\"a b\"@x.example", vec![" <\"a b\"@x.example>"]),
            ("friends: a@b.example, c@d.example;", vec![" <a@b.example>", " <c@d.example>"]),
            ("undisclosed-recipients:;", vec![]),
            (
                "\"never closed <a@b.example>, c@d.example",
                vec!["\"never closed <a@b.example>", " <c@d.example>"],
            ),
            ("Anne <a@b.example", vec!["Anne <a@b.example>"]),
            ("<a@x.example>\u{0}<b@y.example>", vec![" <a@x.example>", " <b@y.example>"]),
            ("Anne", vec![" ?Anne?"]),
            ("Anne <>", vec!["Anne ??"]),
            ("a@b@c.example", vec![" ?a@b@c.example?"]),
            ("", vec![]),
            (",,;", vec![]),
        ] {
            assert_eq!(read(value), expected, "{value:?}");
        }
        assert_eq!(address_list("g: a@b.example; h:;").groups, 2);
    }

    #[test]
    fn bombs_are_read_in_one_pass() {
        for bomb in ["(", "<", "\"", ",", "a@b,", "(\\", "\"\\", "g:", "=?", "<a@b>"] {
            let text = bomb.repeat(400_000 / bomb.len());
            assert!(mailboxes(&text).len() <= MAILBOXES_MAX);
        }
    }
}
