//! The templates of the pages: embedded in the program, and a folder may replace each by its own.
//!
//! Templates get words and decide nothing. Everything they print is escaped; the one exception is
//! cleaned HTML, which only `mail::html` can make.

use std::path::{Path, PathBuf};

use handlebars::Handlebars;
use serde::Serialize;
use sha2::{Digest, Sha256};

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
    pages: Handlebars<'static>,
    pub(crate) style: String,
    /// Changes with the style sheet, and so does its address.
    pub(crate) style_hash: String,
}

impl Templates {
    /// Those of the program; `folder` may hold `NAME.hbs` and `style.css` to use in their place.
    pub(crate) fn load(folder: Option<&Path>) -> Result<Templates, TemplateError> {
        let mut pages = Handlebars::new();
        pages.set_strict_mode(true);
        pages.set_prevent_indent(true);
        for (name, embedded) in PAGES {
            let text = replaced(folder, &format!("{name}.hbs"))?.unwrap_or_else(|| (*embedded).to_owned());
            pages
                .register_template_string(name, text)
                .map_err(|source| TemplateError::Parse { name, source: Box::new(source) })?;
        }
        let style = replaced(folder, "style.css")?.unwrap_or_else(|| STYLE.to_owned());
        let style_hash = data_encoding::HEXLOWER.encode(&Sha256::digest(style.as_bytes())[..8]);
        Ok(Templates { pages, style, style_hash })
    }

    /// Writes a page.
    pub(crate) fn render<V: Serialize>(&self, name: &'static str, view: &V) -> Result<String, TemplateError> {
        self.pages
            .render(name, view)
            .map_err(|source| TemplateError::Render { name, source: Box::new(source) })
    }
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
