//! What stands in front of the pages: the plain port that sends readers to https where we speak it
//! ourselves, the answers of http-01, the word that next time they may come there at once, and what
//! other programs read: health, measurements, the policy for mail.
//!
//! RFC 8555 §8.3, RFC 6797, RFC 8461. Knows no page.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION, STRICT_TRANSPORT_SECURITY};
use axum::http::{Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state, map_response};

use super::answer::guard;
use crate::domain::mta_sts;

/// Half a year: long enough to count, short enough to leave https again. Of this host alone.
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=15552000");

/// RFC 8555 §8.3.
const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// What a certificate authority is answered: by token, while an order is open.
#[derive(Clone, Default)]
pub struct Challenges(Arc<Mutex<HashMap<String, String>>>);

impl Challenges {
    /// From now on, this token is answered so.
    pub fn show(&self, token: &str, answer: &str) {
        self.answers().insert(token.to_owned(), answer.to_owned());
    }

    /// No longer.
    pub fn forget(&self, token: &str) {
        self.answers().remove(token);
    }

    fn answer(&self, path: &str) -> Option<String> {
        self.answers().get(path.strip_prefix(CHALLENGES)?).cloned()
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Challenges").field(&self.answers().len()).finish()
    }
}

/// The pages, and beside them the answers of http-01.
pub fn with_challenges(pages: axum::Router, challenges: Challenges) -> axum::Router {
    pages.layer(from_fn_with_state(challenges, challenges_first))
}

/// The pages as https shows them.
pub fn secured(pages: axum::Router) -> axum::Router {
    pages.layer(map_response(|mut response: Response<Body>| async {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
        response
    }))
}

/// Instead of the pages, where `https_base` (`https://host`, without a path) has them.
///
/// The host a client says it asks is not looked at.
pub fn redirect(https_base: &str) -> axum::Router {
    let host = https_base.split_once("://").map_or(https_base, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or(host).to_owned();
    axum::Router::new()
        .fallback(moved)
        .with_state(Arc::<str>::from(host))
        .layer(map_response(|response: Response<Body>| async { guard(response) }))
}

async fn challenges_first(
    State(challenges): State<Challenges>,
    request: Request,
    next: Next,
) -> Response<Body> {
    match challenges.answer(request.uri().path()) {
        Some(answer) => {
            let mut response = Response::new(Body::from(answer));
            let plain = HeaderValue::from_static("application/octet-stream");
            response.headers_mut().insert(CONTENT_TYPE, plain);
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        None => next.run(request).await,
    }
}

/// 308 keeps the method: whoever posts over plain http posts again over https.
async fn moved(State(host): State<Arc<str>>, request: Request) -> Response<Body> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut response = Response::new(Body::empty());
    // A request for `*` or an authority has no path that could be followed.
    match HeaderValue::try_from(format!("https://{host}{path}")) {
        Ok(place) if path.starts_with('/') => {
            *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
            response.headers_mut().insert(LOCATION, place);
        }
        Ok(_) | Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    response
}

/// The pages, and beside them what is asked of those who bring mail here (RFC 8461 §3.3).
pub fn with_mail_policy(pages: axum::Router, policy: &str) -> axum::Router {
    pages.layer(from_fn_with_state(Arc::<str>::from(policy), mail_policy_first))
}

async fn mail_policy_first(State(policy): State<Arc<str>>, request: Request, next: Next) -> Response<Body> {
    if request.uri().path() != mta_sts::PATH {
        return next.run(request).await;
    }
    plain(StatusCode::OK, policy.to_string())
}

/// Whether all is well, or what is not.
pub type Health = Arc<dyn Fn() -> Result<(), &'static str> + Send + Sync>;

/// Before anything else, `/healthz` says whether all is well: 200 `ok`, or 503 and what is not.
pub fn with_health(pages: axum::Router, health: Health) -> axum::Router {
    pages.layer(from_fn_with_state(health, health_first))
}

/// What the operator's own programs read: `/metrics` and `/healthz`.
pub fn measurements(text: Arc<dyn Fn() -> String + Send + Sync>, health: Health) -> axum::Router {
    with_health(axum::Router::new().fallback(measured).with_state(text), health)
        .layer(map_response(|response: Response<Body>| async { guard(response) }))
}

type Text = Arc<dyn Fn() -> String + Send + Sync>;

async fn measured(State(text): State<Text>, request: Request) -> Response<Body> {
    if request.uri().path() != "/metrics" {
        return plain(StatusCode::NOT_FOUND, "not found\n".to_owned());
    }
    // The store is asked, which may wait for the disk.
    match tokio::task::spawn_blocking(move || text()).await {
        Ok(text) => {
            let mut response = plain(StatusCode::OK, text);
            let version = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, version);
            response
        }
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the store could not be asked\n".to_owned()),
    }
}

async fn health_first(State(health): State<Health>, request: Request, next: Next) -> Response<Body> {
    if request.uri().path() != "/healthz" {
        return next.run(request).await;
    }
    match tokio::task::spawn_blocking(move || health()).await {
        Ok(Ok(())) => plain(StatusCode::OK, "ok\n".to_owned()),
        Ok(Err(why)) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "the store cannot be asked\n".to_owned()),
    }
}

fn plain(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
