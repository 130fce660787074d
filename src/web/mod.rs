//! How people read: the web archive, and leaving by one click.
//!
//! `routes` reads the address, `sight` says who may see what, `pages` and its neighbours look
//! things up and make an `Answer`, `views` puts everything into words, templates set it. Holds the
//! archive's read-only face: only `unsubscribe` can change anything. Pages are made on threads
//! that may wait, a bounded number at a time.

mod answer;
mod dates;
mod downloads;
mod feeds;
mod files;
pub mod front;
pub mod mailboxes;
mod mbox;
mod pages;
mod request;
mod routes;
mod searching;
pub mod server;
mod sight;
mod templates;
mod text;
mod threads;
mod unsubscribe;
mod views;
mod words;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use axum::middleware::{from_fn, map_response};
use tokio::sync::Semaphore;
use tower_http::compression::CompressionLayer;
use tracing::error;

use crate::domain::ids::PostId;
use crate::domain::list::Language;
use crate::domain::time::{Timestamp, Zone};
use crate::search::Search;
use crate::store::archive::ArchiveReader;

use answer::Answer;
use pages::{PageError, Pages, Wish};
use request::{Query, preferred_language};
use routes::{Asked, Route};
pub use templates::TemplateError;
use templates::Templates;
use unsubscribe::{FORM_BYTES_MAX, Form};
pub use unsubscribe::{LeaveDoor, LeaveError, Leaving};
use views::Site;
use words::Words;

/// Pages made at the same time; others wait their turn.
const PAGES_AT_ONCE_MAX: usize = 16;

/// A form that takes longer to arrive is not waited for.
const FORM_WAIT_MAX: Duration = Duration::from_secs(30);

/// Tells the time; `serve` reads the clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Tells which post's attachments a key opens; whoever has the keys does.
pub type Opens = Arc<dyn Fn(&str) -> Option<PostId> + Send + Sync>;

/// What may be chosen about the web.
#[derive(Clone, Debug)]
pub struct WebOptions {
    /// What all links that leave the site begin with; also gives the path the site stands under.
    pub base_url: String,
    /// Days and hours are shown in it.
    pub zone: Zone,
    /// For readers who say nothing.
    pub language: Language,
    /// A folder whose templates replace those of the program.
    pub templates: Option<PathBuf>,
}

/// Everything the web is made from; cheap to clone.
#[derive(Clone)]
pub struct WebState {
    pages: Arc<Pages>,
    leave: LeaveDoor,
    turns: Arc<Semaphore>,
    clock: Clock,
}

impl WebState {
    /// Reads the templates.
    pub fn new(
        archive: ArchiveReader,
        search: Search,
        leave: LeaveDoor,
        opens: Opens,
        options: &WebOptions,
        clock: Clock,
    ) -> Result<WebState, TemplateError> {
        let templates = Templates::load(options.templates.as_deref())?;
        let base_url = options.base_url.trim_end_matches('/').to_owned();
        let rest = base_url.split_once("://").map_or(base_url.as_str(), |(_, rest)| rest);
        let slash = rest.find('/').unwrap_or(rest.len());
        let site = Site {
            base_path: rest[slash..].to_owned(),
            host: rest[..slash].to_owned(),
            zone: options.zone.clone(),
            style: Route::Style { hash: templates.style_hash.clone() },
            base_url: base_url.clone(),
        };
        let words = Words::embedded();
        let pages = Pages { archive, search, templates, words, site, opens, language: options.language };
        let turns = Arc::new(Semaphore::new(PAGES_AT_ONCE_MAX));
        Ok(WebState { pages: Arc::new(pages), leave, turns, clock })
    }
}

/// Everything over HTTP.
pub fn router(web: WebState) -> axum::Router {
    axum::Router::new()
        // Addresses are read by `routes`, where they can be tested and written as well.
        .fallback(answer)
        .with_state(web)
        .layer(CompressionLayer::new())
        .layer(map_response(|response: Response<Body>| async { answer::guard(response) }))
        .layer(from_fn(without_body))
}

/// HEAD answers as GET, without the body (RFC 9110 §9.3.2).
async fn without_body(request: Request, next: axum::middleware::Next) -> Response<Body> {
    let head = request.method() == Method::HEAD;
    let response = next.run(request).await;
    if head { response.map(|_| Body::empty()) } else { response }
}

async fn answer(State(web): State<WebState>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let pages = Arc::clone(&web.pages);
    let asked = asked(&pages.site, &parts.uri);
    let wish = Wish {
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        preferred: preferred_language(&parts.headers),
    };
    let form = match (&parts.method, &asked) {
        (&Method::POST, Asked::Page(Route::Unsubscribe { .. })) => Some(form(&parts.headers, body).await),
        _ => None,
    };
    let Ok(_turn) = web.turns.acquire().await else { return trouble() };
    let door = Door { leave: web.leave.clone(), form, now: (web.clock)() };
    let method = parts.method;
    let made = tokio::task::spawn_blocking(move || {
        dispatch(&pages, &method, &asked, &wish, &door).or_else(|fault| {
            error!(fault = &fault as &dyn std::error::Error, "a page could not be made");
            pages.notice(&pages.desk(&wish, pages.language), StatusCode::SERVICE_UNAVAILABLE, "trouble")
        })
    });
    match made.await {
        Ok(Ok(answer)) => answer.into_response(&parts.headers),
        Ok(Err(_)) | Err(_) => trouble(),
    }
}

/// The path below the one the site stands under. A proxy may have taken that one away already.
fn asked(site: &Site, uri: &Uri) -> Asked {
    let path = uri.path();
    match path.strip_prefix(site.base_path.as_str()) {
        Some("") => Asked::parse("/"),
        Some(below) if below.starts_with('/') => Asked::parse(below),
        Some(_) | None => Asked::parse(path),
    }
}

/// What leaving takes.
struct Door {
    leave: LeaveDoor,
    /// What was posted, where something may be.
    form: Option<Form>,
    now: Timestamp,
}

/// The one place where methods count.
fn dispatch(
    pages: &Pages,
    method: &Method,
    asked: &Asked,
    wish: &Wish,
    door: &Door,
) -> Result<Answer, PageError> {
    let reads = method == Method::GET || method == Method::HEAD;
    match (asked, door.form) {
        (Asked::Page(Route::Unsubscribe { token }), Some(form)) => {
            unsubscribe::leave(pages, wish, &door.leave, token, form, door.now)
        }
        (Asked::Page(Route::Unsubscribe { token }), None) if reads => {
            unsubscribe::ask(pages, wish, &door.leave, token)
        }
        (asked, _) if reads => pages.answer(asked, wish),
        _ => pages.notice(&pages.desk(wish, pages.language), StatusCode::METHOD_NOT_ALLOWED, "method"),
    }
}

async fn form(headers: &HeaderMap, body: Body) -> Form {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let read = axum::body::to_bytes(body, FORM_BYTES_MAX);
    match tokio::time::timeout(FORM_WAIT_MAX, read).await {
        Ok(Ok(bytes)) => Form::parse(kind, &bytes),
        Ok(Err(_)) | Err(_) => Form::Other,
    }
}

/// When not even a page that says so can be made.
fn trouble() -> Response<Body> {
    let mut response = Response::new(Body::from("503\n"));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
