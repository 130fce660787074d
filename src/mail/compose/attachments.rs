//! Large attachments, left in the archive: where they were, a copy has their name, their size and
//! where to find them.
//!
//! Only what stands beside the text is taken out (a part of a `multipart/mixed`): a picture within
//! HTML stays, and so does all that is signed, encrypted, or part of a message that was passed on.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::body::Edit;
use super::long_lines::is_protected;
use crate::domain::list::Language;
use crate::mail::file_names::shown_name;
use crate::mail::mime::{Part, Shape, Structure};
use crate::mail::show::{Attachment, placed_attachments};
use crate::mail::transfer::encode_quoted_printable;

/// All attachments of a post may be so large together, decoded, in bytes.
pub const TOTAL_BYTES_MAX: u64 = 5_000_000;
/// Beyond that, those of this size and more become links; smaller ones only where it must be.
const LINKED_BYTES: u64 = 64 << 10;
/// The same as in the addresses of the web.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where the attachments of a post can be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AttachmentLinks<'a> {
    /// Up to the number: `https://lists.example/ants/m/1%40author.example/a/`.
    pub folder: &'a str,
    /// Behind the name: `?k=…`.
    pub query: &'a str,
}

/// Whether a post's attachments are larger together than copies should be.
pub fn are_large(raw: &[u8]) -> bool {
    let beside = placed_attachments(raw).into_iter().filter(|placed| !placed.attachment.inline);
    beside.map(|placed| placed.attachment.bytes).sum::<u64>() > TOTAL_BYTES_MAX
}

/// What takes the place of large attachments.
pub(super) fn edits(
    bytes: &[u8],
    structure: &Structure,
    links: AttachmentLinks<'_>,
    language: Language,
) -> Vec<Edit> {
    let placed = placed_attachments(bytes);
    let mut left: u64 = placed.iter().map(|placed| placed.attachment.bytes).sum();
    if left <= TOTAL_BYTES_MAX {
        return Vec::new();
    }
    let mut beside: Vec<(&Part, &Attachment)> = placed
        .iter()
        .filter_map(|placed| {
            // Both readers must mean the same part, or nobody knows what the link would give.
            let index = structure.parts.iter().position(|part| part.body == placed.body)?;
            may_go(structure, index).then_some((&structure.parts[index], &placed.attachment))
        })
        .collect();
    beside.sort_by_key(|(_, attachment)| std::cmp::Reverse(attachment.bytes));
    let mut edits = Vec::new();
    for (part, attachment) in beside {
        if attachment.bytes < LINKED_BYTES && left <= TOTAL_BYTES_MAX {
            break;
        }
        left -= attachment.bytes;
        let range = part.header.start..part.body.end;
        edits.push(Edit { range, bytes: note(attachment, links, language) });
    }
    edits
}

fn may_go(structure: &Structure, index: usize) -> bool {
    let part = &structure.parts[index];
    let whole = match part.shape {
        Shape::Leaf | Shape::Message => true,
        Shape::Multipart { .. } | Shape::BrokenMultipart => false,
    };
    let beside = part.parent.is_some_and(|parent| {
        let parent = &structure.parts[parent];
        parent.content_type.essence == "multipart/mixed" && matches!(parent.shape, Shape::Multipart { .. })
    });
    let held = |above: &Part| is_protected(above) || above.shape == Shape::Message;
    let parent_held = part.parent.is_some_and(|parent| structure.lies_in(parent, held));
    let calendar = part.content_type.essence == "text/calendar";
    whole && beside && !parent_held && !is_protected(part) && !calendar
}

/// A part that says where an attachment is. The line end in front of the next boundary is the
/// boundary's (RFC 2046 §5.1.1).
fn note(attachment: &Attachment, links: AttachmentLinks<'_>, language: Language) -> Vec<u8> {
    let name = shown_name(&attachment.name);
    let encoded = utf8_percent_encode(&name, SEGMENT);
    let url = format!("{}{}/{encoded}{}", links.folder, attachment.n, links.query);
    let size = size(attachment.bytes, language);
    let text = match language {
        Language::Fr => format!("Pièce jointe\u{a0}: {name} ({size})\r\n{url}\r\n"),
        Language::En => format!("Attachment: {name} ({size})\r\n{url}\r\n"),
    };
    let head = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\
                Content-Disposition: inline\r\n\r\n";
    [head.as_bytes(), &encode_quoted_printable(text.as_bytes())].concat()
}

/// In megabytes with one decimal, or whole kilobytes.
fn size(bytes: u64, language: Language) -> String {
    const KILO: u64 = 1_000;
    const MEGA: u64 = 1_000_000;
    let (mark, unit) = match language {
        Language::Fr => (',', "o"),
        Language::En => ('.', "B"),
    };
    if bytes >= MEGA {
        let tenths = (bytes + MEGA / 20) / (MEGA / 10);
        format!("{}{mark}{}\u{a0}M{unit}", tenths / 10, tenths % 10)
    } else {
        format!("{}\u{a0}k{unit}", bytes.div_ceil(KILO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_read_them() {
        for (bytes, fr, en) in [
            (0, "0\u{a0}ko", "0\u{a0}kB"),
            (64 << 10, "66\u{a0}ko", "66\u{a0}kB"),
            (1_000_000, "1,0\u{a0}Mo", "1.0\u{a0}MB"),
            (6_249_999, "6,2\u{a0}Mo", "6.2\u{a0}MB"),
            (9_960_000, "10,0\u{a0}Mo", "10.0\u{a0}MB"),
        ] {
            assert_eq!(
                (size(bytes, Language::Fr), size(bytes, Language::En)),
                (fr.to_owned(), en.to_owned())
            );
        }
    }
}
