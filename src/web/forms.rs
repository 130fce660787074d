//! What was posted: a form's fields, and whether a page of ours sent it.

use axum::http::HeaderMap;
use axum::http::header::{HeaderName, ORIGIN};

/// The longest form taken, bytes.
pub(crate) const FORM_BYTES_MAX: usize = 4 * 1024;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// A form that was posted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Form {
    /// `None`: it does not read as a form.
    pub(crate) fields: Option<Vec<(String, String)>>,
    /// Whether a browser sent it in the way forms on our pages are sent.
    pub(crate) sender: Sender,
}

/// Whose page a form stood on, as far as the browser says (Fetch metadata; RFC 6454 §7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sender {
    /// Ours, or nothing speaks against it.
    Ours,
    /// Somebody else's, or it was encoded as our forms are not.
    Foreign,
}

impl Form {
    /// `origin` is ours: `https://host`.
    pub(crate) fn read(headers: &HeaderMap, origin: &str, content_type: &str, body: &[u8]) -> Form {
        let ours = is_urlencoded(content_type) && sent_by_us(headers, origin);
        let sender = if ours { Sender::Ours } else { Sender::Foreign };
        Form { fields: fields(content_type, body), sender }
    }

    /// A form that did not come whole.
    pub(crate) fn broken() -> Form {
        Form { fields: None, sender: Sender::Foreign }
    }

    /// The first field of that name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let fields = self.fields.as_ref()?;
        fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn sent_by_us(headers: &HeaderMap, origin: &str) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text(FETCH_SITE), text(ORIGIN)) {
        (Some("same-origin" | "none"), _) => true,
        (Some(_), _) => false,
        (None, Some(theirs)) => theirs.eq_ignore_ascii_case(origin),
        // No browser of these years: a program that was given the address.
        (None, None) => true,
    }
}

fn is_urlencoded(content_type: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(URLENCODED)
}

/// The fields of a form in either of the two encodings (RFC 8058 §3.1: "application/x-www-form-urlencoded
/// or multipart/form-data").
pub(crate) fn fields(content_type: &str, body: &[u8]) -> Option<Vec<(String, String)>> {
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    match kind.trim().to_ascii_lowercase().as_str() {
        URLENCODED => urlencoded(body),
        "multipart/form-data" => multipart(parameters, body),
        _ => None,
    }
}

fn urlencoded(body: &[u8]) -> Option<Vec<(String, String)>> {
    let body = std::str::from_utf8(body).ok()?.trim_end_matches(['\r', '\n']);
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8().ok().map(|text| text.into_owned())
    };
    body.split('&')
        .map(|pair| pair.split_once('=').and_then(|(key, value)| Some((decode(key)?, decode(value)?))))
        .collect()
}

/// RFC 7578, as far as one plain field needs it.
fn multipart(parameters: &str, body: &[u8]) -> Option<Vec<(String, String)>> {
    let boundary = parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    if boundary.is_empty() {
        return None;
    }
    let body = std::str::from_utf8(body).ok()?;
    let delimiter = format!("--{boundary}");
    let mut sections = body.split(delimiter.as_str());
    sections.next()?;
    let mut pairs = Vec::new();
    for section in sections {
        if section.starts_with("--") {
            return Some(pairs);
        }
        let section = section.trim_start_matches([' ', '\t']);
        let section = section.strip_prefix("\r\n").or_else(|| section.strip_prefix('\n'))?;
        let (header, value) = section.split_once("\r\n\r\n").or_else(|| section.split_once("\n\n"))?;
        let value = value.strip_suffix("\r\n").or_else(|| value.strip_suffix('\n'))?;
        pairs.push((field_name(header)?, value.to_owned()));
    }
    None
}

/// `Content-Disposition: form-data; name="List-Unsubscribe"`
fn field_name(header: &str) -> Option<String> {
    let line = header.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    line.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case("name").then(|| value.trim().trim_matches('"').to_owned())
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whose_page_a_form_stood_on() {
        let ours = "https://lists.example.org";
        for (site, origin, kind, sender) in [
            ("same-origin", "", URLENCODED, Sender::Ours),
            ("same-origin", "null", URLENCODED, Sender::Ours),
            ("none", "", URLENCODED, Sender::Ours),
            ("", ours, URLENCODED, Sender::Ours),
            ("", "", "application/x-www-form-urlencoded; charset=utf-8", Sender::Ours),
            ("", "", "text/plain", Sender::Foreign),
            ("", "", "multipart/form-data; boundary=x", Sender::Foreign),
            ("cross-site", ours, URLENCODED, Sender::Foreign),
            ("same-site", "", URLENCODED, Sender::Foreign),
            ("", "null", URLENCODED, Sender::Foreign),
            ("", "https://evil.example", URLENCODED, Sender::Foreign),
            ("", "http://lists.example.org", URLENCODED, Sender::Foreign),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(FETCH_SITE, site), (ORIGIN, origin)] {
                if !value.is_empty() {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            let form = Form::read(&headers, ours, kind, b"a=b");
            assert_eq!(form.sender, sender, "{site} {origin} {kind}");
        }
    }

    #[test]
    fn fields_by_their_names() {
        let form = Form::read(&HeaderMap::new(), "", URLENCODED, b"a=1&b=x+y%40z&a=2");
        assert_eq!((form.field("a"), form.field("b"), form.field("c")), (Some("1"), Some("x y@z"), None));
        assert_eq!(Form::read(&HeaderMap::new(), "", URLENCODED, b"a").fields, None);
    }

    proptest! {
        #[test]
        fn any_form_is_read(kind in "(multipart/form-data; boundary=-|application/x-www-form-urlencoded)",
                            body in prop::collection::vec(any::<u8>(), 0..200)) {
            fields(&kind, &body);
        }
    }
}
