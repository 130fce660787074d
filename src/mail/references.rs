//! Message-IDs in header fields (RFC 5322 §3.6.4), and what a message says it answers.

use crate::domain::ids::MessageId;

use super::headers::Headers;

/// How many references of a message are kept: the first and the last.
const FIRST_KEPT: usize = 20;
const LAST_KEPT: usize = 180;

/// The message's own id.
pub(crate) fn message_id(headers: &Headers<'_>) -> Option<MessageId> {
    headers.get("message-id").and_then(|value| id_in(&value))
}

/// The id of a Message-ID value, with or without its brackets.
pub(crate) fn id_in(value: &str) -> Option<MessageId> {
    bracketed(value).next().or_else(|| MessageId::parse(&joined(value)))
}

/// The ids of References, then the first of In-Reply-To unless it is the last already.
pub(crate) fn references(headers: &Headers<'_>) -> Vec<MessageId> {
    let mut ids: Vec<MessageId> = Vec::new();
    for field in headers.all("references") {
        ids.extend(listed(&field.value()));
    }
    let answered = headers.get("in-reply-to").and_then(|value| answered(&value));
    if let Some(id) = answered
        && ids.last() != Some(&id)
    {
        ids.push(id);
    }
    if ids.len() > FIRST_KEPT + LAST_KEPT {
        ids.drain(FIRST_KEPT..ids.len() - LAST_KEPT);
    }
    ids
}

/// All ids of a References value; without any bracket, the words with an at sign.
fn listed(value: &str) -> Vec<MessageId> {
    if value.contains('<') {
        return bracketed(value).collect();
    }
    value.split_whitespace().filter(|word| word.contains('@')).filter_map(MessageId::parse).collect()
}

/// The id an In-Reply-To value names. Among other words (`Message from Bob <bob@x> of Monday
/// <id@x>`, RFC 5322 §4.5.4) only what has the shape of an id is one, not an address.
fn answered(value: &str) -> Option<MessageId> {
    let value = value.trim();
    let outside = value.bytes().scan(0usize, |depth, b| {
        match b {
            b'<' => *depth += 1,
            b'>' => *depth = depth.saturating_sub(1),
            _ => {}
        }
        Some(*depth == 0 && b != b'>' && !b.is_ascii_whitespace() && b != b',')
    });
    if !outside.into_iter().any(|word| word) {
        return bracketed(value).next();
    }
    if !value.contains('<') && !value.contains(char::is_whitespace) {
        return value.contains('@').then(|| MessageId::parse(value)).flatten();
    }
    bracketed(value).find(has_shape_of_an_id)
}

/// Whether some program rather than a person chose the part before the at sign.
fn has_shape_of_an_id(id: &MessageId) -> bool {
    const LONG: usize = 20;
    const DIGITS: usize = 4;
    let Some((local, _)) = id.as_str().rsplit_once('@') else { return false };
    let digits = local.bytes().filter(u8::is_ascii_digit).count();
    digits >= DIGITS || local.contains(['$', '%', '=']) || local.len() >= LONG
}

/// What stands in angle brackets, blanks of folding taken out.
fn bracketed(value: &str) -> impl Iterator<Item = MessageId> {
    value.split('>').filter_map(|piece| {
        let (_, inner) = piece.rsplit_once('<')?;
        MessageId::parse(&joined(inner))
    })
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Vec<String> {
        let (headers, _) = Headers::scan_leniently(raw.as_bytes());
        references(&headers).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_answered() {
        for (raw, ids) in [
            ("References: <a@x> <b@x>\n\t<c@x>\n", vec!["a@x", "b@x", "c@x"]),
            ("References: <a@x><b@x>\nIn-Reply-To: <b@x>\n", vec!["a@x", "b@x"]),
            ("References: <a@x>\nIn-Reply-To: <b@x>\n", vec!["a@x", "b@x"]),
            ("In-Reply-To: <b@x> <c@x>\n", vec!["b@x"]),
            ("References: a@x b@x\n", vec!["a@x", "b@x"]),
            ("References: <a\n @x>\n", vec!["a@x"]),
            ("References: <a@x\n", vec!["a@x"]),
            ("In-Reply-To: a@x\n", vec!["a@x"]),
            (
                "In-Reply-To: Message from Bob <bob@x> of \"Mon, 5 Jan 1998\" <199801051100.MAA123@x>\n",
                vec!["199801051100.MAA123@x"],
            ),
            ("In-Reply-To: <bob@x.example> from \"Bob\" at Mon\n", vec![]),
            ("In-Reply-To: Your message of Monday\n", vec![]),
            ("In-Reply-To: bob@x.example's message of Monday\n", vec![]),
            ("In-Reply-To: <>\n", vec![]),
        ] {
            assert_eq!(read(raw), ids, "{raw:?}");
        }
    }

    #[test]
    fn of_too_many_references_the_first_and_the_last_are_kept() {
        let many: String = (0..1_000).map(|n| format!("<{n}@x> ")).collect();
        let kept = read(&format!("References: {many}\n"));
        assert_eq!((kept.len(), kept[0].as_str(), kept[20].as_str()), (200, "0@x", "820@x"));
    }

    #[test]
    fn an_id_without_brackets_or_with_blanks_is_still_one() {
        for (raw, id) in [
            ("Message-ID: <a@x>\n", Some("a@x")),
            ("Message-Id: a@x\n", Some("a@x")),
            ("Message-ID: <a b@x>\n", Some("ab@x")),
            ("Message-ID: <a@x> (added by mx)\n", Some("a@x")),
            ("Message-ID: <>\n", None),
            ("Message-ID:\n", None),
        ] {
            let (headers, _) = Headers::scan_leniently(raw.as_bytes());
            assert_eq!(message_id(&headers).as_ref().map(MessageId::as_str), id, "{raw:?}");
        }
    }
}
