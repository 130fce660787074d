//! Names for attachments that harm nobody, and codes for languages.

use mail_parser::{HeaderName, MessageParser};

use super::AttachmentKind;
use super::parts::Part;
use super::{PictureType, decode};

/// Bytes of a file name; file systems stop at 255.
const NAME_BYTES_MAX: usize = 150;
/// Bytes of a message carried as an attachment that are searched for its subject.
const INNER_HEADER_BYTES_MAX: usize = 16 * 1024;
/// Names Windows keeps for devices, whatever their extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// The name to offer for a file: the one it came with, made safe, or one that fits its kind.
pub(super) fn of(part: &Part, kind: AttachmentKind, body: &[u8], n: u32) -> String {
    let given = part.facts.filename.as_deref().map(safe).filter(|name| !name.is_empty());
    given.unwrap_or_else(|| {
        if part.is("message/rfc822") {
            let subject = subject_inside(body).map(|s| safe(&s)).filter(|s| !s.is_empty());
            return shortened(&subject.unwrap_or_else(|| format!("message-{n}")), ".eml");
        }
        let extension = match kind {
            AttachmentKind::Picture(PictureType::Png) => "png",
            AttachmentKind::Picture(PictureType::Jpeg) => "jpg",
            AttachmentKind::Picture(PictureType::Gif) => "gif",
            AttachmentKind::Picture(PictureType::Webp) => "webp",
            AttachmentKind::Calendar => "ics",
            AttachmentKind::Other => extension(&part.facts.media_type),
        };
        format!("attachment-{n}.{extension}")
    })
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        "text/plain" => "txt",
        "text/html" => "html",
        "text/x-patch" | "text/x-diff" => "patch",
        "text/csv" => "csv",
        "application/pdf" => "pdf",
        "application/pgp-signature" => "asc",
        "application/pkcs7-signature" => "p7s",
        "image/svg+xml" => "svg",
        _ => "bin",
    }
}

fn subject_inside(body: &[u8]) -> Option<String> {
    let header = decode::charset(&body[..body.len().min(INNER_HEADER_BYTES_MAX)], None);
    let end = header.find("\n\n").unwrap_or(header.len());
    let header = format!("{}\n\n", &header[..end]);
    let message = MessageParser::new().header_text(HeaderName::Subject).parse_headers(header.as_bytes())?;
    message.header(HeaderName::Subject)?.as_text().map(str::to_owned)
}

/// The last segment of a path, without what a browser, a shell or an eye could be misled by.
pub(super) fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !part.trim_matches(['.', ' ']).is_empty()).unwrap_or("");
    let kept: String = last
        .chars()
        .filter(|c| !c.is_control() && !is_bidi_control(*c))
        .map(|c| if matches!(c, '"' | '<' | '>' | '|' | '*' | '?' | ':' | '%') { '_' } else { c })
        .collect();
    let kept = kept.trim().trim_start_matches('.').trim_end_matches(['.', ' ']).trim_start();
    let stem = kept.split('.').next().unwrap_or("").trim_end_matches(|c: char| c.is_ascii_digit());
    let device = DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device));
    let kept = if device { format!("_{kept}") } else { kept.to_owned() };
    match kept.rfind('.').filter(|dot| (1..=10).contains(&(kept.len() - dot - 1))) {
        Some(dot) => shortened(&kept[..dot], &kept[dot..]),
        None => shortened(&kept, ""),
    }
}

/// Cuts the stem so that it fits with its extension.
fn shortened(stem: &str, extension: &str) -> String {
    let mut end = stem.len().min(NAME_BYTES_MAX - extension.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", &stem[..end])
}

/// Characters that turn the direction of writing, or cannot be seen.
fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_that_harm_nobody() {
        for (given, name) in [
            ("Compte rendu – été.pdf", "Compte rendu – été.pdf"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("..%2f..%2fetc/", "_2f.._2fetc"),
            (".htaccess", "htaccess"),
            ("a\r\nSet-Cookie: x=1", "aSet-Cookie_ x=1"),
            ("photo\u{202E}gpj.exe", "photogpj.exe"),
            ("\"><script>.png", "___script_.png"),
            ("CON", "_CON"),
            ("com1.txt", "_com1.txt"),
            ("contrat.txt", "contrat.txt"),
            ("", ""),
            ("..", ""),
            (" . ./. ", ""),
        ] {
            assert_eq!(safe(given), name, "{given:?}");
        }
        let long = safe(&("é".repeat(5_000) + ".tar"));
        assert!(long.len() <= NAME_BYTES_MAX && long.ends_with("é.tar"), "{long}");
        assert!(safe(&"x.".repeat(5_000)).len() <= NAME_BYTES_MAX);
    }
}
