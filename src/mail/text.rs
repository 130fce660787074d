//! Plain text as it is read: lines of format=flowed joined, web addresses found.

/// RFC 3676 §4.1: does the space that marks a joined line belong to the text?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TrailingSpace {
    /// `delsp=no`, the space between two words.
    Kept,
    /// `delsp=yes`, for languages without spaces.
    Deleted,
}

/// Joins the lines of a `format=flowed` text (RFC 3676 §4.2), keeping quote marks.
///
/// Depths are written as `>` repeated and one space; a line that only looks like a quote keeps
/// the space it was stuffed with.
pub fn unflow(text: &str, trailing_space: TrailingSpace) -> String {
    let mut out = String::with_capacity(text.len());
    let mut joining: Option<usize> = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let content = &line[depth..];
        let content = content.strip_prefix(' ').unwrap_or(content);
        // RFC 3676 §4.3: the signature line ends in a space and is not flowed.
        let signature = content == "-- ";
        if joining.is_some_and(|before| before != depth || signature) {
            out.push('\n');
            joining = None;
        }
        if joining.is_none() {
            out.extend(std::iter::repeat_n('>', depth));
            if depth > 0 && !content.is_empty() || content.starts_with('>') {
                out.push(' ');
            }
        }
        let flowed = content.ends_with(' ') && !signature;
        match trailing_space {
            TrailingSpace::Deleted if flowed => out.push_str(&content[..content.len() - 1]),
            TrailingSpace::Deleted | TrailingSpace::Kept => out.push_str(content),
        }
        if flowed {
            joining = Some(depth);
        } else {
            out.push('\n');
            joining = None;
        }
    }
    if joining.is_some() {
        out.push('\n');
    }
    out
}

/// A stretch of text for a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Segment<'a> {
    /// Words.
    Plain(&'a str),
    /// An address of the web that may be made a link; `http` or `https` only.
    Url(&'a str),
}

/// Finds web addresses, without the punctuation of the sentence around them. Losing nothing:
/// the segments one after the other are the text.
pub fn links(text: &str) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    let (mut plain_from, mut at) = (0, 0);
    while let Some(found) = text[at..].find("://") {
        let mark = at + found;
        at = mark + 3;
        let Some(start) = scheme_start(text, plain_from, mark) else { continue };
        let end = start + url_len(&text[start..], mark + 3 - start);
        if end <= mark + 3 {
            continue;
        }
        if start > plain_from {
            segments.push(Segment::Plain(&text[plain_from..start]));
        }
        segments.push(Segment::Url(&text[start..end]));
        (plain_from, at) = (end, end);
    }
    if plain_from < text.len() {
        segments.push(Segment::Plain(&text[plain_from..]));
    }
    segments
}

fn scheme_start(text: &str, from: usize, mark: usize) -> Option<usize> {
    let before = &text[from..mark];
    let scheme = ["https", "http"].into_iter().find(|scheme| {
        before
            .len()
            .checked_sub(scheme.len())
            .and_then(|n| before.get(n..))
            .is_some_and(|s| s.eq_ignore_ascii_case(scheme))
    })?;
    let start = mark - scheme.len();
    let preceding = text[..start].chars().next_back();
    preceding.is_none_or(|c| !c.is_alphanumeric()).then_some(start)
}

/// The length of the address at the start of `text`, of which `scheme` bytes are `https://`.
fn url_len(text: &str, scheme: usize) -> usize {
    let stops = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '<' | '>' | '"' | '«' | '»' | '“' | '”' | '`' | '|' | '…')
    };
    let mut end = text.find(stops).unwrap_or(text.len());
    let count = |bracket: char| text[scheme..end].matches(bracket).count();
    let mut surplus =
        [(')', count(')'), count('(')), (']', count(']'), count('[')), ('}', count('}'), count('{'))];
    while let Some(last) = text[scheme..end].chars().next_back() {
        let closing = surplus.iter_mut().find(|(bracket, ..)| *bracket == last);
        let cut = match closing {
            Some((_, closed, opened)) if *closed > *opened => {
                *closed -= 1;
                true
            }
            Some(_) => false,
            None => matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '’' | '*' | '_' | '\\'),
        };
        if !cut {
            break;
        }
        end -= last.len_utf8();
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flowed_lines_are_joined() {
        for (written, read) in [
            ("Bonjour à \ntoutes\nfin", "Bonjour à toutes\nfin\n"),
            ("> cité \n> encore\nmoi", "> cité encore\nmoi\n"),
            (">> deux \n> un", ">> deux \n> un\n"),
            ("texte \n-- \nMarie ", "texte \n-- \nMarie \n"),
            (" From ici\n > pas une citation", "From ici\n > pas une citation\n"),
            ("\n\n", "\n\n"),
            (">\n> x", ">\n> x\n"),
        ] {
            assert_eq!(unflow(written, TrailingSpace::Kept), read, "{written:?}");
        }
        assert_eq!(unflow("日本 \n語", TrailingSpace::Deleted), "日本語\n");
    }

    #[test]
    fn addresses_of_the_web_in_sentences() {
        for (text, urls) in [
            ("Voir https://exemple.example/page.", &["https://exemple.example/page"][..]),
            ("(http://a.example/b_(c))", &["http://a.example/b_(c)"]),
            ("[https://a.example/x]", &["https://a.example/x"]),
            ("« https://a.example/é » et", &["https://a.example/é"]),
            ("<https://a.example/?q=1&r=2>", &["https://a.example/?q=1&r=2"]),
            ("HTTPS://A.example, http://b.example!", &["HTTPS://A.example", "http://b.example"]),
            ("javascript://a.example ftp://b.example xhttp://c", &[]),
            ("http:// rien http://", &[]),
            ("https://a.example/http://b.example", &["https://a.example/http://b.example"]),
            ("l’adresse https://a.example/l’été", &["https://a.example/l’été"]),
            ("", &[]),
        ] {
            let found = links(text);
            let only: Vec<&str> = found
                .iter()
                .filter_map(|s| match s {
                    Segment::Url(url) => Some(*url),
                    Segment::Plain(_) => None,
                })
                .collect();
            assert_eq!(only, urls, "{text}");
            let whole: String = found
                .iter()
                .map(|s| match s {
                    Segment::Url(t) | Segment::Plain(t) => *t,
                })
                .collect();
            assert_eq!(whole, text);
        }
    }
}
