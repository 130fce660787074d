//! Names of files that strangers chose, made harmless for links and headers.

/// Longer names are cut, bytes; their ending is kept.
const NAME_BYTES_MAX: usize = 150;
/// Endings longer than this are no endings, bytes.
const ENDING_BYTES_MAX: usize = 12;
const UNNAMED: &str = "file";

/// Device names of Windows, which mean something else there whatever follows.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// Whether a browser is asked to show a file or to keep it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Disposition {
    /// Only verified pictures.
    Inline,
    /// Everything else.
    Attachment,
}

/// A file name without anything a file system, a header or a reader could take for more.
pub(crate) fn shown_name(name: &str) -> String {
    let name = crate::mail::mask::mask_addresses(name);
    let last = name.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let plain: String = super::text::one_line(last, last.len())
        .chars()
        .map(|c| if "\"<>:|?*%;$`".contains(c) || is_invisible(c) { '_' } else { c })
        .collect();
    let plain = plain.trim_matches(|c: char| c == '.' || c == ' ' || c == '~');
    let stem = plain.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = if DEVICES.contains(&stem) { format!("_{plain}") } else { plain.to_owned() };
    if name.is_empty() { UNNAMED.to_owned() } else { cut(&name) }
}

/// Marks of direction and zero-width characters that `one_line` leaves to names of persons.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2065}' | '\u{feff}' | '\u{61c}')
}

fn cut(name: &str) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let ending = name.rfind('.').map(|at| &name[at..]).filter(|ending| ending.len() <= ENDING_BYTES_MAX);
    let ending = ending.unwrap_or_default();
    let mut end = NAME_BYTES_MAX - ending.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &name[..end])
}

/// The header field for a name made by [`shown_name`] (RFC 6266 §4.3, RFC 8187).
pub(crate) fn content_disposition(disposition: Disposition, name: &str) -> String {
    let kind = match disposition {
        Disposition::Inline => "inline",
        Disposition::Attachment => "attachment",
    };
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || ". -_()".contains(c) { c } else { '_' })
        .collect();
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{}", super::routes::encode(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_would_be_more_than_names() {
        for (name, shown) in [
            ("plan.pdf", "plan.pdf"),
            ("Procès-verbal été.odt", "Procès-verbal été.odt"),
            ("..%2f..%2fetc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("a\r\nSet-Cookie: x=1", "a Set-Cookie_ x=1"),
            (".htaccess", "htaccess"),
            ("CON", "_CON"),
            ("com1.txt", "_com1.txt"),
            ("gpj.\u{202e}exe", "gpj.exe"),
            ("\"><img src=x onerror=alert(1)>", "___img src=x onerror=alert(1)_"),
            ("", "file"),
            ("../..", "file"),
        ] {
            assert_eq!(shown_name(name), shown, "{name:?}");
        }
        let long = shown_name(&format!("{}.pdf", "é".repeat(5_000)));
        assert!(long.len() <= NAME_BYTES_MAX && long.ends_with(".pdf"), "{long}");
    }

    #[test]
    fn the_header_of_a_file() {
        assert_eq!(
            content_disposition(Disposition::Attachment, "été (1).odt"),
            "attachment; filename=\"_t_ (1).odt\"; filename*=UTF-8''%C3%A9t%C3%A9%20%281%29.odt"
        );
    }

    proptest! {
        #[test]
        fn any_name_becomes_one_harmless_segment(name in any::<String>()) {
            let shown = shown_name(&name);
            prop_assert!(!shown.is_empty() && shown.len() <= NAME_BYTES_MAX + 3);
            prop_assert!(!shown.contains(['/', '\\', '"', '<', '>']) && !shown.starts_with('.'));
            prop_assert!(!shown.chars().any(char::is_control));
            let header = content_disposition(Disposition::Attachment, &shown);
            prop_assert!(header.bytes().all(|b| (0x20..0x7f).contains(&b)), "{}", header);
        }
    }
}
