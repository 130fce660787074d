//! HTML of strangers, made harmless, or made text.
//!
//! Three steps, each linear: `simplify` writes the elements people use in mails as properly
//! nested HTML and nothing else, so that what comes after meets no depth, no half-open
//! formatting and no foreign content; ammonia then judges that text as if it came straight from
//! the stranger; `fold` puts quoted history behind a summary. Remote pictures are never loaded
//! (only words stand for them), and links say who is answerable for them.

mod elements;
mod fold;
mod simplify;
mod tokens;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};

use super::mask;
use simplify::Purpose;
pub(super) use tokens::without_tags;

/// Bytes of HTML looked at; above, the text is shown instead.
const HTML_BYTES_MAX: usize = 1024 * 1024;
/// Columns html2text may fill before it breaks a line: the page does that.
const TEXT_COLUMNS: usize = 10_000;

const MAILTO: &str = "mailto:";
/// What a link may begin of a mail.
const MAIL_FIELDS: [&str; 3] = ["subject", "body", "in-reply-to"];

/// HTML that went through [`clean`]: the only thing a page may print as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CleanHtml(String);

impl CleanHtml {
    /// To be printed raw.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same for strangers: no whole e-mail address in words or links.
    pub fn masked(&self) -> CleanHtml {
        // The mask only takes letters of domains away, so it cannot open or close anything.
        CleanHtml(mask::mask_addresses(&self.0))
    }
}

/// Makes HTML harmless. `picture` gives the page's own URL for a Content-ID (RFC 2392).
///
/// Nothing comes back for HTML above 1 MiB or nested deeper than anybody nests: use the text.
pub fn clean(html: &str, picture: &dyn Fn(&str) -> Option<String>) -> Option<CleanHtml> {
    if html.len() > HTML_BYTES_MAX {
        return None;
    }
    let simple = simplify::simplify(html, Purpose::Page(picture)).ok()?;
    let judged = cleaner().clean(&simple).to_string();
    Some(CleanHtml(fold::fold(&judged)))
}

fn cleaner() -> Builder<'static> {
    let attributes: [(&str, &[&str]); 8] = [
        ("a", &["href"]),
        ("img", &["src", "alt"]),
        ("td", &["colspan", "rowspan"]),
        ("th", &["colspan", "rowspan"]),
        ("ol", &["start"]),
        ("div", &[simplify::HISTORY]),
        ("blockquote", &[simplify::HISTORY]),
        ("span", &[]),
    ];
    let attributes: HashMap<&str, HashSet<&str>> =
        attributes.into_iter().map(|(tag, names)| (tag, names.iter().copied().collect())).collect();
    let mut builder = Builder::default();
    builder
        .tags(elements::element_names().collect())
        .clean_content_tags(HashSet::from([
            "script", "style", "title", "textarea", "template", "svg", "math",
        ]))
        .tag_attributes(attributes)
        .generic_attributes(HashSet::from(["lang", "dir"]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        // Relative addresses are only ours: `simplify` lets none of the stranger's through.
        .url_relative(UrlRelative::PassThrough)
        .attribute_filter(|_, attribute, value| {
            Some(if attribute == "href" { harmless_link(value) } else { Cow::Borrowed(value) })
        })
        .link_rel(Some("nofollow noopener noreferrer ugc"))
        .strip_comments(true);
    builder
}

/// A link to write a mail begins with what its writer sees before it goes: nobody else gets a copy of
/// it, and no file of theirs is attached, which some programs do when they are asked (RFC 6068, 7).
fn harmless_link(link: &str) -> Cow<'_, str> {
    let to_write = link.get(..MAILTO.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(MAILTO));
    let Some((address, fields)) = link.split_once('?').filter(|_| to_write) else {
        return Cow::Borrowed(link);
    };
    let seen = |field: &&str| {
        let name = field.split('=').next().unwrap_or_default();
        MAIL_FIELDS.iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    let kept: Vec<&str> = fields.split('&').filter(seen).collect();
    Cow::Owned(if kept.is_empty() { address.to_owned() } else { format!("{address}?{}", kept.join("&")) })
}

/// HTML as text, for those who read text: quotes become `>`, lists get their marks.
pub fn to_text(html: &str) -> String {
    if html.len() > HTML_BYTES_MAX {
        return without_tags(html);
    }
    let Ok(simple) = simplify::simplify(html, Purpose::Text) else { return without_tags(html) };
    let config = html2text::config::plain_no_decorate().raw_mode(true).link_footnotes(false);
    let rendered = config.string_from_read(simple.as_bytes(), TEXT_COLUMNS);
    rendered.map_or_else(|_| without_tags(html), |text| tidy(&text))
}

/// Lines without blanks at their end, and never more than one empty line.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blanks = 0;
    for line in text.lines() {
        let line = line.trim_end().replace('\u{a0}', " ");
        blanks = if line.is_empty() { blanks + 1 } else { 0 };
        if blanks <= 1 && !(blanks == 1 && out.is_empty()) {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

/// Text as it is written in HTML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests;
