//! Names of files that strangers chose, made harmless for links and headers.

/// Whether a browser is asked to show a file or to keep it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Disposition {
    /// Only verified pictures.
    Inline,
    /// Everything else.
    Attachment,
}

/// The header field for a name made by `shown_name` (RFC 6266 §4.3, RFC 8187).
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
    use crate::mail::file_names::shown_name;

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
            prop_assert!(!shown.is_empty() && shown.len() <= 153);
            prop_assert!(!shown.contains(['/', '\\', '"', '<', '>']) && !shown.starts_with('.'));
            prop_assert!(!shown.chars().any(char::is_control));
            let header = content_disposition(Disposition::Attachment, &shown);
            prop_assert!(header.bytes().all(|b| (0x20..0x7f).contains(&b)), "{}", header);
        }
    }
}
