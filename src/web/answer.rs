//! What goes back to a reader: status, body, and the headers that make it safe.
//!
//! Pages return an [`Answer`]; here alone it becomes HTTP. Every answer of the server, also those
//! the framework makes, passes [`guard`].

use axum::body::{Body, Bytes};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, HeaderName, LINK, LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use sha2::{Digest, Sha256};

use crate::domain::list::Language;

/// No script, no frame, nothing from elsewhere (the pages need none of it).
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                           frame-ancestors 'none'; base-uri 'none'";
/// For bytes of strangers: shown or not, they have no rights at all.
const FILE_POLICY: &str =
    "sandbox; default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const NO_PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
                              magnetometer=(), microphone=(), payment=(), usb=()";

/// Public pages may be a minute old.
const PUBLIC_CACHE: &str = "public, max-age=60";
/// A style sheet's address changes with its content.
const FOREVER_CACHE: &str = "public, max-age=31536000, immutable";

/// Ours, and the only picture that is no member's.
const ICON: &str = include_str!("../../templates/web/icon.svg");

/// What is sent.
#[derive(Debug)]
pub(crate) enum Content {
    /// A page.
    Html(String),
    /// The style sheet.
    Css(String),
    /// The mark in the browser's tab.
    Icon,
    /// An Atom feed.
    Atom(String),
    /// How browsers look for words here.
    OpenSearch(String),
    /// What crawlers may look for.
    Xml(String),
    /// A few plain words.
    Text(String),
    /// A message as it was received (addresses masked).
    Message(Vec<u8>),
    /// A conversation, post by post.
    Mbox(super::mbox::Mails),
    /// A verified picture, shown in pages.
    Picture { media_type: &'static str, bytes: Vec<u8>, disposition: String },
    /// An edition on paper.
    Pdf { bytes: Vec<u8>, disposition: String },
    /// Any other attachment: to be kept, never shown.
    Download { bytes: Vec<u8>, disposition: String },
    /// Nothing.
    Empty,
}

/// How long an answer may be kept, and by whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Keep {
    /// Anybody may, for a minute.
    Public,
    /// Anybody may, for ever.
    Forever,
    /// We may, for other strangers, until something changes.
    Here,
    /// Nobody may.
    No,
}

/// Whether search engines may show it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Indexed {
    /// They may.
    Yes,
    /// They may not.
    No,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content: Content,
    pub(crate) keep: Keep,
    pub(crate) indexed: Indexed,
    /// The language of a page; `None` where it is not ours to say.
    pub(crate) language: Option<Language>,
    /// Where to go instead.
    pub(crate) location: Option<String>,
    /// The address search engines should know a page by.
    pub(crate) canonical: Option<String>,
    /// What the browser shows from now on.
    pub(crate) cookie: Option<String>,
    /// What it tells of this page to where it goes from here; absent: nothing.
    pub(crate) referrer: Option<&'static str>,
    /// When to come again, seconds.
    pub(crate) retry_after: Option<u64>,
}

impl Answer {
    /// 200, public.
    pub(crate) fn public(content: Content) -> Answer {
        Answer {
            status: StatusCode::OK,
            content,
            keep: Keep::Public,
            indexed: Indexed::Yes,
            language: None,
            location: None,
            canonical: None,
            cookie: None,
            referrer: None,
            retry_after: None,
        }
    }

    /// A page that is nobody's to keep.
    pub(crate) fn private(status: StatusCode, language: Language, html: String) -> Answer {
        Answer {
            status,
            keep: Keep::No,
            indexed: Indexed::No,
            language: Some(language),
            ..Answer::public(Content::Html(html))
        }
    }

    /// The page is elsewhere.
    pub(crate) fn elsewhere(status: StatusCode, location: String) -> Answer {
        Answer { status, location: Some(location), keep: Keep::No, ..Answer::public(Content::Empty) }
    }

    /// As HTTP, but for what it depends on whether the reader has it already.
    pub(crate) fn ready(self) -> Ready {
        let mut headers = HeaderMap::new();
        let keep = match self.keep {
            Keep::Public => PUBLIC_CACHE,
            Keep::Forever => FOREVER_CACHE,
            Keep::Here | Keep::No => "no-store",
        };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
        match (self.language, self.keep) {
            (Some(language), _) => {
                headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
                headers.insert(VARY, HeaderValue::from_static("Accept-Language, Cookie"));
            }
            (None, Keep::Forever) => {}
            // What is nobody's to keep says so too: a cache must not take it for everybody's.
            (None, Keep::Public | Keep::Here | Keep::No) => {
                headers.insert(VARY, HeaderValue::from_static("Cookie"));
            }
        }
        put(&mut headers, SET_COOKIE, self.cookie.as_deref());
        put(&mut headers, REFERRER_POLICY, self.referrer);
        put(&mut headers, RETRY_AFTER, self.retry_after.map(|seconds| seconds.to_string()).as_deref());
        put(&mut headers, LOCATION, self.location.as_deref());
        put(&mut headers, LINK, self.canonical.map(|url| format!("<{url}>; rel=\"canonical\"")).as_deref());
        if self.indexed == Indexed::No {
            headers.insert(ROBOTS, HeaderValue::from_static("noindex"));
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        let bytes = match self.content.open(&mut headers) {
            Opened::Bytes(bytes) => Bytes::from(bytes),
            Opened::Stream(body) => return Ready::Stream(response(self.status, headers, body)),
        };
        let tag = match self.keep {
            Keep::Public | Keep::Forever => (self.status == StatusCode::OK).then(|| entity_tag(&bytes)),
            Keep::Here | Keep::No => None,
        };
        put(&mut headers, ETAG, tag.as_deref());
        // Said here, so that HEAD says it as well.
        headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        Ready::Whole(Whole { status: self.status, headers, bytes, tag })
    }
}

/// An answer that is made.
pub(crate) enum Ready {
    /// All of it.
    Whole(Whole),
    /// It is read while it is sent.
    Stream(Response<Body>),
}

/// An answer that can be given more than once.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    status: StatusCode,
    headers: HeaderMap,
    pub(crate) bytes: Bytes,
    tag: Option<String>,
}

impl Whole {
    /// The same with other bytes: packed, or unpacked again.
    pub(crate) fn with_bytes(&self, bytes: Bytes) -> Whole {
        Whole { status: self.status, headers: self.headers.clone(), bytes, tag: self.tag.clone() }
    }

    /// Whether they have it already.
    pub(crate) fn is_known_to(&self, request: &HeaderMap) -> bool {
        self.tag.as_ref().is_some_and(|tag| has_tag(request, tag))
    }

    /// For one reader: 304 if they have it already.
    pub(crate) fn respond(&self, request: &HeaderMap) -> Response<Body> {
        let mut headers = self.headers.clone();
        if self.is_known_to(request) {
            headers.remove(CONTENT_TYPE);
            headers.remove(CONTENT_LENGTH);
            return response(StatusCode::NOT_MODIFIED, headers, Body::empty());
        }
        response(self.status, headers, Body::from(self.bytes.clone()))
    }
}

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

enum Opened {
    Bytes(Vec<u8>),
    Stream(Body),
}

impl Content {
    fn open(self, headers: &mut HeaderMap) -> Opened {
        let mut kind = |kind: &'static str| headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        let (bytes, disposition) = match self {
            Content::Html(text) => {
                kind("text/html; charset=utf-8");
                return Opened::Bytes(text.into_bytes());
            }
            Content::Css(text) => {
                kind("text/css; charset=utf-8");
                return Opened::Bytes(text.into_bytes());
            }
            Content::Icon => {
                kind("image/svg+xml");
                headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(FILE_POLICY));
                return Opened::Bytes(ICON.as_bytes().to_vec());
            }
            Content::Atom(text) => {
                kind("application/atom+xml; charset=utf-8");
                return Opened::Bytes(text.into_bytes());
            }
            Content::OpenSearch(text) => {
                kind("application/opensearchdescription+xml; charset=utf-8");
                headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(FILE_POLICY));
                return Opened::Bytes(text.into_bytes());
            }
            Content::Xml(text) => {
                kind("application/xml; charset=utf-8");
                return Opened::Bytes(text.into_bytes());
            }
            Content::Text(text) => {
                kind("text/plain; charset=utf-8");
                return Opened::Bytes(text.into_bytes());
            }
            Content::Empty => return Opened::Bytes(Vec::new()),
            Content::Mbox(mails) => {
                kind("application/mbox");
                put(headers, CONTENT_DISPOSITION, Some("attachment; filename=\"messages.mbox\""));
                headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(FILE_POLICY));
                return Opened::Stream(Body::new(mails));
            }
            Content::Message(bytes) => {
                kind("text/plain; charset=utf-8");
                (bytes, "inline".to_owned())
            }
            // Ours, and browsers do not show one that stands in a sandbox.
            Content::Pdf { bytes, disposition } => {
                kind("application/pdf");
                put(headers, CONTENT_DISPOSITION, Some(&disposition));
                return Opened::Bytes(bytes);
            }
            Content::Picture { media_type, bytes, disposition } => {
                kind(media_type);
                (bytes, disposition)
            }
            Content::Download { bytes, disposition } => {
                kind("application/octet-stream");
                (bytes, disposition)
            }
        };
        put(headers, CONTENT_DISPOSITION, Some(&disposition));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(FILE_POLICY));
        Opened::Bytes(bytes)
    }
}

/// The headers that stand on every answer, whoever made it.
pub(crate) fn guard(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), NO_PERMISSIONS),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(REFERRER_POLICY) {
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn response(status: StatusCode, headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// What cannot stand in a header is left out: our own words always can.
fn put(headers: &mut HeaderMap, name: HeaderName, value: Option<&str>) {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
        headers.insert(name, value);
    }
}

/// Weak (RFC 9110 §8.8.1), because the same page goes out with and without compression.
fn entity_tag(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    format!("W/\"{}\"", data_encoding::HEXLOWER.encode(&hash[..12]))
}

/// RFC 9110 §13.1.2, weak comparison.
fn has_tag(request: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let asked = request.get(axum::http::header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    asked.is_some_and(|asked| asked.split(',').any(|one| one.trim() == "*" || opaque(one) == opaque(tag)))
}
