//! Header fields and bodies in the form signatures are made over (RFC 6376 §3.4).
//!
//! One pass each, over bytes of any kind. Knows neither keys nor what a signature says.

/// How much a relay may change without a signature noticing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Nothing (RFC 6376 §3.4.1, §3.4.3).
    Simple,
    /// Folding, blanks, and the case of names (RFC 6376 §3.4.2, §3.4.4).
    Relaxed,
}

/// The fields of a header as they stand, each with its folding and line end. Takes what was made
/// here, so there are no limits as in [`super::headers`]; what is no field is left out.
pub fn fields(head: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut fields: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while at < head.len() {
        let end = super::headers::line_end(head, at);
        let line = &head[at..end];
        if super::headers::is_blank_line(line) {
            break;
        }
        match (line[0], fields.last_mut()) {
            (b' ' | b'\t', Some((_, last))) => *last = end,
            (b' ' | b'\t', None) => {}
            _ => fields.push((at, end)),
        }
        at = end;
    }
    let named = |(start, end): (usize, usize)| {
        let raw = &head[start..end];
        let colon = memchr::memchr(b':', raw)?;
        Some((raw[..colon].trim_ascii_end(), raw))
    };
    fields.into_iter().filter_map(named).collect()
}

/// Appends a field in its canonical form, with its line end.
pub fn push_field(out: &mut Vec<u8>, raw: &[u8], form: Form) {
    match form {
        Form::Simple => out.extend_from_slice(raw),
        Form::Relaxed => {
            let colon = memchr::memchr(b':', raw).unwrap_or(raw.len());
            out.extend(raw[..colon].trim_ascii_end().iter().map(u8::to_ascii_lowercase));
            out.push(b':');
            let start = out.len();
            let mut blank = false;
            for &byte in raw.get(colon + 1..).unwrap_or_default() {
                match byte {
                    b'\r' | b'\n' => {}
                    b' ' | b'\t' => blank = true,
                    byte => {
                        if blank && out.len() > start {
                            out.push(b' ');
                        }
                        blank = false;
                        out.push(byte);
                    }
                }
            }
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// Hands a body's canonical form to `write`, in pieces.
pub fn body(body: &[u8], form: Form, mut write: impl FnMut(&[u8])) {
    const CRLF: &[u8] = b"\r\n";
    let mut empty_lines = 0_usize;
    let mut anything = false;
    let mut line_out = Vec::new();
    for line in body.split_inclusive(|&b| b == b'\n') {
        let text = line.strip_suffix(b"\n").map_or(line, |text| text.strip_suffix(b"\r").unwrap_or(text));
        let text = match form {
            Form::Simple => text,
            Form::Relaxed => {
                line_out.clear();
                push_relaxed_line(&mut line_out, text);
                &line_out
            }
        };
        if text.is_empty() {
            empty_lines += 1;
            continue;
        }
        // Empty lines count only where something follows them.
        (0..empty_lines).for_each(|_| write(CRLF));
        empty_lines = 0;
        anything = true;
        write(text);
        write(CRLF);
    }
    if !anything && form == Form::Simple {
        // RFC 6376 §3.4.3: an empty body is one empty line; relaxed, it is nothing.
        write(CRLF);
    }
}

fn push_relaxed_line(out: &mut Vec<u8>, text: &[u8]) {
    let mut blank = false;
    for &byte in text {
        match byte {
            b' ' | b'\t' => blank = true,
            byte => {
                if blank {
                    out.push(b' ');
                }
                blank = false;
                out.push(byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn body_of(text: &str, form: Form) -> String {
        let mut out = Vec::new();
        body(text.as_bytes(), form, |piece| out.extend_from_slice(piece));
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_example_of_the_rfc() {
        // RFC 6376 §3.4.5.
        let head = "A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n";
        let mut relaxed = Vec::new();
        for (_, raw) in fields(head.as_bytes()) {
            push_field(&mut relaxed, raw, Form::Relaxed);
        }
        assert_eq!(relaxed, b"a:X\r\nb:Y Z\r\n");
        let text = " C \r\nD \t E\r\n\r\n\r\n";
        assert_eq!(body_of(text, Form::Relaxed), " C\r\nD E\r\n");
        assert_eq!(body_of(text, Form::Simple), " C \r\nD \t E\r\n");
    }

    #[test]
    fn bodies_of_nothing_and_their_ends() {
        for (text, simple, relaxed) in [
            ("", "\r\n", ""),
            ("\r\n\r\n", "\r\n", ""),
            (" \t\r\n", " \t\r\n", ""),
            ("a", "a\r\n", "a\r\n"),
            ("a\r\n\r\nb\r\n\r\n", "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"),
            ("a \r\n \r\n", "a \r\n \r\n", "a\r\n"),
        ] {
            assert_eq!(body_of(text, Form::Simple), simple, "{text:?}");
            assert_eq!(body_of(text, Form::Relaxed), relaxed, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn the_canonical_form_of_a_canonical_form_is_itself(text in "[a \t\r\n:.]{0,60}") {
            for form in [Form::Simple, Form::Relaxed] {
                let once = body_of(&text, form);
                prop_assert_eq!(body_of(&once, form), once);
            }
            let mut once = Vec::new();
            push_field(&mut once, text.as_bytes(), Form::Relaxed);
            let mut twice = Vec::new();
            push_field(&mut twice, &once, Form::Relaxed);
            prop_assert_eq!(once, twice);
        }
    }
}
