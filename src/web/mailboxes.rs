//! Looking into mailboxes: who has one, what is in it, one mail. For the demo's catcher.
//!
//! Reads a folder of `ADDRESS/0001.eml` and nothing else; names that are not in it answer 404.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path as UrlPath, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::mail::headers::Headers;
use crate::mail::html::escape;
use crate::mail::parse;
use crate::mail::show::plain_text;

/// The pages over a folder of mailboxes.
pub fn router(folder: Arc<PathBuf>) -> Router {
    Router::new()
        .route("/", get(everybody))
        .route("/{address}/", get(mailbox))
        .route("/{address}/{file}", get(mail))
        .with_state(folder)
}

async fn everybody(State(folder): State<Arc<PathBuf>>) -> Response {
    let mut rows = String::new();
    for address in names(&folder) {
        let count = names(&folder.join(&address)).len();
        let address = escape(&address);
        rows.push_str(&format!("<li><a href=\"/{address}/\">{address}</a> <small>{count}</small></li>\n"));
    }
    page("Mailboxes", &format!("<p>What each member has received.</p>\n<ul>\n{rows}</ul>"))
}

async fn mailbox(State(folder): State<Arc<PathBuf>>, UrlPath(address): UrlPath<String>) -> Response {
    let Some(mailbox) = inside(&folder, &address) else { return nothing() };
    let mut rows = String::new();
    for file in names(&mailbox) {
        let Ok(raw) = std::fs::read(mailbox.join(&file)) else { continue };
        let summary = parse::summarize(&raw);
        rows.push_str(&format!(
            "<li><a href=\"/{address}/{file}\">{subject}</a> <small>{from}</small></li>\n",
            address = escape(&address),
            file = escape(&file),
            subject = escape(if summary.subject.is_empty() { "—" } else { &summary.subject }),
            from = escape(&summary.author_name),
        ));
    }
    page(&address, &format!("<p><a href=\"/\">All mailboxes</a></p>\n<ol>\n{rows}</ol>"))
}

async fn mail(
    State(folder): State<Arc<PathBuf>>,
    UrlPath((address, file)): UrlPath<(String, String)>,
) -> Response {
    let raw = inside(&folder, &address).and_then(|m| inside(&m, &file)).and_then(|f| std::fs::read(f).ok());
    let Some(raw) = raw else { return nothing() };
    let (headers, _) = Headers::scan_leniently(&raw);
    let fields: String = headers
        .fields()
        .iter()
        .map(|field| format!("<dt>{}</dt><dd>{}</dd>\n", escape(field.name()), escape(&field.value())))
        .collect();
    let title = parse::summarize(&raw).subject;
    let body = format!(
        "<p><a href=\"/{address}/\">{address}</a></p>\n<pre>{text}</pre>\n\
         <details><summary>The whole header</summary><dl>\n{fields}</dl></details>",
        address = escape(&address),
        text = escape(&plain_text(&raw)),
    );
    page(&title, &body)
}

/// Names in a folder, in order; none if it cannot be read.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// A name that is in the folder; nothing else can be asked for.
fn inside(folder: &Path, name: &str) -> Option<PathBuf> {
    names(folder).into_iter().find(|known| known == name).map(|known| folder.join(known))
}

const STYLE: &str = ":root{color-scheme:light dark}body{font:17px/1.55 Georgia,serif;max-width:44rem;\
    margin:2rem auto;padding:0 1rem}pre{white-space:pre-wrap;font:inherit}small{opacity:.7}\
    h1{font-size:1.5rem;line-height:1.25}h1,li,pre{overflow-wrap:anywhere}dt{font-weight:bold}dd{margin:0 0 .4rem 1rem;overflow-wrap:anywhere}li{margin:.3rem 0}";

fn page(title: &str, body: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n</html>\n"
    );
    (guards(), html).into_response()
}

fn nothing() -> Response {
    (StatusCode::NOT_FOUND, guards(), "There is nothing here.\n").into_response()
}

fn guards() -> [(HeaderName, &'static str); 3] {
    [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (CACHE_CONTROL, "no-store"),
    ]
}
