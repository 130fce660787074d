//! `v=DMARC1; p=none`: the lists of tags that DKIM and DMARC records are (RFC 6376 §3.2).

/// The value of a tag, without white space.
pub(super) fn tag(record: &str, name: &str) -> Option<String> {
    record.split(';').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        let value = value.chars().filter(|c| !c.is_whitespace()).collect();
        (key.trim() == name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_however_they_are_spaced() {
        let record = "v=DKIM1; k = rsa ;p=AB C\tD=;x";
        assert_eq!(tag(record, "k").as_deref(), Some("rsa"));
        assert_eq!(tag(record, "p").as_deref(), Some("ABCD="));
        assert_eq!((tag(record, "x"), tag(record, "q"), tag("", "v")), (None, None, None));
    }
}
