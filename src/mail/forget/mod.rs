//! Taking somebody out of a message, byte for byte: what they wrote, and where others name them.
//!
//! A message that only mentions somebody keeps its length: each of their addresses and names is
//! written over where it stands, also inside base64, quoted-printable and encoded words, so that
//! nothing else of it moves. What they wrote themselves is made anew, and never longer than it was.
//! Who is meant is a [`Traces`]; why, and in which files, is not known here.

mod own;
mod traces;
mod view;

pub use own::{Instead, WithWords, forget_author, forget_author_in_place, without_words};
pub use traces::{Traces, also_called};

use self::view::View;
use super::headers::Headers;
use super::mime::{Part, Shape, Structure};

/// A message in which nobody finds them any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Masked {
    /// As long as it was.
    pub bytes: Vec<u8>,
    /// In how many places they stood.
    pub places: usize,
}

/// Writes over every place of a message where somebody is named; `None` if there is none. Total:
/// what cannot be taken apart is looked through as it stands.
pub fn mask_message(raw: &[u8], traces: &Traces) -> Option<Masked> {
    let mut bytes = raw.to_vec();
    let mut places = 0;
    let (headers, _) = Headers::scan_leniently(raw);
    let structure = Structure::of(raw, &headers);
    for part in &structure.parts {
        let mut view = View::of_header(raw, part.header.clone());
        places += view.mask(traces, &mut bytes);
        if part.shape == Shape::Leaf && is_text(part) {
            let mut view = View::of_body(raw, part.body.clone(), part.transfer);
            places += view.mask(traces, &mut bytes);
        }
    }
    // What lies between and behind the parts, and parts that were not told apart.
    if let Some(rest) = mask_text(&bytes, traces) {
        places += rest.places;
        bytes = rest.bytes;
    }
    (places > 0).then_some(Masked { bytes, places })
}

/// The same for bytes that are no message: a line of a ledger, the end of a damaged file.
pub fn mask_text(text: &[u8], traces: &Traces) -> Option<Masked> {
    let mut bytes = text.to_vec();
    let places = View::of_plain(text).mask(traces, &mut bytes);
    (places > 0).then_some(Masked { bytes, places })
}

/// Whether people's words may stand in a part.
fn is_text(part: &Part) -> bool {
    let essence = part.content_type.essence.as_str();
    part.content_type.is_kind("text")
        || part.content_type.is_kind("message")
        || part.content_type.is_kind("multipart")
        || matches!(essence, "" | "application/octet-stream" | "application/ics")
}

#[cfg(test)]
mod tests;
