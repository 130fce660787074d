//! The public text archives of Mailman 2, which write `x at y.example` for an address.

use std::borrow::Cow;

/// Does a `From ` line come from such an archive: `marie at exemple.example  Thu Jan  5 …`?
pub(super) fn is_obfuscated(from_line: &[u8]) -> bool {
    let mut words = from_line.split(|b| *b == b' ');
    words.next().is_some_and(|w| !w.is_empty() && !w.contains(&b'@')) && words.next() == Some(b"at")
}

/// Gives the author's address in `From:` its sign back: `marie at exemple.example (Marie)`.
/// Everything else stays as it is.
pub fn restore_addresses(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut at = 0;
    for line in raw.split_inclusive(|b| *b == b'\n') {
        if line.trim_ascii().is_empty() {
            break;
        }
        if line.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"from:"))
            && let Some((start, end)) = obfuscated_sign(&line[5..])
        {
            let (start, end) = (at + 5 + start, at + 5 + end);
            return Cow::Owned([&raw[..start], b"@", &raw[end..]].concat());
        }
        at += line.len();
    }
    Cow::Borrowed(raw)
}

/// Where ` at ` stands in `local at domain.example (Name)`, if nothing else can be meant.
fn obfuscated_sign(value: &[u8]) -> Option<(usize, usize)> {
    const SIGN: &[u8] = b" at ";
    let start = value.windows(SIGN.len()).position(|w| w == SIGN)?;
    let local = value[..start].trim_ascii_start();
    let domain = &value[start + SIGN.len()..];
    let len =
        domain.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')).count();
    let alone = !local.is_empty()
        && !local.iter().any(|b| b.is_ascii_whitespace() || matches!(b, b'@' | b'<' | b'('));
    let followed = matches!(domain[len..].trim_ascii_start().first(), None | Some(b'('));
    (alone && len > 0 && followed).then_some((start, start + SIGN.len()))
}
