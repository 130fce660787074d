//! Reading Rust without a parser: comments and literals become blanks, so that what is left can
//! be searched for names and braces. Lines and columns stay where they were.

/// The code of a file: every comment, string and character literal made blank.
pub(super) fn code_of(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => find(bytes, at, b"\n"),
            b'/' if bytes[at..].starts_with(b"/*") => end_of_block_comment(bytes, at),
            b'"' => end_of_string(bytes, at),
            b'\'' => end_of_character(text, at),
            b'r' if at == 0 || !is_word(bytes[at - 1]) || is_prefix(bytes, at) => {
                end_of_raw_string(bytes, at)
            }
            _ => at,
        };
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(out).expect("literals and comments begin and end with ASCII")
}

/// Whether a byte can be part of a name.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The line of a byte, counted from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The bytes where a whole word stands in code.
pub(super) fn places_of(code: &str, word: &str) -> Vec<usize> {
    let bytes = code.as_bytes();
    let stands_alone = |at: &usize| {
        let before = at.checked_sub(1).is_none_or(|b| !is_word(bytes[b]));
        let after = bytes.get(at + word.len()).is_none_or(|b| !is_word(*b));
        before && after
    };
    code.match_indices(word).map(|(at, _)| at).filter(stands_alone).collect()
}

/// A function: its name, the line it begins on, and how many lines it has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) lines: usize,
}

/// Every function with a body.
pub(super) fn functions(code: &str) -> Vec<Function> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    for at in places_of(code, "fn") {
        let rest = code[at + 2..].trim_start();
        let name: String = rest.bytes().take_while(|byte| is_word(*byte)).map(char::from).collect();
        let Some(open) = body(bytes, at).filter(|_| !name.is_empty()) else { continue };
        let close = closing_brace(bytes, open);
        let (first, last) = (line_of(code, at), line_of(code, close));
        found.push(Function { name, line: first, lines: last - first + 1 });
    }
    found
}

/// Where the body of a function begins, if it has one.
fn body(bytes: &[u8], from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn closing_brace(bytes: &[u8], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    bytes.len()
}

fn find(bytes: &[u8], from: usize, wanted: &[u8]) -> usize {
    let at = bytes[from..].windows(wanted.len()).position(|window| window == wanted);
    at.map_or(bytes.len(), |at| from + at)
}

fn end_of_block_comment(bytes: &[u8], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at.min(bytes.len())
}

fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// `'x'` and `'\n'` are characters; `'static` is a lifetime, and stays.
fn end_of_character(text: &str, from: usize) -> usize {
    let mut rest = text[from + 1..].char_indices();
    match rest.next() {
        Some((_, '\\')) => find(text.as_bytes(), from + 3, b"'") + 1,
        Some(_) => match rest.next() {
            Some((at, '\'')) => from + 1 + at + 1,
            Some(_) | None => from,
        },
        None => from,
    }
}

/// Whether the `r` at a byte follows a lone `b` or `c`, as in `br"…"`.
fn is_prefix(bytes: &[u8], at: usize) -> bool {
    matches!(bytes[at - 1], b'b' | b'c') && (at < 2 || !is_word(bytes[at - 2]))
}

fn end_of_raw_string(bytes: &[u8], from: usize) -> usize {
    let hashes = bytes[from + 1..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(from + 1 + hashes) != Some(&b'"') {
        return from;
    }
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    (find(bytes, from + 2 + hashes, &close) + close.len()).min(bytes.len())
}

#[test]
fn only_code_is_left() {
    for (text, code) in [
        ("a // b\nc", "a     \nc"),
        ("a /* /* b */ */ c", "a               c"),
        (r#"let a = "{ \" // }"; b"#, "let a =            ; b"),
        (r##"f(r#"a " b"#, br"c{")"##, "f(          , b     )"),
        ("if c == '{' || c == '\\'' || c == 'é' {}", "if c ==     || c ==      || c ==      {}"),
        ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
        ("for r in reader {}", "for r in reader {}"),
    ] {
        assert_eq!(code_of(text), code, "{text}");
    }
}

#[test]
fn functions_are_measured() {
    let code = "fn a(x: [u8; 4]) {\n  if b {}\n}\ntrait T { fn c(); }\nfn d() {}\nlet e: fn(u8) = d;";
    let measured: Vec<(String, usize, usize)> =
        functions(code).into_iter().map(|f| (f.name, f.line, f.lines)).collect();
    assert_eq!(measured, [("a".to_owned(), 1, 3), ("d".to_owned(), 5, 1)]);
}
