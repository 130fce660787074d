//! HTML written anew: the elements people use in mails, properly nested, and nothing else.
//!
//! A parser that keeps the rules of HTML finds nothing to repair in the result, so its work and
//! its depth are those seen here. Quoted history is marked for `fold`.

use super::elements::{Role, element};
use super::escape;
use super::tokens::{Attributes, Token, tokens};

/// Elements open at the same time.
const NESTING_MAX: usize = 500;
/// Tags, and characters that have to be escaped: what a parser spends its time on.
const PIECES_MAX: usize = 40_000;
/// The depths at which tags stand, summed: parsers look through what is open at every tag.
const DEPTHS_MAX: usize = 2_500_000;
/// Bytes of an address in a link.
const LINK_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a character reference.
const REFERENCE_BYTES_MAX: usize = 32;
/// Nested quotes and lists in text, each of which makes every line below it longer.
const TEXT_NESTING_MAX: usize = 20;
/// Marks quoted history; no attribute of a stranger has this name here.
pub(super) const HISTORY: &str = "data-history";

/// What the HTML is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose<'a> {
    /// With the URL of each picture that came with the message.
    Page(&'a dyn Fn(&str) -> Option<String>),
    Text,
}

/// Nested deeper, or made of more pieces, than a mail anybody wrote.
#[derive(Debug)]
pub(super) struct TooMuch;

pub(super) fn simplify(html: &str, purpose: Purpose<'_>) -> Result<String, TooMuch> {
    let mut writer =
        Writer { out: String::with_capacity(html.len()), open: Vec::new(), purpose, pieces: 0, depths: 0 };
    for token in tokens(html) {
        match token {
            Token::Text(text) => writer.text(text),
            Token::Open(name, attributes) => {
                if let Some((name, role)) = element(&name) {
                    writer.open(name, role, &attributes)?;
                }
            }
            Token::Close(name) => {
                if let Some((name, role)) = element(&name) {
                    writer.close(name, role);
                }
            }
        }
        if writer.pieces > PIECES_MAX || writer.depths > DEPTHS_MAX {
            return Err(TooMuch);
        }
    }
    writer.pop_to(0);
    Ok(writer.out)
}

struct Writer<'a> {
    out: String,
    open: Vec<(&'static str, Role)>,
    purpose: Purpose<'a>,
    pieces: usize,
    depths: usize,
}

impl Writer<'_> {
    fn text(&mut self, text: &str) {
        for (at, character) in text.char_indices() {
            let escaped = match character {
                '<' => "&lt;",
                '>' => "&gt;",
                '&' if !is_reference(&text[at..]) => "&amp;",
                '&' => "&",
                '\n' | '\t' => {
                    self.out.push(character);
                    continue;
                }
                control if control.is_control() => " ",
                other => {
                    self.out.push(other);
                    continue;
                }
            };
            self.pieces += 1;
            self.out.push_str(escaped);
        }
    }

    fn open(&mut self, name: &'static str, role: Role, attributes: &Attributes<'_>) -> Result<(), TooMuch> {
        self.pieces += 1;
        self.depths += self.open.len();
        let in_table = matches!(self.open.last(), Some((_, Role::Table | Role::Section | Role::Row)));
        match role {
            Role::Section | Role::Row | Role::Cell => return self.open_in_table(name, role, attributes),
            // Nothing but rows and cells belongs there; the words of it stay.
            Role::Inline | Role::Block | Role::Paragraph | Role::Item | Role::Table if in_table => {
                return Ok(());
            }
            Role::Inline => {
                if name == "a" {
                    self.pop_from(|(open, _)| open == "a", |role| role == Role::Cell);
                }
            }
            Role::Block | Role::Paragraph | Role::Table => self.end_paragraph(),
            Role::Item => {
                let same = |(open, _): (&str, Role)| {
                    if name == "li" { open == "li" } else { matches!(open, "dt" | "dd") }
                };
                self.pop_from_unless(same, |(open, role)| {
                    role == Role::Cell || matches!(open, "ul" | "ol" | "dl")
                });
                self.end_paragraph();
            }
            Role::Void => {
                self.void(name, attributes);
                return Ok(());
            }
        }
        if self.too_deep_for_text(name) {
            return Ok(());
        }
        self.push(name, role, attributes)
    }

    fn open_in_table(
        &mut self,
        name: &'static str,
        role: Role,
        attributes: &Attributes<'_>,
    ) -> Result<(), TooMuch> {
        let Some(table) = self.open.iter().rposition(|(_, role)| *role == Role::Table) else { return Ok(()) };
        let within =
            |open: &[(&str, Role)], wanted: Role| open[table..].iter().rposition(|(_, r)| *r == wanted);
        match role {
            Role::Row => {
                let section = within(&self.open, Role::Section).unwrap_or(0);
                self.pop_to(table + section + 1);
            }
            Role::Cell if name != "caption" => match within(&self.open, Role::Row) {
                Some(row) => self.pop_to(table + row + 1),
                None => {
                    let section = within(&self.open, Role::Section).unwrap_or(0);
                    self.pop_to(table + section + 1);
                    self.push("tr", Role::Row, &Attributes::default())?;
                }
            },
            Role::Cell
            | Role::Section
            | Role::Inline
            | Role::Block
            | Role::Paragraph
            | Role::Item
            | Role::Table
            | Role::Void => self.pop_to(table + 1),
        }
        self.push(name, role, attributes)
    }

    fn close(&mut self, name: &'static str, role: Role) {
        self.pieces += 1;
        self.depths += self.open.len();
        let this = |(open, _): (&str, Role)| open == name;
        match role {
            Role::Void => {
                if name == "br" {
                    self.out.push_str("<br>");
                }
            }
            // `<b><p>…</b>`: closing b must not close the paragraph, so b goes on to its end.
            Role::Inline => self.pop_from(this, |role| role != Role::Inline),
            Role::Block | Role::Paragraph | Role::Item => {
                self.pop_from(this, |role| matches!(role, Role::Cell | Role::Table));
            }
            Role::Section | Role::Row | Role::Cell => self.pop_from(this, |role| role == Role::Table),
            Role::Table => {
                let table = self.open.iter().rposition(|(_, role)| *role == Role::Table);
                if let Some(table) = table {
                    self.pop_to(table);
                }
            }
        }
    }

    fn end_paragraph(&mut self) {
        self.pop_from(
            |(_, role)| role == Role::Paragraph,
            |role| matches!(role, Role::Block | Role::Item | Role::Cell),
        );
    }

    /// Closes up to and with the innermost element that fits, unless a barrier stands before it.
    fn pop_from(&mut self, fits: impl Fn((&str, Role)) -> bool, barrier: impl Fn(Role) -> bool) {
        self.pop_from_unless(fits, |(_, role)| barrier(role));
    }

    fn pop_from_unless(
        &mut self,
        fits: impl Fn((&str, Role)) -> bool,
        barrier: impl Fn((&str, Role)) -> bool,
    ) {
        for (index, element) in self.open.iter().enumerate().rev() {
            if fits(*element) {
                self.pop_to(index);
                return;
            }
            if barrier(*element) {
                return;
            }
        }
    }

    fn pop_to(&mut self, len: usize) {
        while self.open.len() > len {
            if let Some((name, _)) = self.open.pop() {
                self.out.extend(["</", name, ">"]);
            }
        }
    }

    fn push(&mut self, name: &'static str, role: Role, attributes: &Attributes<'_>) -> Result<(), TooMuch> {
        if self.open.len() >= NESTING_MAX {
            return Err(TooMuch);
        }
        self.open.push((name, role));
        self.out.extend(["<", name]);
        let kept: &[&str] = match name {
            "a" => &["href"],
            "td" | "th" => &["colspan", "rowspan"],
            "ol" => &["start"],
            _ => &[],
        };
        for key in kept {
            if let Some(value) = attributes.get(key).filter(|value| *key != "href" || is_link(value)) {
                self.attribute(key, value.trim());
            }
        }
        for key in ["lang", "dir"] {
            if let Some(value) = attributes.get(key).filter(|v| v.len() <= 20) {
                self.attribute(key, value);
            }
        }
        if let Some(history) = history(name, attributes) {
            self.attribute(HISTORY, history);
        }
        self.out.push('>');
        Ok(())
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.out.extend([" ", name, "=\""]);
        self.pieces += value.bytes().filter(|b| *b == b'&').count();
        for character in value.chars().filter(|c| !c.is_control()) {
            match character {
                '"' => self.out.push_str("&quot;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                other => self.out.push(other),
            }
        }
        self.out.push('"');
    }

    fn void(&mut self, name: &'static str, attributes: &Attributes<'_>) {
        match (name, self.purpose) {
            ("img", purpose) => self.picture(attributes, purpose),
            ("hr", Purpose::Page(_)) => {
                self.end_paragraph();
                self.out.push_str("<hr>");
            }
            ("hr", Purpose::Text) => {
                self.end_paragraph();
                self.out.push_str("<p>---</p>");
            }
            (name, _) => self.out.extend(["<", name, ">"]),
        }
    }

    /// A picture that came with the message, or words for one that would be fetched elsewhere.
    fn picture(&mut self, attributes: &Attributes<'_>, purpose: Purpose<'_>) {
        let source = attributes.get("src").unwrap_or("").trim();
        let content_id = source.get(..4).filter(|s| s.eq_ignore_ascii_case("cid:")).map(|_| &source[4..]);
        let alt = attributes.get("alt").map(str::trim);
        if let (Purpose::Page(picture), Some(content_id)) = (purpose, content_id)
            && let Some(url) = picture(content_id)
        {
            self.out.extend(["<img src=\"", &escape(&url), "\""]);
            self.attribute("alt", alt.unwrap_or(""));
            self.out.push('>');
            return;
        }
        // An empty text says the picture is decoration; one point wide, it only spies.
        let unseen = matches!(attributes.get("width"), Some("0" | "1" | "1px" | "0px"));
        match alt {
            Some("") => {}
            _ if unseen => {}
            Some(alt) => self.text(alt),
            None => self.text("[image]"),
        }
    }

    fn too_deep_for_text(&self, name: &str) -> bool {
        let indents = |name: &str| matches!(name, "blockquote" | "ul" | "ol" | "dl" | "dd");
        match self.purpose {
            Purpose::Text if indents(name) => {
                self.open.iter().filter(|(open, _)| indents(open)).count() >= TEXT_NESTING_MAX
            }
            Purpose::Text | Purpose::Page(_) => false,
        }
    }
}

/// `&eacute;`, `&#233;`: begins with one, rather than with a sign that stands for itself.
fn is_reference(text: &str) -> bool {
    let body = &text.as_bytes()[1..];
    let len = body
        .iter()
        .take(REFERENCE_BYTES_MAX)
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'#')
        .count();
    len > 0 && body.get(len) == Some(&b';')
}

/// Only what begins like an address of the web or of a person, character by character.
fn is_link(value: &str) -> bool {
    let value = value.trim();
    value.len() <= LINK_BYTES_MAX
        && ["http://", "https://", "mailto:"]
            .iter()
            .any(|scheme| value.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme)))
}

/// Where programs say that history begins. `whole`: this element; `rest`: this and what follows.
fn history(name: &str, attributes: &Attributes<'_>) -> Option<&'static str> {
    let says = |attribute: &str, what: &str| {
        attributes
            .get(attribute)
            .is_some_and(|v| v.split_ascii_whitespace().any(|w| w.eq_ignore_ascii_case(what)))
    };
    let quote_class = ["gmail_quote", "yahoo_quoted", "protonmail_quote", "tutanota_quote"]
        .iter()
        .any(|class| says("class", class));
    match name {
        "blockquote" if quote_class || says("type", "cite") => Some("whole"),
        "div" if quote_class => Some("whole"),
        "div" if says("id", "divRplyFwdMsg") || says("class", "OutlookMessageHeader") => Some("rest"),
        "div" if attributes.get("style").is_some_and(is_outlook_rule) => Some("rest"),
        _ => None,
    }
}

/// The line Outlook draws above the message it answers.
fn is_outlook_rule(style: &str) -> bool {
    let style: String =
        style.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    let grey =
        ["border-top:solid#e1e1e1", "border-top:solid#b5c4df", "border-top:#b5c4df", "border-top:#e1e1e1"];
    style.contains("border:none") && grey.iter().any(|line| style.contains(line))
}
