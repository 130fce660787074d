//! Asks rspamd for its verdict on a message, over HTTP.
//!
//! It advises: when it is down, slow or talks nonsense there is no verdict, and mail comes in as if
//! there were no filter. Knows nothing of lists.

use std::io::Cursor;
use std::net::IpAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::header::HeaderValue;
use hyper::{Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use tokio::time::timeout;

use crate::domain::unwanted::Unwanted;

/// How long it may think about one message.
const TIME_MAX: Duration = Duration::from_secs(8);

/// The longest answer read.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Of a larger message it sees this much: unwanted mail is small, and a copy of it is made.
const MESSAGE_BYTES_MAX: usize = 2 << 20;

/// An rspamd to ask.
pub struct Filter {
    client: Client<HttpConnector, Full<Cursor<Vec<u8>>>>,
    check: Uri,
}

/// What came with a message, for the filter to look at.
#[derive(Clone, Debug)]
pub struct Questioned<'a> {
    /// Who handed it in, if anybody knows.
    pub client: Option<IpAddr>,
    /// What they call themselves.
    pub helo: &'a str,
    /// The reverse-path; empty if null.
    pub sender: &'a str,
    /// Whom it is for.
    pub recipients: Vec<&'a str>,
    /// The message.
    pub raw: &'a [u8],
}

/// The filter's address cannot be one.
#[derive(Debug, thiserror::Error)]
#[error("[filter] rspamd = {0:?} is no address such as http://127.0.0.1:11333")]
pub struct NoAddress(String);

#[derive(Deserialize)]
struct Verdict {
    action: String,
}

#[derive(Debug, thiserror::Error)]
enum NoVerdict {
    #[error("it did not answer in time")]
    Slow,
    #[error("it cannot be reached: {0}")]
    Unreachable(#[from] hyper_util::client::legacy::Error),
    #[error("it answered {0}")]
    Refused(StatusCode),
    #[error("its answer cannot be read: {0}")]
    Unreadable(String),
}

impl Filter {
    /// The one at this address.
    pub fn new(address: &str) -> Result<Filter, NoAddress> {
        let check = format!("{}/checkv2", address.trim_end_matches('/')).parse();
        let check: Uri = check.map_err(|_| NoAddress(address.to_owned()))?;
        let plain = check.scheme_str() == Some("http") && check.host().is_some();
        if !plain {
            return Err(NoAddress(address.to_owned()));
        }
        Ok(Filter { client: Client::builder(TokioExecutor::new()).build_http(), check })
    }

    /// Its verdict; [`Unwanted::No`] if it has none.
    pub async fn verdict(&self, message: &Questioned<'_>) -> Unwanted {
        let asked = timeout(TIME_MAX, self.ask(message)).await.unwrap_or(Err(NoVerdict::Slow));
        match asked {
            Ok(verdict) => verdict,
            Err(error) => {
                tracing::warn!(%error, "the filter gave no verdict; the message comes in as if there were none");
                Unwanted::No
            }
        }
    }

    async fn ask(&self, message: &Questioned<'_>) -> Result<Unwanted, NoVerdict> {
        let shown = &message.raw[..message.raw.len().min(MESSAGE_BYTES_MAX)];
        let mut request = Request::post(self.check.clone())
            .body(Full::new(Cursor::new(shown.to_vec())))
            .map_err(|error| NoVerdict::Unreadable(error.to_string()))?;
        let headers = request.headers_mut();
        let mut tell = |name: &'static str, value: &str| {
            // What cannot stand in a header the filter does without.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.append(name, value);
            }
        };
        if let Some(address) = message.client {
            tell("ip", &address.to_string());
        }
        tell("helo", message.helo);
        tell("from", message.sender);
        for recipient in &message.recipients {
            tell("rcpt", recipient);
        }
        let answer = self.client.request(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(NoVerdict::Refused(answer.status()));
        }
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| NoVerdict::Unreadable(error.to_string()))?.to_bytes();
        let verdict: Verdict =
            serde_json::from_slice(&body).map_err(|error| NoVerdict::Unreadable(error.to_string()))?;
        Ok(meaning(&verdict.action))
    }
}

/// What each of rspamd's actions means here. Who greylists is the server in front.
fn meaning(action: &str) -> Unwanted {
    match action {
        "reject" => Unwanted::Clearly,
        "add header" | "rewrite subject" | "quarantine" => Unwanted::Doubtful,
        _ => Unwanted::No,
    }
}
