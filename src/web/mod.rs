//! How people read: the web archive, and leaving by one click.
//!
//! `routes` reads the address, `sight` says who may see what, `pages` and its neighbours look
//! things up and make an `Answer`, `views` puts everything into words, templates set it. Holds the
//! archive's read-only face: only `unsubscribe` and `sign_in` can change anything, through doors that
//! `serve` hands over. Pages are made on threads
//! that may wait, a bounded number at a time.

mod answer;
pub mod aside;
mod dates;
mod downloads;
mod editions;
mod feeds;
mod files;
mod forms;
pub mod front;
mod kept;
mod limits;
pub mod mailboxes;
mod mbox;
mod packed;
mod pages;
mod request;
mod routes;
mod searching;
pub mod server;
mod sight;
mod sign_in;
mod sitemap;
mod templates;
mod text;
mod threads;
mod thumbnails;
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

use crate::domain::ids::{ListId, PostId};
use crate::domain::list::Language;
use crate::domain::network::Network;
use crate::domain::time::{Timestamp, Zone};
use crate::search::Search;
use crate::store::archive::ArchiveReader;

use answer::{Answer, Indexed, Keep, Ready};
use forms::{FORM_BYTES_MAX, Form};
pub use kept::JournalLength;
use kept::Kept;
pub use limits::Peer;
use limits::{Costs, Limits};
use packed::{Packed, Press};
use pages::{PageError, Pages, Wish};
use request::{Query, preferred_language};
use routes::{Asked, Route};
pub use sight::Reader;
use sign_in::SignIn;
pub use sign_in::{DoorError, Entered, MembersDoor, SignOut};
pub use templates::TemplateError;
use templates::Templates;
pub use unsubscribe::{LeaveDoor, LeaveError, Leaving};
use views::Site;
use words::Words;

/// Pages made at the same time; others wait their turn.
const PAGES_AT_ONCE_MAX: usize = 16;

/// A form that takes longer to arrive is not waited for.
const FORM_WAIT_MAX: Duration = Duration::from_secs(30);

/// What pages that are kept may weigh together, packed, bytes.
const KEPT_PAGES_BYTES_MAX: usize = 64 << 20;

/// An answer that nothing is there takes at least so long.
const ABSENT_FLOOR: Duration = Duration::from_millis(5);

/// Tells the time; `serve` reads the clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Tells which post's attachments a key opens; whoever has the keys does.
pub type Opens = Arc<dyn Fn(&str) -> Option<PostId> + Send + Sync>;

/// The edition a key opens on paper, as a PDF: its list, its number, its bytes.
pub type Papers = Arc<dyn Fn(&str) -> Option<(ListId, u32, Vec<u8>)> + Send + Sync>;

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
    /// Servers in front of this one, whose `X-Forwarded-For` is believed.
    pub trusted: Vec<Network>,
    /// Searches of one client in a minute.
    pub searches_per_minute_max: u32,
}

/// The ways from the pages to what they cannot do themselves.
#[derive(Clone)]
pub struct Doors {
    /// To a membership that ends.
    pub leave: LeaveDoor,
    /// To who is signed in.
    pub members: Arc<dyn MembersDoor>,
    /// To attachments for who has their key.
    pub opens: Opens,
    /// To editions on paper, for who has their key.
    pub papers: Papers,
}

/// Everything the web is made from; cheap to clone.
#[derive(Clone)]
pub struct WebState {
    pages: Arc<Pages>,
    leave: LeaveDoor,
    members: Arc<dyn MembersDoor>,
    limits: Arc<Limits>,
    /// What strangers were shown, by address and language.
    shown: Arc<Kept<(String, Option<Language>), Packed>>,
    press: Arc<Press>,
    /// `https://host`, as browsers name where a form stood.
    origin: Arc<str>,
    turns: Arc<Semaphore>,
    clock: Clock,
}

impl WebState {
    /// Reads the templates.
    pub fn new(
        archive: ArchiveReader,
        search: Search,
        doors: Doors,
        options: &WebOptions,
        clock: Clock,
        length: JournalLength,
    ) -> Result<WebState, TemplateError> {
        let Doors { leave, members, opens, papers } = doors;
        let words = Words::embedded();
        let templates = Templates::load(options.templates.as_deref(), &words)?;
        let base_url = options.base_url.trim_end_matches('/').to_owned();
        let rest = base_url.split_once("://").map_or(base_url.as_str(), |(_, rest)| rest);
        let slash = rest.find('/').unwrap_or(rest.len());
        let origin = Arc::from(base_url[..base_url.len() - (rest.len() - slash)].to_owned());
        let site = Site {
            base_path: rest[slash..].to_owned(),
            host: rest[..slash].to_owned(),
            zone: options.zone.clone(),
            style: Route::Style { hash: templates.style_hash.clone() },
            base_url: base_url.clone(),
        };
        let (language, thumbnails) = (options.language, thumbnails::Thumbnails::default());
        let threads = Kept::new(length.clone(), threads::READ_THREADS_BYTES_MAX);
        let pages =
            Pages { archive, threads, search, templates, words, site, opens, papers, thumbnails, language };
        let turns = Arc::new(Semaphore::new(PAGES_AT_ONCE_MAX));
        let shown = Arc::new(Kept::new(length, KEPT_PAGES_BYTES_MAX));
        let limits = Arc::new(Limits::new(options.trusted.clone(), options.searches_per_minute_max));
        let press = Arc::new(Press::new().map_err(TemplateError::Press)?);
        Ok(WebState { pages: Arc::new(pages), leave, members, limits, shown, press, origin, turns, clock })
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
    let asked = asked(&web.pages.site, &parts.uri);
    // Begun before anything is looked up.
    let floor = tokio::time::sleep(ABSENT_FLOOR);
    let (now, peer) = ((web.clock)(), parts.extensions.get::<Peer>().map(|peer| peer.0));
    let client = web.limits.client(peer, &parts.headers);
    let room = costs(&parts.method, &asked).into_iter().try_for_each(|one| web.limits.take(one, client, now));
    let form = match (&parts.method, &asked, room) {
        (&Method::POST, Asked::Page(route), Ok(())) if route.takes_forms() => {
            Some(form(&parts.headers, &web.origin, body).await)
        }
        _ => None,
    };
    let cookie = sign_in::cookie_of(&parts.headers, sign_in::cookie_name(&web.pages.site.base_url));
    let preferred = preferred_language(&parts.headers);
    let reads = parts.method == Method::GET || parts.method == Method::HEAD;
    let key = parts.uri.path_and_query().map_or("", |path| path.as_str()).to_owned();
    // Strangers all see the same.
    let key = (reads && room.is_ok() && cookie.is_none()).then_some((key, preferred));
    let known = key.as_ref().and_then(|key| web.shown.get(key));
    if let Some(again) = known.and_then(|known| web.press.respond(&known, &parts.headers)) {
        return again;
    }
    let moment = web.shown.moment();
    let Ok(_turn) = Arc::clone(&web.turns).acquire_owned().await else { return trouble() };
    let task = Task {
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        path: parts.uri.path().to_owned(),
        cookie,
        preferred,
        method: parts.method,
        asked,
        form,
        room,
        now,
    };
    let making = move || {
        let answer = made(&web, &task)?;
        let keep = matches!(answer.keep, Keep::Public | Keep::Here) && answer.status == StatusCode::OK;
        let ready = answer.ready();
        if let (Ready::Whole(whole), Some(key)) = (&ready, key.filter(|_| keep))
            && let Some(packed) = web.press.pack(whole)
        {
            let bytes = packed.bytes() + key.0.len();
            web.shown.put(key, Arc::new(packed), bytes, moment);
        }
        Ok::<Ready, PageError>(ready)
    };
    match tokio::task::spawn_blocking(making).await {
        Ok(Ok(Ready::Whole(whole))) => {
            let answer = whole.respond(&parts.headers);
            if answer.status() == StatusCode::NOT_FOUND {
                // What is not there and what is not for this reader are told apart by no clock.
                floor.await;
            }
            answer
        }
        Ok(Ok(Ready::Stream(response))) => response,
        Ok(Err(_)) | Err(_) => trouble(),
    }
}

/// A request as it is worked on.
struct Task {
    method: Method,
    asked: Asked,
    /// As it was asked for.
    path: String,
    query: Query,
    preferred: Option<Language>,
    /// What the browser showed.
    cookie: Option<String>,
    /// What was posted, where something may be.
    form: Option<Form>,
    /// Or how long to wait.
    room: Result<(), Duration>,
    now: Timestamp,
}

fn made(web: &WebState, task: &Task) -> Result<Answer, PageError> {
    let pages = &*web.pages;
    let stranger = Wish { query: task.query.clone(), preferred: task.preferred, reader: None };
    let failed = |fault: PageError| {
        error!(fault = &fault as &dyn std::error::Error, "a page could not be made");
        pages.notice(&pages.desk(&stranger, pages.language), StatusCode::SERVICE_UNAVAILABLE, "trouble")
    };
    if let Err(wait) = task.room {
        let desk = pages.desk(&stranger, pages.language);
        let answer = pages.notice(&desk, StatusCode::TOO_MANY_REQUESTS, "often")?;
        return Ok(Answer { retry_after: Some(wait.as_secs() + 1), ..answer });
    }
    let reader = match reader(web, task) {
        Ok(reader) => reader,
        Err(fault) => return failed(fault),
    };
    let wish = Wish { reader, ..stranger.clone() };
    match dispatch(web, task, &wish).and_then(|answer| elsewhere(web, task, &wish, answer)) {
        // What somebody who is signed in was shown is nobody else's, here or in any cache.
        Ok(answer) if wish.reader.is_some() && matches!(answer.keep, Keep::Public | Keep::Here) => {
            Ok(Answer { keep: Keep::No, indexed: Indexed::No, ..answer })
        }
        Ok(answer) => Ok(answer),
        Err(fault) => failed(fault),
    }
}

/// What is not here may have been the address of a post before it came here.
fn elsewhere(web: &WebState, task: &Task, wish: &Wish, answer: Answer) -> Result<Answer, PageError> {
    let reads = task.method == Method::GET || task.method == Method::HEAD;
    if answer.status != StatusCode::NOT_FOUND || !reads {
        return Ok(answer);
    }
    Ok(web.pages.at_old_address(wish, &task.path)?.unwrap_or(answer))
}

/// Who asks, as far as their browser or feed reader shows it.
fn reader(web: &WebState, task: &Task) -> Result<Option<Reader>, PageError> {
    let is_feed = matches!(&task.asked, Asked::Page(Route::List { page, .. }) if page.is_feed());
    let reader = match (&task.cookie, &task.query.key) {
        (_, Some(key)) if is_feed => web.members.feed_reader(key),
        (Some(cookie), _) => web.members.reader(cookie),
        (None, _) => Ok(None),
    };
    reader.map_err(PageError::Door)
}

/// What of a request is counted.
fn costs(method: &Method, asked: &Asked) -> Vec<Costs> {
    let mut costs = vec![Costs::Page];
    match asked {
        Asked::Page(Route::SignIn) if method == Method::POST => costs.push(Costs::Link),
        Asked::Page(Route::Search) => costs.push(Costs::Search),
        Asked::Page(Route::List { page, .. }) if page.is_search() => costs.push(Costs::Search),
        Asked::Page(Route::List { page, .. }) if page.is_long() => costs.push(Costs::File),
        Asked::Page(_) | Asked::Slash(_) | Asked::Nothing => {}
    }
    costs
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

/// The one place where methods count.
fn dispatch(web: &WebState, task: &Task, wish: &Wish) -> Result<Answer, PageError> {
    let pages = &*web.pages;
    let (door, cookie) = (&*web.members, task.cookie.as_deref());
    let sign_in = SignIn { pages, wish, door, cookie };
    let reads = task.method == Method::GET || task.method == Method::HEAD;
    match (&task.asked, &task.form) {
        (Asked::Page(Route::Unsubscribe { token }), Some(form)) => {
            unsubscribe::leave(pages, wish, &web.leave, token, form, task.now)
        }
        (Asked::Page(Route::Unsubscribe { token }), None) if reads => {
            unsubscribe::ask(pages, wish, &web.leave, token)
        }
        (Asked::Page(Route::SignIn), Some(form)) => sign_in.ask(form),
        (Asked::Page(Route::SignIn), None) if reads => sign_in.front(),
        (Asked::Page(Route::SignInLink { token }), Some(form)) => sign_in.enter(token, form),
        (Asked::Page(Route::SignInLink { token }), None) if reads => sign_in.look(token),
        (Asked::Page(Route::SignOut), Some(form)) => sign_in.out(form),
        (asked, _) if reads => pages.answer(asked, wish),
        _ => pages.notice(&pages.desk(wish, pages.language), StatusCode::METHOD_NOT_ALLOWED, "method"),
    }
}

async fn form(headers: &HeaderMap, origin: &str, body: Body) -> Form {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let read = axum::body::to_bytes(body, FORM_BYTES_MAX);
    match tokio::time::timeout(FORM_WAIT_MAX, read).await {
        Ok(Ok(bytes)) => Form::read(headers, origin, kind, &bytes),
        Ok(Err(_)) | Err(_) => Form::broken(),
    }
}

/// When not even a page that says so can be made.
fn trouble() -> Response<Body> {
    let mut response = Response::new(Body::from("503\n"));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
