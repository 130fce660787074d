//! A page as a stranger gets it, without a socket: for whoever compares two servers.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

/// The largest page that is looked at, in bytes.
const PAGE_BYTES_MAX: usize = 16 << 20;

/// Asks for one page; its status, and its text.
pub async fn page(pages: &Router, path: &str) -> (u16, String) {
    let request = Request::get(path).header(header::ACCEPT_LANGUAGE, "en").body(Body::empty());
    let Ok(request) = request else { return (StatusCode::BAD_REQUEST.as_u16(), String::new()) };
    let answer = match TowerToHyperService::new(pages.clone()).call(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    let status = answer.status().as_u16();
    let body = to_bytes(answer.into_body(), PAGE_BYTES_MAX).await.unwrap_or_default();
    (status, String::from_utf8_lossy(&body).into_owned())
}
