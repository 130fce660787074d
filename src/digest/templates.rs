//! The templates of the page people read: those we carry, and those of a folder that replace them.

use std::path::{Path, PathBuf};

use handlebars::Handlebars;

use super::view::View;
use super::{Bodies, Condensed, Doors, Item, Sheet, ThreadPart};
use crate::domain::list::Language;
use crate::letters::read_template;
use crate::mail::html::escape;

/// A template of the folder that cannot be used; our own is used in its place.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("cannot use the digest template {}: {why}", path.display())]
pub struct DigestFault {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// One of the two bodies.
#[derive(Clone, Copy)]
enum Body {
    Text,
    Html,
}

impl Body {
    fn file(self) -> &'static str {
        match self {
            Body::Text => "page.txt.hbs",
            Body::Html => "page.html.hbs",
        }
    }

    fn own(self) -> &'static str {
        match self {
            Body::Text => include_str!("../../templates/digest/page.txt.hbs"),
            Body::Html => include_str!("../../templates/digest/page.html.hbs"),
        }
    }
}

/// What digests are printed with.
pub struct DigestTemplates {
    text: Handlebars<'static>,
    html: Handlebars<'static>,
    folder: PathBuf,
}

const OWN: &str = "own";
const FOLDER: &str = "folder";
/// Words of people on the page; a template of the folder may use it too.
const PARAGRAPH: &str = "paragraph";
const PARAGRAPH_TEMPLATE: &str = include_str!("../../templates/digest/paragraph.hbs");

impl DigestTemplates {
    /// Our own templates, and those of `folder` where it has any: `folder/page.txt.hbs`.
    pub fn new(folder: Option<PathBuf>) -> (DigestTemplates, Vec<DigestFault>) {
        let mut templates = DigestTemplates {
            text: engine(handlebars::no_escape),
            html: engine(escape),
            folder: folder.clone().unwrap_or_default(),
        };
        let mut faults = Vec::new();
        for body in [Body::Text, Body::Html] {
            let engine = templates.engine_mut(body);
            engine.register_template_string(OWN, body.own()).expect("our own templates are tested");
            if let Some(folder) = &folder {
                faults.extend(templates.replace(body, &folder.join(body.file())).err());
            }
        }
        (templates, faults)
    }

    /// Prints a digest. Always gives both bodies: where a template of the folder fails, ours is used.
    pub fn print(&self, sheet: &Sheet) -> Bodies {
        let view = View::new(sheet);
        let mut faults = Vec::new();
        let mut render = |body: Body| {
            let engine = self.engine(body);
            if engine.has_template(FOLDER) {
                match engine.render(FOLDER, &view) {
                    Ok(printed) => return printed,
                    Err(error) => {
                        let path = self.folder.join(body.file());
                        faults.push(DigestFault { path, why: error.to_string() });
                    }
                }
            }
            engine.render(OWN, &view).expect("our own templates name only what is there, which is tested")
        };
        let text = tidy(&render(Body::Text));
        let html = render(Body::Html);
        Bodies { text, html, faults }
    }

    fn replace(&mut self, body: Body, path: &Path) -> Result<(), DigestFault> {
        let fault = |why: String| DigestFault { path: path.to_owned(), why };
        let Some(source) = read_template(path).map_err(|error| fault(error.to_string()))? else {
            return Ok(());
        };
        let engine = self.engine_mut(body);
        engine.register_template_string(FOLDER, source).map_err(|error| fault(error.to_string()))?;
        let sample = sample();
        if let Err(error) = engine.render(FOLDER, &View::new(&sample)) {
            engine.unregister_template(FOLDER);
            return Err(fault(error.to_string()));
        }
        Ok(())
    }

    fn engine(&self, body: Body) -> &Handlebars<'static> {
        match body {
            Body::Text => &self.text,
            Body::Html => &self.html,
        }
    }

    fn engine_mut(&mut self, body: Body) -> &mut Handlebars<'static> {
        match body {
            Body::Text => &mut self.text,
            Body::Html => &mut self.html,
        }
    }
}

fn engine(escape: impl Fn(&str) -> String + Send + Sync + 'static) -> Handlebars<'static> {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(escape);
    engine.register_partial(PARAGRAPH, PARAGRAPH_TEMPLATE.trim_end()).expect("our own templates are tested");
    engine
}

/// No blanks at line ends, two empty lines at most, one line end at the end.
fn tidy(printed: &str) -> String {
    let mut out = String::with_capacity(printed.len());
    let mut empty = 0;
    for line in printed.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty <= 2 && !(line.is_empty() && out.is_empty()) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end_matches('\n').len());
    out.push('\n');
    out
}

/// What a template of the folder is tried with.
fn sample() -> Sheet {
    let item = Item {
        author: "Anne".to_owned(),
        text: Condensed { text: "Bonjour".to_owned(), cut: true },
        answer: Some("a@lists.example".to_owned()),
        private: Some("b@lists.example".to_owned()),
        ..Item::default()
    };
    Sheet {
        language: Language::Fr,
        group: "Lilas".to_owned(),
        address: "lilas@lists.example".to_owned(),
        title: "Lilas".to_owned(),
        heading: String::new(),
        about: String::new(),
        part: Some((1, 2)),
        intro: "Bonjour".to_owned(),
        by: "Claire".to_owned(),
        page: None,
        archive: None,
        threads: vec![ThreadPart {
            n: 1,
            title: "Fête".to_owned(),
            items: vec![item],
            ..ThreadPart::default()
        }],
        doors: Doors::default(),
    }
}

#[cfg(test)]
mod tests;
