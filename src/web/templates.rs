//! The templates of the pages: embedded in the program, and a folder may replace each by its own.
//!
//! Templates get words and decide nothing. Everything they print is escaped; the exceptions are
//! cleaned HTML, which only `mail::html` can make, and words `views::set` has escaped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use handlebars::Handlebars;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::words::Words;
use crate::domain::list::Language;

const PAGES: &[(&str, &str)] = &[
    ("attachments", include_str!("../../templates/web/attachments.hbs")),
    ("doors", include_str!("../../templates/web/doors.hbs")),
    ("edition", include_str!("../../templates/web/edition.hbs")),
    ("edition_contents", include_str!("../../templates/web/edition_contents.hbs")),
    ("feed", include_str!("../../templates/web/feed.hbs")),
    ("home", include_str!("../../templates/web/home.hbs")),
    ("layout", include_str!("../../templates/web/layout.hbs")),
    ("leave", include_str!("../../templates/web/leave.hbs")),
    ("list", include_str!("../../templates/web/list.hbs")),
    ("month", include_str!("../../templates/web/month.hbs")),
    ("notice", include_str!("../../templates/web/notice.hbs")),
    ("pager", include_str!("../../templates/web/pager.hbs")),
    ("paragraphs", include_str!("../../templates/web/paragraphs.hbs")),
    ("post", include_str!("../../templates/web/post.hbs")),
    ("post_card", include_str!("../../templates/web/post_card.hbs")),
    ("opensearch", include_str!("../../templates/web/opensearch.hbs")),
    ("search", include_str!("../../templates/web/search.hbs")),
    ("search_box", include_str!("../../templates/web/search_box.hbs")),
    ("sign_in", include_str!("../../templates/web/sign_in.hbs")),
    ("text", include_str!("../../templates/web/text.hbs")),
    ("thread", include_str!("../../templates/web/thread.hbs")),
    ("years", include_str!("../../templates/web/years.hbs")),
    ("you", include_str!("../../templates/web/you.hbs")),
];
const STYLE: &str = include_str!("../../templates/web/style.css");

/// A template that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A file of the folder could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It does not read as a template.
    #[error("cannot use the page template {name}")]
    Parse {
        /// Its name, without `.hbs`.
        name: &'static str,
        /// Where it is wrong.
        source: Box<handlebars::TemplateError>,
    },
    /// What pages are packed with could not be made.
    #[error("cannot pack pages")]
    Press(#[source] std::io::Error),
    /// It asks for something the page does not have.
    #[error("cannot write a page with the template {name}")]
    Render {
        /// Its name, without `.hbs`.
        name: &'static str,
        /// What it asks for.
        source: Box<handlebars::RenderError>,
    },
}

/// Every template, read, and the style sheet.
pub(crate) struct Templates {
    french: Handlebars<'static>,
    english: Handlebars<'static>,
    pub(crate) style: String,
    /// Changes with the style sheet, and so does its address.
    pub(crate) style_hash: String,
}

impl Templates {
    /// Those of the program; `folder` may hold `NAME.hbs` and `style.css` to use in their place.
    pub(crate) fn load(folder: Option<&Path>, words: &Words) -> Result<Templates, TemplateError> {
        let mut texts = BTreeMap::new();
        for (name, embedded) in PAGES {
            let text = replaced(folder, &format!("{name}.hbs"))?.unwrap_or_else(|| (*embedded).to_owned());
            texts.insert(*name, text);
        }
        let (mut french, mut english) = (registry(), registry());
        for (name, _) in PAGES {
            let text = whole(&texts, texts.get(name).map_or("", String::as_str), PARTS_DEPTH_MAX);
            for (pages, language) in [(&mut french, Language::Fr), (&mut english, Language::En)] {
                pages
                    .register_template_string(name, worded(&text, words.plain(language)))
                    .map_err(|source| TemplateError::Parse { name, source: Box::new(source) })?;
            }
        }
        let style = replaced(folder, "style.css")?.unwrap_or_else(|| STYLE.to_owned());
        let style_hash = data_encoding::HEXLOWER.encode(&Sha256::digest(style.as_bytes())[..8]);
        Ok(Templates { french, english, style, style_hash })
    }

    /// Writes a page.
    pub(crate) fn render<V: Serialize>(
        &self,
        language: Language,
        name: &'static str,
        view: &V,
    ) -> Result<String, TemplateError> {
        let pages = match language {
            Language::Fr => &self.french,
            Language::En => &self.english,
        };
        pages.render(name, view).map_err(|source| TemplateError::Render { name, source: Box::new(source) })
    }
}

/// A text as templates print it.
pub(crate) fn escaped(text: &str) -> String {
    handlebars::html_escape(text)
}

fn registry() -> Handlebars<'static> {
    let mut pages = Handlebars::new();
    pages.set_strict_mode(true);
    pages.set_prevent_indent(true);
    pages
}

/// Templates within templates within templates: further ones are left to be found when a page is made.
const PARTS_DEPTH_MAX: usize = 8;

/// A template with the text of those it is made of in their places. handlebars would copy all that
/// is known to a part each time it comes to it, with every word of a conversation.
fn whole(texts: &BTreeMap<&str, String>, template: &str, depth: usize) -> String {
    let mut whole_text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        let Some(end) = rest[start..].find("}}").map(|end| start + end + 2) else { break };
        let inside = rest[start + 2..end - 2].trim();
        let (name, closing) = match (inside.strip_prefix("> "), inside.strip_prefix("#> ")) {
            (Some(name), _) => (name.trim(), None),
            (None, Some(name)) => (name.trim(), Some(format!("{{{{/{}}}}}", name.trim()))),
            (None, None) => ("", None),
        };
        let part = texts.get(name).filter(|_| depth > 0);
        let (Some(part), Some((body, after))) = (part, body_of(&rest[end..], closing.as_deref())) else {
            whole_text.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        };
        whole_text.push_str(&rest[..start]);
        let part = part.replace("{{> @partial-block}}\n", body.strip_prefix('\n').unwrap_or(body));
        whole_text.push_str(&whole(texts, &part, depth - 1));
        // Alone on its line, it is the whole line.
        let alone = rest[..start].is_empty() || rest[..start].ends_with('\n');
        rest = if alone { after.strip_prefix('\n').unwrap_or(after) } else { after };
    }
    whole_text.push_str(rest);
    whole_text
}

/// What stands up to the end of a part, and what follows; a part without an end has nothing in it.
fn body_of<'t>(text: &'t str, closing: Option<&str>) -> Option<(&'t str, &'t str)> {
    match closing {
        None => Some(("", text)),
        Some(closing) => text.rfind(closing).map(|at| (&text[..at], &text[at + closing.len()..])),
    }
}

/// A template with the words of one language in it: `{{t.KEY}}` is the same on every page, so it is
/// written once, when templates are read, and no page carries the words of all others along.
fn worded(template: &str, words: &BTreeMap<String, String>) -> String {
    let mut worded = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        worded.push_str(&rest[..start]);
        let expression = &rest[start..];
        let Some(end) = expression.find("}}") else {
            rest = expression;
            break;
        };
        let inside = expression[2..end].trim();
        let key = inside.trim_start_matches("../").trim_start_matches("@root.").strip_prefix("t.");
        match key.and_then(|key| words.get(key)) {
            Some(word) => worded.push_str(&handlebars::html_escape(word)),
            // Partials need not be handed the words.
            None => {
                worded.push_str(&expression[..end].replace(" t=../t", ""));
                worded.push_str("}}");
            }
        }
        rest = &expression[end + 2..];
    }
    worded.push_str(rest);
    worded
}

fn replaced(folder: Option<&Path>, file: &str) -> Result<Option<String>, TemplateError> {
    let Some(folder) = folder else { return Ok(None) };
    let path = folder.join(file);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TemplateError::Read { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_where_they_are_named() {
        let texts = BTreeMap::from([
            ("card", "<p>{{text}}</p>\n{{> foot}}\n".to_owned()),
            ("foot", "<hr>\n".to_owned()),
            ("frame", "<html>\n{{> @partial-block}}\n</html>\n".to_owned()),
            ("loop", "{{> loop}}".to_owned()),
        ]);
        for (template, made) in [
            ("{{#each a}}\n{{> card}}\n{{/each}}\n", "{{#each a}}\n<p>{{text}}</p>\n<hr>\n{{/each}}\n"),
            ("{{#> frame}}\n<i>{{> foot}}</i>\n{{/frame}}\n", "<html>\n<i><hr>\n</i>\n</html>\n"),
            ("{{> card post}} {{> unknown}} {{", "{{> card post}} {{> unknown}} {{"),
            ("{{> loop}}", "{{> loop}}"),
        ] {
            assert_eq!(whole(&texts, template, PARTS_DEPTH_MAX), made);
        }
    }

    #[test]
    fn words_stand_in_templates_before_any_page_does() {
        let words = BTreeMap::from([("skip".to_owned(), "Go to <text>".to_owned())]);
        for (template, with_words) in [
            ("<a>{{t.skip}}</a>", "<a>Go to &lt;text&gt;</a>"),
            ("{{ ../t.skip }}{{@root.t.skip}}", "Go to &lt;text&gt;Go to &lt;text&gt;"),
            ("{{> pager t=../t}}{{#each posts}}", "{{> pager}}{{#each posts}}"),
            ("{{t.other}} {{{html}}} {{", "{{t.other}} {{{html}}} {{"),
        ] {
            assert_eq!(worded(template, &words), with_words);
        }
    }
}
